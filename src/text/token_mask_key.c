/* Masks by key: what all states of a key have in common. Each key that the tokens' bytes lead to gets a row of 256 ways on, filled as they are asked for, so that most of the
 * vocabulary, the inside of strings, is walked by looking up; a branch whose bytes all stay at one key is allowed as a whole. */
#include "text/token_mask_private.h"

enum { MIN_BRANCH = 16 }; /* nodes; smaller branches are walked sooner than looked at */
enum { ROW_SLOTS = 4 * MOTE_TOKEN_MASK_ROWS, NO_ROW = UINT16_MAX };

/* The row of a key that a byte leads to from a state; NO_ROW: no room. */
static uint16_t find_row(mote_token_mask *m, uint32_t key, mote_state before, uint8_t byte) {
    size_t at = mote_token_mask_hash(key, ROW_SLOTS);
    for (; m->row_of[at]; at = (at + 1) % ROW_SLOTS)
        if (m->rows[m->row_of[at] - 1].key == key)
            return (uint16_t)(m->row_of[at] - 1);
    if (m->n_rows == MOTE_TOKEN_MASK_ROWS)
        return NO_ROW;
    mote_state state = m->a->ops->step(m->a, before, byte);
    if (state == MOTE_STATE_FULL)
        return NO_ROW;
    mote_token_mask_row *row = &m->rows[m->n_rows];
    row->key = key;
    row->state = state;
    row->has_same = false;
    row->fits = 0;
    memset(row->next, 0, sizeof row->next);
    row->slot = (uint16_t)at;
    m->row_of[at] = (uint16_t)++m->n_rows;
    return (uint16_t)(m->n_rows - 1);
}

/* Starts with a row alone. */
static void begin_rows(mote_token_mask *m, uint32_t key, mote_state s) {
    for (size_t i = 0; i < m->n_rows; i++)
        m->row_of[m->rows[i].slot] = 0;
    memset(m->rows[0].next, 0, sizeof m->rows[0].next);
    m->rows[0].key = key;
    m->rows[0].state = s;
    m->rows[0].has_same = false;
    m->rows[0].fits = 0;
    m->n_rows = 1;
    m->rows[0].slot = (uint16_t)mote_token_mask_hash(key, ROW_SLOTS);
    m->row_of[m->rows[0].slot] = 1;
}

/* Where a byte leads from a row; UNKNOWN: there is no room. */
static inline uint16_t follow(mote_token_mask *m, uint16_t number, uint8_t byte) {
    mote_token_mask_row *row = &m->rows[number];
    if (row->next[byte] != MOTE_TOKEN_MASK_ROW_UNKNOWN)
        return row->next[byte];
    uint32_t key = m->a->ops->inner(m->a, row->key, byte);
    if (key == MOTE_STATE_DEAD || key == MOTE_STATE_LEFT)
        return row->next[byte] = key == MOTE_STATE_DEAD ? MOTE_TOKEN_MASK_ROW_DEAD : MOTE_TOKEN_MASK_ROW_LEFT;
    uint16_t to = find_row(m, key, row->state, byte);
    return row->next[byte] = to == NO_ROW ? MOTE_TOKEN_MASK_ROW_UNKNOWN : (uint16_t)(MOTE_TOKEN_MASK_ROW + to);
}

/* The row behind the bytes from lo to hi, where it is one for all of them; NO_ROW. */
static uint16_t row_behind(mote_token_mask *m, uint16_t row, unsigned lo, unsigned hi) {
    uint16_t next = follow(m, row, (uint8_t)lo);
    for (unsigned b = lo + 1; b <= hi && next >= MOTE_TOKEN_MASK_ROW; b++)
        if (follow(m, row, (uint8_t)b) != next)
            return NO_ROW;
    return next < MOTE_TOKEN_MASK_ROW ? NO_ROW : (uint16_t)(next - MOTE_TOKEN_MASK_ROW);
}

