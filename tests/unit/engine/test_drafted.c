/* Generation with drafts against generation without them, on tiny models: tokens, log-probabilities, texts, the timeline and its logits are the same bit for bit, whatever the
 * sampler, the guesses, the limits, and wherever it is stopped. Costs and odds are set so that drafts are always thought worth their cost. */
#include "base/rng.h"
#include "engine/engine.h"

#include <mote/mote.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MAX_CTX = 512, MAX_EVENTS = 80, MAX_TEXT = 2048, N_TOP = 3 };

/* What a generation showed. */
typedef struct shown {
    mote_status status;
    size_t n_events, n_text, n_timeline;
    int32_t tokens[MAX_EVENTS];
    float logprobs[MAX_EVENTS];
    mote_token_logprob tops[MAX_EVENTS][N_TOP];
    size_t n_tops[MAX_EVENTS], n_seen[MAX_EVENTS]; /* n_seen: tokens of the timeline at the event */
    char text[MAX_TEXT];
    int32_t timeline[MAX_CTX];
    float logits[512];
    bool has_logits, is_cancel_left; /* a cancellation that came with the last token ends what is next */
    char finish[16];
    size_t n_drafted, n_accepted;
} shown;

typedef struct scene {
    mote_session *session;
    mote_rng rng;
    shown *out;
    size_t stop_after, cancel_after; /* 0: never */
    const shown *truth;              /* what the hook tells, with mistakes; NULL: it tells nothing */
    size_t n_vocab, n_asked;
} scene;

static bool on_token(void *context, const mote_generate_event *event) {
    scene *c = context;
    shown *o = c->out;
    size_t i = o->n_events++;
    assert_true(i < MAX_EVENTS && event->n_top <= N_TOP && o->n_text + event->text_bytes < MAX_TEXT);
    o->tokens[i] = event->token;
    o->logprobs[i] = event->logprob;
    o->n_tops[i] = event->n_top;
    if (event->n_top)
        memcpy(o->tops[i], event->top, event->n_top * sizeof *event->top);
    o->n_seen[i] = mote_session_n_tokens(c->session);
    memcpy(o->text + o->n_text, event->text, event->text_bytes);
    o->n_text += event->text_bytes;
    if (o->n_events == c->cancel_after)
        mote_session_cancel(c->session);
    return o->n_events != c->stop_after;
}

static uint32_t below(mote_rng *rng, uint32_t n) {
    return mote_rng_next(rng) % n;
}

/* The answer to come, with a mistake now and then. */
static size_t tell(void *context, const int32_t *tokens, size_t n_tokens, int32_t *draft, size_t n_max) {
    scene *c = context;
    size_t n = 0, wanted = below(&c->rng, (uint32_t)n_max + 1);
    assert_true(n_max >= 1 && n_max <= MOTE_DRAFT_MAX && n_tokens >= 1);
    assert_int_equal(tokens[n_tokens - 1], c->truth->tokens[n_tokens - 1]);
    for (; n < wanted && n_tokens + n < c->truth->n_events; n++)
        draft[n] = below(&c->rng, 8) == 0 ? (int32_t)below(&c->rng, (uint32_t)c->n_vocab) : c->truth->tokens[n_tokens + n];
    c->n_asked++;
    return n;
}

/* Every draft looks worth its cost. */
static void encourage(mote_engine *e) {
    if (!e->draft)
        return;
    mote_draft_gain *g = &e->draft->gain;
    g->seconds = 1;
    for (size_t n = 1; n <= MOTE_DRAFT_MAX + 1; n++) {
        g->ratio[n] = 1;
        g->n_passes[n] = 1000;
    }
    for (int k = 0; k < MOTE_DRAFT_KINDS; k++)
        for (int i = 0; i < MOTE_DRAFT_LENGTHS; i++)
            g->right[k][i] = 1;
}

