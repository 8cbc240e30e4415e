/* Streams of tokens: whole characters only, U+FFFD for what can't become one, nothing allocated while pushing. */
#include "vocabulary_bytes.h"

static mote_tokenizer *make(void) {
    static const char *const merges[] = {"a b"}, *const controls[] = {"<|im_end|>"};
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    file_begin(&f);
    put_byte_level(&f, "gpt-2", merges, 1, controls, 1);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    return t;
}

static void expect_push(mote_detokenizer *d, int32_t id, const char *want) {
    const char *text;
    size_t len;
    assert_int_equal(id < 0 ? mote_detokenizer_flush(d, &text, &len) : mote_detokenizer_push(d, id, &text, &len), MOTE_OK);
    assert_int_equal(len, strlen(want));
    assert_string_equal(text, want);
}

static void characters_stay_whole(void **state) {
    (void)state;
    mote_tokenizer *t = make();
    mote_detokenizer *d = NULL;
    assert_int_equal(mote_detokenizer_create(t, false, &d, NULL), MOTE_OK);
    expect_push(d, 256, "ab");
    expect_push(d, 0xf0, "");
    expect_push(d, 0x9f, "");
    expect_push(d, 0x98, "");
    expect_push(d, 0x80, "\xf0\x9f\x98\x80");
    expect_push(d, 257, "");
    expect_push(d, 258, "<tool>");
    expect_push(d, 0xff, "\xef\xbf\xbd");
    expect_push(d, 0xc3, "");
    expect_push(d, 'x', "\xef\xbf\xbdx");
    expect_push(d, 0xe4, "");
    expect_push(d, 0xb8, "");
    expect_push(d, 0xc3, "\xef\xbf\xbd\xef\xbf\xbd");
    expect_push(d, 0xa9, "\xc3\xa9");
    expect_push(d, 0xed, "");
    expect_push(d, 0xa0, "\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate can't be finished */
    expect_push(d, 0xf0, "");
    expect_push(d, -1, "\xef\xbf\xbd");
    expect_push(d, -1, "");
    const char *text;
    size_t len;
    assert_int_equal(mote_detokenizer_push(d, 259, &text, &len), MOTE_ERR_ARGUMENT);
    expect_push(d, 'a', "a");
    mote_detokenizer_free(&d);
    assert_null(d);
    mote_detokenizer_free(&d);
    assert_int_equal(mote_detokenizer_create(t, true, &d, NULL), MOTE_OK);
    expect_push(d, 257, "<|im_end|>");
    mote_detokenizer_free(&d);
    mote_tokenizer_free(&t);
}

static void whole_texts_keep_their_bytes(void **state) {
    (void)state;
    mote_tokenizer *t = make();
    EXPECT_TEXT(t, false, "ab\xff\xc3", 256, 0xff, 257, 0xc3);
    EXPECT_TEXT(t, true, "<|im_end|>", 257);
    char *text = NULL;
    size_t len;
    mote_error err = {0};
    assert_int_equal(mote_detokenize(t, (const int32_t[]){1, 259}, 2, false, &text, &len, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "259"));
    assert_null(text);
    assert_int_equal(mote_detokenize(t, NULL, 0, false, &text, &len, &err), MOTE_OK);
    assert_int_equal(len, 0);
    assert_string_equal(text, "");
    mote_mem_free(text);
    mote_tokenizer_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(characters_stay_whole), cmocka_unit_test(whole_texts_keep_their_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
