/* Importance matrices: what is written reads back, the older form, what llama.cpp does with counts, refusals. */
#include "base/buffer.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/gguf.h"
#include "formats/imatrix.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char path[64];

static int make_path(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/mote-imatrix-%ld", (long)getpid());
    return 0;
}

static int remove_path(void **state) {
    (void)state;
    unlink(path);
    return 0;
}

static const float sums[6] = {2, 4, 6, 3, 0, 9}, counts[2] = {2, 0}, one_count[1] = {3};

static void write_two(void) {
    mote_error err = {0};
    const mote_imatrix_sums entries[] = {{MOTE_STR("blk.1.ffn_down_exps.weight"), 3, 2, sums, counts}, {MOTE_STR("blk.0.attn_q.weight"), 3, 1, sums + 3, one_count}};
    assert_int_equal(mote_imatrix_write(path, MOTE_STR("some text"), 7, 512, entries, 2, &err), MOTE_OK);
}

static void test_written_reads_back(void **state) {
    (void)state;
    mote_imatrix *m = NULL;
    mote_error err = {0};
    float means[6];
    write_two();
    assert_int_equal(mote_imatrix_open(path, &m, &err), MOTE_OK);
    assert_int_equal(mote_imatrix_n_entries(m), 2);
    assert_true(mote_str_is(mote_imatrix_at(m, 0)->name, "blk.0.attn_q.weight")); /* in the order of names */
    assert_null(mote_imatrix_at(m, 2));
    assert_true(mote_str_is(mote_imatrix_dataset(m), "some text"));
    assert_int_equal(mote_imatrix_n_chunks(m), 7);
    const mote_imatrix_entry *e = mote_imatrix_find(m, MOTE_STR("blk.1.ffn_down_exps.weight"));
    assert_non_null(e);
    assert_true(e->n_values == 6 && e->n_counts == 2);
    mote_imatrix_read(e, 0, 6, means);
    const float expected[6] = {1, 2, 3, 1, 1, 1}; /* the second expert met no token: its columns count alike */
    assert_memory_equal(means, expected, sizeof expected);
    mote_imatrix_read(e, 3, 3, means);
    assert_memory_equal(means, expected + 3, 3 * sizeof(float));
    mote_imatrix_read(mote_imatrix_find(m, MOTE_STR("blk.0.attn_q.weight")), 0, 3, means);
    assert_true(means[0] == 1 && means[1] == 0 && means[2] == 3);
    assert_null(mote_imatrix_find(m, MOTE_STR("blk.0.attn_q")));
    mote_imatrix_close(&m);
    assert_null(m);
    mote_imatrix_close(&m);
}

static void put_i32(mote_buffer *b, int32_t x) {
    assert_int_equal(mote_buffer_append(b, &x, 4), MOTE_OK);
}

static void put_name(mote_buffer *b, const char *name) {
    put_i32(b, (int32_t)strlen(name));
    assert_int_equal(mote_buffer_append_text(b, name), MOTE_OK);
}

/* A .dat file of two entries. */
static void build_dat(mote_buffer *b) {
    mote_buffer_init(b, 4096);
    put_i32(b, 2);
    put_name(b, "b.weight");
    put_i32(b, 4); /* calls */
    put_i32(b, 2);
    assert_int_equal(mote_buffer_append(b, (float[]){8, 2}, 8), MOTE_OK);
    put_name(b, "a.weight");
    put_i32(b, 0);
    put_i32(b, 1);
    assert_int_equal(mote_buffer_append(b, (float[]){5}, 4), MOTE_OK);
    put_i32(b, 33);
    put_name(b, "wiki.txt");
}

static void test_older_form(void **state) {
    (void)state;
    mote_buffer b;
    mote_imatrix *m = NULL;
    mote_error err = {0};
    float means[2];
    build_dat(&b);
    assert_int_equal(mote_imatrix_open_memory((const uint8_t *)b.data, b.len, "old", &m, &err), MOTE_OK);
    assert_int_equal(mote_imatrix_n_entries(m), 2);
    assert_int_equal(mote_imatrix_n_chunks(m), 33);
    assert_true(mote_str_is(mote_imatrix_dataset(m), "wiki.txt"));
    mote_imatrix_read(mote_imatrix_find(m, MOTE_STR("b.weight")), 0, 2, means);
    assert_true(means[0] == 4 * means[1]);
    mote_imatrix_close(&m);
    size_t end = b.len - 4 - 4 - 8; /* without the dataset it is a file too */
    for (size_t n = 0; n <= b.len; n++) {
        uint8_t *exact = mote_mem_alloc(n + 1);
        memcpy(exact, b.data, n);
        mote_status status = mote_imatrix_open_memory(exact, n, "cut", &m, &err);
        assert_int_equal(status, n < end ? MOTE_ERR_FORMAT : MOTE_OK);
        mote_imatrix_close(&m);
        mote_mem_free(exact);
    }
    mote_buffer_deinit(&b);
}

