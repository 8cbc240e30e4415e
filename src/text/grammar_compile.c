/* Code to positions. A position is a set of operations that a text can be at within a rule: sets are joined by bytes and by calls, as M. O. Rabin and D. Scott joined states
 * (1959). A rule whose sets become too many keeps its operations apart instead: a position for each, and several ways for one byte.
 *
 * A call of what may be empty also goes on behind it at once; so a rule that was just entered never ends before its first byte. */
#include "base/error.h"
#include "base/mem.h"
#include "text/grammar_code.h"

#include <stdlib.h>

enum {
    MAX_POSITIONS = 1 << 16,
    MAX_MEMBERS = 1 << 20, /* of all sets together */
    MAX_WORK = 6 << 20,    /* operations looked at: some 50 ms */
    SETS_AN_OP = 4,        /* of a rule; more sets than that are too many */
    MIN_SETS = 256,
    SORT_WORK = 8, /* of an operation, in a set that has to be sorted */
    N_SLOTS = 2 * MAX_POSITIONS
};

typedef struct compiler {
    mote_grammar_code *code;
    mote_grammar *out;
    mote_error *err;
    uint32_t *members; /* operations of all sets, each sorted */
    uint32_t *first;   /* [positions + 1] */
    size_t n_members, n_work;
    uint32_t *slots;      /* [N_SLOTS] a table of position by set */
    uint32_t *written;    /* [MAX_POSITIONS] slots of the rule's positions, so that they can be taken back */
    uint32_t *seen, turn; /* [n_ops] */
    uint32_t *todo;       /* [2 * n_ops] */
    uint32_t *called;     /* [n_ops] rules that a set calls */
    uint32_t interval_end[256], n_intervals;
    size_t most_work;
    bool is_over;                 /* too many */
    size_t rule_begin, rule_most; /* positions of the rule: from, at most */
    size_t current_edge;          /* the first of the position that is being joined */
} compiler;

static mote_status too_complex(compiler *k) {
    return mote_error_set(k->err, MOTE_ERR_LIMIT, "the grammar is too complex: more than %d states or %d steps to compile it (the limit)", MAX_POSITIONS, MAX_WORK);
}

static int by_number(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Adds pc and what it goes on to without a byte to the set that is being made; only operations that something follows from are members. */
static void add(compiler *k, uint32_t pc) {
    const mote_grammar_code *c = k->code;
    size_t n = 0;
    k->todo[n++] = pc;
    while (n > 0) {
        uint32_t at = k->todo[--n], next[2];
        k->n_work++;
        if (k->seen[at] == k->turn)
            continue;
        k->seen[at] = k->turn;
        const mote_grammar_op *op = &c->ops[at];
        unsigned n_next = mote_grammar_code_next(c, at, next);
        for (unsigned i = n_next; i-- > 0;) /* the nearer one is looked at first: sets are in order then, or nearly */
            k->todo[n++] = next[i];
        if (op->kind == MOTE_GRAMMAR_CALL && c->distance[c->rules[op->a].begin] == 0)
            k->todo[n++] = at + 1;
        if (n_next == 0 && k->n_members < MAX_MEMBERS)
            k->members[k->n_members++] = at;
    }
}

static void begin_set(compiler *k) {
    k->n_members = k->first[k->out->n_positions];
    k->turn++;
}

static uint32_t slot_of(compiler *k, const uint32_t *set, size_t n) {
    uint64_t hash = n + k->rule_begin;
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ set[i]) * 0x9e3779b97f4a7c15u;
    uint32_t at = (uint32_t)(hash >> 32) & (N_SLOTS - 1);
    for (; k->slots[at]; at = (at + 1) & (N_SLOTS - 1)) {
        uint32_t p = k->slots[at];
        if (p >= k->rule_begin && k->first[p + 1] - k->first[p] == n && memcmp(k->members + k->first[p], set, n * sizeof *set) == 0)
            break;
    }
    return at;
}

/* The position of the set that was made; 0 with is_over where there is no room. */
static uint32_t end_set(compiler *k) {
    mote_grammar *g = k->out;
    uint32_t *set = k->members + k->first[g->n_positions];
    size_t n = k->n_members - k->first[g->n_positions];
    bool is_sorted = true;
    for (size_t i = 1; i < n && is_sorted; i++)
        is_sorted = set[i - 1] < set[i];
    if (!is_sorted)
        qsort(set, n, sizeof *set, by_number);
    k->n_work += is_sorted ? n : SORT_WORK * n;
    if (k->n_members == MAX_MEMBERS || g->n_positions == MAX_POSITIONS || g->n_positions - k->rule_begin > k->rule_most || k->n_work > k->most_work) {
        k->is_over = true;
        return 0;
    }
    uint32_t slot = slot_of(k, set, n);
    if (k->slots[slot] == 0) {
        k->written[g->n_positions - k->rule_begin] = slot;
        k->slots[slot] = (uint32_t)g->n_positions++;
        k->first[g->n_positions] = (uint32_t)k->n_members;
    }
    return k->slots[slot];
}

