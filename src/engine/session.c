/* A session: tokens and what the model made of them. Feeding cuts the tokens into passes of at most n_batch; a failed feed leaves the timeline as it was. */
#include "base/checksum.h"
#include "base/error.h"
#include "engine/engine.h"

#include <string.h>

mote_status mote_session_create(mote_engine *engine, mote_session **session, mote_error *err) {
    *session = NULL;
    for (int32_t i = 0; i < engine->n_sessions; i++) {
        mote_session *s = &engine->sessions[i];
        if (s->is_used)
            continue;
        s->n_tokens = s->n_computed = s->n_reused = 0;
        s->owner = (mote_prefix_owner){0};
        s->fed_several = false;
        s->choice = NULL;
        s->logits = NULL;
        atomic_store(&s->cancel, false);
        MOTE_TRY(mote_session_set_adapters(s, engine->adapters, engine->adapter_scales, engine->n_adapters, err));
        s->is_used = true;
        *session = s;
        return MOTE_OK;
    }
    return mote_error_set(err, MOTE_ERR_LIMIT, "all %d sessions of the engine are in use", (int)engine->n_sessions);
}

void mote_session_free(mote_session **session) {
    if (*session) {
        mote_adapter_set_deinit(&(*session)->adapters);
        (*session)->is_used = false;
    }
    *session = NULL;
}

/* Two sets that compute alike have the same; 0: no adapters. */
static uint64_t identity_of(const mote_adapter_set *set) {
    mote_checksum sum;
    mote_checksum_init(&sum);
    for (size_t i = 0; i < set->n; i++) {
        mote_checksum_update(&sum, &set->adapters[i]->identity, sizeof set->adapters[i]->identity);
        mote_checksum_update(&sum, &set->scales[i], sizeof set->scales[i]);
    }
    return set->n == 0 ? 0 : mote_checksum_value(&sum);
}

mote_status mote_session_set_adapters(mote_session *session, const mote_adapter *const *adapters, const float *scales, size_t n, mote_error *err) {
    mote_adapter_set set;
    for (size_t i = 0; i < n; i++)
        if (adapters[i]->model != session->engine->model)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "adapter %zu was opened for another model", i);
    MOTE_TRY(mote_adapter_set_init(&set, adapters, scales, n, err));
    mote_status status = mote_decoder_reserve_adapters(session->engine->decoder, &set, err);
    if (status != MOTE_OK || mote_adapter_set_equal(&set, &session->adapters)) {
        mote_adapter_set_deinit(&set);
        return status;
    }
    mote_adapter_set_deinit(&session->adapters);
    session->adapters = set;
    session->owner.adapters = identity_of(&set);
    session->n_computed = 0; /* keys and values were computed with the former set */
    session->logits = NULL;
    return MOTE_OK;
}

static mote_status check_ids(const mote_session *s, const int32_t *ids, size_t n_ids, mote_error *err) {
    size_t n_ctx = s->engine->n_ctx;
    if (n_ids == 0)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "no tokens to compute");
    if (n_ids > n_ctx - s->n_tokens)
        return mote_error_set(err, MOTE_ERR_CONTEXT, "%zu tokens don't fit: %zu of the context's %zu are used", n_ids, s->n_tokens, n_ctx);
    for (size_t i = 0; i < n_ids; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= s->engine->model->h.n_vocab)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "token %zu: id %d is outside the vocabulary of %u", i, (int)ids[i], s->engine->model->h.n_vocab);
    return MOTE_OK;
}

/* The logits of every token of the last pass, a few rows at a time. */
static bool give_logits(mote_session *s, size_t index, size_t n, mote_logits_fn fn, void *context) {
    mote_engine *e = s->engine;
    for (size_t i = 0; i < n; i += MOTE_DECODER_LOGIT_ROWS) {
        size_t rows = n - i < MOTE_DECODER_LOGIT_ROWS ? n - i : MOTE_DECODER_LOGIT_ROWS;
        const float *logits = mote_decoder_logits(e->decoder, i, rows);
        for (size_t r = 0; r < rows; r++)
            if (!fn(context, index + i + r, logits + r * e->model->h.n_vocab))
                return false;
        s->logits = logits + (rows - 1) * e->model->h.n_vocab;
    }
    return true;
}

/* Of n_now tokens that the cache has, the first n_keep stay; where it can't go back to there, those between are computed again. */
static void keep(mote_session *s, size_t n_now, size_t n_keep) {
    s->n_computed = mote_cache_go_back(&s->cache, n_now, n_keep);
}

/* A timeline is most often cut behind what was fed at once: a prompt whose answers are compared, or whose answer comes back in other tokens. */
static void save_states(mote_session *s, size_t n_ids) {
    if (s->fed_several && s->n_computed == s->n_tokens)
        mote_cache_save_states(&s->cache, s->n_tokens);
    s->fed_several = n_ids > 1;
}

/* Other timelines can begin with all whole blocks of this one that a pass from token `at` on completed. */
static void keep_prefix(mote_session *s, size_t at) {
    if (s->engine->prefixes && at / MOTE_PREFIX_BLOCK != s->n_computed / MOTE_PREFIX_BLOCK)
        mote_prefix_cache_store(s->engine->prefixes, s->owner, &s->cache, s->tokens, s->n_computed);
}

