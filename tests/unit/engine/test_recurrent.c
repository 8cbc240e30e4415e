/* Sessions of models whose layers carry a state from token to token: a timeline that goes back, stops in the middle of a pass or is shared gives what a fresh one gives, bit for
 * bit. On the tiny models of tests/golden/families. */
#include "engine/engine.h"

#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_CTX = 48, N_BATCH = 8, N_IDS = 30 };

static const char *const MODELS[] = {"granite-4-h-dense", "granite-4-h-moe", "lfm2"};

typedef struct fixture {
    mote_model *model;
    mote_engine *engine;
    mote_session *session, *other;
    size_t n_vocab;
    int32_t ids[N_IDS];
    float *expected; /* logits after all of them, fed to a fresh session at once */
} fixture;

static void create_engine(const mote_model *model, mote_engine **engine) {
    mote_error err = {0};
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    o.n_ctx = N_CTX;
    o.n_batch = N_BATCH;
    o.n_threads = 2;
    o.n_sessions = 2;
    assert_int_equal(mote_engine_create(model, &o, engine, &err), MOTE_OK);
}

static void open_model(fixture *f, const char *name) {
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_error err = {0};
    *f = (fixture){0};
    snprintf(path, sizeof path, "%s/tests/golden/families/%s", root ? root : ".", name);
    if (mote_model_open(path, NULL, &f->model, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    mote_model_info info;
    mote_model_get_info(f->model, &info);
    f->n_vocab = info.n_vocab;
    for (size_t i = 0; i < N_IDS; i++)
        f->ids[i] = (int32_t)((i * 31 + 7) % f->n_vocab);
    create_engine(f->model, &f->engine);
    assert_int_equal(mote_session_create(f->engine, &f->session, &err), MOTE_OK);
    assert_int_equal(mote_session_create(f->engine, &f->other, &err), MOTE_OK);
    assert_int_equal(mote_session_feed(f->session, f->ids, N_IDS, &err), MOTE_OK);
    f->expected = malloc(f->n_vocab * sizeof *f->expected);
    assert_non_null(f->expected);
    memcpy(f->expected, mote_session_logits(f->session), f->n_vocab * sizeof *f->expected);
}

static void close_model(fixture *f) {
    free(f->expected);
    mote_session_free(&f->session);
    mote_session_free(&f->other);
    mote_engine_free(&f->engine);
    mote_model_free(&f->model);
}

static void feed(mote_session *s, const int32_t *ids, size_t n) {
    mote_error err = {0};
    if (mote_session_feed(s, ids, n, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void assert_is_expected(const fixture *f, const mote_session *s) {
    assert_int_equal(mote_session_n_tokens(s), N_IDS);
    assert_non_null(mote_session_logits(s));
    assert_memory_equal(f->expected, mote_session_logits(s), f->n_vocab * sizeof *f->expected);
}

static void goes_back(fixture *f) {
    for (size_t n_keep = 0; n_keep < N_IDS; n_keep += 7) {
        assert_int_equal(mote_session_truncate(f->session, n_keep), MOTE_OK);
        feed(f->session, f->ids + 3, 5); /* something else in between */
        assert_int_equal(mote_session_truncate(f->session, n_keep), MOTE_OK);
        for (size_t i = n_keep; i < N_IDS; i += 4)
            feed(f->session, f->ids + i, N_IDS - i < 4 ? N_IDS - i : 4);
        assert_is_expected(f, f->session);
    }
    assert_int_equal(mote_session_truncate(f->session, N_IDS), MOTE_OK); /* nothing to forget */
    assert_is_expected(f, f->session);
}

static void is_not_disturbed_by_another(fixture *f) {
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    for (size_t i = 0; i < N_IDS; i += 5) {
        feed(f->session, f->ids + i, 5);
        if (i + 5 < N_IDS)
            feed(f->other, f->ids + 4, 3);
    }
    assert_is_expected(f, f->session);
}

/* What was fed at once is not computed again for each of several ends. */
static void keeps_a_prompt(fixture *f) {
    enum { N_PROMPT = 12 };
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    feed(f->session, f->ids, N_PROMPT);
    for (int i = 0; i < 3; i++) {
        feed(f->session, f->ids + i, 6);
        assert_int_equal(mote_session_truncate(f->session, N_PROMPT), MOTE_OK);
        assert_int_equal(f->session->n_computed, N_PROMPT);
    }
    for (size_t i = 0; i < 4; i++)
        feed(f->session, f->ids + N_PROMPT + i, 1); /* an answer */
    assert_int_equal(mote_session_truncate(f->session, N_PROMPT + 2), MOTE_OK);
    assert_int_equal(f->session->n_computed, N_PROMPT);
    feed(f->session, f->ids + N_PROMPT + 2, N_IDS - N_PROMPT - 2);
    assert_is_expected(f, f->session);
    assert_int_equal(mote_session_truncate(f->session, N_PROMPT - 1), MOTE_OK);
    assert_int_equal(f->session->n_computed, 0);
    feed(f->session, f->ids + N_PROMPT - 1, N_IDS - N_PROMPT + 1);
    assert_is_expected(f, f->session);
}

/* Cancels in the middle of a pass: when the n-th product is about to read its input. */
typedef struct canceller {
    mote_session *session;
    atomic_int left;
} canceller;

static void cancel_later(void *context, const mote_packed *w, size_t t, const float *x) {
    canceller *c = context;
    (void)w;
    (void)t;
    (void)x;
    if (atomic_fetch_sub(&c->left, 1) == 0)
        mote_session_cancel(c->session);
}

static void survives_cancelling(fixture *f) {
    enum { N_BEFORE = 10, STEP = 40 };
    mote_error err = {0};
    int n_cancelled = 0;
    for (int left = 0; left < 2000; left += STEP) {
        canceller c = {.session = f->session};
        atomic_init(&c.left, left);
        assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
        feed(f->session, f->ids, N_BEFORE);
        mote_decoder_set_observer(f->engine->decoder, cancel_later, &c);
        mote_status status = mote_session_feed(f->session, f->ids + N_BEFORE, N_IDS - N_BEFORE, &err);
        mote_decoder_set_observer(f->engine->decoder, NULL, NULL);
        if (status == MOTE_OK) { /* what comes after the last layer was asked ends the next feed */
            assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
            (void)!mote_session_feed(f->session, f->ids, 1, &err);
            continue;
        }
        n_cancelled++;
        assert_int_equal(status, MOTE_ERR_CANCELLED);
        assert_int_equal(mote_session_n_tokens(f->session), N_BEFORE);
        assert_null(mote_session_logits(f->session));
        feed(f->session, f->ids + N_BEFORE, N_IDS - N_BEFORE);
        assert_is_expected(f, f->session);
    }
    assert_true(n_cancelled > 2);
}

static bool stop_at(void *context, size_t index, const float *logits) {
    (void)logits;
    return index != *(const size_t *)context;
}

static void survives_a_score_that_stops(fixture *f) {
    mote_error err = {0};
    for (size_t at = 0; at < N_IDS - 10; at += 3) {
        assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
        feed(f->session, f->ids, 10);
        assert_int_equal(mote_session_score(f->session, f->ids + 10, N_IDS - 10, stop_at, &at, &err), MOTE_ERR_CANCELLED);
        assert_int_equal(mote_session_n_tokens(f->session), 10);
        feed(f->session, f->ids + 10, N_IDS - 10);
        assert_is_expected(f, f->session);
    }
}

static void each(void (*check)(fixture *f)) {
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++) {
        fixture f;
        open_model(&f, MODELS[i]);
        check(&f);
        close_model(&f);
    }
}

static void timelines_go_back(void **state) {
    (void)state;
    each(goes_back);
}
static void prompts_are_kept(void **state) {
    (void)state;
    each(keeps_a_prompt);
}
static void sessions_have_states_of_their_own(void **state) {
    (void)state;
    each(is_not_disturbed_by_another);
}
static void a_cancelled_pass_leaves_no_trace(void **state) {
    (void)state;
    each(survives_cancelling);
}
static void a_stopped_score_leaves_no_trace(void **state) {
    (void)state;
    each(survives_a_score_that_stops);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timelines_go_back),
        cmocka_unit_test(prompts_are_kept),
        cmocka_unit_test(sessions_have_states_of_their_own),
        cmocka_unit_test(a_cancelled_pass_leaves_no_trace),
        cmocka_unit_test(a_stopped_score_leaves_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
