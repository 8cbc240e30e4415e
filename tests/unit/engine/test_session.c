/* Sessions and generation on a tiny model: limits, truncation, cancellation, the prefix that is kept, stop strings, log-probabilities. */
#include <mote/mote.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_CTX = 48 };

typedef struct fixture {
    mote_model *model;
    mote_engine *engine;
    mote_session *session;
    mote_sampler *sampler;
    size_t n_vocab;
} fixture;

static const char *model_path(void) {
    static char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/tests/cli/tiny.gguf", root ? root : ".");
    return path;
}

static int open_all(void **state) {
    static fixture f;
    mote_error err = {0};
    mote_engine_options eo = MOTE_ENGINE_OPTIONS_INIT;
    eo.n_ctx = N_CTX;
    eo.n_threads = 2;
    eo.n_sessions = 2;
    eo.prefix_cache_bytes = 0; /* what a session itself keeps */
    mote_sampler_options so = mote_sampler_options_default();
    so.temperature = 0;
    if (mote_model_open(model_path(), NULL, &f.model, &err) != MOTE_OK || mote_engine_create(f.model, &eo, &f.engine, &err) != MOTE_OK ||
        mote_session_create(f.engine, &f.session, &err) != MOTE_OK || mote_sampler_create(f.model, &so, &f.sampler, &err) != MOTE_OK) {
        fprintf(stderr, "%s\n", err.message);
        return -1;
    }
    mote_model_info info;
    mote_model_get_info(f.model, &info);
    f.n_vocab = info.n_vocab;
    *state = &f;
    return 0;
}

static int close_all(void **state) {
    fixture *f = *state;
    mote_sampler_free(&f->sampler);
    mote_session_free(&f->session);
    mote_engine_free(&f->engine);
    mote_model_free(&f->model);
    return 0;
}

static int32_t id_of(const fixture *f, size_t i) {
    return (int32_t)((i * 31 + 7) % f->n_vocab);
}

static void fill(const fixture *f, int32_t *ids, size_t n) {
    for (size_t i = 0; i < n; i++)
        ids[i] = id_of(f, i);
}

