/* Whole samplers: options, order, penalties, randomness. */
#include "base/rng.h"
#include "engine/sampler.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_VOCAB = 50 };

static mote_sampler *create(const mote_sampler_options *o) {
    mote_sampler *s;
    mote_error err = {0};
    if (mote_sampler_create_core(N_VOCAB, NULL, 128, o, &s, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return s;
}

static mote_sampler_options plain(void) { /* everything off: temperature 1, the whole vocabulary */
    mote_sampler_options o = mote_sampler_options_default();
    o.seed = 1;
    o.temperature = 1;
    o.top_k = 0;
    o.top_p = 1;
    o.min_p = 0;
    return o;
}

static void refused(const mote_sampler_options *o, const char *name) {
    mote_sampler *s = (mote_sampler *)(void *)o;
    mote_error err = {0};
    assert_int_equal(mote_sampler_create_core(N_VOCAB, NULL, 128, o, &s, &err), MOTE_ERR_ARGUMENT);
    assert_null(s);
    if (strncmp(err.message, name, strlen(name)) != 0)
        fail_msg("'%s' does not name %s", err.message, name);
}

#define REFUSE(field, value)                \
    do {                                    \
        mote_sampler_options bad = plain(); \
        bad.field = value;                  \
        refused(&bad, #field);              \
    } while (0)

static void test_options(void **state) {
    (void)state;
    REFUSE(temperature, NAN);
    REFUSE(temperature, INFINITY);
    REFUSE(top_p, -0.1f);
    REFUSE(top_p, 1.5f);
    REFUSE(top_p, NAN);
    REFUSE(min_p, -1);
    REFUSE(min_p, NAN);
    REFUSE(typical_p, 1.01f);
    REFUSE(top_n_sigma, NAN);
    REFUSE(xtc_probability, 2);
    REFUSE(xtc_threshold, -1);
    REFUSE(dynatemp_range, -0.5f);
    REFUSE(dynatemp_exponent, NAN);
    REFUSE(repeat_last_n, -2);
    REFUSE(repeat_penalty, 0);
    REFUSE(repeat_penalty, NAN);
    REFUSE(frequency_penalty, INFINITY);
    REFUSE(presence_penalty, NAN);
    REFUSE(dry_multiplier, -1);
    REFUSE(dry_base, NAN);
    REFUSE(dry_allowed_length, -1);
    REFUSE(dry_penalty_last_n, -7);
    REFUSE(mirostat, 3);
    REFUSE(mirostat_tau, -1);
    REFUSE(mirostat_eta, NAN);
    REFUSE(min_keep, -1);
    REFUSE(n_context, -1);
    REFUSE(size, 0);
    REFUSE(order, "top_k;top_q");
    REFUSE(order, "top_k;;top_p");
    mote_logit_bias bias = {N_VOCAB, 1};
    mote_sampler_options o = plain();
    o.logit_bias = &bias;
    o.n_logit_bias = 1;
    refused(&o, "logit_bias: token 50");
    bias = (mote_logit_bias){-1, 1};
    refused(&o, "logit_bias: token -1");
    bias = (mote_logit_bias){0, NAN};
    refused(&o, "logit_bias");
}

static void test_order(void **state) {
    (void)state;
    mote_sampler_step steps[MOTE_SAMPLER_MAX_STEPS];
    size_t n;
    assert_int_equal(mote_sampler_options_order(NULL, steps, &n, NULL), MOTE_OK);
    assert_int_equal(n, 9);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(steps[i], i);
    assert_int_equal(mote_sampler_options_order("Temp;min-p;TOPK;nucleus;typ_p;typical;top-n-sigma;xtc;dry;penalties", steps, &n, NULL), MOTE_OK);
    static const mote_sampler_step expected[] = {MOTE_SAMPLER_STEP_TEMPERATURE, MOTE_SAMPLER_STEP_MIN_P,    MOTE_SAMPLER_STEP_TOP_K,       MOTE_SAMPLER_STEP_TOP_P,
                                                 MOTE_SAMPLER_STEP_TYP_P,       MOTE_SAMPLER_STEP_TYP_P,    MOTE_SAMPLER_STEP_TOP_N_SIGMA, MOTE_SAMPLER_STEP_XTC,
                                                 MOTE_SAMPLER_STEP_DRY,         MOTE_SAMPLER_STEP_PENALTIES};
    assert_int_equal(n, 10);
    assert_memory_equal(steps, expected, sizeof expected);
    assert_int_equal(mote_sampler_options_order("", steps, &n, NULL), MOTE_OK);
    assert_int_equal(n, 0);
    char many[3 * MOTE_SAMPLER_MAX_STEPS + 8] = "";
    for (int i = 0; i <= MOTE_SAMPLER_MAX_STEPS; i++)
        memcpy(many + 4 * (i % 20), "xtc;", 5);
    assert_int_equal(mote_sampler_options_order(many, steps, &n, NULL), MOTE_OK);
    char *far_too_many = malloc(4 * 100 + 1);
    for (int i = 0; i < 100; i++)
        memcpy(far_too_many + 4 * i, "xtc;", 5);
    assert_int_equal(mote_sampler_options_order(far_too_many, steps, &n, NULL), MOTE_ERR_ARGUMENT);
    free(far_too_many);
}

/* The order matters: a temperature before min_p lets more through. */
static void test_order_is_followed(void **state) {
    (void)state;
    float logits[N_VOCAB];
    mote_sampler_options o = plain();
    int n_other[2] = {0};
    for (int i = 0; i < N_VOCAB; i++)
        logits[i] = i == 7 ? 4 : 0;
    o.temperature = 4;
    o.min_p = 0.1f; /* e^-4 is below, e^-1 is not */
    static const char *const orders[] = {"min_p;temperature", "temperature;min_p"};
    for (int k = 0; k < 2; k++) {
        o.order = orders[k];
        mote_sampler *s = create(&o);
        for (int i = 0; i < 200; i++)
            n_other[k] += mote_sampler_sample(s, logits) != 7;
        mote_sampler_free(&s);
    }
    assert_int_equal(n_other[0], 0);
    assert_true(n_other[1] > 100);
}

static void test_greedy(void **state) {
    (void)state;
    float logits[N_VOCAB];
    mote_rng rng;
    mote_rng_init(&rng, 2);
    for (int round = 0; round < 300; round++) {
        mote_sampler_options o = mote_sampler_options_default();
        int best = 0;
        o.temperature = round % 2 ? 0 : -1;
        o.top_n_sigma = round % 3 ? -1 : 1;
        o.mirostat = round % 5 == 4 ? 2 : 0;
        o.repeat_penalty = round % 7 ? 1 : 1.0001f; /* not the short way */
        for (int i = 0; i < N_VOCAB; i++) {
            logits[i] = (float)(mote_rng_next(&rng) % 20);
            best = logits[i] > logits[best] ? i : best;
        }
        mote_sampler *s = create(&o);
        assert_int_equal(mote_sampler_sample(s, logits), best);
        mote_sampler_free(&s);
    }
}

static void test_penalties(void **state) {
    (void)state;
    mote_sampler_options o = plain();
    float logits[N_VOCAB] = {0};
    o.temperature = 0;
    o.repeat_last_n = 3;
    o.repeat_penalty = 2;
    logits[1] = 8;
    logits[2] = 5;
    mote_sampler *s = create(&o);
    assert_int_equal(mote_sampler_sample(s, logits), 1);
    mote_sampler_accept(s, 1); /* 8 / 2 = 4 */
    assert_int_equal(mote_sampler_sample(s, logits), 2);
    mote_sampler_accept(s, 9);
    mote_sampler_accept(s, 9);
    assert_int_equal(mote_sampler_sample(s, logits), 2);
    mote_sampler_accept(s, 9); /* 1 has left the window */
    assert_int_equal(mote_sampler_sample(s, logits), 1);
    mote_sampler_accept(s, 1);
    mote_sampler_reset(s);
    assert_int_equal(mote_sampler_sample(s, logits), 1);
    mote_sampler_accept(s, -1);
    mote_sampler_accept(s, N_VOCAB); /* not tokens */
    assert_int_equal(mote_sampler_sample(s, logits), 1);
    mote_sampler_free(&s);

    for (int i = 0; i < N_VOCAB; i++)
        logits[i] = -9;
    logits[1] = -1; /* negative: multiplied, -2 */
    logits[2] = -1.5f;
    s = create(&o);
    mote_sampler_accept(s, 1);
    assert_int_equal(mote_sampler_sample(s, logits), 2);
    mote_sampler_free(&s);

    o.repeat_penalty = 1;
    o.frequency_penalty = 0.3f; /* two times 0.3 and once 0.2: 0.8 off */
    o.presence_penalty = 0.2f;
    logits[1] = 1;
    logits[2] = 0.25f;
    s = create(&o);
    mote_sampler_accept(s, 1);
    assert_int_equal(mote_sampler_sample(s, logits), 1);
    mote_sampler_accept(s, 1);
    assert_int_equal(mote_sampler_sample(s, logits), 2);
    mote_sampler_free(&s);
}

/* Counts kept while tokens come and go equal a count of the window. */
static void test_penalty_window(void **state) {
    (void)state;
    mote_sampler_options o = plain();
    int32_t history[500];
    mote_rng rng;
    mote_rng_init(&rng, 8);
    o.repeat_last_n = 13;
    o.dry_multiplier = 1; /* a second, longer window on the same history */
    o.presence_penalty = 1;
    mote_sampler *s = create(&o);
    assert_int_equal(s->history.capacity, 128);
    for (int i = 0; i < 500; i++) {
        uint32_t count[N_VOCAB] = {0};
        size_t n_present = 0;
        history[i] = (int32_t)(mote_rng_next(&rng) % 9);
        mote_sampler_accept(s, history[i]);
        for (int k = i < 12 ? 0 : i - 12; k <= i; k++)
            n_present += count[history[k]]++ == 0;
        assert_memory_equal(s->penalties.count, count, sizeof count);
        assert_int_equal(s->penalties.n_present, n_present);
        for (size_t k = 0; k < n_present; k++)
            assert_true(count[s->penalties.present[k]] > 0 && s->penalties.place[s->penalties.present[k]] == k);
    }
    mote_sampler_free(&s);
}

static void test_logit_bias(void **state) {
    (void)state;
    float logits[N_VOCAB] = {0};
    mote_logit_bias bias[] = {{4, -INFINITY}, {6, 1.5f}, {8, INFINITY}};
    mote_sampler_options o = plain();
    o.temperature = 0;
    o.logit_bias = bias;
    o.n_logit_bias = 2;
    logits[4] = 3;
    logits[5] = 1;
    mote_sampler *s = create(&o);
    bias[1].bias = 0; /* borrowed for the call only */
    assert_int_equal(mote_sampler_sample(s, logits), 6);
    mote_sampler_free(&s);
    o.n_logit_bias = 3;
    o.temperature = 1;
    s = create(&o);
    for (int i = 0; i < 50; i++)
        assert_int_equal(mote_sampler_sample(s, logits), 8);
    mote_sampler_free(&s);
}

static void test_seed(void **state) {
    (void)state;
    float logits[N_VOCAB];
    int32_t first[100];
    mote_sampler_options o = plain();
    for (int i = 0; i < N_VOCAB; i++)
        logits[i] = (float)(i % 7);
    o.xtc_probability = 0.5f;
    mote_sampler *a = create(&o), *b = create(&o);
    o.seed = 2;
    mote_sampler *other = create(&o);
    int n_different = 0;
    for (int i = 0; i < 100; i++) {
        first[i] = mote_sampler_sample(a, logits);
        assert_int_equal(mote_sampler_sample(b, logits), first[i]);
        n_different += mote_sampler_sample(other, logits) != first[i];
    }
    assert_true(n_different > 50);
    mote_sampler_reset(a);
    for (int i = 0; i < 100; i++)
        assert_int_equal(mote_sampler_sample(a, logits), first[i]);
    assert_true(mote_sampler_seed(other) == 2);
    mote_sampler_free(&a);
    mote_sampler_free(&b);
    mote_sampler_free(&other);
    o.seed = MOTE_SAMPLER_SEED_RANDOM;
    a = create(&o);
    b = create(&o);
    assert_true(mote_sampler_seed(a) != mote_sampler_seed(b) && mote_sampler_seed(a) != MOTE_SAMPLER_SEED_RANDOM);
    mote_sampler_free(&a);
    mote_sampler_free(&b);
}

/* Chi-square of draws against the softmax of what the filters leave. */
static double chi_square(const mote_sampler_options *o, const float *logits, const double *p, int n_draws) {
    int count[N_VOCAB] = {0};
    double sum = 0;
    mote_sampler *s = create(o);
    for (int i = 0; i < n_draws; i++)
        count[mote_sampler_sample(s, logits)]++;
    mote_sampler_free(&s);
    for (int i = 0; i < N_VOCAB; i++) {
        if (p[i] == 0)
            assert_int_equal(count[i], 0);
        else
            sum += (count[i] - n_draws * p[i]) * (count[i] - n_draws * p[i]) / (n_draws * p[i]);
    }
    return sum;
}

static void test_distribution(void **state) {
    (void)state;
    float logits[N_VOCAB];
    double p[N_VOCAB], total = 0;
    mote_sampler_options o = plain();
    for (int i = 0; i < N_VOCAB; i++)
        logits[i] = i == 20 ? -INFINITY : sinf((float)i);
    o.temperature = 0.7f;
    for (int i = 0; i < N_VOCAB; i++)
        total += p[i] = exp(logits[i] / 0.7);
    for (int i = 0; i < N_VOCAB; i++)
        p[i] /= total;
    assert_true(chi_square(&o, logits, p, 100000) < 95); /* 48 degrees of freedom: exceeded once in 10,000 seeds */
    o.top_k = 5;
    total = 0;
    for (int i = 0; i < N_VOCAB; i++) {
        int n_greater = 0;
        for (int k = 0; k < N_VOCAB; k++)
            n_greater += logits[k] > logits[i];
        p[i] = n_greater < 5 ? exp(logits[i] / 0.7) : 0;
        total += p[i];
    }
    for (int i = 0; i < N_VOCAB; i++)
        p[i] /= total;
    assert_true(chi_square(&o, logits, p, 100000) < 24); /* 4 degrees */
}

/* Mirostat holds the mean surprise of what it draws at its target. */
static void test_mirostat_target(void **state) {
    (void)state;
    enum { BIG = 2000, DRAWS = 4000 };
    static float logits[BIG];
    for (int i = 0; i < BIG; i++)
        logits[i] = (float)(-1.1 * log(i + 1.0));
    for (int version = 1; version <= 2; version++) {
        mote_sampler_options o = plain();
        mote_sampler *s;
        double mean_mu = 0;
        o.mirostat = version;
        o.mirostat_tau = 3;
        assert_int_equal(mote_sampler_create_core(BIG, NULL, 128, &o, &s, NULL), MOTE_OK);
        float before = s->mirostat_mu, drift = 0;
        assert_true(before == 6);
        for (int i = 0; i < DRAWS; i++) {
            before = s->mirostat_mu;
            mote_sampler_sample(s, logits);
            drift += (before - s->mirostat_mu) / 0.1f; /* surprise - target */
            mean_mu += s->mirostat_mu;
        }
        assert_true(fabsf(drift / DRAWS) < 0.05f);
        assert_true(mean_mu / DRAWS > 2 && mean_mu / DRAWS < 9);
        mote_sampler_free(&s);
    }
}

/* Logits that are no numbers: always a token, the same each time. */
static void test_hostile_logits(void **state) {
    (void)state;
    static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 0, 1e-45f};
    float logits[N_VOCAB];
    mote_rng rng;
    mote_rng_init(&rng, 77);
    for (int round = 0; round < 300; round++) {
        mote_sampler_options o = mote_sampler_options_default();
        o.seed = 3;
        o.mirostat = round % 3;
        o.typical_p = round % 2 ? 0.7f : 1;
        o.xtc_probability = round % 2 ? 1 : 0;
        o.dynatemp_range = round % 4 == 0 ? 0.5f : 0;
        o.top_n_sigma = round % 5 == 0 ? 1 : -1;
        o.repeat_penalty = 1.3f;
        o.dry_multiplier = 1e30f;
        for (int i = 0; i < N_VOCAB; i++)
            logits[i] = odd[round < 7 ? (uint32_t)round : mote_rng_next(&rng) % 7];
        mote_sampler *a = create(&o), *b = create(&o);
        for (int i = 0; i < 10; i++) {
            int32_t token = mote_sampler_sample(a, logits);
            assert_in_range(token, 0, N_VOCAB - 1);
            assert_int_equal(mote_sampler_sample(b, logits), token);
            mote_sampler_accept(a, token);
            mote_sampler_accept(b, token);
        }
        mote_sampler_free(&a);
        mote_sampler_free(&b);
    }
}

/* Options of an older, shorter struct: what it doesn't have takes its default. */
static void test_older_options(void **state) {
    (void)state;
    mote_sampler_options o = plain();
    o.size = offsetof(mote_sampler_options, min_keep);
    o.min_keep = -5;
    o.order = "nonsense";
    mote_sampler *s = create(&o);
    assert_int_equal(s->options.min_keep, 0);
    mote_sampler_free(&s);
    mote_sampler_free(&s); /* NULL inside */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options),      cmocka_unit_test(test_order),           cmocka_unit_test(test_order_is_followed), cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_penalties),    cmocka_unit_test(test_penalty_window),  cmocka_unit_test(test_logit_bias),        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_distribution), cmocka_unit_test(test_mirostat_target), cmocka_unit_test(test_hostile_logits),    cmocka_unit_test(test_older_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
