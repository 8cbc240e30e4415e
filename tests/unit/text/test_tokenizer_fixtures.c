/* The ids that reference programs give, where the conformance fixtures lie beside the sources: the .inp/.out pairs of nine vocabularies, and cases.json with and
 * without special tokens; decoding gives the text back. */
#include "vocabulary_bytes.h"

#include "base/file.h"
#include "formats/json.h"

static char root[4096];

static int find_fixtures(void **state) {
    const char *source = getenv("MOTE_SOURCE_DIR");
    (void)state;
    snprintf(root, sizeof root, "%s/../shared/conformance/tokenizers", source ? source : ".");
    return 0;
}

static void file_path(char path[4300], const char *name, const char *end) {
    snprintf(path, 4300, "%s/%s%s", root, name, end);
}

static mote_tokenizer *open_vocabulary(const char *name) {
    char path[4300];
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    file_path(path, name, "");
    if (mote_tokenizer_open(path, &t, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return t;
}

static mote_buffer read_fixture(const char *name, const char *end) {
    char path[4300];
    mote_buffer b;
    mote_buffer_init(&b, 64 << 20);
    file_path(path, name, end);
    assert_int_equal(mote_file_read(path, &b, NULL), MOTE_OK);
    return b;
}

/* The ids of one line of a .out file; *line moves to the next. */
static size_t read_line(const char **line, int32_t *ids, size_t most) {
    size_t n = 0;
    while (**line && **line != '\n') {
        char *end;
        long id = strtol(*line, &end, 10);
        if (end == *line)
            break;
        assert_true(n < most);
        ids[n++] = (int32_t)id;
        *line = end;
    }
    *line += **line == '\n';
    return n;
}

static void pairs(void **state) {
    static const char *const names[] = {"bert-bge", "gemma-4", "gpt-2", "llama-bpe", "llama-spm", "phi-3", "qwen2", "refact", "starcoder"};
    static const char mark[] = "\n__ggml_vocab_test__\n";
    enum { MOST = 4096 };
    static int32_t want[MOST];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64], path[4300];
        snprintf(name, sizeof name, "ggml-vocab-%s.gguf", names[i]);
        file_path(path, name, ".inp");
        if (!mote_file_exists(path))
            skip();
        mote_tokenizer *t = open_vocabulary(name);
        mote_buffer in = read_fixture(name, ".inp"), out = read_fixture(name, ".out");
        const char *line = out.data;
        unsigned n = 0;
        for (const char *at = in.data, *end; (end = memmem(at, (size_t)(in.data + in.len - at), mark, sizeof mark - 1)); at = end + sizeof mark - 1, n++)
            expect_ids(t, at, (size_t)(end - at), 0, want, read_line(&line, want, MOST));
        assert_true(n >= 45);
        mote_buffer_deinit(&in);
        mote_buffer_deinit(&out);
        mote_tokenizer_free(&t);
    }
}

static void append_text(mote_buffer *b, const mote_json *v) {
    assert_int_equal(mote_buffer_append_str(b, mote_json_string(v)), MOTE_OK);
}

static mote_buffer case_text(const mote_json *c) {
    mote_buffer b;
    const mote_json *build = mote_json_get(c, "build");
    mote_buffer_init(&b, 64 << 20);
    append_text(&b, build ? mote_json_get(build, "prefix") : mote_json_get(c, "text"));
    for (int64_t i = mote_json_integer(mote_json_get(build, "count"), 0); i > 0; i--)
        append_text(&b, mote_json_get(build, "repeat"));
    append_text(&b, mote_json_get(build, "suffix"));
    return b;
}

static void push_all(mote_ids *ids, const mote_json *list) {
    for (size_t i = 0; i < mote_json_length(list); i++)
        assert_int_equal(mote_ids_push(ids, (int32_t)mote_json_integer(mote_json_at(list, i), -1)), MOTE_OK);
}

