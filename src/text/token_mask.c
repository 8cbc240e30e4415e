/* The walk goes through the nodes of the trie in their order with a stack of states, one a depth; a dead state leaves out all that is below. */
#include "base/error.h"
#include "base/mem.h"
#include "text/constraint.h"
#include "text/token_mask_private.h"

enum { MIN_BRANCH = 8 }; /* nodes; smaller branches are walked sooner than looked at */

/* One mask that is being made. */
typedef struct walk {
    mote_token_mask *m;
    mote_state base;  /* where the tokens begin */
    uint32_t skipped; /* first bytes of each token that the automaton doesn't see */
    uint32_t before;  /* states that the stack has for the path to node `last` */
    uint32_t last;
    uint32_t *bits;
    uint32_t most;  /* tokens that may be needed behind one */
    uint32_t reach; /* those that are needed at most */
    bool is_near;   /* needs are counted, not guessed by bytes */
} walk;

static void *room(bool *ok, size_t n, size_t item_bytes) {
    void *p = *ok ? mote_mem_zalloc_array(n, item_bytes) : NULL;
    *ok = p != NULL;
    return p;
}

static bool take_memory(mote_token_mask *m) {
    bool ok = true;
    m->stack = room(&ok, m->trie->max_depth + 1, sizeof *m->stack);
    m->row_stack = room(&ok, m->trie->max_depth + 1, sizeof *m->row_stack);
    m->rows = room(&ok, MOTE_TOKEN_MASK_ROWS, sizeof *m->rows);
    m->near.set.bits = room(&ok, m->n_words, sizeof(uint32_t));
    for (size_t i = 0; i < MOTE_TOKEN_MASK_KEPT; i++)
        m->kept[i].set.bits = room(&ok, m->n_words, sizeof(uint32_t));
    for (size_t i = 0; i <= MOTE_TOKEN_MASK_KEYS; i++) {
        m->keyed[i].bits = room(&ok, m->n_words, sizeof(uint32_t));
        m->keyed[i].left = room(&ok, MOTE_TOKEN_MASK_LEFT, sizeof(uint32_t));
    }
    return ok;
}

size_t mote_token_mask_size(const mote_token_trie *trie, size_t n_vocab) {
    enum { AUTOMATON = 16 << 20 }; /* what the largest of them takes; most of it is never touched */
    size_t n = n_vocab > trie->n_tokens ? n_vocab : trie->n_tokens, n_masks = MOTE_TOKEN_MASK_KEPT + MOTE_TOKEN_MASK_KEYS + 1;
    return sizeof(mote_token_mask) + AUTOMATON + n_masks * (n / 8 + 4) + MOTE_TOKEN_MASK_KEYS * MOTE_TOKEN_MASK_LEFT * sizeof(uint32_t) +
           MOTE_TOKEN_MASK_ROWS * sizeof(mote_token_mask_row);
}

mote_status mote_token_mask_create(const mote_token_trie *trie, mote_automaton *take_automaton, size_t n_vocab, mote_token_mask **mask, mote_error *err) {
    mote_token_mask *m = mote_mem_zalloc_array(1, sizeof *m);
    *mask = NULL;
    if (!m) {
        mote_automaton_free(&take_automaton);
        return mote_error_alloc(err, sizeof *m);
    }
    m->trie = trie;
    m->a = take_automaton;
    m->n_words = ((n_vocab > trie->n_tokens ? n_vocab : trie->n_tokens) + 31) / 32;
    if (!take_memory(m)) {
        mote_token_mask_free(&m);
        return mote_error_alloc(err, (size_t)MOTE_TOKEN_MASK_KEPT * (n_vocab / 8));
    }
    mote_token_mask_begin(m, false);
    *mask = m;
    return MOTE_OK;
}

