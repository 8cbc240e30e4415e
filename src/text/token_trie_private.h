/* What the files of token_trie share.
 *
 *     token_trie.c         the tree, sorts of characters
 *     token_trie_strings.c what tokens do inside of a JSON string */
#ifndef MOTE_TEXT_TOKEN_TRIE_PRIVATE_H
#define MOTE_TEXT_TOKEN_TRIE_PRIVATE_H

#include "text/token_trie.h"

typedef struct mote_token_spelled {
    uint64_t head; /* the first eight bytes, the first one on top */
    const uint8_t *bytes;
    uint32_t len, id;
} mote_token_spelled;

/* Sorts n tokens and makes nodes, ranks and roots of them; tokens without bytes come first and have no node. */
bool mote_token_trie_plant(mote_token_trie *trie, mote_token_spelled *tokens, size_t n);
/* What a character still needs behind `byte`, 0: nothing; MOTE_TOKEN_NEEDS_BAD: it is none. */
enum { MOTE_TOKEN_NEEDS_BAD = 0xff };
uint8_t mote_token_needs_after(uint8_t needed, uint8_t byte);
/* Fills trie->strings; false: no memory. */
bool mote_token_trie_find_strings(mote_token_trie *trie);
void mote_token_strings_free(mote_token_strings *s);

#endif
