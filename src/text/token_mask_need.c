/* The way to the end in tokens: the automaton's shortest closing, cut into the longest tokens one after the other. From each place of that way the rest of it is the shortest
 * closing again, so following it needs one token less each time: who stays within the need can always finish. */
#include "text/token_mask_private.h"

enum { MAX_NEED = 1 << 20 }; /* tokens; more than any context */

/* The longest token that follows the closing from *s, which moves behind it. False: not even its first byte is a token. */
static bool take_longest(mote_token_mask *m, mote_state *s, bool *is_full) {
    const mote_token_trie *t = m->trie;
    uint32_t node = (uint32_t)t->n_nodes;
    mote_state at = *s;
    bool found = false;
    for (int byte; (byte = m->a->ops->closing(m->a, at)) >= 0;) {
        node = mote_token_trie_child(t, node, (uint8_t)byte);
        if (node == t->n_nodes)
            break;
        at = m->a->ops->step(m->a, at, (unsigned char)byte);
        if (at == MOTE_STATE_FULL) {
            *is_full = true;
            return false;
        }
        if (mote_token_trie_has_token(t, node)) {
            *s = at;
            found = true;
        }
    }
    return found;
}

uint32_t mote_token_mask_need_from(mote_token_mask *m, mote_state s, uint32_t most) {
    mote_token_mask_need_entry *known = &m->needs[mote_token_mask_hash(s, MOTE_TOKEN_MASK_NEEDS)];
    if (known->state == s)
        return known->need;
    mote_state at = s;
    uint32_t n = 0;
    bool is_full = false;
    for (; !m->a->ops->accepts(m->a, at); n++) {
        if (n > most || n == MAX_NEED)
            return n == MAX_NEED ? MOTE_TOKEN_MASK_NEVER : n; /* not kept: the next one may want to know more */
        if (take_longest(m, &at, &is_full))
            continue;
        if (is_full)
            return MOTE_TOKEN_MASK_UNKNOWN;
        n = MOTE_TOKEN_MASK_NEVER;
        break;
    }
    *known = (mote_token_mask_need_entry){s, n};
    return n;
}

/* The only byte that goes on from s; -1: there are several, or none. */
static int only_byte(mote_token_mask *m, mote_state s, mote_state *next) {
    int only = -1;
    for (unsigned b = 0; b < 256; b++) {
        mote_state to = m->a->ops->step(m->a, s, (unsigned char)b);
        if (to == MOTE_STATE_DEAD)
            continue;
        if (to == MOTE_STATE_FULL || only >= 0)
            return -1;
        only = (int)b;
        *next = to;
    }
    return only;
}

size_t mote_token_mask_forced(mote_token_mask *m, uint8_t *bytes, size_t n, mote_token_mask_state *behind) {
    mote_state s = m->state, next = s;
    size_t len = 0;
    bool any = false;
    while (len < n && !m->has_failed && !m->skips_space && !m->a->ops->accepts(m->a, s)) {
        int byte = only_byte(m, s, &next);
        if (byte < 0)
            break;
        bytes[len++] = (uint8_t)byte;
        s = next;
    }
    for (unsigned b = 0; len > 0 && b < 256; b++) {
        behind->allowed[b] = m->a->ops->step(m->a, s, (unsigned char)b) != MOTE_STATE_DEAD;
        any = any || behind->allowed[b];
    }
    behind->must_end = !any;
    return len;
}

bool mote_token_mask_is_complete(mote_token_mask *m) {
    if (!mote_token_mask_accepts(m))
        return false;
    for (unsigned b = 0; b < 256; b++)
        if (m->a->ops->step(m->a, m->state, (unsigned char)b) != MOTE_STATE_DEAD)
            return false;
    return true;
}
