/* The loop of a generation: sample, detokenize, look for stop strings, hand out, feed. A pass may compute guesses of what follows beside the token that is fed (draft.h): the
 * sampler goes on through their logits one by one, as if each had been fed alone, until it chooses something else. Memory is taken before the first token; the text's buffer grows
 * only if it turns out to hold more than TEXT_BYTES_A_TOKEN bytes a token on average. */
#include <mote/generate.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "engine/sampler.h"
#include "engine/stop_strings.h"

#include <math.h>
#include <string.h>

enum { TEXT_BYTES_A_TOKEN = 16, MAX_LOGPROBS = 20, MAX_TEXT_BYTES = 1 << 30 };
/* Tokens after which a screen of the head has earned what making it costs; rows that a sampler may change. */
enum { MIN_SCREENED_TOKENS = 64, MAX_CHANGED = 256 };
enum { MAX_WAITING = 64 }; /* tokens without choice that are fed at once */

typedef struct generation {
    mote_session *session;
    mote_sampler *sampler;
    const mote_generate_options *options;
    mote_generate_result *result;
    const mote_tokenizer *tokenizer;
    mote_detokenizer *stream;
    mote_stop_strings stops;
    mote_buffer text;
    size_t n_given; /* bytes of text that the caller has */
    float *masked;  /* [n_vocab] logits without end tokens; NULL when they may be chosen */
    int32_t *ends;  /* [n_ends] end tokens, where they are masked */
    size_t n_ends;
    size_t n_max;                          /* tokens to generate at most */
    mote_draft *draft;                     /* NULL: no drafts */
    int32_t pass[MOTE_DECODER_LOGIT_ROWS]; /* the last token and the guesses of the last pass */
    size_t n_pass, n_taken;                /* n_taken: of these, those that came */
    mote_constrained *constrained;         /* NULL: any text */
    int32_t forced;                        /* the next token, where the constraint leaves no choice; -1 */
    int32_t waiting[MAX_WAITING];          /* tokens that came and are not fed yet: nobody has to see the logits before the last one's */
    size_t n_waiting;
    mote_token_logprob top[MAX_LOGPROBS];
    int32_t changed[MAX_CHANGED]; /* rows of logits that the sampler changes */
} generation;

/* The tokens that both begin with; the last prompt token is computed again, for its logits. */
static size_t reuse_prefix(mote_session *s, const int32_t *prompt, size_t n_prompt) {
    size_t n = 0;
    while (n < s->n_tokens && n + 1 < n_prompt && s->tokens[n] == prompt[n])
        n++;
    return mote_session_truncate(s, n) == MOTE_OK ? n : 0; /* never 0 for a failure: n is inside the timeline */
}

static mote_status collect_ends(generation *g, mote_error *err) {
    size_t n_vocab = g->session->engine->model->h.n_vocab;
    g->ends = mote_mem_alloc_array(n_vocab, sizeof(int32_t));
    if (!g->ends)
        return mote_error_alloc(err, n_vocab * sizeof(int32_t));
    int32_t n_tokens = mote_tokenizer_n_tokens(g->tokenizer);
    for (int32_t i = 0; i < n_tokens && (size_t)i < n_vocab; i++)
        if (mote_tokenizer_is_end(g->tokenizer, i))
            g->ends[g->n_ends++] = i;
    return MOTE_OK;
}

static mote_status constrain(generation *g, mote_error *err) {
    mote_engine *e = g->session->engine;
    if (!g->options->constraint)
        return MOTE_OK;
    MOTE_TRY(mote_constrained_open(g->options->constraint, g->tokenizer, e->model->h.n_vocab, e->n_bytes_left, &e->constrained, err));
    g->constrained = e->constrained;
    return mote_constrained_begin(g->constrained, g->n_max, g->options->ignore_eos, err);
}

static mote_status check_drafts(generation *g, mote_error *err) {
    const mote_generate_options *o = g->options;
    uint32_t n_vocab = g->session->engine->model->h.n_vocab;
    if (o->n_draft_max < -1)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "drafts: %d tokens at most is no number", (int)o->n_draft_max);
    for (size_t i = 0; o->draft_source && i < o->n_draft_source; i++)
        if (o->draft_source[i] < 0 || (uint32_t)o->draft_source[i] >= n_vocab)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "draft source, token %zu: id %d is outside the vocabulary of %u", i, (int)o->draft_source[i], n_vocab);
    g->draft = o->n_draft_max == 0 ? NULL : g->session->engine->draft;
    return MOTE_OK;
}

static size_t n_left(const generation *g) {
    return g->n_max - g->result->n_tokens;
}

