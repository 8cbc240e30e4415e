/* Converting folders: the tensors of llama.cpp's converter byte for byte and its keys where both have one; types; what the file says of itself; refusals that leave nothing. */
#include <mote/convert.h>
#include <mote/quantize.h>

#include "base/buffer.h"
#include "base/file.h"
#include "formats/gguf.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[64], out[128], other[128];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-convert-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(out, sizeof out, "%s/out.gguf", folder);
    snprintf(other, sizeof other, "%s/other.gguf", folder);
    return 0;
}

static int remove_folder(void **state) {
    char path[400];
    DIR *d = opendir(folder);
    (void)state;
    for (struct dirent *e; d && (e = readdir(d));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        unlink(path);
    }
    closedir(d);
    return rmdir(folder);
}

static const char *family(const char *name, const char *file, char path[512]) {
    const char *root = getenv("MOTE_SOURCE_DIR");
    if (!root)
        skip();
    snprintf(path, 512, "%s/tests/golden/families/%s%s%s", root, name, *file ? "/" : "", file);
    return path;
}

static mote_gguf *open_gguf(const char *path) {
    mote_gguf *g = NULL;
    mote_error err = {0};
    if (mote_gguf_open(path, &g, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return g;
}

static void convert(const char *from, const char *to, const mote_convert_options *options, mote_convert_result *result) {
    mote_error err = {0};
    if (mote_convert_folder(from, to, options, result, &err) != MOTE_OK)
        fail_msg("%s: %s", from, err.message);
}

static void same_tensors(const char *name, const mote_gguf *want, const mote_gguf *got) {
    if (mote_gguf_n_tensors(want) != mote_gguf_n_tensors(got))
        fail_msg("%s: %zu tensors, expected %zu", name, mote_gguf_n_tensors(got), mote_gguf_n_tensors(want));
    for (size_t i = 0; i < mote_gguf_n_tensors(want); i++) {
        const mote_gguf_tensor *a = mote_gguf_tensor_at(want, i);
        char text[256];
        snprintf(text, sizeof text, "%.*s", (int)a->name.len, a->name.data);
        const mote_gguf_tensor *b = mote_gguf_find_tensor(got, text);
        if (!b || a->type != b->type || memcmp(a->dims, b->dims, sizeof a->dims) != 0 || a->n_bytes != b->n_bytes || memcmp(a->data, b->data, a->n_bytes) != 0)
            fail_msg("%s: tensor %s is missing or another", name, text);
    }
}

/* Where ours may say something else: the folder's names; a pre-tokenizer's name has synonyms; hybrids' context, which llama.cpp's converter makes up. */
static bool may_differ(mote_str key) {
    static const char *const ends[] = {".context_length", "ggml.pre", "general.name", "general.size_label", ".head_count_kv"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (mote_str_ends(key, mote_str_of(ends[i])))
            return true;
    return false;
}

static void same_values(const char *name, const mote_gguf *want, const mote_gguf *got) {
    for (size_t i = 0; i < mote_gguf_n_values(want); i++) {
        const mote_gguf_value *a = mote_gguf_value_at(want, i);
        char text[256];
        snprintf(text, sizeof text, "%.*s", (int)a->key.len, a->key.data);
        const mote_gguf_value *b = mote_gguf_find(got, text);
        if (!b || may_differ(a->key))
            continue;
        if (a->type != b->type || a->item_type != b->item_type || a->n_bytes != b->n_bytes || memcmp(a->data, b->data, a->n_bytes) != 0)
            fail_msg("%s: key %s differs", name, text);
    }
}

static void as_llama_cpp_does(void **state) {
    char path[512];
    size_t n = 0;
    mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
    options.type = "F32";
    DIR *d = opendir(family("", "", path));
    (void)state;
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        char reference[512];
        if (e->d_name[0] == '.' || !mote_file_exists(family(e->d_name, "model-f32.gguf", reference)))
            continue;
        convert(family(e->d_name, "", path), out, &options, NULL);
        mote_gguf *want = open_gguf(reference), *got = open_gguf(out);
        same_tensors(e->d_name, want, got);
        same_values(e->d_name, want, got);
        mote_gguf_close(&want);
        mote_gguf_close(&got);
        n++;
    }
    closedir(d);
    assert_true(n >= 10);
}

/* A type asked for is what quantising the converted file gives; nothing depends on threads. */
static void types(void **state) {
    static const char *const names[] = {"f16", "BF16", "q8_0", "q5_1"};
    char path[512];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
        mote_convert_result result;
        mote_error err = {0};
        options.type = names[i];
        options.n_threads = 1 + (int)(i % 3);
        convert(family("llama", "", path), out, NULL, NULL);
        assert_int_equal(mote_quantize_file(out, other, names[i], NULL, NULL, &err), MOTE_OK);
        convert(path, out, &options, &result);
        mote_gguf *want = open_gguf(other), *got = open_gguf(out);
        same_tensors(names[i], want, got);
        uint32_t a = 98, b = 99;
        assert_int_equal(mote_gguf_get_u32(want, "general.file_type", true, &a, &err), MOTE_OK);
        assert_int_equal(mote_gguf_get_u32(got, "general.file_type", true, &b, &err), MOTE_OK);
        assert_int_equal(a, b);
        assert_string_equal(result.architecture, "llama");
        assert_int_equal(result.n_tensors, mote_gguf_n_tensors(got));
        mote_gguf_close(&want);
        mote_gguf_close(&got);
    }
}

static void own_types(void **state) {
    static const struct { const char *family, *type; } cases[] = {{"llama", "F32"}, {"gptq-int4", "F16"}, {"awq-int4", "F16"}};
    char path[512];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_convert_result result;
        convert(family(cases[i].family, "", path), out, NULL, &result);
        assert_string_equal(result.type, cases[i].type);
    }
    mote_convert_result result;
    convert(family("ministral", "", path), out, NULL, &result);
    assert_true(result.lost_window > 0);
}

