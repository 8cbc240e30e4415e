/* Which tokens may come next: a walk of an automaton (automaton.h) with a vocabulary's tokens (token_trie.h) as steps.
 *
 *     mote_token_mask_begin(m);
 *     for (;;) {
 *         const mote_token_mask_set *set = mote_token_mask_next(m, n_left);
 *         token = …one of set->bits…
 *         mote_token_mask_accept(m, token);
 *     }
 *
 * A mask is kept by the state it was made for. Where the automaton gives a state a key, most of the work is shared by all states of that key: tokens that stay inside its frame are
 * decided once, and only those that leave it are walked from the state itself.
 *
 * With n_left tokens to come, a token is allowed only if what it leads to can still be closed with the n_left - 1 others; so a text that was begun is always finished. Tokens that
 * end a generation are allowed exactly where the automaton accepts; control tokens never.
 *
 * All memory is taken by _create. One thread at a time. */
#ifndef MOTE_TEXT_TOKEN_MASK_H
#define MOTE_TEXT_TOKEN_MASK_H

#include "text/automaton.h"
#include "text/token_trie.h"

typedef struct mote_token_mask mote_token_mask;

typedef struct mote_token_mask_set {
    uint32_t *bits; /* [n_words] */
    size_t n_words, n_allowed;
} mote_token_mask_set;

#define MOTE_TOKEN_MASK_ANY SIZE_MAX     /* n_left: as many as there need be */
#define MOTE_TOKEN_MASK_ENDLESS SIZE_MAX /* no number of tokens closes it */

/* n_vocab: of the model, at least the tokenizer's. Trie and what the automaton was made from must outlive it; the automaton is freed with it, on failure too. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_token_mask_create(const mote_token_trie *trie, mote_automaton *take_automaton, size_t n_vocab, mote_token_mask **mask, mote_error *err);
/* What _create takes, the automaton's included, in bytes. */
size_t mote_token_mask_size(const mote_token_trie *trie, size_t n_vocab);
void mote_token_mask_free(mote_token_mask **mask);
/* To the beginning. skips_space: a space that the first token begins with is not written out, so the automaton doesn't see it. */
void mote_token_mask_begin(mote_token_mask *m, bool skips_space);
/* The tokens that are allowed now; valid until the next call. NULL: there was no room for the ways to read the text (it is too ambiguous). */
const mote_token_mask_set *mote_token_mask_next(mote_token_mask *m, size_t n_left);
static inline bool mote_token_mask_has(const mote_token_mask_set *set, int32_t token) {
    return set->bits[(uint32_t)token / 32] >> ((uint32_t)token % 32) & 1;
}
/* Goes on by a token's bytes; not for those that end a generation. False: they can't stand there, nothing is changed. */
bool mote_token_mask_accept(mote_token_mask *m, int32_t token);
/* How many of the tokens could come one behind the other. */
size_t mote_token_mask_count_valid(mote_token_mask *m, const int32_t *tokens, size_t n);
/* The text may end here. */
bool mote_token_mask_accepts(mote_token_mask *m);
/* It must: nothing can follow. */
bool mote_token_mask_is_complete(mote_token_mask *m);
/* Tokens that close the text from here: enough, perhaps not the fewest. */
size_t mote_token_mask_need(mote_token_mask *m, size_t most);
/* The same behind some tokens that may come. */
size_t mote_token_mask_need_behind(mote_token_mask *m, const int32_t *tokens, size_t n, size_t most);
/* What may follow at some place. */
typedef struct mote_token_mask_state {
    bool allowed[256]; /* bytes */
    bool must_end;     /* none, and the text may end */
} mote_token_mask_state;
/* The bytes that are the only way on from here, at most n, and what may follow them; 0 where there is a choice, or before the first token. */
size_t mote_token_mask_forced(mote_token_mask *m, uint8_t *bytes, size_t n, mote_token_mask_state *behind);

#endif