static mote_status grow(void **items, size_t *capacity, size_t n, size_t item_bytes, mote_error *err) {
    if (n < *capacity)
        return MOTE_OK;
    size_t wanted = *capacity ? 2 * *capacity : 256;
    void *p = mote_mem_resize_array(*items, wanted, item_bytes);
    if (!p)
        return mote_error_alloc(err, wanted * item_bytes);
    *items = p;
    *capacity = wanted;
    return MOTE_OK;
}

static mote_status add_edge(compiler *k, unsigned lo, unsigned hi, uint32_t to) {
    mote_grammar *g = k->out;
    mote_grammar_edge *last = g->n_edges > k->current_edge ? &g->edges[g->n_edges - 1] : NULL;
    if (last && last->to == to && last->hi + 1u == lo) {
        last->hi = (uint8_t)hi;
        return MOTE_OK;
    }
    MOTE_TRY(grow((void **)&g->edges, &g->edges_capacity, g->n_edges, sizeof *g->edges, k->err));
    g->edges[g->n_edges++] = (mote_grammar_edge){(uint8_t)lo, (uint8_t)hi, to};
    return MOTE_OK;
}

static mote_status add_call(compiler *k, uint32_t rule, uint32_t to) {
    mote_grammar *g = k->out;
    MOTE_TRY(grow((void **)&g->calls, &g->calls_capacity, g->n_calls, sizeof *g->calls, k->err));
    g->calls[g->n_calls++] = (mote_grammar_call){rule, to};
    return MOTE_OK;
}

/* Cuts the bytes where any operation of the set begins or ends. */
static void find_intervals(compiler *k, uint32_t from, uint32_t to) {
    bool cuts[257] = {false};
    for (uint32_t i = from; i < to; i++) {
        const mote_grammar_op *op = &k->code->ops[k->members[i]];
        if (op->kind != MOTE_GRAMMAR_RANGE)
            continue;
        cuts[op->lo] = true;
        cuts[op->hi + 1] = true;
    }
    k->n_intervals = 0;
    for (unsigned b = 1; b <= 256; b++)
        if (cuts[b] || b == 256)
            k->interval_end[k->n_intervals++] = b;
}

/* Edges of position p, byte by byte joined. */
static mote_status join_bytes(compiler *k, uint32_t from, uint32_t to) {
    find_intervals(k, from, to);
    unsigned lo = 0;
    for (uint32_t interval = 0; interval < k->n_intervals; lo = k->interval_end[interval++]) {
        begin_set(k);
        for (uint32_t i = from; i < to; i++) {
            const mote_grammar_op *op = &k->code->ops[k->members[i]];
            if (op->kind == MOTE_GRAMMAR_RANGE && op->lo <= lo && op->hi >= lo)
                add(k, k->members[i] + 1);
        }
        k->n_work += to - from;
        if (k->n_members == k->first[k->out->n_positions])
            continue;
        uint32_t target = end_set(k);
        if (k->is_over)
            return MOTE_OK;
        MOTE_TRY(add_edge(k, lo, k->interval_end[interval] - 1, target));
    }
    return MOTE_OK;
}

/* Calls of one rule lead to one set. Members are sorted, calls of a rule need not stand beside each other. */
static mote_status join_calls(compiler *k, uint32_t from, uint32_t to) {
    const mote_grammar_op *ops = k->code->ops;
    size_t n_called = 0;
    for (uint32_t i = from; i < to; i++)
        if (ops[k->members[i]].kind == MOTE_GRAMMAR_CALL)
            k->called[n_called++] = (uint32_t)ops[k->members[i]].a;
    qsort(k->called, n_called, sizeof *k->called, by_number);
    for (size_t n = 0; n < n_called; n++) {
        uint32_t rule = k->called[n];
        if (n > 0 && rule == k->called[n - 1])
            continue;
        begin_set(k);
        for (uint32_t i = from; i < to; i++)
            if (ops[k->members[i]].kind == MOTE_GRAMMAR_CALL && (uint32_t)ops[k->members[i]].a == rule)
                add(k, k->members[i] + 1);
        k->n_work += to - from;
        uint32_t target = end_set(k);
        if (k->is_over)
            return MOTE_OK;
        MOTE_TRY(add_call(k, rule, target));
    }
    return MOTE_OK;
}

