/* Merging in a long text. Candidates are gathered in buckets, one a priority, found by hash. The least priority's bucket becomes active: its candidates are
 * sorted by position and taken one by one. What turns up meanwhile with the active priority or a lesser one waits in the small heap and goes first when its
 * turn is earlier; all else joins its bucket. So candidates are taken in exactly the heap's order. */
#include "text/merger.h"

#include "base/error.h"
#include "base/mem.h"

#include <stdbool.h>
#include <string.h>

#define NONE UINT32_MAX

typedef struct work {
    mote_merger *m;
    const uint8_t *text;
    size_t len;
    mote_merger_rule rule;
    const void *model;
    uint64_t active_end; /* keys below wait in the heap */
} work;

/* Fibonacci hashing of a priority; n_slots is a power of two. */
static mote_merger_bucket *find_bucket(const mote_merger *m, uint32_t priority) {
    size_t i = (size_t)((uint64_t)priority * 0x9e3779b97f4a7c15u >> 32) & (m->n_slots - 1);
    while (m->buckets[i].used && m->buckets[i].priority != priority)
        i = (i + 1) & (m->n_slots - 1);
    return &m->buckets[i];
}

static mote_status grow_buckets(mote_merger *m) {
    mote_merger_bucket *old = m->buckets;
    size_t n_old = m->n_slots, n = n_old ? n_old * 2 : 1024;
    uint32_t *order = mote_mem_resize_array(m->order, n, sizeof *order);
    if (!order)
        return MOTE_ERR_ALLOC;
    m->order = order;
    mote_merger_bucket *buckets = mote_mem_zalloc_array(n, sizeof *buckets);
    if (!buckets)
        return MOTE_ERR_ALLOC;
    m->buckets = buckets;
    m->n_slots = n;
    for (size_t i = 0; i < n_old; i++)
        if (old[i].used)
            *find_bucket(m, old[i].priority) = old[i];
    mote_mem_free(old);
    return MOTE_OK;
}

static void order_push(mote_merger *m, uint32_t priority) {
    size_t i = m->order_len++;
    for (; i > 0 && m->order[(i - 1) / 2] > priority; i = (i - 1) / 2)
        m->order[i] = m->order[(i - 1) / 2];
    m->order[i] = priority;
}

static uint32_t order_pop(mote_merger *m) {
    uint32_t least = m->order[0], last = m->order[--m->order_len];
    size_t n = m->order_len, i = 0;
    for (size_t k = 1; k < n; k = 2 * i + 1) {
        k += k + 1 < n && m->order[k + 1] < m->order[k];
        if (m->order[k] >= last)
            break;
        m->order[i] = m->order[k];
        i = k;
    }
    if (n)
        m->order[i] = last;
    return least;
}

static mote_status take_waiting(mote_merger *m, uint32_t *index) {
    if (m->free_waiting != NONE) {
        *index = m->free_waiting;
        m->free_waiting = m->waiting[*index].next;
        return MOTE_OK;
    }
    if (m->waiting_len == m->waiting_capacity) {
        size_t capacity = m->waiting_capacity ? m->waiting_capacity * 2 : 1024;
        mote_merger_waiting *waiting = capacity < NONE ? mote_mem_resize_array(m->waiting, capacity, sizeof *waiting) : NULL;
        if (!waiting)
            return MOTE_ERR_ALLOC;
        m->waiting = waiting;
        m->waiting_capacity = capacity;
    }
    *index = (uint32_t)m->waiting_len++;
    return MOTE_OK;
}

