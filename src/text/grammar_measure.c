/* Shortest texts: from each operation to the end of its rule, by D. E. Knuth's "A generalization of Dijkstra's algorithm" (1977): what is known to be least is settled first; a
 * call is settled when both its rule and what follows it are. A rule at distance 0 may be empty; one that is never settled never ends. */
#include "base/error.h"
#include "base/mem.h"
#include "text/grammar_code.h"

typedef struct entry {
    uint32_t distance, pc;
} entry;

typedef struct measure {
    mote_grammar_code *code;
    uint32_t *before, *first_before; /* operations that go on at each: of pc, before[first_before[pc]] … before[first_before[pc + 1] - 1] */
    uint32_t *sites, *first_site;    /* calls of each rule */
    uint32_t *rule_at;               /* rule + 1 that begins at an operation */
    entry *heap;
    size_t n_heap;
} measure;

static void push(measure *m, uint32_t distance, uint32_t pc) {
    if (distance >= m->code->distance[pc])
        return;
    m->code->distance[pc] = distance;
    size_t i = m->n_heap++;
    for (; i > 0 && m->heap[(i - 1) / 2].distance > distance; i = (i - 1) / 2)
        m->heap[i] = m->heap[(i - 1) / 2];
    m->heap[i] = (entry){distance, pc};
}

static entry pop(measure *m) {
    entry top = m->heap[0], moved = m->heap[--m->n_heap];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < m->n_heap; i = child) {
        if (child + 1 < m->n_heap && m->heap[child + 1].distance < m->heap[child].distance)
            child++;
        if (m->heap[child].distance >= moved.distance)
            break;
        m->heap[i] = m->heap[child];
    }
    m->heap[i] = moved;
    return top;
}

/* Where operation pc goes on, but for calls of their rules. */
static unsigned successors(const mote_grammar_code *c, uint32_t pc, uint32_t next[2]) {
    if (c->ops[pc].kind == MOTE_GRAMMAR_RANGE || c->ops[pc].kind == MOTE_GRAMMAR_CALL) {
        next[0] = pc + 1;
        return 1;
    }
    return mote_grammar_code_next(c, pc, next);
}

static void collect(measure *m) {
    const mote_grammar_code *c = m->code;
    uint32_t next[2];
    for (uint32_t pc = 0; pc < c->n_ops; pc++) {
        for (unsigned i = 0, n = successors(c, pc, next); i < n; i++)
            m->first_before[next[i] + 1]++;
        if (c->ops[pc].kind == MOTE_GRAMMAR_CALL)
            m->first_site[c->ops[pc].a + 1]++;
    }
    for (size_t i = 0; i < c->n_ops; i++)
        m->first_before[i + 1] += m->first_before[i];
    for (size_t i = 0; i < c->n_rules; i++)
        m->first_site[i + 1] += m->first_site[i];
    for (uint32_t pc = 0; pc < c->n_ops; pc++) {
        for (unsigned i = 0, n = successors(c, pc, next); i < n; i++)
            m->before[m->first_before[next[i]]++] = pc;
        if (c->ops[pc].kind == MOTE_GRAMMAR_CALL)
            m->sites[m->first_site[c->ops[pc].a]++] = pc;
    }
    memmove(m->first_before + 1, m->first_before, c->n_ops * sizeof *m->first_before); /* each begins where the one before ended */
    memmove(m->first_site + 1, m->first_site, c->n_rules * sizeof *m->first_site);
    m->first_before[0] = m->first_site[0] = 0;
    for (uint32_t r = 0; r < c->n_rules; r++)
        if (c->rules[r].n_ops)
            m->rule_at[c->rules[r].begin] = r + 1;
}

static uint32_t sum(uint32_t a, uint32_t b) {
    return a >= MOTE_GRAMMAR_FAR - b ? MOTE_GRAMMAR_FAR : a + b;
}

static uint32_t rule_distance(const mote_grammar_code *c, int32_t rule, const bool *settled) {
    uint32_t begin = c->rules[rule].begin;
    return settled[begin] ? c->distance[begin] : MOTE_GRAMMAR_ENDLESS;
}

static void settle(measure *m, uint32_t pc, bool *settled) {
    const mote_grammar_code *c = m->code;
    uint32_t d = c->distance[pc];
    settled[pc] = true;
    for (uint32_t i = m->first_before[pc]; i < m->first_before[pc + 1]; i++) {
        uint32_t from = m->before[i];
        const mote_grammar_op *op = &c->ops[from];
        uint32_t step = op->kind == MOTE_GRAMMAR_RANGE ? 1 : op->kind == MOTE_GRAMMAR_CALL ? rule_distance(c, op->a, settled) : 0;
        if (step != MOTE_GRAMMAR_ENDLESS)
            push(m, sum(d, step), from);
    }
    uint32_t rule = m->rule_at[pc];
    for (uint32_t i = rule ? m->first_site[rule - 1] : 0; rule && i < m->first_site[rule]; i++)
        if (settled[m->sites[i] + 1])
            push(m, sum(c->distance[m->sites[i] + 1], d), m->sites[i]);
}

