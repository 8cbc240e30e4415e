/* Writing GGUF, and split files, which are made with the writer. */
#include "base/file.h"
#include "formats/gguf.h"

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
    snprintf(folder, sizeof folder, "/tmp/mote-gguf-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static void path_of(const char *name, char path[160]) {
    snprintf(path, 160, "%s/%s", folder, name);
}

#define OK(call) assert_int_equal(call, MOTE_OK)

static const mote_str words[] = {{"a", 1}, {"", 0}, {"x\0y", 3}};
static const int16_t numbers[] = {-1, 2, 300};
static const float weights[] = {1, 2, 3, 4, 5, 6};
static const uint8_t blocks[2 * 34] = {7, 8, 9, [67] = 1};

static void write_everything(const char *path) {
    mote_gguf_writer *w = NULL;
    OK(mote_gguf_writer_create(path, &w, NULL));
    OK(mote_gguf_writer_u32(w, "general.alignment", 64, NULL));
    OK(mote_gguf_writer_u32(w, "u", 4000000000u, NULL));
    OK(mote_gguf_writer_f32(w, "f", -0.5f, NULL));
    OK(mote_gguf_writer_bool(w, "b", true, NULL));
    OK(mote_gguf_writer_string(w, "s", MOTE_STR("text"), NULL));
    OK(mote_gguf_writer_strings(w, "words", words, 3, NULL));
    OK(mote_gguf_writer_array(w, "numbers", MOTE_GGUF_I16, numbers, 3, NULL));
    OK(mote_gguf_writer_array(w, "none", MOTE_GGUF_F32, NULL, 0, NULL));
    OK(mote_gguf_writer_tensor(w, MOTE_STR("weights"), MOTE_DTYPE_F32, 2, (uint64_t[]){3, 2}, NULL));
    OK(mote_gguf_writer_tensor(w, MOTE_STR("blocks"), MOTE_DTYPE_Q8_0, 1, (uint64_t[]){64}, NULL));
    OK(mote_gguf_writer_begin_data(w, NULL));
    OK(mote_gguf_writer_data(w, weights, 8, NULL));
    OK(mote_gguf_writer_data(w, weights + 2, 16, NULL));
    OK(mote_gguf_writer_data(w, blocks, sizeof blocks, NULL));
    assert_false(mote_file_exists(path));
    OK(mote_gguf_writer_finish(&w, NULL));
    assert_null(w);
}

static void assert_values(const mote_gguf *g) {
    uint32_t u = 0;
    float f = 0;
    bool b = false;
    mote_str s = {0};
    int64_t x = 0;
    uint64_t cursor = 0;
    OK(mote_gguf_get_u32(g, "u", true, &u, NULL));
    assert_int_equal(u, 4000000000u);
    OK(mote_gguf_get_f32(g, "f", true, &f, NULL));
    assert_true(f == -0.5f);
    OK(mote_gguf_get_bool(g, "b", true, &b, NULL));
    assert_true(b);
    OK(mote_gguf_get_string(g, "s", true, &s, NULL));
    assert_true(mote_str_is(s, "text"));
    for (int i = 0; i < 3; i++) {
        assert_true(mote_gguf_next_string(mote_gguf_find(g, "words"), &cursor, &s));
        assert_true(mote_str_equal(s, words[i]));
        assert_true(mote_gguf_item_integer(mote_gguf_find(g, "numbers"), (uint64_t)i, &x));
        assert_int_equal(x, numbers[i]);
    }
    assert_int_equal(mote_gguf_find(g, "none")->n_items, 0);
}

static void everything_reads_back(void **state) {
    (void)state;
    char path[160];
    mote_gguf *g = NULL;
    path_of("all.gguf", path);
    write_everything(path);
    OK(mote_gguf_open(path, &g, NULL));
    assert_int_equal(mote_gguf_version(g), 3);
    assert_values(g);
    assert_int_equal(mote_gguf_n_tensors(g), 2);
    const mote_gguf_tensor *t = mote_gguf_find_tensor(g, "weights");
    assert_int_equal(t->n_dims, 2);
    assert_true(t->dims[0] == 3 && t->dims[1] == 2 && t->dims[2] == 1 && t->dims[3] == 1);
    assert_int_equal(t->n_bytes, sizeof weights);
    assert_memory_equal(t->data, weights, sizeof weights);
    assert_int_equal((uintptr_t)t->data % 64, 0);
    t = mote_gguf_find_tensor(g, "blocks");
    assert_int_equal(t->type, MOTE_DTYPE_Q8_0);
    assert_memory_equal(t->data, blocks, sizeof blocks);
    mote_gguf_close(&g);
    assert_null(g);
}

