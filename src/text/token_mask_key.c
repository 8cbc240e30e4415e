/* Masks by key: what all states of a key have in common. Each key that the tokens' bytes lead to gets a row of 256 ways on, so that most of the vocabulary, the inside of strings, is
 * walked by looking up; a branch whose bytes all stay at one key is allowed as a whole. */
#include "text/token_mask_private.h"

enum { ROW_SLOTS = 4 * MOTE_TOKEN_MASK_ROWS, NO_ROW = UINT16_MAX };

static uint16_t find_row(mote_token_mask *m, uint32_t key, mote_state before, uint8_t byte) {
    size_t at = mote_token_mask_hash(key, ROW_SLOTS);
    for (; m->row_of[at]; at = (at + 1) % ROW_SLOTS)
        if (m->rows[m->row_of[at] - 1].key == key)
            return (uint16_t)(m->row_of[at] - 1);
    if (m->n_rows == MOTE_TOKEN_MASK_ROWS)
        return NO_ROW;
    mote_state state = before == MOTE_STATE_DEAD ? m->state : m->a->ops->step(m->a, before, byte);
    if (state == MOTE_STATE_FULL)
        return NO_ROW;
    mote_token_mask_row *row = &m->rows[m->n_rows];
    row->key = key;
    row->state = state;
    row->is_filled = false;
    m->row_of[at] = (uint16_t)++m->n_rows;
    return (uint16_t)(m->n_rows - 1);
}

static bool fill(mote_token_mask *m, uint16_t number) {
    mote_token_mask_row *row = &m->rows[number];
    row->same = 0xffff;
    row->is_filled = true;
    for (unsigned b = 0; b < 256; b++) {
        uint32_t key = m->a->ops->inner(m->a, row->key, (unsigned char)b);
        uint16_t next = key == MOTE_STATE_DEAD ? MOTE_TOKEN_MASK_ROW_DEAD : MOTE_TOKEN_MASK_ROW_LEFT;
        if (key != MOTE_STATE_DEAD && key != MOTE_STATE_LEFT) {
            uint16_t to = find_row(m, key, row->state, (uint8_t)b);
            if (to == NO_ROW)
                return false;
            next = (uint16_t)(MOTE_TOKEN_MASK_ROW + to);
        }
        row->next[b] = next;
        if (next != MOTE_TOKEN_MASK_ROW + number)
            row->same &= (uint16_t)~(1u << mote_token_trie_sort((uint8_t)b));
    }
    return true;
}

static bool walk_rows(mote_token_mask *m, mote_token_mask_keyed *k) {
    const mote_token_trie *t = m->trie;
    m->row_stack[0] = 0;
    for (uint32_t at = 0; at < t->n_nodes;) {
        const mote_token_trie_node *node = &t->nodes[at];
        mote_token_mask_row *row = &m->rows[m->row_stack[node->depth - 1]];
        uint16_t next = row->next[node->byte];
        if (next == MOTE_TOKEN_MASK_ROW_LEFT) {
            if (k->n_left == MOTE_TOKEN_MASK_LEFT)
                return false;
            k->left[k->n_left++] = at;
        }
        if (next < MOTE_TOKEN_MASK_ROW) {
            at = node->skip;
            continue;
        }
        next = (uint16_t)(next - MOTE_TOKEN_MASK_ROW);
        row = &m->rows[next];
        if (!row->is_filled && !fill(m, next))
            return false;
        m->row_stack[node->depth] = next;
        bool is_whole = (t->below[at] & ~row->same) == 0;
        uint32_t end = is_whole ? node->skip : at + 1;
        mote_token_mask_allow(t, k->bits, node->first, t->nodes[end].first);
        at = end;
    }
    return true;
}

static bool make(mote_token_mask *m, mote_token_mask_keyed *k, uint32_t key) {
    uint32_t distance = m->a->ops->distance(m->a, m->state);
    memset(m->row_of, 0, sizeof m->row_of);
    memset(k->bits, 0, m->n_words * sizeof *k->bits);
    m->n_rows = k->n_left = 0;
    k->key = 0;
    k->rise = 0;
    if (find_row(m, key, MOTE_STATE_DEAD, 0) == NO_ROW || !fill(m, 0) || !walk_rows(m, k))
        return false;
    for (size_t i = 0; i < m->n_rows; i++) {
        uint32_t d = m->a->ops->distance(m->a, m->rows[i].state);
        k->rise = d > distance && d - distance > k->rise ? d - distance : k->rise;
    }
    k->key = key;
    return true;
}

const mote_token_mask_keyed *mote_token_mask_key(mote_token_mask *m, mote_state s) {
    uint32_t key = m->a->ops->key(m->a, s);
    if (key == 0)
        return NULL;
    mote_token_mask_keyed *oldest = &m->keyed[0];
    for (size_t i = 0; i < MOTE_TOKEN_MASK_KEYS; i++) {
        mote_token_mask_keyed *k = &m->keyed[i];
        if (k->key == key) {
            k->used = ++m->clock;
            return k;
        }
        if (m->refused[i] == key)
            return NULL;
        bool is_better = k->key == 0 ? oldest->key != 0 : oldest->key != 0 && m->clock - k->used > m->clock - oldest->used;
        oldest = is_better ? k : oldest;
    }
    oldest->used = ++m->clock;
    if (make(m, oldest, key))
        return oldest;
    m->refused[m->n_refused++ % MOTE_TOKEN_MASK_KEYS] = key;
    return NULL;
}