/* The files of a family in the test's own folder, to be changed. */
static void borrow(const char *name) {
    static const char *const files[] = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"};
    char from[512], to[128];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        snprintf(to, sizeof to, "%s/%s", folder, files[i]);
        unlink(to);
        assert_int_equal(symlink(family(name, files[i], from), to), 0);
    }
}

static void write_file(const char *name, const char *text) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

static void expect_text(const mote_gguf *g, const char *key, const char *want) {
    mote_str text = {0};
    mote_error err = {0};
    if (mote_gguf_get_string(g, key, true, &text, &err) != MOTE_OK || !mote_str_is(text, want))
        fail_msg("%s is '%.*s', expected '%s'", key, (int)text.len, text.len ? text.data : "", want);
}

static void what_the_file_says_of_itself(void **state) {
    mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
    (void)state;
    borrow("llama");
    write_file("chat_template.json", "{\"chat_template\":[{\"name\":\"tool_use\",\"template\":\"x\"},{\"name\":\"default\",\"template\":\"{{ messages }}\"}]}");
    write_file("README.md", "---\nlanguage: en\nlicense: 'apache-2.0'\n---\n\nlicense: mit\n");
    options.name = "My Phi-3 and PHI3";
    convert(folder, out, &options, NULL);
    mote_gguf *g = open_gguf(out);
    expect_text(g, "general.name", "My Phi 3 and PHI 3"); /* whose tokenizer this isn't, and llama.cpp would take it for */
    expect_text(g, "general.license", "apache-2.0");
    expect_text(g, "tokenizer.chat_template", "{{ messages }}");
    expect_text(g, "general.type", "model");
    mote_gguf_close(&g);
}

static void read_config(const char *name, char text[4096]) {
    char path[512];
    FILE *f = fopen(family(name, "config.json", path), "rb");
    assert_non_null(f);
    size_t n = fread(text, 1, 4095, f);
    assert_int_equal(fclose(f), 0);
    text[n] = '\0';
}

