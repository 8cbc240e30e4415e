/* The shared conformance fixtures, where they lie beside the repository: real chat templates with many conversations, and hostile templates. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/json.h"
#include "patience.h"

#include <mote/template.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *root_path(char *path, size_t n_bytes, const char *folder, const char *file) {
    snprintf(path, n_bytes, "%s/../shared/conformance/%s/%s", getenv("MOTE_SOURCE_DIR"), folder, file);
    return path;
}

static mote_json *read_json(const char *folder, const char *file) {
    char path[1024];
    mote_json *root = NULL;
    mote_error err = {0};
    if (access(root_path(path, sizeof path, folder, file), R_OK) != 0)
        skip();
    if (mote_json_read(path, &root, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return root;
}

static char *read_bytes(const char *folder, const char *file, size_t *n) {
    char path[1024];
    FILE *f = fopen(root_path(path, sizeof path, folder, file), "rb");
    assert_non_null(f);
    char *bytes = mote_mem_alloc(2 << 20);
    assert_non_null(bytes);
    *n = fread(bytes, 1, 2 << 20, f);
    fclose(f);
    return bytes;
}

static bool is_one_of(mote_str key, const char *const *names) {
    for (; *names; names++)
        if (mote_str_is(key, *names))
            return true;
    return false;
}

/* Adds the members of an object, those named in `but` left out. */
static void add_members(mote_buffer *out, const mote_json *object, const char *const *but) {
    for (mote_json_iter *it = mote_json_first(object); it; it = mote_json_next(object, it)) {
        if (is_one_of(mote_json_iter_key(it), but))
            continue;
        assert_int_equal(mote_buffer_append_text(out, out->len ? "," : "{"), MOTE_OK);
        assert_int_equal(mote_json_write_string(out, mote_json_iter_key(it)), MOTE_OK);
        assert_int_equal(mote_buffer_append_text(out, ":"), MOTE_OK);
        assert_int_equal(mote_json_write(out, mote_json_iter_value(it)), MOTE_OK);
    }
}

static bool matches(const mote_json *want, mote_status status, const char *text, size_t n, const mote_error *err) {
    if (mote_json_get(want, "error")) {
        bool verbatim = mote_str_is(mote_json_string(mote_json_get(want, "kind")), "raise_exception");
        return status != MOTE_OK && (!verbatim || strstr(err->message, mote_json_text(mote_json_get(want, "error"))));
    }
    return status == MOTE_OK && mote_str_equal((mote_str){text, n}, mote_json_string(mote_json_get(want, "text")));
}

/* All conversations with one template; the number that differ. */
static size_t check_template(const mote_json *all, mote_str name, const mote_json *given, const mote_json *conversations, size_t *n_pairs) {
    static const char *const not_variables[] = {"id", "note", "kwargs", NULL}, *const not_strings[] = {"file", NULL}, *const none[] = {NULL};
    const mote_json *expected = mote_json_get(mote_json_get(all, "expected"), name.data);
    mote_error err = {0};
    mote_template *t = NULL;
    size_t n_source, n_bad = 0;
    char *source = read_bytes("templates", mote_json_text(mote_json_get(given, "file")), &n_source);
    assert_int_equal(mote_template_parse(source, n_source, &t, &err), MOTE_OK);
    for (size_t i = 0; i < mote_json_length(conversations); i++) {
        const mote_json *c = mote_json_at(conversations, i), *want = mote_json_get(expected, mote_json_text(mote_json_get(c, "id")));
        mote_buffer json;
        char *text;
        size_t n;
        mote_buffer_init(&json, 1 << 20);
        add_members(&json, c, not_variables);
        add_members(&json, given, not_strings);
        add_members(&json, mote_json_get(c, "kwargs"), none);
        assert_int_equal(mote_buffer_appendf(&json, ",\"now\":\"%s\"}", mote_json_text(mote_json_get(all, "now"))), MOTE_OK);
        mote_status status = mote_template_render(t, json.data, json.len, &text, &n, &err);
        if (want && !matches(want, status, text, n, &err)) {
            n_bad++;
            print_message("%s, %s: differs\n", name.data, mote_json_text(mote_json_get(c, "id")));
        }
        *n_pairs += want != NULL;
        mote_mem_free(text);
        mote_buffer_deinit(&json);
    }
    mote_template_free(&t);
    mote_mem_free(source);
    return n_bad;
}

