/* Rules that reach no recursion are put into those that call them, where they are small or called once: what is regular becomes one rule, a state has fewer frames, and loops such
 * as the inside of a string are loops of one rule. Rules that nobody needs are left out. */
#include "base/error.h"
#include "base/mem.h"
#include "text/grammar_code.h"

enum {
    MAX_COPIED = 200, /* operations of a rule that is called more than once: the characters of a JSON string have 60 */
    MAX_BODY = 8192   /* of a rule with all that was put into it */
};

typedef struct inliner {
    const mote_grammar_code *from;
    mote_grammar_op *ops; /* of all rules done, behind each other */
    size_t n_ops;
    mote_grammar_rule *rules; /* as they become */
    uint32_t *order, n_order; /* rules without recursion, those that are called first */
    uint32_t *n_open;         /* calls of a rule that are not decided yet */
    uint32_t *places;         /* where each operation of a rule goes */
} inliner;

/* Marks what root needs, and counts calls. */
static void mark_kept(inliner *in, uint32_t *todo) {
    const mote_grammar_code *c = in->from;
    size_t n = 0;
    todo[n++] = c->root;
    in->rules[c->root].is_kept = true;
    while (n > 0) {
        const mote_grammar_rule *r = &c->rules[todo[--n]];
        for (uint32_t pc = r->begin; pc < r->begin + r->n_ops; pc++) {
            if (c->ops[pc].kind != MOTE_GRAMMAR_CALL)
                continue;
            mote_grammar_rule *called = &in->rules[c->ops[pc].a];
            called->n_calls++;
            if (!called->is_kept)
                todo[n++] = (uint32_t)c->ops[pc].a;
            called->is_kept = true;
        }
    }
}

static mote_status find_order(inliner *in, mote_error *err) {
    const mote_grammar_code *c = in->from;
    size_t n_sites = 0;
    uint32_t *first = mote_mem_zalloc_array(c->n_rules + 1, sizeof *first), *callers = mote_mem_alloc_array(c->n_ops, sizeof *callers);
    if (!first || !callers) {
        mote_mem_free(first);
        mote_mem_free(callers);
        return mote_error_alloc(err, c->n_ops * sizeof *callers);
    }
    for (size_t r = 0; r < c->n_rules; r++) {
        first[r] = (uint32_t)n_sites;
        n_sites += in->rules[r].is_kept ? in->rules[r].n_calls : 0;
    }
    first[c->n_rules] = (uint32_t)n_sites;
    for (uint32_t r = 0; r < c->n_rules; r++)
        for (uint32_t pc = c->rules[r].begin; in->rules[r].is_kept && pc < c->rules[r].begin + c->rules[r].n_ops; pc++)
            if (c->ops[pc].kind == MOTE_GRAMMAR_CALL) {
                callers[first[c->ops[pc].a]++] = r;
                in->n_open[r]++;
            }
    memmove(first + 1, first, c->n_rules * sizeof *first);
    first[0] = 0;
    for (uint32_t r = 0; r < c->n_rules; r++)
        if (in->rules[r].is_kept && in->n_open[r] == 0)
            in->order[in->n_order++] = r;
    for (uint32_t i = 0; i < in->n_order; i++)
        for (uint32_t k = first[in->order[i]]; k < first[in->order[i] + 1]; k++)
            if (--in->n_open[callers[k]] == 0)
                in->order[in->n_order++] = callers[k];
    mote_mem_free(first);
    mote_mem_free(callers);
    return MOTE_OK;
}

/* The operations that a call becomes: its rule's, without the end, or itself. */
static uint32_t grown(const inliner *in, const mote_grammar_op *op, size_t n_body) {
    if (op->kind != MOTE_GRAMMAR_CALL || in->n_open[op->a] > 0)
        return 1;
    const mote_grammar_rule *called = &in->rules[op->a];
    bool fits = called->n_ops <= MAX_COPIED || called->n_calls == 1;
    return fits && n_body + called->n_ops <= MAX_BODY && in->n_ops + n_body + called->n_ops <= MOTE_GRAMMAR_MAX_OPS ? called->n_ops - 1 : 1;
}

