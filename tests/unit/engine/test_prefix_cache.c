/* Prefixes that an engine keeps: what a session finds of former timelines, and that logits are bit-equal whatever was kept, on models with whole attention, windows and states. */
#include "engine/engine.h"

#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_CTX = 512, N_BATCH = 40, N_SESSIONS = 3 };

static const char *const MODELS[] = {"llama", "ministral", "qwen2-window", "granite-4-h-dense", "lfm2"};

typedef struct fixture {
    mote_model *model;
    size_t n_vocab;
} fixture;

static void open_model(fixture *f, const char *name) {
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_error err = {0};
    snprintf(path, sizeof path, "%s/tests/golden/families/%s", root ? root : ".", name);
    if (mote_model_open(path, NULL, &f->model, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    mote_model_info info;
    mote_model_get_info(f->model, &info);
    f->n_vocab = info.n_vocab;
}

static mote_engine *open_engine(const mote_model *model, uint64_t prefix_cache_bytes) {
    mote_engine *engine = NULL;
    mote_error err = {0};
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    o.n_ctx = N_CTX;
    o.n_batch = N_BATCH;
    o.n_threads = 2;
    o.n_sessions = N_SESSIONS;
    o.prefix_cache_bytes = prefix_cache_bytes;
    if (mote_engine_create(model, &o, &engine, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return engine;
}

static mote_session *open_session(mote_engine *engine) {
    mote_session *s = NULL;
    mote_error err = {0};
    if (mote_session_create(engine, &s, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return s;
}

static void feed(mote_session *s, const int32_t *ids, size_t n) {
    mote_error err = {0};
    if (mote_session_feed(s, ids, n, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

/* Tokens that all branches have in common up to `split`. */
static void fill(const fixture *f, int32_t *ids, size_t n, size_t split, unsigned branch) {
    for (size_t i = 0; i < n; i++) {
        size_t x = i * 2654435761u + (i < split ? 0 : (branch + 1) * 40503u);
        ids[i] = (int32_t)((x ^ x >> 15) % f->n_vocab);
    }
}

static void a_new_session_reuses_a_prefix(fixture *f, bool has_states) {
    int32_t ids[200], other[200];
    mote_engine *engine = open_engine(f->model, 16 << 20), *none = open_engine(f->model, 0);
    fill(f, ids, 200, 200, 0);
    fill(f, other, 200, 150, 1);
    mote_session *first = open_session(engine), *second = open_session(engine), *fresh = open_session(none);
    feed(first, ids, 200);
    assert_int_equal(first->n_reused, 0);
    feed(second, other, 200);
    assert_int_equal(second->n_reused, has_states ? 128 : 150); /* states: behind the last pass that ended inside */
    feed(fresh, other, 200);
    assert_int_equal(fresh->n_reused, 0);
    assert_memory_equal(mote_session_logits(second), mote_session_logits(fresh), f->n_vocab * sizeof(float));
    mote_session_free(&first);
    first = open_session(engine);
    feed(first, ids, 200);
    assert_int_equal(first->n_reused, has_states ? 160 : 192); /* all whole blocks */
    mote_session_free(&first);
    mote_session_free(&second);
    mote_session_free(&fresh);
    mote_engine_free(&engine);
    mote_engine_free(&none);
}

static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

/* Prompts that branch here and there, cut, continued token by token, in sessions that come and go; each compared with a timeline that nobody shared. */
static void results_do_not_depend_on_it(fixture *f, uint64_t prefix_cache_bytes, unsigned seed) {
    static const size_t SPLITS[] = {3, 31, 32, 33, 64, 100, 160, 257};
    int32_t ids[N_CTX];
    mote_engine *engine = open_engine(f->model, prefix_cache_bytes), *none = open_engine(f->model, 0);
    mote_session *sessions[2] = {open_session(engine), open_session(engine)}, *fresh = open_session(none);
    size_t n_reused = 0;
    for (int i = 0; i < 25; i++) {
        unsigned which = next_random(&seed) % 2;
        mote_session *s = sessions[which];
        size_t n = 20 + next_random(&seed) % 320, at = 0;
        fill(f, ids, n, SPLITS[next_random(&seed) % 8], next_random(&seed) % 3);
        if (next_random(&seed) % 3 == 0) {
            mote_session_free(&sessions[which]);
            s = sessions[which] = open_session(engine);
        }
        while (at < mote_session_n_tokens(s) && at + 1 < n && mote_session_tokens(s)[at] == ids[at])
            at++;
        assert_int_equal(mote_session_truncate(s, at), MOTE_OK);
        while (at < n) {
            size_t step = next_random(&seed) % 4 == 0 ? 1 : 1 + next_random(&seed) % 200;
            step = n - at < step ? n - at : step;
            size_t known = s->n_computed;
            feed(s, ids + at, step);
            n_reused += s->n_reused - known;
            at += step;
        }
        assert_int_equal(mote_session_truncate(fresh, 0), MOTE_OK);
        feed(fresh, ids, n);
        assert_memory_equal(mote_session_logits(s), mote_session_logits(fresh), f->n_vocab * sizeof(float));
    }
    assert_true(engine->prefixes ? n_reused > 0 : n_reused == 0);
    for (int i = 0; i < 2; i++)
        mote_session_free(&sessions[i]);
    mote_session_free(&fresh);
    mote_engine_free(&engine);
    mote_engine_free(&none);
}

static void every_model_gives_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++) {
        fixture f;
        open_model(&f, MODELS[i]);
        mote_engine *engine = open_engine(f.model, 0);
        mote_prefix_sizes all, few;
        mote_prefix_sizes_fit(&engine->layout, 64 << 20, &all);
        uint64_t of_block = (all.n_bytes - all.n_states * all.state_bytes) / all.n_blocks + all.state_bytes;
        mote_prefix_sizes_fit(&engine->layout, 9 * of_block + 1000, &few); /* so few that they are always being replaced */
        assert_in_range(few.n_blocks, 3, 40);
        a_new_session_reuses_a_prefix(&f, engine->layout.has_states);
        results_do_not_depend_on_it(&f, MOTE_PREFIX_CACHE_AUTO, 1);
        results_do_not_depend_on_it(&f, few.n_bytes, 2);
        results_do_not_depend_on_it(&f, 0, 3);
        mote_engine_free(&engine);
        mote_model_free(&f.model);
    }
}

static void salts_do_not_share(void **state) {
    fixture f;
    int32_t ids[100];
    (void)state;
    open_model(&f, "llama");
    fill(&f, ids, 100, 100, 0);
    mote_engine *engine = open_engine(f.model, MOTE_PREFIX_CACHE_AUTO);
    mote_session *a = open_session(engine), *b = open_session(engine);
    mote_session_set_salt(a, 7);
    mote_session_set_salt(b, 8);
    feed(a, ids, 100);
    feed(b, ids, 100);
    assert_int_equal(b->n_reused, 0);
    assert_int_equal(mote_session_truncate(b, 0), MOTE_OK);
    mote_session_set_salt(b, 7);
    feed(b, ids, 100);
    assert_int_equal(b->n_reused, 96);
    mote_session_set_salt(b, 9); /* what it has was the other's */
    assert_null(mote_session_logits(b));
    feed(b, ids, 50);
    assert_int_equal(b->n_reused, 0);
    mote_session_free(&a);
    mote_session_free(&b);
    a = open_session(engine); /* a new session has no salt, whatever its place had */
    feed(a, ids, 100);
    assert_int_equal(a->n_reused, 0);
    mote_session_free(&a);
    mote_engine_free(&engine);
    mote_model_free(&f.model);
}

static void adapters_do_not_share(void **state) {
    fixture f;
    int32_t ids[100];
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_error err = {0};
    mote_adapter *one = NULL, *again = NULL;
    (void)state;
    open_model(&f, "llama");
    fill(&f, ids, 100, 100, 0);
    snprintf(path, sizeof path, "%s/tests/golden/families/llama/adapters/dora", root ? root : ".");
    assert_int_equal(mote_adapter_open(f.model, path, NULL, &one, &err), MOTE_OK);
    mote_engine *engine = open_engine(f.model, MOTE_PREFIX_CACHE_AUTO), *none = open_engine(f.model, 0);
    mote_session *s = open_session(engine), *fresh = open_session(none);
    const float scales[] = {1, 0.5f, 0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mote_session_set_adapters(s, (const mote_adapter *[]){one}, &scales[i], 1, &err), MOTE_OK);
        assert_int_equal(mote_session_set_adapters(fresh, (const mote_adapter *[]){one}, &scales[i], 1, &err), MOTE_OK);
        assert_int_equal(mote_session_truncate(s, 0), MOTE_OK);
        assert_int_equal(mote_session_truncate(fresh, 0), MOTE_OK);
        feed(s, ids, 100);
        feed(fresh, ids, 100);
        assert_int_equal(s->n_reused, 0);
        assert_memory_equal(mote_session_logits(s), mote_session_logits(fresh), f.n_vocab * sizeof(float));
    }
    assert_int_equal(mote_session_set_adapters(fresh, NULL, NULL, 0, &err), MOTE_OK);
    mote_session_free(&s);
    mote_adapter_free(&one);
    assert_int_equal(mote_adapter_open(f.model, path, NULL, &again, &err), MOTE_OK); /* the same numbers, elsewhere in memory */
    s = open_session(engine);
    assert_int_equal(mote_session_set_adapters(s, (const mote_adapter *[]){again}, &scales[1], 1, &err), MOTE_OK);
    feed(s, ids, 100);
    assert_int_equal(s->n_reused, 96);
    mote_session_free(&s);
    mote_session_free(&fresh);
    mote_engine_free(&engine);
    mote_engine_free(&none);
    mote_adapter_free(&again);
    mote_model_free(&f.model);
}

static bool count_rows(void *context, size_t index, const float *logits) {
    assert_non_null(logits);
    assert_int_equal(index, *(size_t *)context);
    return ++*(size_t *)context > 0;
}

/* Scoring wants the logits of tokens that are known. */
static void scores_compute_their_tokens(void **state) {
    fixture f;
    int32_t ids[100];
    mote_error err = {0};
    size_t n = 0;
    (void)state;
    open_model(&f, "llama");
    fill(&f, ids, 100, 100, 0);
    mote_engine *engine = open_engine(f.model, MOTE_PREFIX_CACHE_AUTO);
    mote_session *s = open_session(engine);
    feed(s, ids, 100);
    assert_int_equal(mote_session_truncate(s, 0), MOTE_OK);
    assert_int_equal(mote_session_score(s, ids, 100, count_rows, &n, &err), MOTE_OK);
    assert_int_equal(n, 100);
    mote_session_free(&s);
    mote_engine_free(&engine);
    mote_model_free(&f.model);
}

static void generations_say_what_was_known(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof MODELS / sizeof *MODELS; i++) {
        fixture f;
        int32_t ids[100];
        size_t n_text[2];
        char *texts[2];
        mote_error err = {0};
        mote_sampler *sampler = NULL;
        mote_sampler_options so = mote_sampler_options_default();
        open_model(&f, MODELS[i]);
        fill(&f, ids, 100, 100, 0);
        so.temperature = 0;
        mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
        o.n_predict = 5;
        mote_engine *engine = open_engine(f.model, 16 << 20);
        assert_int_equal(mote_sampler_create(f.model, &so, &sampler, &err), MOTE_OK);
        for (int again = 0; again < 2; again++) {
            mote_generate_result r;
            mote_session *s = open_session(engine);
            assert_int_equal(mote_generate(s, sampler, ids, 100, &o, &r, &err), MOTE_OK);
            assert_int_equal(r.n_cached_tokens, again ? engine->layout.has_states ? 64 : 96 : 0);
            texts[again] = malloc(r.n_tokens * sizeof *r.tokens);
            n_text[again] = r.n_tokens * sizeof *r.tokens;
            memcpy(texts[again], r.tokens, n_text[again]);
            mote_generate_result_deinit(&r);
            assert_int_equal(mote_generate(s, sampler, ids, 100, &o, &r, &err), MOTE_OK); /* another answer to the same prompt */
            assert_int_equal(r.n_cached_tokens, 99);
            mote_generate_result_deinit(&r);
            mote_session_free(&s);
        }
        assert_int_equal(n_text[0], n_text[1]);
        assert_memory_equal(texts[0], texts[1], n_text[0]);
        free(texts[0]);
        free(texts[1]);
        mote_sampler_free(&sampler);
        mote_engine_free(&engine);
        mote_model_free(&f.model);
    }
}

static void it_fits_the_budget(void **state) {
    fixture f;
    mote_error err = {0};
    mote_engine *engine = NULL;
    mote_model_info info;
    (void)state;
    open_model(&f, "llama");
    mote_model_get_info(f.model, &info);
    mote_engine *none = open_engine(f.model, 0), *some = open_engine(f.model, MOTE_PREFIX_CACHE_AUTO);
    uint64_t without = mote_engine_bytes(none) + info.weights_bytes, with = mote_engine_bytes(some) + info.weights_bytes;
    assert_null(none->prefixes);
    assert_true(with > without);
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    o.n_ctx = N_CTX;
    o.n_batch = N_BATCH;
    o.n_threads = 2;
    o.n_sessions = N_SESSIONS;
    o.mem_max_bytes = without + (with - without) / 2; /* by itself it takes what is left, */
    assert_int_equal(mote_engine_create(f.model, &o, &engine, &err), MOTE_OK);
    assert_non_null(engine->prefixes);
    assert_in_range(mote_engine_bytes(engine) + info.weights_bytes, without + 1, o.mem_max_bytes);
    mote_engine_free(&engine);
    o.mem_max_bytes = without; /* or nothing, */
    assert_int_equal(mote_engine_create(f.model, &o, &engine, &err), MOTE_OK);
    assert_null(engine->prefixes);
    mote_engine_free(&engine);
    o.prefix_cache_bytes = 1 << 20; /* but what was asked for must fit */
    o.mem_max_bytes = without + (1 << 19);
    assert_int_equal(mote_engine_create(f.model, &o, &engine, &err), MOTE_ERR_BUDGET);
    assert_non_null(strstr(err.message, "prefixes"));
    mote_engine_free(&none);
    mote_engine_free(&some);
    mote_model_free(&f.model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_model_gives_the_same),     cmocka_unit_test(salts_do_not_share),
        cmocka_unit_test(adapters_do_not_share),          cmocka_unit_test(scores_compute_their_tokens),
        cmocka_unit_test(generations_say_what_was_known), cmocka_unit_test(it_fits_the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