static void real_templates(void **state) {
    (void)state;
    mote_json *all = read_json("templates", "expected.json"), *conversations = read_json("templates", "conversations.json");
    const mote_json *templates = mote_json_get(all, "templates");
    size_t n_pairs = 0, n_bad = 0;
    for (mote_json_iter *it = mote_json_first(templates); it; it = mote_json_next(templates, it))
        n_bad += check_template(all, mote_json_iter_key(it), mote_json_iter_value(it), conversations, &n_pairs);
    print_message("%zu pairs of template and conversation\n", n_pairs);
    mote_json_free(&conversations);
    mote_json_free(&all);
    assert_int_equal(n_bad, 0);
    assert_true(n_pairs > 0);
}

static bool names_one_of(const char *message, const mote_json *words) {
    for (size_t i = 0; i < mote_json_length(words); i++)
        if (strcasestr(message, mote_json_text(mote_json_at(words, i))))
            return true;
    return mote_json_length(words) == 0;
}

/* What is wrong with the verdict; NULL if nothing. */
static const char *judge(const mote_json *it, mote_status status, const char *text, const mote_error *err) {
    const mote_json *hidden = mote_json_get(it, "output_must_not_contain");
    mote_str verdict = mote_json_string(mote_json_get(it, "expect"));
    for (size_t i = 0; text && i < mote_json_length(hidden); i++)
        if (strstr(text, mote_json_text(mote_json_at(hidden, i))))
            return "shows what must stay hidden";
    if (mote_str_is(verdict, "accept") && (status != MOTE_OK || strcmp(text, mote_json_text(mote_json_get(it, "output"))) != 0))
        return "should render";
    if (mote_str_is(verdict, "reject") && (status == MOTE_OK || !names_one_of(err->message, mote_json_get(it, "message_names_one_of"))))
        return "should fail, and say why";
    return NULL;
}

static void hostile_templates(void **state) {
    (void)state;
    static const char variables[] = "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"bos_token\":\"<s>\",\"eos_token\":\"</s>\",\"add_generation_prompt\":true,"
                                    "\"now\":\"2026-01-31T00:00:00\"}";
    mote_json *index = read_json("hostile", "index.json");
    const mote_json *files = mote_json_get(index, "files");
    size_t n_files = 0, n_bad = 0;
    for (size_t i = 0; i < mote_json_length(files); i++) {
        const mote_json *it = mote_json_at(files, i);
        if (!mote_str_is(mote_json_string(mote_json_get(it, "kind")), "jinja"))
            continue;
        mote_error err = {0};
        mote_template *t = NULL;
        char *text = NULL;
        size_t n_source, n = 0;
        char *source = read_bytes("hostile", mote_json_text(mote_json_get(it, "file")), &n_source);
        double start = mote_clock_seconds();
        mote_status status = mote_template_parse(source, n_source, &t, &err);
        if (status == MOTE_OK)
            status = mote_template_render(t, variables, sizeof variables - 1, &text, &n, &err);
        double seconds = mote_clock_seconds() - start;
        const char *why = seconds > 2 * patience() ? "takes long" : judge(it, status, text, &err);
        if (why) {
            n_bad++;
            print_message("%s: %s: %s\n", mote_json_text(mote_json_get(it, "file")), why, status == MOTE_OK ? "rendered" : err.message);
        }
        n_files++;
        mote_mem_free(text);
        mote_template_free(&t);
        mote_mem_free(source);
    }
    print_message("%zu hostile templates\n", n_files);
    mote_json_free(&index);
    assert_int_equal(n_bad, 0);
    assert_true(n_files > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(real_templates), cmocka_unit_test(hostile_templates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