/* A checkpoint of 2023: what config.json says of integers is in a file of its own. */
static void older_integers(void **state) {
    char path[512], text[4096];
    (void)state;
    borrow("gptq-int4");
    read_config("gptq-int4", text);
    char *q = strstr(text, "\"quantization_config\""), *object = q ? strchr(q, '{') : NULL, *end = object ? strchr(object, '}') : NULL;
    assert_non_null(end);
    char scheme[1024];
    snprintf(scheme, sizeof scheme, "%.*s", (int)(end + 1 - object), object);
    write_file("quantize_config.json", scheme);
    q[1] = 'Q'; /* a key of another name */
    write_file("config.json", text);
    convert(folder, out, NULL, NULL);
    convert(family("gptq-int4", "", path), other, NULL, NULL);
    mote_gguf *want = open_gguf(other), *got = open_gguf(out);
    same_tensors("quantize_config.json", want, got);
    mote_gguf_close(&want);
    mote_gguf_close(&got);
}

static bool stop(void *context, const char *what, double fraction) {
    (void)what;
    assert_true(fraction >= 0 && fraction <= 1);
    return --*(int *)context > 0;
}

static void refuse(const char *from, const mote_convert_options *options, mote_status status, const char *named) {
    mote_error err = {0};
    mote_status got = mote_convert_folder(from, out, options, NULL, &err);
    if (got != status || (named && !strstr(err.message, named)))
        fail_msg("status %d, expected %d with '%s': %s", got, status, named ? named : "", err.message);
    assert_false(mote_file_exists(out));
}

static void refusals_leave_nothing(void **state) {
    mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
    char path[512];
    int steps = 5;
    (void)state;
    refuse("/nonexistent", NULL, MOTE_ERR_NOT_FOUND, "/nonexistent");
    refuse(family("llama", "config.json", path), NULL, MOTE_ERR_ARGUMENT, "folder");
    options.type = "Q9";
    refuse(family("llama", "", path), &options, MOTE_ERR_ARGUMENT, "Q9");
    options = (mote_convert_options)MOTE_CONVERT_OPTIONS_INIT;
    options.progress = stop;
    options.progress_context = &steps;
    refuse(path, &options, MOTE_ERR_CANCELLED, NULL);
    refuse(family("qwen3-moe-mixed", "", path), NULL, MOTE_ERR_UNSUPPORTED, "without experts");
    borrow("llama");
    write_file(
        "config.json",
        "{\"model_type\":\"llama\",\"num_hidden_layers\":1,\"hidden_size\":32,\"intermediate_size\":64,\"num_attention_heads\":4,\"num_key_value_heads\":2,\"vocab_size\":96,"
        "\"max_position_embeddings\":256,\"rms_norm_eps\":1e-5,\"tie_word_embeddings\":true}");
    refuse(folder, NULL, MOTE_ERR_UNSUPPORTED, "model.layers.1");
    borrow("llama");
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    unlink(path);
    write_file("pytorch_model.bin", "x");
    refuse(folder, NULL, MOTE_ERR_UNSUPPORTED, "pickle");
}

/* A mutant found it: Granite 4.0 without experts under the name of a family that always has some, whose reader refused the file. */
static void no_experts_in_a_family_of_experts(void **state) {
    char text[4096];
    (void)state;
    read_config("granite-4-dense", text);
    char *type = strstr(text, "granitemoehybrid");
    assert_non_null(type);
    memmove(type + strlen("granitemoe"), type + strlen("granitemoehybrid"), strlen(type + strlen("granitemoehybrid")) + 1);
    borrow("granite-4-dense");
    write_file("config.json", text);
    refuse(folder, NULL, MOTE_ERR_UNSUPPORTED, "granitemoe");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(as_llama_cpp_does, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(types, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(own_types, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_the_file_says_of_itself, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(older_integers, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(refusals_leave_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(no_experts_in_a_family_of_experts, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
