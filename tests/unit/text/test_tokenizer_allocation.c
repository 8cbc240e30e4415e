/* Every allocation of loading, tokenizing and detokenizing fails once, and persistently from there: an error, nothing leaked. */
#include "vocabulary_bytes.h"

#include "formats/json.h"
#include "text/tokenizer_json.h"

#include "failing_memory.h"

static const char byte_pairs[] =
    "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFKC\"},{\"type\":\"Prepend\",\"prepend\":\"x\"}]},\"pre_tokenizer\":{\"type\":\"Sequence\","
    "\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"String\":\"q\"},\"behavior\":\"Isolated\"},{\"type\":\"Metaspace\"}]},\"model\":{\"type\":\"BPE\","
    "\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"x\":3},\"merges\":[\"a b\"]},\"added_tokens\":[{\"id\":4,\"content\":\"<x>\",\"special\":true,\"rstrip\":true}]}";
static const char unigram[] = "{\"normalizer\":{\"type\":\"Lowercase\"},\"model\":{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[[\"<u>\",0],[\"a\",-1],[\"ab\",-1]]}}";

static mote_status run(const char *json, const char *text, size_t len) {
    mote_json *root = NULL;
    mote_tokenizer *t = NULL;
    mote_detokenizer *d = NULL;
    int32_t *ids = NULL;
    char *back = NULL;
    size_t n = 0, back_len = 0;
    mote_status status = mote_json_parse(json, strlen(json), &root, NULL);
    if (status == MOTE_OK)
        status = mote_tokenizer_create(&t, NULL);
    if (status == MOTE_OK)
        status = mote_tokenizer_json_load(t, root, NULL);
    if (status == MOTE_OK)
        status = mote_tokenizer_finish(t, false, NULL);
    if (status == MOTE_OK)
        status = mote_tokenize(t, text, len, MOTE_TOKENIZE_PARSE_SPECIAL, &ids, &n, NULL);
    if (status == MOTE_OK)
        status = mote_detokenize(t, ids, n, true, &back, &back_len, NULL);
    if (status == MOTE_OK)
        status = mote_detokenizer_create(t, false, &d, NULL);
    mote_detokenizer_free(&d);
    mote_mem_free(ids);
    mote_mem_free(back);
    mote_tokenizer_free(&t);
    mote_json_free(&root);
    return status;
}

static void sweep(const char *json, const char *text, size_t len) {
    for (int mode = 0; mode < 2; mode++) {
        persistent = mode;
        fail_at = n_calls = n_live = 0;
        assert_int_equal(run(json, text, len), MOTE_OK);
        long total = n_calls;
        assert_int_equal(n_live, 0);
        assert_true(total > 10);
        for (long i = 1; i <= total; i++) {
            fail_at = i;
            n_calls = 0;
            assert_int_equal(run(json, text, len), MOTE_ERR_ALLOC);
            assert_int_equal(n_live, 0);
        }
        fail_at = 0;
    }
}

static void every_allocation(void **state) {
    char text[3000];
    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < sizeof text; i += 2)
        text[i] = 'b';
    memcpy(text + 600, "\xc3\xa9\xcc\x81<x> q", 9);
    sweep(byte_pairs, text, sizeof text);
    sweep(unigram, text, sizeof text);
}

/* Pushing to a stream takes no memory. */
static void pushing_allocates_nothing(void **state) {
    mote_json *root = NULL;
    mote_tokenizer *t = NULL;
    mote_detokenizer *d = NULL;
    const char *text;
    size_t len;
    (void)state;
    fail_at = 0;
    assert_int_equal(mote_json_parse(byte_pairs, sizeof byte_pairs - 1, &root, NULL), MOTE_OK);
    assert_int_equal(mote_tokenizer_create(&t, NULL), MOTE_OK);
    assert_int_equal(mote_tokenizer_json_load(t, root, NULL), MOTE_OK);
    assert_int_equal(mote_tokenizer_finish(t, false, NULL), MOTE_OK);
    assert_int_equal(mote_detokenizer_create(t, true, &d, NULL), MOTE_OK);
    n_calls = 0;
    for (int32_t id = 0; id < 5; id++)
        assert_int_equal(mote_detokenizer_push(d, id, &text, &len), MOTE_OK);
    assert_int_equal(mote_detokenizer_flush(d, &text, &len), MOTE_OK);
    assert_int_equal(n_calls, 0);
    mote_detokenizer_free(&d);
    mote_tokenizer_free(&t);
    mote_json_free(&root);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation), cmocka_unit_test(pushing_allocates_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
