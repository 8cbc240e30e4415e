/* Labels as sequences of tokens that share their beginnings. Node 0 is the root; a label ends at a leaf of its own. */
#ifndef MOTE_TASKS_LABEL_TRIE_H
#define MOTE_TASKS_LABEL_TRIE_H

#include "tasks/form.h"

typedef struct mote_trie_node {
    int32_t token;
    uint32_t first_child, next_sibling; /* 0: none */
    uint32_t n_leaves;                  /* under it, itself included */
    int32_t label;                      /* of a leaf; else -1 */
} mote_trie_node;

typedef struct mote_trie {
    mote_trie_node *nodes; /* [n] */
    size_t n, capacity;
} mote_trie;

void mote_trie_deinit(mote_trie *trie);
/* Adds a label's tokens, the last of which no other label continues. MOTE_ERR_ALLOC, _ARGUMENT (another label has the same tokens, or begins with them). */
MOTE_MUST_CHECK mote_status mote_trie_add(mote_trie *trie, const int32_t *ids, size_t n, int32_t label);

#endif
