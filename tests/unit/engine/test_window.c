/* Sliding windows keep their window only: a long timeline whose stores moved down gives what one that kept everything gives, bit for bit, also after it goes back. */
#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_CTX = 1024, N_IDS = 900 };

typedef struct timeline {
    mote_engine *engine;
    mote_session *session;
} timeline;

typedef struct fixture {
    mote_model *model;
    timeline keeps_all, keeps_window; /* a pass of the whole context needs stores of the whole context */
    size_t n_vocab;
    int32_t ids[N_IDS];
} fixture;

static void open_timeline(const mote_model *model, int32_t n_batch, timeline *t) {
    mote_error err = {0};
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    o.n_ctx = N_CTX;
    o.n_batch = n_batch;
    o.n_threads = 2;
    o.prefix_cache_bytes = 0;
    if (mote_engine_create(model, &o, &t->engine, &err) != MOTE_OK || mote_session_create(t->engine, &t->session, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static int open_all(void **state) {
    static fixture f;
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_error err = {0};
    snprintf(path, sizeof path, "%s/tests/golden/families/ministral", root ? root : ".");
    if (mote_model_open(path, NULL, &f.model, &err) != MOTE_OK) {
        fprintf(stderr, "%s\n", err.message);
        return -1;
    }
    open_timeline(f.model, N_CTX, &f.keeps_all);
    open_timeline(f.model, 16, &f.keeps_window);
    mote_model_info info;
    mote_model_get_info(f.model, &info);
    f.n_vocab = info.n_vocab;
    for (size_t i = 0; i < N_IDS; i++)
        f.ids[i] = (int32_t)((i * 31 + i / 7) % f.n_vocab);
    *state = &f;
    return 0;
}

static int close_all(void **state) {
    fixture *f = *state;
    timeline *both[] = {&f->keeps_all, &f->keeps_window};
    for (int i = 0; i < 2; i++) {
        mote_session_free(&both[i]->session);
        mote_engine_free(&both[i]->engine);
    }
    mote_model_free(&f->model);
    return 0;
}

static void feed(mote_session *s, const int32_t *ids, size_t n) {
    mote_error err = {0};
    if (mote_session_feed(s, ids, n, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

/* Both timelines, as they are, continue with the same tokens. */
static void assert_continue_alike(fixture *f) {
    const int32_t more[] = {5, 17, 3};
    feed(f->keeps_all.session, more, 3);
    feed(f->keeps_window.session, more, 3);
    assert_memory_equal(mote_session_logits(f->keeps_all.session), mote_session_logits(f->keeps_window.session), f->n_vocab * sizeof(float));
}

static void a_long_timeline_is_the_same(void **state) {
    fixture *f = *state;
    feed(f->keeps_all.session, f->ids, N_IDS);
    for (size_t i = 0, n; i < N_IDS; i += n) {
        n = i % 5 == 0 ? 37 : 1;
        n = N_IDS - i < n ? N_IDS - i : n;
        feed(f->keeps_window.session, f->ids + i, n);
    }
    assert_continue_alike(f);
}

static void going_back_is_the_same(void **state) {
    fixture *f = *state;
    const size_t keep[] = {890, 700, 650, 333, 40, 7, 0};
    for (size_t i = 0; i < sizeof keep / sizeof *keep; i++) {
        assert_int_equal(mote_session_truncate(f->keeps_all.session, keep[i]), MOTE_OK);
        assert_int_equal(mote_session_truncate(f->keeps_window.session, keep[i]), MOTE_OK);
        assert_int_equal(mote_session_n_tokens(f->keeps_window.session), keep[i]);
        assert_continue_alike(f);
    }
}

static void windows_take_less_memory(void **state) {
    fixture *f = *state;
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    mote_engine *small = NULL, *large = NULL;
    mote_error err = {0};
    o.n_batch = 16;
    o.n_ctx = 4096;
    o.prefix_cache_bytes = 0;
    assert_int_equal(mote_engine_create(f->model, &o, &small, &err), MOTE_OK);
    o.n_ctx = 8192;
    assert_int_equal(mote_engine_create(f->model, &o, &large, &err), MOTE_OK);
    /* One of three layers attends to everything: 2 key/value heads of 16 in half precision, keys and values; and 4 bytes a token for its id. */
    uint64_t more = mote_engine_bytes(large) - mote_engine_bytes(small), one_layer = 4096u * (2 * 16 * 2 * 2 + 4);
    assert_true(more >= one_layer);
    assert_true(more < 2 * one_layer + (1u << 20)); /* attention's scores grow as well */
    mote_engine_free(&small);
    mote_engine_free(&large);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_timeline_is_the_same),
        cmocka_unit_test(going_back_is_the_same),
        cmocka_unit_test(windows_take_less_memory),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
