/* Runs statements. Scopes are Jinja's: if shares the surrounding scope; for, macro, call, with, filter, block set and generation open one; assignments go to
 * the innermost; names are looked up outwards. */
#include "text/jinja_ast.h"
#include "text/jinja_run.h"

jinja_scope *mote_jinja_new_scope(jinja_run *r, jinja_scope *parent) {
    jinja_scope *s = mote_jinja_alloc(r, sizeof *s);
    if (s)
        *s = (jinja_scope){.parent = parent};
    return s;
}

bool mote_jinja_set_var(jinja_run *r, uint32_t id, jinja_value v) {
    jinja_scope *s = r->scope;
    if (!s) {
        r->root[id] = v;
        return true;
    }
    if (!jinja_spend(r, s->n / 8))
        return false;
    for (uint32_t i = 0; i < s->n; i++)
        if (s->vars[i].id == id) {
            s->vars[i].value = v;
            return true;
        }
    if (s->n == s->capacity) {
        uint32_t capacity = s->capacity ? s->capacity * 2 : 4;
        void *vars = mote_jinja_alloc_array(r, capacity, sizeof *s->vars);
        if (!vars)
            return false;
        if (s->n)
            memcpy(vars, s->vars, s->n * sizeof *s->vars);
        s->vars = vars;
        s->capacity = capacity;
    }
    s->vars[s->n].id = id;
    s->vars[s->n++].value = v;
    return true;
}

static bool assign_attribute(jinja_run *r, const jinja_node *target, jinja_value v) {
    jinja_value obj;
    jinja_node name = *target;
    name.kind = JINJA_N_NAME;
    if (!mote_jinja_eval(r, &name, &obj))
        return false;
    if (obj.type != JINJA_NAMESPACE)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "cannot assign attribute on non-namespace object");
    if (target->as.u.name->text.data[0] == '_')
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "namespace attributes that begin with an underscore are not allowed");
    return mote_jinja_dict_set(r, obj.u.d, jinja_of_str(target->as.u.name), v);
}

bool mote_jinja_assign(jinja_run *r, const jinja_node *target, jinja_value v) {
    if (target->kind == JINJA_N_NAME)
        return mote_jinja_set_var(r, target->id, v);
    if (target->kind == JINJA_N_NSREF)
        return assign_attribute(r, target, v);
    jinja_list *l;
    if (!mote_jinja_enter(r))
        return false;
    if (!mote_jinja_iterable(v))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: cannot unpack non-iterable %s object", mote_jinja_type_name(v));
    if (!mote_jinja_collect(r, v, &l))
        return false;
    if (l->n != target->n)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: %s values to unpack (expected %u, got %zu)", l->n < target->n ? "not enough" : "too many", target->n, l->n);
    for (uint32_t i = 0; i < target->n; i++)
        if (!mote_jinja_assign(r, target->items[i], l->items[i]))
            return false;
    r->depth--;
    return true;
}

static jinja_flow exec_if(jinja_run *r, const jinja_node *n) {
    jinja_value test;
    for (; n && n->kind == JINJA_N_IF; n = n->orelse) {
        if (!mote_jinja_eval(r, n->a, &test))
            return JINJA_FLOW_FAIL;
        if (mote_jinja_truth(test))
            return mote_jinja_exec(r, n->body);
    }
    return n ? mote_jinja_exec(r, n) : JINJA_FLOW_NEXT;
}

/* Runs a body in a scope of its own below `parent`. */
static jinja_flow exec_scoped(jinja_run *r, const jinja_node *body, jinja_scope *parent) {
    jinja_scope *saved = r->scope;
    r->scope = mote_jinja_new_scope(r, parent);
    jinja_flow flow = r->scope ? mote_jinja_exec(r, body) : JINJA_FLOW_FAIL;
    r->scope = saved;
    return flow;
}

/* {% set x %}…{% endset %} and {% filter f %}…{% endfilter %} */
static jinja_flow exec_captured(jinja_run *r, const jinja_node *n) {
    size_t mark = r->text.len;
    jinja_value text;
    jinja_flow flow = exec_scoped(r, n->body, r->scope);
    if (flow == JINJA_FLOW_FAIL || !mote_jinja_take(r, mark, &text))
        return JINJA_FLOW_FAIL;
    if (flow != JINJA_FLOW_NEXT)
        return flow; /* a break or continue inside: the text is lost, as in Jinja */
    r->block_text = text;
    if (n->b && !mote_jinja_eval(r, n->b, &text))
        return JINJA_FLOW_FAIL;
    bool ok = n->kind == JINJA_N_SETBLOCK ? mote_jinja_assign(r, n->a, text) : mote_jinja_put_str(r, text);
    return ok ? JINJA_FLOW_NEXT : JINJA_FLOW_FAIL;
}

