/* Regular expressions: what they match, what is refused by name, limits, and the automaton of a whole match. */
#include "base/clock.h"
#include "patience.h"
#include "text/regular.h"
#include "text/regular_dfa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mote_regular *compile(const char *pattern) {
    mote_regular *r = NULL;
    mote_error err = {0};
    if (mote_regular_compile(mote_str_of(pattern), &r, &err) != MOTE_OK)
        fail_msg("%s: %s", pattern, err.message);
    return r;
}

static void matches(void **state) {
    (void)state;
    static const struct {
        const char *pattern, *good[6], *bad[6];
    } cases[] = {
        {"a", {"a", "bab", "a\n"}, {"", "b", "A"}},
        {"", {"", "x", "\xc3\xa9"}, {"\xff", "\xc3"}},
        {"^a|b$", {"a", "ax", "xb"}, {"xa", "bx", ""}},
        {"(a|^b)c", {"bc", "ac", "xac"}, {"xbc", "b"}},
        {"^(?:ab)+$", {"ab", "abab"}, {"", "aba"}},
        {"^a{2,3}$", {"aa", "aaa"}, {"a", "aaaa"}},
        {"^a{2,}$", {"aa", "aaaaa"}, {"a", ""}},
        {"^a{0}b$", {"b"}, {"ab", ""}},
        {"^a{,3}$", {"a{,3}"}, {"aaa"}},
        {"^a*?b+?c??$", {"b", "aabbc"}, {"a", "cb"}},
        {"^.$", {"x", "\xc3\xa9", "\xf0\x9f\x91\x8d"}, {"\n", "", "xx", "\xe2\x80\xa8"}},
        {"^[\\s\\S]$", {"\n", "x"}, {"", "ab"}},
        {"^[^a-c]$", {"d", "\xc3\xa9", "\n"}, {"a", "c", ""}},
        {"^[a\\]\\-\\\\]$", {"a", "]", "-", "\\"}, {"b"}},
        {"^[\\w-.]$", {"a", "-", ".", "_"}, {"/", "\xc3\xa9"}},
        {"^\\d\\D\\w\\W\\s\\S$", {"1a_- x"}, {"aa_- x", "1a_-  "}},
        {"^\\p{L}\\p{Lu}\\p{Nd}\\P{L}$",
         {"a\xc3\x89"
          "1-"},
         {"1A1-", "aa1-"}},
        {"^\\p{Letter}$", {"\xc3\xa9", "\xe5\x90\x8d"}, {"1", "\xf0\x9f\x91\x8d"}},
        {"^\\u00e9\\x41\\u{1F44D}\\ud83d\\udc4d\\cJ\\t\\0$",
         {"\xc3\xa9"
          "A\xf0\x9f\x91\x8d\xf0\x9f\x91\x8d\n\t"},
         {""}},
        {"^(?<year>[0-9]{4})$", {"2026"}, {"26"}},
        {"^$", {""}, {"a"}},
        {"$^", {""}, {"a"}},
        {"^(()|a)*$", {"", "aaa"}, {"b"}},
        {"^[]$", {NULL}, {"", "a"}},
        {"^(a|a|a)*b$", {"b", "aaab"}, {"a"}},
        {"^\\u0000$", {NULL}, {"", "a"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_regular *r = compile(cases[i].pattern);
        for (size_t j = 0; j < 6; j++) {
            mote_str good = mote_str_of(cases[i].good[j]), bad = mote_str_of(cases[i].bad[j]);
            if (i == 18 && j == 0) /* the pattern ends in \0 */
                good.len++;
            if (good.data && !mote_regular_matches(r, good))
                fail_msg("%s doesn't match %s", cases[i].pattern, good.data);
            if (bad.data && mote_regular_matches(r, bad))
                fail_msg("%s matches %s", cases[i].pattern, bad.data);
        }
        mote_regular_free(&r);
        assert_null(r);
    }
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        mote_status status;
        const char *word;
    } cases[] = {
        {"(?=a)b", MOTE_ERR_UNSUPPORTED, "lookahead"},
        {"(?!a)b", MOTE_ERR_UNSUPPORTED, "lookahead"},
        {"(?<=a)b", MOTE_ERR_UNSUPPORTED, "lookbehind"},
        {"(?<!a)b", MOTE_ERR_UNSUPPORTED, "lookbehind"},
        {"(a)\\1", MOTE_ERR_UNSUPPORTED, "references"},
        {"(?<n>a)\\k<n>", MOTE_ERR_UNSUPPORTED, "references"},
        {"\\bword", MOTE_ERR_UNSUPPORTED, "boundaries"},
        {"\\Aa\\Z", MOTE_ERR_UNSUPPORTED, "escape"},
        {"(?i)a", MOTE_ERR_UNSUPPORTED, "group"},
        {"\\p{Script=Greek}", MOTE_ERR_UNSUPPORTED, "\\p"},
        {"\\p", MOTE_ERR_FORMAT, "\\p"},
        {"(a", MOTE_ERR_FORMAT, "without )"},
        {"a)", MOTE_ERR_FORMAT, "without a group"},
        {"[a", MOTE_ERR_FORMAT, "without ]"},
        {"[z-a]", MOTE_ERR_FORMAT, "backwards"},
        {"a{2,1}", MOTE_ERR_FORMAT, "backwards"},
        {"*a", MOTE_ERR_FORMAT, "repeat"},
        {"^*a", MOTE_ERR_FORMAT, "repeat"},
        {"a++", MOTE_ERR_FORMAT, "repeat"},
        {"a\\", MOTE_ERR_FORMAT, "backslash"},
        {"(?<n", MOTE_ERR_FORMAT, "name"},
        {"\\u12", MOTE_ERR_FORMAT, "code point"},
        {"\\u{110000}", MOTE_ERR_FORMAT, "code point"},
        {"\\c1", MOTE_ERR_FORMAT, "letter"},
        {"\xff", MOTE_ERR_FORMAT, "UTF-8"},
        {"a{1000000000}", MOTE_ERR_LIMIT, "repetition"},
        {"^(((a{100}){100}){100}){100}$", MOTE_ERR_LIMIT, "too many"},
        {"(((()){100000}){100000}){100000}", MOTE_ERR_LIMIT, "too many"},
        {"a.{40}$", MOTE_ERR_LIMIT, "too many"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_regular *r = NULL;
        mote_error err = {0};
        double start = mote_clock_seconds();
        assert_int_equal(mote_regular_compile(mote_str_of(cases[i].pattern), &r, &err), cases[i].status);
        assert_null(r);
        assert_true(mote_clock_seconds() - start < 1 * patience());
        if (!strstr(err.message, cases[i].word))
            fail_msg("%s: no '%s' in: %s", cases[i].pattern, cases[i].word, err.message);
    }
}

static void nested_groups_have_a_limit(void **state) {
    (void)state;
    char pattern[2002];
    mote_error err = {0};
    mote_regular *r = NULL;
    memset(pattern, '(', 1000);
    pattern[1000] = 'a';
    memset(pattern + 1001, ')', 1000);
    assert_int_equal(mote_regular_compile((mote_str){pattern, 2001}, &r, &err), MOTE_ERR_LIMIT);
    assert_non_null(strstr(err.message, "deep"));
}

static void the_automaton_closes_what_it_opens(void **state) {
    (void)state;
    static const char *const patterns[] = {"a|bcd", "\\d{3}-\\d{2}", "(x|yz)*w", "\\u{1F44D}+", "", "[^a]"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        mote_automaton *a = NULL;
        mote_error err = {0};
        assert_int_equal(mote_regular_automaton(mote_str_of(patterns[i]), &a, &err), MOTE_OK);
        for (unsigned seed = 0; seed < 50; seed++) {
            mote_state s = a->ops->start(a);
            unsigned random = seed * 2654435761u;
            for (unsigned steps = 0; steps < seed % 7; steps++) {
                random = random * 1664525 + 1013904223;
                mote_state t = a->ops->step(a, s, (unsigned char)(random >> 24));
                assert_int_equal(t, a->ops->inner(a, a->ops->key(a, s), (unsigned char)(random >> 24)));
                s = t != MOTE_STATE_DEAD ? t : s;
            }
            s = a->ops->refresh(a, s);
            for (uint32_t left = a->ops->distance(a, s); left > 0; left--) {
                assert_int_equal(a->ops->distance(a, s), left);
                s = a->ops->step(a, s, (unsigned char)a->ops->closing(a, s));
            }
            assert_true(a->ops->accepts(a, s));
            assert_int_equal(a->ops->closing(a, s), -1);
        }
        a->ops->free(a);
    }
    mote_automaton *a = NULL;
    mote_error err = {0};
    assert_int_equal(mote_regular_automaton(MOTE_STR("("), &a, &err), MOTE_ERR_FORMAT);
    assert_null(a);
}

static const mote_dfa *dfa(mote_arena *arena, const char *pattern) {
    const mote_dfa *d = NULL;
    mote_error err = {0};
    assert_int_equal(mote_dfa_pattern(mote_str_of(pattern), false, arena, &d, NULL, &err), MOTE_OK);
    return d;
}

static void products(void **state) {
    (void)state;
    mote_arena arena;
    mote_error err = {0};
    mote_arena_init(&arena, 16 << 20);
    const mote_dfa *a = dfa(&arena, "^[ab]*$"), *b = dfa(&arena, "b"), *both, *rest, *either, *labels, *none;
    assert_int_equal(mote_dfa_product(a, b, MOTE_DFA_AND, 0, &arena, &both, &err), MOTE_OK);
    assert_int_equal(mote_dfa_product(a, b, MOTE_DFA_AND_NOT, 0, &arena, &rest, &err), MOTE_OK);
    assert_int_equal(mote_dfa_product(a, b, MOTE_DFA_OR, 0, &arena, &either, &err), MOTE_OK);
    assert_int_equal(mote_dfa_product(a, b, MOTE_DFA_LABELS, 3, &arena, &labels, &err), MOTE_OK);
    assert_int_equal(mote_dfa_product(rest, b, MOTE_DFA_AND, 0, &arena, &none, &err), MOTE_OK);
    assert_int_equal(none->start, 0);
    static const struct {
        const char *text;
        bool a, b;
    } cases[] = {{"", true, false}, {"aa", true, false}, {"ab", true, true}, {"cb", false, true}, {"c", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_str text = mote_str_of(cases[i].text);
        assert_int_equal(mote_dfa_accepts(both, text), cases[i].a && cases[i].b);
        assert_int_equal(mote_dfa_accepts(rest, text), cases[i].a && !cases[i].b);
        assert_int_equal(mote_dfa_accepts(either, text), cases[i].a || cases[i].b);
        uint32_t s = labels->start;
        for (size_t j = 0; j < text.len; j++)
            s = mote_dfa_step(labels, s, (unsigned char)text.data[j]);
        assert_int_equal(labels->label[s], cases[i].a ? (cases[i].b ? 9 : 1) : 0);
    }
    assert_true(mote_dfa_equal(dfa(&arena, "^(a|b)*$"), a)); /* the same language is the same table */
    mote_str words[8] = {MOTE_STR("b"), MOTE_STR(""), MOTE_STR("ab"), MOTE_STR("b")}, listed[8];
    const mote_dfa *few;
    size_t n;
    assert_int_equal(mote_dfa_words(words, 4, &arena, &few, &err), MOTE_OK);
    assert_int_equal(mote_dfa_list(few, 8, &arena, listed, &n, &err), MOTE_OK);
    assert_int_equal(n, 3);
    assert_true(mote_str_is(listed[1], "ab"));
    assert_int_equal(mote_dfa_list(few, 2, &arena, listed, &n, &err), MOTE_OK);
    assert_int_equal(n, SIZE_MAX);
    assert_int_equal(mote_dfa_list(a, 8, &arena, listed, &n, &err), MOTE_OK);
    assert_int_equal(n, SIZE_MAX);
    mote_arena_deinit(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),  cmocka_unit_test(refusals), cmocka_unit_test(nested_groups_have_a_limit), cmocka_unit_test(the_automaton_closes_what_it_opens),
        cmocka_unit_test(products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
