/* Masks of places in strings where any text may stand, as in nearly all schemas: what stays inside is known once a vocabulary, and of the tokens that end the string only what they
 * write behind it is walked, each such tail once. Names that are known or written lead elsewhere: the branches of the vocabulary along them are walked one by one. */
#include "text/token_mask_private.h"

enum { MAX_NODES = 512 /* nodes along names */ };

/* Branches that are walked one by one. */
typedef struct branches {
    uint32_t *nodes; /* [MOTE_TOKEN_MASK_LEFT] */
    size_t n, n_along;
} branches;

static bool add(branches *b, uint32_t node) {
    if (b->n == MOTE_TOKEN_MASK_LEFT)
        return false;
    b->nodes[b->n++] = node;
    return true;
}

/* Tokens that end the string and go on with a tail that may stand behind it. */
static bool walk_tails(mote_token_mask_walk *w, mote_state behind) {
    mote_token_mask *m = w->m;
    const mote_token_trie *tails = m->trie->strings->tails;
    const mote_automaton_ops *ops = m->a->ops;
    m->stack[0] = behind;
    uint32_t d = ops->distance(m->a, behind);
    w->reach = d > w->reach ? d : w->reach;
    w->n_allowed += mote_token_mask_allow(tails, w->bits, 0, tails->nodes[0].first);
    for (uint32_t at = 0; at < tails->n_nodes;) {
        const mote_token_trie_node *node = &tails->nodes[at];
        mote_state s = ops->step(m->a, m->stack[node->depth - 1], (unsigned char)node->byte);
        if (s == MOTE_STATE_FULL)
            return false;
        if (s == MOTE_STATE_DEAD) {
            at = node->skip;
            continue;
        }
        if (mote_token_trie_has_token(tails, at)) {
            d = ops->distance(m->a, s);
            w->reach = d > w->reach ? d : w->reach;
            w->n_allowed += mote_token_mask_allow(tails, w->bits, node->first, node[1].first);
        }
        m->stack[node->depth] = s;
        at++;
    }
    return true;
}

/* The quotes behind bytes that may lead elsewhere, below `node` that led to s. */
static bool find_along(mote_token_mask *m, branches *b, uint32_t node, mote_state s) {
    const mote_token_trie *t = m->trie;
    uint8_t bytes[256];
    size_t n = m->a->ops->special(m->a, s, bytes);
    for (size_t i = 0; i < n; i++) {
        uint32_t child = bytes[i] < 0x20 || bytes[i] == '"' || bytes[i] == '\\' ? (uint32_t)t->n_nodes : mote_token_trie_child(t, node, bytes[i]);
        if (child == t->n_nodes || t->nodes[child].skip == child + 1)
            continue;
        if (++b->n_along > MAX_NODES)
            return false;
        mote_state next = m->a->ops->step(m->a, s, bytes[i]);
        if (next == MOTE_STATE_FULL)
            return false;
        uint32_t quote = mote_token_trie_child(t, child, '"');
        if (next == MOTE_STATE_DEAD)
            continue;
        if ((quote < t->n_nodes && !add(b, quote)) || !find_along(m, b, child, next)) /* as deep as tokens along names are long, MAX_NODES at most */
            return false;
    }
    return true;
}

bool mote_token_mask_walk_open(mote_token_mask_walk *w) {
    mote_token_mask *m = w->m;
    const mote_token_trie *t = m->trie;
    const mote_token_strings *strings = t->strings;
    mote_automaton_open open;
    branches b = {.nodes = m->keyed[MOTE_TOKEN_MASK_KEYS].left};
    if (!m->a->ops->open(m->a, w->base, &open))
        return false;
    if (t->roots['"'] < t->n_nodes)
        add(&b, t->roots['"']);
    for (size_t i = 0; i < strings->n_escaped; i++)
        if (!add(&b, strings->escaped[i]))
            return false;
    for (size_t i = 0; i < strings->n_far && open.is_within; i++)
        if (!add(&b, strings->far[i]))
            return false;
    if (!find_along(m, &b, (uint32_t)t->n_nodes, w->base))
        return false;
    memset(w->bits + t->n_words, 0, (m->n_words - t->n_words) * sizeof *w->bits);
    memcpy(w->bits, strings->inside, t->n_words * sizeof *w->bits);
    w->n_allowed = strings->n_inside;
    w->reach = open.most;
    if (open.behind != MOTE_STATE_DEAD && !walk_tails(w, open.behind))
        return false;
    for (size_t i = 0; i < b.n; i++)
        w->n_allowed -= mote_token_mask_forbid(t, w->bits, t->nodes[b.nodes[i]].first, t->nodes[t->nodes[b.nodes[i]].skip].first);
    return mote_token_mask_walk_branches(w, b.nodes, b.n);
}

uint16_t mote_token_mask_same_looking(mote_token_mask *m, mote_state s) {
    const mote_automaton_ops *ops = m->a->ops;
    mote_automaton_open open;
    uint8_t bytes[256];
    if (ops->step(m->a, s, 'a') != s)
        return 0;
    bool is_alone = ops->open && ops->open(m->a, s, &open) && !open.is_within && ops->special(m->a, s, bytes) == 0;
    return is_alone ? MOTE_TOKEN_TRIE_PLAIN & ~MOTE_TOKEN_TRIE_CUT : mote_token_mask_same(m, s);
}
