/* Boxes put into lines. */
#include "tasks/receipt_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static mote_buffer out;

static mote_status text_of(const mote_str *rows, size_t n, size_t *bad) {
    mote_buffer_deinit(&out);
    mote_buffer_init(&out, 1 << 16);
    return mote_receipt_text(rows, n, &out, bad);
}

static void assert_text(const mote_str *rows, size_t n, const char *wanted) {
    size_t bad = 9;
    assert_int_equal(text_of(rows, n, &bad), MOTE_OK);
    if (!mote_str_is(mote_buffer_str(&out), wanted))
        fail_msg("%.*s", (int)out.len, out.data);
}

static void test_lines(void **state) {
    (void)state;
    const mote_str rows[] = {
        MOTE_STR("300,202,340,202,340,221,300,221,9.00"),          /* of the second line, though given first */
        MOTE_STR("50,100,200,100,200,120,50,120,SHOP, 2nd FLOOR"), /* commas in the text */
        MOTE_STR("50,200,120,200,120,220,50,220,TOTAL"),
        MOTE_STR("210,109,280,109,280,129,210,129,NO. 5"), /* half of its height beside */
        MOTE_STR("130,199,140,199,140,219,130,219,:"),
        MOTE_STR("50,231,120,231,120,240,50,240,RM"), /* a third line, near the second */
    };
    assert_text(rows, 6, "SHOP, 2nd FLOOR NO. 5\nTOTAL : 9.00\nRM\n");
    assert_text(rows, 0, "");
}

/* A staircase of boxes, each beside the one before: a line reaches as far as its first box does. */
static void test_stairs(void **state) {
    (void)state;
    const mote_str rows[] = {MOTE_STR("0,0,9,0,9,20,0,20,a"), MOTE_STR("10,8,19,8,19,28,10,28,b"), MOTE_STR("20,16,29,16,29,36,20,36,c"), MOTE_STR("30,24,39,24,39,44,30,44,d")};
    assert_text(rows, 4, "a b\nc d\n");
}

static void test_bad(void **state) {
    (void)state;
    static const char *const wrong[] = {"", "1,2,3,4,5,6,7,8", "1,2,3,4,5,6,7,text", "1,2,3,4,5,6,-7,8,text", "1,,3,4,5,6,7,8,text", "1,2,3,4,5,6,7,8888888888,text"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const mote_str rows[] = {MOTE_STR("0,0,9,0,9,20,0,20,a"), mote_str_of(wrong[i])};
        size_t bad = 9;
        assert_int_equal(text_of(rows, 2, &bad), MOTE_ERR_FORMAT);
        assert_int_equal(bad, 1);
    }
    mote_buffer_deinit(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines), cmocka_unit_test(test_stairs), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
