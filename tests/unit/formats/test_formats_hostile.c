/* The shared hostile files of the three formats: each has its expected answer and, when refused, a word that says why; each in time. Files whose fault is in
 * what the container means (hyper-parameters, vocabularies) are only opened here: the rooms above refuse them. Skipped without the fixtures. */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/gguf.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "patience.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char root[4096];
static mote_json *hostile_index;

static int set_up(void **state) {
    (void)state;
    const char *source = getenv("MOTE_SOURCE_DIR");
    char path[4200];
    snprintf(root, sizeof root, "%s/../shared/conformance/hostile", source ? source : ".");
    snprintf(path, sizeof path, "%s/index.json", root);
    return !mote_file_exists(path) ? 0 : mote_json_read(path, &hostile_index, NULL) == MOTE_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    mote_json_free(&hostile_index);
    return 0;
}

static mote_status feed(const char *kind, const uint8_t *data, size_t n, mote_error *err) {
    mote_gguf *g = NULL;
    mote_json *v = NULL;
    mote_safetensors *st = NULL;
    mote_status status;
    if (strcmp(kind, "gguf") == 0)
        status = mote_gguf_open_memory(data, n, "file", &g, err);
    else if (strcmp(kind, "json") == 0)
        status = mote_json_parse((const char *)data, n, &v, err);
    else
        status = mote_safetensors_open_memory(data, n, "file", &st, err);
    mote_gguf_close(&g);
    mote_json_free(&v);
    mote_safetensors_close(&st);
    return status;
}

static bool has_word(const char *message, const mote_json *words) {
    for (size_t i = 0; i < mote_json_length(words); i++)
        if (strcasestr(message, mote_json_text(mote_json_at(words, i))))
            return true;
    return mote_json_length(words) == 0;
}

/* Classes G6 to G9 are whole containers with a wrong meaning. */
static bool is_of_upper_rooms(const mote_json *file) {
    const char *class = mote_json_text(mote_json_get(file, "class"));
    return class && class[0] == 'G' && class[1] >= '6';
}

static uint8_t *load(const char *file, size_t *n) {
    char path[4200];
    mote_file_map map;
    snprintf(path, sizeof path, "%s/%s", root, file);
    assert_int_equal(mote_file_map_open(path, &map, NULL), MOTE_OK);
    uint8_t *copy = mote_mem_alloc(map.len);
    assert_non_null(copy);
    if (map.len)
        memcpy(copy, map.data, map.len);
    *n = map.len;
    mote_file_map_close(&map);
    return copy;
}

static void replay(const char *kind, int least) {
    int n_files = 0, n_wrong = 0;
    if (!hostile_index)
        skip();
    const mote_json *files = mote_json_get(hostile_index, "files");
    for (size_t i = 0; i < mote_json_length(files); i++) {
        const mote_json *file = mote_json_at(files, i);
        const char *name = mote_json_text(mote_json_get(file, "file")), *expect = mote_json_text(mote_json_get(file, "expect"));
        if (strcmp(mote_json_text(mote_json_get(file, "kind")), kind) != 0)
            continue;
        size_t n;
        uint8_t *data = load(name, &n);
        mote_error err = {0};
        double start = mote_clock_seconds();
        mote_status status = feed(kind, data, n, &err);
        double ms = 1000 * (mote_clock_seconds() - start);
        bool refused = status != MOTE_OK, wrong = ms > patience() * mote_json_number(mote_json_get(file, "within_ms"), 0);
        if (!is_of_upper_rooms(file)) {
            wrong = wrong || (strcmp(expect, "reject") == 0 && !refused) || (strcmp(expect, "accept") == 0 && refused);
            wrong = wrong || (refused && !has_word(err.message, mote_json_get(file, "message_names_one_of")));
        }
        wrong = wrong || refused != (err.message[0] != 0);
        if (wrong)
            print_error("%s: expected %s, got %d in %.1f ms: %s\n", name, expect, status, ms, err.message);
        n_wrong += wrong;
        n_files++;
        mote_mem_free(data);
    }
    assert_int_equal(n_wrong, 0);
    assert_true(n_files >= least);
}

static void gguf_files(void **state) {
    (void)state;
    replay("gguf", 100);
}

static void safetensors_files(void **state) {
    (void)state;
    replay("safetensors", 50);
}

static void json_files(void **state) {
    (void)state;
    replay("json", 50);
}

static void cut(const char *kind, const char *name, size_t allowed_missing) {
    if (!hostile_index)
        skip();
    size_t n;
    uint8_t *data = load(name, &n);
    for (size_t len = 0; len < n; len++) {
        uint8_t *piece = mote_mem_alloc(len);
        mote_error err = {0};
        assert_non_null(piece);
        memcpy(piece, data, len);
        if (feed(kind, piece, len, &err) == MOTE_OK && n - len > allowed_missing)
            fail_msg("%s cut to %zu bytes is accepted", name, len);
        mote_mem_free(piece);
    }
    mote_mem_free(data);
}

static void gguf_cut_at_every_byte(void **state) {
    (void)state;
    cut("gguf", "gguf/ok-tiny.gguf", 31);
}

static void safetensors_cut_at_every_byte(void **state) {
    (void)state;
    cut("safetensors", "safetensors/ok-metadata.safetensors", 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gguf_files),
        cmocka_unit_test(safetensors_files),
        cmocka_unit_test(json_files),
        cmocka_unit_test(gguf_cut_at_every_byte),
        cmocka_unit_test(safetensors_cut_at_every_byte),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
