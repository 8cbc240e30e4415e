/* For loops and the loop object. Items are pulled one at a time, and the loop looks ahead only when the body asks (loop.last, nextitem, length), because a
 * filter behind `if` may depend on what the body does. */
#include "text/jinja_ast.h"
#include "text/jinja_run.h"

struct jinja_loop {
    const jinja_node *node;
    jinja_scope *parent;
    jinja_value iterable;
    jinja_iter *iter;
    size_t index; /* counts from 1 */
    jinja_value after, current, before;
    bool has_length;
    size_t length;
    jinja_value changed; /* a tuple; missing at first */
    size_t depth0;
};

/* The next item for which the loop's `if` holds. The test runs in a scope of its own: looking ahead must not touch the body's variables. */
static int next_filtered(jinja_run *r, jinja_iter *it, jinja_value *out) {
    const jinja_loop *loop = it->state;
    jinja_scope *saved = r->scope;
    jinja_value test;
    int got;
    while ((got = mote_jinja_pull(r, it->inner, out)) == JINJA_ITEM) {
        r->scope = mote_jinja_new_scope(r, loop->parent);
        bool ok = r->scope && jinja_spend(r, 1) && mote_jinja_assign(r, loop->node->a, *out) && mote_jinja_eval(r, loop->node->c, &test);
        r->scope = saved;
        if (!ok)
            return JINJA_FAILED;
        if (mote_jinja_truth(test))
            return JINJA_ITEM;
    }
    return got;
}

static bool peek(jinja_run *r, jinja_loop *loop) {
    if (loop->after.type != JINJA_MISSING)
        return true;
    int got = loop->iter->next(r, loop->iter, &loop->after);
    if (got == JINJA_END)
        loop->after = JINJA_MISSING_VALUE;
    return got != JINJA_FAILED;
}

static int advance(jinja_run *r, jinja_loop *loop) {
    jinja_value v;
    if (loop->after.type != JINJA_MISSING) {
        v = loop->after;
        loop->after = JINJA_MISSING_VALUE;
    } else {
        int got = loop->iter->next(r, loop->iter, &v);
        if (got != JINJA_ITEM)
            return got;
    }
    loop->index++;
    loop->before = loop->current;
    loop->current = v;
    return JINJA_ITEM;
}

static jinja_loop *new_loop(jinja_run *r, const jinja_node *n, jinja_value iterable, size_t depth0) {
    jinja_loop *loop = mote_jinja_alloc(r, sizeof *loop);
    jinja_iter *it = loop ? mote_jinja_iterate(r, iterable) : NULL;
    if (!it)
        return NULL;
    *loop = (jinja_loop){.node = n, .parent = r->scope, .iterable = iterable, .iter = it, .depth0 = depth0};
    if (n->c) {
        loop->iterable = JINJA_MISSING_VALUE;
        loop->iter = mote_jinja_new_iter(r, next_filtered, it, loop);
    }
    return loop->iter ? loop : NULL;
}

enum { LOOP_ID = 3 }; /* the parser interns the name "loop" as number 3 */

static jinja_flow run_body(jinja_run *r, jinja_loop *loop, bool *completed) {
    const jinja_node *n = loop->node;
    jinja_scope *scope = mote_jinja_new_scope(r, loop->parent);
    jinja_flow flow = scope ? JINJA_FLOW_NEXT : JINJA_FLOW_FAIL;
    int got;
    while (flow != JINJA_FLOW_FAIL && flow != JINJA_FLOW_BREAK && (got = advance(r, loop)) != JINJA_END) {
        scope->n = 0;
        r->scope = scope;
        bool ok = got == JINJA_ITEM && jinja_spend(r, 1) && mote_jinja_set_var(r, LOOP_ID, (jinja_value){.type = JINJA_LOOP, .u.loop = loop}) &&
                  mote_jinja_assign(r, n->a, loop->current);
        flow = ok ? mote_jinja_exec(r, n->body) : JINJA_FLOW_FAIL;
        r->scope = loop->parent;
        if (flow == JINJA_FLOW_NEXT)
            *completed = true;
    }
    return flow == JINJA_FLOW_FAIL ? flow : JINJA_FLOW_NEXT;
}

jinja_flow mote_jinja_run_for(jinja_run *r, const jinja_node *n, jinja_value iterable, size_t depth0) {
    jinja_loop *loop = new_loop(r, n, iterable, depth0);
    jinja_scope *outer = r->scope;
    bool completed = false; /* a body that ran to its end; Jinja takes the else branch without one, even after a break */
    jinja_flow flow = loop ? run_body(r, loop, &completed) : JINJA_FLOW_FAIL;
    r->scope = outer;
    if (flow == JINJA_FLOW_NEXT && !completed && n->orelse) {
        r->scope = mote_jinja_new_scope(r, outer);
        flow = r->scope ? mote_jinja_exec(r, n->orelse) : JINJA_FLOW_FAIL;
        r->scope = outer;
    }
    return flow;
}

