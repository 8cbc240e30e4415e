/* Writing JSON: escapes, malformed UTF-8, reals with the fewest digits. */
#include "formats/json.h"

#include <math.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_real(double x, const char *want) {
    mote_buffer b;
    mote_buffer_init(&b, 100);
    assert_int_equal(mote_json_write_real(&b, x), MOTE_OK);
    assert_string_equal(b.data, want);
    mote_buffer_deinit(&b);
}

static void reals_have_the_fewest_digits(void **state) {
    (void)state;
    assert_real(0, "0.0");
    assert_real(-0.0, "-0.0");
    assert_real(1, "1.0");
    assert_real(-1.5, "-1.5");
    assert_real(0.1, "0.1");
    assert_real(0.1 + 0.2, "0.30000000000000004");
    assert_real(100, "100.0");
    assert_real(123456789, "123456789.0");
    assert_real(1e15, "1000000000000000.0");
    assert_real(9007199254740993.0, "9007199254740992.0");
    assert_real(1e16, "1e+16");
    assert_real(1.5e300, "1.5e+300");
    assert_real(0.0001, "0.0001");
    assert_real(0.00012345, "0.00012345");
    assert_real(0.00001, "1e-05");
    assert_real(1.7976931348623157e308, "1.7976931348623157e+308");
    assert_real(5e-324, "5e-324");
    assert_real(2.2250738585072014e-308, "2.2250738585072014e-308");
    assert_real((double)NAN, "null");
    assert_real((double)-INFINITY, "null");
}

static void reals_read_back(void **state) {
    (void)state;
    uint64_t bits = 0x0123456789abcdef;
    for (int i = 0; i < 20000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        double x;
        memcpy(&x, &bits, sizeof x);
        if (!isfinite(x))
            continue;
        mote_buffer b;
        mote_buffer_init(&b, 100);
        assert_int_equal(mote_json_write_real(&b, x), MOTE_OK);
        assert_true(strtod(b.data, NULL) == x);
        mote_buffer_deinit(&b);
    }
}

static void assert_string(mote_str s, const char *want) {
    mote_buffer b;
    mote_buffer_init(&b, 1000);
    assert_int_equal(mote_json_write_string(&b, s), MOTE_OK);
    assert_string_equal(b.data, want);
    mote_buffer_deinit(&b);
}

static void strings_are_escaped(void **state) {
    (void)state;
    assert_string((mote_str){NULL, 0}, "\"\"");
    assert_string(MOTE_STR("a\"b\\c/\x7f"), "\"a\\\"b\\\\c/\x7f\"");
    assert_string((mote_str){"\0\x1f\b\t\n\f\r", 7}, "\"\\u0000\\u001f\\b\\t\\n\\f\\r\"");
    assert_string(MOTE_STR("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

#define FFFD "\xef\xbf\xbd"

static void malformed_utf8_is_replaced(void **state) {
    (void)state;
    assert_string(MOTE_STR("\xff"), "\"" FFFD "\"");
    assert_string(MOTE_STR("a\x80z"), "\"a" FFFD "z\"");
    assert_string(MOTE_STR("\xe2\x82"), "\"" FFFD "\""); /* a cut sequence is one piece */
    assert_string(MOTE_STR("\xf0\x9f\x98x"), "\"" FFFD "x\"");
    assert_string(MOTE_STR("\xc0\xaf"), "\"" FFFD FFFD "\"");
    assert_string(MOTE_STR("\xed\xa0\x80"), "\"" FFFD FFFD FFFD "\"");
    assert_string(MOTE_STR("\xf4\x90\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"");
    assert_string(MOTE_STR("\xe2\x28\xa1"), "\"" FFFD "(" FFFD "\"");
}

static void values_read_back(void **state) {
    (void)state;
    static const char text[] = "{\"a\":[1,-2,0.5,true,false,null,\"x\\ny\"],\"\":{\"b\":[]},\"big\":1e+20}";
    mote_json *v = NULL;
    mote_buffer b;
    mote_buffer_init(&b, 1000);
    assert_int_equal(mote_json_parse(text, sizeof text - 1, &v, NULL), MOTE_OK);
    assert_int_equal(mote_json_write(&b, v), MOTE_OK);
    assert_string_equal(b.data, text);
    mote_buffer_clear(&b);
    b.max_bytes = 20;
    assert_int_equal(mote_json_write(&b, v), MOTE_ERR_LIMIT);
    mote_buffer_deinit(&b);
    mote_json_free(&v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reals_have_the_fewest_digits), cmocka_unit_test(reals_read_back),  cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(malformed_utf8_is_replaced),   cmocka_unit_test(values_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
