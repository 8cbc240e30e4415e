/* Each filter against a direct one: everything sorted, everything in double. */
#include "engine/sampler_filters.h"
#include "engine/sampler_mirostat.h"
#include "sampler_cases.h"

enum { MAX_N = 2000, ROUNDS = 60 };

typedef struct reference {
    mote_candidate items[MAX_N];
    size_t n;
    double p[MAX_N];
} reference;

static void load_reference(reference *r, const float *logits, size_t n) {
    r->n = n;
    for (size_t i = 0; i < n; i++)
        r->items[i] = (mote_candidate){logits[i], (int32_t)i};
    qsort(r->items, n, sizeof *r->items, sampler_cases_order);
    sampler_cases_softmax(r->items, n, r->p);
}

typedef void (*filter_fn)(mote_candidates *c, float value, size_t min_keep);
typedef void (*reference_fn)(reference *r, double value, size_t min_keep);

/* On fresh candidates, and on those that another filter already put in order. */
static void compare(filter_fn filter, reference_fn direct, const float *values, size_t n_values) {
    static float logits[MAX_N];
    static reference r;
    static const size_t sizes[] = {1, 2, 7, 300, MAX_N}, keeps[] = {0, 1, 5, 400};
    mote_rng rng;
    mote_rng_init(&rng, 11);
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = sizes[round % 5];
        sampler_cases_logits(logits, n, round % 4, &rng);
        for (size_t v = 0; v < n_values; v++) {
            size_t min_keep = keeps[mote_rng_next(&rng) % 4];
            for (int sorted = 0; sorted < 2; sorted++) {
                mote_candidates c = sampler_cases_load(logits, n);
                mote_candidates_sort_to(&c, sorted ? n : 0);
                load_reference(&r, logits, n);
                filter(&c, values[v], min_keep);
                direct(&r, (double)values[v], min_keep);
                assert_true(c.n >= 1);
                sampler_cases_same(&c, r.items, r.n);
                mote_candidates_deinit(&c);
            }
        }
    }
}

static void filter_top_k(mote_candidates *c, float value, size_t min_keep) {
    (void)min_keep;
    mote_sampler_filters_top_k(c, (int32_t)value);
}
static void direct_top_k(reference *r, double value, size_t min_keep) {
    (void)min_keep;
    if (value > 0 && value < (double)r->n)
        r->n = (size_t)value;
}
static void test_top_k(void **state) {
    (void)state;
    compare(filter_top_k, direct_top_k, (const float[]){-1, 0, 1, 2, 40, 299, 300, 5000}, 8);
}

static void direct_top_p(reference *r, double value, size_t min_keep) {
    double sum = 0;
    if (value >= 1)
        return;
    for (size_t i = 0; i < r->n; i++) {
        sum += r->p[i];
        if (sum >= value && i + 1 >= min_keep) {
            r->n = i + 1;
            return;
        }
    }
}
static void test_top_p(void **state) {
    (void)state;
    compare(mote_sampler_filters_top_p, direct_top_p, (const float[]){0, 0.1f, 0.51f, 0.95f, 0.9999f, 1}, 6);
}

static void direct_min_p(reference *r, double value, size_t min_keep) {
    size_t n = 0;
    if (value <= 0)
        return;
    float least = (float)((double)r->items[0].logit + log(value));
    while (n < r->n && (r->items[n].logit >= least || n < min_keep))
        n++;
    r->n = n;
}
static void test_min_p(void **state) {
    (void)state;
    compare(mote_sampler_filters_min_p, direct_min_p, (const float[]){0, 0.01f, 0.05f, 0.5f, 1}, 5);
}

