/* Vector operations: every instruction set against the C reference bit by bit, the reference against double precision. `test_vector --bench` times them. */
#include "kernels/exp.h"

#include <math.h>
#include <string.h>

#include "guarded.h"

#define EPS 0x1p-24 /* half the distance of floats at 1: the error of one operation */

static guarded_tables TABLES;
static mote_rng RNG;

/* y: in and out; a, b, c: inputs; all of n. */
typedef void run_fn(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n);

static void run_rms_norm(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)c;
    k->rms_norm(a, b, y, n, 1e-5f);
}
static void run_rms_norm_in_place(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)a;
    (void)c;
    k->rms_norm(y, b, y, n, 1e-6f);
}
static void run_layer_norm(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    k->layer_norm(a, b, c, y, n, 1e-12f);
}
static void run_add(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)b;
    (void)c;
    k->add(y, a, n);
}
static void run_scale(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)a;
    (void)b;
    (void)c;
    k->scale(y, 0.3f, n);
}
static void run_silu_mul(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)c;
    k->silu_mul(y, a, b, n);
}
static void run_gelu_mul(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)c;
    k->gelu_mul(y, a, b, n);
}
static void run_gelu_erf(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)b;
    (void)c;
    k->gelu_erf(y, a, n);
}
static void run_softcap(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)a;
    (void)b;
    (void)c;
    k->softcap(y, 30.0f, n);
}
static void run_rope_neox(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)b;
    (void)c;
    k->rope(y, a, n / 2 * 2, true);
}
static void run_rope_pairs(const mote_kernels *k, float *y, const float *a, const float *b, const float *c, size_t n) {
    (void)b;
    (void)c;
    k->rope(y, a, n / 2 * 2, false);
}

static const struct {
    const char *name;
    run_fn *run;
} OPS[] = {
    {"rms_norm", run_rms_norm},     {"rms_norm in place", run_rms_norm_in_place},
    {"layer_norm", run_layer_norm}, {"add", run_add},
    {"scale", run_scale},           {"silu_mul", run_silu_mul},
    {"gelu_mul", run_gelu_mul},     {"gelu_erf", run_gelu_erf},
    {"softcap", run_softcap},       {"rope neox", run_rope_neox},
    {"rope pairs", run_rope_pairs},
};
enum { N_OPS = sizeof OPS / sizeof *OPS };

static void check_op(int op, guarded_kind kind, size_t n) {
    float *start = guarded_input(&RNG, kind, n), *a = guarded_input(&RNG, kind, n), *b = guarded_input(&RNG, kind == KIND_NOT_FINITE ? KIND_USUAL : kind, n);
    float *c = guarded_input(&RNG, KIND_USUAL, n);
    guarded_floats expected = guarded_create(n);
    memcpy(expected.at, start, n * sizeof *start);
    OPS[op].run(&TABLES.tables[0], expected.at, a, b, c, n);
    for (int t = 1; t < TABLES.n; t++) {
        guarded_floats y = guarded_create(n);
        memcpy(y.at, start, n * sizeof *start);
        OPS[op].run(&TABLES.tables[t], y.at, a, b, c, n);
        for (size_t i = 0; i < n; i++)
            if (!guarded_is_same(expected.at[i], y.at[i]))
                fail_msg("%s, %s, kind %d, n %zu: [%zu] is %a, not %a", OPS[op].name, TABLES.names[t], kind, n, i, (double)y.at[i], (double)expected.at[i]);
        guarded_free(&y);
    }
    guarded_free(&expected);
    free(start);
    free(a);
    free(b);
    free(c);
}

static void every_level_gives_the_same_bits(void **state) {
    (void)state;
    for (int op = 0; op < N_OPS; op++)
        for (int kind = 0; kind < N_KINDS; kind++) {
            for (size_t n = 1; n <= 70; n++)
                check_op(op, (guarded_kind)kind, n);
            check_op(op, (guarded_kind)kind, 576);
            check_op(op, (guarded_kind)kind, 1151);
            check_op(op, (guarded_kind)kind, 4864);
        }
}

