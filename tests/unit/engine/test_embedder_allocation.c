/* Opening, embedding and reranking with every allocation failing in turn: nothing leaks, and the status says so. */
#include <mote/embed.h>
#include <mote/rerank.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_memory.h"

enum { PATH_BYTES = 1024, MAX_DIM = 64 };

static const char TEXT[] = "a river runs through the valley";
static char path[PATH_BYTES];
static mote_model *model;

static void take_family(const char *name) {
    const char *source = getenv("MOTE_SOURCE_DIR");
    if (!source)
        skip();
    snprintf(path, sizeof path, "%s/tests/golden/families/%s", source, name);
}

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
            assert_int_equal(status, n_calls < fail_at ? MOTE_OK : MOTE_ERR_ALLOC);
            assert_int_equal(err.status, status);
        } while (n_calls >= fail_at);
        assert_true(fail_at > 1);
        fail_at = 0;
    }
}

static mote_status embed(mote_error *err) {
    mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
    mote_embedder *embedder = NULL;
    mote_embed_text texts[2] = {{.text = TEXT, .text_bytes = sizeof TEXT - 1}, {.text = "bytes", .text_bytes = 5}};
    float vectors[2 * MAX_DIM];
    options.n_threads = 1;
    mote_status status = mote_embedder_create(model, &options, &embedder, err);
    if (status == MOTE_OK)
        status = mote_embed(embedder, texts, 2, vectors, err);
    mote_embedder_free(&embedder);
    return status;
}

static mote_status rerank(mote_error *err) {
    mote_reranker *reranker = NULL;
    mote_embed_text passage = {.text = TEXT, .text_bytes = sizeof TEXT - 1};
    float score;
    mote_status status = mote_reranker_create(model, 1, false, &reranker, err);
    if (status == MOTE_OK)
        status = mote_rerank(reranker, "who runs?", 9, &passage, 1, &score, err);
    mote_reranker_free(&reranker);
    return status;
}

static mote_status open_model(mote_error *err) {
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    mote_model *opened = NULL;
    options.n_threads = 1;
    mote_status status = mote_model_open(path, &options, &opened, err);
    mote_model_free(&opened);
    return status;
}

static void with_model(const char *family, mote_status (*work)(mote_error *err)) {
    mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
    mote_error err = {0};
    take_family(family);
    options.n_threads = 1;
    if (mote_model_open(path, &options, &model, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    sweep(work);
    mote_model_free(&model);
}

static void test_encoder(void **state) {
    (void)state;
    with_model("bert-mean", embed);
}

static void test_decoder(void **state) {
    (void)state;
    with_model("embeddinggemma", embed);
}

static void test_reranker(void **state) {
    (void)state;
    with_model("xlm-roberta-reranker", rerank);
}

static void test_open(void **state) {
    (void)state;
    take_family("embeddinggemma");
    sweep(open_model);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_encoder), cmocka_unit_test(test_decoder), cmocka_unit_test(test_reranker), cmocka_unit_test(test_open)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