/* Whether all characters of several bytes come back to the row: those of each kind that UTF-8 has, second bytes bounded where it bounds them. */
static bool comes_back(mote_token_mask *m, uint16_t row) {
    static const uint8_t KINDS[][5] = {{0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2}, {0xed, 0xed, 0x80, 0x9f, 2},
                                       {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3}, {0xf4, 0xf4, 0x80, 0x8f, 3}};
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
        uint16_t at = row_behind(m, row, KINDS[k][0], KINDS[k][1]);
        for (unsigned i = 0; i < KINDS[k][4] && at != NO_ROW; i++)
            at = row_behind(m, at, i == 0 ? KINDS[k][2] : 0x80, i == 0 ? KINDS[k][3] : 0xbf);
        if (at != row)
            return false;
    }
    return true;
}

/* Which sorts of characters stay at a row: none, unless a letter and a space do. */
static uint16_t same_of(mote_token_mask *m, uint16_t number) {
    mote_token_mask_row *row = &m->rows[number];
    const uint16_t here = (uint16_t)(MOTE_TOKEN_MASK_ROW + number);
    if (row->has_same)
        return row->same;
    row->has_same = true;
    row->same = 0;
    if (follow(m, number, 'a') != here || follow(m, number, ' ') != here)
        return 0;
    uint16_t same = (uint16_t) ~(MOTE_TOKEN_TRIE_BROKEN | MOTE_TOKEN_TRIE_LONG | MOTE_TOKEN_TRIE_CUT);
    for (unsigned b = 0; b < 0x80; b++)
        if (follow(m, number, (uint8_t)b) != here)
            same &= (uint16_t) ~(1u << mote_token_trie_sort((uint8_t)b));
    return row->same = comes_back(m, number) ? same | MOTE_TOKEN_TRIE_LONG : same;
}

static bool add_left(mote_token_mask_keyed *k, uint32_t at) {
    if (k->n_left == MOTE_TOKEN_MASK_LEFT)
        return false;
    k->left[k->n_left++] = at;
    return true;
}

/* Whether most tokens begin with a byte that stays inside. */
static bool begins_inside(mote_token_mask *m) {
    const mote_token_trie *t = m->trie;
    size_t n_inside = 0;
    for (uint32_t at = 0; at < t->n_nodes; at = t->nodes[at].skip)
        if (follow(m, 0, (uint8_t)t->nodes[at].byte) >= MOTE_TOKEN_MASK_ROW)
            n_inside += t->nodes[t->nodes[at].skip].first - t->nodes[at].first;
    return n_inside > t->n_ranked / 2;
}

/* Few tokens left. */
typedef struct limit {
    uint32_t most, reach;
    bool is_full; /* no room to find out */
} limit;

/* Whether the text can be closed from a row's state; limit NULL: there is none. */
static bool fits(mote_token_mask *m, uint16_t number, limit *l) {
    mote_token_mask_row *row = &m->rows[number];
    if (!l)
        return true;
    if (row->fits == 0) {
        uint32_t need = mote_token_mask_need_from(m, row->state, l->most);
        l->is_full = l->is_full || need == MOTE_TOKEN_MASK_UNKNOWN;
        l->reach = need > l->most ? MOTE_TOKEN_MASK_NEVER : need > l->reach ? need : l->reach;
        row->fits = need <= l->most ? 1 : 2;
    }
    return row->fits == 1;
}

/* Tokens of a branch that stay at one row; gives it. NO_ROW: they don't. */
static uint16_t row_of_branch(mote_token_mask *m, uint32_t at, uint16_t before, uint16_t behind) {
    const mote_token_trie *t = m->trie;
    if (t->nodes[at].skip - at < MIN_BRANCH)
        return NO_ROW;
    return (t->sorts[at] & ~same_of(m, before)) == 0 ? before : (t->below[at] & ~same_of(m, behind)) == 0 ? behind : NO_ROW;
}

/* One walk through the rows. inverts: plain tokens are allowed at first, and taken out where they die or leave; most of a vocabulary stays inside of strings. */
typedef struct row_walk {
    mote_token_mask_keyed *k;
    limit *l;
    bool inverts;
} row_walk;

static bool walk_row_nodes(mote_token_mask *m, const row_walk *w, uint32_t at, uint32_t end);

