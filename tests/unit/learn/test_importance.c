/* Measuring importance on tiny models: sums against a computation by hand, threads and experts, what is refused. */
#include <mote/quantize.h>

#include "base/buffer.h"
#include "base/file.h"
#include "formats/gguf.h"
#include "formats/imatrix.h"
#include "kernels/blocks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { N_IDS = 70, N_CTX = 32, MAX_COLUMNS = 512 };

static char out[64], other[64];
static int32_t ids[N_IDS];

static const char *path_of(const char *relative) {
    static char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/%s", root ? root : ".", relative);
    return path;
}

static mote_model *open_model(const char *path, const char *type) {
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    mote_model *model = NULL;
    mote_error err = {0};
    options.type = type;
    if (mote_model_open(path, &options, &model, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return model;
}

static mote_imatrix *open_imatrix(const char *path) {
    mote_imatrix *m = NULL;
    mote_error err = {0};
    if (mote_imatrix_open(path, &m, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return m;
}

static float count_of(const mote_imatrix_entry *e, size_t i) {
    float count;
    memcpy(&count, e->counts + 4 * i, 4);
    return count;
}

/* What enters the first layer's queries is the normed embedding (the norm's weights are ones). */
static void test_sums(void **state) {
    (void)state;
    const char *path = path_of("tests/cli/tiny.gguf");
    mote_model *model = open_model(path, "f32");
    mote_importance_options options = MOTE_IMPORTANCE_OPTIONS_INIT;
    mote_importance_result result;
    mote_error err = {0};
    mote_gguf *g = NULL;
    options.n_ctx = N_CTX;
    options.source = path;
    options.dataset = "made up";
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, &options, &result, &err), MOTE_OK);
    assert_int_equal(result.n_chunks, 2);
    assert_int_equal(result.n_entries, 7);
    assert_int_equal(result.n_unused, 0);
    assert_int_equal(mote_gguf_open(path, &g, &err), MOTE_OK);
    const mote_gguf_tensor *embedding = mote_gguf_find_tensor(g, "token_embd.weight");
    size_t n = (size_t)embedding->dims[0];
    double expected[MAX_COLUMNS] = {0};
    for (size_t t = 0; t < 2 * N_CTX; t++) { /* this model adds no BOS */
        float x[MAX_COLUMNS];
        double squares = 0;
        assert_true(mote_blocks_dequantize(embedding->type, embedding->data + (size_t)ids[t] * mote_dtype_row_bytes(embedding->type, n), x, n));
        for (size_t i = 0; i < n; i++)
            squares += (double)x[i] * (double)x[i];
        for (size_t i = 0; i < n; i++)
            expected[i] += (double)x[i] * (double)x[i] / (squares / (double)n + 1e-5);
    }
    mote_imatrix *m = open_imatrix(out);
    assert_true(mote_str_is(mote_imatrix_dataset(m), "made up"));
    assert_int_equal(mote_imatrix_n_chunks(m), 2);
    static const char *const names[] = {"blk.0.attn_q.weight", "blk.0.attn_k.weight", "blk.0.attn_v.weight"};
    for (size_t k = 0; k < 3; k++) {
        const mote_imatrix_entry *e = mote_imatrix_find(m, mote_str_of(names[k]));
        float means[MAX_COLUMNS];
        assert_non_null(e);
        assert_true(e->n_values == n && count_of(e, 0) == 2 * N_CTX);
        mote_imatrix_read(e, 0, n, means);
        for (size_t i = 0; i < n; i++)
            assert_true(fabs((double)means[i] * 2 * N_CTX - expected[i]) <= 1e-5 * expected[i]);
    }
    assert_null(mote_imatrix_find(m, MOTE_STR("output.weight")));
    mote_imatrix_close(&m);
    mote_gguf_close(&g);
    mote_model_free(&model);
}

static mote_buffer read_file(const char *path) {
    mote_buffer b;
    mote_buffer_init(&b, 1 << 24);
    assert_int_equal(mote_file_read(path, &b, NULL), MOTE_OK);
    return b;
}

static void check_threads(const mote_model *model, bool process_output) {
    mote_importance_options options = MOTE_IMPORTANCE_OPTIONS_INIT;
    mote_error err = {0};
    options.n_ctx = N_CTX;
    options.process_output = process_output;
    options.n_threads = 1;
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, &options, NULL, &err), MOTE_OK);
    options.n_threads = 3;
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, other, &options, NULL, &err), MOTE_OK);
    mote_buffer a = read_file(out), b = read_file(other);
    assert_int_equal(a.len, b.len);
    assert_memory_equal(a.data, b.data, a.len);
    mote_buffer_deinit(&a);
    mote_buffer_deinit(&b);
}