/* The few that a constraint allows. */
static bool choose_allowed(generation *g, mote_logit_choice *choice) {
    const mote_token_mask_set *set;
    if (mote_constrained_next(g->constrained, n_left(g), &set, NULL) != MOTE_OK || set->n_allowed > MAX_CHANGED)
        return false; /* a failure comes again when the token is chosen */
    size_t n_vocab = g->session->engine->model->h.n_vocab;
    for (size_t w = 0; w < set->n_words; w++)
        for (uint32_t bits = set->bits[w]; bits; bits &= bits - 1) {
            size_t id = 32 * w + (size_t)__builtin_ctz(bits);
            if (id < n_vocab)
                g->changed[choice->n_rows++] = (int32_t)id;
        }
    return choice->n_rows > 0;
}

/* The logits that the sampler will look at, if it doesn't look at all. */
static bool choose_logits(generation *g, mote_logit_choice *choice) {
    *choice = (mote_logit_choice){.rows = g->changed};
    if (g->options->n_logprobs >= 0)
        return false;
    if (g->constrained)
        return g->forced < 0 && choose_allowed(g, choice);
    size_t n = mote_sampler_needs(g->sampler, g->changed, MAX_CHANGED, &choice->n_rows);
    choice->n_first = n + choice->n_rows + g->n_ends; /* of the greatest, so many may fall back */
    return n > 0;
}

static mote_status prepare(generation *g, size_t n_prompt, mote_error *err) {
    const mote_generate_options *o = g->options;
    mote_engine *e = g->session->engine;
    if (n_prompt == 0)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the prompt has no tokens");
    if (n_prompt > e->n_ctx)
        return mote_error_set(err, MOTE_ERR_CONTEXT, "the prompt has %zu tokens, the context holds %zu", n_prompt, e->n_ctx);
    if (o->n_logprobs < -1 || o->n_logprobs > MAX_LOGPROBS)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "log-probabilities: %d is not between 0 and %d", (int)o->n_logprobs, MAX_LOGPROBS);
    size_t room = e->n_ctx - n_prompt + 1; /* the last token need not be fed */
    g->n_max = o->n_predict < 0 || (size_t)o->n_predict > room ? room : (size_t)o->n_predict;
    g->result->tokens = mote_mem_alloc_array(g->n_max + 1, sizeof(int32_t));
    if (!g->result->tokens)
        return mote_error_alloc(err, g->n_max * sizeof(int32_t));
    if (mote_buffer_reserve(&g->text, g->n_max * TEXT_BYTES_A_TOKEN) != MOTE_OK)
        return mote_error_alloc(err, g->n_max * TEXT_BYTES_A_TOKEN);
    MOTE_TRY(mote_stop_strings_init(&g->stops, o->stop, o->n_stop, err));
    if (g->tokenizer)
        MOTE_TRY(mote_detokenizer_create(g->tokenizer, o->special, &g->stream, err));
    if (o->ignore_eos && g->tokenizer)
        MOTE_TRY(collect_ends(g, err));
    MOTE_TRY(constrain(g, err));
    if (g->ends || g->constrained)
        g->masked = mote_mem_alloc_array(e->model->h.n_vocab, sizeof(float));
    if ((g->ends || g->constrained) && !g->masked)
        return mote_error_alloc(err, e->model->h.n_vocab * sizeof(float));
    mote_logit_choice choice;
    if (e->may_screen && !g->constrained && g->n_max >= MIN_SCREENED_TOKENS && choose_logits(g, &choice))
        MOTE_TRY(mote_decoder_make_screen(e->decoder, err));
    return check_drafts(g, err);
}

/* Logits without those that may not be chosen; *least: a token that may. */
static mote_status mask(generation *g, const float *logits, const float **masked, int32_t *least, mote_error *err) {
    size_t n_vocab = g->session->engine->model->h.n_vocab;
    const mote_token_mask_set *set = NULL;
    *masked = logits;
    if (!g->masked)
        return MOTE_OK;
    *masked = g->masked;
    memcpy(g->masked, logits, n_vocab * sizeof *logits);
    if (g->constrained)
        MOTE_TRY(mote_constrained_next(g->constrained, n_left(g), &set, err));
    for (size_t w = 0; set && 32 * w < n_vocab; w++) {
        uint32_t bits = w < set->n_words ? set->bits[w] : 0;
        size_t n = n_vocab - 32 * w < 32 ? n_vocab - 32 * w : 32;
        for (size_t i = 0; bits != UINT32_MAX && i < n; i++)
            g->masked[32 * w + i] = bits >> i & 1 ? g->masked[32 * w + i] : -INFINITY;
        if (*least < 0 && bits)
            *least = (int32_t)(32 * w) + __builtin_ctz(bits);
    }
    for (size_t i = 0; i < g->n_ends; i++)
        g->masked[g->ends[i]] = -INFINITY;
    return MOTE_OK;
}

