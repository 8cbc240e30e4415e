/* Evaluates expressions by walking the tree. */
#include "text/jinja_ast.h"
#include "text/jinja_run.h"

bool mote_jinja_enter(jinja_run *r) {
    if (++r->depth > JINJA_MAX_DEPTH)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "evaluation nests deeper than the limit of %d", JINJA_MAX_DEPTH);
    return jinja_spend(r, 1);
}

static bool eval_name(jinja_run *r, const jinja_node *n, jinja_value *out) {
    size_t looked_at = 0;
    for (const jinja_scope *s = r->scope; s; looked_at += s->n + 2, s = s->parent)
        for (uint32_t i = 0; i < s->n; i++)
            if (s->vars[i].id == n->id && s->vars[i].value.type != JINJA_MISSING) {
                *out = s->vars[i].value;
                return jinja_spend(r, looked_at / 8);
            }
    *out = r->root[n->id];
    if (out->type == JINJA_MISSING)
        *out = (jinja_value){.type = JINJA_UNDEFINED, .sub = JINJA_UNDEF_NAME, .u.s = n->as.u.name};
    return jinja_spend(r, looked_at / 8);
}

static bool eval_list(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_list *l = mote_jinja_new_list(r, n->n);
    if (!l)
        return false;
    for (uint32_t i = 0; i < n->n; i++)
        if (!mote_jinja_eval(r, n->items[i], &l->items[i]))
            return false;
    *out = (jinja_value){.type = n->kind == JINJA_N_TUPLE ? JINJA_TUPLE : JINJA_LIST, .u.l = l};
    return true;
}

static bool eval_dict(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_dict *d = mote_jinja_new_dict(r, n->n / 2);
    if (!d)
        return false;
    for (uint32_t i = 0; i + 1 < n->n; i += 2) {
        jinja_value key, value;
        if (!mote_jinja_eval(r, n->items[i], &key) || !mote_jinja_eval(r, n->items[i + 1], &value) || !mote_jinja_dict_set(r, d, key, value))
            return false;
    }
    *out = jinja_of_dict(d);
    return true;
}

static bool eval_item(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_value obj, part[3] = {JINJA_NONE_VALUE, JINJA_NONE_VALUE, JINJA_NONE_VALUE};
    if (!mote_jinja_eval(r, n->a, &obj))
        return false;
    if (n->b->kind != JINJA_N_SLICE)
        return mote_jinja_eval(r, n->b, &part[0]) && mote_jinja_getitem(r, obj, part[0], out);
    const jinja_node *nodes[3] = {n->b->a, n->b->b, n->b->c};
    for (int i = 0; i < 3; i++)
        if (nodes[i] && !mote_jinja_eval(r, nodes[i], &part[i]))
            return false;
    return mote_jinja_slice(r, obj, part[0], part[1], part[2], out);
}

static bool eval_operand(jinja_run *r, int op, jinja_value a, jinja_value b, bool *result) {
    switch (op) {
    case JINJA_OP_EQ:
        return mote_jinja_equal(r, a, b, result);
    case JINJA_OP_NE:
        if (!mote_jinja_equal(r, a, b, result))
            return false;
        *result = !*result;
        return true;
    case JINJA_OP_IN:
        return mote_jinja_contains(r, a, b, result);
    case JINJA_OP_NOT_IN:
        if (!mote_jinja_contains(r, a, b, result))
            return false;
        *result = !*result;
        return true;
    default:
        return mote_jinja_less(r, a, b, (jinja_order)(op - JINJA_OP_LT), result);
    }
}

static bool eval_compare(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_value left, right;
    bool result = true;
    if (!mote_jinja_eval(r, n->a, &left))
        return false;
    for (uint32_t i = 0; i < n->n && result; i++) {
        if (!mote_jinja_eval(r, n->items[i]->b, &right) || !eval_operand(r, n->items[i]->op, left, right, &result))
            return false;
        left = right;
    }
    *out = jinja_bool(result);
    return true;
}