/* What is below node `from`, at a row that all plain characters come back to: what isn't plain decides. */
static bool walk_odd(mote_token_mask *m, const row_walk *w, uint32_t from, uint32_t end, uint16_t row) {
    const mote_token_trie *t = m->trie;
    size_t lo = 0, hi = t->n_odd;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        lo = t->odd[mid] < from ? mid + 1 : lo;
        hi = t->odd[mid] < from ? hi : mid;
    }
    for (; lo < t->n_odd && t->odd[lo] < end; lo++) {
        uint32_t at = t->odd[lo];
        m->row_stack[t->nodes[at].depth - 1] = row;
        if (!walk_row_nodes(m, w, at, t->nodes[at].skip))
            return false;
    }
    return true;
}

static bool stays_plain(mote_token_mask *m, uint16_t row) {
    return (MOTE_TOKEN_TRIE_PLAIN & ~MOTE_TOKEN_TRIE_CUT & ~same_of(m, row)) == 0;
}

static bool walk_row_nodes(mote_token_mask *m, const row_walk *w, uint32_t at, uint32_t end) {
    const mote_token_trie *t = m->trie;
    for (uint32_t next_at; at < end; at = next_at) {
        const mote_token_trie_node *node = &t->nodes[at];
        uint16_t before = m->row_stack[node->depth - 1], next = follow(m, before, (uint8_t)node->byte);
        if (w->k->is_within && node->depth > MOTE_AUTOMATON_WITHIN)
            next = MOTE_TOKEN_MASK_ROW_DEAD; /* add_far sees to it */
        if (next == MOTE_TOKEN_MASK_ROW_UNKNOWN || (next == MOTE_TOKEN_MASK_ROW_LEFT && !add_left(w->k, at)))
            return false;
        next_at = node->skip;
        if (next < MOTE_TOKEN_MASK_ROW) {
            if (w->inverts && node->is_plain)
                mote_token_mask_forbid(t, w->k->bits, node->first, t->nodes[next_at].first);
            continue;
        }
        uint16_t behind = (uint16_t)(next - MOTE_TOKEN_MASK_ROW), branch = row_of_branch(m, at, before, behind);
        m->row_stack[node->depth] = behind;
        if (branch == NO_ROW && w->inverts && node->is_plain && stays_plain(m, behind)) {
            if (!walk_odd(m, w, at + 1, next_at, behind))
                return false;
            continue;
        }
        next_at = branch != NO_ROW ? next_at : at + 1;
        bool is_known = w->inverts && node->is_plain && branch == NO_ROW;
        if (!is_known && node->first < t->nodes[next_at].first && fits(m, branch == NO_ROW ? behind : branch, w->l))
            mote_token_mask_allow(t, w->k->bits, node->first, t->nodes[next_at].first);
    }
    return true;
}

/* Tokens that are longer than the key holds are walked from the state, if they get that far. */
static bool add_far(mote_token_mask *m, mote_token_mask_keyed *k) {
    const mote_token_trie *t = m->trie;
    for (size_t i = 0; i < t->n_far; i++) {
        const mote_token_trie_node *node = &t->nodes[t->far[i]];
        mote_str bytes = mote_token_trie_bytes(t, t->ranked[node->first]);
        uint16_t next = MOTE_TOKEN_MASK_ROW;
        for (size_t d = 0; d < MOTE_AUTOMATON_WITHIN && next >= MOTE_TOKEN_MASK_ROW; d++)
            next = follow(m, (uint16_t)(next - MOTE_TOKEN_MASK_ROW), (uint8_t)bytes.data[d]);
        if (next == MOTE_TOKEN_MASK_ROW_UNKNOWN || (next >= MOTE_TOKEN_MASK_ROW && !add_left(k, t->far[i])))
            return false;
        mote_token_mask_forbid(t, k->bits, node->first, t->nodes[node->skip].first);
    }
    return true;
}

