#include "engine/prefix_cache.h"

#include "base/error.h"
#include "base/mem.h"
#include "kernels/attention.h"
#include "model/cache_rows.h"

#include <string.h>

_Static_assert((int)MOTE_PREFIX_BLOCK == (int)MOTE_ATTENTION_BLOCK, "rows are copied in blocks of the stores");

enum { NONE = -1, ROOT = 0, MOST_BLOCKS = 1 << 20 }; /* node 0 stands for no tokens; a search for the oldest block walks over all */

typedef struct prefix_node {
    int32_t parent, child, next; /* the first child; the next one of the same parent, or the next free node */
    int32_t state;               /* behind this block, or NONE */
    uint64_t used;               /* when; 0: the node is free */
    mote_prefix_owner owner;
    int32_t tokens[MOTE_PREFIX_BLOCK];
} prefix_node;

struct mote_prefix_cache {
    mote_prefix_sizes sizes;
    prefix_node *nodes; /* [1 + n_blocks] */
    uint8_t *blocks;    /* [n_blocks][block_bytes], of node 1 first */
    uint8_t *states;    /* [n_states][state_bytes] */
    int32_t *state_of;  /* [n_states]: the node, or NONE */
    int32_t free;       /* the first free node, or NONE */
    uint64_t clock;
};

static size_t round_up(size_t n) {
    return (n + MOTE_MEM_ALIGN - 1) / MOTE_MEM_ALIGN * MOTE_MEM_ALIGN;
}

void mote_prefix_sizes_fit(const mote_cache_layout *layout, uint64_t n_bytes, mote_prefix_sizes *s) {
    *s = (mote_prefix_sizes){.block_bytes = round_up(mote_cache_rows_bytes(layout, 0, MOTE_PREFIX_BLOCK, 0)), .state_bytes = mote_cache_states_bytes(layout)};
    uint64_t of_block = s->block_bytes + sizeof(prefix_node), of_state = s->state_bytes + sizeof(int32_t), fixed = sizeof(mote_prefix_cache) + sizeof(prefix_node);
    if (n_bytes < fixed)
        return;
    uint64_t left = n_bytes - fixed;
    if (layout->has_states) { /* without a state a block is of no use: they share the memory */
        uint64_t n_states = left / 2 / of_state;
        n_states = n_states == 0 && left >= of_state + of_block ? 1 : n_states;
        s->n_states = n_states < MOST_BLOCKS ? (size_t)n_states : MOST_BLOCKS;
        left -= s->n_states * of_state;
        if (s->n_states == 0)
            return;
    }
    s->n_blocks = left / of_block < MOST_BLOCKS ? (size_t)(left / of_block) : MOST_BLOCKS;
    s->n_bytes = s->n_blocks == 0 ? 0 : fixed + s->n_blocks * of_block + s->n_states * of_state;
}

mote_status mote_prefix_cache_create(const mote_prefix_sizes *sizes, mote_prefix_cache **cache, mote_error *err) {
    mote_prefix_cache *p = *cache = mote_mem_zalloc_array(1, sizeof *p);
    if (!p)
        return mote_error_alloc(err, sizeof *p);
    p->sizes = *sizes;
    p->nodes = mote_mem_alloc_array(sizes->n_blocks + 1, sizeof *p->nodes);
    p->blocks = mote_mem_alloc_aligned(sizes->n_blocks * sizes->block_bytes);
    p->states = mote_mem_alloc_aligned(sizes->n_states * sizes->state_bytes);
    p->state_of = mote_mem_alloc_array(sizes->n_states, sizeof *p->state_of);
    if (!p->nodes || !p->blocks || !p->states || !p->state_of) {
        mote_prefix_cache_free(cache);
        return mote_error_alloc(err, (size_t)sizes->n_bytes);
    }
    p->nodes[ROOT] = (prefix_node){.parent = NONE, .child = NONE, .next = NONE, .state = NONE};
    for (size_t i = 1; i <= sizes->n_blocks; i++)
        p->nodes[i] = (prefix_node){.next = i < sizes->n_blocks ? (int32_t)i + 1 : NONE};
    p->free = 1;
    for (size_t i = 0; i < sizes->n_states; i++)
        p->state_of[i] = NONE;
    return MOTE_OK;
}

