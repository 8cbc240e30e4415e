#include "tasks/label_trie.h"

#include "base/error.h"
#include "base/mem.h"

void mote_trie_deinit(mote_trie *trie) {
    mote_mem_free(trie->nodes);
    *trie = (mote_trie){0};
}

static mote_status add_node(mote_trie *trie, int32_t token, uint32_t *index) {
    if (trie->n == trie->capacity) {
        size_t capacity = 2 * trie->capacity + 64;
        mote_trie_node *nodes = mote_mem_resize_array(trie->nodes, capacity, sizeof *nodes);
        if (!nodes)
            return MOTE_ERR_ALLOC;
        trie->nodes = nodes;
        trie->capacity = capacity;
    }
    *index = (uint32_t)trie->n;
    trie->nodes[trie->n++] = (mote_trie_node){.token = token, .label = -1};
    return MOTE_OK;
}

mote_status mote_trie_add(mote_trie *trie, const int32_t *ids, size_t n, int32_t label) {
    uint32_t at = 0;
    if (trie->n == 0)
        MOTE_TRY(add_node(trie, -1, &at));
    trie->nodes[0].n_leaves++;
    for (size_t i = 0; i < n; i++) {
        uint32_t child = trie->nodes[at].first_child;
        while (child && trie->nodes[child].token != ids[i])
            child = trie->nodes[child].next_sibling;
        if (!child) {
            MOTE_TRY(add_node(trie, ids[i], &child));
            trie->nodes[child].next_sibling = trie->nodes[at].first_child;
            trie->nodes[at].first_child = child;
        }
        if (trie->nodes[child].label >= 0)
            return MOTE_ERR_ARGUMENT;
        trie->nodes[child].n_leaves++;
        at = child;
    }
    if (trie->nodes[at].first_child || at == 0)
        return MOTE_ERR_ARGUMENT;
    trie->nodes[at].label = label;
    return MOTE_OK;
}