/* How far y is from the exact value, in units of the exact value's float spacing. */
static double ulps(float y, double exact) {
    int exponent;
    frexp(exact, &exponent);
    return fabs((double)y - exact) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

/* Calls visit with floats from `low` to `high` (same sign), every `step` representable one. */
static double worst(float low, float high, uint32_t step, double (*error)(float x)) {
    double most = 0;
    uint32_t a = mote_half_bits(low), b = mote_half_bits(high), from = a < b ? a : b, to = a < b ? b : a;
    for (uint64_t u = from; u <= to; u += step)
        most = fmax(most, error(mote_half_float((uint32_t)u)));
    return most;
}

static double error_exp(float x) {
    return ulps(mote_exp_nonpositive(x), exp((double)x));
}
static double error_sigmoid(float x) {
    return ulps(mote_exp_sigmoid(x), 1 / (1 + exp(-(double)x)));
}
static double error_tanh(float x) {
    return ulps(mote_exp_tanh(x), tanh((double)x));
}
static double error_normal(float x) {
    return ulps(mote_exp_normal(x), erfc(-(double)x * M_SQRT1_2) / 2);
}
/* Relative to what the rounded argument of the sigmoid (three operations) can do: it moves the value by up to its size times the error. */
static double error_gelu_tanh(float x) {
    double z = (double)x * (1.5957691216057307 + 0.07135481627260025 * x * x), exact = x / (1 + exp(-z));
    return ulps(mote_exp_gelu_tanh(x), exact) / (1 + fabs(z) * (z < 0));
}

static void functions_are_exact_to_a_few_ulp(void **state) {
    (void)state;
    enum { STEP = 1009 };
    double e = worst(-0.0f, -87.0f, STEP, error_exp), t = fmax(worst(0.0f, 50.0f, STEP, error_tanh), worst(-0.0f, -50.0f, STEP, error_tanh));
    double s = fmax(worst(0.0f, 87.0f, STEP, error_sigmoid), worst(-0.0f, -87.0f, STEP, error_sigmoid));
    double n = fmax(worst(0.0f, 13.0f, STEP, error_normal), worst(-0.0f, -13.0f, STEP, error_normal));
    double g = fmax(worst(0.0f, 80.0f, STEP, error_gelu_tanh), worst(-0.0f, -9.0f, STEP, error_gelu_tanh));
    print_message("largest errors in ulp: exp %.3f, sigmoid %.3f, tanh %.3f, normal %.3f, gelu_tanh %.3f\n", e, s, t, n, g);
    assert_true(e <= 1.0);
    assert_true(s <= 2.5);
    assert_true(t <= 2.5);
    assert_true(n <= 6.0);
    assert_true(g <= 4.0);
}

static void functions_end_well(void **state) {
    (void)state;
    assert_true(mote_exp_nonpositive(-INFINITY) == 0 && mote_exp_nonpositive(-3e38f) == 0 && mote_exp_nonpositive(-87.1f) == 0);
    assert_true(mote_exp_nonpositive(0.0f) == 1 && mote_exp_nonpositive(-0.0f) == 1);
    assert_true(isnan(mote_exp_nonpositive(NAN)) && isnan(mote_exp_tanh(NAN)) && isnan(mote_exp_sigmoid(NAN)) && isnan(mote_exp_normal(NAN)));
    assert_true(mote_exp_tanh(INFINITY) == 1 && mote_exp_tanh(-INFINITY) == -1 && mote_exp_tanh(-1e30f) == -1 && signbit(mote_exp_tanh(-0.0f)));
    assert_true(mote_exp_sigmoid(INFINITY) == 1 && mote_exp_sigmoid(-INFINITY) == 0 && mote_exp_sigmoid(0.0f) == 0.5f);
    assert_true(mote_exp_normal(INFINITY) == 1 && mote_exp_normal(-INFINITY) == 0 && fabsf(mote_exp_normal(0.0f) - 0.5f) <= 0x1p-24f);
    assert_true(mote_exp_gelu_tanh(INFINITY) == INFINITY && mote_exp_gelu_tanh(-1e20f) == 0 && mote_exp_gelu_tanh(1e20f) == 1e20f);
}

/* Sums of n/16 + 16 additions: relative error of a sum of squares at most that many eps; the root halves it. */
static void norms_are_near_double_precision(void **state) {
    (void)state;
    for (size_t n = 1; n < 5000; n = n * 3 + 1) {
        float *x = guarded_input(&RNG, KIND_USUAL, n), *w = guarded_input(&RNG, KIND_USUAL, n), *b = guarded_input(&RNG, KIND_USUAL, n), *y = malloc(n * sizeof *y);
        double square = 0, sum = 0, size = 0, variance = 0, steps = (double)n / 16 + 20;
        for (size_t i = 0; i < n; i++) {
            square += (double)x[i] * x[i];
            sum += x[i];
            size += fabs(x[i]);
        }
        double mean = sum / (double)n;
        for (size_t i = 0; i < n; i++)
            variance += (x[i] - mean) * (x[i] - mean);
        TABLES.tables[0].rms_norm(x, w, y, n, 1e-5f);
        for (size_t i = 0; i < n; i++) {
            double exact = x[i] / sqrt(square / (double)n + 1e-5f) * w[i];
            assert_true(fabs(y[i] - exact) <= (steps / 2 + 4) * EPS * fabs(exact));
        }
        TABLES.tables[0].layer_norm(x, w, b, y, n, 1e-3f);
        double r = 1 / sqrt(variance / (double)n + 1e-3f);
        for (size_t i = 0; i < n; i++) {
            double normal = (x[i] - mean) * r, of_mean = steps * EPS * size / (double)n * r;
            assert_true(fabs(y[i] - (normal * w[i] + b[i])) <= fabs(w[i]) * (2 * of_mean + (steps + 4) * EPS * fabs(normal)) + EPS * (fabs(normal * w[i]) + fabs(b[i])));
        }
        free(x);
        free(w);
        free(b);
        free(y);
    }
}

static void products_follow_their_formula(void **state) {
    (void)state;
    enum { N = 1000 };
    float *g = guarded_input(&RNG, KIND_USUAL, N), *u = guarded_input(&RNG, KIND_USUAL, N), y[N], capped[N];
    memcpy(capped, g, sizeof capped);
    const mote_kernels *k = &TABLES.tables[0];
    k->silu_mul(y, g, u, N);
    for (size_t i = 0; i < N; i++)
        assert_true(fabs(y[i] - (double)g[i] / (1 + exp(-(double)g[i])) * u[i]) <= 8 * EPS * fabs((double)y[i]));
    k->gelu_mul(y, g, u, N);
    for (size_t i = 0; i < N; i++) {
        double x = g[i], exact = x / 2 * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))) * u[i];
        assert_true(fabs(y[i] - exact) <= 64 * EPS * fabs(exact) + 1e-12);
    }
    k->gelu_erf(y, g, N);
    for (size_t i = 0; i < N; i++)
        assert_true(fabs(y[i] - (double)g[i] / 2 * erfc(-(double)g[i] * M_SQRT1_2)) <= 16 * EPS * fabs((double)y[i]));
    k->softcap(capped, 2.5f, N);
    for (size_t i = 0; i < N; i++)
        assert_true(fabs(capped[i] - 2.5 * tanh(g[i] / 2.5)) <= 8 * EPS * fabs((double)capped[i]));
    free(g);
    free(u);
}

