/* Following: while the text agrees with what it follows, the place moves on. A token that differs is an edit: something replaced, left out or put in. The place then moves on
 * beside the text, and each new token is looked for around it; whoever agrees longest, and lies nearest, is where the two meet again. */
#include "engine/draft.h"

#include "base/mem.h"

#include <string.h>

enum {
    FOLLOW_FROM = 4,   /* tokens of a match that make its place one to follow */
    SURE_FROM = 8,     /* and that spare looking for a longer one */
    LOST_FOR = 24,     /* tokens without agreement until a place is given up */
    REACH_OF_ONE = 6,  /* places around the expected one at which a single token counts as agreement, */
    REACH_OF_TWO = 48, /* and two or more: a sentence left out or put in */
};

size_t mote_draft_bytes(size_t n_ctx) {
    return sizeof(mote_draft) + mote_draft_index_cells(n_ctx + 1) * sizeof(uint32_t);
}

mote_draft *mote_draft_create(size_t n_ctx) {
    mote_draft *d = mote_mem_alloc(mote_draft_bytes(n_ctx));
    if (!d)
        return NULL;
    *d = (mote_draft){0};
    mote_draft_index_init(&d->index, n_ctx + 1, (uint32_t *)(d + 1)); /* the last token of an answer is not in the context */
    mote_draft_gain_init(&d->gain);
    return d;
}

void mote_draft_free(mote_draft **draft) {
    mote_mem_free(*draft);
    *draft = NULL;
}

/* How long the text of a guess is. */
static size_t end_of(const mote_draft *d, const mote_draft_guess *g) {
    return g->kind == MOTE_DRAFT_GIVEN ? d->n_given : g->text == d->source ? d->n_source : d->index.n;
}

static bool has_next(const mote_draft *d, const mote_draft_guess *g) {
    return g->text && g->at < end_of(d, g);
}

/* The place near the expected one where the text's last tokens stand; false: there is none. */
static bool meet_again(mote_draft *d) {
    mote_draft_guess *f = &d->followed;
    size_t n = end_of(d, f), best = 0, best_at = 0, best_distance = 0;
    size_t first = f->at > REACH_OF_TWO ? f->at - REACH_OF_TWO : 1, last = f->at + REACH_OF_TWO < n ? f->at + REACH_OF_TWO : n;
    if (f->text == d->index.tokens && last == n)
        last--; /* the text's end is where it stands now */
    for (size_t at = first; at <= last; at++) {
        size_t distance = at > f->at ? at - f->at : f->at - at;
        if (f->text[at - 1] != d->index.tokens[d->index.n - 1])
            continue;
        size_t length = mote_draft_index_match(&d->index, f->text, at);
        if ((length == 1 && distance > REACH_OF_ONE) || length < best || (length == best && distance >= best_distance))
            continue;
        best = length;
        best_at = at;
        best_distance = distance;
    }
    if (best == 0)
        return false;
    f->at = best_at;
    f->n_matched = best;
    return true;
}

static void follow(mote_draft *d, int32_t token) {
    mote_draft_guess *f = &d->followed;
    if (!f->text)
        return;
    bool is_next = has_next(d, f) && f->text[f->at] == token;
    f->at++; /* beside the text, also where it differs */
    if (is_next && f->n_matched > 0) {
        f->n_matched++;
        return;
    }
    if (meet_again(d)) {
        d->n_lost = 0;
        return;
    }
    f->n_matched = 0;
    if (++d->n_lost > LOST_FOR)
        *f = (mote_draft_guess){0};
}

static void guess(mote_draft *d) {
    size_t place, n_matched = d->followed.text ? d->followed.n_matched : 0;
    d->guess = has_next(d, &d->followed) ? d->followed : (mote_draft_guess){0};
    if (d->guess.text && n_matched >= SURE_FROM)
        return;
    size_t length = mote_draft_index_find(&d->index, &place);
    if (length <= n_matched && d->guess.text)
        return;
    if (length == 1 && d->guess.text)
        return; /* lost, but near: a single token says less */
    if (length == 0)
        return;
    d->guess = (mote_draft_guess){d->index.tokens, place, length, MOTE_DRAFT_FOUND};
    if (length >= FOLLOW_FROM) {
        d->followed = (mote_draft_guess){d->index.tokens, place, length, MOTE_DRAFT_FOLLOWED};
        d->n_lost = 0;
    }
}

void mote_draft_begin(mote_draft *d, const int32_t *prompt, size_t n_prompt, const int32_t *source, size_t n_source) {
    mote_draft_gain_begin(&d->gain);
    mote_draft_index_clear(&d->index);
    for (size_t i = 0; i < n_prompt; i++)
        mote_draft_index_add(&d->index, prompt[i]);
    d->source = source;
    d->n_source = source ? n_source : 0;
    d->n_lost = 0;
    d->followed = (mote_draft_guess){source, 0, 0, MOTE_DRAFT_FOLLOWED};
    guess(d);
}

void mote_draft_accept(mote_draft *d, int32_t token) {
    mote_draft_guess g = d->guess;
    bool is_right = has_next(d, &g) && g.text[g.at] == token;
    if (has_next(d, &g))
        mote_draft_gain_learn_guess(&d->gain, g.kind, g.n_matched, is_right);
    mote_draft_index_add(&d->index, token);
    follow(d, token);
    guess(d);
    g.at++;
    g.n_matched++;
    if (g.kind == MOTE_DRAFT_GIVEN && is_right && has_next(d, &g))
        d->guess = g;
}

void mote_draft_give(mote_draft *d, size_t n) {
    d->n_given = n;
    d->guess = (mote_draft_guess){d->given, 0, 0, MOTE_DRAFT_GIVEN};
}

size_t mote_draft_propose(mote_draft *d, int32_t *tokens, size_t n_max) {
    const mote_draft_guess *g = &d->guess;
    if (!has_next(d, g))
        return 0;
    size_t left = end_of(d, g) - g->at, n = n_max;
    if (g->text != d->index.tokens && left < n)
        n = left;
    n = mote_draft_gain_length(&d->gain, g->kind, g->n_matched, n);
    for (size_t i = 0; i < n; i++)
        tokens[i] = i < left ? g->text[g->at + i] : tokens[i - left]; /* what repeats up to the text's end goes on repeating */
    return n;
}
