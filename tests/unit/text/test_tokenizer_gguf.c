/* What a GGUF's vocabulary may not be: each malformed file is refused with a message that names the key. */
#include "vocabulary_bytes.h"

#include <math.h>

static const char *const words[] = {"<unk>", "<s>", "</s>", "a", "<0x0A>"};
static const int32_t word_types[] = {2, 3, 3, 1, 6};
static const float word_scores[] = {0, 0, 0, -1, 0};
enum { N = 5 };

static void refuse(vocabulary_file *f, mote_status want, const char *named) {
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    mote_status status = file_open(f, &t, &err);
    if (status != want || !strstr(err.message, named))
        fail_msg("status %d, message '%s', which should name %s", status, err.message, named);
    assert_null(t);
}

static void begin(vocabulary_file *f, const char *model) {
    file_begin(f);
    put_string(f, "tokenizer.ggml.model", model);
}

static void begin_words(vocabulary_file *f, const char *model) {
    begin(f, model);
    put_strings(f, "tokenizer.ggml.tokens", words, N);
}

static void models(void **state) {
    (void)state;
    vocabulary_file f;
    file_begin(&f);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.model");
    begin_words(&f, "rwkv");
    refuse(&f, MOTE_ERR_UNSUPPORTED, "rwkv");
    begin_words(&f, "gpt2");
    put_string(&f, "tokenizer.ggml.pre", "nobody-knows");
    refuse(&f, MOTE_ERR_UNSUPPORTED, "nobody-knows");
}

static void tokens(void **state) {
    (void)state;
    vocabulary_file f;
    begin(&f, "llama");
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.tokens");
    begin(&f, "llama");
    put_strings(&f, "tokenizer.ggml.tokens", words, 0);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.tokens");
    begin(&f, "llama");
    put_string(&f, "tokenizer.ggml.tokens", "a");
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.tokens");
    static const char *const spellings[] = {"<0x-1>", "<0xG8>", "<0x1E0>", "<0x", ""};
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        const char *changed[N] = {words[0], words[1], words[2], words[3], spellings[i]};
        begin(&f, "llama");
        put_strings(&f, "tokenizer.ggml.tokens", changed, N);
        put_types(&f, word_types, N);
        refuse(&f, MOTE_ERR_FORMAT, "byte token 4");
    }
}

static void scores_and_types(void **state) {
    (void)state;
    vocabulary_file f;
    begin_words(&f, "llama");
    put_scores(&f, word_scores, N - 1);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.scores");
    begin_words(&f, "llama");
    put_array(&f, "tokenizer.ggml.scores", MOTE_GGUF_I32, N);
    put(&f, word_types, sizeof word_types);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.scores");
    begin_words(&f, "llama");
    put_scores(&f, (const float[]){0, 0, NAN, 0, 0}, N);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.scores");
    begin_words(&f, "llama");
    put_types(&f, word_types, N - 1);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.token_type");
    begin_words(&f, "llama");
    put_array(&f, "tokenizer.ggml.token_type", MOTE_GGUF_I8, N);
    put(&f, "\2\3\3\1\6", N);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.token_type");
}

static void ids(void **state) {
    (void)state;
    static const char *const keys[] = {"bos_token_id",     "eos_token_id",       "eot_token_id",  "eom_token_id",    "unknown_token_id",
                                       "padding_token_id", "seperator_token_id", "mask_token_id", "fim_pad_token_id"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        char key[64];
        vocabulary_file f;
        snprintf(key, sizeof key, "tokenizer.ggml.%s", keys[i]);
        begin_words(&f, "llama");
        put_u32(&f, key, N);
        refuse(&f, MOTE_ERR_FORMAT, key);
    }
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    begin_words(&f, "llama");
    put_u32(&f, "tokenizer.ggml.bos_token_id", UINT32_MAX);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    assert_int_equal(mote_tokenizer_bos(t), -1);
    assert_int_equal(mote_tokenizer_eos(t), 2);
    mote_tokenizer_free(&t);
}

static void merges(void **state) {
    (void)state;
    vocabulary_file f;
    begin_words(&f, "gpt2");
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.merges");
    static const char *const lists[] = {"ab", "", "a", " a"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        begin_words(&f, "gpt2");
        put_strings(&f, "tokenizer.ggml.merges", &lists[i], 1);
        refuse(&f, MOTE_ERR_FORMAT, "merge 0");
    }
    begin_words(&f, "gpt2");
    put_array(&f, "tokenizer.ggml.merges", MOTE_GGUF_I32, 1);
    put_number(&f, 1, 4);
    refuse(&f, MOTE_ERR_FORMAT, "tokenizer.ggml.merges");
    static const char *const strange[] = {"a zzz", "   ", "a a"};
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    begin_words(&f, "gpt2");
    put_strings(&f, "tokenizer.ggml.merges", strange, 3);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    EXPECT(t, "aza", 0, 3, 3); /* what has no token is dropped, as there is no unknown token */
    mote_tokenizer_free(&t);
}

static void odd_but_harmless(void **state) {
    (void)state;
    static const char *const odd[] = {"\xff\xfe", "same", "same", "", "<|im_end|>", "</s>"};
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    begin(&f, "llama");
    put_strings(&f, "tokenizer.ggml.tokens", odd, 6);
    put_types(&f, (const int32_t[]){1, 1, 77, -4, 1, 1}, 6);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    assert_int_equal(mote_tokenizer_find(t, MOTE_STR("same")), 1);
    assert_int_equal(mote_tokenizer_type(t, 2), MOTE_TOKEN_UNUSED);
    assert_int_equal(mote_tokenizer_type(t, 4), MOTE_TOKEN_CONTROL); /* by its text */
    assert_int_equal(mote_tokenizer_type(t, 5), MOTE_TOKEN_NORMAL);
    assert_true(mote_tokenizer_is_end(t, 4));
    assert_false(mote_tokenizer_is_end(t, 5));
    mote_tokenizer_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models), cmocka_unit_test(tokens), cmocka_unit_test(scores_and_types), cmocka_unit_test(ids), cmocka_unit_test(merges), cmocka_unit_test(odd_but_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
