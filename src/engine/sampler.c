/* From logits to a token: logit bias, then the steps in their order, then a draw from what is left. The order, the rules of each step and what is off by default are llama.cpp's
 * (common/sampling.cpp, src/llama-sampler.cpp). Mirostat takes the place of the truncating steps: bias, penalties, DRY, temperature, mirostat.
 *
 * All numbers come from one PCG32 stream and all orders are total, so a seed, a history and logits decide the token on every machine. */
#include "engine/sampler.h"

#include "base/cpu.h"
#include "base/error.h"
#include "base/mem.h"
#include "engine/sampler_filters.h"
#include "engine/sampler_mirostat.h"
#include "model/loaded.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *const default_breakers[] = {"\n", ":", "\"", "*"};

/* The tokens that a window of -1 (the context) or n means; never more than the context, which history can't exceed. */
static size_t window_of(int32_t last_n, size_t n_context) {
    size_t most = n_context > 0 ? n_context : MOTE_SAMPLER_MAX_CONTEXT;
    if (last_n < 0)
        return n_context;
    return (size_t)last_n < most ? (size_t)last_n : most;
}

static bool has_step(const mote_sampler *s, mote_sampler_step step) {
    for (size_t i = 0; i < s->n_steps; i++) {
        if (s->steps[i] == step)
            return true;
    }
    return false;
}

/* Whether a step that may stand before top_k changes nothing. */
static bool is_idle(const mote_sampler *s, mote_sampler_step step) {
    switch (step) {
    case MOTE_SAMPLER_STEP_PENALTIES:
        return s->penalties.window == 0;
    case MOTE_SAMPLER_STEP_DRY:
        return s->dry.window == 0;
    case MOTE_SAMPLER_STEP_TOP_N_SIGMA:
        return s->options.top_n_sigma <= 0;
    default:
        return false;
    }
}

static void choose_steps(mote_sampler *s) {
    static const mote_sampler_step mirostat_steps[] = {MOTE_SAMPLER_STEP_PENALTIES, MOTE_SAMPLER_STEP_DRY, MOTE_SAMPLER_STEP_TEMPERATURE};
    const mote_sampler_options *o = &s->options;
    if (o->mirostat != 0) {
        memcpy(s->steps, mirostat_steps, sizeof mirostat_steps);
        s->n_steps = sizeof mirostat_steps / sizeof *mirostat_steps;
    }
    bool keeps_first = o->typical_p >= 1 || !has_step(s, MOTE_SAMPLER_STEP_TYP_P);
    keeps_first = keeps_first && (o->xtc_probability <= 0 || !has_step(s, MOTE_SAMPLER_STEP_XTC));
    s->is_greedy = o->temperature <= 0 && o->dynatemp_range <= 0 && has_step(s, MOTE_SAMPLER_STEP_TEMPERATURE) && keeps_first && s->n_bias == 0 && s->penalties.window == 0 &&
                   s->dry.window == 0;
    size_t first = 0;
    while (first < s->n_steps && is_idle(s, s->steps[first]))
        first++;
    s->starts_with_few = s->n_bias == 0 && first < s->n_steps && s->steps[first] == MOTE_SAMPLER_STEP_TOP_K && o->top_k > 0 && o->top_k <= MOTE_CANDIDATES_FEW;
}

static mote_status choose_seed(mote_sampler *s, mote_error *err) {
    s->seed = s->options.seed;
    while (s->seed == MOTE_SAMPLER_SEED_RANDOM) {
        if (getrandom(&s->seed, sizeof s->seed, 0) != sizeof s->seed && errno != EINTR)
            return mote_error_set(err, MOTE_ERR_FAILED, "seed: the system gives no random numbers: %s", strerror(errno));
    }
    return MOTE_OK;
}

