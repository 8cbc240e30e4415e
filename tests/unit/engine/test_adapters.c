/* Adapters of sessions on a tiny model: sets change in the middle of a timeline, sessions don't disturb each other, results don't depend on how tokens are cut, and adapters come
 * and go while others work. The numbers themselves are compared with PEFT's in tests/golden. */
#include <mote/mote.h>

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N_TOKENS = 40, N_VOCAB_MAX = 256 };

typedef struct fixture {
    mote_model *model;
    mote_adapter *plain, *dora, *head;
    size_t n_vocab;
    int32_t ids[N_TOKENS];
} fixture;

static const char *path_of(const char *name) {
    static char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/tests/golden/families/llama%s", root ? root : ".", name);
    return path;
}

static mote_adapter *open_adapter(const mote_model *model, const char *name) {
    mote_adapter *a = NULL;
    mote_error err = {0};
    if (mote_adapter_open(model, path_of(name), NULL, &a, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return a;
}

static int open_type(void **state, const char *type) {
    static fixture f;
    mote_error err = {0};
    mote_model_options mo = MOTE_MODEL_OPTIONS_INIT;
    mote_model_info info;
    mo.type = type;
    if (mote_model_open(path_of(""), &mo, &f.model, &err) != MOTE_OK) {
        fprintf(stderr, "%s\n", err.message);
        return -1;
    }
    mote_model_get_info(f.model, &info);
    f.n_vocab = info.n_vocab;
    f.plain = open_adapter(f.model, "/adapters/plain");
    f.dora = open_adapter(f.model, "/adapters/dora");
    f.head = open_adapter(f.model, "/adapters/head");
    for (size_t i = 0; i < N_TOKENS; i++)
        f.ids[i] = (int32_t)((i * 31 + 7) % f.n_vocab);
    *state = &f;
    return 0;
}

static int open_exact(void **state) {
    return open_type(state, "f32");
}

static int open_quantised(void **state) {
    return open_type(state, "q8_0");
}

static int close_all(void **state) {
    fixture *f = *state;
    mote_adapter_free(&f->plain);
    mote_adapter_free(&f->dora);
    mote_adapter_free(&f->head);
    mote_model_free(&f->model);
    return 0;
}

static mote_engine *open_engine(const fixture *f, int n_threads, int n_batch, int n_sessions) {
    mote_engine_options eo = MOTE_ENGINE_OPTIONS_INIT;
    mote_engine *engine = NULL;
    mote_error err = {0};
    eo.n_ctx = N_TOKENS;
    eo.n_threads = n_threads;
    eo.n_batch = n_batch;
    eo.n_sessions = n_sessions;
    assert_int_equal(mote_engine_create(f->model, &eo, &engine, &err), MOTE_OK);
    return engine;
}

static mote_session *open_session(mote_engine *engine) {
    mote_session *s = NULL;
    mote_error err = {0};
    assert_int_equal(mote_session_create(engine, &s, &err), MOTE_OK);
    return s;
}

static void set(mote_session *s, const mote_adapter *const *adapters, const float *scales, size_t n) {
    mote_error err = {0};
    if (mote_session_set_adapters(s, adapters, scales, n, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void feed(const fixture *f, mote_session *s, size_t first, size_t n) {
    mote_error err = {0};
    if (mote_session_feed(s, f->ids + first, n, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void copy_logits(const fixture *f, const mote_session *s, float out[N_VOCAB_MAX]) {
    assert_true(f->n_vocab <= N_VOCAB_MAX);
    assert_non_null(mote_session_logits(s));
    memcpy(out, mote_session_logits(s), f->n_vocab * sizeof *out);
}

/* Logits after all tokens, fed at once to a new engine. */
static void compute(const fixture *f, int n_threads, int n_batch, const mote_adapter *const *adapters, const float *scales, size_t n, float out[N_VOCAB_MAX]) {
    mote_engine *engine = open_engine(f, n_threads, n_batch, 1);
    mote_session *s = open_session(engine);
    set(s, adapters, scales, n);
    feed(f, s, 0, N_TOKENS);
    copy_logits(f, s, out);
    mote_session_free(&s);
    mote_engine_free(&engine);
}

static float distance(const fixture *f, const float *a, const float *b) {
    float most = 0;
    for (size_t i = 0; i < f->n_vocab; i++)
        most = fabsf(a[i] - b[i]) > most ? fabsf(a[i] - b[i]) : most;
    return most;
}

static void cuts_and_threads_change_nothing(void **state) {
    const fixture *f = *state;
    const mote_adapter *all[] = {f->plain, f->dora, f->head};
    const float scales[] = {0.5f, 0.75f, 2};
    float whole[N_VOCAB_MAX], other[N_VOCAB_MAX];
    compute(f, 1, N_TOKENS, all, scales, 3, whole);
    static const int cuts[][2] = {{3, N_TOKENS}, {2, 7}, {4, 1}, {1, 33}};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        compute(f, cuts[i][0], cuts[i][1], all, scales, 3, other);
        assert_memory_equal(whole, other, f->n_vocab * sizeof *whole);
    }
}

static void a_new_set_holds_for_all_tokens(void **state) {
    const fixture *f = *state;
    const mote_adapter *all[] = {f->plain, f->dora};
    float none[N_VOCAB_MAX], plain[N_VOCAB_MAX], both[N_VOCAB_MAX], got[N_VOCAB_MAX];
    compute(f, 2, 16, NULL, NULL, 0, none);
    compute(f, 2, 16, all, NULL, 1, plain);
    compute(f, 2, 16, all, (float[]){1, 0.25f}, 2, both);
    assert_true(distance(f, none, plain) > 0.1f);
    assert_true(distance(f, plain, both) > 0.1f);
    mote_engine *engine = open_engine(f, 2, 16, 1);
    mote_session *s = open_session(engine);
    feed(f, s, 0, 11);
    set(s, all, (float[]){1, 0.25f}, 2);
    assert_null(mote_session_logits(s));
    assert_int_equal(mote_session_n_tokens(s), 11);
    feed(f, s, 11, 9);
    set(s, all, NULL, 1);
    feed(f, s, 20, 20);
    copy_logits(f, s, got);
    assert_memory_equal(plain, got, f->n_vocab * sizeof *got);
    assert_int_equal(mote_session_truncate(s, 39), MOTE_OK);
    set(s, NULL, NULL, 0);
    feed(f, s, 39, 1);
    copy_logits(f, s, got);
    assert_memory_equal(none, got, f->n_vocab * sizeof *got);
    assert_int_equal(mote_session_truncate(s, 39), MOTE_OK);
    set(s, all, (float[]){0, 0}, 2); /* the same as none: nothing is computed anew, and nothing changes */
    set(s, all, (float[]){1, 0.25f}, 2);
    feed(f, s, 39, 1);
    copy_logits(f, s, got);
    assert_memory_equal(both, got, f->n_vocab * sizeof *got);
    set(s, all, (float[]){1, 0.25f}, 2); /* as it is already */
    assert_non_null(mote_session_logits(s));
    mote_session_free(&s);
    mote_engine_free(&engine);
}

static void sessions_have_their_own(void **state) {
    const fixture *f = *state;
    const mote_adapter *all[] = {f->plain, f->dora, f->head};
    mote_engine *engine = open_engine(f, 2, 8, 4);
    mote_session *s[4];
    for (size_t i = 0; i < 4; i++) {
        s[i] = open_session(engine);
        set(s[i], i < 3 ? &all[i] : NULL, NULL, i < 3);
    }
    for (size_t first = 0; first < N_TOKENS; first += 10)
        for (size_t i = 0; i < 4; i++)
            feed(f, s[i], first, 10);
    for (size_t i = 0; i < 4; i++) {
        float want[N_VOCAB_MAX];
        compute(f, 1, N_TOKENS, i < 3 ? &all[i] : NULL, NULL, i < 3, want);
        assert_int_equal(mote_session_truncate(s[i], N_TOKENS - 1), MOTE_OK);
        feed(f, s[i], N_TOKENS - 1, 1);
        assert_memory_equal(want, mote_session_logits(s[i]), f->n_vocab * sizeof *want);
    }
    for (size_t i = 0; i < 4; i++)
        mote_session_free(&s[i]);
    mote_engine_free(&engine);
}

static void what_can_not_be_is_refused(void **state) {
    const fixture *f = *state;
    mote_model *second = NULL;
    mote_error err = {0};
    assert_int_equal(mote_model_open(path_of("/model-f32.gguf"), NULL, &second, &err), MOTE_OK);
    mote_adapter *foreign = open_adapter(second, "/adapters/plain.gguf");
    const mote_adapter *all[MOTE_ADAPTERS_MAX + 1];
    float want[N_VOCAB_MAX];
    for (size_t i = 0; i <= MOTE_ADAPTERS_MAX; i++)
        all[i] = f->plain;
    compute(f, 2, 16, all, NULL, 1, want);
    mote_engine *engine = open_engine(f, 2, 16, 1);
    mote_session *s = open_session(engine);
    set(s, all, NULL, 1);
    feed(f, s, 0, N_TOKENS);
    assert_int_equal(mote_session_set_adapters(s, (const mote_adapter *const *)&foreign, NULL, 1, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_session_set_adapters(s, all, (float[]){NAN}, 1, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_session_set_adapters(s, all, NULL, MOTE_ADAPTERS_MAX + 1, &err), MOTE_ERR_LIMIT);
    assert_memory_equal(want, mote_session_logits(s), f->n_vocab * sizeof *want);
    mote_engine_options eo = MOTE_ENGINE_OPTIONS_INIT;
    mote_engine *none = NULL;
    eo.adapters = (const mote_adapter *const *)&foreign;
    eo.n_adapters = 1;
    assert_int_equal(mote_engine_create(f->model, &eo, &none, &err), MOTE_ERR_ARGUMENT);
    mote_adapter_options ao = MOTE_ADAPTER_OPTIONS_INIT;
    mote_adapter *too_large = NULL;
    ao.mem_max_bytes = 1000;
    assert_int_equal(mote_adapter_open(f->model, path_of("/adapters/plain"), &ao, &too_large, &err), MOTE_ERR_BUDGET);
    assert_int_equal(mote_adapter_open(f->model, path_of("/adapters/nothing"), NULL, &too_large, &err), MOTE_ERR_NOT_FOUND);
    assert_null(too_large);
    mote_session_free(&s);
    mote_engine_free(&engine);
    mote_adapter_free(&foreign);
    mote_model_free(&second);
}

static void *come_and_go(void *context) {
    const fixture *f = context;
    static const char *const names[] = {"/adapters/dora", "/adapters/plain", "/adapters/plain.gguf"};
    for (int i = 0; i < 12; i++) {
        mote_adapter *a = NULL;
        mote_error err = {0};
        if (mote_adapter_open(f->model, path_of(names[i % 3]), NULL, &a, &err) != MOTE_OK)
            return (void *)names[i % 3];
        mote_adapter_free(&a);
    }
    return NULL;
}

static void adapters_come_and_go_while_a_session_runs(void **state) {
    fixture *f = *state;
    const mote_adapter *all[] = {f->dora};
    float want[N_VOCAB_MAX], got[N_VOCAB_MAX];
    pthread_t thread;
    void *failed = NULL;
    compute(f, 2, 8, all, NULL, 1, want);
    mote_engine *engine = open_engine(f, 2, 8, 1);
    mote_session *s = open_session(engine);
    assert_int_equal(pthread_create(&thread, NULL, come_and_go, f), 0);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(mote_session_truncate(s, 0), MOTE_OK);
        set(s, all, NULL, 1);
        feed(f, s, 0, N_TOKENS);
        copy_logits(f, s, got);
        assert_memory_equal(want, got, f->n_vocab * sizeof *got);
        set(s, NULL, NULL, 0);
    }
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    mote_session_free(&s);
    mote_engine_free(&engine);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_and_threads_change_nothing),
        cmocka_unit_test(a_new_set_holds_for_all_tokens),
        cmocka_unit_test(sessions_have_their_own),
        cmocka_unit_test(what_can_not_be_is_refused),
        cmocka_unit_test(adapters_come_and_go_while_a_session_runs),
    };
    int n_failed = cmocka_run_group_tests_name("exact", tests, open_exact, close_all);
    return n_failed + cmocka_run_group_tests_name("q8_0", tests, open_quantised, close_all);
}