static void generate(scene *c, mote_sampler *sampler, const int32_t *prompt, size_t n_prompt, const mote_generate_options *options, shown *out) {
    mote_generate_options o = *options;
    mote_generate_result r;
    mote_error err = {0};
    *out = (shown){0};
    c->out = out;
    o.on_token = on_token;
    o.context = c;
    encourage(c->session->engine);
    out->status = mote_generate(c->session, sampler, prompt, n_prompt, &o, &r, &err);
    assert_true(out->status == MOTE_OK || out->status == MOTE_ERR_CANCELLED);
    assert_int_equal(r.n_tokens, out->n_events);
    assert_memory_equal(r.tokens, out->tokens, r.n_tokens * sizeof *r.tokens);
    assert_true(r.text_bytes >= out->n_text); /* what may begin a stop string was held back when somebody stopped */
    assert_memory_equal(r.text, out->text, out->n_text);
    snprintf(out->finish, sizeof out->finish, "%s", r.finish_reason);
    out->n_drafted = r.n_draft_tokens;
    out->n_accepted = r.n_draft_accepted;
    out->n_timeline = mote_session_n_tokens(c->session);
    memcpy(out->timeline, mote_session_tokens(c->session), out->n_timeline * sizeof *out->timeline);
    out->has_logits = mote_session_logits(c->session) != NULL;
    if (out->has_logits)
        memcpy(out->logits, mote_session_logits(c->session), c->n_vocab * sizeof *out->logits);
    out->is_cancel_left = atomic_exchange(&c->session->cancel, false);
    mote_generate_result_deinit(&r);
}

static void assert_same(const shown *a, const shown *b) {
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->n_events, b->n_events);
    assert_memory_equal(a->tokens, b->tokens, sizeof a->tokens);
    assert_memory_equal(a->logprobs, b->logprobs, sizeof a->logprobs);
    assert_memory_equal(a->n_tops, b->n_tops, sizeof a->n_tops);
    assert_memory_equal(a->n_seen, b->n_seen, sizeof a->n_seen);
    assert_memory_equal(a->tops, b->tops, sizeof a->tops);
    assert_int_equal(a->n_text, b->n_text);
    assert_memory_equal(a->text, b->text, a->n_text);
    assert_string_equal(a->finish, b->finish);
    assert_int_equal(a->n_timeline, b->n_timeline);
    assert_memory_equal(a->timeline, b->timeline, a->n_timeline * sizeof *a->timeline);
    assert_int_equal(a->has_logits, b->has_logits);
    assert_int_equal(a->is_cancel_left, b->is_cancel_left);
    assert_memory_equal(a->logits, b->logits, sizeof a->logits);
}

typedef struct fixture {
    mote_model *model;
    mote_engine *engine;
    mote_session *session;
    size_t n_vocab;
    int32_t n_ctx;
} fixture;

static void open_fixture(fixture *f, const char *name, int32_t n_ctx, int32_t n_batch, int32_t n_threads) {
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_error err = {0};
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    snprintf(path, sizeof path, "%s/tests/%s", root ? root : ".", name);
    o.n_ctx = f->n_ctx = n_ctx;
    o.n_batch = n_batch;
    o.n_threads = n_threads;
    if (mote_model_open(path, NULL, &f->model, &err) != MOTE_OK || mote_engine_create(f->model, &o, &f->engine, &err) != MOTE_OK ||
        mote_session_create(f->engine, &f->session, &err) != MOTE_OK)
        fail_msg("%s", err.message);
    mote_model_info info;
    mote_model_get_info(f->model, &info);
    f->n_vocab = info.n_vocab;
    assert_true(f->n_vocab <= 512);
}

static void close_fixture(fixture *f) {
    mote_session_free(&f->session);
    mote_engine_free(&f->engine);
    mote_model_free(&f->model);
}