void mote_token_mask_free(mote_token_mask **mask) {
    mote_token_mask *m = *mask;
    if (!m)
        return;
    mote_automaton_free(&m->a);
    mote_mem_free(m->stack);
    mote_mem_free(m->row_stack);
    mote_mem_free(m->rows);
    mote_mem_free(m->near.set.bits);
    for (size_t i = 0; i < MOTE_TOKEN_MASK_KEPT; i++)
        mote_mem_free(m->kept[i].set.bits);
    for (size_t i = 0; i <= MOTE_TOKEN_MASK_KEYS; i++) {
        mote_mem_free(m->keyed[i].bits);
        mote_mem_free(m->keyed[i].left);
    }
    mote_mem_free(m);
    *mask = NULL;
}

mote_state mote_token_mask_refresh(mote_token_mask *m, mote_state s) {
    memset(m->table, 0, sizeof m->table);
    memset(m->needs, 0, sizeof m->needs);
    m->n_kept = 0;
    return m->a->ops->refresh(m->a, s);
}

void mote_token_mask_begin(mote_token_mask *m, bool skips_space) {
    mote_state s = m->a->ops->start(m->a);
    if (s == MOTE_STATE_FULL) { /* room is made by dropping all but one state; any will do */
        mote_token_mask_refresh(m, m->state);
        s = m->a->ops->start(m->a);
    }
    m->state = s;
    m->has_failed = s == MOTE_STATE_FULL;
    m->skips_space = skips_space;
}

static const uint8_t *path_of(const mote_token_trie *t, uint32_t at) {
    return t->bytes + t->offsets[t->ranked[t->nodes[at].first]];
}

/* The states before node `at` of the trie, which lies behind the last one asked for; false: no room. */
static bool walk_path(walk *w, uint32_t at) {
    mote_token_mask *m = w->m;
    const mote_token_trie *t = m->trie;
    const uint8_t *bytes = path_of(t, at), *known = path_of(t, w->last);
    uint32_t d = w->skipped, n_known = w->before;
    m->stack[d] = w->base;
    while (d + 1 < n_known && d + 1 < t->nodes[at].depth && bytes[d] == known[d])
        d++; /* tokens that leave a frame often begin alike */
    for (; d + 1 < t->nodes[at].depth; d++) {
        m->stack[d + 1] = m->a->ops->step(m->a, m->stack[d], bytes[d]);
        if (m->stack[d + 1] == MOTE_STATE_FULL)
            return false;
    }
    w->before = t->nodes[at].depth;
    w->last = at;
    return true;
}

/* Drops states and comes back to before node `at`. */
static bool make_room(walk *w, uint32_t at) {
    w->base = mote_token_mask_refresh(w->m, w->base);
    w->before = 0; /* what the stack has are numbers of before */
    return walk_path(w, at);
}

/* Tokens that close the text from s. As many as bytes are enough unless few are left, where each of those bytes is a token. */
static uint32_t cost(const walk *w, mote_state s) {
    mote_token_mask *m = w->m;
    uint32_t need = m->trie->spells_all && !w->is_near ? 0 : mote_token_mask_need_from(m, s, w->most);
    return need >= MOTE_TOKEN_MASK_NEVER || w->is_near ? need : m->a->ops->distance(m->a, s);
}

/* Tokens of the nodes from `at` to before `end`, all of which lead to state s; false: no room to judge them. */
static bool judge(walk *w, uint32_t at, uint32_t end, mote_state s) {
    const mote_token_trie *t = w->m->trie;
    if (t->nodes[at].first == t->nodes[end].first)
        return true;
    uint32_t c = cost(w, s);
    if (c == MOTE_TOKEN_MASK_UNKNOWN)
        return false;
    w->reach = c > w->most ? MOTE_TOKEN_MASK_NEVER : c > w->reach ? c : w->reach; /* above `most` c is no more than a hint */
    if (c <= w->most)
        mote_token_mask_allow(t, w->bits, t->nodes[at].first, t->nodes[end].first);
    return true;
}

