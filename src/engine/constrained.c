/* What comes without choice is never sampled: so whether it is computed in one pass or token by token, the answer is the same. */
#include "engine/constrained.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

mote_status mote_constrained_open(const mote_constraint *constraint, const mote_tokenizer *tokenizer, size_t n_vocab, uint64_t n_bytes, mote_constrained **constrained,
                                  mote_error *err) {
    mote_status status;
    mote_automaton *a = NULL;
    if (*constrained && (*constrained)->constraint == constraint)
        return MOTE_OK;
    mote_constrained_free(constrained);
    if (!tokenizer)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model has no tokenizer, so its tokens can't be constrained");
    mote_constrained *c = mote_mem_zalloc_array(1, sizeof *c);
    if (!c)
        return mote_error_alloc(err, sizeof *c);
    c->tokenizer = tokenizer;
    c->constraint = mote_constraint_share(constraint);
    MOTE_TRY_DONE(mote_token_trie_of(tokenizer, &c->trie, err));
    uint64_t needed = mote_token_trie_size(c->trie) + mote_token_mask_size(c->trie, n_vocab);
    if (needed > n_bytes) {
        const double mib = 1048576;
        status = mote_error_set(err, MOTE_ERR_BUDGET, "the constraint needs %.1f MiB, the memory budget leaves %.1f MiB", (double)needed / mib, (double)n_bytes / mib);
        goto done;
    }
    MOTE_TRY_DONE(mote_constraint_automaton(constraint, &a, err));
    MOTE_TRY_DONE(mote_token_mask_create(c->trie, a, n_vocab, &c->mask, err));
    MOTE_TRY_DONE(mote_token_forced_create(tokenizer, c->trie, &c->finder, err));
    *constrained = c;
    c = NULL;
done:
    mote_constrained_free(&c);
    return status;
}

void mote_constrained_free(mote_constrained **constrained) {
    mote_constrained *c = *constrained;
    if (!c)
        return;
    mote_token_forced_free(&c->finder);
    mote_token_mask_free(&c->mask);
    mote_constraint *constraint = (mote_constraint *)(uintptr_t)c->constraint;
    mote_constraint_free(&constraint);
    mote_mem_free(c);
    *constrained = NULL;
}

mote_status mote_constrained_begin(mote_constrained *c, size_t n_max, bool ignores_ends, mote_error *err) {
    mote_token_mask_begin(c->mask, c->tokenizer->strip_first_space);
    c->set = NULL;
    c->n_forced = c->n_taken = 0;
    c->ends = !ignores_ends && c->trie->n_ends > 0;
    c->is_over = false;
    size_t need = mote_token_mask_need(c->mask, SIZE_MAX);
    if (need == MOTE_TOKEN_MASK_ENDLESS)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the constraint's shortest text can't be spelled with the vocabulary's tokens");
    if (need > n_max)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the constraint's shortest text takes %zu tokens, %zu may be generated", need, n_max);
    return MOTE_OK;
}

static int32_t end_token(const mote_constrained *c) {
    int32_t eos = mote_tokenizer_eos(c->tokenizer);
    for (size_t i = 0; i < c->trie->n_ends; i++)
        if (c->trie->ends[i] == eos)
            return eos;
    return c->trie->ends[0];
}

/* Whether the text can still be closed when the forced tokens have come. */
static bool leaves_room(mote_constrained *c, size_t n_left) {
    return c->n_forced <= n_left && mote_token_mask_need_behind(c->mask, c->forced, c->n_forced, n_left) <= n_left - c->n_forced;
}

int32_t mote_constrained_forced(mote_constrained *c, const int32_t *tokens, size_t n_tokens, size_t n_left) {
    if (c->is_over || n_left == 0)
        return -1;
    if (c->n_taken < c->n_forced)
        return c->forced[c->n_taken];
    if (mote_token_mask_is_complete(c->mask))
        return c->ends ? end_token(c) : -1;
    c->n_taken = 0;
    c->n_forced = mote_token_forced_find(c->finder, c->mask, tokens, n_tokens, c->forced);
    if (c->n_forced > 0 && !leaves_room(c, n_left))
        c->n_forced = 0;
    return c->n_forced > 0 ? c->forced[0] : -1;
}

mote_status mote_constrained_next(mote_constrained *c, size_t n_left, const mote_token_mask_set **set, mote_error *err) {
    if (!c->set)
        c->set = mote_token_mask_next(c->mask, n_left);
    *set = c->set;
    return c->set ? MOTE_OK : mote_error_set(err, MOTE_ERR_LIMIT, "the constraint is too ambiguous: there is no room for all ways to read the text");
}

void mote_constrained_accept(mote_constrained *c, int32_t token) {
    c->set = NULL;
    c->n_taken += c->n_taken < c->n_forced;
    for (size_t i = 0; i < c->trie->n_ends; i++)
        c->is_over = c->is_over || c->trie->ends[i] == token;
    if (!c->is_over)
        c->is_over = !mote_token_mask_accept(c->mask, token);
}

bool mote_constrained_is_whole(mote_constrained *c) {
    return !c->is_over && mote_token_mask_is_complete(c->mask);
}

bool mote_constrained_is_done(mote_constrained *c) {
    return !c->ends && mote_constrained_is_whole(c);
}
