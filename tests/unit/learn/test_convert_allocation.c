/* Every allocation of a conversion fails once, and persistently from there: MOTE_ERR_ALLOC, nothing leaked, no file left. Over a byte-level tokenizer, over SentencePiece's scores
 * and over vocab.json with merges.txt; over ordinary weights and over integers. */
#include "failing_memory.h"

#include <mote/convert.h>

#include "base/file.h"

#include <stdio.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[64], out[128];

static void write_file(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void sweep(const char *from) {
    for (int p = 0; p < 2; p++) {
        persistent = p;
        for (fail_at = 1;; fail_at += 1 + fail_at / 40) { /* each of the first forty, then ever fewer */
            mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
            mote_error err = {0};
            long before = n_live;
            options.n_threads = 1;
            n_calls = 0;
            mote_status status = mote_convert_folder(from, out, &options, NULL, &err);
            assert_int_equal(n_live, before);
            bool is_left = mote_file_exists(out);
            unlink(out);
            if (status == MOTE_OK && n_calls < fail_at)
                break;
            if (status != MOTE_OK && (status != MOTE_ERR_ALLOC || is_left))
                fail_msg("allocation %ld: status %d, %s", fail_at, status, err.message);
        }
        assert_true(fail_at > 40);
    }
    fail_at = 0;
}

static void with_family(const char *name) {
    const char *root = getenv("MOTE_SOURCE_DIR");
    char path[512];
    if (!root)
        skip();
    snprintf(path, sizeof path, "%s/tests/golden/families/%s", root, name);
    sweep(path);
}

static void byte_level(void **state) {
    (void)state;
    with_family("llama");
}

static void integers_and_pieces(void **state) {
    (void)state;
    with_family("gptq-int4");
    with_family("xlm-roberta");
}

static void older_tokenizer(void **state) {
    static const char *const files[] = {"vocab.json", "merges.txt", "config.json", "model.safetensors", "tokenizer_config.json"};
    const char *root = getenv("MOTE_SOURCE_DIR");
    char from[512], path[128];
    (void)state;
    if (!root)
        skip();
    write_file("vocab.json", "{\"a\":0,\"b\":1,\"ab\":2,\"<|endoftext|>\":3}");
    write_file("merges.txt", "#version: 0.2\na b\n");
    write_file("tokenizer_config.json", "{\"tokenizer_class\":\"GPT2Tokenizer\",\"eos_token\":\"<|endoftext|>\"}");
    for (int i = 2; i < 4; i++) {
        snprintf(from, sizeof from, "%s/tests/golden/families/llama/%s", root, files[i]);
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        assert_int_equal(symlink(from, path), 0);
    }
    sweep(folder);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-convert-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(out, sizeof out, "%s/out.gguf", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(out);
    return rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(byte_level), cmocka_unit_test(integers_and_pieces), cmocka_unit_test(older_tokenizer)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
