/* A tree becomes a nondeterministic automaton over the bytes of UTF-8 (Thompson's construction, built from the end), and that a deterministic one (sets of states).
 *
 * A search for a match anywhere is: skip characters, then the expression, then any characters. Once the expression has matched, nothing else matters, so a set that holds the
 * state behind it is cut down to that state. ^ can be passed only by the closure at the start of the text; $ only by the one that decides about acceptance. */
#include "text/regular_dfa.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/regular_ast.h"
#include "text/unicode.h"

#include <stdlib.h>

enum {
    MAX_NFA = 150000,
    MAX_DFA = 30000,
    MAX_CELLS = 1500000,   /* states times classes */
    MAX_VISITS = 18000000, /* steps of closures: some tens of milliseconds */
    SORTING = 2,           /* visits that an item of a list that is sorted counts for */
    NONE = 0
};

typedef enum nfa_kind { BYTES, SPLIT, BEGIN, END, MATCH } nfa_kind;

typedef struct nfa_state {
    uint8_t kind, lo, hi;
    uint32_t a, b; /* where it goes; NONE: nowhere */
} nfa_state;

typedef struct builder {
    nfa_state *nfa;
    uint32_t n_nfa;
    uint32_t match; /* behind the expression, in a search: any characters, then acceptance */
    bool whole, failed;
    uint8_t classes[256];
    uint32_t n_classes;
    uint8_t first_byte[256]; /* of each class */
    /* Sets: the items of set i are pool[first[i] .. first[i + 1]). */
    uint32_t *pool, *first, *table, *next, *label, *mark, *stack;
    uint8_t *hopeful;  /* states from which the match can be reached when the text has begun: not by way of a ^ */
    uint32_t *targets; /* where a set goes, by classes */
    size_t targets_size;
    uint32_t *alone; /* the set behind a single target, if it is known */
    size_t n_pool, pool_size, n_sets, table_size;
    uint32_t stamp;
    int64_t visits;
} builder;

static uint32_t add(builder *b, nfa_kind kind, uint8_t lo, uint8_t hi, uint32_t to, uint32_t other) {
    if (b->n_nfa == MAX_NFA) {
        b->failed = true;
        return NONE;
    }
    b->nfa[b->n_nfa] = (nfa_state){(uint8_t)kind, lo, hi, to, other};
    return b->n_nfa++;
}

/* One sequence of byte ranges of equal length. */
static uint32_t add_sequence(builder *b, const uint8_t *lo, const uint8_t *hi, size_t n, uint32_t to) {
    while (n-- > 0)
        to = add(b, BYTES, lo[n], hi[n], to, NONE);
    return to;
}

/* A range of code points as alternatives of byte sequences. */
static uint32_t add_range(builder *b, uint32_t lo, uint32_t hi, uint32_t to, uint32_t otherwise) {
    while (lo <= hi) {
        uint8_t first[4], last[4];
        uint32_t end = mote_unicode_range_end(lo, hi);
        size_t n = mote_unicode_encode(lo, first);
        mote_unicode_encode(end, last);
        uint32_t sequence = add_sequence(b, first, last, n, to);
        otherwise = otherwise == NONE ? sequence : add(b, SPLIT, 0, 0, sequence, otherwise);
        lo = end + 1;
    }
    return otherwise;
}

static uint32_t add_any(builder *b, uint32_t to) {
    return add_range(b, 0xe000, 0x10ffff, to, add_range(b, 0, 0xd7ff, to, NONE));
}

static uint32_t compile(builder *b, const mote_regular_node *n, uint32_t to);

static uint32_t compile_repeat(builder *b, const mote_regular_node *n, uint32_t to) {
    uint32_t at = to;
    if (n->max == MOTE_REGULAR_NO_MAX) {
        at = add(b, SPLIT, 0, 0, NONE, to);
        if (at != NONE)
            b->nfa[at].a = compile(b, n->last, at);
    } else
        for (uint32_t i = n->min; i < n->max && !b->failed; i++)
            at = add(b, SPLIT, 0, 0, compile(b, n->last, at), to);
    for (uint32_t i = 0; i < n->min && !b->failed; i++)
        at = compile(b, n->last, at);
    return at;
}