void mote_prefix_cache_free(mote_prefix_cache **cache) {
    mote_prefix_cache *p = *cache;
    if (!p)
        return;
    mote_mem_free(p->nodes);
    mote_mem_free(p->blocks);
    mote_mem_free(p->states);
    mote_mem_free(p->state_of);
    mote_mem_free(p);
    *cache = NULL;
}

static uint8_t *block_of(const mote_prefix_cache *p, int32_t node) {
    return p->blocks + (size_t)(node - 1) * p->sizes.block_bytes;
}

static uint8_t *state_bytes_of(const mote_prefix_cache *p, int32_t state) {
    return p->states + (size_t)state * p->sizes.state_bytes;
}

static bool is_owned(const prefix_node *n, mote_prefix_owner owner) {
    return n->owner.salt == owner.salt && n->owner.adapters == owner.adapters;
}

/* The child that begins with most of tokens [n <= a block]; *n_common is how many. */
static int32_t nearest_child(const mote_prefix_cache *p, int32_t parent, mote_prefix_owner owner, const int32_t *tokens, size_t n, size_t *n_common) {
    int32_t best = NONE;
    *n_common = 0;
    for (int32_t i = p->nodes[parent].child; i != NONE; i = p->nodes[i].next) {
        size_t common = 0;
        while (common < n && p->nodes[i].tokens[common] == tokens[common])
            common++;
        if (common > *n_common && is_owned(&p->nodes[i], owner)) {
            best = i;
            *n_common = common;
        }
    }
    return best;
}

static void drop_state(mote_prefix_cache *p, int32_t node) {
    if (p->nodes[node].state != NONE)
        p->state_of[p->nodes[node].state] = NONE;
    p->nodes[node].state = NONE;
}

static void drop_node(mote_prefix_cache *p, int32_t node) {
    int32_t *link = &p->nodes[p->nodes[node].parent].child;
    while (*link != node)
        link = &p->nodes[*link].next;
    *link = p->nodes[node].next;
    drop_state(p, node);
    p->nodes[node] = (prefix_node){.next = p->free};
    p->free = node;
}

/* A free node, or the leaf that was not used for the longest time, but not `kept`. NONE: there is no other. */
static int32_t take_node(mote_prefix_cache *p, int32_t kept) {
    if (p->free == NONE) {
        int32_t oldest = NONE;
        for (int32_t i = 1; i <= (int32_t)p->sizes.n_blocks; i++)
            if (p->nodes[i].child == NONE && i != kept && (oldest == NONE || p->nodes[i].used < p->nodes[oldest].used))
                oldest = i;
        if (oldest == NONE)
            return NONE;
        drop_node(p, oldest);
    }
    int32_t node = p->free;
    p->free = p->nodes[node].next;
    return node;
}

static int32_t take_state(mote_prefix_cache *p) {
    int32_t oldest = 0;
    for (int32_t i = 0; i < (int32_t)p->sizes.n_states; i++) {
        if (p->state_of[i] == NONE)
            return i;
        if (p->nodes[p->state_of[i]].used < p->nodes[p->state_of[oldest]].used)
            oldest = i;
    }
    drop_state(p, p->state_of[oldest]);
    return oldest;
}

/* Copying piece by piece between a cache and bytes in a row. */
typedef struct copier {
    uint8_t *at;
} copier;

static mote_status copy_out(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes) {
    copier *c = context;
    (void)type;
    (void)n_lanes;
    memcpy(c->at, bytes, n_bytes);
    c->at += n_bytes;
    return MOTE_OK;
}

static mote_status copy_in(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes) {
    copier *c = context;
    (void)type;
    (void)n_lanes;
    if (bytes)
        memcpy(bytes, c->at, n_bytes);
    c->at += n_bytes;
    return MOTE_OK;
}

static void store_states(mote_prefix_cache *p, int32_t node, const mote_cache *c) {
    if (p->nodes[node].state != NONE)
        return;
    int32_t state = take_state(p);
    copier to = {state_bytes_of(p, state)};
    if (mote_cache_visit_states(c, false, copy_out, &to) != MOTE_OK)
        return;
    p->nodes[node].state = state;
    p->state_of[state] = node;
}

