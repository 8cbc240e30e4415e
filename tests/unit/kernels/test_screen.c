/* A screen's product is never below the matrix's own: random weights, and activations made to point where the copy is worst. */
#include "kernels/screen.h"

#include "base/cpu.h"
#include "base/half.h"
#include "base/mem.h"
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ROWS = 48, MAX_K = 1056, MAX_SCREEN_K = MAX_K + 64, BLOCK_BYTES = 34 };

/* Q8_0 blocks; every number from -128 to 127. */
static void fill_row(uint8_t *row, size_t k, size_t r, mote_rng *rng) {
    for (size_t b = 0; b < k / MOTE_BLOCK; b++) {
        uint16_t d = mote_half_to_f16((float)mote_rng_uniform(rng) * (r % 3 == 0 ? -0.01f : 0.02f));
        uint8_t *block = row + b * BLOCK_BYTES;
        memcpy(block, &d, 2);
        for (size_t i = 0; i < MOTE_BLOCK; i++)
            block[2 + i] = (uint8_t)(r == 1 ? 8 * mote_rng_next(rng) : r == 2 ? 127 : mote_rng_next(rng));
    }
}

static void pack(mote_packed *w, size_t k, mote_rng *rng) {
    static uint8_t rows[ROWS][MAX_K / MOTE_BLOCK * BLOCK_BYTES];
    *w = (mote_packed){.type = MOTE_DTYPE_Q8_0, .n_rows = ROWS, .k = k, .panel_bytes = mote_pack_panel_bytes(MOTE_DTYPE_Q8_0, k)};
    w->data = mote_mem_alloc_aligned(ROWS / MOTE_PANEL_ROWS * w->panel_bytes);
    for (size_t r = 0; r < ROWS; r++)
        fill_row(rows[r], k, r, rng);
    for (size_t p = 0; p < ROWS / MOTE_PANEL_ROWS; p++)
        mote_pack_panel(w->type, rows[p * MOTE_PANEL_ROWS], sizeof rows[0], MOTE_PANEL_ROWS, k, (uint8_t *)w->data + p * w->panel_bytes);
}

static mote_packed screen_of(const mote_packed *w) {
    mote_packed s = {.type = MOTE_DTYPE_Q5_0, .n_rows = w->n_rows, .k = mote_screen_k(w->k)};
    s.panel_bytes = mote_pack_panel_bytes(s.type, s.k);
    s.data = mote_mem_alloc_aligned(ROWS / MOTE_PANEL_ROWS * s.panel_bytes);
    for (size_t p = 0; p < ROWS / MOTE_PANEL_ROWS; p++)
        assert_true(mote_screen_pack_panel(w, p, (uint8_t *)s.data + p * s.panel_bytes));
    return s;
}

/* Random activations, or, from aim 1 on, along what the copy of row aim - 1 misses. */
static void fill_acts(const mote_packed *w, const mote_packed *s, size_t aim, mote_rng *rng, float *x) {
    float own[MAX_K], copy[MAX_SCREEN_K];
    if (aim > 0) {
        mote_pack_get_row(w, aim - 1, own);
        mote_pack_get_row(s, aim - 1, copy);
    }
    for (size_t i = 0; i < w->k; i++)
        x[i] = aim > 0 ? 1000 * (own[i] - copy[i]) : (float)(mote_rng_uniform(rng) - 0.5) * (i % 97 == 0 ? 60.0f : 1.0f);
}

static double check_bound(const mote_kernels *kernels, const mote_packed *w, const mote_packed *s, const float *x) {
    static _Alignas(64) int8_t q[MAX_K], screen_q[MAX_SCREEN_K];
    float scale[MAX_K / 32], screen_scale[MAX_SCREEN_K / 32], y[ROWS], bound[ROWS];
    int32_t sum[MAX_K / 16], screen_sum[MAX_SCREEN_K / 16];
    double slack = 0;
    kernels->quantize_q8(x, w->k, q, scale, sum);
    mote_acts acts = {.kind = MOTE_ACT_Q8, .n_tokens = 1, .k = w->k, .q = q, .scale = scale, .sum = sum};
    assert_true(mote_screen_set_acts(&acts, screen_q, screen_scale, screen_sum));
    mote_acts screen_acts = {.kind = MOTE_ACT_Q8, .n_tokens = 1, .k = s->k, .q = screen_q, .scale = screen_scale, .sum = screen_sum};
    kernels->matmul(w, 0, ROWS / MOTE_PANEL_ROWS, &acts, y, ROWS);
    kernels->matmul(s, 0, ROWS / MOTE_PANEL_ROWS, &screen_acts, bound, ROWS);
    for (size_t r = 0; r < ROWS; r++) {
        assert_true(bound[r] + MOTE_SCREEN_TINY >= y[r]);
        slack += (double)bound[r] - (double)y[r];
    }
    return slack / ROWS;
}

