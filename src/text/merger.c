/* A 4-ary heap: four children share a cache line, which halves the misses of a binary heap on megabyte words. */
#include "text/merger.h"

#include "base/mem.h"

#include <stdbool.h>

void mote_merger_deinit(mote_merger *m) {
    mote_mem_free(m->symbols);
    mote_mem_free(m->heap);
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

static bool grow_heap(mote_merger *m) {
    size_t capacity = m->heap_capacity ? m->heap_capacity * 2 : 256;
    mote_merger_candidate *heap = mote_mem_resize_array(m->heap, capacity, sizeof *heap);
    if (!heap)
        return false;
    m->heap = heap;
    m->heap_capacity = capacity;
    return true;
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

/* Asks the rule about the symbol at `at` and the one behind it; appends without restoring the heap. */
static mote_status propose(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model, size_t at, bool *added) {
    const mote_merger_symbol *left = &m->symbols[at];
    *added = false;
    if (at + left->len >= len)
        return MOTE_OK;
    const mote_merger_symbol *right = &m->symbols[at + left->len];
    uint32_t priority;
    int32_t id;
    if (!rule(model, text, left, right, at, &priority, &id))
        return MOTE_OK;
    if (m->heap_len == m->heap_capacity && !grow_heap(m))
        return MOTE_ERR_ALLOC;
    m->heap[m->heap_len++] = (mote_merger_candidate){(uint64_t)priority << 32 | at, left->len + right->len, id};
    *added = true;
    return MOTE_OK;
}

mote_status mote_merger_run(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model) {
    mote_merger_symbol *s = m->symbols;
    bool added;
    mote_status status = MOTE_OK;
    m->heap_len = 0;
    for (size_t i = 0; i < len && status == MOTE_OK; i += s[i].len)
        status = propose(m, text, len, rule, model, i, &added);
    if (m->heap_len > 1)
        for (size_t i = (m->heap_len - 2) / 4 + 1; i-- > 0;)
            sift_down(m->heap, m->heap_len, i);
    while (status == MOTE_OK && m->heap_len > 0) {
        mote_merger_candidate c = m->heap[0];
        m->heap[0] = m->heap[--m->heap_len];
        if (m->heap_len)
            sift_down(m->heap, m->heap_len, 0);
        size_t at = (uint32_t)c.key;
        mote_merger_symbol *left = &s[at];
        if (left->len == 0 || at + left->len >= len || left->len + s[at + left->len].len != c.len)
            continue;
        s[at + left->len].len = 0;
        left->len = c.len;
        left->id = c.id;
        if (at + left->len < len)
            s[at + left->len].prev = (uint32_t)at;
        if (left->prev != UINT32_MAX) {
            status = propose(m, text, len, rule, model, left->prev, &added);
            if (added)
                sift_up(m->heap, m->heap_len - 1);
        }
        if (status == MOTE_OK)
            status = propose(m, text, len, rule, model, at, &added);
        if (status == MOTE_OK && added)
            sift_up(m->heap, m->heap_len - 1);
    }
    return status;
}