/* Tokens of the next pass of those from `at` to `end`. States are kept behind a pass only, so that passes end with blocks, but for a last one that is short. */
static size_t pass_length(const mote_session *s, size_t at, size_t end) {
    size_t n = end - at < s->engine->n_batch ? end - at : s->engine->n_batch, whole = (at + n) / MOTE_PREFIX_BLOCK * MOTE_PREFIX_BLOCK;
    bool cuts = s->engine->prefixes && s->cache.layout->has_states && whole > at && (at + n < end || n >= (size_t)2 * MOTE_PREFIX_BLOCK);
    return cuts ? whole - at : n;
}

/* Computes the tokens from n_computed to `end`, which lie in s->tokens; fn is called from token `first` on. *n_last is the length of the last pass. */
static mote_status compute_to(mote_session *s, size_t first, size_t end, mote_logits_fn fn, void *context, size_t *n_last) {
    mote_engine *e = s->engine;
    while (s->n_computed < end) {
        size_t at = s->n_computed, n = pass_length(s, at, at < first ? first : end);
        mote_cache_make_room(&s->cache, at, n);
        mote_status status = mote_decoder_forward(e->decoder, &s->cache, s->tokens + at, n, at, &s->cancel);
        if (status != MOTE_OK) { /* the cache has some of these tokens in some layers; what keeps a state can't be used any more */
            keep(s, at + n, at);
            return status;
        }
        s->n_computed = at + n;
        *n_last = n;
        keep_prefix(s, at);
        if (at >= first && fn && !give_logits(s, at - first, n, fn, context))
            return MOTE_ERR_CANCELLED;
    }
    return MOTE_OK;
}

/* Without fn, the logits of the last n_logits tokens are there afterwards: they lie in one pass, and s->logits is the first of them. */
static mote_status compute(mote_session *s, const int32_t *ids, size_t n_ids, size_t n_logits, mote_logits_fn fn, void *context, mote_error *err) {
    MOTE_TRY(check_ids(s, ids, n_ids, err));
    mote_engine *e = s->engine;
    size_t before = s->n_tokens, end = before + n_ids, n_last = 0;
    for (int32_t i = 0; i < e->n_sessions; i++)
        e->sessions[i].logits = NULL; /* one buffer for all */
    save_states(s, n_ids);
    memmove(s->tokens + before, ids, n_ids * sizeof *ids);
    mote_decoder_set_adapters(e->decoder, s->adapters.n ? &s->adapters : NULL);
    size_t n_limit = fn ? before : end - n_logits; /* logits need their tokens computed */
    if (e->prefixes && n_limit > s->n_computed)
        s->n_computed = mote_prefix_cache_load(e->prefixes, s->owner, &s->cache, s->tokens, s->n_computed, n_limit);
    s->n_reused = s->n_computed;
    mote_status status = compute_to(s, before, end, fn, context, &n_last);
    if (status != MOTE_OK) {
        if (s->n_computed > before)
            keep(s, s->n_computed, before);
        s->logits = NULL;
        atomic_store(&s->cancel, false);
        return mote_error_set(err, status, "cancelled");
    }
    s->last_row = n_last - 1;
    e->has_some = !fn && s->choice;
    if (!fn)
        s->logits = s->choice ? mote_decoder_logits_some(e->decoder, s->last_row, s->choice) : mote_decoder_logits(e->decoder, n_last - n_logits, n_logits);
    s->n_tokens = end;
    return MOTE_OK;
}

mote_status mote_session_feed(mote_session *session, const int32_t *ids, size_t n_ids, mote_error *err) {
    return compute(session, ids, n_ids, 1, NULL, NULL, err);
}

mote_status mote_session_score(mote_session *session, const int32_t *ids, size_t n_ids, mote_logits_fn fn, void *context, mote_error *err) {
    return compute(session, ids, n_ids, 0, fn, context, err);
}

mote_status mote_session_feed_draft(mote_session *session, const int32_t *ids, size_t n_ids, mote_error *err) {
    size_t n = session->n_tokens + 1;
    MOTE_TRY(compute(session, ids, n_ids, n_ids, NULL, NULL, err));
    session->n_tokens = session->n_computed = n; /* the next pass overwrites the others in the cache */
    return MOTE_OK;
}

void mote_session_take_draft(mote_session *session) {
    session->n_tokens++;
    session->n_computed++;
    session->logits += session->engine->model->h.n_vocab;
}

const float *mote_session_logits(const mote_session *session) {
    mote_engine *e = session->engine;
    if (session->logits && e->has_some) { /* a generation left those that it needed */
        mote_decoder_logits(e->decoder, session->last_row, 1);
        e->has_some = false;
    }
    return session->logits;
}

size_t mote_session_n_tokens(const mote_session *session) {
    return session->n_tokens;
}

const int32_t *mote_session_tokens(const mote_session *session) {
    return session->tokens;
}

mote_status mote_session_truncate(mote_session *session, size_t n_keep) {
    if (n_keep > session->n_tokens)
        return MOTE_ERR_ARGUMENT;
    if (n_keep < session->n_tokens)
        session->logits = NULL;
    session->n_tokens = n_keep;
    if (session->n_computed > n_keep)
        keep(session, session->n_computed, n_keep);
    return MOTE_OK;
}

void mote_session_cancel(mote_session *session) {
    atomic_store(&session->cancel, true);
}