static void expect_refusal(const uint8_t *data, size_t n, const char *part) {
    mote_imatrix *m = NULL;
    mote_error err = {0};
    assert_int_equal(mote_imatrix_open_memory(data, n, "bad", &m, &err), MOTE_ERR_FORMAT);
    assert_null(m);
    if (!strstr(err.message, part))
        fail_msg("'%s' does not say '%s'", err.message, part);
}

static void test_dat_refusals(void **state) {
    (void)state;
    mote_buffer b;
    build_dat(&b);
    const size_t value = 4 + 4 + 8 + 4 + 4;
    memcpy(b.data + value, (float[]){NAN}, 4);
    expect_refusal((uint8_t *)b.data, b.len, "b.weight");
    memcpy(b.data + value, (float[]){-1}, 4);
    expect_refusal((uint8_t *)b.data, b.len, "b.weight");
    memcpy(b.data + value, (float[]){1}, 4);
    memcpy(b.data + value + 8 + 4, "b", 1); /* the second entry's name */
    expect_refusal((uint8_t *)b.data, b.len, "b.weight");
    memcpy(b.data, (int32_t[]){0}, 4);
    expect_refusal((uint8_t *)b.data, b.len, "1 to");
    memcpy(b.data, (int32_t[]){60000}, 4);
    expect_refusal((uint8_t *)b.data, b.len, "60000");
    memcpy(b.data, (int32_t[]){-1}, 4);
    expect_refusal((uint8_t *)b.data, b.len, "1 to");
    expect_refusal((uint8_t *)b.data, 0, "1 to");
    mote_buffer_deinit(&b);
}

/* A GGUF of these tensors, each of ones. */
static void write_gguf(const char *const *names, const uint64_t *columns, const mote_dtype *types, size_t n) {
    mote_gguf_writer *w = NULL;
    mote_error err = {0};
    const float ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(mote_gguf_writer_create(path, &w, &err), MOTE_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mote_gguf_writer_tensor(w, mote_str_of(names[i]), types[i], 1, &columns[i], &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_begin_data(w, &err), MOTE_OK);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(mote_gguf_writer_data(w, ones, mote_dtype_row_bytes(types[i], columns[i]), &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_finish(&w, &err), MOTE_OK);
}

static void test_gguf_refusals(void **state) {
    (void)state;
    const mote_dtype f32 = MOTE_DTYPE_F32, f16 = MOTE_DTYPE_F16;
    static const struct {
        const char *names[2];
        uint64_t columns[2];
        int type;
        const char *part;
    } cases[] = {
        {{"a.in_sum2", "b.counts"}, {4, 1}, 0, "'a'"},       {{"a.in_sum2", "a.counts"}, {4, 2}, 0, "2 counts for 1"}, {{"a.in_sum2", "a.counts"}, {4, 1}, 1, "F32"},
        {{"a.in_sum2", "b.weight"}, {4, 1}, 0, "of counts"}, {{"a.weight", "b.weight"}, {4, 4}, 0, "no importance"},   {{"a.weight", "b.counts"}, {4, 1}, 0, "no importance"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_imatrix *m = NULL;
        mote_error err = {0};
        write_gguf(cases[i].names, cases[i].columns, (mote_dtype[]){cases[i].type ? f16 : f32, f32}, 2);
        assert_int_equal(mote_imatrix_open(path, &m, &err), MOTE_ERR_FORMAT);
        assert_null(m);
        if (!strstr(err.message, cases[i].part))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].part);
    }
    mote_imatrix *m = NULL;
    mote_error err = {0};
    unlink(path);
    assert_int_equal(mote_imatrix_open(path, &m, &err), MOTE_ERR_NOT_FOUND);
    const mote_imatrix_sums twice[] = {{MOTE_STR("a"), 3, 1, sums, one_count}, {MOTE_STR("a"), 3, 1, sums, one_count}};
    assert_int_not_equal(mote_imatrix_write(path, MOTE_STR(""), 1, 1, twice, 2, &err), MOTE_OK);
    assert_false(mote_file_exists(path));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_written_reads_back, make_path, remove_path),
        cmocka_unit_test(test_older_form),
        cmocka_unit_test(test_dat_refusals),
        cmocka_unit_test_setup_teardown(test_gguf_refusals, make_path, remove_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