static void wrong_use_is_refused(void **state) {
    (void)state;
    char path[160];
    path_of("wrong.gguf", path);
    const uint8_t zeros[256] = {0};
    mote_error err = {0};
    mote_gguf_writer *w = NULL;
    OK(mote_gguf_writer_create(path, &w, NULL));
    assert_int_equal(mote_gguf_writer_u32(w, "general.alignment", 12, &err), MOTE_ERR_FORMAT);
    assert_int_equal(mote_gguf_writer_u32(w, "", 1, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_array(w, "x", MOTE_GGUF_STRING, NULL, 0, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_NONE, 1, (uint64_t[]){4}, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 0, (uint64_t[]){4}, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 5, (uint64_t[]){1, 1, 1, 1, 1}, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 2, (uint64_t[]){4, 0}, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_Q4_0, 1, (uint64_t[]){33}, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 2, (uint64_t[]){UINT64_C(1) << 33, UINT64_C(1) << 33}, &err), MOTE_ERR_ARGUMENT);
    OK(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 1, (uint64_t[]){4}, NULL));
    assert_int_equal(mote_gguf_writer_u32(w, "general.alignment", 64, &err), MOTE_ERR_ARGUMENT); /* offsets are given already */
    assert_int_equal(mote_gguf_writer_data(w, zeros, 4, &err), MOTE_ERR_ARGUMENT);
    OK(mote_gguf_writer_begin_data(w, NULL));
    assert_int_equal(mote_gguf_writer_begin_data(w, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_u32(w, "late", 1, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_gguf_writer_data(w, zeros, 17, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "'t'"));
    OK(mote_gguf_writer_data(w, zeros, 12, NULL));
    assert_int_equal(mote_gguf_writer_finish(&w, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "'t' is incomplete: 12 of 16"));
    assert_null(w);
    assert_false(mote_file_exists(path));

    OK(mote_gguf_writer_create(path, &w, NULL));
    OK(mote_gguf_writer_u32(w, "twice", 1, NULL));
    OK(mote_gguf_writer_bool(w, "twice", true, NULL));
    assert_int_equal(mote_gguf_writer_begin_data(w, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "'twice'"));
    mote_gguf_writer_discard(&w);
    assert_null(w);
    mote_gguf_writer_discard(&w);
    OK(mote_gguf_writer_create(path, &w, NULL));
    OK(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 1, (uint64_t[]){4}, NULL));
    OK(mote_gguf_writer_tensor(w, MOTE_STR("t"), MOTE_DTYPE_F32, 1, (uint64_t[]){4}, NULL));
    assert_int_equal(mote_gguf_writer_finish(&w, &err), MOTE_ERR_ARGUMENT);
    assert_false(mote_file_exists(path));
}

static void copy_file(const char *from, const char *to) {
    mote_gguf *g = NULL;
    mote_gguf_writer *w = NULL;
    OK(mote_gguf_open(from, &g, NULL));
    OK(mote_gguf_writer_create(to, &w, NULL));
    for (size_t i = 0; i < mote_gguf_n_values(g); i++)
        OK(mote_gguf_writer_copy(w, mote_gguf_value_at(g, i), NULL));
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(g, i);
        OK(mote_gguf_writer_tensor(w, t->name, t->type, t->n_dims, t->dims, NULL));
    }
    OK(mote_gguf_writer_begin_data(w, NULL));
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++)
        OK(mote_gguf_writer_data(w, mote_gguf_tensor_at(g, i)->data, mote_gguf_tensor_at(g, i)->n_bytes, NULL));
    OK(mote_gguf_writer_finish(&w, NULL));
    mote_gguf_close(&g);
}

static void assert_same_bytes(const char *a, const char *b) {
    mote_file_map x, y;
    OK(mote_file_map_open(a, &x, NULL));
    OK(mote_file_map_open(b, &y, NULL));
    assert_int_equal(x.len, y.len);
    assert_memory_equal(x.data, y.data, x.len);
    mote_file_map_close(&x);
    mote_file_map_close(&y);
}

static void a_copy_is_identical(void **state) {
    (void)state;
    char from[160], to[160];
    path_of("all.gguf", from);
    path_of("copy.gguf", to);
    copy_file(from, to);
    assert_same_bytes(from, to);
}

static void a_copy_of_a_real_writers_file_is_identical(void **state) {
    (void)state;
    const char *source = getenv("MOTE_SOURCE_DIR");
    char from[4096], to[160];
    snprintf(from, sizeof from, "%s/../shared/conformance/models/llama/model-f32.gguf", source ? source : ".");
    if (!mote_file_exists(from))
        skip();
    path_of("copy.gguf", to);
    copy_file(from, to);
    assert_same_bytes(from, to);
}

/* Part `index` of a file named `name` (which may lie) with one tensor. */
typedef struct part {
    const char *name;
    uint32_t no, count, n_tensors;
    const char *tensor;
} part;