/* The end of what leads to the state of node `at` with it: its branch, where all of it stays there, as the inside of a string does. */
static uint32_t end_of_same(const walk *w, uint32_t at, mote_state s) {
    const mote_token_trie *t = w->m->trie;
    if (t->nodes[at].skip - at < MIN_BRANCH || (t->below[at] & ~mote_token_mask_same(w->m, s)) != 0)
        return at + 1;
    return t->nodes[at].skip;
}

/* Nodes from `at` to before `end`, the stack standing before the first. */
static bool walk_nodes(walk *w, uint32_t at, uint32_t end) {
    mote_token_mask *m = w->m;
    const mote_token_trie *t = m->trie;
    mote_state (*step)(mote_automaton *, mote_state, unsigned char) = m->a->ops->step;
    while (at < end) {
        const mote_token_trie_node *node = &t->nodes[at];
        mote_state s = step(m->a, m->stack[node->depth - 1], (unsigned char)node->byte);
        if (s == MOTE_STATE_DEAD) {
            at = node->skip;
            continue;
        }
        uint32_t next = s == MOTE_STATE_FULL ? at + 1 : end_of_same(w, at, s);
        if (s == MOTE_STATE_FULL || !judge(w, at, next, s)) {
            if (!make_room(w, at))
                return false;
            s = step(m->a, m->stack[node->depth - 1], (unsigned char)node->byte);
            if (s == MOTE_STATE_FULL)
                return false;
            judge(w, at, next, s); /* what there is no room for is not allowed */
        }
        m->stack[node->depth] = s;
        at = next;
    }
    return true;
}

/* All tokens. Of the first one, a space that it begins with may not be written. */
static bool walk_all(walk *w) {
    mote_token_mask *m = w->m;
    const mote_token_trie *t = m->trie;
    uint32_t space = m->skips_space ? t->roots[' '] : (uint32_t)t->n_nodes, end = (uint32_t)t->n_nodes;
    m->stack[0] = w->base;
    if (!walk_nodes(w, 0, space))
        return false;
    if (space == end)
        return true;
    m->stack[0] = w->base;
    if (!walk_nodes(w, t->nodes[space].skip, end))
        return false;
    w->skipped = 1;
    m->stack[1] = w->base;
    return walk_nodes(w, space + 1, t->nodes[space].skip);
}

/* With a key: those that stay inside are known. */
static bool walk_left(walk *w, const mote_token_mask_keyed *k) {
    memcpy(w->bits, k->bits, w->m->n_words * sizeof *w->bits);
    for (size_t i = 0; i < k->n_left; i++) {
        uint32_t at = k->left[i];
        if ((!walk_path(w, at) && !make_room(w, at)) || !walk_nodes(w, at, w->m->trie->nodes[at].skip))
            return false;
    }
    return true;
}

/* looks: one token ahead, in states that know no more than that. */
static bool walk_tokens(walk *w, const mote_token_mask_keyed *k, bool looks) {
    mote_token_mask *m = w->m;
    if (looks)
        m->a->ops->look(m->a, true);
    w->before = w->skipped = 0;
    if (!k)
        memset(w->bits, 0, m->n_words * sizeof *w->bits);
    return k ? walk_left(w, k) : walk_all(w);
}

