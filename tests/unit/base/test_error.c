/* Messages: bounded, printable whatever they quote; statuses have texts; element types have layouts. */
#include "base/dtype.h"
#include "base/error.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void messages_are_printable(void **state) {
    (void)state;
    mote_error err = {0};
    assert_int_equal(mote_error_set(&err, MOTE_ERR_FORMAT, "a\x1b[31m\n%s", "\xff\xc3\xa9\xed\xa0\x80\xc2\x9b"), MOTE_ERR_FORMAT);
    assert_string_equal(err.message, "a?[31m ?\xc3\xa9?????");
    assert_int_equal(err.status, MOTE_ERR_FORMAT);
    assert_int_equal(mote_error_set(NULL, MOTE_ERR_LIMIT, "x"), MOTE_ERR_LIMIT);
}

static void messages_are_cut(void **state) {
    (void)state;
    char text[2000];
    mote_error err = {0};
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    mote_error_set(&err, MOTE_ERR_FAILED, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    mote_error_set(&err, MOTE_ERR_FAILED, "tail");
    mote_error_prefix(&err, "%s", "head");
    assert_string_equal(err.message, "head: tail");
    mote_error_prefix(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
    mote_error_prefix(NULL, "x");
}

/* A sequence of two bytes that the cut splits must not stay half. */
static void a_cut_leaves_whole_characters(void **state) {
    (void)state;
    char text[2000];
    mote_error err = {0};
    for (int odd = 0; odd < 2; odd++) {
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)odd; i + 2 < sizeof text; i += 2)
            memcpy(text + i, "\xc3\xa9", 2);
        text[sizeof text - 1] = 0;
        mote_error_set(&err, MOTE_ERR_FAILED, "%s", text);
        size_t n = strlen(err.message);
        assert_true((unsigned char)err.message[n - 1] != 0xc3);
    }
}

static void statuses_have_texts(void **state) {
    (void)state;
    assert_string_equal(mote_status_text(MOTE_OK), "done");
    assert_string_equal(mote_status_text(MOTE_ERR_TEMPLATE), "the template raised an error");
    assert_string_equal(mote_status_text((mote_status)77), "unknown status");
}

static void dtypes(void **state) {
    (void)state;
    assert_string_equal(mote_dtype_get(MOTE_DTYPE_Q4_K)->name, "Q4_K");
    assert_null(mote_dtype_get(-1));
    assert_null(mote_dtype_get(31));
    assert_int_equal(mote_dtype_from_name("q4_k"), MOTE_DTYPE_Q4_K);
    assert_int_equal(mote_dtype_from_name("BF16"), MOTE_DTYPE_BF16);
    assert_int_equal(mote_dtype_from_name("Q9_K"), MOTE_DTYPE_NONE);
    assert_int_equal(mote_dtype_row_bytes(MOTE_DTYPE_Q6_K, 512), 420);
    assert_int_equal(mote_dtype_row_bytes(MOTE_DTYPE_F16, 3), 6);
    assert_false(mote_dtype_get(MOTE_DTYPE_F32)->is_quantised);
    assert_true(mote_dtype_get(MOTE_DTYPE_Q8_0)->is_quantised);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_printable), cmocka_unit_test(messages_are_cut), cmocka_unit_test(a_cut_leaves_whole_characters),
        cmocka_unit_test(statuses_have_texts),    cmocka_unit_test(dtypes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