static void test_threads_change_nothing(void **state) {
    (void)state;
    mote_model *model = open_model(path_of("tests/cli/tiny.gguf"), NULL);
    check_threads(model, false);
    check_threads(model, true);
    mote_model_free(&model);
}

/* Each token of a mixture of experts meets as many experts as the model says. */
static void test_experts(void **state) {
    (void)state;
    static const char *const names[] = {"qwen3-moe", "granite-4-h-moe", "granite-4-attention-moe"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char relative[128];
        snprintf(relative, sizeof relative, "tests/golden/families/%s/model-f32.gguf", names[i]);
        const char *path = path_of(relative);
        mote_model *model = open_model(path, "f32");
        mote_importance_options options = MOTE_IMPORTANCE_OPTIONS_INIT;
        mote_error err = {0};
        options.n_ctx = N_CTX;
        options.source = path;
        if (mote_importance_measure(model, ids, N_IDS, out, &options, NULL, &err) != MOTE_OK)
            fail_msg("%s: %s", names[i], err.message);
        mote_imatrix *m = open_imatrix(out);
        const mote_imatrix_entry *down = mote_imatrix_find(m, MOTE_STR("blk.0.ffn_down_exps.weight")), *up = mote_imatrix_find(m, MOTE_STR("blk.0.ffn_up_exps.weight"));
        const mote_imatrix_entry *router = mote_imatrix_find(m, MOTE_STR("blk.0.ffn_gate_inp.weight"));
        assert_true(down && up && router && down->n_counts > 1 && up->n_counts == down->n_counts);
        double n_uses = 0;
        for (size_t e = 0; e < down->n_counts; e++) {
            assert_true(count_of(down, e) == count_of(up, e));
            n_uses += (double)count_of(down, e);
        }
        assert_true(count_of(router, 0) == 2 * N_CTX);
        assert_true(fmod(n_uses, 2 * N_CTX) == 0 && n_uses >= 2 * N_CTX);
        mote_imatrix_close(&m);
        check_threads(model, false);
        mote_model_free(&model);
    }
}

static bool stop(void *context, const char *what, double fraction) {
    (void)context;
    (void)what;
    return fraction < 0.4;
}

static void test_refusals(void **state) {
    (void)state;
    mote_model *model = open_model(path_of("tests/cli/tiny.gguf"), NULL);
    mote_importance_options options = MOTE_IMPORTANCE_OPTIONS_INIT;
    mote_error err = {0};
    unlink(out);
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, NULL, NULL, &err), MOTE_ERR_ARGUMENT); /* a window of 512 */
    options.n_ctx = N_CTX;
    options.source = path_of("tests/cli/make_tiny.py");
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, &options, NULL, &err), MOTE_ERR_FORMAT);
    options.source = NULL;
    options.progress = stop;
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, &options, NULL, &err), MOTE_ERR_CANCELLED);
    options.progress = NULL;
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, "/no/such/folder/x", &options, NULL, &err), MOTE_ERR_NOT_FOUND);
    ids[40] = 1 << 20;
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, &options, NULL, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "token 40"));
    ids[40] = -1;
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, &options, NULL, &err), MOTE_ERR_ARGUMENT);
    options.n_ctx = -3;
    assert_int_equal(mote_importance_measure(model, ids, N_IDS, out, &options, NULL, &err), MOTE_ERR_ARGUMENT);
    assert_false(mote_file_exists(out));
    mote_model_free(&model);
}

static int begin(void **state) {
    (void)state;
    snprintf(out, sizeof out, "/tmp/mote-importance-%ld", (long)getpid());
    snprintf(other, sizeof other, "/tmp/mote-importance-%ld.other", (long)getpid());
    for (int i = 0; i < N_IDS; i++)
        ids[i] = (i * 37 + 11) % 60;
    return 0;
}

static int end(void **state) {
    (void)state;
    unlink(out);
    unlink(other);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sums, begin, end),
        cmocka_unit_test_setup_teardown(test_threads_change_nothing, begin, end),
        cmocka_unit_test_setup_teardown(test_experts, begin, end),
        cmocka_unit_test_setup_teardown(test_refusals, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
