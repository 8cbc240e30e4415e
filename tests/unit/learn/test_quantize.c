/* Quantising a file: every type's bytes, keys, threads, importance, split sources, refusals that leave nothing behind. */
#include <mote/quantize.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/imatrix.h"
#include "kernels/blocks.h"
#include "quantize_model.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char folder[64], in[128], out[128], other[128], importance[128];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/mote-quantize-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(in, sizeof in, "%s/in.gguf", folder);
    snprintf(out, sizeof out, "%s/out.gguf", folder);
    snprintf(other, sizeof other, "%s/other.gguf", folder);
    snprintf(importance, sizeof importance, "%s/imatrix.gguf", folder);
    return model_write(in, NULL) == MOTE_OK ? 0 : -1;
}

static size_t count_files(bool removes) {
    DIR *d = opendir(folder);
    size_t n = 0;
    for (struct dirent *e; d && (e = readdir(d));) {
        char path[400];
        if (e->d_name[0] == '.' && (e->d_name[1] == 0 || e->d_name[1] == '.'))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        n++;
        if (removes)
            unlink(path);
    }
    closedir(d);
    return n;
}

static int remove_folder(void **state) {
    (void)state;
    count_files(true);
    return rmdir(folder);
}

static mote_gguf *open_gguf(const char *path) {
    mote_gguf *g = NULL;
    mote_error err = {0};
    if (mote_gguf_open(path, &g, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return g;
}

/* Every row of a result's tensor is what the block quantiser makes of the source's row. */
static void check_rows(const mote_gguf_tensor *from, const mote_gguf_tensor *to, const float *weights) {
    size_t n_columns = (size_t)from->dims[0], n_rows = (size_t)(from->dims[1] * from->dims[2]);
    size_t from_bytes = mote_dtype_row_bytes(from->type, n_columns), to_bytes = mote_dtype_row_bytes(to->type, n_columns);
    for (size_t r = 0; r < n_rows; r++) {
        float x[COLUMNS];
        uint8_t expected[COLUMNS * 4];
        const float *w = weights ? weights + r / (size_t)from->dims[1] * n_columns : NULL;
        assert_true(mote_blocks_dequantize(from->type, from->data + r * from_bytes, x, n_columns));
        mote_blocks_importance weighing = {w, 0};
        for (size_t i = 0; i < n_columns; i++)
            weighing.row_mean_square += x[i] * x[i];
        weighing.row_mean_square /= (float)n_columns;
        assert_true(mote_blocks_quantize(to->type, x, expected, n_columns, w ? &weighing : NULL));
        assert_memory_equal(to->data + r * to_bytes, from->type == to->type ? from->data + r * from_bytes : expected, to_bytes);
    }
}

static void check_tensors(const mote_gguf *from, const mote_gguf *to, const char *weighted, const float *weights) {
    assert_int_equal(mote_gguf_n_tensors(from), mote_gguf_n_tensors(to));
    for (size_t i = 0; i < mote_gguf_n_tensors(from); i++) {
        const mote_gguf_tensor *a = mote_gguf_tensor_at(from, i), *b = mote_gguf_tensor_at(to, i);
        assert_true(mote_str_equal(a->name, b->name));
        assert_memory_equal(a->dims, b->dims, sizeof a->dims);
        check_rows(a, b, weighted && mote_str_is(a->name, weighted) ? weights : NULL);
    }
}

static void test_every_type(void **state) {
    (void)state;
    static const char *const types[] = {"F32",    "F16",  "BF16", "Q8_0",   "Q6_K",   "Q5_K_M", "Q5_K_S", "Q5_1",   "Q5_0", "Q4_K_M",
                                        "Q4_K_S", "Q4_1", "Q4_0", "IQ4_NL", "IQ4_XS", "Q3_K_L", "Q3_K_M", "Q3_K_S", "Q2_K"};
    mote_gguf *from = open_gguf(in);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        mote_quantize_result result;
        mote_error err = {0};
        uint32_t file_type = 99, version = 0;
        mote_str kept = {0};
        if (mote_quantize_file(in, out, types[i], NULL, &result, &err) != MOTE_OK)
            fail_msg("%s: %s", types[i], err.message);
        mote_gguf *to = open_gguf(out);
        check_tensors(from, to, NULL, NULL);
        assert_string_equal(result.type, types[i]);
        assert_int_equal(result.n_tensors, N_MODEL_TENSORS);
        assert_int_equal(mote_gguf_get_u32(to, "general.file_type", true, &file_type, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_get_u32(to, "general.quantization_version", true, &version, NULL), MOTE_OK);
        assert_int_equal(mote_gguf_get_string(to, "quantize.imatrix.file", true, &kept, NULL), MOTE_OK);
        assert_true(file_type < 40 && version == 2 && mote_str_is(kept, "before"));
        assert_int_equal(mote_gguf_find_tensor(to, "blk.0.ffn_gate_inp.weight")->type, MOTE_DTYPE_F32);
        assert_int_equal(mote_gguf_find_tensor(to, "output_norm.weight")->type, MOTE_DTYPE_F32);
        uint64_t n_bytes = 0;
        for (size_t t = 0; t < mote_gguf_n_tensors(to); t++)
            n_bytes += mote_gguf_tensor_at(to, t)->n_bytes;
        assert_true(n_bytes == result.n_bytes);
        mote_gguf_close(&to);
    }
    mote_gguf_close(&from);
    assert_int_equal(count_files(false), 2);
}

static void test_counts(void **state) {
    (void)state;
    mote_quantize_result result;
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    assert_int_equal(mote_quantize_file(in, out, "q4_k", NULL, &result, NULL), MOTE_OK);
    assert_string_equal(result.type, "Q4_K_M");
    assert_int_equal(result.n_changed, 6);
    assert_int_equal(result.n_requantised, 1); /* attn_k */
    assert_int_equal(result.n_fallbacks, 1);   /* attn_v has 96 columns */
    assert_int_equal(result.n_unweighted, 0);
    options.leave_output = true;
    options.embedding_type = "q5_1";
    options.pure = true;
    assert_int_equal(mote_quantize_file(in, out, "q4_k", &options, &result, NULL), MOTE_OK);
    mote_gguf *to = open_gguf(out);
    assert_int_equal(mote_gguf_find_tensor(to, "output.weight")->type, MOTE_DTYPE_BF16);
    assert_int_equal(mote_gguf_find_tensor(to, "token_embd.weight")->type, MOTE_DTYPE_Q5_1);
    mote_gguf_close(&to);
    options.leave_output = false;
    options.output_type = "q8_0";
    assert_int_equal(mote_quantize_file(in, out, "q4_k", &options, &result, NULL), MOTE_OK);
    to = open_gguf(out);
    assert_int_equal(mote_gguf_find_tensor(to, "output.weight")->type, MOTE_DTYPE_Q8_0);
    mote_gguf_close(&to);
}

static mote_buffer read_file(const char *path) {
    mote_buffer b;
    mote_buffer_init(&b, 1 << 24);
    assert_int_equal(mote_file_read(path, &b, NULL), MOTE_OK);
    return b;
}

static void test_threads_change_nothing(void **state) {
    (void)state;
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    options.n_threads = 1;
    assert_int_equal(mote_quantize_file(in, out, "Q4_K_M", &options, NULL, NULL), MOTE_OK);
    mote_buffer one = read_file(out);
    for (int n = 2; n <= 7; n += 5) {
        options.n_threads = n;
        assert_int_equal(mote_quantize_file(in, other, "Q4_K_M", &options, NULL, NULL), MOTE_OK);
        mote_buffer many = read_file(other);
        assert_int_equal(one.len, many.len);
        assert_memory_equal(one.data, many.data, one.len);
        mote_buffer_deinit(&many);
    }
    mote_buffer_deinit(&one);
}

/* An importance matrix for the experts' tensor, and one for the queries when asked. */
static void write_importance(size_t n_columns, float *means) {
    static float sums[EXPERTS * COLUMNS], counts[EXPERTS];
    mote_error err = {0};
    mote_rng rng;
    mote_rng_init(&rng, 5);
    for (size_t e = 0; e < EXPERTS; e++)
        counts[e] = e == 1 ? 0 : (float)(e + 4);
    for (size_t i = 0; i < EXPERTS * n_columns; i++) {
        float count = counts[i / n_columns];
        sums[i] = (float)(mote_rng_uniform(&rng) * (i % 9 == 0 ? 100 : 1)) * count;
        means[i] = count > 0 ? sums[i] / count : 1;
    }
    const mote_imatrix_sums entries[] = {{MOTE_STR("blk.0.ffn_up_exps.weight"), n_columns, EXPERTS, sums, counts}};
    assert_int_equal(mote_imatrix_write(importance, MOTE_STR("text.txt"), 11, 512, entries, 1, &err), MOTE_OK);
}

static void test_importance_of_each_expert(void **state) {
    (void)state;
    static float means[EXPERTS * COLUMNS];
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    mote_quantize_result result;
    mote_error err = {0};
    uint32_t n = 0;
    mote_str text = {0};
    options.imatrix = importance;
    write_importance(COLUMNS, means);
    mote_gguf *from = open_gguf(in);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mote_quantize_file(in, out, i ? "Q2_K_S" : "IQ4_NL", &options, &result, &err), MOTE_OK);
        assert_int_equal(result.n_unweighted, 3);
        mote_gguf *to = open_gguf(out);
        check_tensors(from, to, "blk.0.ffn_up_exps.weight", means);
        assert_int_equal(mote_gguf_get_u32(to, "quantize.imatrix.entries_count", true, &n, NULL), MOTE_OK);
        assert_int_equal(n, 1);
        assert_int_equal(mote_gguf_get_u32(to, "quantize.imatrix.chunks_count", true, &n, NULL), MOTE_OK);
        assert_int_equal(n, 11);
        assert_int_equal(mote_gguf_get_string(to, "quantize.imatrix.dataset", true, &text, NULL), MOTE_OK);
        assert_true(mote_str_is(text, "text.txt"));
        assert_int_equal(mote_gguf_get_string(to, "quantize.imatrix.file", true, &text, NULL), MOTE_OK);
        assert_true(mote_str_is(text, importance)); /* instead of the source's */
        mote_gguf_close(&to);
    }
    mote_gguf_close(&from);
    write_importance(COLUMNS / 2, means);
    unlink(out);
    assert_int_equal(mote_quantize_file(in, out, "Q4_0", &options, NULL, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "ffn_up_exps"));
    options.imatrix = in; /* a GGUF, but no importance matrix */
    assert_int_equal(mote_quantize_file(in, out, "Q4_0", &options, NULL, &err), MOTE_ERR_FORMAT);
    options.imatrix = "/no/such/file";
    assert_int_equal(mote_quantize_file(in, out, "Q4_0", &options, NULL, &err), MOTE_ERR_NOT_FOUND);
    assert_false(mote_file_exists(out));
}

