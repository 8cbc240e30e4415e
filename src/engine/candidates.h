/* The tokens that may still be chosen, and their logits: what a sampler's steps narrow down.
 *
 * Order is total everywhere: greater logit first, lower id on a tie; so the result never depends on how something was sorted. Only as much as a step looks at is sorted: the first
 * n_sorted items are the greatest, in order; the rest come after them in any order. */
#ifndef MOTE_ENGINE_CANDIDATES_H
#define MOTE_ENGINE_CANDIDATES_H

#include <mote/status.h>

#include <stdbool.h>
#include <stdint.h>

/* So few are found fastest with a heap of the best so far (measured on 262,144 random logits). */
enum { MOTE_CANDIDATES_FEW = 256 };

typedef struct mote_candidate {
    float logit; /* never NaN or +infinity; -infinity: impossible, but still counted */
    int32_t id;
} mote_candidate;

typedef struct mote_candidates {
    mote_candidate *items; /* [n_vocab], n in use */
    float *p;              /* [n_vocab] */
    size_t n, n_sorted;
    bool is_dense; /* items[i].id == i, all of the vocabulary */
    float (*softmax)(float *scores, size_t n);
} mote_candidates;

/* softmax: of the table of kernels. */
MOTE_MUST_CHECK mote_status mote_candidates_init(mote_candidates *c, size_t n_vocab, float (*softmax)(float *, size_t), mote_error *err);
void mote_candidates_deinit(mote_candidates *c);

/* All tokens of logits [n_vocab]; NaN becomes impossible, +infinity the greatest number. */
void mote_candidates_load(mote_candidates *c, const float *logits, size_t n_vocab);
/* _load and _keep_first in one, without touching the rest; 0 < k <= MOTE_CANDIDATES_FEW. */
void mote_candidates_load_first(mote_candidates *c, const float *logits, size_t n_vocab, size_t k);
/* After logits were changed by anything but a rising function. */
static inline void mote_candidates_disorder(mote_candidates *c) {
    c->n_sorted = 0;
}
/* Makes the first k (at most n) items the greatest, in order. */
void mote_candidates_sort_to(mote_candidates *c, size_t k);
void mote_candidates_keep_first(mote_candidates *c, size_t k); /* the k first in order */
/* Keeps those with at least this logit, in the order they have. Returns how many it would keep and does nothing if they are fewer than `least`. */
size_t mote_candidates_keep_above(mote_candidates *c, float logit, size_t least);
/* The greatest logit; -infinity if there is none. */
float mote_candidates_max(const mote_candidates *c);
/* p[i] = exp(logit - max) of items as they lie now, and the sum of all; 0 if all are impossible. */
double mote_candidates_weigh(mote_candidates *c, float max);
/* The same for one item. */
float mote_candidates_weight(float logit, float max);

#endif
