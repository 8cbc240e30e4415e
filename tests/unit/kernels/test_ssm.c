/* Recurrent mixers: every instruction set against the C reference bit by bit, any cut of the tokens against one pass, the reference against double precision.
 * `test_ssm --bench` times them. */
#include "kernels/exp.h"
#include "kernels/ssm.h"

#include <math.h>
#include <string.h>

#include "guarded.h"

#define EPS 0x1p-24 /* half the distance of floats at 1: the error of one operation */

static guarded_tables TABLES;
static mote_rng RNG;

static float *copy_of(const float *x, size_t n) {
    float *y = malloc(n * sizeof *y + !n);
    assert_non_null(y);
    memcpy(y, x, n * sizeof *y);
    return y;
}

static void assert_same(const float *expected, const float *x, size_t n, const char *what, int table) {
    for (size_t i = 0; i < n; i++)
        if (!guarded_is_same(expected[i], x[i]))
            fail_msg("%s, %s: [%zu] is %a, not %a", what, TABLES.names[table], i, (double)x[i], (double)expected[i]);
}

/* --- steps --- */

static void steps_give_the_same_bits(void **state) {
    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++)
        for (size_t n = 1; n < 70; n++) {
            float *dt = guarded_input(&RNG, (guarded_kind)kind, n), *bias = guarded_input(&RNG, KIND_USUAL, n), *a = guarded_input(&RNG, KIND_USUAL, n);
            float *first_dt = NULL, *first_decay = NULL;
            for (size_t i = 0; i < n; i++)
                a[i] = -fabsf(a[i]);
            for (int t = 0; t < TABLES.n; t++) {
                guarded_floats d = guarded_create(n), decay = guarded_create(n);
                memcpy(d.at, dt, n * sizeof *dt);
                TABLES.tables[t].ssm.steps(d.at, bias, a, decay.at, n);
                if (t == 0) {
                    first_dt = copy_of(d.at, n);
                    first_decay = copy_of(decay.at, n);
                }
                assert_same(first_dt, d.at, n, "steps", t);
                assert_same(first_decay, decay.at, n, "decay", t);
                guarded_free(&d);
                guarded_free(&decay);
            }
            free(dt);
            free(bias);
            free(a);
            free(first_dt);
            free(first_decay);
        }
}

static void softplus_is_exact_to_a_few_ulp(void **state) {
    (void)state;
    double most = 0;
    for (double x = -86; x < 100; x += 0.0137) {
        float f = (float)x;
        double exact = f > 30 ? f + exp(-(double)f) : log1p(exp((double)f));
        most = fmax(most, fabs((double)mote_exp_softplus(f) - exact) / exact);
    }
    print_message("largest error of softplus: %.3g eps\n", most / EPS);
    assert_true(most <= 6 * EPS);
    assert_true(mote_exp_softplus(-INFINITY) == 0 && mote_exp_softplus(INFINITY) == INFINITY && isnan(mote_exp_softplus(NAN)));
}

/* --- convolutions --- */

typedef struct conv_case {
    size_t n_taps, n_channels, n_tokens, stride; /* stride: of x */
    float *weight, *bias, *state, *x;            /* x: [n_tokens, stride] */
    bool is_gated;
} conv_case;

static conv_case conv_case_of(guarded_kind kind, bool is_gated, size_t n_taps, size_t n_channels, size_t n_tokens) {
    conv_case c = {.n_taps = n_taps, .n_channels = n_channels, .n_tokens = n_tokens, .stride = is_gated ? 3 * n_channels : n_channels + 5, .is_gated = is_gated};
    c.weight = guarded_input(&RNG, KIND_USUAL, n_taps * n_channels);
    c.bias = guarded_input(&RNG, KIND_USUAL, n_channels);
    c.state = guarded_input(&RNG, kind, (n_taps - 1) * n_channels);
    c.x = guarded_input(&RNG, kind, n_tokens * c.stride);
    return c;
}

static void conv_case_free(conv_case *c) {
    free(c->weight);
    free(c->bias);
    free(c->state);
    free(c->x);
}

