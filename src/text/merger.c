/* A 4-ary heap: four children share a cache line, which halves the misses of a binary heap on megabyte words. */
#include "text/merger.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdbool.h>

void mote_merger_deinit(mote_merger *m) {
    mote_mem_free(m->symbols);
    mote_mem_free(m->heap);
    mote_mem_free(m->waiting);
    mote_mem_free(m->buckets);
    mote_mem_free(m->order);
    mote_mem_free(m->active);
    mote_mem_free(m->sorted);
    *m = (mote_merger){0};
}

mote_status mote_merger_reserve(mote_merger *m, size_t len) {
    if (len <= m->symbols_capacity)
        return MOTE_OK;
    size_t capacity = len < 256 ? 256 : len;
    if (capacity < m->symbols_capacity * 2)
        capacity = m->symbols_capacity * 2;
    mote_mem_free(m->symbols);
    m->symbols_capacity = 0;
    m->symbols = mote_mem_alloc_array(capacity, sizeof *m->symbols);
    if (!m->symbols)
        return MOTE_ERR_ALLOC;
    m->symbols_capacity = capacity;
    return MOTE_OK;
}

static bool grow_heap(mote_merger *m, size_t least) {
    size_t capacity = m->heap_capacity ? m->heap_capacity * 2 : 256;
    capacity = capacity < least ? least : capacity;
    mote_merger_candidate *heap = mote_mem_resize_array(m->heap, capacity, sizeof *heap);
    if (!heap)
        return false;
    m->heap = heap;
    m->heap_capacity = capacity;
    return true;
}

/* One a pair of neighbours to begin with; each of the at most `len` joins takes one and adds two. */
mote_status mote_merger_reserve_candidates(mote_merger *m, size_t len) {
    return m->heap_capacity >= 2 * len || grow_heap(m, 2 * len) ? MOTE_OK : MOTE_ERR_ALLOC;
}

static void sift_up(mote_merger_candidate *heap, size_t i) {
    mote_merger_candidate c = heap[i];
    while (i > 0 && c.key < heap[(i - 1) / 4].key) {
        heap[i] = heap[(i - 1) / 4];
        i = (i - 1) / 4;
    }
    heap[i] = c;
}

static void sift_down(mote_merger_candidate *heap, size_t n, size_t i) {
    mote_merger_candidate c = heap[i];
    for (;;) {
        size_t first = 4 * i + 1, end = first + 4 < n ? first + 4 : n;
        if (first >= n)
            break;
        size_t least = first;
        for (size_t k = first + 1; k < end; k++)
            if (heap[k].key < heap[least].key)
                least = k;
        if (heap[least].key >= c.key)
            break;
        heap[i] = heap[least];
        i = least;
    }
    heap[i] = c;
}

mote_merger_candidate mote_merger_pop(mote_merger *m) {
    mote_merger_candidate c = m->heap[0];
    m->heap[0] = m->heap[--m->heap_len];
    if (m->heap_len)
        sift_down(m->heap, m->heap_len, 0);
    return c;
}

static mote_status append(mote_merger *m, mote_merger_candidate c) {
    if (m->heap_len == m->heap_capacity && !grow_heap(m, 0))
        return MOTE_ERR_ALLOC;
    m->heap[m->heap_len++] = c;
    return MOTE_OK;
}

mote_status mote_merger_push(mote_merger *m, mote_merger_candidate c) {
    mote_status status = append(m, c);
    if (status == MOTE_OK)
        sift_up(m->heap, m->heap_len - 1);
    return status;
}

int mote_merger_join(mote_merger *m, const mote_merger_candidate *c, size_t len) {
    size_t at = (uint32_t)c->key;
    mote_merger_symbol *left = &m->symbols[at];
    if (left->len == 0 || at + left->len >= len || left->len + m->symbols[at + left->len].len != c->len)
        return 0;
    m->symbols[at + left->len].len = 0;
    left->len = c->len;
    left->id = c->id;
    if (at + left->len < len)
        m->symbols[at + left->len].prev = (uint32_t)at;
    return 1;
}

/* Asks the rule about the symbol at `at` and the one behind it. */
static mote_status propose(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model, size_t at, bool in_order) {
    const mote_merger_symbol *left = &m->symbols[at];
    uint32_t priority;
    int32_t id;
    if (at + left->len >= len || !rule(model, text, left, left + left->len, at, &priority, &id))
        return MOTE_OK;
    mote_merger_candidate c = {(uint64_t)priority << 32 | at, left->len + left[left->len].len, id};
    return in_order ? mote_merger_push(m, c) : append(m, c);
}

mote_status mote_merger_run_heap(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model) {
    m->heap_len = 0;
    for (size_t i = 0; i < len; i += m->symbols[i].len)
        MOTE_TRY(propose(m, text, len, rule, model, i, false));
    if (m->heap_len > 1)
        for (size_t i = (m->heap_len - 2) / 4 + 1; i-- > 0;)
            sift_down(m->heap, m->heap_len, i);
    while (m->heap_len > 0) {
        mote_merger_candidate c = mote_merger_pop(m);
        if (!mote_merger_join(m, &c, len))
            continue;
        size_t at = (uint32_t)c.key;
        if (m->symbols[at].prev != UINT32_MAX)
            MOTE_TRY(propose(m, text, len, rule, model, m->symbols[at].prev, true));
        MOTE_TRY(propose(m, text, len, rule, model, at, true));
    }
    return MOTE_OK;
}

mote_status mote_merger_run(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model) {
    return len < MOTE_MERGER_LONG ? mote_merger_run_heap(m, text, len, rule, model) : mote_merger_run_buckets(m, text, len, rule, model);
}
