/* The other kinds through small vocabularies: SentencePiece's byte pairs, unigram, WordPiece; from a GGUF and from a tokenizer.model. */
#include "vocabulary_bytes.h"

#include <math.h>

static const char *const spm_tokens[] = {
    "<unk>", "<s>", "</s>", "\xe2\x96\x81", "a", "b", "\xe2\x96\x81\x61", "ab", "\xe2\x96\x81\x61\x62", "<x>", "<0x0A>", "<0xFF>", "c", "\xe2\x96\x81\xe2\x96\x81"};
static const int32_t spm_types[] = {2, 3, 3, 1, 1, 1, 1, 1, 1, 4, 6, 6, 1, 1};
static const float spm_scores[] = {0, 0, 0, -9, -9, -9, -2, -1, -3, 0, 0, 0, -9, -4};
enum { N_SPM = sizeof spm_types / sizeof spm_types[0] };

static mote_tokenizer *spm(bool prefix) {
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    file_begin(&f);
    put_string(&f, "tokenizer.ggml.model", "llama");
    put_strings(&f, "tokenizer.ggml.tokens", spm_tokens, N_SPM);
    put_types(&f, spm_types, N_SPM);
    put_scores(&f, spm_scores, N_SPM);
    if (!prefix)
        put_bool(&f, "tokenizer.ggml.add_space_prefix", false);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    return t;
}

static void byte_pairs(void **state) {
    (void)state;
    mote_tokenizer *t = spm(true);
    EXPECT(t, "ab", 0, 8); /* the best score first, then with the space */
    EXPECT(t, "aab", 0, 6, 7);
    EXPECT(t, "a  a", 0, 6, 3, 6);
    EXPECT(t, "c\n\xff", 0, 3, 12, 10, 11);
    EXPECT(t, "z", 0, 3, 0); /* neither token nor byte token */
    EXPECT(t, "a", MOTE_TOKENIZE_ADD_SPECIAL, 1, 6);
    EXPECT(t, "<x>a", 0, 9, 6);
    EXPECT(t, "a<s>a", MOTE_TOKENIZE_PARSE_SPECIAL, 6, 1, 6);
    EXPECT_TEXT(t, false, "ab a", 8, 6);
    EXPECT_TEXT(t, false, "a", 1, 6, 2);
    EXPECT_TEXT(t, true, "<s> a</s>", 1, 6, 2);
    EXPECT_TEXT(t, false, "\n\xff", 10, 11);
    assert_true(mote_tokenizer_adds_bos(t));
    assert_false(mote_tokenizer_adds_eos(t));
    assert_int_equal(mote_tokenizer_unknown(t), 0);
    assert_string_equal(mote_tokenizer_kind(t), "spm");
    mote_tokenizer_free(&t);
    t = spm(false);
    EXPECT(t, "ab", 0, 7);
    EXPECT(t, " ab", 0, 8);
    EXPECT_TEXT(t, false, " ab", 8);
    mote_tokenizer_free(&t);
}

static void phi3_tokens_take_the_space_behind(void **state) {
    (void)state;
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    file_begin(&f);
    put_string(&f, "general.name", "A Phi3 model");
    put_string(&f, "tokenizer.ggml.model", "llama");
    put_strings(&f, "tokenizer.ggml.tokens", spm_tokens, N_SPM);
    put_types(&f, spm_types, N_SPM);
    put_scores(&f, spm_scores, N_SPM);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    EXPECT(t, "<x> \n a<s> a", MOTE_TOKENIZE_PARSE_SPECIAL, 9, 6, 1, 3, 6);
    mote_tokenizer_free(&t);
}

static void unigram(void **state) {
    (void)state;
    static const char *const tokens[] = {"<pad>", "</s>", "<unk>", "\xe2\x96\x81", "a", "b", "\xe2\x96\x81\x61", "ab", "bb", "<x>"};
    static const int32_t types[] = {3, 3, 2, 1, 1, 1, 1, 1, 1, 4};
    static const float scores[] = {0, 0, 0, -2, -2, -2, -2.5f, -3, -3.5f, 0};
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    file_begin(&f);
    put_string(&f, "tokenizer.ggml.model", "t5");
    put_strings(&f, "tokenizer.ggml.tokens", tokens, 10);
    put_types(&f, types, 10);
    put_scores(&f, scores, 10);
    put_bool(&f, "tokenizer.ggml.remove_extra_whitespaces", true);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    EXPECT(t, "abb", 0, 6, 8); /* _a + bb is -6; _ + ab + b is -7 */
    EXPECT(t, "  a   a ", 0, 6, 6);
    EXPECT(t, "a\303\251\303\251b", MOTE_TOKENIZE_ADD_SPECIAL, 6, 2, 5, 1);
    EXPECT(t, "<x>", 0, 9);
    EXPECT_TEXT(t, false, "abb", 6, 8, 1);
    assert_string_equal(mote_tokenizer_kind(t), "unigram");
    mote_tokenizer_free(&t);
}