bool mote_jinja_loop_call(jinja_run *r, jinja_loop *loop, const jinja_args *args, jinja_value *out) {
    if (!loop->node->flag)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: the loop must have the 'recursive' marker to be called recursively");
    if (args->n + args->n_kw != 1)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: loop() takes one iterable");
    if (r->call_depth >= JINJA_MAX_CALL_DEPTH)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "recursion deeper than the limit of %d calls", JINJA_MAX_CALL_DEPTH);
    jinja_scope *saved = r->scope;
    size_t mark = r->text.len;
    unsigned line = r->line;
    r->call_depth++;
    r->scope = loop->parent;
    jinja_flow flow = mote_jinja_run_for(r, loop->node, args->n ? args->v[0] : args->kw[0].value, loop->depth0 + 1);
    bool ok = flow != JINJA_FLOW_FAIL && mote_jinja_take(r, mark, out);
    r->scope = saved;
    r->call_depth--;
    if (ok)
        r->line = line;
    return ok;
}

bool mote_jinja_loop_length(jinja_run *r, jinja_loop *loop, size_t *n) {
    if (!loop->has_length) {
        jinja_value v = loop->iterable;
        if (v.type == JINJA_MISSING || v.type == JINJA_ITER) {
            jinja_list *rest;
            if (!mote_jinja_collect(r, jinja_of_iter(loop->iter), &rest))
                return false;
            loop->iter = mote_jinja_iterate(r, jinja_of_list(rest));
            if (!loop->iter)
                return false;
            loop->length = rest->n + loop->index + (loop->after.type != JINJA_MISSING);
        } else if (!mote_jinja_length(r, v, &loop->length)) {
            return false;
        }
        loop->has_length = true;
    }
    *n = loop->length;
    return true;
}

size_t mote_jinja_loop_index(const jinja_loop *loop) {
    return loop->index;
}

static bool number(size_t n, jinja_value *out) {
    *out = jinja_int((int64_t)n);
    return true;
}

bool mote_jinja_loop_attr(jinja_run *r, jinja_value v, mote_str name, jinja_value *out) {
    jinja_loop *loop = v.u.loop;
    size_t n;
    if (mote_str_is(name, "index"))
        return number(loop->index, out);
    if (mote_str_is(name, "index0"))
        return number(loop->index - 1, out);
    if (mote_str_is(name, "depth"))
        return number(loop->depth0 + 1, out);
    if (mote_str_is(name, "depth0"))
        return number(loop->depth0, out);
    if (mote_str_is(name, "first")) {
        *out = jinja_bool(loop->index == 1);
        return true;
    }
    if (mote_str_is(name, "previtem")) {
        *out = loop->index == 1 ? jinja_hint("there is no previous item") : loop->before;
        return true;
    }
    if (mote_str_is(name, "last") || mote_str_is(name, "nextitem")) {
        if (!peek(r, loop))
            return false;
        bool none = loop->after.type == JINJA_MISSING;
        *out = name.data[0] == 'l' ? jinja_bool(none) : none ? jinja_hint("there is no next item") : loop->after;
        return true;
    }
    if (mote_str_is(name, "length"))
        return mote_jinja_loop_length(r, loop, &n) && number(n, out);
    if (mote_str_is(name, "revindex") || mote_str_is(name, "revindex0")) {
        if (!mote_jinja_loop_length(r, loop, &n))
            return false;
        *out = jinja_int((int64_t)n - (int64_t)loop->index + (name.len == 8));
    }
    return true;
}

static bool loop_cycle(jinja_run *r, const jinja_args *args, jinja_value *out) {
    if (args->n < 2 || args->n_kw)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: no items for cycling given");
    *out = args->v[1 + (args->v[0].u.loop->index - 1) % (args->n - 1)];
    return true;
}

static bool loop_changed(jinja_run *r, const jinja_args *args, jinja_value *out) {
    jinja_loop *loop = args->v[0].u.loop;
    jinja_list *l = mote_jinja_new_list(r, args->n - 1);
    bool same = false;
    if (!l)
        return false;
    for (size_t i = 0; i < l->n; i++)
        l->items[i] = args->v[1 + i];
    jinja_value now = {.type = JINJA_TUPLE, .u.l = l};
    if (loop->changed.type != JINJA_MISSING && !mote_jinja_equal(r, loop->changed, now, &same))
        return false;
    loop->changed = now;
    *out = jinja_bool(!same);
    return true;
}

const jinja_builtin *mote_jinja_loop_method(mote_str name) {
    static const jinja_builtin methods[] = {{.name = "cycle", .raw = loop_cycle}, {.name = "changed", .raw = loop_changed}, {.name = NULL}};
    return mote_jinja_find(methods, name);
}
