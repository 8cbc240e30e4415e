/* Facts of a text by their form, and what one text has that another lacks. */
#include "text/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Texts of the facts of a kind, joined by '|'. */
static const char *found(const char *text, unsigned kinds) {
    static char out[1024];
    mote_fact facts[64];
    size_t n = mote_facts_find(mote_str_of(text), kinds, facts, 64), used = 0;
    out[0] = 0;
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(out + used, sizeof out - used, "%s%.*s", i ? "|" : "", MOTE_STR_ARGS(facts[i].text));
    return out;
}

static void test_numbers(void **state) {
    (void)state;
    assert_string_equal(found("It costs 1,200.50 or 5% more, since 12:30 on 2024-05-14.", MOTE_FACT_NUMBER), "1,200.50|5%|12:30|2024-05-14");
    assert_string_equal(found("Three pumps, two hundred valves, one chance", MOTE_FACT_NUMBER), "Three|two|hundred");
    assert_string_equal(found("no digits here", MOTE_FACT_NUMBER), "");
}

static void test_names(void **state) {
    (void)state;
    assert_string_equal(found("We met Anna Berg in Oslo. The NATO talks. I left, and I'm glad.", MOTE_FACT_NAME), "Anna|Berg|Oslo|NATO");
    assert_string_equal(found("- Check the valve\n# Title\nthe iPhone", MOTE_FACT_NAME), "iPhone");
    assert_string_equal(found("die \xc3\x84rzte \xc3\x9c"
                              "ben",
                              MOTE_FACT_NAME),
                        "\xc3\x84rzte|\xc3\x9c"
                        "ben");
}

static void test_others(void **state) {
    (void)state;
    assert_string_equal(found("It is not here, isn't there and can\xe2\x80\x99t be; no, never.", MOTE_FACT_NEGATION), "not|not|not|not|not");
    assert_string_equal(found("See https://example.com/a?b=1, www.example.org or tom@example.com.", MOTE_FACT_LINK), "https://example.com/a?b=1|www.example.org|tom@example.com");
    assert_string_equal(found("He said \"stop it\" and \xe2\x80\x9cwait\xe2\x80\x9d.", MOTE_FACT_QUOTE), "\"stop it\"|\xe2\x80\x9cwait\xe2\x80\x9d");
    assert_string_equal(found("5\" pipe", MOTE_FACT_QUOTE), "");
}

static bool lacks(const char *a, const char *b, unsigned kinds) {
    mote_fact fact;
    return mote_facts_lacking(mote_str_of(a), mote_str_of(b), kinds, &fact);
}

static void test_lacking(void **state) {
    (void)state;
    assert_false(lacks("1,200 pumps", "1200 pumps", MOTE_FACT_NUMBER));
    assert_false(lacks("3 pumps", "three pumps", MOTE_FACT_NUMBER));
    assert_false(lacks("Eleven of them", "11 of them", MOTE_FACT_NUMBER));
    assert_true(lacks("12.50", "1250", MOTE_FACT_NUMBER));
    assert_true(lacks("13 pumps", "3 pumps", MOTE_FACT_NUMBER));
    assert_false(lacks("we asked Anna", "Anna's answer", MOTE_FACT_NAME));
    assert_true(lacks("we asked Anna", "we asked Anne", MOTE_FACT_NAME));
    assert_true(lacks("it is not good", "it is good", MOTE_FACT_NEGATION));
    assert_false(lacks("it is not good", "it isn't good", MOTE_FACT_NEGATION));
    assert_false(lacks("it is good", "it is not good", MOTE_FACT_NEGATION));
    assert_true(lacks("he said \"stop\"", "he said \"halt\"", MOTE_FACT_QUOTE));
    assert_false(lacks("", "anything 5", MOTE_FACT_ALL));
}

static void test_odd_bytes(void **state) {
    (void)state;
    mote_fact facts[8];
    assert_int_equal(mote_facts_find((mote_str){"\xff\xfe 12\xc3", 6}, MOTE_FACT_ALL, facts, 8), 1);
    assert_int_equal(mote_facts_find(MOTE_STR("1 2 3 4 5"), MOTE_FACT_ALL, facts, 2), 2);
    assert_string_equal(mote_fact_kind_text(MOTE_FACT_NUMBER), "number");
    assert_string_equal(mote_fact_kind_text(MOTE_FACT_QUOTE), "quotation");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers), cmocka_unit_test(test_names), cmocka_unit_test(test_others), cmocka_unit_test(test_lacking), cmocka_unit_test(test_odd_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
