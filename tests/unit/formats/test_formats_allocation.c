/* Every allocation of every reader and writer fails once, and persistently from there: MOTE_ERR_ALLOC, nothing leaked, nothing left behind. Jansson is told to use
 * the failing functions too. */
#include "base/file.h"
#include "base/mem.h"
#include "formats/json.h"
#include "formats/npy.h"
#include "formats/safetensors.h"
#include "gguf_bytes.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_memory.h"

static char path[64];

/* Runs `work` with every allocation failing in turn. */
static void sweep(mote_status (*work)(mote_error *err)) {
    for (int mode = 0; mode < 2; mode++) {
        persistent = mode;
        fail_at = 0;
        do {
            mote_error err = {0};
            fail_at++;
            n_calls = n_live = 0;
            mote_status status = work(&err);
            assert_int_equal(n_live, 0);
            assert_int_equal(err.status, status);
            assert_int_equal(err.message[0] != 0, status != MOTE_OK);
            if (n_calls < fail_at) /* none has failed: all have been through */
                assert_int_equal(status, MOTE_OK);
            else
                assert_int_equal(status, MOTE_ERR_ALLOC);
        } while (n_calls >= fail_at);
        assert_true(fail_at > 1);
        fail_at = 0;
    }
}

static mote_status parse_json(mote_error *err) {
    static const char text[] = "{\"a\":[1,2.5,99999999999999999999,\"a text of many "
                               "letters\\n\",0.1111111111111111111111111111111111111111111111111111111111111111,{\"b\":null,\"c\":true,\"d\":{},\"a key of many letters\\t\":[]}]}";
    mote_json *v = NULL;
    mote_status status = mote_json_parse(text, sizeof text - 1, &v, err);
    mote_json_free(&v);
    return status;
}

static mote_status write_gguf(mote_error *err) {
    const float x[8] = {0};
    const mote_str words[] = {MOTE_STR("a"), MOTE_STR("b")};
    char key[8];
    mote_gguf_writer *w = NULL;
    mote_status status = mote_gguf_writer_create(path, &w, err);
    for (int i = 0; i < 70 && status == MOTE_OK; i++) {
        snprintf(key, sizeof key, "k%d", i);
        status = mote_gguf_writer_strings(w, key, words, 2, err);
    }
    if (status == MOTE_OK)
        status = mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 1, (uint64_t[]){8}, err);
    if (status == MOTE_OK)
        status = mote_gguf_writer_begin_data(w, err);
    if (status == MOTE_OK)
        status = mote_gguf_writer_data(w, x, sizeof x, err);
    if (status == MOTE_OK)
        status = mote_gguf_writer_finish(&w, err);
    mote_gguf_writer_discard(&w);
    return status;
}

static mote_status read_gguf(mote_error *err) {
    mote_gguf *g = NULL;
    mote_status status = mote_gguf_open(path, &g, err);
    mote_gguf_close(&g);
    return status;
}

static mote_status read_safetensors(mote_error *err) {
    static const char file[] = "\x4f\0\0\0\0\0\0\0{\"a\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]},\"__metadata__\":{\"a\":\"b\"} }A";
    mote_safetensors *st = NULL;
    mote_status status = mote_safetensors_open_memory((const uint8_t *)file, sizeof file - 1, "built", &st, err);
    mote_safetensors_close(&st);
    return status;
}

static mote_status write_npy(mote_error *err) {
    const float row[3] = {1, 2, 3};
    mote_npy_writer *w = NULL;
    mote_status status = mote_npy_writer_create(path, 1, 3, &w, err);
    if (status == MOTE_OK)
        status = mote_npy_writer_row(w, row, err);
    if (status == MOTE_OK)
        status = mote_npy_writer_finish(&w, err);
    mote_npy_writer_discard(&w);
    return status;
}

static mote_status read_npy(mote_error *err) {
    float *data = NULL;
    uint64_t dims[4];
    int n_dims;
    mote_status status = mote_npy_read(path, &data, dims, &n_dims, err);
    mote_mem_free(data);
    return status;
}

static void json_survives(void **state) {
    (void)state;
    sweep(parse_json);
}

static void gguf_survives(void **state) {
    (void)state;
    sweep(write_gguf);
    sweep(read_gguf);
}

static void safetensors_survive(void **state) {
    (void)state;
    sweep(read_safetensors);
}

static void npy_survives(void **state) {
    (void)state;
    sweep(write_npy);
    sweep(read_npy);
}

int main(void) {
    json_set_alloc_funcs(mote_mem_alloc, mote_mem_free);
    snprintf(path, sizeof path, "/tmp/mote-alloc-%d", (int)getpid());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_survives),
        cmocka_unit_test(gguf_survives),
        cmocka_unit_test(safetensors_survive),
        cmocka_unit_test(npy_survives),
    };
    int result = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return result;
}