static void filter_typical(mote_candidates *c, float value, size_t min_keep) {
    static float saved[MAX_N];
    mote_sampler_filters_typical_p(c, value, min_keep, saved);
}
static void direct_typical(reference *r, double value, size_t min_keep) {
    static mote_candidate by_score[MAX_N];
    static double p_of[MAX_N];
    static float logit_of[MAX_N];
    double entropy = 0, sum = 0;
    if (value >= 1 || r->n <= 1)
        return;
    for (size_t i = 0; i < r->n; i++)
        entropy -= r->p[i] > 0 ? r->p[i] * log(r->p[i]) : 0;
    for (size_t i = 0; i < r->n; i++) {
        double information = -log(r->p[i]);
        by_score[i] = (mote_candidate){-(float)fabs(information - entropy), r->items[i].id};
        p_of[r->items[i].id] = r->p[i];
        logit_of[r->items[i].id] = r->items[i].logit;
    }
    qsort(by_score, r->n, sizeof *by_score, sampler_cases_order);
    size_t i = 0;
    for (; i < r->n; i++) {
        sum += p_of[by_score[i].id];
        if (sum > value && i + 1 >= min_keep)
            break;
    }
    r->n = i < r->n ? i + 1 : r->n;
    for (i = 0; i < r->n; i++)
        r->items[i] = (mote_candidate){logit_of[by_score[i].id], by_score[i].id};
}
/* Scores of nearly equal distance may swap between float and double: logits with few values, whose ties are exact, would only test rounding; so this one has its own inputs. */
static void test_typical(void **state) {
    (void)state;
    static float logits[MAX_N];
    static reference r;
    mote_rng rng;
    mote_rng_init(&rng, 12);
    for (int round = 0; round < ROUNDS; round++) {
        size_t n = round % 2 ? 50 : 700, min_keep = round % 3 ? 0 : 20;
        sampler_cases_logits(logits, n, round % 3 ? 0 : 3, &rng);
        for (float p = 0.1f; p <= 1; p += 0.2f) {
            mote_candidates c = sampler_cases_load(logits, n);
            load_reference(&r, logits, n);
            filter_typical(&c, p, min_keep);
            direct_typical(&r, (double)p, min_keep);
            sampler_cases_same(&c, r.items, r.n);
            mote_candidates_deinit(&c);
        }
    }
    /* by hand: p = 0.5 0.25 0.125 0.125, entropy 1.75 bits; distances 0.75 0.25 1.25 1.25 bits: the second is first, then the first */
    const float hand[] = {logf(0.5f), logf(0.25f), logf(0.125f), logf(0.125f)};
    mote_candidates c = sampler_cases_load(hand, 4);
    filter_typical(&c, 0.2f, 0);
    assert_true(c.n == 1 && c.items[0].id == 1);
    mote_candidates_load(&c, hand, 4);
    filter_typical(&c, 0.3f, 0);
    sampler_cases_same(&c, (mote_candidate[]){{hand[0], 0}, {hand[1], 1}}, 2);
    mote_candidates_deinit(&c);
}

static void filter_sigma(mote_candidates *c, float value, size_t min_keep) {
    (void)min_keep;
    mote_sampler_filters_top_n_sigma(c, value);
}
static void direct_sigma(reference *r, double value, size_t min_keep) {
    (void)min_keep;
    double sum = 0, squares = 0;
    size_t n = 0;
    if (value <= 0 || r->n <= 1)
        return;
    for (size_t i = 0; i < r->n && r->items[i].logit > -INFINITY; i++, n++)
        sum += (double)r->items[i].logit;
    for (size_t i = 0; i < n; i++)
        squares += pow((double)r->items[i].logit - sum / (double)n, 2);
    float least = (float)((double)r->items[0].logit - value * sqrt(squares / (double)n));
    for (size_t i = 0; i < r->n; i++)
        r->items[i].logit = r->items[i].logit < least ? -INFINITY : r->items[i].logit;
}
static void test_top_n_sigma(void **state) {
    (void)state;
    compare(filter_sigma, direct_sigma, (const float[]){-1, 0, 0.5f, 1, 2.5f}, 5);
}

static void test_xtc(void **state) {
    (void)state;
    /* p = 0.4 0.3 0.2 0.1 */
    const float logits[] = {logf(0.2f), logf(0.4f), logf(0.1f), logf(0.3f)};
    static const struct {
        float probability, threshold;
        size_t min_keep;
        size_t n_dropped;
    } cases[] = {{1, 0.15f, 0, 2}, {1, 0.25f, 0, 1}, {1, 0.35f, 0, 0}, {1, 0.05f, 0, 3}, {1, 0.05f, 2, 0}, {0, 0.1f, 0, 0}, {1, 0.51f, 0, 0}, {1, 0.15f, 2, 2}};
    static const int32_t order[] = {1, 3, 0, 2};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_rng rng;
        mote_rng_init(&rng, i);
        mote_candidates c = sampler_cases_load(logits, 4);
        mote_sampler_filters_xtc(&c, cases[i].probability, cases[i].threshold, cases[i].min_keep, &rng);
        assert_int_equal(c.n, 4 - cases[i].n_dropped);
        qsort(c.items, c.n, sizeof *c.items, sampler_cases_order);
        for (size_t k = 0; k < c.n; k++)
            assert_int_equal(c.items[k].id, order[cases[i].n_dropped + k]);
        mote_candidates_deinit(&c);
    }
    mote_rng rng;
    mote_rng_init(&rng, 5);
    int n_applied = 0;
    for (int i = 0; i < 4000; i++) {
        mote_candidates c = sampler_cases_load(logits, 4);
        mote_sampler_filters_xtc(&c, 0.3f, 0.15f, 0, &rng);
        n_applied += c.n == 2;
        mote_candidates_deinit(&c);
    }
    assert_in_range(n_applied, 1200 - 150, 1200 + 150); /* five standard deviations */
}

