/* Generation under constraints, on tiny models whose choices mean nothing: every answer is a whole text of the grammar, whatever sampler and limit; and it is the same with drafts
 * and without, with stretches that are computed in one pass and token by token. */
#include "base/rng.h"

#include <mote/mote.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const grammars[] = {
    "root ::= \"{\\\"name\\\": \\\"\" [a-z ]{1,12} \"\\\", \\\"user\\\": \" ( \"true\" | \"false\" | [0-9]{1,3} ) \"}\"",
    ("root ::= value\nvalue ::= \"[\" ( value ( \", \" value )* )? \"]\" | \"{\" ( string \": \" value ( \", \" string \": \" value )* )? \"}\" | string | [0-9]+\n"
     "string ::= \"\\\"\" [^\"\\\\\\x00-\\x1f]* \"\\\"\""),
    "root ::= ( \"the user \" [a-z]* \" in the \" )+",
    "root ::= \"yes\" | \"no\" | \"\"",
    "root ::= .*",
    "root ::= \"the user and the user and the user\"",
    "root ::= \"\\U0001F9FF\" [\\u0400-\\u04ff]{2,}",
};
enum { N_GRAMMARS = sizeof grammars / sizeof *grammars, MAX_TOKENS = 90 };

typedef struct fixture {
    mote_model *model;
    mote_engine *engine;
    mote_session *session;
    mote_constraint *constraints[N_GRAMMARS];
    mote_rng rng;
} fixture;