/* The next token: the constraint's, where it leaves no choice, else the sampler's. */
static mote_status choose_token(generation *g, const float *logits, int32_t *token, mote_error *err) {
    const float *masked;
    int32_t least = -1;
    *token = g->forced;
    if (g->forced >= 0)
        return MOTE_OK;
    MOTE_TRY(mask(g, logits, &masked, &least, err));
    *token = mote_sampler_sample(g->sampler, masked);
    if (least >= 0 && masked[*token] == -INFINITY) { /* biases, or a model that gives no numbers, left nothing that is allowed */
        const mote_token_mask_set *set;
        MOTE_TRY(mote_constrained_next(g->constrained, n_left(g), &set, err));
        *token = mote_token_mask_has(set, *token) ? *token : least;
    }
    return MOTE_OK;
}

/* The k largest logits, in place by insertion: k is at most MAX_LOGPROBS. */
static void fill_logprobs(generation *g, const float *logits, int32_t token, mote_generate_event *event) {
    size_t n = g->session->engine->model->h.n_vocab, k = (size_t)g->options->n_logprobs, n_top = 0;
    float max = -INFINITY;
    for (size_t i = 0; i < n; i++)
        max = logits[i] > max ? logits[i] : max;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += exp((double)logits[i] - max);
        if (n_top == k && (k == 0 || !(logits[i] > g->top[k - 1].logprob)))
            continue;
        size_t at = n_top < k ? n_top++ : k - 1;
        for (; at > 0 && logits[i] > g->top[at - 1].logprob; at--)
            g->top[at] = g->top[at - 1];
        g->top[at] = (mote_token_logprob){(int32_t)i, logits[i]};
    }
    float lse = max + (float)log(sum);
    for (size_t i = 0; i < n_top; i++)
        g->top[i].logprob -= lse;
    event->logprob = logits[token] - lse;
    event->top = g->top;
    event->n_top = n_top;
}

/* Adds a token's text; true when a stop string is complete (the text is cut before it). */
static mote_status add_text(generation *g, const char *text, size_t n_bytes, bool *stopped, mote_error *err) {
    size_t before = g->text.len;
    if (mote_buffer_append(&g->text, text, n_bytes) != MOTE_OK)
        return mote_error_alloc(err, g->text.len + n_bytes);
    size_t at = mote_stop_strings_find(&g->stops, mote_buffer_str(&g->text), before);
    *stopped = at != MOTE_STOP_NONE;
    if (*stopped) {
        g->text.len = at;
        g->text.data[at] = 0;
    }
    return MOTE_OK;
}

static bool give(generation *g, mote_generate_event *event, bool all) {
    size_t held = all ? 0 : mote_stop_strings_held(&g->stops, mote_buffer_str(&g->text));
    size_t end = g->text.len - held;
    end = end < g->n_given ? g->n_given : end;
    event->text = g->text.data ? g->text.data + g->n_given : "";
    event->text_bytes = end - g->n_given;
    char saved = g->text.data ? g->text.data[end] : 0;
    if (g->text.data)
        g->text.data[end] = 0; /* callers may print it as a C string */
    bool goes_on = !g->options->on_token || g->options->on_token(g->options->context, event);
    if (g->text.data)
        g->text.data[end] = saved;
    g->n_given = end;
    return goes_on;
}

/* Guesses of what comes behind the token that is to be fed, into g->pass. */
static mote_status propose(generation *g, size_t *n_guesses, mote_error *err) {
    const mote_generate_options *o = g->options;
    const mote_session *s = g->session;
    const mote_engine *e = s->engine;
    size_t most = o->n_draft_max < 0 || o->n_draft_max > MOTE_DRAFT_MAX ? MOTE_DRAFT_MAX : (size_t)o->n_draft_max;
    size_t limits[] = {n_left(g) - 1, e->n_ctx - s->n_tokens - 1, e->n_batch - 1};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        most = limits[i] < most ? limits[i] : most;
    *n_guesses = 0;
    if (!g->draft || most == 0)
        return MOTE_OK;
    if (o->draft) {
        size_t n = o->draft(o->draft_context, g->result->tokens, g->result->n_tokens, g->draft->given, most);
        if (n > most)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "draft: %zu tokens were given, asked for were %zu at most", n, most);
        for (size_t i = 0; i < n; i++)
            if (g->draft->given[i] < 0 || (uint32_t)g->draft->given[i] >= e->model->h.n_vocab)
                return mote_error_set(err, MOTE_ERR_ARGUMENT, "draft, token %zu: id %d is outside the vocabulary of %u", i, (int)g->draft->given[i], e->model->h.n_vocab);
        if (n > 0)
            mote_draft_give(g->draft, n);
    }
    *n_guesses = mote_draft_propose(g->draft, g->pass + 1, most);
    if (g->constrained)
        *n_guesses = mote_token_mask_count_valid(g->constrained->mask, g->pass + 1, *n_guesses);
    return MOTE_OK;
}

