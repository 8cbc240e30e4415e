/* Reading JSON: types, numbers at the edges of 64 bits, limits, messages with offsets. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/json.h"
#include "patience.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mote_json *parse(const char *text) {
    mote_json *v = NULL;
    mote_error err = {0};
    if (mote_json_parse(text, strlen(text), &v, &err) != MOTE_OK)
        fail_msg("%s: %s", text, err.message);
    assert_non_null(v);
    return v;
}

static void types_and_defaults(void **state) {
    (void)state;
    mote_json *v = parse(" {\"n\":null,\"t\":true,\"f\":false,\"i\":-7,\"r\":2.5,\"s\":\"a\\u0000b\",\"a\":[1,[2]],\"o\":{}} ");
    assert_int_equal(mote_json_typeof(v), MOTE_JSON_OBJECT);
    assert_int_equal(mote_json_length(v), 8);
    assert_int_equal(mote_json_typeof(mote_json_get(v, "n")), MOTE_JSON_NULL);
    assert_non_null(mote_json_get(v, "n"));
    assert_null(mote_json_get(v, "absent"));
    assert_true(mote_json_bool(mote_json_get(v, "t"), false));
    assert_false(mote_json_bool(mote_json_get(v, "f"), true));
    assert_true(mote_json_bool(mote_json_get(v, "i"), true));
    assert_int_equal(mote_json_integer(mote_json_get(v, "i"), 0), -7);
    assert_int_equal(mote_json_integer(mote_json_get(v, "r"), 9), 9);
    assert_true(mote_json_number(mote_json_get(v, "i"), 0) == -7.0);
    assert_true(mote_json_number(mote_json_get(v, "r"), 0) == 2.5);
    assert_true(mote_json_is_number(mote_json_get(v, "r")));
    assert_false(mote_json_is_number(mote_json_get(v, "s")));
    assert_true(mote_str_equal(mote_json_string(mote_json_get(v, "s")), (mote_str){"a\0b", 3}));
    assert_null(mote_json_text(mote_json_get(v, "s")));
    assert_null(mote_json_string(mote_json_get(v, "i")).data);
    const mote_json *a = mote_json_get(v, "a");
    assert_int_equal(mote_json_length(a), 2);
    assert_int_equal(mote_json_integer(mote_json_at(mote_json_at(a, 1), 0), 0), 2);
    assert_null(mote_json_at(a, 2));
    assert_null(mote_json_at(v, 0));
    assert_null(mote_json_get(a, "x"));
    assert_int_equal(mote_json_length(mote_json_get(v, "s")), 0);
    assert_int_equal(mote_json_typeof(NULL), MOTE_JSON_NULL);
    assert_int_equal(mote_json_length(NULL), 0);
    assert_null(mote_json_first(NULL));
    mote_json_free(&v);
    assert_null(v);
    mote_json_free(&v);
}

static void members_keep_their_order(void **state) {
    (void)state;
    mote_json *v = parse("{\"z\":0,\"a\":1,\"m\":2,\"\":3}");
    const char *const keys[] = {"z", "a", "m", ""};
    int64_t i = 0;
    for (mote_json_iter *it = mote_json_first(v); it; it = mote_json_next(v, it), i++) {
        assert_true(mote_str_is(mote_json_iter_key(it), keys[i]));
        assert_int_equal(mote_json_integer(mote_json_iter_value(it), -1), i);
    }
    assert_int_equal(i, 4);
    mote_json_free(&v);
}

static void integers_beyond_64_bits_are_reals(void **state) {
    (void)state;
    mote_json *v = parse("[9223372036854775807,-9223372036854775808,9223372036854775808,-9223372036854775809,18446744073709551615,123456789012345678901234567890,"
                         "9007199254740993,\"99999999999999999999\\\"99999999999999999999\",12345678901234567890123.5,99999999999999999999e2]");
    assert_int_equal(mote_json_integer(mote_json_at(v, 0), 0), INT64_MAX);
    assert_int_equal(mote_json_integer(mote_json_at(v, 1), 0), INT64_MIN);
    for (size_t i = 2; i < 6; i++)
        assert_int_equal(mote_json_typeof(mote_json_at(v, i)), MOTE_JSON_REAL);
    assert_true(mote_json_number(mote_json_at(v, 2), 0) == 9223372036854775808.0);
    assert_true(mote_json_number(mote_json_at(v, 4), 0) == 18446744073709551616.0);
    assert_true(mote_json_number(mote_json_at(v, 5), 0) == 123456789012345678901234567890.0);
    assert_int_equal(mote_json_integer(mote_json_at(v, 6), 0), 9007199254740993); /* 2^53 + 1 stays exact beside them */
    assert_string_equal(mote_json_text(mote_json_at(v, 7)), "99999999999999999999\"99999999999999999999");
    assert_true(mote_json_number(mote_json_at(v, 9), 0) == 1e22);
    mote_json_free(&v);
    v = parse("{\"a\\u0000b\":{\"\\u00e9\\ud83d\\ude00\":\"\\\"\\/\\b\"}}"); /* escapes in keys, NUL too */
    mote_json_iter *it = mote_json_first(v);
    assert_true(mote_str_equal(mote_json_iter_key(it), (mote_str){"a\0b", 3}));
    assert_string_equal(mote_json_text(mote_json_get(mote_json_iter_value(it), "\xc3\xa9\xf0\x9f\x98\x80")), "\"/\b");
    mote_json_free(&v);
    v = parse("-99999999999999999999");
    assert_true(mote_json_number(v, 0) == -1e20);
    mote_json_free(&v);
}

