/* Packing: a row read back is the dequantised source bit for bit, and a product with packed weights is the product with those numbers. */
#include "base/cpu.h"
#include "base/dtype.h"
#include "base/mem.h"
#include "base/rng.h"
#include "kernels/blocks.h"
#include "kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const mote_dtype TYPES[] = {MOTE_DTYPE_F32,  MOTE_DTYPE_F16,  MOTE_DTYPE_BF16, MOTE_DTYPE_Q4_0, MOTE_DTYPE_Q4_1, MOTE_DTYPE_Q5_0,   MOTE_DTYPE_Q5_1,  MOTE_DTYPE_Q8_0,
                                   MOTE_DTYPE_Q2_K, MOTE_DTYPE_Q3_K, MOTE_DTYPE_Q4_K, MOTE_DTYPE_Q5_K, MOTE_DTYPE_Q6_K, MOTE_DTYPE_IQ4_NL, MOTE_DTYPE_IQ4_XS};
enum { N_TYPES = sizeof TYPES / sizeof *TYPES, ROWS = 37, K = 768, TOKENS = 5 };

/* A matrix of random weights, its source blocks and its panels. */
typedef struct matrix {
    uint8_t *blocks;
    float *floats; /* dequantised [ROWS, k] */
    mote_packed packed;
} matrix;

static float normal(mote_rng *rng) {
    double u = mote_rng_uniform(rng) + 1e-12, v = mote_rng_uniform(rng);
    return (float)(sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
}

static void build(matrix *m, mote_dtype type, size_t k, mote_rng *rng) {
    size_t row_bytes = mote_dtype_row_bytes(type, k), n_panels = (ROWS + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS;
    m->blocks = mote_mem_alloc(ROWS * row_bytes);
    m->floats = mote_mem_alloc_array(ROWS * k, sizeof(float));
    m->packed = (mote_packed){.type = type, .n_rows = ROWS, .k = k, .panel_bytes = mote_pack_panel_bytes(type, k)};
    assert_true(m->packed.panel_bytes > 0);
    m->packed.data = mote_mem_alloc_aligned(n_panels * m->packed.panel_bytes);
    for (size_t r = 0; r < ROWS; r++) {
        float *row = m->floats + r * k;
        for (size_t i = 0; i < k; i++)
            row[i] = normal(rng) * (i % 50 == 0 ? 4.0f : 0.5f);
        assert_true(mote_blocks_quantize(type, row, m->blocks + r * row_bytes, k, NULL));
        assert_true(mote_blocks_dequantize(type, m->blocks + r * row_bytes, row, k));
    }
    for (size_t p = 0; p < n_panels; p++) {
        size_t first = p * MOTE_PANEL_ROWS, n = ROWS - first < MOTE_PANEL_ROWS ? ROWS - first : MOTE_PANEL_ROWS;
        mote_pack_panel(type, m->blocks + first * row_bytes, row_bytes, n, k, (uint8_t *)m->packed.data + p * m->packed.panel_bytes);
    }
}

static void destroy(matrix *m) {
    mote_mem_free(m->blocks);
    mote_mem_free(m->floats);
    mote_mem_free(m->packed.data);
}

static void rows_come_back(void **state) {
    (void)state;
    mote_rng rng;
    mote_rng_init(&rng, 3);
    for (int t = 0; t < N_TYPES; t++) {
        matrix m;
        build(&m, TYPES[t], K, &rng);
        float row[K];
        for (size_t r = 0; r < ROWS; r++) {
            mote_pack_get_row(&m.packed, r, row);
            for (size_t i = 0; i < K; i++)
                if (row[i] != m.floats[r * K + i])
                    fail_msg("%s: row %zu, column %zu: %g, not %g", mote_dtype_get((int)TYPES[t])->name, r, i, (double)row[i], (double)m.floats[r * K + i]);
        }
        destroy(&m);
    }
}

/* What the activations stand for once they are quantised. */
static void dequantize_acts(const mote_acts *x, size_t t, float *out) {
    for (size_t i = 0; i < x->k; i++)
        out[i] = x->kind == MOTE_ACT_F32 ? x->f[t * x->k + i] : (float)x->q[t * x->k + i] * x->scale[t * (x->k / MOTE_BLOCK) + i / MOTE_BLOCK];
}

static void check_product(const mote_kernels *kernels, mote_dtype type, size_t k, mote_rng *rng) {
    matrix m;
    build(&m, type, k, rng);
    size_t padded = (k + MOTE_BLOCK - 1) / MOTE_BLOCK * MOTE_BLOCK;
    float *f = mote_mem_alloc_aligned(TOKENS * padded * sizeof *f), *scale = mote_mem_alloc_aligned(TOKENS * padded * sizeof *scale);
    int8_t *q = mote_mem_alloc_aligned(TOKENS * padded);
    int32_t *sum = mote_mem_alloc_aligned(TOKENS * padded * sizeof *sum);
    memset(f, 0, TOKENS * padded * sizeof *f);
    for (size_t t = 0; t < TOKENS; t++) {
        for (size_t i = 0; i < k; i++)
            f[t * padded + i] = normal(rng);
        kernels->quantize_q8(f + t * padded, k, q + t * padded, scale + t * (padded / 32), sum + t * (padded / 16));
    }
    mote_acts x = {.kind = mote_pack_act_kind(type), .n_tokens = TOKENS, .k = padded, .f = f, .q = q, .scale = scale, .sum = sum};
    float y[TOKENS * ROWS], row[K];
    kernels->matmul(&m.packed, 0, (ROWS + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS, &x, y, ROWS);
    for (size_t t = 0; t < TOKENS; t++) {
        dequantize_acts(&x, t, row);
        for (size_t r = 0; r < ROWS; r++) {
            double want = 0, size = 0;
            for (size_t i = 0; i < k; i++) {
                want += (double)m.floats[r * k + i] * row[i];
                size += fabs((double)m.floats[r * k + i] * row[i]);
            }
            /* An offset type's terms are d * u and m, each up to twice the weight's own size; 64 roundings of float32 at most in a row of sums. */
            if (fabs(y[t * ROWS + r] - want) > 64 * 0x1p-24 * (size + 1) * 4)
                fail_msg("%s, k %zu: token %zu, row %zu: %g, not %g", mote_dtype_get((int)type)->name, k, t, r, (double)y[t * ROWS + r], want);
        }
    }
    mote_mem_free(f);
    mote_mem_free(scale);
    mote_mem_free(q);
    mote_mem_free(sum);
    destroy(&m);
}

static void products_are_those_of_the_numbers(void **state) {
    (void)state;
    mote_rng rng;
    mote_rng_init(&rng, 4);
    mote_cpu_level best;
    assert_int_equal(mote_cpu_choose(NULL, &best, NULL), MOTE_OK);
    const mote_cpu_level levels[] = {MOTE_CPU_C, best};
    for (int l = 0; l < 2; l++) {
        mote_kernels kernels;
        mote_kernels_init(&kernels, levels[l]);
        for (int t = 0; t < N_TYPES; t++)
            check_product(&kernels, TYPES[t], K, &rng);
        for (int t = 0; t < 3; t++)
            check_product(&kernels, TYPES[t], 100, &rng);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_come_back), cmocka_unit_test(products_are_those_of_the_numbers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
