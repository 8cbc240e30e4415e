/* Half precision and bfloat16: all 65536 values, and rounding against an exact comparison in double. */
#include "base/half.h"

#include <math.h>
#include <stdbool.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_value_returns(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float x = mote_half_from_f16((uint16_t)h), y = mote_half_from_bf16((uint16_t)h);
        bool nan16 = (h & 0x7c00) == 0x7c00 && (h & 0x3ff), nanb = (h & 0x7f80) == 0x7f80 && (h & 0x7f);
        assert_int_equal(isnan(x) != 0, nan16);
        assert_int_equal(isnan(y) != 0, nanb);
        if (nan16)
            assert_true(isnan(mote_half_from_f16(mote_half_to_f16(x))));
        else
            assert_int_equal(mote_half_to_f16(x), h);
        if (nanb)
            assert_true(isnan(mote_half_from_bf16(mote_half_to_bf16(y))));
        else
            assert_int_equal(mote_half_to_bf16(y), h);
    }
}

/* The value of a half by its definition. */
static double defined_f16(uint32_t h) {
    int exponent = (h >> 10) & 31;
    double m = h & 1023, x = exponent == 31 ? (m != 0 ? (double)NAN : (double)INFINITY) : exponent == 0 ? ldexp(m, -24) : ldexp(1024 + m, exponent - 25);
    return h & 0x8000 ? -x : x;
}

static void values_are_as_defined(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        double want = defined_f16(h), got = (double)mote_half_from_f16((uint16_t)h);
        assert_true(isnan(want) ? isnan(got) != 0 : want == got && signbit(want) == signbit(got));
    }
}

/* Between two neighbours everything goes to the nearer one, the middle to the even one. */
static void rounds_to_nearest_even(void **state) {
    (void)state;
    for (uint32_t h = 0; h < 0x7bff; h++) {
        float low = mote_half_from_f16((uint16_t)h), high = mote_half_from_f16((uint16_t)(h + 1)), middle = (low + high) / 2;
        uint32_t even = h & 1 ? h + 1 : h;
        assert_int_equal(mote_half_to_f16(middle), even);
        assert_int_equal(mote_half_to_f16(-middle), even | 0x8000);
        assert_int_equal(mote_half_to_f16(nextafterf(middle, -1.0f)), h);
        assert_int_equal(mote_half_to_f16(nextafterf(middle, INFINITY)), h + 1);
    }
    for (uint32_t h = 0; h < 0x7f7f; h++) {
        float middle = mote_half_float(h << 16 | 0x8000);
        assert_int_equal(mote_half_to_bf16(middle), h & 1 ? h + 1 : h);
        assert_int_equal(mote_half_to_bf16(mote_half_float(h << 16 | 0x7fff)), h);
        assert_int_equal(mote_half_to_bf16(mote_half_float(h << 16 | 0x8001)), h + 1);
    }
}

static void edges(void **state) {
    (void)state;
    assert_int_equal(mote_half_to_f16(65504.0f), 0x7bff);
    assert_int_equal(mote_half_to_f16(65519.996f), 0x7bff);
    assert_int_equal(mote_half_to_f16(65520.0f), 0x7c00);
    assert_int_equal(mote_half_to_f16(INFINITY), 0x7c00);
    assert_int_equal(mote_half_to_f16(-INFINITY), 0xfc00);
    assert_int_equal(mote_half_to_f16(-0.0f), 0x8000);
    assert_int_equal(mote_half_to_f16(0x1p-25f), 0);
    assert_int_equal(mote_half_to_f16(0x1.000002p-25f), 1);
    assert_int_equal(mote_half_to_f16(1e-40f), 0);
    assert_int_equal(mote_half_to_bf16(3.4028235e38f), 0x7f80);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_returns),
        cmocka_unit_test(values_are_as_defined),
        cmocka_unit_test(rounds_to_nearest_even),
        cmocka_unit_test(edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