/* The timeline moves on by a guess that was right. */
static mote_status take_guess(generation *g, mote_error *err) {
    mote_session *s = g->session;
    if (atomic_exchange(&s->cancel, false)) {
        s->logits = NULL; /* as when a pass is cancelled */
        return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
    }
    mote_session_take_draft(s);
    g->n_taken++;
    g->result->n_draft_accepted++;
    return MOTE_OK;
}

/* By a pass of a token, with guesses. */
static mote_status feed_one(generation *g, int32_t token, mote_error *err) {
    mote_session *s = g->session;
    size_t n_guesses;
    MOTE_TRY(propose(g, &n_guesses, err));
    g->pass[0] = token;
    g->n_pass = n_guesses + 1;
    g->n_taken = 1;
    mote_logit_choice choice;
    s->choice = g->n_pass == 1 && choose_logits(g, &choice) ? &choice : NULL; /* several rows of logits are one whole product */
    double start = mote_clock_seconds();
    mote_status status = mote_session_feed_draft(s, g->pass, g->n_pass, err);
    s->choice = NULL;
    MOTE_TRY(status);
    if (g->draft)
        mote_draft_gain_learn_pass(&g->draft->gain, g->n_pass, mote_clock_seconds() - start);
    g->result->n_draft_tokens += n_guesses;
    return MOTE_OK;
}

/* By a pass of several that came without choice. */
static mote_status feed_several(generation *g, const int32_t *tokens, size_t n, mote_error *err) {
    mote_session *s = g->session;
    mote_logit_choice choice;
    g->n_pass = g->n_taken = 0;
    s->choice = choose_logits(g, &choice) ? &choice : NULL;
    mote_status status = mote_session_feed(s, tokens, n, err);
    s->choice = NULL;
    s->fed_several = false; /* states are kept behind the prompt: that is where the next answer begins */
    return status;
}

/* The timeline moves on by a token. */
static mote_status advance(generation *g, int32_t token, mote_error *err) {
    size_t at = 0;
    g->waiting[g->n_waiting++] = token;
    if (g->forced >= 0 && g->options->n_logprobs < 0 && g->n_waiting < MAX_WAITING)
        return MOTE_OK;
    for (; at < g->n_waiting && g->n_taken < g->n_pass && g->pass[g->n_taken] == g->waiting[at]; at++)
        MOTE_TRY(take_guess(g, err));
    size_t n = g->n_waiting - at;
    g->n_waiting = 0;
    if (n == 0)
        return MOTE_OK;
    return n == 1 ? feed_one(g, g->waiting[at], err) : feed_several(g, g->waiting + at, n, err);
}

/* The constraint learns of a token; true where the text is whole and no end token can come any more. */
static bool constrain_next(generation *g, int32_t token) {
    if (!g->constrained)
        return false;
    mote_constrained_accept(g->constrained, token);
    g->forced = mote_constrained_forced(g->constrained, g->result->tokens, g->result->n_tokens, n_left(g));
    return mote_constrained_is_done(g->constrained) || (n_left(g) == 0 && mote_constrained_is_whole(g->constrained));
}