static void write_part(const part *p) {
    char path[160];
    const float x = (float)p->no;
    mote_gguf_writer *w = NULL;
    path_of(p->name, path);
    OK(mote_gguf_writer_create(path, &w, NULL));
    if (p->no == 0)
        OK(mote_gguf_writer_string(w, "general.name", MOTE_STR("whole"), NULL));
    OK(mote_gguf_writer_array(w, "not.used", MOTE_GGUF_U8, "abc", 3, NULL));
    OK(mote_gguf_writer_u32(w, "split.no", p->no, NULL));
    OK(mote_gguf_writer_u32(w, "split.count", p->count, NULL));
    OK(mote_gguf_writer_u32(w, "split.tensors.count", p->n_tensors, NULL));
    OK(mote_gguf_writer_tensor(w, mote_str_of(p->tensor), MOTE_DTYPE_F32, 1, (uint64_t[]){1}, NULL));
    OK(mote_gguf_writer_begin_data(w, NULL));
    OK(mote_gguf_writer_data(w, &x, sizeof x, NULL));
    OK(mote_gguf_writer_finish(&w, NULL));
}

static void parts_open_as_one(void **state) {
    (void)state;
    const part parts[] = {
        {"m-00001-of-00003.gguf", 0, 3, 3, "t0"},
        {"m-00002-of-00003.gguf", 1, 3, 3, "t1"},
        {"m-00003-of-00003.gguf", 2, 3, 3, "t2"},
    };
    for (int i = 0; i < 3; i++)
        write_part(&parts[i]);
    for (int i = 0; i < 3; i++) { /* through any part */
        char path[160];
        mote_gguf *g = NULL;
        mote_str s = {0};
        path_of(parts[i].name, path);
        OK(mote_gguf_open(path, &g, NULL));
        OK(mote_gguf_get_string(g, "general.name", true, &s, NULL));
        assert_int_equal(mote_gguf_n_tensors(g), 3);
        for (int j = 0; j < 3; j++) {
            float x = -1;
            const mote_gguf_tensor *t = mote_gguf_find_tensor(g, parts[j].tensor);
            assert_non_null(t);
            memcpy(&x, t->data, sizeof x);
            assert_true(x == (float)j);
        }
        mote_gguf_close(&g);
    }
}

static void assert_split_refused(const char *name, mote_status status, const char *word) {
    char path[160];
    mote_gguf *g = NULL;
    mote_error err = {0};
    path_of(name, path);
    assert_int_equal(mote_gguf_open(path, &g, &err), status);
    assert_null(g);
    if (!strstr(err.message, word))
        fail_msg("no '%s' in: %s", word, err.message);
}

static void parts_that_do_not_fit_are_refused(void **state) {
    (void)state;
    char path[160];
    write_part(&(part){"x-00001-of-00002.gguf", 0, 2, 2, "t0"});
    assert_split_refused("x-00001-of-00002.gguf", MOTE_ERR_NOT_FOUND, "x-00002-of-00002.gguf: part 2 of 2 is missing");
    write_part(&(part){"x-00002-of-00002.gguf", 1, 2, 2, "t0"});
    assert_split_refused("x-00001-of-00002.gguf", MOTE_ERR_FORMAT, "'t0': duplicate");
    write_part(&(part){"x-00002-of-00002.gguf", 0, 2, 2, "t1"});
    assert_split_refused("x-00001-of-00002.gguf", MOTE_ERR_FORMAT, "split.no");
    write_part(&(part){"x-00002-of-00002.gguf", 1, 3, 2, "t1"});
    assert_split_refused("x-00001-of-00002.gguf", MOTE_ERR_FORMAT, "split.count");
    write_part(&(part){"x-00002-of-00002.gguf", 1, 2, 5, "t1"});
    assert_split_refused("x-00001-of-00002.gguf", MOTE_ERR_FORMAT, "split.tensors.count");
    write_part(&(part){"x-00001-of-00002.gguf", 0, 2, 5, "t0"});
    assert_split_refused("x-00001-of-00002.gguf", MOTE_ERR_FORMAT, "the parts hold 2 tensors");
    write_part(&(part){"renamed.gguf", 0, 2, 2, "t0"});
    assert_split_refused("renamed.gguf", MOTE_ERR_FORMAT, "-00001-of-00002.gguf");
    write_part(&(part){"y-00001-of-00001.gguf", 0, 70000, 2, "t0"});
    assert_split_refused("y-00001-of-00001.gguf", MOTE_ERR_LIMIT, "split.count");
    path_of("x-00001-of-00002.gguf", path);
    unlink(path);
    assert_split_refused("x-00002-of-00002.gguf", MOTE_ERR_NOT_FOUND, "part 1 of 2 is missing");
    write_part(&(part){"single.gguf", 0, 1, 1, "t0"}); /* one part of one may have any name */
    mote_gguf *g = NULL;
    path_of("single.gguf", path);
    OK(mote_gguf_open(path, &g, NULL));
    mote_gguf_close(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_reads_back), cmocka_unit_test(wrong_use_is_refused),
        cmocka_unit_test(a_copy_is_identical),   cmocka_unit_test(a_copy_of_a_real_writers_file_is_identical),
        cmocka_unit_test(parts_open_as_one),     cmocka_unit_test(parts_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
