/* Strings: an automaton and bounds of the length, which are kept apart, since counting in an automaton would take a copy of it for each length. */
#include "text/json_schema_shape.h"

static const mote_dfa *product(mote_schema_compiler *c, const mote_dfa *a, const mote_dfa *b, mote_dfa_op op) {
    const mote_dfa *out = NULL;
    mote_error err = {0};
    if (!mote_schema_work(c, 20 + (int64_t)(a->n_states + b->n_states)))
        return NULL;
    mote_status status = mote_dfa_product(a, b, op, 0, c->arena, &out, &err);
    if (status != MOTE_OK)
        return mote_schema_fail(c, status, "pattern: %s", err.message);
    mote_schema_work(c, (int64_t)out->n_states * out->n_classes / 2);
    return out;
}

const void *mote_string_meet(mote_schema_compiler *c, const void *a, const void *b) {
    const mote_string_shape *x = a, *y = b;
    mote_string_shape out = {x->dfa, x->min > y->min ? x->min : y->min, x->max < y->max ? x->max : y->max};
    if (out.min > out.max)
        return NULL;
    if (x->dfa == c->any_text || mote_dfa_equal(x->dfa, y->dfa))
        out.dfa = y->dfa;
    else if (y->dfa != c->any_text)
        out.dfa = product(c, x->dfa, y->dfa, MOTE_DFA_AND);
    if (!out.dfa || out.dfa->start == 0)
        return NULL;
    mote_string_shape *copy = mote_schema_alloc(c, 1, sizeof *copy);
    if (copy)
        *copy = out;
    return copy;
}

void mote_string_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out) {
    const mote_string_shape *x = a, *y = b;
    if (y->min > 0) {
        mote_string_shape shorter = {c->any_text, 0, y->min - 1};
        mote_shape_list_add(c, out, mote_string_meet(c, x, &shorter));
    }
    if (y->max < MOTE_SHAPE_NO_MAX) {
        mote_string_shape longer = {c->any_text, y->max + 1, MOTE_SHAPE_NO_MAX};
        mote_shape_list_add(c, out, mote_string_meet(c, x, &longer));
    }
    if (y->dfa == c->any_text)
        return;
    mote_string_shape *rest = mote_schema_alloc(c, 1, sizeof *rest);
    if (!rest)
        return;
    *rest = (mote_string_shape){product(c, x->dfa, y->dfa, MOTE_DFA_AND_NOT), x->min, x->max};
    if (rest->dfa && rest->dfa->start != 0)
        mote_shape_list_add(c, out, rest);
}
