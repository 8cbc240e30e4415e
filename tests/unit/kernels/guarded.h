/* For tests of kernels: the tables of every instruction set that this machine has, buffers that notice a write or a read outside, comparison bit by bit, inputs of every kind. */
#ifndef MOTE_TESTS_GUARDED_H
#define MOTE_TESTS_GUARDED_H

#include "base/clock.h"
#include "base/cpu.h"
#include "base/half.h"
#include "base/rng.h"
#include "kernels/levels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { GUARD_FLOATS = 64, MAX_TABLES = 3 };
#define GUARD_BITS 0x7fc0dead

typedef struct guarded_tables {
    int n; /* [0] is the C reference */
    const char *names[MAX_TABLES];
    mote_kernels tables[MAX_TABLES];
} guarded_tables;

static inline void guarded_tables_add(guarded_tables *t, const char *name, void (*init)(mote_kernels *k)) {
    t->names[t->n] = name;
    init(&t->tables[t->n++]);
}

static inline guarded_tables guarded_tables_here(void) {
    guarded_tables t = {0};
    mote_cpu_level level = MOTE_CPU_C;
    assert_int_equal(mote_cpu_choose(NULL, &level, NULL), MOTE_OK);
    guarded_tables_add(&t, "c", mote_vector_init_c);
#if defined(__x86_64__)
    if (level >= MOTE_CPU_AVX2)
        guarded_tables_add(&t, "avx2", mote_vector_init_avx2);
    if (level >= MOTE_CPU_AVX512)
        guarded_tables_add(&t, "avx512", mote_vector_init_avx512);
#elif defined(__aarch64__)
    if (level >= MOTE_CPU_NEON)
        guarded_tables_add(&t, "neon", mote_vector_init_neon);
#endif
    return t;
}

/* MOTE_TEST_SEED or 1; printed, so that a failure can be repeated. */
static inline mote_rng guarded_rng(void) {
    const char *text = getenv("MOTE_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : 1;
    print_message("MOTE_TEST_SEED=%llu\n", (unsigned long long)seed);
    mote_rng rng;
    mote_rng_init(&rng, seed);
    return rng;
}

/* n floats with canaries on both sides, at an odd float of a cache line. */
typedef struct guarded_floats {
    float *all, *at;
    size_t n;
} guarded_floats;

static inline guarded_floats guarded_create(size_t n) {
    volatile size_t n_all = n + 2 * GUARD_FLOATS; /* else gcc 12 thinks of it as 0 and warns of what would follow */
    guarded_floats g = {.all = malloc(n_all * sizeof(float)), .n = n};
    assert_non_null(g.all);
    for (size_t i = 0; i < n_all; i++)
        g.all[i] = mote_half_float(GUARD_BITS);
    g.at = g.all + GUARD_FLOATS - 3;
    return g;
}

static inline void guarded_check(const guarded_floats *g) {
    for (size_t i = 0; i < g->n + 2 * GUARD_FLOATS; i++)
        if (g->all + i < g->at || g->all + i >= g->at + g->n)
            assert_int_equal(mote_half_bits(g->all[i]), GUARD_BITS);
}

static inline void guarded_free(guarded_floats *g) {
    guarded_check(g);
    free(g->all);
    *g = (guarded_floats){0};
}

/* Equal bits, or both NaN (whose payload an instruction set may choose). */
static inline bool guarded_is_same(float a, float b) {
    return mote_half_bits(a) == mote_half_bits(b) || (a != a && b != b);
}

typedef enum guarded_kind { KIND_USUAL, KIND_WIDE, KIND_TINY, KIND_ZEROS, KIND_LARGE, KIND_NOT_FINITE, N_KINDS } guarded_kind;

static inline float guarded_value(mote_rng *rng, guarded_kind kind) {
    float u = (float)(2 * mote_rng_uniform(rng) - 1);
    uint32_t pick = mote_rng_next(rng) % 8;
    switch (kind) {
    case KIND_WIDE:
        return u * 100;
    case KIND_TINY:
        return u * 0x1p-126f;
    case KIND_ZEROS:
        return pick < 3 ? 0.0f : pick < 6 ? -0.0f : u;
    case KIND_LARGE:
        return u * 3e38f;
    case KIND_NOT_FINITE:
        return pick == 0 ? INFINITY : pick == 1 ? -INFINITY : pick == 2 ? NAN : u;
    default:
        return u * 4;
    }
}

/* Exactly n floats of their own block, so that the address sanitizer sees a read past the end. */
static inline float *guarded_input(mote_rng *rng, guarded_kind kind, size_t n) {
    float *x = malloc(n * sizeof *x + !n);
    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = guarded_value(rng, kind);
    return x;
}

/* Seconds of a run: the best of several batches of about a millisecond, so that a busy machine disturbs little. */
static inline double guarded_time(void (*run)(void *job), void *job) {
    enum { BATCHES = 30, BATCH_MICROSECONDS = 1000 };
    double start = mote_clock_seconds(), best = 1e9;
    run(job);
    double once = mote_clock_seconds() - start;
    int runs = once > BATCH_MICROSECONDS * 1e-6 ? 1 : (int)(BATCH_MICROSECONDS * 1e-6 / (once + 1e-8)) + 1;
    for (int batch = 0; batch < BATCHES; batch++) {
        start = mote_clock_seconds();
        for (int i = 0; i < runs; i++)
            run(job);
        double seconds = (mote_clock_seconds() - start) / runs;
        best = seconds < best ? seconds : best;
    }
    return best;
}

#endif