/* The same where operations are kept apart. */
static mote_status join_apart(compiler *k, uint32_t from, uint32_t to) {
    for (uint32_t i = from; i < to; i++) {
        const mote_grammar_op *op = &k->code->ops[k->members[i]];
        if (op->kind == MOTE_GRAMMAR_END)
            continue;
        uint32_t lo = op->lo, hi = op->hi, rule = (uint32_t)op->a;
        bool is_call = op->kind == MOTE_GRAMMAR_CALL;
        begin_set(k);
        add(k, k->members[i] + 1);
        uint32_t target = end_set(k);
        if (k->is_over)
            return MOTE_OK;
        MOTE_TRY(is_call ? add_call(k, rule, target) : add_edge(k, lo, hi, target));
    }
    return MOTE_OK;
}

/* The positions of a rule. */
static mote_status join_rule(compiler *k, const mote_grammar_rule *rule, bool apart) {
    mote_grammar *g = k->out;
    k->is_over = false;
    k->rule_begin = g->n_positions;
    k->most_work = apart ? MAX_WORK : MAX_WORK / 2; /* so that keeping apart is always tried */
    k->rule_most = apart ? MAX_POSITIONS : (size_t)SETS_AN_OP * rule->n_ops + MIN_SETS;
    begin_set(k);
    add(k, rule->begin);
    end_set(k);
    for (size_t p = k->rule_begin; p < g->n_positions && !k->is_over; p++) {
        uint32_t from = k->first[p], to = k->first[p + 1];
        k->current_edge = g->n_edges;
        g->positions[p] = (mote_grammar_position){.edge = (uint32_t)g->n_edges, .call = (uint32_t)g->n_calls, .distance = MOTE_GRAMMAR_ENDLESS};
        for (uint32_t i = from; i < to; i++) {
            uint32_t distance = k->code->distance[k->members[i]];
            g->positions[p].is_final |= k->code->ops[k->members[i]].kind == MOTE_GRAMMAR_END;
            g->positions[p].distance = distance < g->positions[p].distance ? distance : g->positions[p].distance;
        }
        if (apart) {
            MOTE_TRY(join_apart(k, from, to));
        } else {
            MOTE_TRY(join_bytes(k, from, to));
            if (!k->is_over)
                MOTE_TRY(join_calls(k, from, to));
        }
        g->positions[p].is_last = g->positions[p].is_final && g->n_edges == g->positions[p].edge && g->n_calls == g->positions[p].call;
    }
    return MOTE_OK;
}

static mote_status compile_rule(compiler *k, const mote_grammar_rule *rule) {
    mote_grammar *g = k->out;
    size_t n_positions = g->n_positions, n_edges = g->n_edges, n_calls = g->n_calls;
    MOTE_TRY(join_rule(k, rule, false));
    if (!k->is_over)
        return MOTE_OK;
    for (size_t i = 0; i < g->n_positions - n_positions; i++)
        k->slots[k->written[i]] = 0;
    g->n_positions = n_positions;
    g->n_edges = n_edges;
    g->n_calls = n_calls;
    MOTE_TRY(join_rule(k, rule, true));
    return k->is_over ? too_complex(k) : MOTE_OK;
}

/* The way to the end that begins with a byte of the position's own; and classes of bytes that no edge tells apart. */
static void finish_edges(mote_grammar *g) {
    bool cuts[257] = {false};
    for (size_t p = 0; p < g->n_positions; p++) {
        mote_grammar_position *position = &g->positions[p];
        position->byte_distance = MOTE_GRAMMAR_ENDLESS;
        for (uint32_t i = position->edge; i < g->positions[p + 1].edge; i++) {
            uint32_t d = g->positions[g->edges[i].to].distance;
            d = d >= MOTE_GRAMMAR_FAR ? MOTE_GRAMMAR_FAR : d + 1;
            cuts[g->edges[i].lo] = true;
            cuts[g->edges[i].hi + 1] = true;
            if (d >= position->byte_distance)
                continue;
            position->byte_distance = d;
            position->byte = g->edges[i].lo;
        }
    }
    for (unsigned b = 0; b < 256; b++) {
        g->n_classes += b > 0 && cuts[b];
        g->byte_class[b] = (uint8_t)g->n_classes;
    }
    g->n_classes++;
}

/* Rules that may begin at once with another before those: by depth, the last to be left is the first. */
static void rank_rules(mote_grammar *g, uint32_t *way, uint32_t *at) {
    uint32_t left = (uint32_t)g->n_rules;
    for (uint32_t r = 0; r < g->n_rules; r++)
        g->ranks[r] = UINT32_MAX;
    for (uint32_t r = 0; r < g->n_rules; r++) {
        size_t n = 0;
        if (g->ranks[r] != UINT32_MAX)
            continue;
        way[n] = r;
        at[n++] = g->positions[g->starts[r]].call;
        g->ranks[r] = 0;
        while (n > 0) {
            uint32_t top = way[n - 1];
            if (at[n - 1] == g->positions[g->starts[top] + 1].call) {
                g->ranks[top] = --left;
                g->ranked[left] = top;
                n--;
                continue;
            }
            uint32_t called = g->calls[at[n - 1]++].rule;
            if (g->ranks[called] != UINT32_MAX)
                continue;
            g->ranks[called] = 0;
            way[n] = called;
            at[n++] = g->positions[g->starts[called]].call;
        }
    }
}