/* A child of `parent` with the block of tokens that begins at position `from`; NONE: there is no room, or the windows have moved on. */
static int32_t add_node(mote_prefix_cache *p, int32_t parent, mote_prefix_owner owner, const mote_cache *c, const int32_t *tokens, size_t from) {
    if (from < c->window_base)
        return NONE;
    int32_t node = take_node(p, parent);
    if (node == NONE)
        return NONE;
    prefix_node *n = &p->nodes[node];
    *n = (prefix_node){.parent = parent, .child = NONE, .next = p->nodes[parent].child, .state = NONE, .used = p->clock, .owner = owner};
    memcpy(n->tokens, tokens + from, sizeof n->tokens);
    p->nodes[parent].child = node;
    copier to = {block_of(p, node)};
    if (mote_cache_visit_rows(c, from, from + MOTE_PREFIX_BLOCK, 0, copy_out, &to) != MOTE_OK) {
        drop_node(p, node);
        return NONE;
    }
    return node;
}

void mote_prefix_cache_store(mote_prefix_cache *p, mote_prefix_owner owner, const mote_cache *c, const int32_t *tokens, size_t n_tokens) {
    int32_t node = ROOT;
    size_t at = 0, n_common;
    p->clock++;
    for (; at + MOTE_PREFIX_BLOCK <= n_tokens; at += MOTE_PREFIX_BLOCK) {
        int32_t child = nearest_child(p, node, owner, tokens + at, MOTE_PREFIX_BLOCK, &n_common);
        if (n_common < MOTE_PREFIX_BLOCK)
            child = add_node(p, node, owner, c, tokens, at);
        if (child == NONE)
            return;
        node = child;
        p->nodes[node].used = p->clock;
    }
    if (c->layout->has_states && at == n_tokens && node != ROOT)
        store_states(p, node, c);
}

/* Copies the last n_blocks of those that end in `node`, of which n tokens count, and which begin at position 0 with n_all blocks. */
static void load_blocks(const mote_prefix_cache *p, int32_t node, size_t n_all, size_t n_blocks, mote_cache *c) {
    for (size_t i = 0; i < n_blocks; i++, node = p->nodes[node].parent) {
        size_t from = (n_all - 1 - i) * MOTE_PREFIX_BLOCK;
        copier source = {block_of(p, node)};
        if (mote_cache_visit_rows(c, from, from + MOTE_PREFIX_BLOCK, c->window_base, copy_in, &source) != MOTE_OK)
            return;
    }
}

/* Where the search ended: the deepest block that counts, how many blocks that makes, and how many tokens of them. */
typedef struct match {
    int32_t node;
    size_t n_blocks, n_tokens;
} match;

static match find(mote_prefix_cache *p, mote_prefix_owner owner, bool has_states, const int32_t *tokens, size_t n_limit) {
    match found = {.node = ROOT};
    int32_t node = ROOT;
    size_t at = 0, n_common = MOTE_PREFIX_BLOCK;
    p->clock++;
    while (at < n_limit && n_common == MOTE_PREFIX_BLOCK) {
        size_t n = n_limit - at < MOTE_PREFIX_BLOCK ? n_limit - at : MOTE_PREFIX_BLOCK;
        node = nearest_child(p, node, owner, tokens + at, n, &n_common);
        if (node == NONE)
            break;
        p->nodes[node].used = p->clock;
        at += n_common;
        bool counts = !has_states || (n_common == MOTE_PREFIX_BLOCK && p->nodes[node].state != NONE);
        if (counts)
            found = (match){.node = node, .n_blocks = (at + MOTE_PREFIX_BLOCK - 1) / MOTE_PREFIX_BLOCK, .n_tokens = at};
    }
    return found;
}

size_t mote_prefix_cache_load(mote_prefix_cache *p, mote_prefix_owner owner, mote_cache *c, const int32_t *tokens, size_t n_have, size_t n_limit) {
    match found = find(p, owner, c->layout->has_states, tokens, n_limit);
    if (found.n_tokens <= n_have)
        return n_have;
    size_t first = n_have / MOTE_PREFIX_BLOCK;
    if (c->layout->window != 0) {
        c->window_base = mote_cache_window_from(c->layout, found.n_tokens);
        first = c->window_base / MOTE_PREFIX_BLOCK < first ? c->window_base / MOTE_PREFIX_BLOCK : first;
    }
    load_blocks(p, found.node, found.n_blocks, found.n_blocks - first, c);
    if (n_have == 0)
        c->n_saved = 0;
    if (c->layout->has_states) {
        copier source = {state_bytes_of(p, p->nodes[found.node].state)};
        if (mote_cache_visit_states(c, false, copy_in, &source) != MOTE_OK)
            return 0;
    }
    return found.n_tokens;
}
