/* Every allocation of quantising and of measuring importance fails once, and persistently from there: MOTE_ERR_ALLOC, nothing leaked, no file left. The test defines base/mem.h
 * itself, so that the linker takes these functions instead of the library's. */
#include <mote/quantize.h>

#include "base/file.h"
#include "base/mem.h"
#include "formats/imatrix.h"
#include "quantize_model.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static long n_calls, fail_at; /* the call with this number fails; 0: none */
static bool persistent;
static long n_live;

static bool fails(void) {
    n_calls++;
    return fail_at > 0 && (n_calls == fail_at || (persistent && n_calls > fail_at));
}

void *mote_mem_alloc(size_t n_bytes) {
    void *p = fails() ? NULL : malloc(n_bytes ? n_bytes : 1);
    n_live += p != NULL;
    return p;
}

void *mote_mem_alloc_array(size_t n, size_t item_bytes) {
    size_t total;
    return __builtin_mul_overflow(n, item_bytes, &total) ? NULL : mote_mem_alloc(total);
}

void *mote_mem_zalloc_array(size_t n, size_t item_bytes) {
    void *p = mote_mem_alloc_array(n, item_bytes);
    if (p)
        memset(p, 0, n * item_bytes);
    return p;
}

void *mote_mem_resize_array(void *p, size_t n, size_t item_bytes) {
    size_t total = n * item_bytes;
    void *q = fails() ? NULL : realloc(p, total > 0 ? total : 1);
    n_live += q && !p;
    return q;
}

void *mote_mem_alloc_aligned(size_t n_bytes) {
    void *p = fails() ? NULL : aligned_alloc(MOTE_MEM_ALIGN, (n_bytes + MOTE_MEM_ALIGN) / MOTE_MEM_ALIGN * MOTE_MEM_ALIGN);
    n_live += p != NULL;
    return p;
}

void *mote_mem_alloc_large(size_t n_bytes) {
    return mote_mem_alloc_aligned(n_bytes);
}

void mote_mem_free(void *p) {
    n_live -= p != NULL;
    free(p);
}

char *mote_mem_dup_text(const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = mote_mem_alloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}

static char in[64], out[64], importance[64];
static mote_model *model;
static int32_t ids[24];

static mote_status quantize(mote_error *err) {
    mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
    options.imatrix = importance;
    options.n_threads = 1;
    return mote_quantize_file(in, out, "Q4_K_M", &options, NULL, err);
}

static mote_status measure(mote_error *err) {
    mote_importance_options options = MOTE_IMPORTANCE_OPTIONS_INIT;
    options.n_ctx = 12;
    options.n_threads = 1;
    options.process_output = true;
    return mote_importance_measure(model, ids, 24, out, &options, NULL, err);
}

static void sweep(mote_status (*work)(mote_error *err)) {
    for (int p = 0; p < 2; p++) {
        persistent = p;
        for (fail_at = 1;; fail_at++) {
            mote_error err = {0};
            long before = n_live;
            n_calls = 0;
            mote_status status = work(&err);
            assert_int_equal(n_live, before);
            if (status == MOTE_OK && n_calls < fail_at)
                break;
            if (status != MOTE_OK) {
                assert_int_equal(status, MOTE_ERR_ALLOC);
                assert_false(mote_file_exists(out));
            }
            unlink(out);
            assert_true(fail_at < 10000);
        }
        assert_true(fail_at > 10);
        fail_at = 0;
        unlink(out);
    }
}

static void test_quantize(void **state) {
    (void)state;
    sweep(quantize);
}

static void test_measure(void **state) {
    (void)state;
    sweep(measure);
}

static int begin(void **state) {
    static const float ones[COLUMNS * EXPERTS] = {1}, counts[EXPERTS] = {1, 1, 1};
    const mote_imatrix_sums entry = {MOTE_STR("blk.0.ffn_up_exps.weight"), COLUMNS, EXPERTS, ones, counts};
    char tiny[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_error err = {0};
    (void)state;
    snprintf(tiny, sizeof tiny, "%s/tests/cli/tiny.gguf", root ? root : ".");
    snprintf(in, sizeof in, "/tmp/mote-learn-%ld.in", (long)getpid());
    snprintf(out, sizeof out, "/tmp/mote-learn-%ld.out", (long)getpid());
    snprintf(importance, sizeof importance, "/tmp/mote-learn-%ld.imatrix", (long)getpid());
    for (int i = 0; i < 24; i++)
        ids[i] = 3 + i * 5;
    bool ok = model_write(in, &err) == MOTE_OK && mote_imatrix_write(importance, MOTE_STR("text"), 1, 1, &entry, 1, &err) == MOTE_OK &&
              mote_model_open(tiny, NULL, &model, &err) == MOTE_OK;
    if (!ok)
        fprintf(stderr, "%s\n", err.message);
    return ok ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    mote_model_free(&model);
    unlink(in);
    unlink(out);
    unlink(importance);
    return n_live == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_measure),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