static mote_status compile_rules(compiler *k) {
    mote_grammar_code *c = k->code;
    mote_grammar *g = k->out;
    uint32_t *numbers = k->called; /* of the kept rules; not needed by join_calls any more */
    g->n_positions = 1;
    for (size_t r = 0; r < c->n_rules; r++)
        if (c->rules[r].is_kept) {
            g->starts[g->n_rules++] = (uint32_t)g->n_positions;
            MOTE_TRY(compile_rule(k, &c->rules[r]));
        }
    g->positions[g->n_positions] = (mote_grammar_position){.edge = (uint32_t)g->n_edges, .call = (uint32_t)g->n_calls};
    uint32_t n = 0;
    for (size_t r = 0; r < c->n_rules; r++)
        numbers[r] = c->rules[r].is_kept ? n++ : 0;
    for (size_t i = 0; i < g->n_calls; i++)
        g->calls[i].rule = numbers[g->calls[i].rule];
    g->root = numbers[c->root];
    finish_edges(g);
    rank_rules(g, k->todo, k->written);
    return MOTE_OK;
}

static void *room(mote_status *status, size_t n, size_t item_bytes, mote_error *err) {
    void *p = *status == MOTE_OK ? mote_mem_zalloc_array(n, item_bytes) : NULL;
    if (!p && *status == MOTE_OK)
        *status = mote_error_alloc(err, n * item_bytes);
    return p;
}

static mote_status compile(mote_grammar_code *c, mote_grammar *g, mote_error *err) {
    mote_status status = MOTE_OK;
    const size_t n = c->n_ops > c->n_rules ? c->n_ops : c->n_rules;
    compiler k = {.code = c, .out = g, .err = err};
    k.members = room(&status, MAX_MEMBERS, sizeof *k.members, err);
    k.first = room(&status, MAX_POSITIONS + 2, sizeof *k.first, err);
    k.slots = room(&status, N_SLOTS, sizeof *k.slots, err);
    k.written = room(&status, MAX_POSITIONS + 1, sizeof *k.written, err);
    k.seen = room(&status, n, sizeof *k.seen, err);
    k.todo = room(&status, 2 * n + 1, sizeof *k.todo, err);
    k.called = room(&status, n, sizeof *k.called, err);
    g->positions = room(&status, MAX_POSITIONS + 2, sizeof *g->positions, err);
    g->starts = room(&status, c->n_rules, sizeof *g->starts, err);
    g->ranks = room(&status, c->n_rules, sizeof *g->ranks, err);
    g->ranked = room(&status, c->n_rules, sizeof *g->ranked, err);
    if (status == MOTE_OK)
        status = compile_rules(&k);
    mote_grammar_position *fewer = status == MOTE_OK ? mote_mem_resize_array(g->positions, g->n_positions + 1, sizeof *fewer) : NULL;
    g->positions = fewer ? fewer : g->positions;
    mote_mem_free(k.members);
    mote_mem_free(k.first);
    mote_mem_free(k.slots);
    mote_mem_free(k.written);
    mote_mem_free(k.seen);
    mote_mem_free(k.todo);
    mote_mem_free(k.called);
    return status;
}

mote_status mote_grammar_compile(mote_str text, mote_grammar **grammar, mote_error *err) {
    mote_grammar_code code = {0};
    mote_status status;
    *grammar = NULL;
    mote_grammar *g = mote_mem_zalloc_array(1, sizeof *g);
    if (!g)
        return mote_error_alloc(err, sizeof *g);
    MOTE_TRY_DONE(mote_grammar_parse(text, &code, err));
    MOTE_TRY_DONE(mote_grammar_measure(&code, err));
    MOTE_TRY_DONE(mote_grammar_measure_check(&code, err));
    MOTE_TRY_DONE(mote_grammar_inline(&code, err));
    MOTE_TRY_DONE(mote_grammar_measure(&code, err));
    MOTE_TRY_DONE(compile(&code, g, err));
    *grammar = g;
    g = NULL;
done:
    mote_grammar_code_deinit(&code);
    mote_grammar_free(&g);
    return status;
}

void mote_grammar_free(mote_grammar **grammar) {
    mote_grammar *g = *grammar;
    if (!g)
        return;
    mote_mem_free(g->positions);
    mote_mem_free(g->edges);
    mote_mem_free(g->calls);
    mote_mem_free(g->starts);
    mote_mem_free(g->ranks);
    mote_mem_free(g->ranked);
    mote_mem_free(g);
    *grammar = NULL;
}