mote_status mote_grammar_measure(mote_grammar_code *c, mote_error *err) {
    const size_t n = c->n_ops, n_bytes = n * (3 * sizeof(uint32_t) + 4 * sizeof(entry));
    mote_status status = MOTE_OK;
    measure m = {.code = c};
    mote_mem_free(c->distance);
    c->distance = mote_mem_alloc_array(n, sizeof *c->distance);
    m.before = mote_mem_alloc_array(2 * n, sizeof *m.before);
    m.first_before = mote_mem_zalloc_array(n + 1, sizeof *m.first_before);
    m.sites = mote_mem_alloc_array(n, sizeof *m.sites);
    m.first_site = mote_mem_zalloc_array(c->n_rules + 1, sizeof *m.first_site);
    m.rule_at = mote_mem_zalloc_array(n, sizeof *m.rule_at);
    m.heap = mote_mem_alloc_array(3 * n + 1, sizeof *m.heap); /* an entry an operation that goes on somewhere, and one a call for its rule */
    bool *settled = mote_mem_zalloc_array(n, sizeof *settled);
    if (!c->distance || !m.before || !m.first_before || !m.sites || !m.first_site || !m.rule_at || !m.heap || !settled) {
        status = mote_error_alloc(err, n_bytes);
        goto done;
    }
    collect(&m);
    for (uint32_t pc = 0; pc < n; pc++) {
        c->distance[pc] = MOTE_GRAMMAR_ENDLESS;
        if (c->ops[pc].kind == MOTE_GRAMMAR_END)
            push(&m, 0, pc);
    }
    while (m.n_heap > 0) {
        entry e = pop(&m);
        if (!settled[e.pc])
            settle(&m, e.pc, settled);
    }
done:
    mote_mem_free(m.before);
    mote_mem_free(m.first_before);
    mote_mem_free(m.sites);
    mote_mem_free(m.first_site);
    mote_mem_free(m.rule_at);
    mote_mem_free(m.heap);
    mote_mem_free(settled);
    return status;
}

/* Which rules a text can be in at once, without a byte between: looked for by depth, a rule on the way again is left recursion. */
typedef struct walk {
    const mote_grammar_code *code;
    uint8_t *seen;  /* of operations */
    uint8_t *state; /* of rules: 0, on the way 1, done 2 */
    uint32_t *todo; /* operations; a rule's are above its mark */
    size_t n_todo;
} walk;

/* Goes from the operations on `todo` until one calls; that rule, or -1 when there are none left above `least`. */
static int64_t next_call(walk *w, size_t least) {
    const mote_grammar_code *c = w->code;
    while (w->n_todo > least) {
        uint32_t pc = w->todo[--w->n_todo], next[2];
        if (w->seen[pc])
            continue;
        w->seen[pc] = 1;
        const mote_grammar_op *op = &c->ops[pc];
        bool may_be_empty = op->kind == MOTE_GRAMMAR_CALL && c->distance[c->rules[op->a].begin] == 0;
        for (unsigned i = 0, n = may_be_empty ? 0 : mote_grammar_code_next(c, pc, next); i < n; i++)
            w->todo[w->n_todo++] = next[i];
        if (may_be_empty)
            w->todo[w->n_todo++] = pc + 1;
        if (op->kind == MOTE_GRAMMAR_CALL)
            return op->a;
    }
    return -1;
}

typedef struct visit {
    uint32_t rule;
    size_t least;
} visit;

static mote_status walk_from(walk *w, visit *visits, uint32_t rule, mote_error *err) {
    const mote_grammar_code *c = w->code;
    size_t depth = 0;
    visits[0] = (visit){rule, w->n_todo};
    w->state[rule] = 1;
    w->todo[w->n_todo++] = c->rules[rule].begin;
    for (;;) {
        int64_t called = next_call(w, visits[depth].least);
        if (called < 0) {
            w->state[visits[depth].rule] = 2;
            if (depth-- == 0)
                return MOTE_OK;
        } else if (w->state[called] == 1) {
            return mote_grammar_error(c->text, c->rules[called].at, MOTE_ERR_FORMAT, err, "left recursion: rule '%.*s' begins with itself", MOTE_STR_ARGS(c->rules[called].name));
        } else if (w->state[called] == 0) {
            visits[++depth] = (visit){(uint32_t)called, w->n_todo};
            w->state[called] = 1;
            w->todo[w->n_todo++] = c->rules[called].begin;
        }
    }
}

mote_status mote_grammar_measure_check(const mote_grammar_code *c, mote_error *err) {
    mote_status status = MOTE_OK;
    walk w = {.code = c};
    w.seen = mote_mem_zalloc_array(c->n_ops, 1);
    w.state = mote_mem_zalloc_array(c->n_rules, 1);
    w.todo = mote_mem_alloc_array(2 * c->n_ops + c->n_rules, sizeof *w.todo);
    visit *visits = mote_mem_alloc_array(c->n_rules, sizeof *visits);
    if (!w.seen || !w.state || !w.todo || !visits)
        status = mote_error_alloc(err, c->n_ops * sizeof *w.todo);
    for (uint32_t r = 0; status == MOTE_OK && r < c->n_rules; r++)
        if (w.state[r] == 0)
            status = walk_from(&w, visits, r, err);
    for (uint32_t r = 0; status == MOTE_OK && r < c->n_rules; r++)
        if (c->distance[c->rules[r].begin] == MOTE_GRAMMAR_ENDLESS)
            status = mote_grammar_error(c->text, c->rules[r].at, MOTE_ERR_FORMAT, err, "rule '%.*s' never ends: it can't do without recursion", MOTE_STR_ARGS(c->rules[r].name));
    mote_mem_free(w.seen);
    mote_mem_free(w.state);
    mote_mem_free(w.todo);
    mote_mem_free(visits);
    return status;
}
