/* Drafts: tokens that will probably come next, so that one pass over the weights computes the logits of several. What is drafted never changes what comes out: each token is chosen
 * by the sampler from its own logits, which are bit-equal however many tokens a pass has; a draft only decides how many of them are there already.
 *
 * Guesses come from three places: the end of the text stood somewhere before, in the prompt or in the answer (draft_index.h); the text follows another, the caller's source or the
 * place of a long match, and after an edit is looked for nearby; or the caller has some. Each guess is compared with the token that came, also where nothing was drafted: so it is
 * known at any time how much the next one is worth (draft_gain.h).
 *
 * One of these belongs to an engine, which generates one answer at a time; all memory is taken with it. */
#ifndef MOTE_ENGINE_DRAFT_H
#define MOTE_ENGINE_DRAFT_H

#include "engine/draft_gain.h"
#include "engine/draft_index.h"

/* A text and the place in it where the next token is expected. */
typedef struct mote_draft_guess {
    const int32_t *text; /* NULL: no guess */
    size_t at, n_matched;
    mote_draft_kind kind;
} mote_draft_guess;

typedef struct mote_draft {
    mote_draft_index index;
    mote_draft_gain gain;
    const int32_t *source; /* [n_source] borrowed for a generation */
    size_t n_source;
    mote_draft_guess followed;     /* what the text follows; n_matched is 0 while it is lost */
    size_t n_lost;                 /* tokens since then */
    mote_draft_guess guess;        /* of the next token */
    int32_t given[MOTE_DRAFT_MAX]; /* the caller's guesses */
    size_t n_given;
} mote_draft;

size_t mote_draft_bytes(size_t n_ctx);
/* NULL: no memory. */
mote_draft *mote_draft_create(size_t n_ctx);
void mote_draft_free(mote_draft **draft);
/* A generation begins. source: what the answer is expected to follow, or NULL. */
void mote_draft_begin(mote_draft *d, const int32_t *prompt, size_t n_prompt, const int32_t *source, size_t n_source);
/* The next token of the answer. */
void mote_draft_accept(mote_draft *d, int32_t token);
/* Instead of the draft's own guess: the caller's n <= MOTE_DRAFT_MAX tokens of d->given. */
void mote_draft_give(mote_draft *d, size_t n);
/* Writes what is worth being computed beside the last token, at most n_max <= MOTE_DRAFT_MAX; their number. */
size_t mote_draft_propose(mote_draft *d, int32_t *tokens, size_t n_max);

#endif
