/* For tests of samplers: candidates from random logits, and what is left of them as a sorted list. */
#ifndef MOTE_TESTS_SAMPLER_CASES_H
#define MOTE_TESTS_SAMPLER_CASES_H

#include "base/rng.h"
#include "engine/candidates.h"
#include "kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Greatest logit first, lower id on a tie: the order that everything here is defined by. */
static inline int sampler_cases_order(const void *a, const void *b) {
    const mote_candidate *x = a, *y = b;
    if (x->logit != y->logit)
        return x->logit > y->logit ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static inline float sampler_cases_normal(mote_rng *rng) {
    return (float)(sqrt(-2 * log(1 - mote_rng_uniform(rng))) * cos(6.283185307179586 * mote_rng_uniform(rng)));
}

/* Logits [n] of several kinds: normal, steep, with ties, with impossible ones. */
static inline void sampler_cases_logits(float *logits, size_t n, int kind, mote_rng *rng) {
    for (size_t i = 0; i < n; i++) {
        float x = sampler_cases_normal(rng);
        logits[i] = kind == 0 ? 3 * x : kind == 1 ? 0.1f * x : kind == 2 ? floorf(2 * x) : kind == 3 ? (mote_rng_next(rng) % 3 ? -INFINITY : 5 * x) : 8 * x - 20;
    }
    if (kind == 3)
        logits[n / 2] = 1;
}

static inline mote_candidates sampler_cases_load(const float *logits, size_t n) {
    mote_candidates c;
    mote_kernels kernels;
    mote_kernels_init(&kernels, MOTE_CPU_C);
    assert_int_equal(mote_candidates_init(&c, n, kernels.attn.softmax, NULL), MOTE_OK);
    mote_candidates_load(&c, logits, n);
    return c;
}

/* Naive probabilities of sorted items, in double. */
static inline void sampler_cases_softmax(const mote_candidate *items, size_t n, double *p) {
    double max = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        max = items[i].logit > max ? items[i].logit : max;
    for (size_t i = 0; i < n; i++)
        sum += p[i] = exp(items[i].logit - max);
    for (size_t i = 0; i < n; i++)
        p[i] /= sum;
}

/* The two lists hold the same tokens with the same logits. */
static inline void sampler_cases_same(const mote_candidates *c, mote_candidate *expected, size_t n_expected) {
    assert_int_equal(c->n, n_expected);
    qsort(c->items, c->n, sizeof *c->items, sampler_cases_order);
    qsort(expected, n_expected, sizeof *expected, sampler_cases_order);
    for (size_t i = 0; i < c->n; i++) {
        assert_int_equal(c->items[i].id, expected[i].id);
        assert_true(c->items[i].logit == expected[i].logit);
    }
}

#endif