/* In passes of `cut` tokens and ranges of `width` channels; x and state are moved on. */
static void run_conv(const conv_case *c, const mote_kernels *k, bool has_bias, size_t cut, size_t width, float *state, float *x) {
    const mote_ssm_conv conv = {.n_taps = c->n_taps, .n_channels = c->n_channels, .weight = c->weight, .bias = has_bias ? c->bias : NULL, .state = state};
    for (size_t t = 0; t < c->n_tokens; t += cut)
        for (size_t first = 0; first < c->n_channels; first += width) {
            size_t n = c->n_tokens - t < cut ? c->n_tokens - t : cut, last = c->n_channels - first < width ? c->n_channels : first + width;
            if (c->is_gated)
                k->ssm.conv_gated(&conv, first, last, x + t * c->stride, n);
            else
                k->ssm.conv_silu(&conv, first, last, x + t * c->stride, c->stride, n);
        }
}

static void check_conv(guarded_kind kind, bool is_gated, size_t n_taps, size_t n_channels, size_t n_tokens) {
    conv_case c = conv_case_of(kind, is_gated, n_taps, n_channels, n_tokens);
    size_t n_state = (n_taps - 1) * n_channels, n_x = n_tokens * c.stride;
    float *state = copy_of(c.state, n_state), *x = copy_of(c.x, n_x);
    bool has_bias = mote_rng_next(&RNG) % 2;
    run_conv(&c, &TABLES.tables[0], has_bias, n_tokens, n_channels, state, x);
    for (int t = 0; t < TABLES.n; t++) {
        static const size_t CUTS[] = {1, 2, 7, 1000};
        guarded_floats s = guarded_create(n_state), y = guarded_create(n_x);
        memcpy(s.at, c.state, n_state * sizeof *s.at);
        memcpy(y.at, c.x, n_x * sizeof *y.at);
        size_t pick = mote_rng_next(&RNG) % 4;
        run_conv(&c, &TABLES.tables[t], has_bias, CUTS[pick], pick % 2 ? n_channels : 16, s.at, y.at);
        assert_same(x, y.at, n_x, is_gated ? "gated convolution" : "convolution", t);
        assert_same(state, s.at, n_state, "state of a convolution", t);
        guarded_free(&s);
        guarded_free(&y);
    }
    free(state);
    free(x);
    conv_case_free(&c);
}

static void convolutions_give_the_same_bits_in_any_cut(void **state) {
    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++)
        for (size_t n_taps = 1; n_taps <= 5; n_taps++)
            for (size_t n = 1; n < 80; n += 1 + n / 4) {
                check_conv((guarded_kind)kind, true, n_taps, n, 1 + n % 13);
                check_conv((guarded_kind)kind, false, n_taps, n, 1 + n % 13);
            }
    check_conv(KIND_USUAL, true, MOTE_SSM_MAX_TAPS, 48, 40);
    check_conv(KIND_USUAL, false, MOTE_SSM_MAX_TAPS, 48, 40);
}

static void convolutions_follow_their_formula(void **state) {
    (void)state;
    enum { TAPS = 4, CHANNELS = 37, TOKENS = 11 };
    for (int is_gated = 0; is_gated < 2; is_gated++) {
        conv_case c = conv_case_of(KIND_USUAL, is_gated, TAPS, CHANNELS, TOKENS);
        float *moved = copy_of(c.state, (TAPS - 1) * CHANNELS), *y = copy_of(c.x, TOKENS * c.stride);
        run_conv(&c, &TABLES.tables[0], true, TOKENS, CHANNELS, moved, y);
        for (size_t t = 0; t < TOKENS; t++)
            for (size_t i = 0; i < CHANNELS; i++) {
                double sum = c.bias[i], size = fabs(sum);
                for (size_t j = 0; j < TAPS; j++) {
                    size_t at = t + j; /* TAPS - 1 later than the input's place */
                    const float *row = at < TAPS - 1 ? NULL : c.x + (at - (TAPS - 1)) * c.stride + i;
                    double in = !row ? c.state[at * CHANNELS + i] : is_gated ? (double)(row[0] * row[2 * CHANNELS]) : row[0];
                    sum += in * c.weight[j * CHANNELS + i];
                    size += fabs(in * c.weight[j * CHANNELS + i]);
                }
                double factor = is_gated ? c.x[t * c.stride + CHANNELS + i] : 1 / (1 + exp(-sum)), got = y[t * c.stride + i];
                double slope = is_gated ? fabs(factor) : 1.1; /* silu's steepest */
                assert_true(fabs(got - sum * factor) <= 6 * EPS * size * slope + 6 * EPS * fabs(sum * factor));
            }
        for (size_t j = 0; j < TAPS - 1; j++)
            for (size_t i = 0; i < CHANNELS; i++) {
                const float *row = c.x + (TOKENS - (TAPS - 1) + j) * c.stride + i;
                assert_true(moved[j * CHANNELS + i] == (is_gated ? row[0] * row[2 * CHANNELS] : row[0]));
            }
        free(moved);
        free(y);
        conv_case_free(&c);
    }
}

