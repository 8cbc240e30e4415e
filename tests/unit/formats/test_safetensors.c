/* safetensors: the rules one by one, folders with an index. */
#include "base/file.h"
#include "base/mem.h"
#include "formats/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[64];

static int set_up(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-st-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* A file in a block of its exact size: stated length, header, n_data bytes 0, 1, 2, … */
static uint8_t *build(uint64_t stated, const char *header, size_t n_data, size_t *n) {
    size_t len = strlen(header);
    uint8_t *bytes = mote_mem_alloc(8 + len + n_data);
    assert_non_null(bytes);
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(stated >> (8 * i));
    memcpy(bytes + 8, header, len);
    for (size_t i = 0; i < n_data; i++)
        bytes[8 + len + i] = (uint8_t)i;
    *n = 8 + len + n_data;
    return bytes;
}

static void assert_refused_length(uint64_t stated, const char *header, size_t n_data, mote_status status, const char *word) {
    size_t n;
    uint8_t *bytes = build(stated, header, n_data, &n);
    mote_safetensors *st = NULL;
    mote_error err = {0};
    assert_int_equal(mote_safetensors_open_memory(bytes, n, "built", &st, &err), status);
    assert_null(st);
    if (!strstr(err.message, word) || strncmp(err.message, "built: ", 7) != 0)
        fail_msg("no '%s' in: %s", word, err.message);
    mote_mem_free(bytes);
}

static void assert_refused(const char *header, size_t n_data, mote_status status, const char *word) {
    assert_refused_length(strlen(header), header, n_data, status, word);
}

static void tensors_are_found(void **state) {
    (void)state;
    static const char header[] = "{\"b\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[16,22]},\"__metadata__\":{\"format\":\"pt\",\"e\":\"\"},"
                                 "\"a\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]},\"s\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[22,23]},"
                                 "\"z\":{\"dtype\":\"F64\",\"shape\":[0,7],\"data_offsets\":[16,16]}}   ";
    size_t n;
    uint8_t *bytes = build(sizeof header - 1, header, 23, &n);
    mote_safetensors *st = NULL;
    assert_int_equal(mote_safetensors_open_memory(bytes, n, "built", &st, NULL), MOTE_OK);
    assert_int_equal(mote_safetensors_n_tensors(st), 4);
    const mote_safetensors_tensor *t = mote_safetensors_find(st, "a");
    assert_int_equal(t->type, MOTE_DTYPE_F32);
    assert_int_equal(t->n_dims, 2);
    assert_true(t->dims[0] == 2 && t->dims[1] == 2 && t->n_bytes == 16);
    assert_int_equal(t->data[15], 15);
    t = mote_safetensors_find(st, "b");
    assert_int_equal(t->type, MOTE_DTYPE_BF16);
    assert_int_equal(t->data[0], 16);
    t = mote_safetensors_find(st, "s");
    assert_int_equal(t->type, MOTE_DTYPE_NONE);
    assert_true(mote_str_is(t->dtype_name, "U8"));
    assert_int_equal(t->n_dims, 0);
    assert_int_equal(mote_safetensors_find(st, "z")->n_bytes, 0);
    assert_null(mote_safetensors_find(st, "__metadata__"));
    assert_null(mote_safetensors_at(st, 4));
    mote_safetensors_close(&st);
    assert_null(st);
    mote_safetensors_close(&st);
    mote_mem_free(bytes);
}

static void header_lengths(void **state) {
    (void)state;
    assert_refused_length(3, "{}", 0, MOTE_ERR_FORMAT, "header length 3");
    assert_refused_length(UINT64_MAX, "{}", 0, MOTE_ERR_FORMAT, "header length");
    assert_refused_length(UINT64_MAX - 7, "{}", 0, MOTE_ERR_FORMAT, "header length");
    assert_refused_length(0, "{}", 0, MOTE_ERR_FORMAT, "header");
    assert_refused_length(1, "{}", 0, MOTE_ERR_FORMAT, "header");
    enum { LARGE = 100000000 };
    char *header = mote_mem_alloc(LARGE + 1);
    assert_non_null(header);
    memset(header, ' ', LARGE);
    memcpy(header, "{}", 2);
    header[LARGE] = 0;
    assert_refused(header, 0, MOTE_ERR_LIMIT, "header length 100000000");
    mote_mem_free(header);
    for (size_t n = 0; n < 8; n++) {
        uint8_t *bytes = mote_mem_zalloc_array(n, 1);
        mote_safetensors *st = NULL;
        mote_error err = {0};
        assert_int_equal(mote_safetensors_open_memory(bytes, n, "built", &st, &err), MOTE_ERR_FORMAT);
        assert_non_null(strstr(err.message, "truncated"));
        mote_mem_free(bytes);
    }
}

static void headers_that_are_none(void **state) {
    (void)state;
    assert_refused("[]", 0, MOTE_ERR_FORMAT, "not a JSON object");
    assert_refused(" {}", 0, MOTE_ERR_FORMAT, "not a JSON object");
    assert_refused("{}{}", 0, MOTE_ERR_FORMAT, "JSON");
    assert_refused("{\"a\":}", 0, MOTE_ERR_FORMAT, "JSON");
    assert_refused("{\"\xff\":1}", 0, MOTE_ERR_FORMAT, "JSON");
    assert_refused("{\"__metadata__\":1}", 0, MOTE_ERR_FORMAT, "__metadata__");
    assert_refused("{\"__metadata__\":{\"a\":1}}", 0, MOTE_ERR_FORMAT, "__metadata__ 'a' is not a string");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"I8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1, MOTE_ERR_FORMAT, "duplicate");
}

static void entries(void **state) {
    (void)state;
    static const struct {
        const char *entry;
        mote_status status;
        const char *word;
    } cases[] = {
        {"null", MOTE_ERR_FORMAT, "not an object"},
        {"{\"shape\":[4],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "dtype"},
        {"{\"dtype\":7,\"shape\":[4],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "dtype"},
        {"{\"dtype\":\"f32\",\"shape\":[4],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "unknown dtype 'f32'"},
        {"{\"dtype\":\"F32\",\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "shape"},
        {"{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "shape"},
        {"{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "shape"},
        {"{\"dtype\":\"F32\",\"shape\":[4.0],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "shape"},
        {"{\"dtype\":\"F32\",\"shape\":[[4]],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "shape"},
        {"{\"dtype\":\"F32\",\"shape\":[18446744073709551620],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "shape"},
        {"{\"dtype\":\"F32\",\"shape\":[4611686018427387908],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "overflow"},
        {"{\"dtype\":\"F32\",\"shape\":[8589934592,2147483648,4],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "overflow"},
        {"{\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,4],\"data_offsets\":[0,16]}", MOTE_ERR_LIMIT, "dimensions"},
        {"{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "160 bits"},
        {"{\"dtype\":\"F4\",\"shape\":[31],\"data_offsets\":[0,16]}", MOTE_ERR_FORMAT, "124 bits"},
        {"{\"dtype\":\"F32\",\"shape\":[4]}", MOTE_ERR_FORMAT, "data_offsets"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]}", MOTE_ERR_FORMAT, "data_offsets"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,8,16]}", MOTE_ERR_FORMAT, "data_offsets"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16.5]}", MOTE_ERR_FORMAT, "data_offsets"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-16,0]}", MOTE_ERR_FORMAT, "data_offsets"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}", MOTE_ERR_FORMAT, "data_offsets"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[1,17]}", MOTE_ERR_FORMAT, "data_offsets"},
        {"{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[18446744073709551608,8]}", MOTE_ERR_FORMAT, "data_offsets"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[300];
        snprintf(header, sizeof header, "{\"weight\":%s}", cases[i].entry);
        assert_refused(header, 16, cases[i].status, cases[i].word);
        assert_refused(header, 16, cases[i].status, "tensor 'weight'");
    }
}

static void the_data_is_covered_exactly(void **state) {
    (void)state;
#define ENTRY(name, from, to, n) "\"" name "\":{\"dtype\":\"I8\",\"shape\":[" #n "],\"data_offsets\":[" #from "," #to "]}"
    assert_refused("{" ENTRY("a", 0, 4, 4) "," ENTRY("b", 2, 6, 4) "}", 6, MOTE_ERR_FORMAT, "overlap");
    assert_refused("{" ENTRY("a", 0, 4, 4) "," ENTRY("b", 0, 4, 4) "}", 4, MOTE_ERR_FORMAT, "overlap");
    assert_refused("{" ENTRY("a", 0, 4, 4) "," ENTRY("b", 5, 9, 4) "}", 9, MOTE_ERR_FORMAT, "gap");
    assert_refused("{" ENTRY("a", 1, 4, 3) "}", 4, MOTE_ERR_FORMAT, "gap");
    assert_refused("{" ENTRY("a", 0, 4, 4) "}", 5, MOTE_ERR_FORMAT, "trailing");
    assert_refused("{}", 1, MOTE_ERR_FORMAT, "trailing");
    assert_refused("{" ENTRY("a", 0, 4, 4) "}", 3, MOTE_ERR_FORMAT, "data_offsets");
}

static void write_file(const char *name, const void *data, size_t n) {
    char path[160];
    mote_file_writer *w = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(mote_file_writer_create(path, &w, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_write(w, data, n, NULL), MOTE_OK);
    assert_int_equal(mote_file_writer_commit(&w, NULL), MOTE_OK);
}

static void write_shard(const char *name, const char *tensor) {
    char header[200];
    size_t n;
    snprintf(header, sizeof header, "{\"%s\":{\"dtype\":\"I8\",\"shape\":[2],\"data_offsets\":[0,2]}}", tensor);
    uint8_t *bytes = build(strlen(header), header, 2, &n);
    write_file(name, bytes, n);
    mote_mem_free(bytes);
}

static void assert_folder_refused(const char *index, mote_status status, const char *word) {
    mote_safetensors *st = NULL;
    mote_error err = {0};
    if (index)
        write_file("model.safetensors.index.json", index, strlen(index));
    assert_int_equal(mote_safetensors_open_folder(folder, &st, &err), status);
    assert_null(st);
    if (!strstr(err.message, word) || !strstr(err.message, folder))
        fail_msg("no '%s' in: %s", word, err.message);
}

static void folders(void **state) {
    (void)state;
    mote_safetensors *st = NULL;
    assert_folder_refused(NULL, MOTE_ERR_NOT_FOUND, "neither");
    write_shard("a.safetensors", "x");
    write_shard("b.safetensors", "y");
    static const char index[] = "{\"metadata\":{\"total_size\":4},\"weight_map\":{\"y\":\"b.safetensors\",\"x\":\"a.safetensors\"}}";
    write_file("model.safetensors.index.json", index, sizeof index - 1);
    assert_int_equal(mote_safetensors_open_folder(folder, &st, NULL), MOTE_OK);
    assert_int_equal(mote_safetensors_n_tensors(st), 2);
    assert_non_null(mote_safetensors_find(st, "x"));
    assert_int_equal(mote_safetensors_find(st, "y")->data[1], 1);
    mote_safetensors_close(&st);

    assert_folder_refused("{}", MOTE_ERR_FORMAT, "weight_map");
    assert_folder_refused("{\"weight_map\":{}}", MOTE_ERR_FORMAT, "empty");
    assert_folder_refused("{\"weight_map\":{\"x\":1}}", MOTE_ERR_FORMAT, "weight_map");
    static const char *const names[] = {"../a.safetensors", "/a.safetensors", "..", "sub/a.safetensors", ".safetensors", "..\\\\a.safetensors", "a.bin", "a\\u0000.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[100];
        snprintf(text, sizeof text, "{\"weight_map\":{\"x\":\"%s\"}}", names[i]);
        assert_folder_refused(text, MOTE_ERR_FORMAT, "plain name");
    }
    assert_folder_refused("{\"weight_map\":{\"x\":\"absent.safetensors\"}}", MOTE_ERR_NOT_FOUND, "absent.safetensors");
    assert_folder_refused("{\"weight_map\":{\"z\":\"a.safetensors\"}}", MOTE_ERR_FORMAT, "'z' is in none");
    assert_folder_refused("{\"weight_map\":{\"x\":\"b.safetensors\",\"y\":\"a.safetensors\"}}", MOTE_ERR_FORMAT, "'x' is not in 'b.safetensors'");
    write_shard("c.safetensors", "x");
    assert_folder_refused("{\"weight_map\":{\"x\":\"a.safetensors\",\"y\":\"c.safetensors\"}}", MOTE_ERR_FORMAT, "'x': duplicate");

    write_shard("model.safetensors", "whole");
    assert_int_equal(mote_safetensors_open_folder(folder, &st, NULL), MOTE_OK);
    assert_non_null(mote_safetensors_find(st, "whole"));
    mote_safetensors_close(&st);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_found),           cmocka_unit_test(header_lengths), cmocka_unit_test(headers_that_are_none), cmocka_unit_test(entries),
        cmocka_unit_test(the_data_is_covered_exactly), cmocka_unit_test(folders),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
