/* Partial order of a vocabulary's candidates. A few greatest of many are found with a heap of the best so far (one comparison for nearly every item); more of them with quickselect
 * (C. A. R. Hoare, "Find", 1961), which falls back on the heap where its pivots are bad, so that no logits make it quadratic. What is to be in order is then sorted likewise (D.
 * Musser, "Introspective Sorting", 1997). */
#include "engine/candidates.h"

#include "base/error.h"
#include "base/mem.h"
#include "kernels/exp.h"

#include <float.h>
#include <math.h>

/* Up to here the heap beats quickselect on 262,144 random logits. */
enum { HEAP_MAX = MOTE_CANDIDATES_FEW, WEIGH_LANES = 8 };

/* Half as many again as a quarter of a million items need when every pivot halves them, twice over: pivots worse than that are no accident. */
enum { MAX_ROUNDS = 54, INSERTION_MAX = 16 };

mote_status mote_candidates_init(mote_candidates *c, size_t n_vocab, float (*softmax)(float *, size_t), mote_error *err) {
    *c = (mote_candidates){.softmax = softmax};
    c->items = mote_mem_alloc_array(n_vocab, sizeof *c->items);
    c->p = mote_mem_alloc_array(n_vocab, sizeof *c->p);
    if (c->items && c->p)
        return MOTE_OK;
    mote_candidates_deinit(c);
    return mote_error_alloc(err, n_vocab * (sizeof *c->items + sizeof *c->p));
}

void mote_candidates_deinit(mote_candidates *c) {
    mote_mem_free(c->items);
    mote_mem_free(c->p);
    *c = (mote_candidates){0};
}

void mote_candidates_load(mote_candidates *c, const float *logits, size_t n_vocab) {
    for (size_t i = 0; i < n_vocab; i++) {
        float x = logits[i];
        x = x > FLT_MAX ? FLT_MAX : x;
        c->items[i] = (mote_candidate){x == x ? x : -INFINITY, (int32_t)i};
    }
    c->n = n_vocab;
    c->n_sorted = 0;
    c->is_dense = true;
}

static inline bool before(mote_candidate a, mote_candidate b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

static inline void swap(mote_candidate *a, mote_candidate *b) {
    mote_candidate t = *a;
    *a = *b;
    *b = t;
}

/* A heap whose top is the last in order. */
static void sift_down(mote_candidate *heap, size_t n, size_t i) {
    mote_candidate moved = heap[i];
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(heap[child], heap[child + 1]))
            child++;
        if (!before(moved, heap[child]))
            break;
        heap[i] = heap[child];
    }
    heap[i] = moved;
}

static void make_heap(mote_candidate *heap, size_t n) {
    for (size_t i = n / 2; i-- > 0;)
        sift_down(heap, n, i);
}

static void heap_sort(mote_candidate *items, size_t n) {
    make_heap(items, n);
    for (size_t end = n; end-- > 1;) {
        swap(&items[0], &items[end]);
        sift_down(items, end, 0);
    }
}

/* Brings the k first in order to the front, in any order. 0 < k < n. */
static void select_by_heap(mote_candidate *items, size_t n, size_t k) {
    make_heap(items, k);
    for (size_t i = k; i < n; i++) {
        if (items[i].logit >= items[0].logit && before(items[i], items[0])) {
            swap(&items[i], &items[0]);
            sift_down(items, k, 0);
        }
    }
}

/* Puts what comes before the pivot in front of it; returns the pivot's place. */
static size_t partition(mote_candidate *items, size_t n) {
    size_t middle = n / 2, last = n - 1, place = 0;
    if (before(items[middle], items[0]))
        swap(&items[middle], &items[0]);
    if (before(items[last], items[0]))
        swap(&items[last], &items[0]);
    if (before(items[middle], items[last]))
        swap(&items[middle], &items[last]); /* the median of the three is last */
    mote_candidate pivot = items[last];
    for (size_t i = 0; i < last; i++) {
        mote_candidate item = items[i], other = items[place];
        bool is_before = before(item, pivot);
        items[place] = is_before ? item : other;
        items[i] = is_before ? other : item;
        place += is_before;
    }
    swap(&items[place], &items[last]);
    return place;
}

static void insertion_sort(mote_candidate *items, size_t n) {
    for (size_t i = 1; i < n; i++) {
        mote_candidate moved = items[i];
        size_t at = i;
        for (; at > 0 && before(moved, items[at - 1]); at--)
            items[at] = items[at - 1];
        items[at] = moved;
    }
}