static bool walk_rows(mote_token_mask *m, mote_token_mask_keyed *k, limit *l) {
    const mote_token_trie *t = m->trie;
    const row_walk w = {k, l, !l && begins_inside(m)};
    memset(k->bits, 0, m->n_words * sizeof *k->bits);
    if (w.inverts)
        memcpy(k->bits, t->plain, t->n_words * sizeof *k->bits);
    m->row_stack[0] = 0;
    bool ok = w.inverts && stays_plain(m, 0) ? walk_odd(m, &w, 0, (uint32_t)t->n_nodes, 0) : walk_row_nodes(m, &w, 0, (uint32_t)t->n_nodes);
    ok = ok && (!k->is_within || add_far(m, k));
    return ok && (!l || !l->is_full);
}

/* The most that the way to the end grows; false: some of the states can't be closed with this vocabulary. */
static bool find_rise(mote_token_mask *m, mote_token_mask_keyed *k) {
    uint32_t distance = m->a->ops->distance(m->a, m->state);
    for (size_t i = 0; i < m->n_rows; i++) {
        uint32_t d = m->a->ops->distance(m->a, m->rows[i].state);
        k->rise = d > distance && d - distance > k->rise ? d - distance : k->rise;
        if (!m->trie->spells_all && mote_token_mask_need_from(m, m->rows[i].state, MOTE_TOKEN_MASK_NEVER) >= MOTE_TOKEN_MASK_NEVER)
            return false;
    }
    return true;
}

static bool make(mote_token_mask *m, mote_token_mask_keyed *k, uint32_t key, bool is_within) {
    k->n_left = 0;
    k->key = 0;
    k->is_within = is_within;
    k->rise = 0;
    begin_rows(m, key, m->state);
    if (!walk_rows(m, k, NULL) || !find_rise(m, k))
        return false;
    k->n_allowed = mote_token_mask_ones(k->bits, m->n_words);
    k->key = key;
    return true;
}

/* *is_within: the key holds for some bytes only. */
static uint32_t key_of(mote_token_mask *m, mote_state s, bool *is_within) {
    const mote_automaton_ops *ops = m->a->ops;
    uint32_t exact = ops->key(m->a, s), key = ops->key_within ? ops->key_within(m->a, s, MOTE_AUTOMATON_WITHIN) : exact;
    *is_within = key != exact;
    return key;
}

const mote_token_mask_keyed *mote_token_mask_key_near(mote_token_mask *m, uint32_t most, uint32_t *reach) {
    mote_token_mask_keyed *k = &m->keyed[MOTE_TOKEN_MASK_KEYS];
    limit l = {most, 0, false};
    uint32_t key = key_of(m, m->state, &k->is_within);
    if (key == 0)
        return NULL;
    k->n_left = 0;
    begin_rows(m, key, m->state);
    if (!walk_rows(m, k, &l))
        return NULL;
    k->n_allowed = mote_token_mask_ones(k->bits, m->n_words);
    *reach = l.reach;
    return k;
}

const mote_token_mask_keyed *mote_token_mask_key(mote_token_mask *m, mote_state s) {
    bool is_within;
    uint32_t key = key_of(m, s, &is_within);
    if (key == 0)
        return NULL;
    mote_token_mask_keyed *oldest = &m->keyed[0];
    for (size_t i = 0; i < MOTE_TOKEN_MASK_KEYS; i++) {
        mote_token_mask_keyed *k = &m->keyed[i];
        if (k->key == key && k->is_within == is_within) {
            k->used = ++m->clock;
            return k;
        }
        if (m->refused[i] == key)
            return NULL;
        bool is_better = k->key == 0 ? oldest->key != 0 : oldest->key != 0 && m->clock - k->used > m->clock - oldest->used;
        oldest = is_better ? k : oldest;
    }
    oldest->used = ++m->clock;
    if (make(m, oldest, key, is_within))
        return oldest;
    m->refused[m->n_refused++ % MOTE_TOKEN_MASK_KEYS] = key;
    return NULL;
}

uint16_t mote_token_mask_same(mote_token_mask *m, mote_state s) {
    uint32_t key = m->a->ops->key(m->a, s);
    mote_token_mask_loop *known = &m->loops[mote_token_mask_hash(key, MOTE_TOKEN_MASK_LOOPS)];
    if (key == 0 || known->key == key)
        return key == 0 ? 0 : known->same;
    begin_rows(m, key, s);
    *known = (mote_token_mask_loop){key, same_of(m, 0)};
    return known->same;
}