static void bounds_hold(void **state) {
    const size_t lengths[] = {32, 640, 1056};
    mote_cpu_level best;
    (void)state;
    assert_int_equal(mote_cpu_choose(NULL, &best, NULL), MOTE_OK);
    const mote_cpu_level levels[] = {MOTE_CPU_C, best};
    for (size_t n = 0; n < 3; n++)
        for (int l = 0; l < 2; l++) {
            mote_rng rng;
            mote_kernels kernels;
            mote_packed w;
            float x[MAX_K];
            mote_rng_init(&rng, 5 + n);
            mote_kernels_init(&kernels, levels[l]);
            pack(&w, lengths[n], &rng);
            mote_packed s = screen_of(&w);
            for (size_t aim = 0; aim <= ROWS; aim++) {
                fill_acts(&w, &s, aim, &rng, x);
                check_bound(&kernels, &w, &s, x);
            }
            for (size_t i = 0; i < w.k; i++)
                x[i] = 0x1p-95f; /* products near the smallest numbers */
            check_bound(&kernels, &w, &s, x);
            mote_mem_free(w.data);
            mote_mem_free(s.data);
        }
}

/* Otherwise nothing would be spared: half of what the sum of all errors could come to, had they one sign. */
static void bounds_are_tight(void **state) {
    mote_rng rng;
    mote_kernels kernels;
    mote_packed w;
    float x[MAX_K], row[MAX_K];
    (void)state;
    mote_rng_init(&rng, 9);
    mote_kernels_init(&kernels, MOTE_CPU_C);
    pack(&w, 640, &rng);
    mote_packed s = screen_of(&w);
    fill_acts(&w, &s, 0, &rng, x);
    double slack = check_bound(&kernels, &w, &s, x), size = 0;
    for (size_t r = 0; r < ROWS; r++) {
        double weights = 0, acts = 0;
        mote_pack_get_row(&w, r, row);
        for (size_t i = 0; i < w.k; i++) {
            weights += (double)row[i] * row[i];
            acts += (double)x[i] * x[i];
        }
        size += sqrt(weights * acts) / ROWS;
    }
    assert_true(slack > 0 && slack < size / 20);
    mote_mem_free(w.data);
    mote_mem_free(s.data);
}

static void what_could_overflow_is_refused(void **state) {
    const float scales[] = {INFINITY, -INFINITY, NAN, 8192.0f, -20000.0f};
    (void)state;
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        uint8_t rows[MOTE_PANEL_ROWS][BLOCK_BYTES] = {{0}};
        uint16_t d = mote_half_to_f16(scales[i]);
        memcpy(rows[7], &d, 2);
        mote_packed w = {.type = MOTE_DTYPE_Q8_0, .n_rows = MOTE_PANEL_ROWS, .k = MOTE_BLOCK, .panel_bytes = mote_pack_panel_bytes(MOTE_DTYPE_Q8_0, MOTE_BLOCK)};
        w.data = mote_mem_alloc_aligned(w.panel_bytes);
        void *panel = mote_mem_alloc_aligned(mote_pack_panel_bytes(MOTE_DTYPE_Q5_0, mote_screen_k(MOTE_BLOCK)));
        mote_pack_panel(w.type, rows, BLOCK_BYTES, MOTE_PANEL_ROWS, MOTE_BLOCK, w.data);
        assert_false(mote_screen_pack_panel(&w, 0, panel));
        mote_mem_free(w.data);
        mote_mem_free(panel);
    }
    int8_t q[MOTE_BLOCK] = {1}, screen_q[2 * MOTE_BLOCK];
    float scale = 1e30f, screen_scale[2];
    int32_t sum[2] = {1, 0}, screen_sum[4];
    mote_acts x = {.kind = MOTE_ACT_Q8, .n_tokens = 1, .k = MOTE_BLOCK, .q = q, .scale = &scale, .sum = sum};
    assert_false(mote_screen_set_acts(&x, screen_q, screen_scale, screen_sum));
    scale = NAN;
    assert_false(mote_screen_set_acts(&x, screen_q, screen_scale, screen_sum));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(bounds_hold), cmocka_unit_test(bounds_are_tight), cmocka_unit_test(what_could_overflow_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