static void test_split_source(void **state) {
    (void)state;
    char parts[2][128];
    mote_error err = {0};
    for (uint32_t i = 0; i < 2; i++) {
        snprintf(parts[i], sizeof parts[i], "%s/m-%05u-of-00002.gguf", folder, (unsigned)i + 1);
        assert_int_equal(model_write_part(parts[i], i ? 4 : 0, i ? N_MODEL_TENSORS : 4, i, 2, &err), MOTE_OK);
    }
    assert_int_equal(mote_quantize_file(in, out, "Q5_K_M", NULL, NULL, &err), MOTE_OK);
    if (mote_quantize_file(parts[0], other, "Q5_K_M", NULL, NULL, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    mote_gguf *whole = open_gguf(out), *joined = open_gguf(other);
    for (size_t i = 0; i < N_MODEL_TENSORS; i++) {
        const mote_gguf_tensor *a = mote_gguf_find_tensor(whole, model_tensors[i].name), *b = mote_gguf_find_tensor(joined, model_tensors[i].name);
        assert_int_equal(a->type, b->type);
        assert_memory_equal(a->data, b->data, a->n_bytes);
    }
    assert_null(mote_gguf_find(joined, "split.count"));
    mote_gguf_close(&whole);
    mote_gguf_close(&joined);
}

static bool stop_at_half(void *context, const char *what, double fraction) {
    int *n_calls = context;
    assert_string_equal(what, "quantising");
    assert_true(fraction > 0 && fraction <= 1);
    ++*n_calls;
    return fraction < 0.5;
}

static void test_cancel(void **state) {
    (void)state;
    int n_calls = 0;
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    options.progress = stop_at_half;
    options.progress_context = &n_calls;
    assert_int_equal(mote_quantize_file(in, out, "Q4_0", &options, NULL, NULL), MOTE_ERR_CANCELLED);
    assert_true(n_calls > 1);
    assert_int_equal(count_files(false), 1);
}

/* Puts a float into the queries of the source. */
static void poison(float x) {
    mote_gguf *g = open_gguf(in);
    mote_buffer b = read_file(in);
    const mote_gguf_tensor *first = mote_gguf_tensor_at(g, 0), *t = mote_gguf_find_tensor(g, "blk.0.attn_q.weight");
    size_t data = b.len - 1, n_bytes = 0;
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++) /* every tensor's size is a multiple of the alignment but the last one's padding */
        n_bytes = (size_t)(mote_gguf_tensor_at(g, i)->data - first->data + (ptrdiff_t)mote_gguf_tensor_at(g, i)->n_bytes);
    data = b.len - (n_bytes + 31) / 32 * 32;
    memcpy(b.data + data + (size_t)(t->data - first->data) + 4 * (5 * COLUMNS + 7), &x, 4);
    mote_gguf_close(&g);
    FILE *f = fopen(in, "wb");
    assert_int_equal(fwrite(b.data, 1, b.len, f), b.len);
    fclose(f);
    mote_buffer_deinit(&b);
}

static void test_weights_that_cannot_be(void **state) {
    (void)state;
    mote_error err = {0};
    static const float wrong[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        poison(wrong[i]);
        assert_int_equal(mote_quantize_file(in, out, "Q4_K_M", NULL, NULL, &err), MOTE_ERR_FORMAT);
        assert_non_null(strstr(err.message, "blk.0.attn_q.weight"));
        assert_non_null(strstr(err.message, "row 5"));
    }
    poison(1e5f);
    assert_int_equal(mote_quantize_file(in, out, "F16", NULL, NULL, &err), MOTE_ERR_LIMIT);
    assert_non_null(strstr(err.message, "BF16"));
    assert_int_equal(count_files(false), 1);
    assert_int_equal(mote_quantize_file(in, out, "BF16", NULL, NULL, &err), MOTE_OK);
}

static void expect(mote_status expected, const char *from, const char *to, const char *type, const mote_quantize_options *options, const char *part) {
    mote_error err = {0};
    mote_status status = mote_quantize_file(from, to, type, options, NULL, &err);
    if (status != expected || !strstr(err.message, part))
        fail_msg("status %d, '%s'; expected %d, '%s'", status, err.message, expected, part);
}

static void write_kind(const char *kind, bool has_tensor) {
    mote_gguf_writer *w = NULL;
    mote_error err = {0};
    const float ones[32] = {1};
    assert_int_equal(mote_gguf_writer_create(other, &w, &err), MOTE_OK);
    if (kind)
        assert_int_equal(mote_gguf_writer_string(w, "general.type", mote_str_of(kind), &err), MOTE_OK);
    if (has_tensor)
        assert_int_equal(mote_gguf_writer_tensor(w, MOTE_STR("a.weight"), MOTE_DTYPE_F32, 1, (uint64_t[]){32}, &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_begin_data(w, &err), MOTE_OK);
    if (has_tensor)
        assert_int_equal(mote_gguf_writer_data(w, ones, sizeof ones, &err), MOTE_OK);
    assert_int_equal(mote_gguf_writer_finish(&w, &err), MOTE_OK);
}

static void test_refusals(void **state) {
    (void)state;
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    expect(MOTE_ERR_ARGUMENT, in, in, "Q4_0", NULL, "own source");
    expect(MOTE_ERR_ARGUMENT, in, out, "Q4_7", NULL, "Q4_7");
    expect(MOTE_ERR_UNSUPPORTED, in, out, "IQ2_XS", NULL, "IQ2_XS");
    expect(MOTE_ERR_ARGUMENT, in, out, "Q2_K_S", NULL, "importance");
    expect(MOTE_ERR_NOT_FOUND, "/no/such/file", out, "Q4_0", NULL, "/no/such/file");
    expect(MOTE_ERR_NOT_FOUND, in, "/no/such/folder/out.gguf", "Q4_0", NULL, "/no/such/folder");
    options.output_type = "Q4_K_M"; /* a mix is no type */
    expect(MOTE_ERR_ARGUMENT, in, out, "Q4_0", &options, "Q4_K_M");
    options.output_type = "I32";
    expect(MOTE_ERR_ARGUMENT, in, out, "Q4_0", &options, "I32");
    options.output_type = NULL;
    options.n_threads = 1000;
    expect(MOTE_ERR_ARGUMENT, in, out, "Q4_0", &options, "threads");
    write_kind("adapter", true);
    expect(MOTE_ERR_UNSUPPORTED, other, out, "Q4_0", NULL, "adapter");
    write_kind(NULL, false);
    expect(MOTE_ERR_UNSUPPORTED, other, out, "Q4_0", NULL, "no tensors");
    write_kind(NULL, true);
    expect(MOTE_ERR_FORMAT, other, out, "Q4_0", NULL, "general.architecture");
    assert_false(mote_file_exists(out));
    assert_int_equal(count_files(false), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_type, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_counts, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_threads_change_nothing, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_importance_of_each_expert, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_split_source, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_cancel, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_weights_that_cannot_be, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_refusals, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