static void wordpiece(void **state) {
    (void)state;
    static const char *const tokens[] = {"[PAD]", "[UNK]",           "[CLS]", "[SEP]", "\xe2\x96\x81un", "able", "\xe2\x96\x81!", "\xe2\x96\x81\x65", "\xe2\x96\x81\xe4\xb8\xad",
                                         "a",     "\xe2\x96\x81\x61"};
    static const int32_t types[] = {3, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1};
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    char longest[102];
    file_begin(&f);
    put_string(&f, "tokenizer.ggml.model", "bert");
    put_strings(&f, "tokenizer.ggml.tokens", tokens, 11);
    put_types(&f, types, 11);
    put_u32(&f, "tokenizer.ggml.cls_token_id", 2);
    put_u32(&f, "tokenizer.ggml.seperator_token_id", 3);
    put_u32(&f, "tokenizer.ggml.unknown_token_id", 1);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    EXPECT(t, "UNable! \xc3\x89", MOTE_TOKENIZE_ADD_SPECIAL, 2, 4, 5, 6, 7, 3);
    EXPECT(t, "unx\x01 un", 0, 1, 4);
    EXPECT(t,
           "un\xe4\xb8\xad"
           "a",
           0, 4, 8, 10);
    EXPECT(t, "[CLS]", MOTE_TOKENIZE_PARSE_SPECIAL, 2);
    EXPECT_TEXT(t, false, "unable! e", 2, 4, 5, 6, 7);
    memset(longest, 'a', sizeof longest);
    int32_t *ids;
    size_t n;
    assert_int_equal(mote_tokenize(t, longest, 100, 0, &ids, &n, NULL), MOTE_OK);
    assert_int_equal(n, 100);
    mote_mem_free(ids);
    expect_ids(t, longest, 101, 0, (const int32_t[]){1}, 1);
    assert_string_equal(mote_tokenizer_kind(t), "wordpiece");
    mote_tokenizer_free(&t);
}

static void put_varint(mote_buffer *b, uint64_t x) {
    for (; x > 127; x >>= 7)
        assert_int_equal(mote_buffer_append_char(b, (char)(x | 0x80)), MOTE_OK);
    assert_int_equal(mote_buffer_append_char(b, (char)x), MOTE_OK);
}

/* A tokenizer.model of the same vocabulary. */
static mote_buffer protobuf(void) {
    mote_buffer b;
    mote_buffer_init(&b, 1 << 16);
    for (size_t i = 0; i < N_SPM; i++) {
        size_t len = strlen(spm_tokens[i]);
        put_varint(&b, 1 << 3 | 2);
        put_varint(&b, 2 + len + 5 + 2);
        put_varint(&b, 1 << 3 | 2);
        put_varint(&b, len);
        assert_int_equal(mote_buffer_append(&b, spm_tokens[i], len), MOTE_OK);
        put_varint(&b, 2 << 3 | 5);
        assert_int_equal(mote_buffer_append(&b, &spm_scores[i], 4), MOTE_OK);
        put_varint(&b, 3 << 3);
        put_varint(&b, (uint64_t)spm_types[i]);
    }
    const char settings[] = {2 << 3 | 2, 2, 3 << 3, 2, 3 << 3 | 2, 4, 3 << 3, 1, 4 << 3, 0};
    assert_int_equal(mote_buffer_append(&b, settings, sizeof settings), MOTE_OK);
    return b;
}

static void sentencepiece_file(void **state) {
    (void)state;
    mote_buffer b = protobuf();
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    assert_int_equal(mote_tokenizer_create(&t, &err), MOTE_OK);
    assert_int_equal(mote_sentencepiece_read(mote_buffer_str(&b), t, &err), MOTE_OK);
    assert_int_equal(mote_tokenizer_finish(t, false, &err), MOTE_OK);
    EXPECT(t, "aab\n", 0, 6, 7, 10);
    EXPECT_TEXT(t, false, "ab", 8);
    mote_tokenizer_free(&t);
    for (size_t cut = 0; cut < b.len; cut++) {
        uint8_t *copy = malloc(cut + 1);
        memcpy(copy, b.data, cut);
        assert_int_equal(mote_tokenizer_create(&t, &err), MOTE_OK);
        mote_status status = mote_sentencepiece_read((mote_str){(char *)copy, cut}, t, &err);
        assert_true(status == MOTE_OK || (status == MOTE_ERR_FORMAT && strstr(err.message, "tokenizer.model")));
        mote_tokenizer_free(&t);
        free(copy);
    }
    mote_buffer_deinit(&b);
}

/* A map whose trie replaces "A" by "a": units of darts-clone, hand-made. */
static void charsmap(void **state) {
    (void)state;
    uint8_t map[4 + 4 * 256 + 3] = {0};
    uint32_t units[256] = {0};
    units[0] = 1u << 10;                       /* root: its children at 1 ^ byte */
    units[1 ^ 'A'] = 'A' | 1u << 8 | 2u << 10; /* leaf: its value at (1 ^ 'A') ^ 2 */
    units[(1 ^ 'A') ^ 2] = 1u << 31 | 0;
    uint32_t n = sizeof units;
    memcpy(map, &n, 4);
    memcpy(map + 4, units, sizeof units);
    memcpy(map + 4 + sizeof units, "a\0", 3);
    mote_buffer out;
    mote_error err = {0};
    mote_buffer_init(&out, 1 << 10);
    assert_int_equal(mote_charsmap_check(map, sizeof map, &err), MOTE_OK);
    assert_int_equal(mote_charsmap_apply(map, sizeof map, (const uint8_t *)"xAA\xff", 4, &out), MOTE_OK);
    assert_string_equal(out.data, "xaa\xef\xbf\xbd");
    mote_buffer_deinit(&out);
    assert_int_equal(mote_charsmap_check(map, 3, &err), MOTE_ERR_FORMAT);
    assert_int_equal(mote_charsmap_check(map, 500, &err), MOTE_ERR_FORMAT);
    map[sizeof map - 1] = 'x';
    assert_int_equal(mote_charsmap_check(map, sizeof map, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "precompiled_charsmap"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(byte_pairs),
        cmocka_unit_test(phi3_tokens_take_the_space_behind),
        cmocka_unit_test(unigram),
        cmocka_unit_test(wordpiece),
        cmocka_unit_test(sentencepiece_file),
        cmocka_unit_test(charsmap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
