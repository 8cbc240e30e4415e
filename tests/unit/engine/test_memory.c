/* Memory of a generation: a token step allocates nothing, a hundred rounds leave nothing behind, and every allocation may fail. The test stands in for the C library's allocator.
 */
#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

/* What the stand-in knows. Counts are exact because the tests that read them use one thread. */
static long n_allocations, n_live, fail_at = -1;
static int fails_on, counts;

#if !IS_SANITIZED
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

/* Whether this allocation has to fail. */
static int refuses(void) {
    if (!counts)
        return 0;
    long i = n_allocations++;
    return fail_at >= 0 && (i == fail_at || (fails_on && i > fail_at));
}

static void *note(void *p) {
    if (counts && p)
        n_live++;
    return p;
}

void *malloc(size_t n) {
    return refuses() ? NULL : note(__libc_malloc(n));
}
void *calloc(size_t n, size_t size) {
    return refuses() ? NULL : note(__libc_calloc(n, size));
}
void *aligned_alloc(size_t align, size_t n) {
    return refuses() ? NULL : note(__libc_memalign(align, n));
}
void *realloc(void *p, size_t n) {
    if (refuses())
        return NULL;
    void *q = __libc_realloc(p, n);
    return p ? q : note(q);
}
void free(void *p) {
    if (counts && p)
        n_live--;
    __libc_free(p);
}
#endif

/* The tiny model alone, or a folder's with an adapter. */
static bool has_adapter;
static bool has_constraint; /* with choices, and stretches without */

static const char *path_of(const char *name) {
    static char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    snprintf(path, sizeof path, "%s/tests/%s", root ? root : ".", name);
    return path;
}

typedef struct trap {
    long before;
    size_t n_tokens;
} trap;

static bool on_token(void *context, const mote_generate_event *event) {
    trap *t = context;
    (void)event;
    if (t->n_tokens++ == 0)
        t->before = n_allocations;
    else
        assert_int_equal(n_allocations, t->before);
    return true;
}

/* Guesses, so that passes of several tokens are among the steps. */
static size_t guess(void *context, const int32_t *tokens, size_t n_tokens, int32_t *draft, size_t n_max) {
    (void)context;
    for (size_t i = 0; i < n_max; i++)
        draft[i] = tokens[i % n_tokens];
    return n_max;
}

static const char grammar[] = "root ::= ( \"a\" | \"the user \" [a-z]{1,3} \" in the \" | \"(\" root \")\" )+";

static mote_generate_options options_of(int32_t n, mote_generate_fn fn, void *context) {
    mote_generate_options go = MOTE_GENERATE_OPTIONS_INIT;
    go.n_predict = n;
    go.ignore_eos = true;
    go.n_logprobs = has_constraint ? -1 : 3;
    go.on_token = fn;
    go.context = context;
    go.draft = guess;
    return go;
}