static jinja_flow exec_with(jinja_run *r, const jinja_node *n) {
    jinja_scope *outer = r->scope, *inner = mote_jinja_new_scope(r, outer);
    jinja_value v;
    bool ok = inner != NULL;
    for (uint32_t i = 0; ok && i < n->n; i++) {
        r->scope = outer; /* values do not see the names beside them */
        ok = mote_jinja_eval(r, n->kw[i], &v);
        r->scope = inner;
        ok = ok && mote_jinja_assign(r, n->items[i], v);
    }
    r->scope = inner;
    jinja_flow flow = ok ? mote_jinja_exec(r, n->body) : JINJA_FLOW_FAIL;
    r->scope = outer;
    return flow;
}

static bool make_macro(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_macro *m = mote_jinja_alloc(r, sizeof *m);
    if (!m)
        return false;
    *m = (jinja_macro){n, r->scope};
    *out = (jinja_value){.type = JINJA_MACRO, .u.macro = m};
    return true;
}

static bool exec_simple(jinja_run *r, const jinja_node *n) {
    jinja_value v;
    switch (n->kind) {
    case JINJA_N_DATA:
        return mote_jinja_put_str(r, n->as.value);
    case JINJA_N_PRINT:
        return mote_jinja_eval(r, n->a, &v) && mote_jinja_put_str(r, v);
    case JINJA_N_SET:
        return mote_jinja_eval(r, n->b, &v) && mote_jinja_assign(r, n->a, v);
    case JINJA_N_MACRO:
        return make_macro(r, n, &v) && mote_jinja_set_var(r, n->id, v);
    case JINJA_N_CALLBLOCK:
        return make_macro(r, n->b, &v) && mote_jinja_eval_call(r, n->a, &v, &v) && mote_jinja_put_str(r, v);
    default:
        return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "'%.*s' is not supported: a template reads no other files", MOTE_STR_ARGS(n->as.u.name->text));
    }
}

static jinja_flow exec(jinja_run *r, const jinja_node *n) {
    jinja_value v;
    switch (n->kind) {
    case JINJA_N_SEQ:
        return mote_jinja_exec(r, n);
    case JINJA_N_IF:
        return exec_if(r, n);
    case JINJA_N_FOR:
        return mote_jinja_eval(r, n->b, &v) ? mote_jinja_run_for(r, n, v, 0) : JINJA_FLOW_FAIL;
    case JINJA_N_SETBLOCK:
    case JINJA_N_FILTERBLOCK:
        return exec_captured(r, n);
    case JINJA_N_WITH:
        return exec_with(r, n);
    case JINJA_N_SCOPE:
        return exec_scoped(r, n->body, r->scope);
    case JINJA_N_BLOCK:
        return exec_scoped(r, n->body, n->flag ? r->scope : NULL);
    case JINJA_N_AUTOESCAPE:
        if (!mote_jinja_eval(r, n->a, &v))
            return JINJA_FLOW_FAIL;
        if (mote_jinja_truth(v)) {
            mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "'autoescape' is not supported");
            return JINJA_FLOW_FAIL;
        }
        return exec_scoped(r, n->body, r->scope);
    case JINJA_N_BREAK:
        return JINJA_FLOW_BREAK;
    case JINJA_N_CONTINUE:
        return JINJA_FLOW_CONTINUE;
    default:
        return exec_simple(r, n) ? JINJA_FLOW_NEXT : JINJA_FLOW_FAIL;
    }
}

jinja_flow mote_jinja_exec(jinja_run *r, const jinja_node *seq) {
    jinja_flow flow = JINJA_FLOW_NEXT;
    for (uint32_t i = 0; i < seq->n && flow == JINJA_FLOW_NEXT; i++) {
        r->line = seq->items[i]->line;
        flow = mote_jinja_enter(r) ? exec(r, seq->items[i]) : JINJA_FLOW_FAIL;
        r->depth--;
    }
    return flow;
}