/* The state from which n and then `to` is matched. Depth: that of the tree, which the parser bounds. */
static uint32_t compile(builder *b, const mote_regular_node *n, uint32_t to) {
    uint32_t at = NONE;
    if (b->failed || --b->visits < 0) {
        b->failed = true;
        return NONE;
    }
    switch (n->kind) {
    case MOTE_REGULAR_SET:
        for (size_t i = n->n_ranges; i-- > 0;)
            at = add_range(b, n->ranges[i].lo, n->ranges[i].hi, to, at);
        return at;
    case MOTE_REGULAR_CAT:
        for (const mote_regular_node *item = n->last; item; item = item->before)
            to = compile(b, item, to);
        return to;
    case MOTE_REGULAR_ALT:
        for (const mote_regular_node *item = n->last; item; item = item->before) {
            uint32_t other = compile(b, item, to);
            at = item == n->last ? other : add(b, SPLIT, 0, 0, other, at);
        }
        return at;
    case MOTE_REGULAR_REPEAT:
        return compile_repeat(b, n, to);
    case MOTE_REGULAR_BEGIN:
        return add(b, BEGIN, 0, 0, to, NONE);
    case MOTE_REGULAR_END:
        return add(b, END, 0, 0, to, NONE);
    }
    return NONE;
}

static void find_classes(builder *b) {
    uint8_t edge[257] = {0};
    for (uint32_t i = 1; i < b->n_nfa; i++)
        if (b->nfa[i].kind == BYTES)
            edge[b->nfa[i].lo] = edge[b->nfa[i].hi + 1] = 1;
    b->n_classes = 1;
    for (int byte = 0; byte < 256; byte++) {
        if (byte > 0 && edge[byte])
            b->n_classes++;
        b->classes[byte] = (uint8_t)(b->n_classes - 1);
        if (byte == 0 || edge[byte])
            b->first_byte[b->n_classes - 1] = (uint8_t)byte;
    }
}

static bool push(builder *b, uint32_t s) {
    if (b->n_pool == b->pool_size) {
        uint32_t *pool = mote_mem_resize_array(b->pool, b->pool_size * 2, sizeof *pool);
        if (!pool)
            return false;
        b->pool = pool;
        b->pool_size *= 2;
    }
    b->pool[b->n_pool++] = s;
    return true;
}

/* Appends to the pool's open end the states that are reached from `from` without a byte and that wait for one, or accept. */
static bool close_over(builder *b, uint32_t from, bool at_begin, bool at_end) {
    size_t top = 0;
    b->stack[top++] = from;
    while (top > 0) {
        uint32_t s = b->stack[--top];
        if (s == NONE || b->mark[s] == b->stamp)
            continue;
        b->visits--;
        b->mark[s] = b->stamp;
        const nfa_state *n = &b->nfa[s];
        if (n->kind == SPLIT)
            b->stack[top++] = n->b;
        if (n->kind == SPLIT || (n->kind == BEGIN && at_begin) || (n->kind == END && at_end)) {
            b->stack[top++] = n->a;
            continue;
        }
        if (n->kind == BEGIN || (n->kind != MATCH && !b->hopeful[n->a] && !(n->kind == END && at_begin)))
            continue;
        if (!push(b, s))
            return false;
    }
    return true;
}

static int compare(const void *x, const void *y) {
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return (a > b) - (a < b);
}

/* Makes a set of the pool's open end, or finds it among those that are there. 0: empty; UINT32_MAX: no room. */
static uint32_t finish_set(builder *b) {
    size_t from = b->first[b->n_sets], n = b->n_pool - from;
    uint32_t *items = b->pool + from;
    for (size_t i = 0; !b->whole && i < n; i++)
        if (items[i] == b->match) {
            b->n_pool = from;
            b->stamp++;
            if (!close_over(b, b->nfa[b->match].a, false, false) || !push(b, b->match))
                return UINT32_MAX;
            items = b->pool + from;
            n = b->n_pool - from;
            break;
        }
    if (n == 0)
        return 0;
    qsort(items, n, sizeof *items, compare);
    b->visits -= (int64_t)n * SORTING;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++)
        h = (h ^ items[i]) * 16777619u;
    size_t at = h & (b->table_size - 1);
    for (; b->table[at]; at = (at + 1) & (b->table_size - 1)) {
        uint32_t s = b->table[at];
        if (b->first[s + 1] - b->first[s] == n && memcmp(b->pool + b->first[s], items, n * sizeof *items) == 0) {
            b->n_pool = from;
            return s;
        }
    }
    if (b->n_sets >= MAX_DFA || b->n_sets * b->n_classes > MAX_CELLS)
        return UINT32_MAX;
    b->table[at] = (uint32_t)b->n_sets;
    b->first[b->n_sets + 1] = (uint32_t)b->n_pool;
    return (uint32_t)b->n_sets++;
}