static mote_status take_history(mote_sampler *s, size_t n_context, const mote_tokenizer *tokenizer, mote_error *err) {
    const mote_sampler_options *o = &s->options;
    bool penalises = has_step(s, MOTE_SAMPLER_STEP_PENALTIES) || o->mirostat != 0, dries = has_step(s, MOTE_SAMPLER_STEP_DRY) || o->mirostat != 0;
    penalises = penalises && (o->repeat_penalty != 1 || o->frequency_penalty != 0 || o->presence_penalty != 0);
    dries = dries && o->dry_multiplier != 0 && o->dry_base >= 1;
    size_t penalty_window = penalises ? window_of(o->repeat_last_n, n_context) : 0, dry_window = dries ? window_of(o->dry_penalty_last_n, n_context) : 0;
    const char *const *breakers = o->dry_sequence_breakers ? o->dry_sequence_breakers : default_breakers;
    size_t n_breakers = o->dry_sequence_breakers ? o->n_dry_sequence_breakers : sizeof default_breakers / sizeof *default_breakers;
    s->history.capacity = penalty_window > dry_window ? penalty_window : dry_window;
    if (s->history.capacity > 0) {
        s->history.tokens = mote_mem_alloc_array(s->history.capacity, sizeof *s->history.tokens);
        if (!s->history.tokens)
            return mote_error_alloc(err, s->history.capacity * sizeof *s->history.tokens);
    }
    MOTE_TRY(mote_sampler_penalties_init(&s->penalties, s->n_vocab, penalty_window, err));
    return mote_sampler_dry_init(&s->dry, s->n_vocab, dry_window, tokenizer, breakers, n_breakers, err);
}

static mote_status take_memory(mote_sampler *s, size_t n_ctx_train, const mote_tokenizer *tokenizer, mote_error *err) {
    const mote_sampler_options *o = &s->options;
    mote_cpu_level level;
    mote_kernels kernels;
    MOTE_TRY(mote_cpu_choose(getenv("MOTE_CPU"), &level, err));
    mote_kernels_init(&kernels, level);
    MOTE_TRY(mote_candidates_init(&s->candidates, s->n_vocab, kernels.attn.softmax, err));
    if (o->n_logit_bias > 0) {
        s->bias = mote_mem_alloc_array(o->n_logit_bias, sizeof *s->bias);
        if (!s->bias)
            return mote_error_alloc(err, o->n_logit_bias * sizeof *s->bias);
        memcpy(s->bias, o->logit_bias, o->n_logit_bias * sizeof *s->bias);
        s->n_bias = o->n_logit_bias;
    }
    if (o->typical_p < 1) {
        s->saved = mote_mem_alloc_array(s->n_vocab, sizeof *s->saved);
        if (!s->saved)
            return mote_error_alloc(err, s->n_vocab * sizeof *s->saved);
    }
    return take_history(s, o->n_context > 0 ? (size_t)o->n_context : n_ctx_train, tokenizer, err);
}

mote_status mote_sampler_create_core(size_t n_vocab, const mote_tokenizer *tokenizer, size_t n_ctx_train, const mote_sampler_options *options, mote_sampler **sampler,
                                     mote_error *err) {
    mote_status status = MOTE_OK;
    mote_sampler *s = NULL;
    mote_sampler_options o = mote_sampler_options_default();
    *sampler = NULL;
    if (options && options->size == 0)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "size: not set (start from mote_sampler_options_default)");
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    if (n_vocab == 0 || n_vocab > MOTE_SAMPLER_MAX_VOCABULARY)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "a vocabulary of %zu tokens can't be sampled", n_vocab);
    MOTE_TRY(mote_sampler_options_check(&o, n_vocab, err));
    s = mote_mem_zalloc_array(1, sizeof *s);
    if (!s)
        return mote_error_alloc(err, sizeof *s);
    s->options = o;
    s->n_vocab = n_vocab;
    MOTE_TRY_DONE(mote_sampler_options_order(o.order, s->steps, &s->n_steps, err));
    MOTE_TRY_DONE(take_memory(s, n_ctx_train < MOTE_SAMPLER_MAX_CONTEXT ? n_ctx_train : MOTE_SAMPLER_MAX_CONTEXT, tokenizer, err));
    MOTE_TRY_DONE(choose_seed(s, err));
    choose_steps(s);
    s->options.order = NULL;
    s->options.logit_bias = NULL;
    s->options.dry_sequence_breakers = NULL;
    mote_sampler_reset(s);
    *sampler = s;
    s = NULL;
