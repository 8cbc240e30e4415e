#include "harness.h"

#include "kernels/panel.h"

#include <string.h>

enum { PAD = 3 /* floats around each output row: unaligned, and canaries */ };
#define CANARY 12345.5f

typedef struct shape {
    size_t n_rows, k, n_tokens, first_panel, last_panel;
    bool is_extreme;
} shape;

/* Output [n_tokens][n_rows] within canaries. */
static float *make_output(const shape *s, size_t *n) {
    *n = s->n_tokens * (s->n_rows + PAD) + PAD;
    float *y = harness_alloc(*n * sizeof *y);
    for (size_t i = 0; i < *n; i++)
        y[i] = CANARY;
    return y;
}

static int check_shape(const mote_kernels *c, const mote_kernels *k, mote_dtype type, const shape *s, uint64_t seed) {
    uint64_t rng = seed;
    mote_packed w = harness_make_matrix(type, s->n_rows, s->k, &rng, s->is_extreme);
    mote_acts x = harness_make_acts(&w, s->n_tokens, &rng, s->is_extreme);
    size_t n, stride = s->n_rows + PAD, n_wrong = 0, where = 0;
    float *expected = make_output(s, &n), *y = make_output(s, &n);
    c->matmul(&w, s->first_panel, s->last_panel, &x, expected + PAD, stride);
    k->matmul(&w, s->first_panel, s->last_panel, &x, y + PAD, stride);
    for (size_t i = n; i-- > 0;)
        if (mote_half_bits(y[i]) != mote_half_bits(expected[i])) {
            n_wrong++;
            where = i;
        }
    if (n_wrong)
        printf("  %s matmul %s rows %zu k %zu tokens %zu panels %zu-%zu%s: %zu wrong, first at %zu: %a, not %a (seed %llu)\n", mote_cpu_level_name(k->level),
               mote_dtype_get((int)type)->name, s->n_rows, s->k, s->n_tokens, s->first_panel, s->last_panel, s->is_extreme ? " extreme" : "", n_wrong, where, (double)y[where],
               (double)expected[where], (unsigned long long)seed);
    mote_mem_free(expected);
    mote_mem_free(y);
    harness_free_acts(&x);
    harness_free_matrix(&w);
    return n_wrong > 0;
}

static int check_type(const mote_kernels *c, const mote_kernels *k, mote_dtype type, uint64_t seed) {
    const mote_panel_layout *layout = mote_panel_get_layout(type);
    size_t unit = layout ? layout->record_len : 1;
    int n_failed = 0;
    uint64_t rng = seed;
    for (size_t i = 0; i < 60; i++) {
        shape s = {.n_rows = 1 + harness_random(&rng) % 120, .n_tokens = 1 + harness_random(&rng) % 22, .is_extreme = i % 8 == 7};
        s.k = unit * (1 + harness_random(&rng) % (unit == 256 ? 6 : unit == 32 ? 45 : 700));
        if (i % 10 == 9) /* beyond what the kernels prepare at once */
            s.k = (4096 + harness_random(&rng) % 2048) / unit * unit;
        if (i % 3 == 0)
            s.n_tokens = 1 + harness_random(&rng) % 4;
        if (i == 5)
            s.n_tokens = 150;
        s.last_panel = (s.n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS;
        if (i % 4 == 3) {
            s.first_panel = harness_random(&rng) % s.last_panel;
            s.last_panel -= harness_random(&rng) % (s.last_panel - s.first_panel);
        }
        n_failed += check_shape(c, k, type, &s, harness_random(&rng));
    }
    return n_failed;
}

int check_matmul(const mote_kernels *c, const mote_kernels *k, const harness_options *options, uint64_t seed) {
    int n_failed = 0;
    for (size_t t = 0; t < HARNESS_N_TYPES; t++)
        if (!options->type || mote_dtype_from_name(options->type) == HARNESS_TYPES[t])
            n_failed += check_type(c, k, HARNESS_TYPES[t], seed + t);
    return n_failed;
}
