/* Tokens without choice: where a constraint leaves one string of bytes as the only way on, the tokens that the tokenizer gives it. They are those that it would give in the whole
 * text: behind the tokens that are there, and whatever follows the string; tokens at its end that something may still join are left out. */
#ifndef MOTE_TEXT_TOKEN_FORCED_H
#define MOTE_TEXT_TOKEN_FORCED_H

#include "text/token_mask.h"

enum { MOTE_TOKEN_FORCED_MAX = 64 }; /* tokens at a time; what is longer goes on behind them */

typedef struct mote_token_forced mote_token_forced;

/* Tokenizer and trie must outlive it. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_token_forced_create(const mote_tokenizer *t, const mote_token_trie *trie, mote_token_forced **forced, mote_error *err);
void mote_token_forced_free(mote_token_forced **forced);
/* Writes the tokens that must come next and gives their number; before [n_before]: the answer so far. */
size_t mote_token_forced_find(mote_token_forced *f, mote_token_mask *m, const int32_t *before, size_t n_before, int32_t tokens[MOTE_TOKEN_FORCED_MAX]);

#endif