/* Load, generate n tokens, close; with an adapter: at another scale than its own, and dropped before the end. */
static mote_status round_of(int n_threads, int32_t n, mote_generate_fn fn, void *context, mote_error *err) {
    mote_model *model = NULL;
    mote_adapter *adapter = NULL;
    mote_engine *engine = NULL;
    mote_session *session = NULL;
    mote_sampler *sampler = NULL;
    mote_constraint *constraint = NULL;
    int32_t *ids = NULL;
    size_t n_ids;
    mote_model_options mo = MOTE_MODEL_OPTIONS_INIT;
    mo.n_threads = n_threads;
    mote_engine_options eo = MOTE_ENGINE_OPTIONS_INIT;
    eo.n_threads = n_threads;
    eo.n_ctx = 64;
    mote_sampler_options so = mote_sampler_options_default();
    so.seed = 7;
    so.repeat_penalty = 1.1f;
    so.dry_multiplier = 0.8f;
    mote_generate_options go = options_of(n, fn, context);
    mote_generate_result result = {0};
    mote_adapter_options ao = MOTE_ADAPTER_OPTIONS_INIT;
    ao.n_threads = n_threads;
    mote_status status = mote_model_open(path_of(has_adapter ? "golden/families/llama" : "cli/tiny.gguf"), &mo, &model, err);
    if (status == MOTE_OK && has_adapter)
        status = mote_adapter_open(model, path_of("golden/families/llama/adapters/dora"), &ao, &adapter, err);
    eo.adapters = (const mote_adapter *const *)&adapter;
    eo.adapter_scales = (const float[]){0.5f};
    eo.n_adapters = has_adapter;
    if (status == MOTE_OK)
        status = mote_engine_create(model, &eo, &engine, err);
    if (status == MOTE_OK)
        status = mote_session_create(engine, &session, err);
    if (status == MOTE_OK)
        status = mote_sampler_create(model, &so, &sampler, err);
    if (status == MOTE_OK)
        status = mote_tokenize(mote_model_tokenizer(model), "a pump hums", 11, MOTE_TOKENIZE_ADD_SPECIAL, &ids, &n_ids, err);
    if (status == MOTE_OK && has_constraint)
        status = mote_constraint_create_grammar(grammar, sizeof grammar - 1, &constraint, err);
    go.constraint = constraint;
    if (status == MOTE_OK)
        status = mote_generate(session, sampler, ids, n_ids, &go, &result, err);
    if (status == MOTE_OK)
        status = mote_session_set_adapters(session, NULL, NULL, 0, err);
    if (status == MOTE_OK && n > 10 && !has_constraint)
        assert_true(result.n_draft_tokens > 0);
    mote_generate_result_deinit(&result);
    mote_free(ids);
    mote_constraint_free(&constraint); /* the engine still has it */
    mote_sampler_free(&sampler);
    mote_session_free(&session);
    mote_engine_free(&engine);
    mote_adapter_free(&adapter);
    mote_model_free(&model);
    return status;
}

static void token_step_allocates_nothing(void **state) {
    (void)state;
    if (IS_SANITIZED)
        skip();
    mote_error err = {0};
    trap t = {0};
    counts = 1;
    mote_status status = round_of(1, 40, on_token, &t, &err);
    counts = 0;
    assert_string_equal(err.message, "");
    assert_int_equal(status, MOTE_OK);
    assert_int_equal(t.n_tokens, 40);
    assert_true(t.before > 0); /* the stand-in was asked at all */
}

/* Sanitizer builds look for leaks at exit; others count. */
static void a_hundred_rounds_leave_nothing(void **state) {
    (void)state;
    mote_error err = {0};
    long live = 0;
    for (int i = 0; i < 100; i++) {
        n_live = 0;
        counts = 1;
        mote_status status = round_of(1, 4, NULL, NULL, &err);
        counts = 0;
        live += n_live;
        assert_int_equal(status, MOTE_OK);
    }
    assert_int_equal(live, 0);
    for (int i = 0; i < 10; i++)
        assert_int_equal(round_of(3, 4, NULL, NULL, &err), MOTE_OK);
}

static void every_allocation_may_fail(void **state) {
    (void)state;
    if (IS_SANITIZED)
        skip();
    for (fails_on = 0; fails_on < 2; fails_on++) {
        mote_status status = MOTE_ERR_ALLOC;
        for (long i = 0; status != MOTE_OK; i++) {
            mote_error err = {0};
            n_allocations = n_live = 0;
            fail_at = i;
            counts = 1;
            status = round_of(1, 3, NULL, NULL, &err);
            counts = 0;
            fail_at = -1;
            assert_int_equal(n_live, 0);
            /* An allocation that only makes something faster may fail unseen. */
            if (status != MOTE_OK) {
                assert_int_equal(status, MOTE_ERR_ALLOC);
                assert_true(err.message[0] != 0);
            } else if (n_allocations > i)
                status = MOTE_ERR_ALLOC;
            assert_true(i < 100000);
        }
    }
}

static int with_adapter(void **state) {
    (void)state;
    has_adapter = true;
    return 0;
}

static int with_constraint(void **state) {
    (void)state;
    has_adapter = false;
    has_constraint = true;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(token_step_allocates_nothing),
        cmocka_unit_test(a_hundred_rounds_leave_nothing),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test_setup(token_step_allocates_nothing, with_adapter),
        cmocka_unit_test_setup(a_hundred_rounds_leave_nothing, with_adapter),
        cmocka_unit_test_setup(every_allocation_may_fail, with_adapter),
        cmocka_unit_test_setup(token_step_allocates_nothing, with_constraint),
        cmocka_unit_test_setup(every_allocation_may_fail, with_constraint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