static mote_sampler_options random_sampling(mote_rng *rng, size_t n_vocab, mote_logit_bias *bias) {
    mote_sampler_options so = mote_sampler_options_default();
    static const float temperatures[] = {0, 0, 0.3f, 0.8f, 2};
    so.seed = mote_rng_next(rng);
    so.temperature = temperatures[below(rng, 5)];
    if (below(rng, 3) == 0)
        so.repeat_penalty = 1.3f;
    if (below(rng, 4) == 0)
        so.frequency_penalty = 0.5f;
    if (below(rng, 4) == 0)
        so.dry_multiplier = 0.8f;
    if (below(rng, 5) == 0)
        so.mirostat = 1 + (int32_t)below(rng, 2);
    if (below(rng, 5) == 0)
        so.xtc_probability = 0.5f;
    if (below(rng, 5) == 0)
        so.typical_p = 0.7f;
    if (below(rng, 5) == 0)
        so.top_k = (int32_t)below(rng, 4) * 100;
    bias[0] = (mote_logit_bias){(int32_t)below(rng, (uint32_t)n_vocab), 3};
    bias[1] = (mote_logit_bias){(int32_t)below(rng, (uint32_t)n_vocab), -INFINITY};
    so.logit_bias = bias;
    so.n_logit_bias = below(rng, 3);
    return so;
}

/* A prompt in which pieces repeat. */
static size_t random_prompt(mote_rng *rng, const fixture *f, int32_t *ids, size_t most) {
    size_t n = 1 + below(rng, (uint32_t)most), period = 2 + below(rng, 12);
    for (size_t i = 0; i < n; i++)
        ids[i] = i >= period && below(rng, 10) != 0 ? ids[i - period] : (int32_t)below(rng, (uint32_t)f->n_vocab);
    return n;
}

/* One random run, without and with drafts; adds what was drafted. */
static void compare_once(fixture *f, mote_rng *rng, size_t most_prompt, size_t *n_drafted, size_t *n_accepted) {
    static shown plain, drafted;
    static int32_t prompt[MAX_CTX], source[MAX_EVENTS];
    mote_logit_bias bias[2];
    mote_error err = {0};
    mote_sampler *sampler = NULL;
    mote_sampler_options so = random_sampling(rng, f->n_vocab, bias);
    size_t n_prompt = random_prompt(rng, f, prompt, most_prompt);
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    const char *stops[] = {"e", "qz"};
    scene c = {.session = f->session, .n_vocab = f->n_vocab};
    assert_int_equal(mote_sampler_create(f->model, &so, &sampler, &err), MOTE_OK);
    o.n_predict = (int32_t)below(rng, 40);
    o.ignore_eos = below(rng, 4) != 0;
    o.special = below(rng, 2);
    o.n_logprobs = (int32_t)below(rng, N_TOP + 2) - 1;
    o.stop = stops;
    o.n_stop = below(rng, 3) == 0 ? 2 : 0;
    c.stop_after = below(rng, 4) == 0 ? 1 + below(rng, 20) : 0;
    c.cancel_after = below(rng, 4) == 0 ? 1 + below(rng, 20) : 0;
    mote_rng_init(&c.rng, mote_rng_next(rng));
    if (below(rng, 2)) /* sometimes the whole prompt is there already, sometimes what it was */
        assert_int_equal(mote_session_truncate(f->session, 0), MOTE_OK);
    o.n_draft_max = 0;
    generate(&c, sampler, prompt, n_prompt, &o, &plain);
    assert_int_equal(plain.n_drafted, 0);
    assert_int_equal(c.n_asked, 0);
    o.n_draft_max = below(rng, 4) == 0 ? (int32_t)below(rng, 20) : -1;
    if (below(rng, 2)) {
        c.truth = &plain;
        o.draft = tell;
        o.draft_context = &c;
    }
    if (below(rng, 2)) { /* the answer with an edit */
        memcpy(source, plain.tokens, sizeof source);
        source[below(rng, MAX_EVENTS)] = 3;
        o.draft_source = source;
        o.n_draft_source = plain.n_events;
    }
    generate(&c, sampler, prompt, n_prompt, &o, &drafted);
    assert_same(&plain, &drafted);
    assert_true(drafted.n_accepted <= drafted.n_drafted);
    assert_true(f->session->cache.layout->has_states ? drafted.n_drafted == 0 : true);
    *n_drafted += drafted.n_drafted;
    *n_accepted += drafted.n_accepted;
    mote_sampler_free(&sampler);
}