/* Sorts where the items of a set go by the classes of bytes: those of class c become targets[from[c] .. from[c + 1]). */
static bool move(builder *b, uint32_t s, size_t from[257]) {
    size_t at[256], total = 0;
    memset(at, 0, sizeof at);
    for (uint32_t i = b->first[s]; i < b->first[s + 1]; i++) {
        const nfa_state *item = &b->nfa[b->pool[i]];
        for (unsigned c = b->classes[item->lo]; item->kind == BYTES && c <= b->classes[item->hi]; c++)
            at[c]++;
    }
    for (uint32_t c = 0; c < b->n_classes; c++) {
        from[c] = total;
        total += at[c];
        at[c] = from[c];
    }
    from[b->n_classes] = total;
    b->visits -= (int64_t)total * SORTING + b->first[s + 1] - b->first[s];
    if (total > b->targets_size) {
        uint32_t *targets = mote_mem_resize_array(b->targets, 2 * total, sizeof *targets);
        if (!targets)
            return false;
        b->targets = targets;
        b->targets_size = 2 * total;
    }
    for (uint32_t i = b->first[s]; i < b->first[s + 1]; i++) {
        const nfa_state *item = &b->nfa[b->pool[i]];
        for (unsigned c = b->classes[item->lo]; item->kind == BYTES && c <= b->classes[item->hi]; c++)
            b->targets[at[c]++] = item->a;
    }
    return true;
}

/* In order, once each. */
static size_t sort_targets(uint32_t *targets, size_t n) {
    size_t n_unique = 0;
    if (n > 1)
        qsort(targets, n, sizeof *targets, compare);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || targets[i] != targets[i - 1])
            targets[n_unique++] = targets[i];
    return n_unique;
}

/* The set of such targets. Closures of large classes are long and the same ones come up for every byte, so what single targets lead to is kept. */
static uint32_t set_of(builder *b, const uint32_t *targets, size_t n) {
    if (n == 0)
        return 0;
    if (n == 1 && b->alone[targets[0]])
        return b->alone[targets[0]];
    b->stamp++;
    for (size_t i = 0; i < n; i++)
        if (!close_over(b, targets[i], false, false))
            return UINT32_MAX;
    uint32_t s = finish_set(b);
    if (n == 1 && s != UINT32_MAX)
        b->alone[targets[0]] = s;
    return s;
}

static bool explore_set(builder *b, uint32_t s) {
    size_t from[257], n_before = SIZE_MAX;
    const uint32_t *before = NULL;
    uint32_t t = 0;
    if (!move(b, s, from))
        return false;
    for (uint32_t c = 0; c < b->n_classes; c++) {
        uint32_t *targets = b->targets + from[c];
        size_t n = sort_targets(targets, from[c + 1] - from[c]);
        if (n != n_before || (n > 0 && memcmp(targets, before, n * sizeof *targets) != 0))
            t = set_of(b, targets, n);
        if (t == UINT32_MAX || b->visits < 0)
            return false;
        before = targets;
        n_before = n;
        b->next[(size_t)s * b->n_classes + c] = t;
    }
    return true;
}

/* The set accepts if its closure over $ holds the end. */
static bool label_set(builder *b, uint32_t s) {
    b->stamp++;
    for (uint32_t i = b->first[s]; i < b->first[s + 1]; i++)
        if (!close_over(b, b->pool[i], s == 1, true))
            return false;
    for (size_t i = b->first[b->n_sets]; i < b->n_pool; i++)
        if (b->pool[i] == b->match)
            b->label[s] = 1;
    b->n_pool = b->first[b->n_sets];
    return true;
}

/* States are numbered from the end, so few rounds do. */
static void find_hopeful(builder *b) {
    b->hopeful[b->match] = 1;
    for (bool changed = true; changed;) {
        changed = false;
        for (uint32_t i = 1; i < b->n_nfa; i++) {
            const nfa_state *n = &b->nfa[i];
            bool hopeful = n->kind != BEGIN && (b->hopeful[n->a] || (n->kind == SPLIT && b->hopeful[n->b]));
            if (hopeful && !b->hopeful[i]) {
                b->hopeful[i] = 1;
                changed = true;
            }
        }
    }
}