/* --- scans --- */

typedef struct scan_case {
    size_t head_dim, d_state, n_tokens, stride;
    float *state, *row, *dt, *decay; /* row: [n_tokens, stride] of x, B, C and a little more */
} scan_case;

static scan_case scan_case_of(guarded_kind kind, size_t head_dim, size_t d_state, size_t n_tokens) {
    scan_case c = {.head_dim = head_dim, .d_state = d_state, .n_tokens = n_tokens, .stride = head_dim + 2 * d_state + 3};
    c.state = guarded_input(&RNG, kind, head_dim * d_state);
    c.row = guarded_input(&RNG, kind, n_tokens * c.stride);
    c.dt = guarded_input(&RNG, KIND_USUAL, 2 * n_tokens);
    c.decay = guarded_input(&RNG, KIND_USUAL, 3 * n_tokens);
    for (size_t t = 0; t < n_tokens; t++) {
        c.dt[2 * t] = fabsf(c.dt[2 * t]);
        c.decay[3 * t] = fabsf(c.decay[3 * t]) / 4;
    }
    return c;
}

static void scan_case_free(scan_case *c) {
    free(c->state);
    free(c->row);
    free(c->dt);
    free(c->decay);
}

/* In passes of `cut` tokens: state moved on, y [n_tokens, stride] at the place of x. */
static void run_scan(const scan_case *c, const mote_kernels *k, size_t cut, float *state, float *row) {
    for (size_t t = 0; t < c->n_tokens; t += cut) {
        float *at = row + t * c->stride;
        k->ssm.scan(&(mote_ssm_scan){.n_tokens = c->n_tokens - t < cut ? c->n_tokens - t : cut,
                                     .head_dim = c->head_dim,
                                     .d_state = c->d_state,
                                     .state = state,
                                     .x = at,
                                     .b = at + c->head_dim,
                                     .c = at + c->head_dim + c->d_state,
                                     .x_stride = c->stride,
                                     .dt = c->dt + 2 * t,
                                     .decay = c->decay + 3 * t,
                                     .dt_stride = 2,
                                     .decay_stride = 3,
                                     .skip = 0.7f,
                                     .y = at,
                                     .y_stride = c->stride});
    }
}

static void check_scan(guarded_kind kind, size_t head_dim, size_t d_state, size_t n_tokens) {
    scan_case c = scan_case_of(kind, head_dim, d_state, n_tokens);
    size_t n_state = head_dim * d_state, n_row = n_tokens * c.stride;
    float *state = copy_of(c.state, n_state), *row = copy_of(c.row, n_row);
    run_scan(&c, &TABLES.tables[0], n_tokens, state, row);
    for (int t = 0; t < TABLES.n; t++) {
        static const size_t CUTS[] = {1, 3, 1000};
        guarded_floats s = guarded_create(n_state), y = guarded_create(n_row);
        memcpy(s.at, c.state, n_state * sizeof *s.at);
        memcpy(y.at, c.row, n_row * sizeof *y.at);
        run_scan(&c, &TABLES.tables[t], CUTS[mote_rng_next(&RNG) % 3], s.at, y.at);
        assert_same(row, y.at, n_row, "scan", t);
        assert_same(state, s.at, n_state, "state of a scan", t);
        guarded_free(&s);
        guarded_free(&y);
    }
    free(state);
    free(row);
    scan_case_free(&c);
}

static void scans_give_the_same_bits_in_any_cut(void **state) {
    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++)
        for (size_t head_dim = 1; head_dim < 90; head_dim += 1 + head_dim / 5)
            check_scan((guarded_kind)kind, head_dim, 1 + head_dim % 17, 1 + head_dim % 6);
    check_scan(KIND_USUAL, 64, 128, 9);
    check_scan(KIND_USUAL, 128, 128, 3);
}