/* In a form that compilers make vectors of; processors of the lowest level have no instruction for it. */
static uint32_t ones(uint32_t x) {
    x -= x >> 1 & 0x55555555u;
    x = (x & 0x33333333u) + (x >> 2 & 0x33333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0fu;
    x += x >> 8;
    return (x + (x >> 16)) & 0xff;
}

static void finish(walk *w, mote_token_mask_set *set) {
    mote_token_mask *m = w->m;
    set->n_words = m->n_words;
    uint32_t n_allowed = 0;
    if (m->a->ops->accepts(m->a, w->base))
        for (size_t i = 0; i < m->trie->n_ends; i++)
            set->bits[(uint32_t)m->trie->ends[i] / 32] |= UINT32_C(1) << (uint32_t)m->trie->ends[i] % 32;
    for (size_t i = 0; i < m->n_words; i++)
        n_allowed += ones(set->bits[i]);
    set->n_allowed = n_allowed;
}

/* Makes the mask of the state into `kept`; false: no room. */
static bool make(mote_token_mask *m, mote_token_mask_kept *kept, uint32_t most, bool is_near) {
    walk w = {.m = m, .base = m->state, .bits = kept->set.bits, .most = most, .is_near = is_near};
    const mote_token_mask_keyed *k = NULL;
    if (is_near && !m->skips_space) {
        k = mote_token_mask_key_near(m, most, &w.reach);
    } else if (!m->skips_space && (k = mote_token_mask_key(m, m->state)) != NULL) {
        uint32_t distance = m->a->ops->distance(m->a, m->state);
        w.reach = distance > MOTE_TOKEN_MASK_NEVER - k->rise ? MOTE_TOKEN_MASK_NEVER : distance + k->rise;
    }
    bool looks = !is_near && m->trie->spells_all && m->a->ops->look, ok = walk_tokens(&w, k, looks);
    if (looks && !m->a->ops->look(m->a, false))
        ok = walk_tokens(&w, k, false);
    m->state = w.base; /* another number, where room was made */
    kept->state = w.base;
    kept->reach = w.reach;
    finish(&w, &kept->set);
    return ok;
}

static mote_token_mask_kept *find_kept(mote_token_mask *m) {
    for (size_t at = mote_token_mask_hash(m->state, MOTE_TOKEN_MASK_TABLE); m->table[at]; at = (at + 1) % MOTE_TOKEN_MASK_TABLE)
        if (m->kept[m->table[at] - 1].state == m->state)
            return &m->kept[m->table[at] - 1];
    return NULL;
}

static void enter(mote_token_mask *m, size_t place) {
    size_t at = mote_token_mask_hash(m->kept[place].state, MOTE_TOKEN_MASK_TABLE);
    while (m->table[at])
        at = (at + 1) % MOTE_TOKEN_MASK_TABLE;
    m->table[at] = (uint16_t)(place + 1);
}

/* A place for one more: a free one, or that of the one used longest ago, which leaves the table. */
static size_t find_place(mote_token_mask *m) {
    size_t oldest = 0;
    if (m->n_kept < MOTE_TOKEN_MASK_KEPT)
        return m->n_kept;
    for (size_t i = 1; i < m->n_kept; i++)
        oldest = m->clock - m->kept[i].used > m->clock - m->kept[oldest].used ? i : oldest;
    memset(m->table, 0, sizeof m->table);
    for (size_t i = 0; i < m->n_kept; i++)
        if (i != oldest)
            enter(m, i);
    return oldest;
}

static mote_token_mask_kept *keep(mote_token_mask *m) {
    mote_token_mask_kept *kept = find_kept(m);
    if (kept)
        return kept;
    size_t place = find_place(m);
    if (!make(m, &m->kept[place], MOTE_TOKEN_MASK_NEVER - 1, false))
        return NULL;
    if (m->n_kept == 0 && place > 0) { /* room was made meanwhile, and all others forgotten */
        mote_token_mask_kept made = m->kept[place];
        m->kept[place] = m->kept[0];
        m->kept[0] = made;
        place = 0;
    }
    m->n_kept = place == m->n_kept ? m->n_kept + 1 : m->n_kept;
    enter(m, place);
    return &m->kept[place];
}

const mote_token_mask_set *mote_token_mask_next(mote_token_mask *m, size_t n_left) {
    if (m->has_failed)
        return NULL;
    mote_token_mask_kept *kept = m->skips_space ? NULL : keep(m);
    if (!m->skips_space && !kept) {
        m->has_failed = true;
        return NULL;
    }
    uint32_t most = n_left == 0 ? 0 : n_left - 1 < MOTE_TOKEN_MASK_NEVER - 1 ? (uint32_t)(n_left - 1) : MOTE_TOKEN_MASK_NEVER - 1;
    if (kept) {
        kept->used = ++m->clock;
        if (kept->reach <= most)
            return &kept->set;
    }
    mote_state before = m->state;
    m->has_failed = !make(m, &m->near, most, true);
    if (kept && m->state == before && m->n_kept > 0 && m->near.reach < kept->reach)
        kept->reach = m->near.reach; /* fewer tokens than bytes */
    return m->has_failed ? NULL : &m->near.set;
}

/* The state behind a token's bytes; DEAD: they can't stand there. */
static mote_state step_token(mote_token_mask *m, mote_state *s, int32_t token, bool skips_space, bool may_refresh) {
    if (token < 0 || (size_t)token >= m->trie->n_tokens)
        return MOTE_STATE_DEAD;
    mote_str bytes = mote_token_trie_bytes(m->trie, (uint32_t)token);
    size_t from = skips_space && bytes.len > 0 && bytes.data[0] == ' ';
    mote_state at = bytes.len > from ? *s : MOTE_STATE_DEAD;
    for (size_t i = from; i < bytes.len && at != MOTE_STATE_DEAD; i++) {
        at = m->a->ops->step(m->a, at, (unsigned char)bytes.data[i]);
        if (at != MOTE_STATE_FULL)
            continue;
        if (!may_refresh)
            return MOTE_STATE_DEAD;
        may_refresh = false;
        at = *s = mote_token_mask_refresh(m, *s);
        i = from - 1; /* once more from the first */
    }
    return at;
}

bool mote_token_mask_accept(mote_token_mask *m, int32_t token) {
    mote_state next = step_token(m, &m->state, token, m->skips_space, true);
    if (next == MOTE_STATE_DEAD)
        return false;
    m->state = next;
    m->skips_space = false;
    return true;
}

size_t mote_token_mask_count_valid(mote_token_mask *m, const int32_t *tokens, size_t n) {
    mote_state s = m->state;
    size_t i = 0;
    for (; i < n; i++) {
        s = step_token(m, &s, tokens[i], m->skips_space && i == 0, false);
        if (s == MOTE_STATE_DEAD)
            break;
    }
    return i;
}

bool mote_token_mask_accepts(mote_token_mask *m) {
    return !m->has_failed && m->a->ops->accepts(m->a, m->state);
}

size_t mote_token_mask_need(mote_token_mask *m, size_t most) {
    uint32_t limit = most < MOTE_TOKEN_MASK_NEVER - 1 ? (uint32_t)most : MOTE_TOKEN_MASK_NEVER - 1;
    uint32_t need = m->has_failed ? MOTE_TOKEN_MASK_UNKNOWN : mote_token_mask_need_from(m, m->state, limit);
    if (need == MOTE_TOKEN_MASK_UNKNOWN && !m->has_failed) {
        m->state = mote_token_mask_refresh(m, m->state);
        need = mote_token_mask_need_from(m, m->state, limit);
    }
    return need >= MOTE_TOKEN_MASK_NEVER ? MOTE_TOKEN_MASK_ENDLESS : need;
}

size_t mote_token_mask_need_behind(mote_token_mask *m, const int32_t *tokens, size_t n, size_t most) {
    mote_state s = m->state;
    for (size_t i = 0; i < n; i++)
        s = step_token(m, &s, tokens[i], m->skips_space && i == 0, false);
    uint32_t need = s == MOTE_STATE_DEAD ? MOTE_TOKEN_MASK_UNKNOWN : mote_token_mask_need_from(m, s, most < MOTE_TOKEN_MASK_NEVER - 1 ? (uint32_t)most : MOTE_TOKEN_MASK_NEVER - 1);
    return need >= MOTE_TOKEN_MASK_NEVER ? MOTE_TOKEN_MASK_ENDLESS : need;
}