/* Quicksort that goes on with the longer part, so that the stack stays shallow, and gives up on bad pivots after `rounds`. */
static void sort(mote_candidate *items, size_t n, unsigned rounds) {
    while (n > INSERTION_MAX) {
        if (rounds-- == 0) {
            heap_sort(items, n);
            return;
        }
        size_t place = partition(items, n), after = n - place - 1;
        if (place < after) {
            sort(items, place, rounds);
            items += place + 1;
            n = after;
        } else {
            sort(items + place + 1, after, rounds);
            n = place;
        }
    }
    insertion_sort(items, n);
}

static void select_first(mote_candidate *items, size_t n, size_t k) {
    unsigned rounds = MAX_ROUNDS;
    while (k > 0 && k < n) {
        if (k <= HEAP_MAX || rounds-- == 0) {
            select_by_heap(items, n, k);
            return;
        }
        size_t place = partition(items, n);
        if (place >= k) {
            n = place;
        } else {
            items += place + 1;
            n -= place + 1;
            k -= place + 1;
        }
    }
}

void mote_candidates_sort_to(mote_candidates *c, size_t k) {
    k = k < c->n ? k : c->n;
    if (k <= c->n_sorted)
        return;
    mote_candidate *rest = c->items + c->n_sorted;
    select_first(rest, c->n - c->n_sorted, k - c->n_sorted);
    sort(rest, k - c->n_sorted, MAX_ROUNDS);
    c->n_sorted = k;
    c->is_dense = false;
}

void mote_candidates_load_first(mote_candidates *c, const float *logits, size_t n_vocab, size_t k) {
    k = k < n_vocab ? k : n_vocab;
    mote_candidates_load(c, logits, k);
    make_heap(c->items, k);
    for (size_t i = k; i < n_vocab; i++) {
        if (!(logits[i] > c->items[0].logit)) /* on a tie the lower id stays: it was there first */
            continue;
        c->items[0] = (mote_candidate){logits[i] > FLT_MAX ? FLT_MAX : logits[i], (int32_t)i};
        sift_down(c->items, k, 0);
    }
    sort(c->items, k, MAX_ROUNDS);
    c->n_sorted = k;
    c->is_dense = false;
}

void mote_candidates_keep_first(mote_candidates *c, size_t k) {
    if (k >= c->n)
        return;
    mote_candidates_sort_to(c, k);
    c->n = c->n_sorted = k;
}

size_t mote_candidates_keep_above(mote_candidates *c, float logit, size_t least) {
    size_t n = 0, n_sorted = 0;
    for (size_t i = 0; i < c->n; i++)
        n += c->items[i].logit >= logit;
    if (n < least || n == c->n)
        return n;
    n = 0;
    for (size_t i = 0; i < c->n; i++) {
        mote_candidate item = c->items[i];
        bool keeps = item.logit >= logit;
        c->items[n] = item;
        n += keeps;
        n_sorted += keeps && i < c->n_sorted;
    }
    c->n = n;
    c->n_sorted = n_sorted;
    c->is_dense = false;
    return n;
}

float mote_candidates_max(const mote_candidates *c) {
    float lane[WEIGH_LANES], max = -INFINITY;
    size_t i = 0;
    if (c->n_sorted > 0)
        return c->items[0].logit;
    for (int k = 0; k < WEIGH_LANES; k++)
        lane[k] = -INFINITY;
    for (; i + WEIGH_LANES <= c->n; i += WEIGH_LANES) {
        for (int k = 0; k < WEIGH_LANES; k++)
            lane[k] = c->items[i + k].logit > lane[k] ? c->items[i + k].logit : lane[k];
    }
    for (; i < c->n; i++)
        max = c->items[i].logit > max ? c->items[i].logit : max;
    for (int k = 0; k < WEIGH_LANES; k++)
        max = lane[k] > max ? lane[k] : max;
    return max;
}

double mote_candidates_weigh(mote_candidates *c, float max) {
    double lane[WEIGH_LANES] = {0}, sum = 0;
    size_t i = 0;
    if (max == -INFINITY)
        return 0;
    for (size_t k = 0; k < c->n; k++)
        c->p[k] = c->items[k].logit;
    c->softmax(c->p, c->n); /* exp(p - max); its own sum is in float */
    for (; i + WEIGH_LANES <= c->n; i += WEIGH_LANES) {
        for (int k = 0; k < WEIGH_LANES; k++)
            lane[k] += (double)c->p[i + k];
    }
    for (; i < c->n; i++)
        sum += (double)c->p[i];
    for (int k = 0; k < WEIGH_LANES; k++)
        sum += lane[k];
    return sum;
}

float mote_candidates_weight(float logit, float max) {
    return mote_exp_nonpositive(logit - max);
}
