/* A constraint in a generation: masks, and the tokens that come without choice. One belongs to an engine, which generates one answer at a time, and stays there with what it learnt
 * until another constraint comes. */
#ifndef MOTE_ENGINE_CONSTRAINED_H
#define MOTE_ENGINE_CONSTRAINED_H

#include "text/constraint.h"
#include "text/token_forced.h"
#include "text/token_mask.h"

typedef struct mote_constrained {
    const mote_constraint *constraint; /* shared */
    const mote_tokenizer *tokenizer;
    const mote_token_trie *trie;
    mote_token_mask *mask;
    mote_token_forced *finder;
    const mote_token_mask_set *set; /* of the present place; NULL: not made yet */
    bool ends;                      /* tokens that end a generation may come */
    bool is_over;                   /* one came */
    int32_t forced[MOTE_TOKEN_FORCED_MAX];
    size_t n_forced, n_taken;
} mote_constrained;

/* *constrained is made where it isn't one of this constraint, if it takes no more than n_bytes. MOTE_ERR_UNSUPPORTED (a model without a tokenizer), _BUDGET, _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_constrained_open(const mote_constraint *constraint, const mote_tokenizer *tokenizer, size_t n_vocab, uint64_t n_bytes,
                                                  mote_constrained **constrained, mote_error *err);
void mote_constrained_free(mote_constrained **constrained);
/* A generation of at most n_max tokens begins. MOTE_ERR_LIMIT: the shortest text takes more; _UNSUPPORTED: the vocabulary can't spell it. */
MOTE_MUST_CHECK mote_status mote_constrained_begin(mote_constrained *c, size_t n_max, bool ignores_ends, mote_error *err);
/* The token that comes next without choice, -1: there is one. The answer so far, of which accept has had each, and how many may still come. */
int32_t mote_constrained_forced(mote_constrained *c, const int32_t *tokens, size_t n_tokens, size_t n_left);
/* Those that may be chosen; MOTE_ERR_LIMIT: no room for the ways to read the text. */
MOTE_MUST_CHECK mote_status mote_constrained_next(mote_constrained *c, size_t n_left, const mote_token_mask_set **set, mote_error *err);
void mote_constrained_accept(mote_constrained *c, int32_t token);
/* Nothing can follow any more, not even a token that ends the generation. */
bool mote_constrained_is_done(mote_constrained *c);
/* The text is whole and can't go on. */
bool mote_constrained_is_whole(mote_constrained *c);

#endif