static mote_status propose(work *w, size_t at) {
    mote_merger *m = w->m;
    const mote_merger_symbol *left = &m->symbols[at];
    uint32_t priority, index;
    int32_t id;
    if (at + left->len >= w->len || !w->rule(w->model, w->text, left, left + left->len, at, &priority, &id))
        return MOTE_OK;
    uint32_t len = left->len + left[left->len].len;
    if ((uint64_t)priority << 32 < w->active_end)
        return mote_merger_push(m, (mote_merger_candidate){(uint64_t)priority << 32 | at, len, id});
    if (m->n_buckets * 2 >= m->n_slots)
        MOTE_TRY(grow_buckets(m));
    MOTE_TRY(take_waiting(m, &index));
    mote_merger_bucket *b = find_bucket(m, priority);
    if (!b->used) {
        *b = (mote_merger_bucket){priority, NONE, 1};
        m->n_buckets++;
    }
    if (b->head == NONE)
        order_push(m, priority);
    m->waiting[index] = (mote_merger_waiting){(uint32_t)at, len, b->head, id};
    b->head = index;
    return MOTE_OK;
}

/* Merge sort from the bottom up; most buckets are in order already, as texts are walked from left to right. */
static void sort_active(mote_merger *m, size_t n) {
    bool ordered = true;
    for (size_t i = 1; i < n && ordered; i++)
        ordered = m->active[i - 1].key <= m->active[i].key;
    for (size_t run = 1; !ordered && run < n; run *= 2) {
        for (size_t from = 0; from < n; from += 2 * run) {
            size_t middle = from + run < n ? from + run : n, end = middle + run < n ? middle + run : n, a = from, b = middle, k = from;
            while (k < end)
                m->sorted[k++] = a < middle && (b >= end || m->active[a].key <= m->active[b].key) ? m->active[a++] : m->active[b++];
        }
        mote_merger_candidate *swap = m->active;
        m->active = m->sorted;
        m->sorted = swap;
    }
}

/* Moves the bucket of a priority into `active`, in order of position. */
static mote_status activate(mote_merger *m, uint32_t priority, size_t *n_active) {
    mote_merger_bucket *b = find_bucket(m, priority);
    size_t n = 0;
    uint32_t last = NONE;
    for (uint32_t i = b->head; i != NONE; i = m->waiting[i].next) {
        n++;
        last = i;
    }
    if (n > m->active_capacity) {
        size_t capacity = n < 1024 ? 1024 : n + n / 2;
        mote_merger_candidate *active = mote_mem_alloc_array(capacity, sizeof *active), *sorted = mote_mem_alloc_array(capacity, sizeof *sorted);
        mote_mem_free(m->active);
        mote_mem_free(m->sorted);
        m->active = active;
        m->sorted = sorted;
        m->active_capacity = active && sorted ? capacity : 0;
        if (!active || !sorted)
            return MOTE_ERR_ALLOC;
    }
    size_t k = n;
    for (uint32_t i = b->head; i != NONE; i = m->waiting[i].next)
        m->active[--k] = (mote_merger_candidate){(uint64_t)priority << 32 | m->waiting[i].at, m->waiting[i].len, m->waiting[i].id};
    m->waiting[last].next = m->free_waiting;
    m->free_waiting = b->head;
    b->head = NONE;
    sort_active(m, n);
    *n_active = n;
    return MOTE_OK;
}

mote_status mote_merger_run_buckets(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model) {
    work w = {m, text, len, rule, model, 0};
    m->heap_len = m->waiting_len = m->order_len = m->n_buckets = 0;
    m->free_waiting = NONE;
    if (m->n_slots)
        memset(m->buckets, 0, m->n_slots * sizeof *m->buckets);
    for (size_t i = 0; i < len; i += m->symbols[i].len)
        MOTE_TRY(propose(&w, i));
    while (m->order_len > 0) {
        uint32_t priority = order_pop(m);
        size_t n = 0, i = 0;
        MOTE_TRY(activate(m, priority, &n));
        w.active_end = ((uint64_t)priority + 1) << 32;
        while (i < n || m->heap_len > 0) {
            bool from_heap = m->heap_len > 0 && (i == n || m->heap[0].key < m->active[i].key);
            mote_merger_candidate c = from_heap ? mote_merger_pop(m) : m->active[i++];
            if (!mote_merger_join(m, &c, len))
                continue;
            size_t at = (uint32_t)c.key;
            if (m->symbols[at].prev != NONE)
                MOTE_TRY(propose(&w, m->symbols[at].prev));
            MOTE_TRY(propose(&w, at));
        }
    }
    return MOTE_OK;
}
