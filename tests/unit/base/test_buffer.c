/* The growable buffer: limits, contents after failure, the NUL behind the bytes. */
#include "base/buffer.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void grows_and_ends_in_nul(void **state) {
    (void)state;
    mote_buffer b;
    mote_buffer_init(&b, 1000);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(mote_buffer_append_char(&b, (char)('a' + i % 26)), MOTE_OK);
        assert_int_equal(b.data[b.len], 0);
    }
    assert_int_equal(b.len, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    mote_buffer_clear(&b);
    assert_int_equal(b.len, 0);
    assert_string_equal(b.data, "");
    mote_buffer_deinit(&b);
    assert_null(b.data);
}

static void refuses_past_its_maximum(void **state) {
    (void)state;
    mote_buffer b;
    mote_buffer_init(&b, 4);
    assert_int_equal(mote_buffer_append_text(&b, "abcd"), MOTE_OK);
    assert_int_equal(mote_buffer_append_char(&b, 'e'), MOTE_ERR_LIMIT);
    assert_int_equal(mote_buffer_appendf(&b, "%d", 12), MOTE_ERR_LIMIT);
    assert_int_equal(mote_buffer_reserve(&b, SIZE_MAX), MOTE_ERR_LIMIT);
    assert_string_equal(b.data, "abcd");
    assert_int_equal(mote_buffer_append(&b, NULL, 0), MOTE_OK);
    mote_buffer_deinit(&b);
}

static void formats_and_hands_over(void **state) {
    (void)state;
    mote_buffer b;
    mote_buffer_init(&b, 1 << 20);
    assert_true(mote_str_is(mote_buffer_str(&b), ""));
    assert_int_equal(mote_buffer_appendf(&b, "%s-%05d", "x", 42), MOTE_OK);
    assert_int_equal(mote_buffer_append_str(&b, (mote_str){"a\0b", 3}), MOTE_OK);
    assert_true(mote_str_equal(mote_buffer_str(&b), (mote_str){"x-00042a\0b", 10}));
    char *taken = mote_buffer_take(&b);
    assert_memory_equal(taken, "x-00042a\0b", 11);
    assert_int_equal(b.len, 0);
    mote_mem_free(taken);
    taken = mote_buffer_take(&b);
    assert_string_equal(taken, "");
    mote_mem_free(taken);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_and_ends_in_nul),
        cmocka_unit_test(refuses_past_its_maximum),
        cmocka_unit_test(formats_and_hands_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