static bool eval_concat(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_value part;
    if (!mote_jinja_eval(r, n->items[0], &part) || !mote_jinja_str(r, part, out))
        return false;
    out->sub = JINJA_PLAIN;
    for (uint32_t i = 1; i < n->n; i++)
        if (!mote_jinja_eval(r, n->items[i], &part) || !mote_jinja_str(r, part, &part) || !mote_jinja_concat(r, *out, part, out))
            return false;
    return true;
}

static bool eval_logic(jinja_run *r, const jinja_node *n, jinja_value *out) {
    if (n->kind != JINJA_N_COND)
        return mote_jinja_eval(r, n->a, out) && (mote_jinja_truth(*out) == (n->kind == JINJA_N_OR) || mote_jinja_eval(r, n->b, out));
    if (!mote_jinja_eval(r, n->a, out))
        return false;
    if (mote_jinja_truth(*out))
        return mote_jinja_eval(r, n->b, out);
    if (n->c)
        return mote_jinja_eval(r, n->c, out);
    *out = jinja_hint("the inline if-expression evaluated to false and no else section was defined");
    return true;
}

static bool eval_sign(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_value v;
    if (!mote_jinja_eval(r, n->b, &v))
        return false;
    if (n->kind == JINJA_N_NOT) {
        *out = jinja_bool(!mote_jinja_truth(v));
        return true;
    }
    if (n->kind == JINJA_N_NEGATIVE)
        return mote_jinja_negate(r, v, out);
    *out = v.type == JINJA_BOOL ? jinja_int(v.u.b) : v;
    if (v.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, v);
    if (!jinja_is_int(v) && v.type != JINJA_FLOAT)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: bad operand type for unary +: '%s'", mote_jinja_type_name(v));
    return true;
}

static bool eval(jinja_run *r, const jinja_node *n, jinja_value *out) {
    jinja_value a, b;
    switch (n->kind) {
    case JINJA_N_CONST:
        *out = n->as.value;
        return true;
    case JINJA_N_BIG:
        return mote_jinja_big_parse(r, n->as.u.name->text, n->op, false, out);
    case JINJA_N_NAME:
        return eval_name(r, n, out);
    case JINJA_N_LIST:
    case JINJA_N_TUPLE:
        return eval_list(r, n, out);
    case JINJA_N_DICT:
        return eval_dict(r, n, out);
    case JINJA_N_ATTR:
        return mote_jinja_eval(r, n->a, &a) && mote_jinja_getattr(r, a, n->as.u.name->text, out);
    case JINJA_N_ITEM:
        return eval_item(r, n, out);
    case JINJA_N_CALL:
        return mote_jinja_eval_call(r, n, NULL, out);
    case JINJA_N_FILTER:
        return mote_jinja_eval_filter(r, n, out);
    case JINJA_N_TEST:
        return mote_jinja_eval_test(r, n, out);
    case JINJA_N_NOT:
    case JINJA_N_NEGATIVE:
    case JINJA_N_POSITIVE:
        return eval_sign(r, n, out);
    case JINJA_N_BINARY:
        return mote_jinja_eval(r, n->a, &a) && mote_jinja_eval(r, n->b, &b) && mote_jinja_binary(r, (char)n->op, a, b, out);
    case JINJA_N_AND:
    case JINJA_N_OR:
    case JINJA_N_COND:
        return eval_logic(r, n, out);
    case JINJA_N_COMPARE:
        return eval_compare(r, n, out);
    case JINJA_N_CONCAT:
        return eval_concat(r, n, out);
    default:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: slices cannot be combined");
    }
}

bool mote_jinja_eval(jinja_run *r, const jinja_node *n, jinja_value *out) {
    unsigned line = r->line;
    r->line = n->line;
    bool ok = mote_jinja_enter(r) && eval(r, n, out);
    r->depth--;
    if (ok)
        r->line = line;
    return ok;
}