/* One token; sets finish_reason when it was the last. */
static mote_status step(generation *g, mote_error *err) {
    mote_generate_result *r = g->result;
    const float *logits = g->session->logits;
    int32_t token;
    MOTE_TRY(choose_token(g, logits, &token, err));
    mote_sampler_accept(g->sampler, token);
    if (g->draft)
        mote_draft_accept(g->draft, token);
    r->tokens[r->n_tokens++] = token;
    bool is_whole = constrain_next(g, token);
    mote_generate_event event = {.token = token, .text = ""};
    if (g->options->n_logprobs >= 0)
        fill_logprobs(g, logits, token, &event);
    bool is_end = g->tokenizer && mote_tokenizer_is_end(g->tokenizer, token), stopped = false, is_last = is_whole || n_left(g) == 0;
    const char *text = "";
    size_t n_bytes = 0;
    if (g->stream && (!is_end || g->options->special)) {
        MOTE_TRY(mote_detokenizer_push(g->stream, token, &text, &n_bytes));
        MOTE_TRY(add_text(g, text, n_bytes, &stopped, err));
    }
    if (g->stream && !stopped && (is_end || is_last)) {
        MOTE_TRY(mote_detokenizer_flush(g->stream, &text, &n_bytes));
        MOTE_TRY(add_text(g, text, n_bytes, &stopped, err));
    }
    if (is_end || stopped || is_whole)
        r->finish_reason = "stop";
    else if (is_last)
        r->finish_reason = "length";
    if (!give(g, &event, r->finish_reason != NULL))
        r->finish_reason = "cancelled";
    return r->finish_reason ? MOTE_OK : advance(g, token, err);
}

/* *n_cached is what wasn't computed: fewer than the timeline had where its cache couldn't go back that far, more where the engine knows the prefix. States can't go back by one
 * token, so that the last one, from which another answer to the same prompt begins, is fed alone. */
static mote_status feed_prompt(mote_session *s, const int32_t *ids, size_t n_ids, size_t *n_cached, mote_error *err) {
    size_t n_first = s->cache.layout->has_states && n_ids > 2 ? n_ids - 1 : n_ids;
    MOTE_TRY(mote_session_feed(s, ids, n_first, err));
    *n_cached = s->n_reused;
    return n_first < n_ids ? mote_session_feed(s, ids + n_first, n_ids - n_first, err) : MOTE_OK;
}

static mote_status run(generation *g, const int32_t *prompt, size_t n_prompt, mote_error *err) {
    mote_generate_result *r = g->result;
    double start = mote_clock_seconds();
    r->n_prompt_tokens = n_prompt;
    size_t n_kept = reuse_prefix(g->session, prompt, n_prompt);
    MOTE_TRY(feed_prompt(g->session, prompt + n_kept, n_prompt - n_kept, &r->n_cached_tokens, err));
    mote_sampler_reset(g->sampler);
    for (size_t i = 0; i < n_prompt; i++)
        mote_sampler_accept(g->sampler, prompt[i]);
    if (g->draft)
        mote_draft_begin(g->draft, prompt, n_prompt, g->options->draft_source, g->options->n_draft_source);
    double prompted = mote_clock_seconds();
    r->prompt_seconds = prompted - start;
    mote_status status = MOTE_OK;
    if (g->n_max == 0)
        r->finish_reason = "length";
    if (g->constrained && n_left(g) > 0) {
        g->forced = mote_constrained_forced(g->constrained, r->tokens, 0, n_left(g));
        r->finish_reason = mote_constrained_is_done(g->constrained) ? "stop" : NULL;
    }
    while (status == MOTE_OK && !r->finish_reason)
        status = step(g, err);
    r->predicted_seconds = mote_clock_seconds() - prompted;
    return status;
}

mote_status mote_generate(mote_session *session, mote_sampler *sampler, const int32_t *prompt, size_t n_prompt, const mote_generate_options *options, mote_generate_result *result,
                          mote_error *err) {
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    *result = (mote_generate_result){0};
    generation g = {.session = session, .forced = -1, .sampler = sampler, .options = &o, .result = result, .tokenizer = mote_model_tokenizer(session->engine->model)};
    mote_buffer_init(&g.text, MAX_TEXT_BYTES);
    mote_status status = prepare(&g, n_prompt, err);
    if (status == MOTE_OK)
        status = run(&g, prompt, n_prompt, err);
    if (status == MOTE_ERR_CANCELLED || (status == MOTE_OK && strcmp(result->finish_reason, "cancelled") == 0)) {
        result->finish_reason = "cancelled";
        status = mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
    }
    if (status == MOTE_OK || status == MOTE_ERR_CANCELLED) {
        result->text_bytes = g.text.len;
        result->text = mote_buffer_take(&g.text);
        if (!result->text)
            status = mote_error_alloc(err, 1);
    }
    if (status != MOTE_OK && status != MOTE_ERR_CANCELLED)
        mote_generate_result_deinit(result);
    mote_buffer_deinit(&g.text);
    mote_detokenizer_free(&g.stream);
    mote_stop_strings_deinit(&g.stops);
    mote_mem_free(g.masked);
    mote_mem_free(g.ends);
    return status;
}

void mote_generate_result_deinit(mote_generate_result *result) {
    mote_mem_free(result->text);
    mote_mem_free(result->tokens);
    *result = (mote_generate_result){0};
}
