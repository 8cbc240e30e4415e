/* Decimals: parsing, order, divisibility, the next number of a grid. */
#include "text/decimal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mote_decimal decimal(const char *text) {
    mote_decimal d;
    if (!mote_decimal_parse(mote_str_of(text), &d))
        fail_msg("%s", text);
    return d;
}

static void equal_numbers_are_equal(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"0", "-0.000e7"}, {"1", "1.0"}, {"1e2", "100"}, {"0.001", "1E-3"}, {"120", "1.20e+2"}, {"-5.50", "-55e-1"}, {"1000000000000000000000", "1e21"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        mote_decimal a = decimal(pairs[i][0]), b = decimal(pairs[i][1]);
        assert_int_equal(mote_decimal_compare(&a, &b), 0);
    }
}

static void order(void **state) {
    (void)state;
    static const char *const rising[] = {"-1e400", "-101", "-100.5", "-100", "-0.1", "-0.01",    "0",     "1e-300", "0.0999",
                                         "0.1",    "0.11", "9",      "9.99", "10",   "10.00001", "99999", "1e5"};
    for (size_t i = 0; i < sizeof rising / sizeof *rising; i++)
        for (size_t j = 0; j < sizeof rising / sizeof *rising; j++) {
            mote_decimal a = decimal(rising[i]), b = decimal(rising[j]);
            int got = mote_decimal_compare(&a, &b), expected = (i > j) - (i < j);
            assert_int_equal((got > 0) - (got < 0), expected);
        }
}

static void what_is_no_number(void **state) {
    (void)state;
    static const char *const bad[] = {"", "-", ".5", "5.", "1e", "1e+", "1x", "0x1", "1e999999", "1.2.3", "+1", "12345678901234567890123456789012345678901"};
    mote_decimal d;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mote_decimal_parse(mote_str_of(bad[i]), &d))
            fail_msg("%s", bad[i]);
}

static void multiples(void **state) {
    (void)state;
    static const struct {
        const char *x, *m;
        bool is;
    } cases[] = {{"21", "7", true},          {"22", "7", false},     {"0", "7", true},      {"0.3", "0.1", true}, {"0.35", "0.1", false}, {"1e308", "0.5", true},
                 {"0.0075", "0.0001", true}, {"4.5", "1.5", true},   {"-9", "3", true},     {"1.5", "1", false},  {"1e2", "1", true},     {"35", "1.5", false},
                 {"10", "100", false},       {"1e30", "300", false}, {"3e30", "300", true}, {"12.0", "0.4", true}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_decimal x = decimal(cases[i].x), m = decimal(cases[i].m);
        if (mote_decimal_is_multiple(&x, &m) != cases[i].is)
            fail_msg("%s of %s", cases[i].x, cases[i].m);
        mote_fixed f;
        if (!x.negative && mote_fixed_of(&x, false, &f) && mote_fixed_is_multiple(&f, &m) != cases[i].is)
            fail_msg("fixed %s of %s", cases[i].x, cases[i].m);
    }
}

static void the_next_of_a_grid(void **state) {
    (void)state;
    static const struct {
        const char *x;
        uint64_t step;
        unsigned places;
        bool above;
        const char *next;
    } cases[] = {{"0", 7, 0, false, "0"},      {"0", 7, 0, true, "7"},         {"1", 7, 0, false, "7"},       {"7", 7, 0, false, "7"},
                 {"7", 7, 0, true, "14"},      {"0.05", 1, 1, false, "0.1"},   {"99.95", 1, 1, false, "100"}, {"1e20", 3, 0, false, "100000000000000000002"},
                 {"2.5", 25, 2, true, "2.75"}, {"0.001", 1, 3, false, "0.001"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_decimal x = decimal(cases[i].x), y = decimal(cases[i].next);
        mote_fixed from, got, expected;
        assert_true(mote_fixed_of(&x, true, &from));
        assert_true(mote_fixed_of(&y, true, &expected));
        assert_true(mote_fixed_next_multiple(&from, cases[i].step, cases[i].places, cases[i].above, &got));
        if (mote_fixed_compare(&got, &expected) != 0)
            fail_msg("case %zu", i);
    }
    mote_decimal large = decimal("9e43");
    mote_fixed f;
    assert_false(mote_fixed_of(&large, false, &f));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_numbers_are_equal), cmocka_unit_test(order), cmocka_unit_test(what_is_no_number), cmocka_unit_test(multiples), cmocka_unit_test(the_next_of_a_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
