/* PCG32: the same numbers for ever (seeds are part of results), a fair spread. */
#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Against the generator's definition, written out independently. */
static void follows_its_definition(void **state) {
    (void)state;
    const uint64_t seeds[] = {0, 1, 42, UINT64_MAX};
    for (int k = 0; k < 4; k++) {
        mote_rng rng;
        mote_rng_init(&rng, seeds[k]);
        uint64_t increment = rng.stream, s = increment; /* one step from state 0 */
        assert_int_equal(increment & 1, 1);
        s = (s + seeds[k]) * 6364136223846793005u + increment;
        for (int i = 0; i < 1000; i++) {
            uint32_t x = (uint32_t)((s ^ s >> 18) >> 27), r = (uint32_t)(s >> 59), want = r ? x >> r | x << (32 - r) : x;
            assert_int_equal(mote_rng_next(&rng), want);
            s = s * 6364136223846793005u + increment;
        }
    }
}

static void is_stable(void **state) {
    (void)state;
    static const uint32_t want[] = {0xddaa6c75, 0x3237b41c, 0xe070ca56, 0xc17a7979, 0xafd5d8ee, 0x58ad52b6, 0xcbe6ae50, 0x4d3bac55};
    mote_rng rng;
    mote_rng_init(&rng, 42);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        assert_int_equal(mote_rng_next(&rng), want[i]);
}

static void uniform_is_uniform(void **state) {
    (void)state;
    enum { N = 100000, BINS = 16 };
    int bins[BINS] = {0};
    mote_rng rng;
    mote_rng_init(&rng, 7);
    for (int i = 0; i < N; i++) {
        double x = mote_rng_uniform(&rng);
        assert_true(x >= 0 && x < 1);
        bins[(int)(x * BINS)]++;
    }
    for (int i = 0; i < BINS; i++)
        assert_in_range(bins[i], N / BINS - 400, N / BINS + 400); /* five standard deviations */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_its_definition),
        cmocka_unit_test(is_stable),
        cmocka_unit_test(uniform_is_uniform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