/* Set 1 is the start; the closure over ^ belongs to it alone, so it is entered into no table. */
static bool make_sets(builder *b, uint32_t start) {
    size_t cells = (size_t)MAX_CELLS + (size_t)2 * b->n_classes;
    b->pool_size = 1 << 14;
    b->table_size = 1 << 16;
    b->pool = mote_mem_alloc_array(b->pool_size, sizeof *b->pool);
    b->first = mote_mem_zalloc_array(MAX_DFA + 2, sizeof *b->first);
    b->label = mote_mem_zalloc_array(MAX_DFA + 2, sizeof *b->label);
    b->table = mote_mem_zalloc_array(b->table_size, sizeof *b->table);
    b->next = mote_mem_zalloc_array(cells, sizeof *b->next);
    b->mark = mote_mem_zalloc_array(b->n_nfa, sizeof *b->mark);
    b->hopeful = mote_mem_zalloc_array(b->n_nfa, 1);
    b->stack = mote_mem_alloc_array((size_t)2 * b->n_nfa + 4, sizeof *b->stack);
    b->alone = mote_mem_zalloc_array(b->n_nfa, sizeof *b->alone);
    b->targets_size = b->n_nfa;
    b->targets = mote_mem_alloc_array(b->targets_size, sizeof *b->targets);
    if (!b->hopeful || !b->alone || !b->targets || !b->pool || !b->first || !b->label || !b->table || !b->next || !b->mark || !b->stack)
        return false;
    find_hopeful(b);
    b->n_sets = 1;
    b->stamp = 1;
    if (!close_over(b, start, true, false))
        return false;
    b->first[2] = (uint32_t)b->n_pool;
    b->n_sets = 2;
    for (uint32_t s = 1; s < b->n_sets; s++)
        if (!label_set(b, s) || !explore_set(b, s))
            return false;
    return true;
}

static uint32_t make_nfa(builder *b, const mote_regular_node *root) {
    b->n_nfa = 1; /* 0 is NONE */
    b->match = add(b, MATCH, 0, 0, NONE, NONE);
    uint32_t to = b->match;
    if (b->whole)
        return compile(b, root, to);
    uint32_t loop = add(b, SPLIT, 0, 0, NONE, b->match);
    b->nfa[loop].a = add_any(b, loop);
    b->nfa[b->match].a = b->nfa[loop].a; /* the rest of the text behind a match */
    uint32_t inside = compile(b, root, b->match), skip = add(b, SPLIT, 0, 0, NONE, inside);
    if (skip != NONE)
        b->nfa[skip].a = add_any(b, skip);
    return skip;
}

mote_status mote_dfa_pattern(mote_str pattern, bool whole, mote_arena *arena, const mote_dfa **out, int64_t *steps, mote_error *err) {
    builder b = {.whole = whole, .visits = MAX_VISITS};
    mote_arena scratch;
    mote_arena_init(&scratch, (size_t)8 << 20);
    const mote_regular_node *root;
    mote_status status;
    MOTE_TRY_DONE(mote_regular_parse(pattern, &scratch, &root, err));
    b.nfa = mote_mem_alloc_array(MAX_NFA, sizeof *b.nfa);
    if (!b.nfa) {
        status = mote_error_alloc(err, MAX_NFA * sizeof *b.nfa);
        goto done;
    }
    uint32_t start = make_nfa(&b, root);
    if (b.failed) {
        status = mote_error_set(err, MOTE_ERR_LIMIT, "the expression has too many parts");
        goto done;
    }
    find_classes(&b);
    if (!make_sets(&b, start))
        status = mote_error_set(err, b.n_sets > 1 ? MOTE_ERR_LIMIT : MOTE_ERR_ALLOC, "the expression needs too many states");
    else
        status = mote_dfa_build((uint32_t)b.n_sets, b.n_classes, b.classes, 1, b.next, b.label, arena, out, err);
done:
    if (steps)
        *steps = MAX_VISITS - b.visits + (int64_t)b.n_nfa + (int64_t)b.n_sets * b.n_classes * 18;
    mote_mem_free(b.nfa);
    mote_mem_free(b.pool);
    mote_mem_free(b.first);
    mote_mem_free(b.label);
    mote_mem_free(b.table);
    mote_mem_free(b.next);
    mote_mem_free(b.mark);
    mote_mem_free(b.stack);
    mote_mem_free(b.alone);
    mote_mem_free(b.hopeful);
    mote_mem_free(b.targets);
    mote_arena_deinit(&scratch);
    return status;
}
