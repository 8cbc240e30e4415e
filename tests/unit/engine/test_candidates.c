#include "sampler_cases.h"

#include <float.h>

enum { MAX_N = 5000 };

static void test_sorted_front(void **state) {
    (void)state;
    static float logits[MAX_N];
    static const size_t sizes[] = {1, 2, 3, 17, 256, 257, 600, MAX_N}, fronts[] = {0, 1, 2, 40, 255, 256, 257, 300, 1000, MAX_N, MAX_N + 5};
    mote_rng rng;
    mote_rng_init(&rng, 1);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (int kind = 0; kind < 6; kind++) {
            size_t n = sizes[s];
            sampler_cases_logits(logits, n, kind, &rng);
            for (size_t i = 0; kind == 5 && i < n; i++)
                logits[i] = (float)i; /* ascending: the heap's worst case */
            mote_candidate *all = malloc(n * sizeof *all);
            for (size_t i = 0; i < n; i++)
                all[i] = (mote_candidate){logits[i], (int32_t)i};
            qsort(all, n, sizeof *all, sampler_cases_order);
            mote_candidates c = sampler_cases_load(logits, n);
            for (size_t f = 0; f < sizeof fronts / sizeof *fronts; f++) { /* growing, as top_p does */
                size_t front = fronts[f] < n ? fronts[f] : n;
                mote_candidates_sort_to(&c, fronts[f]);
                for (size_t i = 0; i < front; i++)
                    assert_int_equal(c.items[i].id, all[i].id);
            }
            mote_candidates_load(&c, logits, n);
            size_t kept = n > 300 ? 300 : n;
            mote_candidates_keep_first(&c, 300);
            assert_int_equal(c.n, kept);
            mote_candidates_sort_to(&c, kept); /* where all stay, none was sorted */
            for (size_t i = 0; i < kept; i++)
                assert_int_equal(c.items[i].id, all[i].id);
            for (size_t k = 1; k <= MOTE_CANDIDATES_FEW; k = 3 * k + 1) {
                mote_candidates_load_first(&c, logits, n, k);
                assert_int_equal(c.n, k < n ? k : n);
                assert_int_equal(c.n_sorted, c.n);
                assert_memory_equal(c.items, all, c.n * sizeof *all);
            }
            mote_candidates_deinit(&c);
            free(all);
        }
    }
}

static void test_load_makes_numbers(void **state) {
    (void)state;
    const float logits[] = {NAN, INFINITY, -INFINITY, 2, -0.0f};
    mote_candidates c = sampler_cases_load(logits, 5);
    assert_true(c.items[0].logit == -INFINITY && c.items[1].logit == FLT_MAX && c.items[2].logit == -INFINITY && c.items[3].logit == 2);
    assert_true(mote_candidates_max(&c) == FLT_MAX);
    mote_candidates_sort_to(&c, 5);
    assert_int_equal(c.items[0].id, 1);
    assert_int_equal(c.items[3].id, 0); /* impossible ones by id */
    assert_int_equal(c.items[4].id, 2);
    mote_candidates_deinit(&c);
}

static void test_keep_above(void **state) {
    (void)state;
    const float logits[] = {1, 5, 3, 4, 2, 3};
    mote_candidates c = sampler_cases_load(logits, 6);
    mote_candidates_sort_to(&c, 2);
    assert_int_equal(mote_candidates_keep_above(&c, 3, 5), 4); /* too few: nothing happens */
    assert_int_equal(c.n, 6);
    assert_int_equal(mote_candidates_keep_above(&c, 3, 4), 4);
    assert_int_equal(c.n, 4);
    assert_int_equal(c.n_sorted, 2);
    assert_true(c.items[0].id == 1 && c.items[1].id == 3);
    mote_candidates_deinit(&c);
}

static void test_weights(void **state) {
    (void)state;
    static float logits[MAX_N];
    static double expected[MAX_N];
    mote_rng rng;
    mote_rng_init(&rng, 4);
    for (int kind = 0; kind < 5; kind++) {
        sampler_cases_logits(logits, MAX_N - 3, kind, &rng);
        mote_candidates c = sampler_cases_load(logits, MAX_N - 3);
        float max = mote_candidates_max(&c);
        double total = mote_candidates_weigh(&c, max);
        sampler_cases_softmax(c.items, c.n, expected);
        for (size_t i = 0; i < c.n; i++) {
            double distance = c.items[i].logit > -INFINITY ? max - c.items[i].logit : 0; /* half an ulp of it is lost in the exponent */
            assert_true(fabs(c.p[i] / total - expected[i]) <= (1e-6 + 1e-7 * distance) * expected[i] + 1e-37);
            assert_true(mote_candidates_weight(c.items[i].logit, max) == c.p[i]);
        }
        mote_candidates_deinit(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_front),
        cmocka_unit_test(test_load_makes_numbers),
        cmocka_unit_test(test_keep_above),
        cmocka_unit_test(test_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