static void write_rule(inliner *in, uint32_t rule) {
    const mote_grammar_code *c = in->from;
    const mote_grammar_rule *old = &c->rules[rule];
    uint32_t begin = (uint32_t)in->n_ops, at = begin;
    for (uint32_t i = 0; i < old->n_ops; i++) {
        in->places[i] = at;
        at += grown(in, &c->ops[old->begin + i], at - begin);
    }
    for (uint32_t i = 0; i < old->n_ops; i++) {
        mote_grammar_op op = c->ops[old->begin + i];
        uint32_t place = in->places[i], next = i + 1 < old->n_ops ? in->places[i + 1] : at;
        if (op.kind == MOTE_GRAMMAR_CALL && grown(in, &op, place - begin) == in->rules[op.a].n_ops - 1 && in->n_open[op.a] == 0) {
            memcpy(in->ops + place, in->ops + in->rules[op.a].begin, (next - place) * sizeof *in->ops);
            continue;
        }
        if (op.kind == MOTE_GRAMMAR_SPLIT || op.kind == MOTE_GRAMMAR_JUMP)
            op.a = (int32_t)in->places[(int32_t)i + op.a] - (int32_t)place;
        if (op.kind == MOTE_GRAMMAR_SPLIT)
            op.b = (int32_t)in->places[(int32_t)i + op.b] - (int32_t)place;
        in->ops[place] = op;
    }
    in->rules[rule].begin = begin;
    in->rules[rule].n_ops = at - begin;
    in->n_ops = at;
}

/* Those that are still called; other rules have no operations. */
static void keep_called(inliner *in, uint32_t *todo) {
    const mote_grammar_code *c = in->from;
    size_t n = 0;
    for (size_t r = 0; r < c->n_rules; r++)
        in->rules[r].is_kept = false;
    todo[n++] = c->root;
    in->rules[c->root].is_kept = true;
    while (n > 0) {
        const mote_grammar_rule *r = &in->rules[todo[--n]];
        for (uint32_t pc = r->begin; pc < r->begin + r->n_ops; pc++)
            if (in->ops[pc].kind == MOTE_GRAMMAR_CALL && !in->rules[in->ops[pc].a].is_kept) {
                in->rules[in->ops[pc].a].is_kept = true;
                todo[n++] = (uint32_t)in->ops[pc].a;
            }
    }
    for (size_t r = 0; r < c->n_rules; r++)
        if (!in->rules[r].is_kept)
            in->rules[r].n_ops = 0;
}

static mote_status run(inliner *in, uint32_t *todo, mote_error *err) {
    const mote_grammar_code *c = in->from;
    mark_kept(in, todo);
    MOTE_TRY(find_order(in, err));
    for (uint32_t i = 0; i < in->n_order; i++)
        write_rule(in, in->order[i]);
    for (uint32_t r = 0; r < c->n_rules; r++)
        if (in->rules[r].is_kept && in->n_open[r] > 0)
            write_rule(in, r);
    keep_called(in, todo);
    return MOTE_OK;
}

/* What is not called any more stays where it is; nobody looks at it. */
mote_status mote_grammar_inline(mote_grammar_code *c, mote_error *err) {
    const size_t n = c->n_rules;
    inliner in = {.from = c};
    in.ops = mote_mem_alloc_array(2 * MOTE_GRAMMAR_MAX_OPS, sizeof *in.ops);
    in.rules = mote_mem_alloc_array(n, sizeof *in.rules);
    in.order = mote_mem_alloc_array(n, sizeof *in.order);
    in.n_open = mote_mem_zalloc_array(n, sizeof *in.n_open);
    in.places = mote_mem_alloc_array(c->n_ops, sizeof *in.places);
    uint32_t *todo = mote_mem_alloc_array(n, sizeof *todo);
    mote_status status;
    if (in.ops && in.rules && in.order && in.n_open && in.places && todo) {
        memcpy(in.rules, c->rules, n * sizeof *in.rules);
        status = run(&in, todo, err);
    } else {
        status = mote_error_alloc(err, 2 * MOTE_GRAMMAR_MAX_OPS * sizeof *in.ops);
    }
    if (status == MOTE_OK) {
        mote_mem_free(c->ops);
        c->ops = in.ops;
        c->n_ops = c->ops_capacity = in.n_ops;
        in.ops = NULL;
        memcpy(c->rules, in.rules, n * sizeof *in.rules);
    }
    mote_mem_free(in.ops);
    mote_mem_free(in.rules);
    mote_mem_free(in.order);
    mote_mem_free(in.n_open);
    mote_mem_free(in.places);
    mote_mem_free(todo);
    return status;
}
