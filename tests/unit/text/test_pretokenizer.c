/* The splitters: each chain on texts that reach each alternative of its expression, and the properties that hold for any text. */
#include "base/error.h"
#include "base/rng.h"
#include "text/pretokenizer.h"

#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Pieces joined by "|". */
static void expect_chain(const mote_pretokenizer *p, const char *text, const char *want) {
    char got[1024] = "";
    size_t n = 0, start, end;
    bool more = true;
    mote_pretokenizer_walk w;
    mote_pretokenizer_begin(&w, p, (const uint8_t *)text, strlen(text));
    while (mote_pretokenizer_next(&w, &start, &end, &more, NULL) == MOTE_OK && more)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%.*s", n ? "|" : "", (int)(end - start), text + start);
    mote_pretokenizer_end(&w);
    assert_string_equal(got, want);
}

static void expect(const char *name, const char *text, const char *want) {
    const mote_pretokenizer_named *named = mote_pretokenizer_find(mote_str_of(name));
    assert_non_null(named);
    expect_chain(&named->chain, text, want);
}

static void published_chains(void **state) {
    (void)state;
    expect("gpt-2", "It's  12a\n\n b!?\t", "It|'s| | 12|a|\n\n| b|!?|\t");
    expect("gpt-2", "IT'S a", "IT|'|S| a");
    expect("starcoder", "x 123 y", "x| |1|2|3| y");
    expect("llama-bpe", "IT'S 12345 fine,\n\n  end ", "IT|'S| |123|45| fine|,\n\n| | end| ");
    expect("llama-bpe", "(a) \xc3\xa9t\xc3\xa9\r\n \n x", "(a|)| \xc3\xa9t\xc3\xa9|\r\n \n| x");
    expect("qwen2", "a12 'Re", "a|1|2| '|Re");
    expect("tekken", "fooBar ABCdef X/\n", "foo|Bar| ABCdef| X|/\n");
    expect("tekken",
           "\xe6\x97\xa5\xe6\x9c\xac"
           "ABC",
           "\xe6\x97\xa5\xe6\x9c\xac|ABC");
    expect("tekken", "JSON\xe6\x97\xa5XML!", "JSON\xe6\x97\xa5|XML|!");
    expect("gpt-4o", "don't DON'T 1234", "don't| DON'T| |123|4");
    expect("deepseek-v3",
           "a1234\xe4\xb8\xad"
           "b !x",
           "a|123|4|\xe4\xb8\xad|b| !|x");
    expect("deepseek-coder", "int x1\n", "int| x|1|\n");
    expect("falcon", "a$$b 12345", "a|$$|b| |123|45");
    expect("gemma4", "a b\n\nc", "a b|\n\n|c");
    assert_null(mote_pretokenizer_find(MOTE_STR("nobody")));
}

static void words_and_marks(void **state) {
    (void)state;
    const mote_pretokenizer bert = {.n_stages = 1, .stages = {{.kind = MOTE_SPLIT_BERT}}}, words = {.n_stages = 1, .stages = {{.kind = MOTE_SPLIT_WORD_CHARS}}},
                            spaces = {.n_stages = 1, .stages = {{.kind = MOTE_SPLIT_SPACE}}}, none = {0};
    expect_chain(&bert, " don't $5..", "don|'|t|$|5|.|.");
    expect_chain(&words, "don't  $5..", "don|'|t|$|5|..");
    expect_chain(&spaces, " a  b\n", "a|b");
    expect_chain(&none, "a b", "a b");
    expect_chain(&none, "", "");
}

static void patterns(void **state) {
    (void)state;
    static const struct {
        unsigned flags;
        const char *want;
    } cases[] = {{0, "a|1|b|2|3|c"},
                 {MOTE_SPLIT_REMOVED, "a|b|c"},
                 {MOTE_SPLIT_REMOVED | MOTE_SPLIT_INVERT, "1|2|3"},
                 {MOTE_SPLIT_WITH_PREVIOUS, "a1|b2|3|c"},
                 {MOTE_SPLIT_WITH_NEXT, "a|1b|2|3c"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        mote_pretokenizer p = {.n_stages = 1, .stages = {{.kind = MOTE_SPLIT_REGEX, .flags = cases[i].flags}}};
        assert_int_equal(mote_regex_compile(MOTE_STR("\\p{N}"), &p.stages[0].regex, NULL), MOTE_OK);
        expect_chain(&p, "a1b23c", cases[i].want);
        mote_pretokenizer_deinit(&p);
    }
    void *regex = NULL;
    mote_error err = {0};
    assert_int_equal(mote_regex_compile(MOTE_STR("(a"), &regex, &err), MOTE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "(a"));
    mote_split split;
    assert_true(mote_pretokenizer_known_pattern(MOTE_STR("\\p{N}{1,3}"), &split));
    assert_false(mote_pretokenizer_known_pattern(MOTE_STR("a"), &split));
}

/* A pattern that backtracks without end is given up, not waited for. */
static void endless_pattern(void **state) {
    (void)state;
    mote_pretokenizer p = {.n_stages = 1, .stages = {{.kind = MOTE_SPLIT_REGEX}}};
    mote_pretokenizer_walk w;
    mote_error err = {0};
    size_t start, end;
    bool more;
    char text[64];
    memset(text, 'a', sizeof text);
    assert_int_equal(mote_regex_compile(MOTE_STR("(?:a|a)*[bc]"), &p.stages[0].regex, NULL), MOTE_OK);
    mote_pretokenizer_begin(&w, &p, (const uint8_t *)text, sizeof text);
    assert_int_equal(mote_pretokenizer_next(&w, &start, &end, &more, &err), MOTE_ERR_LIMIT);
    mote_pretokenizer_end(&w);
    mote_pretokenizer_deinit(&p);
}

/* Whatever the bytes, the pieces of the published chains follow each other without gap. */
static void nothing_is_lost(void **state) {
    (void)state;
    static const char *const names[] = {"default", "gpt-2",  "starcoder",   "llama-bpe",      "qwen2",  "qwen35", "minicpm5",
                                        "tekken",  "gpt-4o", "deepseek-v3", "deepseek-coder", "falcon", "gemma4"};
    static const char *const parts[] = {
        "a", "B", "'s", "'", " ", "  ", "\n", "\r\n", "7", "12", ".", "/", "$", "\xc3\xa9", "\xcc\x81", "\xe4\xb8\xad", "\xff", "\xe4\xb8", "\xf0\x9f\x98\x80", "\xc2\xa0", "\x01"};
    mote_rng rng;
    mote_rng_init(&rng, 7);
    for (int round = 0; round < 2000; round++) {
        char text[256] = "";
        for (unsigned k = mote_rng_next(&rng) % 24; k > 0; k--)
            strcat(text, parts[mote_rng_next(&rng) % (sizeof parts / sizeof parts[0])]);
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            mote_pretokenizer_walk w;
            size_t at = 0, start, end;
            bool more = true;
            mote_pretokenizer_begin(&w, &mote_pretokenizer_find(mote_str_of(names[i]))->chain, (const uint8_t *)text, strlen(text));
            while (mote_pretokenizer_next(&w, &start, &end, &more, NULL) == MOTE_OK && more) {
                assert_int_equal(start, at);
                assert_true(end > start);
                at = end;
            }
            mote_pretokenizer_end(&w);
            assert_int_equal(at, strlen(text));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_chains), cmocka_unit_test(words_and_marks), cmocka_unit_test(patterns), cmocka_unit_test(endless_pattern), cmocka_unit_test(nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