static void open_fixture(fixture *f, const char *name, int32_t n_batch) {
    const char *root = getenv("MOTE_SOURCE_DIR");
    char path[4096];
    mote_error err = {0};
    mote_model_options mo = MOTE_MODEL_OPTIONS_INIT;
    mote_engine_options eo = MOTE_ENGINE_OPTIONS_INIT;
    snprintf(path, sizeof path, "%s/tests/%s", root ? root : ".", name);
    mo.n_threads = eo.n_threads = 1;
    eo.n_ctx = 100;
    eo.n_batch = n_batch;
    if (mote_model_open(path, &mo, &f->model, &err) != MOTE_OK || mote_engine_create(f->model, &eo, &f->engine, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mote_session_create(f->engine, &f->session, &err), MOTE_OK);
    for (int g = 0; g < N_GRAMMARS; g++)
        if (mote_constraint_create_grammar(grammars[g], strlen(grammars[g]), &f->constraints[g], &err) != MOTE_OK)
            fail_msg("%s", err.message);
    mote_rng_init(&f->rng, 3);
}

static void close_fixture(fixture *f) {
    for (int g = 0; g < N_GRAMMARS; g++)
        mote_constraint_free(&f->constraints[g]);
    mote_session_free(&f->session);
    mote_engine_free(&f->engine);
    mote_model_free(&f->model);
}

static uint32_t below(fixture *f, uint32_t n) {
    return mote_rng_next(&f->rng) % n;
}

static mote_sampler *random_sampler(fixture *f) {
    mote_sampler_options o = mote_sampler_options_default();
    mote_sampler *s;
    mote_error err = {0};
    mote_logit_bias biases[3];
    o.seed = mote_rng_next(&f->rng);
    o.temperature = (float)below(f, 5);
    o.top_k = (int32_t)below(f, 3) * 20;
    o.top_p = below(f, 2) ? 0.9f : 1;
    o.min_p = below(f, 2) ? 0.05f : 0;
    o.typical_p = below(f, 4) ? 1 : 0.7f;
    o.top_n_sigma = below(f, 4) ? -1 : 1;
    o.xtc_probability = below(f, 4) ? 0 : 0.5f;
    o.repeat_penalty = below(f, 2) ? 1 : 1.3f;
    o.presence_penalty = below(f, 4) ? 0 : 0.5f;
    o.dry_multiplier = below(f, 4) ? 0 : 0.8f;
    o.mirostat = below(f, 4) ? 0 : 1 + (int32_t)below(f, 2);
    for (size_t i = 0; i < 3; i++)
        biases[i] = (mote_logit_bias){3 + (int32_t)below(f, 200), below(f, 2) ? -INFINITY : 5};
    o.logit_bias = biases;
    o.n_logit_bias = below(f, 4) ? 0 : 3;
    if (mote_sampler_create(f->model, &o, &s, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    return s;
}

typedef struct known {
    const mote_generate_result *r;
} known;

/* The answer to come, sometimes with something in it that the grammar doesn't allow. */
static size_t tell(void *context, const int32_t *tokens, size_t n_tokens, int32_t *draft, size_t n_max) {
    const mote_generate_result *r = ((known *)context)->r;
    size_t n = 0;
    (void)tokens;
    for (; n < n_max && n_tokens + n < r->n_tokens; n++)
        draft[n] = (n_tokens + n) % 7 == 6 ? 3 : r->tokens[n_tokens + n];
    return n;
}

static void generate(fixture *f, mote_sampler *s, const mote_generate_options *o, mote_generate_result *r) {
    mote_error err = {0};
    static const int32_t prompt[] = {40, 41, 42, 43, 40, 41};
    if (mote_generate(f->session, s, prompt, sizeof prompt / sizeof *prompt, o, r, &err) != MOTE_OK)
        fail_msg("%s", err.message);
}

static void assert_whole(fixture *f, int g, const mote_generate_options *o, const mote_generate_result *r) {
    bool matches;
    size_t offset;
    assert_int_equal(mote_constraint_match(f->constraints[g], r->text, r->text_bytes, &matches, &offset, NULL), MOTE_OK);
    if (!matches)
        fail_msg("%s: '%s' ends after %zu of %d tokens, wrong at %zu", grammars[g], r->text, r->n_tokens, (int)o->n_predict, offset);
    if (o->n_predict >= 0)
        assert_true(r->n_tokens <= (size_t)o->n_predict);
    assert_true(strcmp(r->finish_reason, "stop") == 0 || r->n_tokens == (size_t)o->n_predict || o->n_predict < 0);
}

static void assert_same(const mote_generate_result *a, const mote_generate_result *b) {
    assert_int_equal(a->n_tokens, b->n_tokens);
    assert_memory_equal(a->tokens, b->tokens, a->n_tokens * sizeof *a->tokens);
    assert_string_equal(a->text, b->text);
    assert_string_equal(a->finish_reason, b->finish_reason);
}

/* The fewest tokens that a generation may be asked for. */
static int32_t fewest(fixture *f, mote_sampler *s, int g) {
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    o.constraint = f->constraints[g];
    for (int32_t n = 0;; n++) {
        mote_generate_result r;
        mote_error err = {0};
        o.n_predict = n;
        mote_status status = mote_generate(f->session, s, (const int32_t[]){40}, 1, &o, &r, &err);
        if (status == MOTE_OK) {
            mote_generate_result_deinit(&r);
            return n;
        }
        assert_int_equal(status, MOTE_ERR_LIMIT);
        assert_non_null(strstr(err.message, "shortest"));
        assert_true(n < MAX_TOKENS);
    }
}

static void compare_once(fixture *f, int g, size_t *n_accepted) {
    mote_sampler *s = random_sampler(f);
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result plain, drafted, shown;
    known truth = {&plain};
    o.constraint = f->constraints[g];
    o.n_predict = below(f, 8) == 0 ? -1 : fewest(f, s, g) + (int32_t)below(f, 30);
    o.ignore_eos = below(f, 4) == 0;
    o.n_draft_max = 0;
    generate(f, s, &o, &plain);
    assert_whole(f, g, &o, &plain);
    o.n_draft_max = -1;
    o.draft = tell;
    o.draft_context = &truth;
    generate(f, s, &o, &drafted);
    assert_same(&plain, &drafted);
    *n_accepted += drafted.n_draft_accepted;
    o.n_logprobs = 2;
    generate(f, s, &o, &shown);
    assert_same(&plain, &shown);
    mote_generate_result_deinit(&plain);
    mote_generate_result_deinit(&drafted);
    mote_generate_result_deinit(&shown);
    mote_sampler_free(&s);
}

static void answers_are_whole(void **state) {
    static const int32_t batches[] = {1, 4, 64};
    size_t n_accepted = 0;
    (void)state;
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        fixture f;
        open_fixture(&f, "cli/tiny.gguf", batches[b]);
        for (int g = 0; g < N_GRAMMARS; g++)
            for (int i = 0; i < 40; i++)
                compare_once(&f, g, &n_accepted);
        close_fixture(&f);
    }
    assert_true(n_accepted > 0);
}

/* What has no choice is there at once, and the end token with it. */
static void stretches_are_one_pass(void **state) {
    fixture f;
    mote_sampler *s;
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result r;
    mote_error err = {0};
    (void)state;
    open_fixture(&f, "cli/tiny.gguf", 64);
    assert_int_equal(mote_sampler_create(f.model, NULL, &s, &err), MOTE_OK);
    o.constraint = f.constraints[5];
    generate(&f, s, &o, &r);
    assert_string_equal(r.text, "the user and the user and the user");
    assert_true(mote_tokenizer_is_end(mote_model_tokenizer(f.model), r.tokens[r.n_tokens - 1]));
    assert_int_equal(mote_session_n_tokens(f.session), 6); /* nobody asked for logits behind the prompt */
    int32_t *ids;
    size_t n_ids;
    assert_int_equal(mote_tokenize(mote_model_tokenizer(f.model), r.text, r.text_bytes, 0, &ids, &n_ids, &err), MOTE_OK);
    assert_int_equal(n_ids, r.n_tokens - 1);
    assert_memory_equal(ids, r.tokens, n_ids * sizeof *ids);
    mote_free(ids);
    mote_generate_result_deinit(&r);
    o.ignore_eos = true;
    generate(&f, s, &o, &r);
    assert_int_equal(r.n_tokens, n_ids);
    assert_string_equal(r.finish_reason, "stop");
    mote_generate_result_deinit(&r);
    mote_sampler_free(&s);
    close_fixture(&f);
}

static bool stop_at_third(void *context, const mote_generate_event *event) {
    (void)event;
    return ++*(int *)context < 3;
}

/* Cancelled amid a stretch; then the same session goes on as a new one would. */
static void cancelled_amid(void **state) {
    fixture f;
    mote_sampler *s;
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result r, whole;
    mote_error err = {0};
    int n = 0;
    (void)state;
    open_fixture(&f, "cli/tiny.gguf", 64);
    assert_int_equal(mote_sampler_create(f.model, NULL, &s, &err), MOTE_OK);
    o.constraint = f.constraints[5];
    o.on_token = stop_at_third;
    o.context = &n;
    assert_int_equal(mote_generate(f.session, s, (const int32_t[]){40, 41}, 2, &o, &r, &err), MOTE_ERR_CANCELLED);
    assert_int_equal(r.n_tokens, 3);
    mote_generate_result_deinit(&r);
    o.on_token = NULL;
    generate(&f, s, &o, &whole);
    assert_string_equal(whole.text, "the user and the user and the user");
    mote_generate_result_deinit(&whole);
    mote_sampler_free(&s);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_are_whole), cmocka_unit_test(stretches_are_one_pass), cmocka_unit_test(cancelled_amid)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