static void rope_turns_the_right_pairs(void **state) {
    (void)state;
    enum { HALF = 19 };
    for (int neox = 0; neox < 2; neox++) {
        float *x = guarded_input(&RNG, KIND_USUAL, 2 * HALF), y[2 * HALF], cos_sin[2 * HALF];
        memcpy(y, x, sizeof y);
        for (int i = 0; i < HALF; i++) {
            cos_sin[i] = (float)cos(i * 0.7);
            cos_sin[HALF + i] = (float)sin(i * 0.7);
        }
        TABLES.tables[0].rope(y, cos_sin, 2 * HALF, neox);
        for (int i = 0; i < HALF; i++) {
            int a = neox ? i : 2 * i, b = neox ? i + HALF : 2 * i + 1;
            double c = cos(i * 0.7), s = sin(i * 0.7), bound = 4 * EPS * (fabs(x[a]) + fabs(x[b]));
            assert_true(fabs(y[a] - (x[a] * c - x[b] * s)) <= bound);
            assert_true(fabs(y[b] - (x[b] * c + x[a] * s)) <= bound);
        }
        free(x);
    }
}

typedef struct bench_job {
    int op;
    const mote_kernels *table;
    float *y, *a, *b, *c;
    size_t n;
} bench_job;

static void run_job(void *job) {
    const bench_job *j = job;
    memcpy(j->y, j->c, j->n * sizeof *j->y); /* or repeated work in place would leave the usual range */
    OPS[j->op].run(j->table, j->y, j->a, j->b, j->c, j->n);
}

static int bench(void) {
    bench_job job = {.n = 4096};
    printf("nanoseconds an element, n = %zu\n%-20s", job.n, "");
    for (int t = 0; t < TABLES.n; t++)
        printf("%10s", TABLES.names[t]);
    printf("\n");
    for (job.op = 0; job.op < N_OPS; job.op++) {
        printf("%-20s", OPS[job.op].name);
        for (int t = 0; t < TABLES.n; t++) {
            job.table = &TABLES.tables[t];
            job.y = guarded_input(&RNG, KIND_USUAL, job.n);
            job.a = guarded_input(&RNG, KIND_USUAL, job.n);
            job.b = guarded_input(&RNG, KIND_USUAL, job.n);
            job.c = guarded_input(&RNG, KIND_USUAL, job.n);
            printf("%10.3f", guarded_time(run_job, &job) * 1e9 / (double)job.n);
            free(job.y);
            free(job.a);
            free(job.b);
            free(job.c);
        }
        printf("\n");
    }
    return 0;
}

int main(int argc, char **argv) {
    TABLES = guarded_tables_here();
    RNG = guarded_rng();
    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same_bits), cmocka_unit_test(functions_are_exact_to_a_few_ulp), cmocka_unit_test(functions_end_well),
        cmocka_unit_test(norms_are_near_double_precision), cmocka_unit_test(products_follow_their_formula),    cmocka_unit_test(rope_turns_the_right_pairs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