static void limits_are_errors_and_lose_nothing(void **state) {
    fixture *f = *state;
    int32_t ids[N_CTX + 1];
    fill(f, ids, N_CTX + 1);
    mote_error err = {0};
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    assert_int_equal(mote_session_feed(f->session, ids, 4, &err), MOTE_OK);
    float *before = malloc(f->n_vocab * sizeof *before);
    memcpy(before, mote_session_logits(f->session), f->n_vocab * sizeof *before);
    assert_int_equal(mote_session_feed(f->session, ids, N_CTX - 3, &err), MOTE_ERR_CONTEXT);
    assert_non_null(strstr(err.message, "48"));
    int32_t bad[2] = {0, (int32_t)f->n_vocab};
    assert_int_equal(mote_session_feed(f->session, bad, 2, &err), MOTE_ERR_ARGUMENT);
    bad[1] = -1;
    assert_int_equal(mote_session_feed(f->session, bad, 2, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_session_feed(f->session, ids, 0, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_session_n_tokens(f->session), 4);
    assert_memory_equal(before, mote_session_logits(f->session), f->n_vocab * sizeof *before);
    assert_int_equal(mote_session_truncate(f->session, 5), MOTE_ERR_ARGUMENT);
    free(before);
}

static void truncated_and_fed_again_is_the_same(void **state) {
    fixture *f = *state;
    int32_t ids[N_CTX], other[20];
    fill(f, ids, N_CTX);
    fill(f, other, 20);
    mote_error err = {0};
    float *first = malloc(f->n_vocab * sizeof *first);
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    assert_int_equal(mote_session_feed(f->session, ids, N_CTX, &err), MOTE_OK);
    memcpy(first, mote_session_logits(f->session), f->n_vocab * sizeof *first);
    assert_int_equal(mote_session_truncate(f->session, 11), MOTE_OK);
    assert_null(mote_session_logits(f->session));
    assert_int_equal(mote_session_feed(f->session, other, 20, &err), MOTE_OK); /* something else in between */
    assert_int_equal(mote_session_truncate(f->session, 11), MOTE_OK);
    for (size_t i = 11; i < N_CTX; i += 3)
        assert_int_equal(mote_session_feed(f->session, ids + i, N_CTX - i < 3 ? N_CTX - i : 3, &err), MOTE_OK);
    assert_memory_equal(first, mote_session_logits(f->session), f->n_vocab * sizeof *first);
    free(first);
}

static void sessions_do_not_disturb_each_other(void **state) {
    fixture *f = *state;
    int32_t ids[12];
    fill(f, ids, 12);
    mote_error err = {0};
    mote_session *second = NULL, *third = NULL;
    assert_int_equal(mote_session_create(f->engine, &second, &err), MOTE_OK);
    assert_int_equal(mote_session_create(f->engine, &third, &err), MOTE_ERR_LIMIT);
    float *alone = malloc(f->n_vocab * sizeof *alone);
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    assert_int_equal(mote_session_feed(f->session, ids, 12, &err), MOTE_OK);
    memcpy(alone, mote_session_logits(f->session), f->n_vocab * sizeof *alone);
    assert_int_equal(mote_session_truncate(f->session, 6), MOTE_OK);
    assert_int_equal(mote_session_feed(second, ids + 3, 9, &err), MOTE_OK);
    assert_int_equal(mote_session_feed(f->session, ids + 6, 6, &err), MOTE_OK);
    assert_memory_equal(alone, mote_session_logits(f->session), f->n_vocab * sizeof *alone);
    assert_null(mote_session_logits(second)); /* the buffer is the other's now */
    mote_session_free(&second);
    free(alone);
}

static void cancelling_keeps_the_timeline(void **state) {
    fixture *f = *state;
    int32_t ids[8];
    fill(f, ids, 8);
    mote_error err = {0};
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    assert_int_equal(mote_session_feed(f->session, ids, 3, &err), MOTE_OK);
    mote_session_cancel(f->session);
    assert_int_equal(mote_session_feed(f->session, ids + 3, 5, &err), MOTE_ERR_CANCELLED);
    assert_int_equal(mote_session_n_tokens(f->session), 3);
    assert_int_equal(mote_session_feed(f->session, ids + 3, 5, &err), MOTE_OK); /* the request is used up */
}

static void the_budget_is_refused_with_numbers(void **state) {
    (void)state;
    mote_error err = {0};
    mote_engine_options eo = MOTE_ENGINE_OPTIONS_INIT;
    uint64_t n_bytes = 0;
    assert_int_equal(mote_engine_plan(model_path(), NULL, &eo, &n_bytes, &err), MOTE_OK);
    assert_true(n_bytes > 1000);
    eo.mem_max_bytes = n_bytes - 1;
    assert_int_equal(mote_engine_plan(model_path(), NULL, &eo, &n_bytes, &err), MOTE_ERR_BUDGET);
    assert_non_null(strstr(err.message, "MiB"));
    eo.mem_max_bytes = n_bytes;
    assert_int_equal(mote_engine_plan(model_path(), NULL, &eo, &n_bytes, &err), MOTE_OK);
}

typedef struct heard {
    char text[512];
    size_t n_bytes, n_events, stop_after;
} heard;

static bool hear(void *context, const mote_generate_event *event) {
    heard *h = context;
    if (h->n_bytes + event->text_bytes < sizeof h->text) {
        memcpy(h->text + h->n_bytes, event->text, event->text_bytes);
        h->n_bytes += event->text_bytes;
    }
    for (size_t i = 1; i < event->n_top; i++)
        assert_true(event->top[i - 1].logprob >= event->top[i].logprob);
    if (event->n_top) {
        assert_true(event->logprob <= event->top[0].logprob && event->top[0].logprob <= 0);
        assert_int_equal(event->top[0].token, event->token); /* greedy */
    }
    return ++h->n_events != h->stop_after;
}

static void the_prefix_is_kept_and_the_text_is_what_was_heard(void **state) {
    fixture *f = *state;
    int32_t ids[10];
    fill(f, ids, 10);
    mote_error err = {0};
    heard first = {0}, again = {0};
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    o.n_predict = 12;
    o.ignore_eos = true;
    o.n_logprobs = 2;
    o.on_token = hear;
    o.context = &first;
    mote_generate_result r, r2;
    assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    assert_int_equal(mote_generate(f->session, f->sampler, ids, 10, &o, &r, &err), MOTE_OK);
    assert_int_equal(r.n_cached_tokens, 0);
    assert_int_equal(r.n_tokens, 12);
    assert_string_equal(r.finish_reason, "length");
    assert_int_equal(first.n_bytes, r.text_bytes);
    assert_memory_equal(first.text, r.text, r.text_bytes);
    o.context = &again;
    assert_int_equal(mote_generate(f->session, f->sampler, ids, 10, &o, &r2, &err), MOTE_OK);
    assert_int_equal(r2.n_cached_tokens, 9);
    assert_memory_equal(r.tokens, r2.tokens, 12 * sizeof *r.tokens);
    mote_generate_result_deinit(&r2);
    again = (heard){.stop_after = 3};
    assert_int_equal(mote_generate(f->session, f->sampler, ids, 10, &o, &r2, &err), MOTE_ERR_CANCELLED);
    assert_int_equal(r2.n_tokens, 3);
    assert_string_equal(r2.finish_reason, "cancelled");
    mote_generate_result_deinit(&r2);
    mote_generate_result_deinit(&r);
}

static void a_stop_string_ends_the_text_before_it(void **state) {
    fixture *f = *state;
    int32_t ids[10];
    fill(f, ids, 10);
    mote_error err = {0};
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    o.n_predict = 24;
    o.ignore_eos = true;
    mote_generate_result whole, cut;
    assert_int_equal(mote_generate(f->session, f->sampler, ids, 10, &o, &whole, &err), MOTE_OK);
    assert_true(whole.text_bytes >= 6);
    size_t at = whole.text_bytes / 2;
    char stop[4] = {0};
    memcpy(stop, whole.text + at, 3);
    const char *stops[] = {stop};
    heard h = {0};
    o.stop = stops;
    o.n_stop = 1;
    o.on_token = hear;
    o.context = &h;
    assert_int_equal(mote_generate(f->session, f->sampler, ids, 10, &o, &cut, &err), MOTE_OK);
    const char *expected_end = strstr(whole.text, stop);
    assert_string_equal(cut.finish_reason, "stop");
    assert_int_equal(cut.text_bytes, expected_end - whole.text);
    assert_memory_equal(cut.text, whole.text, cut.text_bytes);
    assert_int_equal(h.n_bytes, cut.text_bytes); /* nothing of the stop string was given out */
    mote_generate_result_deinit(&whole);
    mote_generate_result_deinit(&cut);
    stops[0] = "";
    assert_int_equal(mote_generate(f->session, f->sampler, ids, 10, &o, &cut, &err), MOTE_ERR_ARGUMENT);
}

static void a_full_context_ends_with_length(void **state) {
    fixture *f = *state;
    int32_t ids[N_CTX + 1];
    fill(f, ids, N_CTX + 1);
    mote_error err = {0};
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    o.ignore_eos = true;
    mote_generate_result r;
    assert_int_equal(mote_generate(f->session, f->sampler, ids, N_CTX - 2, &o, &r, &err), MOTE_OK);
    assert_string_equal(r.finish_reason, "length");
    assert_int_equal(r.n_tokens, 3); /* two that fit and one that need not be fed */
    mote_generate_result_deinit(&r);
    assert_int_equal(mote_generate(f->session, f->sampler, ids, N_CTX + 1, &o, &r, &err), MOTE_ERR_CONTEXT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_are_errors_and_lose_nothing),    cmocka_unit_test(truncated_and_fed_again_is_the_same),
        cmocka_unit_test(sessions_do_not_disturb_each_other),    cmocka_unit_test(cancelling_keeps_the_timeline),
        cmocka_unit_test(the_budget_is_refused_with_numbers),    cmocka_unit_test(the_prefix_is_kept_and_the_text_is_what_was_heard),
        cmocka_unit_test(a_stop_string_ends_the_text_before_it), cmocka_unit_test(a_full_context_ends_with_length),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