static void scans_follow_their_formula(void **state) {
    (void)state;
    enum { HEAD = 21, STATE = 19, TOKENS = 8 };
    scan_case c = scan_case_of(KIND_USUAL, HEAD, STATE, TOKENS);
    float *moved = copy_of(c.state, HEAD * STATE), *y = copy_of(c.row, TOKENS * c.stride);
    run_scan(&c, &TABLES.tables[0], TOKENS, moved, y);
    double exact[STATE][HEAD], error[STATE][HEAD] = {{0}};
    for (size_t n = 0; n < STATE; n++)
        for (size_t p = 0; p < HEAD; p++)
            exact[n][p] = c.state[n * HEAD + p];
    for (size_t t = 0; t < TOKENS; t++) {
        const float *x = c.row + t * c.stride, *b = x + HEAD, *out = b + STATE;
        for (size_t p = 0; p < HEAD; p++) {
            double sum = 0.7f * x[p], bound = 4 * EPS * fabs(sum);
            for (size_t n = 0; n < STATE; n++) {
                double added = (double)c.dt[2 * t] * x[p] * b[n];
                exact[n][p] = exact[n][p] * c.decay[3 * t] + added;
                error[n][p] = error[n][p] * c.decay[3 * t] + 4 * EPS * (fabs(exact[n][p]) + fabs(added));
                sum += exact[n][p] * out[n];
                bound += fabs((double)out[n]) * (error[n][p] + (STATE + 2) * EPS * fabs(exact[n][p]));
            }
            assert_true(fabs(y[t * c.stride + p] - sum) <= bound);
        }
    }
    for (size_t n = 0; n < STATE; n++)
        for (size_t p = 0; p < HEAD; p++)
            assert_true(fabs(moved[n * HEAD + p] - exact[n][p]) <= error[n][p]);
    free(moved);
    free(y);
    scan_case_free(&c);
}

/* --- times --- */

typedef struct bench_job {
    const mote_kernels *k;
    scan_case scan;
    conv_case silu, gated;
} bench_job;

static void job_scan(void *job) {
    bench_job *j = job;
    float *row = j->scan.row; /* y elsewhere, so that x stays in its range */
    j->k->ssm.scan(&(mote_ssm_scan){.n_tokens = j->scan.n_tokens,
                                    .head_dim = j->scan.head_dim,
                                    .d_state = j->scan.d_state,
                                    .state = j->scan.state,
                                    .x = row,
                                    .b = row + j->scan.head_dim,
                                    .c = row + j->scan.head_dim + j->scan.d_state,
                                    .x_stride = j->scan.stride,
                                    .dt = j->scan.dt,
                                    .decay = j->scan.decay,
                                    .dt_stride = 2,
                                    .decay_stride = 3,
                                    .y = j->silu.x,
                                    .y_stride = j->scan.head_dim});
}
static void job_silu(void *job) {
    bench_job *j = job;
    run_conv(&j->silu, j->k, true, j->silu.n_tokens, j->silu.n_channels, j->silu.state, j->silu.x);
}
static void job_gated(void *job) {
    bench_job *j = job;
    run_conv(&j->gated, j->k, false, j->gated.n_tokens, j->gated.n_channels, j->gated.state, j->gated.x);
}

static int bench(void) {
    enum { TOKENS = 64, CHANNELS = 1024 };
    printf("nanoseconds a token: scan of a head of 64 channels and 128 states, convolutions of %d channels\n", CHANNELS);
    for (int t = 0; t < TABLES.n; t++) {
        bench_job job = {.k = &TABLES.tables[t], .scan = scan_case_of(KIND_USUAL, 64, 128, TOKENS)};
        job.silu = conv_case_of(KIND_USUAL, false, 4, CHANNELS, TOKENS);
        job.gated = conv_case_of(KIND_TINY, true, 3, CHANNELS, TOKENS);
        printf("%-8s scan %8.1f, silu %8.1f, gated %8.1f\n", TABLES.names[t], guarded_time(job_scan, &job) * 1e9 / TOKENS, guarded_time(job_silu, &job) * 1e9 / TOKENS,
               guarded_time(job_gated, &job) * 1e9 / TOKENS);
        scan_case_free(&job.scan);
        conv_case_free(&job.silu);
        conv_case_free(&job.gated);
    }
    return 0;
}

int main(int argc, char **argv) {
    TABLES = guarded_tables_here();
    RNG = guarded_rng();
    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_give_the_same_bits),          cmocka_unit_test(softplus_is_exact_to_a_few_ulp),      cmocka_unit_test(convolutions_give_the_same_bits_in_any_cut),
        cmocka_unit_test(convolutions_follow_their_formula), cmocka_unit_test(scans_give_the_same_bits_in_any_cut), cmocka_unit_test(scans_follow_their_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
