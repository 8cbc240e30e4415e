/* npy: written files read back, headers as NumPy and others write them, refusals. */
#include "base/file.h"
#include "base/mem.h"
#include "formats/npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void written_rows_read_back(void **state) {
    (void)state;
    char path[] = "/tmp/mote-npy-XXXXXX";
    close(mkstemp(path));
    unlink(path);
    const float rows[2][3] = {{1, 2, 3}, {4, 5, -6.5f}};
    mote_npy_writer *w = NULL;
    mote_error err = {0};
    assert_int_equal(mote_npy_writer_create(path, 2, 3, &w, &err), MOTE_OK);
    assert_int_equal(mote_npy_writer_row(w, rows[0], &err), MOTE_OK);
    assert_int_equal(mote_npy_writer_finish(&w, &err), MOTE_ERR_ARGUMENT); /* a row is missing */
    assert_null(w);
    assert_false(mote_file_exists(path));
    assert_int_equal(mote_npy_writer_create(path, 2, 3, &w, &err), MOTE_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(mote_npy_writer_row(w, rows[i], &err), MOTE_OK);
    assert_int_equal(mote_npy_writer_row(w, rows[0], &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_npy_writer_finish(&w, &err), MOTE_OK);
    float *data = NULL;
    uint64_t dims[4];
    int n_dims = 0;
    assert_int_equal(mote_npy_read(path, &data, dims, &n_dims, &err), MOTE_OK);
    assert_int_equal(n_dims, 2);
    assert_true(dims[0] == 2 && dims[1] == 3 && dims[2] == 1 && dims[3] == 1);
    assert_memory_equal(data, rows, sizeof rows);
    mote_mem_free(data);
    unlink(path);
    assert_int_equal(mote_npy_read(path, &data, dims, &n_dims, &err), MOTE_ERR_NOT_FOUND);
    assert_null(data);
    assert_int_equal(mote_npy_writer_create("/no/such/x.npy", 1, 1, &w, &err), MOTE_ERR_NOT_FOUND);
    assert_null(w);
    assert_int_equal(mote_npy_writer_create(path, UINT64_MAX, 2, &w, &err), MOTE_ERR_ARGUMENT);
    mote_npy_writer_discard(&w);
}

/* Reads a file in a block of its exact size. */
static mote_status read_built(int version, const char *header, size_t n_data, uint64_t dims[4], int *n_dims, mote_error *err) {
    size_t len = strlen(header), start = version == 1 ? 10 : 12;
    uint8_t *bytes = mote_mem_zalloc_array(start + len + n_data, 1);
    float *data = NULL;
    assert_non_null(bytes);
    memcpy(bytes, "\x93NUMPY", 6);
    bytes[6] = (uint8_t)version;
    bytes[8] = (uint8_t)len;
    bytes[9] = (uint8_t)(len >> 8);
    memcpy(bytes + start, header, len);
    mote_status status = mote_npy_read_memory(bytes, start + len + n_data, &data, dims, n_dims, err);
    assert_int_equal(data != NULL, status == MOTE_OK);
    mote_mem_free(data);
    mote_mem_free(bytes);
    return status;
}

static void headers_of_other_writers(void **state) {
    (void)state;
    static const struct {
        int version;
        const char *header;
        int n_dims;
        uint64_t dims[4];
    } cases[] = {
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", 2, {2, 3, 1, 1}},
        {2, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", 1, {6, 1, 1, 1}},
        {3, "{\"shape\":(1,2,3,1),\"fortran_order\":False,\"descr\":\"<f4\",}\n", 4, {1, 2, 3, 1}},
        {1, "{ 'shape' : ( 3 , 2 , ) , 'descr' : '<f4' , 'fortran_order' : False }", 2, {3, 2, 1, 1}},
    };
    uint64_t dims[4];
    int n_dims = -1;
    mote_error err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_built(cases[i].version, cases[i].header, 24, dims, &n_dims, &err), MOTE_OK);
        assert_int_equal(n_dims, cases[i].n_dims);
        assert_memory_equal(dims, cases[i].dims, sizeof dims);
    }
    assert_int_equal(read_built(1, "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4, dims, &n_dims, &err), MOTE_OK);
    assert_int_equal(n_dims, 0);
    assert_int_equal(read_built(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 5)}", 0, dims, &n_dims, &err), MOTE_OK);
}

static void refusals(void **state) {
    (void)state;
    static const struct {
        int version;
        const char *header;
        mote_status status;
        const char *word;
    } cases[] = {
        {4, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", MOTE_ERR_UNSUPPORTED, "version"},
        {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,)}", MOTE_ERR_UNSUPPORTED, "'<f8'"},
        {1, "{'descr': '>f4', 'fortran_order': False, 'shape': (6,)}", MOTE_ERR_UNSUPPORTED, "'>f4'"},
        {1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}", MOTE_ERR_UNSUPPORTED, "descr"},
        {1, "{'descr': '<f4', 'fortran_order': True, 'shape': (6,)}", MOTE_ERR_UNSUPPORTED, "fortran_order"},
        {1, "{'descr': '<f4', 'fortran_order': 0, 'shape': (6,)}", MOTE_ERR_FORMAT, "fortran_order"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}", MOTE_ERR_FORMAT, "shape"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6)}", MOTE_ERR_FORMAT, "comma"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", MOTE_ERR_FORMAT, "comma"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-6,)}", MOTE_ERR_FORMAT, "natural"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': 6}", MOTE_ERR_FORMAT, "tuple"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", MOTE_ERR_FORMAT, "shape"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", MOTE_ERR_FORMAT, "natural"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 6)}", MOTE_ERR_LIMIT, "dimensions"},
        {1, "{'descr': '<f4', 'fortran_order': False}", MOTE_ERR_FORMAT, "missing"},
        {1, "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (6,)}", MOTE_ERR_FORMAT, "twice"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,), 'x': 1}", MOTE_ERR_FORMAT, "unknown"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} x", MOTE_ERR_FORMAT, "after"},
        {1, "{'descr': '<f4' 'fortran_order': False, 'shape': (6,)}", MOTE_ERR_FORMAT, "comma"},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (6,", MOTE_ERR_FORMAT, "shape"},
        {1, "{'descr", MOTE_ERR_FORMAT, "dict"},
        {1, "[]", MOTE_ERR_FORMAT, "dict"},
    };
    uint64_t dims[4];
    int n_dims;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_error err = {0};
        mote_status status = read_built(cases[i].version, cases[i].header, 24, dims, &n_dims, &err);
        if (status != cases[i].status || !strstr(err.message, cases[i].word))
            fail_msg("%s: %d, no '%s' in: %s", cases[i].header, status, cases[i].word, err.message);
    }
}

static void every_cut_is_refused(void **state) {
    (void)state;
    static const char file[] = "\x93NUMPY\x01\x00\x39\x00{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} \nABCD";
    for (size_t n = 0; n < sizeof file; n++) {
        uint8_t *bytes = mote_mem_alloc(n);
        float *data = NULL;
        uint64_t dims[4];
        int n_dims;
        mote_error err = {0};
        memcpy(bytes, file, n);
        mote_status status = mote_npy_read_memory(bytes, n, &data, dims, &n_dims, &err);
        assert_int_equal(status, n == sizeof file - 1 ? MOTE_OK : MOTE_ERR_FORMAT);
        mote_mem_free(data);
        mote_mem_free(bytes);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_rows_read_back),
        cmocka_unit_test(headers_of_other_writers),
        cmocka_unit_test(refusals),
        cmocka_unit_test(every_cut_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