static void assert_refused(const char *text, size_t n, mote_status status, const char *word, const char *offset) {
    mote_json *v = NULL;
    mote_error err = {0};
    assert_int_equal(mote_json_parse(text, n, &v, &err), status);
    assert_null(v);
    assert_int_equal(err.status, status);
    if (!strstr(err.message, "JSON") || !strstr(err.message, word) || (offset && !strstr(err.message, offset)))
        fail_msg("no '%s' or '%s' in: %s", word, offset ? offset : "", err.message);
}

static void refusals_name_the_offset(void **state) {
    (void)state;
    static const struct {
        const char *text, *word, *offset;
    } cases[] = {
        {"", "", NULL},
        {"  ", "", NULL},
        {"\xef\xbb\xbf{}", "", NULL},
        {"[1,]", "", "byte 3"},
        {"[1 2]", "expected", "byte 3"},
        {"{\"a\":1,\"a\":2}", "duplicate", NULL},
        {"{\"a\":1,\"\\u0061\":2}", "duplicate", NULL},
        {"[1] x", "after the value", "byte 4"},
        {"[99999999999999999999,99999999999999999999,x]", "", "byte 43"},
        {"NaN", "", NULL},
        {"[Infinity]", "", NULL},
        {"\"\xff\"", "", NULL},
        {"\"\xed\xa0\x80\"", "", NULL},
        {"\"\xc0\xaf\"", "", NULL},
        {"\"\\ud800\"", "", NULL},
        {"1e400", "overflow", NULL},
        {"01", "", NULL},
        {"'a'", "", NULL},
        {"[1", "", NULL},
        {"\"a\nb\"", "", NULL},
        {"0000000000000000000000000001", "", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_refused(cases[i].text, strlen(cases[i].text), MOTE_ERR_FORMAT, cases[i].word, cases[i].offset ? cases[i].offset : "byte");
    assert_refused("1\0", 2, MOTE_ERR_FORMAT, "after", "byte 1");
    assert_refused("[true\0]", 7, MOTE_ERR_FORMAT, "expected", "byte 5");
    assert_refused("\"a\0\"", 4, MOTE_ERR_FORMAT, "control", "byte 2");
}

static char *repeat(const char *piece, size_t n) {
    size_t len = strlen(piece);
    char *text = mote_mem_alloc(n * len + 1);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, piece, len);
    text[n * len] = 0;
    return text;
}

static void depth_is_bounded_before_parsing(void **state) {
    (void)state;
    enum { MILLION = 1000000 };
    char *text = repeat("[", MILLION);
    double start = mote_clock_seconds();
    assert_refused(text, MILLION, MOTE_ERR_LIMIT, "nesting", "byte 512");
    assert_true(mote_clock_seconds() - start < 0.05 * patience());
    mote_mem_free(text);
    text = repeat("{\"a\":", 200000);
    assert_refused(text, 1000000, MOTE_ERR_LIMIT, "nesting", NULL);
    mote_mem_free(text);

    char nested[1025] = {0};
    memset(nested, '[', 512);
    memset(nested + 512, ']', 512);
    mote_json *v = parse(nested);
    mote_json_free(&v);
    char wide[2001];
    for (int i = 0; i < 1000; i++) /* brackets in strings are no nesting */
        memcpy(wide + 2 * i, "[[", 2);
    wide[0] = wide[1999] = '"';
    wide[2000] = 0;
    v = parse(wide);
    mote_json_free(&v);
}

static void values_are_counted(void **state) {
    (void)state;
    enum { N = 9 << 20 };
    char *text = repeat(",0", N);
    text[0] = '[';
    assert_refused(text, 2 * N, MOTE_ERR_LIMIT, "values", NULL);
    mote_mem_free(text);
    assert_refused("", ((size_t)256 << 20) + 1, MOTE_ERR_LIMIT, "longer", NULL); /* the text is not touched */
}

static void files_are_named(void **state) {
    (void)state;
    char path[] = "/tmp/mote-json-XXXXXX";
    mote_json *v = NULL;
    mote_error err = {0};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "[1,", 3), 3);
    close(fd);
    assert_int_equal(mote_json_read(path, &v, &err), MOTE_ERR_FORMAT);
    assert_int_equal(strncmp(err.message, path, strlen(path)), 0);
    unlink(path);
    assert_int_equal(mote_json_read(path, &v, &err), MOTE_ERR_NOT_FOUND);
    assert_null(v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_and_defaults),       cmocka_unit_test(members_keep_their_order),        cmocka_unit_test(integers_beyond_64_bits_are_reals),
        cmocka_unit_test(refusals_name_the_offset), cmocka_unit_test(depth_is_bounded_before_parsing), cmocka_unit_test(values_are_counted),
        cmocka_unit_test(files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