static void a_thousand_answers_are_the_same(void **state) {
    (void)state;
    static const int32_t batches[] = {1, 2, 5, 16, 64};
    mote_rng rng;
    mote_rng_init(&rng, 1);
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        fixture f;
        size_t n_drafted = 0, n_accepted = 0;
        open_fixture(&f, "cli/tiny.gguf", 64, batches[b], b == 3 ? 2 : 1);
        for (int i = 0; i < 200; i++)
            compare_once(&f, &rng, 64, &n_drafted, &n_accepted);
        if (batches[b] == 1)
            assert_int_equal(n_drafted, 0);
        else
            assert_true(n_drafted > 1000 && n_accepted > 200);
        close_fixture(&f);
    }
}

static void models_of_all_kinds_do(void **state) {
    (void)state;
    static const char *const names[] = {"ministral", "olmo3", "qwen2-window", "qwen3-moe", "granite-4-attention-moe", "granite-4-h-dense", "lfm2"};
    mote_rng rng;
    mote_rng_init(&rng, 2);
    for (size_t m = 0; m < sizeof names / sizeof *names; m++) {
        char path[100];
        fixture f;
        size_t n_drafted = 0, n_accepted = 0;
        snprintf(path, sizeof path, "golden/families/%s", names[m]);
        open_fixture(&f, path, MAX_CTX, 16, 2); /* windows move down on the way */
        for (int i = 0; i < 8; i++)
            compare_once(&f, &rng, MAX_CTX, &n_drafted, &n_accepted);
        assert_true(f.session->cache.layout->has_states ? n_drafted == 0 : n_accepted > 0);
        close_fixture(&f);
    }
}

static size_t misbehave(void *context, const int32_t *tokens, size_t n_tokens, int32_t *draft, size_t n_max) {
    (void)tokens;
    (void)n_tokens;
    draft[0] = *(int32_t *)context;
    return draft[0] == 5 ? n_max + 1 : 1;
}

static void wrong_drafts_are_errors(void **state) {
    (void)state;
    fixture f;
    mote_error err = {0};
    mote_generate_result r;
    mote_sampler *sampler = NULL;
    mote_sampler_options so = mote_sampler_options_default();
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    int32_t prompt[4] = {7, 8, 9, 7}, given[] = {300, -1, 5}, source[] = {4, 100000};
    open_fixture(&f, "cli/tiny.gguf", 64, 16, 1);
    assert_int_equal(mote_sampler_create(f.model, &so, &sampler, &err), MOTE_OK);
    o.ignore_eos = true;
    o.draft = misbehave;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        o.draft_context = &given[i];
        assert_int_equal(mote_generate(f.session, sampler, prompt, 4, &o, &r, &err), MOTE_ERR_ARGUMENT);
        assert_non_null(strstr(err.message, "draft"));
    }
    o.draft = NULL;
    o.draft_source = source;
    o.n_draft_source = 2;
    assert_int_equal(mote_generate(f.session, sampler, prompt, 4, &o, &r, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "100000"));
    o.draft_source = NULL;
    o.n_draft_max = -2;
    assert_int_equal(mote_generate(f.session, sampler, prompt, 4, &o, &r, &err), MOTE_ERR_ARGUMENT);
    mote_sampler_free(&sampler);
    close_fixture(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_answers_are_the_same),
        cmocka_unit_test(models_of_all_kinds_do),
        cmocka_unit_test(wrong_drafts_are_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
