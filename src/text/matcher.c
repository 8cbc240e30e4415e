/* A text's own tokens, one after the other, through the masks that a generation would have. */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/constraint.h"
#include "text/token_mask.h"

struct mote_matcher {
    const mote_constraint *constraint;
    const mote_tokenizer *tokenizer;
    mote_token_mask *mask;
    double *seconds; /* [n_seconds] */
    size_t n_seconds, capacity;
};

mote_status mote_matcher_create(const mote_constraint *constraint, const mote_tokenizer *tokenizer, mote_matcher **matcher, mote_error *err) {
    mote_status status;
    const mote_token_trie *trie = NULL;
    mote_automaton *a = NULL;
    mote_matcher *m = mote_mem_zalloc_array(1, sizeof *m);
    *matcher = NULL;
    if (!m)
        return mote_error_alloc(err, sizeof *m);
    m->constraint = constraint;
    m->tokenizer = tokenizer;
    MOTE_TRY_DONE(mote_token_trie_of(tokenizer, &trie, err));
    MOTE_TRY_DONE(mote_constraint_automaton(constraint, &a, err));
    MOTE_TRY_DONE(mote_token_mask_create(trie, a, trie->n_tokens, &m->mask, err));
    *matcher = m;
    m = NULL;
done:
    mote_matcher_free(&m);
    return status;
}

void mote_matcher_free(mote_matcher **matcher) {
    mote_matcher *m = *matcher;
    if (!m)
        return;
    mote_token_mask_free(&m->mask);
    mote_mem_free(m->seconds);
    mote_mem_free(m);
    *matcher = NULL;
}

static mote_status add_seconds(mote_matcher *m, double seconds, mote_error *err) {
    if (m->n_seconds == m->capacity) {
        size_t n = m->capacity ? 2 * m->capacity : 1024;
        double *more = mote_mem_resize_array(m->seconds, n, sizeof *more);
        if (!more)
            return mote_error_alloc(err, n * sizeof *more);
        m->seconds = more;
        m->capacity = n;
    }
    m->seconds[m->n_seconds++] = seconds;
    return MOTE_OK;
}

/* The next mask; *is_allowed: it has this token. */
static mote_status take(mote_matcher *m, int32_t token, bool *is_allowed, mote_error *err) {
    double begun = mote_clock_seconds();
    const mote_token_mask_set *set = mote_token_mask_next(m->mask, MOTE_TOKEN_MASK_ANY);
    double ended = mote_clock_seconds();
    if (!set)
        return mote_error_set(err, MOTE_ERR_LIMIT, "too ambiguous: there is no room for all ways to read the text");
    MOTE_TRY(add_seconds(m, ended - begun, err));
    *is_allowed = token >= 0 && mote_token_mask_has(set, token);
    return MOTE_OK;
}

static bool spells(const mote_token_trie *trie, const int32_t *ids, size_t n, mote_str text) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        mote_str s = mote_token_trie_bytes(trie, (uint32_t)ids[i]);
        if (s.len == 0 || s.len > text.len - at || memcmp(s.data, text.data + at, s.len) != 0)
            return false;
        at += s.len;
    }
    return at == text.len;
}

mote_status mote_matcher_match(mote_matcher *m, const char *text, size_t text_bytes, bool *matches, size_t *offset, mote_error *err) {
    const mote_token_trie *trie = NULL;
    mote_tokenizer_encoder e;
    mote_status status;
    bool goes_on = true;
    *matches = false;
    mote_tokenizer_encoder_init(&e, m->tokenizer);
    MOTE_TRY_DONE(mote_token_trie_of(m->tokenizer, &trie, err));
    status = mote_tokenizer_encoder_run(&e, (mote_str){text, text_bytes});
    if (status != MOTE_OK) {
        status = mote_error_set(err, status, "the text's %zu bytes can't be made tokens: %s", text_bytes, mote_status_text(status));
        goto done;
    }
    if (!spells(trie, e.out.items, e.out.len, (mote_str){text, text_bytes})) {
        status = mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the tokenizer changes the text: its tokens don't spell it");
        goto done;
    }
    mote_token_mask_begin(m->mask, false);
    for (size_t i = 0; i < e.out.len && goes_on; i++) {
        MOTE_TRY_DONE(take(m, e.out.items[i], &goes_on, err));
        goes_on = goes_on && mote_token_mask_accept(m->mask, e.out.items[i]);
    }
    if (goes_on) {
        MOTE_TRY_DONE(take(m, trie->n_ends ? trie->ends[0] : -1, matches, err));
        *matches = *matches || (trie->n_ends == 0 && mote_token_mask_accepts(m->mask));
    }
    *offset = text_bytes;
    if (!*matches)
        status = mote_constraint_match(m->constraint, text, text_bytes, &goes_on, offset, err);
done:
    mote_tokenizer_encoder_deinit(&e);
    return status;
}

const double *mote_matcher_seconds(const mote_matcher *matcher, size_t *n) {
    *n = matcher->n_seconds;
    return matcher->seconds;
}
