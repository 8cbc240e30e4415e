/* Where the end of a text stood in it before.
 *
 * Pairs of tokens are linked to the pair of the same hash before them, as LZ77 compressors do it; a search walks that chain and compares backwards. A suffix automaton would find
 * the longest match however often it occurs, for eight times the memory; with as many steps as are allowed here the chain finds the same in every text but the most monotonous. */
#ifndef MOTE_ENGINE_DRAFT_INDEX_H
#define MOTE_ENGINE_DRAFT_INDEX_H

#include <stddef.h>
#include <stdint.h>

enum { MOTE_DRAFT_INDEX_LONGEST = 32 }; /* tokens compared at most: a longer match predicts no better */

typedef struct mote_draft_index {
    int32_t *tokens; /* [n_max] the text, n in use */
    size_t n, n_max;
    uint32_t *pairs;   /* [n_slots] the place behind the last pair of a hash; 0: none */
    uint32_t *singles; /* [n_slots] the same for one token */
    uint32_t *links;   /* [n_max] of the pair that ends here: the place behind the one before; 0: none */
    size_t n_slots;    /* a power of 2 */
    size_t before;     /* the place behind the last token's occurrence before; 0: none */
} mote_draft_index;

/* 4-byte cells for a text of n_max tokens. */
size_t mote_draft_index_cells(size_t n_max);
/* Borrows the cells. The text is empty. */
void mote_draft_index_init(mote_draft_index *x, size_t n_max, uint32_t *cells);
void mote_draft_index_clear(mote_draft_index *x);
/* Appends a token; n < n_max. */
void mote_draft_index_add(mote_draft_index *x, int32_t token);
/* The length of the longest match that the search finds (the last of equals) and the place behind it; 0: none. */
size_t mote_draft_index_find(const mote_draft_index *x, size_t *place);
/* How many tokens before `place` of `text` equal the text's last ones; at most _LONGEST. */
size_t mote_draft_index_match(const mote_draft_index *x, const int32_t *text, size_t place);

#endif