done:
    mote_sampler_free(&s);
    return status;
}

mote_status mote_sampler_create(const mote_model *model, const mote_sampler_options *options, mote_sampler **sampler, mote_error *err) {
    return mote_sampler_create_core(model->h.n_vocab, model->tokenizer, model->h.n_ctx_train, options, sampler, err);
}

void mote_sampler_free(mote_sampler **sampler) {
    mote_sampler *s = *sampler;
    if (!s)
        return;
    mote_candidates_deinit(&s->candidates);
    mote_sampler_penalties_deinit(&s->penalties);
    mote_sampler_dry_deinit(&s->dry);
    mote_mem_free(s->history.tokens);
    mote_mem_free(s->bias);
    mote_mem_free(s->saved);
    mote_mem_free(s);
    *sampler = NULL;
}

/* The lowest id of those with the greatest logit. */
static int32_t greatest(const float *logits, size_t n) {
    enum { LANES = 16 };
    float lane[LANES], max = -INFINITY;
    size_t i = 0;
    for (int k = 0; k < LANES; k++)
        lane[k] = -INFINITY;
    for (; i + LANES <= n; i += LANES) {
        for (int k = 0; k < LANES; k++)
            lane[k] = logits[i + k] > lane[k] ? logits[i + k] : lane[k];
    }
    for (; i < n; i++)
        max = logits[i] > max ? logits[i] : max;
    for (int k = 0; k < LANES; k++)
        max = lane[k] > max ? lane[k] : max;
    for (i = 0; i < n; i++) {
        if (logits[i] == max)
            return (int32_t)i;
    }
    return 0; /* all NaN */
}

static void add_bias(mote_sampler *s) {
    for (size_t i = 0; i < s->n_bias; i++) {
        mote_candidate *item = &s->candidates.items[s->bias[i].token];
        float x = item->logit + s->bias[i].bias;
        item->logit = x > FLT_MAX ? FLT_MAX : x == x ? x : -INFINITY;
    }
}

static void run_step(mote_sampler *s, mote_sampler_step step) {
    const mote_sampler_options *o = &s->options;
    mote_candidates *c = &s->candidates;
    size_t min_keep = (size_t)o->min_keep;
    switch (step) {
    case MOTE_SAMPLER_STEP_PENALTIES:
        mote_sampler_penalties_apply(&s->penalties, o, c);
        break;
    case MOTE_SAMPLER_STEP_DRY:
        if (s->dry.window > 0)
            mote_sampler_dry_apply(&s->dry, &s->history, o, c);
        break;
    case MOTE_SAMPLER_STEP_TOP_N_SIGMA:
        mote_sampler_filters_top_n_sigma(c, o->top_n_sigma);
        break;
    case MOTE_SAMPLER_STEP_TOP_K:
        mote_sampler_filters_top_k(c, o->top_k);
        break;
    case MOTE_SAMPLER_STEP_TYP_P:
        mote_sampler_filters_typical_p(c, o->typical_p, min_keep, s->saved);
        break;
    case MOTE_SAMPLER_STEP_TOP_P:
        mote_sampler_filters_top_p(c, o->top_p, min_keep);
        break;
    case MOTE_SAMPLER_STEP_MIN_P:
        mote_sampler_filters_min_p(c, o->min_p, min_keep);
        break;
    case MOTE_SAMPLER_STEP_XTC:
        mote_sampler_filters_xtc(c, o->xtc_probability, o->xtc_threshold, min_keep, &s->rng);
        break;
    case MOTE_SAMPLER_STEP_TEMPERATURE:
        mote_sampler_filters_temperature(c, o->temperature, o->mirostat ? 0 : o->dynatemp_range, o->dynatemp_exponent);
        break;
    }
}

