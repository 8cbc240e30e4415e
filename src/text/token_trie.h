/* The tokens of a vocabulary by their bytes: a tree whose nodes lie in the order of a walk through it, so that going down is the next node and leaving a branch out is one jump.
 * Made once for a tokenizer; immutable, shared by threads.
 *
 * Left out are tokens that write nothing, control tokens, and those that end a generation. */
#ifndef MOTE_TEXT_TOKEN_TRIE_H
#define MOTE_TEXT_TOKEN_TRIE_H

#include "text/automaton.h"
#include "text/tokenizer.h"

typedef struct mote_token_trie_node {
    uint32_t depth : 23;   /* bytes from the root to behind this one: 1 and up */
    uint32_t is_plain : 1; /* the text up to here is plain (MOTE_TOKEN_TRIE_PLAIN) */
    uint32_t byte : 8;
    uint32_t skip;  /* the first node that is not below this one */
    uint32_t first; /* tokens of this node and those below: ranked[first] … ranked[nodes[skip].first - 1]; its own: up to the next node's first */
} mote_token_trie_node;

/* What tokens do inside of a JSON string, between its characters, where any text may stand (token_trie_strings.c). */
typedef struct mote_token_strings {
    uint32_t *inside;              /* [n_words] bits of the tokens that stay inside, */
    uint32_t n_inside;             /* so many */
    struct mote_token_trie *tails; /* what is written behind the string by those that end it behind some characters without escapes; nodes, ranks and roots only */
    uint32_t *escaped;             /* [n_escaped] nodes that end it behind an escape, in order */
    size_t n_escaped;
    uint32_t *far; /* [n_far] nodes of depth MOTE_AUTOMATON_WITHIN + 1 that are inside, in order */
    size_t n_far;
} mote_token_strings;

typedef struct mote_token_trie {
    mote_token_trie_node *nodes; /* [n_nodes + 1] */
    size_t n_nodes;
    uint32_t *ranked; /* [n_ranked] ids by their bytes */
    size_t n_ranked;
    uint16_t *sorts; /* [n_nodes] sorts of the characters from a node on, its own included: bits of mote_token_trie_sort; MOTE_TOKEN_TRIE_BROKEN: not whole characters */
    uint16_t *below; /* [n_nodes] the same without its own */
    uint32_t *plain; /* [n_words] bits of the tokens that are plain */
    size_t n_words;
    uint32_t *odd; /* [n_odd] nodes that aren't plain below those that are, in order */
    size_t n_odd;
    uint32_t *far; /* [n_far] nodes of depth MOTE_AUTOMATON_WITHIN + 1, in order */
    size_t n_far;
    uint32_t roots[256]; /* the node of each first byte; n_nodes: none */
    uint32_t *offsets;   /* [n_tokens + 1] a token's bytes in `bytes`; none for those that are left out */
    uint8_t *bytes;
    size_t n_tokens, max_depth;
    int32_t *ends; /* [n_ends] tokens that end a generation */
    size_t n_ends;
    mote_token_strings *strings;
    bool spells_all; /* each byte that UTF-8 has is a token */
} mote_token_trie;

/* The tokenizer's own, made at the first call; any number of threads. */
MOTE_MUST_CHECK mote_status mote_token_trie_of(const mote_tokenizer *t, const mote_token_trie **trie, mote_error *err);
MOTE_MUST_CHECK mote_status mote_token_trie_create(const mote_tokenizer *t, mote_token_trie **trie, mote_error *err);
size_t mote_token_trie_size(const mote_token_trie *trie); /* in bytes */
void mote_token_trie_free(mote_token_trie **trie);

/* Characters in sixteen sorts, so that whole branches can be judged at once: of ASCII by their bytes, one of all others, one of the beginnings of those at a token's end, and what
 * is no part of a character, or a control character that texts don't have. */
enum { MOTE_TOKEN_TRIE_BROKEN = 1, MOTE_TOKEN_TRIE_LONG = 2, MOTE_TOKEN_TRIE_CUT = 8 }; /* bits; sorts 0, 1 and 3 */
/* Plain are those that mean themselves in a JSON string: all sorts but broken ones, line breaks and tabs, quotes and backslashes. */
enum { MOTE_TOKEN_TRIE_PLAIN = 0xffff & ~(MOTE_TOKEN_TRIE_BROKEN | 1 << 2 | 1 << 11 | 1 << 12) };
unsigned mote_token_trie_sort(uint8_t byte);
/* The child of a node (n_nodes: of the root) by a byte; n_nodes: none. */
static inline uint32_t mote_token_trie_child(const mote_token_trie *t, uint32_t node, uint8_t byte) {
    if (node == t->n_nodes)
        return t->roots[byte];
    for (uint32_t i = node + 1; i < t->nodes[node].skip; i = t->nodes[i].skip)
        if (t->nodes[i].byte == byte)
            return i;
    return (uint32_t)t->n_nodes;
}
static inline bool mote_token_trie_has_token(const mote_token_trie *t, uint32_t node) {
    return t->nodes[node].first < t->nodes[node + 1].first;
}
static inline mote_str mote_token_trie_bytes(const mote_token_trie *t, uint32_t id) {
    return (mote_str){(const char *)t->bytes + t->offsets[id], t->offsets[id + 1] - t->offsets[id]};
}

#endif