static void test_temperature(void **state) {
    (void)state;
    const float logits[] = {1, 4, 2, 4};
    mote_candidates c = sampler_cases_load(logits, 4);
    mote_sampler_filters_temperature(&c, 0.5f, 0, 1);
    for (int i = 0; i < 4; i++)
        assert_true(c.items[i].logit == logits[i] / 0.5f);
    static const float cold[] = {0, -1, 1e-40f};
    for (int i = 0; i < 3; i++) {
        mote_candidates_load(&c, logits, 4);
        mote_sampler_filters_temperature(&c, cold[i], 0, 1);
        assert_true(c.n == 1 && c.items[0].id == 1); /* the lower id of the two */
    }
    /* dynamic: the entropy of p = 0.5 0.25 0.125 0.125 is 1.75 of 2 bits; temperature 0.4 + (1.6 - 0.4) * 0.875^2 */
    const float p[] = {logf(0.5f), logf(0.25f), logf(0.125f), logf(0.125f)};
    mote_candidates_load(&c, p, 4);
    mote_sampler_filters_temperature(&c, 1, 0.6f, 2);
    for (int i = 0; i < 4; i++)
        assert_true(fabs(c.items[i].logit - p[i] / (0.4 + 1.2 * 0.875 * 0.875)) < 1e-6);
    mote_candidates_deinit(&c);
}

static void test_mirostat_2(void **state) {
    (void)state;
    const float p[] = {logf(0.5f), logf(0.25f), logf(0.125f), logf(0.125f)}; /* surprises 1 2 3 3 */
    static const struct {
        float mu;
        size_t n;
    } cases[] = {{0.5f, 1}, {1.5f, 1}, {2.5f, 2}, {3.5f, 4}};
    for (size_t i = 0; i < 4; i++) {
        mote_candidates c = sampler_cases_load(p, 4);
        mote_sampler_mirostat_narrow_2(&c, cases[i].mu);
        assert_int_equal(c.n, cases[i].n);
        assert_int_equal(c.items[0].id, 0);
        mote_candidates_deinit(&c);
    }
    assert_true(fabsf(mote_sampler_mirostat_learn(10, 5, 0.1f, 0.25, 2) - (10 - 0.1f * (3 - 5))) < 1e-6f);
}

static void test_mirostat_1(void **state) {
    (void)state;
    /* Zipf's law with exponent 1.5: the estimate is exact, so k follows from the formula */
    static float logits[MAX_N];
    for (int i = 0; i < MAX_N; i++)
        logits[i] = (float)(-1.5 * log(i + 1.0));
    for (double mu = 1; mu < 9; mu += 1) {
        mote_candidates c = sampler_cases_load(logits, MAX_N);
        mote_sampler_mirostat_narrow_1(&c, MAX_N, (float)mu);
        double k = pow(0.5 * exp2(mu) / (1 - pow(MAX_N, -0.5)), 1 / 1.5);
        assert_true(fabs((double)c.n - floor(k)) <= 1);
        mote_candidates_deinit(&c);
    }
    const float flat[] = {1, 1, 1}, one[] = {3, -INFINITY, -INFINITY};
    mote_candidates c = sampler_cases_load(flat, 3);
    mote_sampler_mirostat_narrow_1(&c, 3, 10);
    assert_int_equal(c.n, 3);
    mote_candidates_load(&c, one, 3);
    mote_sampler_mirostat_narrow_1(&c, 3, 10);
    assert_true(c.n >= 1);
    mote_candidates_deinit(&c);
}

/* Nothing is possible: every filter keeps at least one and breaks nothing. */
static void test_nothing_possible(void **state) {
    (void)state;
    const float logits[] = {-INFINITY, -INFINITY, -INFINITY};
    mote_rng rng;
    mote_rng_init(&rng, 1);
    mote_candidates c = sampler_cases_load(logits, 3);
    mote_sampler_filters_top_n_sigma(&c, 1);
    filter_typical(&c, 0.5f, 0);
    mote_sampler_filters_top_p(&c, 0.5f, 0);
    mote_sampler_filters_min_p(&c, 0.5f, 0);
    mote_sampler_filters_xtc(&c, 1, 0.1f, 0, &rng);
    mote_sampler_filters_temperature(&c, 0.7f, 0.2f, 1);
    mote_sampler_filters_temperature(&c, 0, 0, 1);
    mote_sampler_mirostat_narrow_1(&c, 3, 5);
    mote_sampler_mirostat_narrow_2(&c, 5);
    assert_true(c.n >= 1);
    mote_candidates_deinit(&c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_top_k),       cmocka_unit_test(test_top_p),
        cmocka_unit_test(test_min_p),       cmocka_unit_test(test_typical),
        cmocka_unit_test(test_top_n_sigma), cmocka_unit_test(test_xtc),
        cmocka_unit_test(test_temperature), cmocka_unit_test(test_mirostat_2),
        cmocka_unit_test(test_mirostat_1),  cmocka_unit_test(test_nothing_possible),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