/* A draw from what is left; where everything is impossible, the lowest id. */
static int32_t draw(mote_sampler *s) {
    mote_candidates *c = &s->candidates;
    double total = mote_candidates_weigh(c, mote_candidates_max(c)), target = mote_rng_uniform(&s->rng) * total, sum = 0;
    size_t chosen = 0;
    for (size_t i = 0; i < c->n && total > 0; i++) {
        if (c->p[i] <= 0)
            continue;
        chosen = i; /* the last possible one, where rounding leaves the sum short */
        sum += (double)c->p[i];
        if (sum > target)
            break;
    }
    for (size_t i = 1; i < c->n && total <= 0; i++)
        chosen = c->items[i].id < c->items[chosen].id ? i : chosen;
    if (s->options.mirostat)
        s->mirostat_mu = mote_sampler_mirostat_learn(s->mirostat_mu, s->options.mirostat_tau, s->options.mirostat_eta, total > 0 ? (double)c->p[chosen] : 0, total);
    return c->items[chosen].id;
}

int32_t mote_sampler_sample(mote_sampler *sampler, const float *logits) {
    mote_sampler *s = sampler;
    if (s->is_greedy)
        return greatest(logits, s->n_vocab);
    if (s->starts_with_few) {
        mote_candidates_load_first(&s->candidates, logits, s->n_vocab, (size_t)s->options.top_k);
    } else {
        mote_candidates_load(&s->candidates, logits, s->n_vocab);
        add_bias(s);
    }
    for (size_t i = 0; i < s->n_steps; i++)
        run_step(s, s->steps[i]);
    if (s->options.mirostat == 1)
        mote_sampler_mirostat_narrow_1(&s->candidates, s->n_vocab, s->mirostat_mu);
    else if (s->options.mirostat == 2)
        mote_sampler_mirostat_narrow_2(&s->candidates, s->mirostat_mu);
    return draw(s);
}

/* Rows that a step before the first truncation changes; false if there is no room for them. */
static bool add_changed(const mote_sampler *s, mote_sampler_step step, int32_t *rows, size_t max_rows, size_t *n_rows) {
    const bool is_dry = step == MOTE_SAMPLER_STEP_DRY;
    size_t n = s->penalties.n_present, n_history = mote_sampler_history_len(&s->history);
    if (is_dry)
        n = n_history < s->dry.window ? n_history : s->dry.window;
    if (n > max_rows - *n_rows)
        return false;
    for (size_t i = 0; i < n; i++)
        rows[(*n_rows)++] = is_dry ? mote_sampler_history_get(&s->history, i) : s->penalties.present[i];
    return true;
}

size_t mote_sampler_needs(const mote_sampler *s, int32_t *rows, size_t max_rows, size_t *n_rows) {
    const mote_sampler_options *o = &s->options;
    *n_rows = 0;
    if (s->is_greedy)
        return 1;
    if (o->mirostat != 0 || s->n_bias > max_rows)
        return 0;
    for (size_t i = 0; i < s->n_bias; i++)
        rows[(*n_rows)++] = s->bias[i].token;
    for (size_t i = 0; i < s->n_steps; i++) {
        mote_sampler_step step = s->steps[i];
        if (step == MOTE_SAMPLER_STEP_TOP_K && o->top_k > 0)
            return (size_t)o->top_k;
        if (is_idle(s, step) || step == MOTE_SAMPLER_STEP_TOP_K)
            continue;
        if ((step != MOTE_SAMPLER_STEP_PENALTIES && step != MOTE_SAMPLER_STEP_DRY) || !add_changed(s, step, rows, max_rows, n_rows))
            return 0;
    }
    return 0;
}

void mote_sampler_accept(mote_sampler *sampler, int32_t token) {
    if (token < 0 || (size_t)token >= sampler->n_vocab)
        return;
    mote_sampler_penalties_accept(&sampler->penalties, &sampler->history, token);
    mote_sampler_history_add(&sampler->history, token);
}

void mote_sampler_reset(mote_sampler *sampler) {
    mote_sampler_penalties_reset(&sampler->penalties);
    sampler->history.n_total = 0;
    sampler->mirostat_mu = 2 * sampler->options.mirostat_tau;
    mote_rng_init(&sampler->rng, sampler->seed);
}

uint64_t mote_sampler_seed(const mote_sampler *sampler) {
    return sampler->seed;
}