/* Long lists are packed; see the fixtures' own README. */
static mote_ids unpack(const mote_json *v) {
    mote_ids ids = {0};
    const mote_json *rle = mote_json_get(v, "rle");
    if (mote_json_typeof(v) == MOTE_JSON_ARRAY) {
        push_all(&ids, v);
        return ids;
    }
    for (size_t i = 0; i < mote_json_length(rle); i++)
        for (int64_t n = mote_json_integer(mote_json_at(mote_json_at(rle, i), 1), 0); n > 0; n--)
            assert_int_equal(mote_ids_push(&ids, (int32_t)mote_json_integer(mote_json_at(mote_json_at(rle, i), 0), -1)), MOTE_OK);
    push_all(&ids, mote_json_get(v, "head"));
    for (int64_t n = mote_json_integer(mote_json_get(v, "times"), 0); n > 0; n--)
        push_all(&ids, mote_json_get(v, "period"));
    push_all(&ids, mote_json_get(v, "tail"));
    return ids;
}

/* What comes back: the text, but for what a vocabulary cannot hold. */
static bool is_lossless(const char *set, const char *id) {
    return strcmp(set, "bert-bge") != 0 && strcmp(id, "special-11") != 0 && !(strcmp(set, "smollm2-135m") == 0 && strncmp(id, "control-", 8) == 0) &&
           !(strcmp(set, "qwen2") == 0 && (strncmp(id, "combining-", 10) == 0 || strcmp(id, "run-13") == 0));
}

static void check_case(const mote_tokenizer *t, const char *set, const mote_json *c, const mote_json *expected, bool special) {
    const char *id = mote_json_text(mote_json_get(c, "id"));
    mote_buffer text = case_text(c);
    mote_ids want = unpack(mote_json_get(expected, id));
    mote_str s = mote_buffer_str(&text);
    expect_ids(t, s.data, s.len, special ? MOTE_TOKENIZE_PARSE_SPECIAL : 0, want.items, want.len);
    if (!special && is_lossless(set, id)) {
        char *back = NULL;
        size_t len = 0;
        assert_int_equal(mote_detokenize(t, want.items, want.len, false, &back, &len, NULL), MOTE_OK);
        if (len != s.len || memcmp(back, s.data, len) != 0)
            fail_msg("%s %s: the ids give '%s'", set, id, back);
        mote_mem_free(back);
    }
    mote_mem_free(want.items);
    mote_buffer_deinit(&text);
}

static void cases(void **state) {
    char path[4300];
    mote_json *all = NULL;
    (void)state;
    file_path(path, "cases.json", "");
    if (!mote_file_exists(path))
        skip();
    assert_int_equal(mote_json_read(path, &all, NULL), MOTE_OK);
    const mote_json *sets = mote_json_get(all, "sets"), *list = mote_json_get(all, "cases");
    unsigned n = 0;
    for (mote_json_iter *it = mote_json_first(sets); it; it = mote_json_next(sets, it)) {
        const mote_json *set = mote_json_iter_value(it), *expected = mote_json_get(set, "expected");
        const char *name = mote_json_text(mote_json_get(set, "vocabulary"));
        char set_name[64];
        snprintf(set_name, sizeof set_name, "%.*s", MOTE_STR_ARGS(mote_json_iter_key(it)));
        file_path(path, name, "");
        if (!mote_file_exists(path))
            continue;
        mote_tokenizer *t = open_vocabulary(name);
        for (size_t i = 0; i < mote_json_length(list); i++, n++) {
            check_case(t, set_name, mote_json_at(list, i), mote_json_get(expected, "off"), false);
            check_case(t, set_name, mote_json_at(list, i), mote_json_get(expected, "on"), true);
        }
        mote_tokenizer_free(&t);
    }
    assert_true(n >= 1000);
    mote_json_free(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(pairs), cmocka_unit_test(cases)};
    return cmocka_run_group_tests(tests, find_fixtures, NULL);
}
