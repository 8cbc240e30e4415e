/* The words that a model's vocabulary has as one token: common words, in about the order of their frequency (a merge that was learnt earlier is commoner). So a speller needs no
 * dictionary, and knows the language that the model knows. A word is known by its lower case; one that the vocabulary has only with a capital letter is a name. */
#ifndef MOTE_TASKS_LEXICON_H
#define MOTE_TASKS_LEXICON_H

#include "base/arena.h"

#include <mote/tokenizer.h>

enum { MOTE_LEXICON_MAX_WORD = 32, MOTE_LEXICON_NEAR = 6 };

typedef struct mote_lexicon_word {
    mote_str text; /* lower case */
    int32_t lower; /* token in lower case; -1: none */
    int32_t upper; /* token with a capital letter; -1: none */
} mote_lexicon_word;

typedef struct mote_lexicon_match {
    mote_str word;
    size_t distance; /* edits */
} mote_lexicon_match;

typedef struct mote_lexicon {
    mote_arena arena;
    mote_lexicon_word *words; /* [n] */
    size_t n, capacity;
    uint32_t *places; /* [n_places] index + 1; 0: free */
    size_t n_places;
} mote_lexicon;

/* Letters a-z only. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_lexicon_init(mote_lexicon *lexicon, const mote_tokenizer *tokenizer, mote_error *err);
void mote_lexicon_deinit(mote_lexicon *lexicon);
/* word: lower case. NULL if it isn't one token. */
const mote_lexicon_word *mote_lexicon_find(const mote_lexicon *lexicon, mote_str word);
/* Known in lower case. */
bool mote_lexicon_has(const mote_lexicon *lexicon, mote_str word);
/* Words in at most `most` edits (insertion, deletion, replacement, exchange of neighbours) from one in lower case, the nearest and commonest first; their number, at most
 * MOTE_LEXICON_NEAR. */
size_t mote_lexicon_near(const mote_lexicon *lexicon, mote_str word, size_t most, mote_lexicon_match near[MOTE_LEXICON_NEAR]);

#endif
