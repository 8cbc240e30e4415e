/* UTF-8 at its borders, classes, GPT-2's alphabet, normal forms. */
#include "base/buffer.h"
#include "text/normalize.h"
#include "text/unicode.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_code_point_survives(void **state) {
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint8_t bytes[4];
        uint32_t back;
        size_t n = mote_unicode_encode(c, bytes);
        if (c >= 0xd800 && c < 0xe000) {
            assert_int_equal(mote_unicode_decode(bytes, n, &back), 1);
            assert_int_equal(back, MOTE_UNICODE_BAD);
            continue;
        }
        assert_int_equal(mote_unicode_decode(bytes, n, &back), n);
        assert_int_equal(back, c);
        for (size_t cut = 1; cut < n; cut++) {
            assert_int_equal(mote_unicode_decode(bytes, cut, &back), 1);
            assert_int_equal(back, MOTE_UNICODE_BAD);
            assert_int_equal(mote_unicode_unfinished(bytes, cut), cut);
        }
        assert_int_equal(mote_unicode_unfinished(bytes, n), 0);
    }
}

static void malformed_bytes_stand_alone(void **state) {
    (void)state;
    static const char *const cases[] = {"\x80", "\xc0\x80",     "\xc1\xbf", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                        "\xff", "\xed\xa0\x80", "\xc3(",    "\xe4\xb8("};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t c;
        assert_int_equal(mote_unicode_decode((const uint8_t *)cases[i], strlen(cases[i]), &c), 1);
        assert_int_equal(c, MOTE_UNICODE_BAD);
    }
    static const char *const hopeless[] = {"\x80", "\xc0", "\xe0\x80", "\xed\xa0", "\xf4\x90", "\xff", "a"};
    for (size_t i = 0; i < sizeof hopeless / sizeof hopeless[0]; i++)
        assert_int_equal(mote_unicode_unfinished((const uint8_t *)hopeless[i], strlen(hopeless[i])), 0);
}

static void bytes_have_distinct_characters(void **state) {
    (void)state;
    unsigned n = 0;
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(mote_unicode_to_byte(mote_unicode_of_byte((uint8_t)i)), i);
    for (uint32_t c = 0; c < 0x300; c++)
        n += mote_unicode_to_byte(c) >= 0;
    assert_int_equal(n, 256);
    assert_int_equal(mote_unicode_of_byte(' '), 0x120);
    assert_int_equal(mote_unicode_of_byte('\n'), 0x10a);
}

static void classes(void **state) {
    (void)state;
    static const struct {
        uint32_t c, class;
    } cases[] = {{'a', MOTE_UNICODE_LL},    {'Z', MOTE_UNICODE_LU},     {0x1c5, MOTE_UNICODE_LT},     {0x2b0, MOTE_UNICODE_LM},
                 {0x4e2d, MOTE_UNICODE_LO}, {'7', MOTE_UNICODE_ND},     {0x2163, MOTE_UNICODE_NL},    {0xbd, MOTE_UNICODE_N},
                 {0x301, MOTE_UNICODE_MN},  {'_', MOTE_UNICODE_PC},     {'!', MOTE_UNICODE_P},        {'$', MOTE_UNICODE_S},
                 {' ', MOTE_UNICODE_SPACE}, {0x85, MOTE_UNICODE_SPACE}, {0x3000, MOTE_UNICODE_SPACE}, {MOTE_UNICODE_BAD, MOTE_UNICODE_S}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_true(mote_unicode_class(cases[i].c) & cases[i].class);
    assert_false(mote_unicode_is_space(0x200b) || mote_unicode_is_space(0x180e) || mote_unicode_is_space(0x1c));
}

static void expect(mote_normalize_step step, const char *from, const char *want) {
    mote_buffer out;
    mote_buffer_init(&out, 1 << 24);
    assert_int_equal(mote_normalize_apply(&step, (const uint8_t *)from, strlen(from), true, &out, NULL), MOTE_OK);
    assert_int_equal(out.len, strlen(want));
    assert_memory_equal(mote_buffer_str(&out).data, want, out.len);
    mote_buffer_deinit(&out);
}

static void normal_forms(void **state) {
    (void)state;
    const mote_normalize_step nfc = {.op = MOTE_NORMALIZE_NFC}, nfd = {.op = MOTE_NORMALIZE_NFD}, nfkc = {.op = MOTE_NORMALIZE_NFKC};
    expect(nfc, "e\xcc\x81 A\xcc\x8a", "\xc3\xa9 \xc3\x85");
    expect(nfc, "o\xcc\x82\xcc\xa3", "\xe1\xbb\x99");                    /* marks in either order */
    expect(nfc, "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c"); /* jamo */
    expect(nfc,
           "\xcc\x81"
           "e\xff\xcc\x81x",
           "\xcc\x81"
           "e\xff\xcc\x81x"); /* a malformed byte separates */
    expect(nfd, "\xe1\xbb\x99", "o\xcc\xa3\xcc\x82");
    expect(nfkc, "\xef\xac\x81\xc2\xb2", "fi2");
    expect((mote_normalize_step){.op = MOTE_NORMALIZE_LOWERCASE}, "AZ\xc3\x89\xc4\xb0", "az\xc3\xa9i\xcc\x87");
    expect((mote_normalize_step){.op = MOTE_NORMALIZE_CLEAN},
           "a\x01\tb\xe2\x80\xa8"
           "c\xff",
           "a b c");
    expect((mote_normalize_step){.op = MOTE_NORMALIZE_SPACE_HAN}, "a\xe4\xb8\xad", "a \xe4\xb8\xad ");
    expect((mote_normalize_step){.op = MOTE_NORMALIZE_MERGE_SPACES}, "  a   b ", "a b");
    expect((mote_normalize_step){.op = MOTE_NORMALIZE_STRIP, .left = true}, " \xe2\x80\x83 a ", "a ");
    char with[] = "bb", what[] = "a";
    expect((mote_normalize_step){.op = MOTE_NORMALIZE_REPLACE, .pattern = what, .pattern_len = 1, .content = with, .content_len = 2}, "aXa", "bbXbb");
}

/* A run of marks in the wrong order: sorting it by exchanges would take minutes. */
static void long_runs_of_marks(void **state) {
    (void)state;
    enum { PAIRS = 100000 };
    mote_buffer in, out;
    mote_buffer_init(&in, 1 << 20);
    mote_buffer_init(&out, 1 << 20);
    for (int i = 0; i < PAIRS; i++)
        assert_int_equal(mote_buffer_append(&in, "\xcc\x81\xcc\xa3", 4), MOTE_OK);
    const mote_normalize_step nfd = {.op = MOTE_NORMALIZE_NFD};
    assert_int_equal(mote_normalize_apply(&nfd, (const uint8_t *)in.data, in.len, true, &out, NULL), MOTE_OK);
    assert_int_equal(out.len, in.len);
    for (size_t i = 0; i < out.len; i += 2)
        assert_memory_equal(out.data + i, i < out.len / 2 ? "\xcc\xa3" : "\xcc\x81", 2);
    mote_buffer_deinit(&in);
    mote_buffer_deinit(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_survives),
        cmocka_unit_test(malformed_bytes_stand_alone),
        cmocka_unit_test(bytes_have_distinct_characters),
        cmocka_unit_test(classes),
        cmocka_unit_test(normal_forms),
        cmocka_unit_test(long_runs_of_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
