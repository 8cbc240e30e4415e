/* Arrays: the items by place, their number, and what some of them have to be. */
#include "text/json_schema_shape.h"

enum { MAX_SPLIT = 24 }; /* places that a negated `items` is written out for */

const mote_shape_node *mote_array_item(const mote_array_shape *a, size_t index) {
    return index < a->n_prefix ? a->prefix[index] : a->rest;
}

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

static const mote_contains *join_contains(mote_schema_compiler *c, const mote_array_shape *a, const mote_array_shape *b, size_t *n) {
    mote_contains *out = mote_schema_alloc(c, a->n_contains + b->n_contains, sizeof *out);
    *n = 0;
    for (size_t i = 0; out && i < a->n_contains + b->n_contains; i++) {
        mote_contains own = i < a->n_contains ? a->contains[i] : b->contains[i - a->n_contains];
        size_t j = 0;
        while (j < *n && out[j].node != own.node)
            j++;
        if (j == *n)
            out[(*n)++] = own;
        else {
            out[j].min = larger(out[j].min, own.min);
            out[j].max = out[j].max < own.max ? out[j].max : own.max;
        }
    }
    return out;
}

const void *mote_array_meet(mote_schema_compiler *c, const void *a, const void *b) {
    const mote_array_shape *x = a, *y = b;
    mote_array_shape *out = mote_schema_alloc(c, 1, sizeof *out);
    if (!out)
        return NULL;
    size_t n = larger((uint32_t)x->n_prefix, (uint32_t)y->n_prefix);
    const mote_shape_node **prefix = mote_schema_alloc(c, n, sizeof *prefix);
    for (size_t i = 0; prefix && i < n; i++)
        prefix[i] = mote_shape_node_meet(c, mote_array_item(x, i), mote_array_item(y, i));
    *out = (mote_array_shape){.prefix = prefix,
                              .n_prefix = n,
                              .rest = mote_shape_node_meet(c, x->rest, y->rest),
                              .min = larger(x->min, y->min),
                              .max = x->max < y->max ? x->max : y->max,
                              .n_evaluated = larger(x->n_evaluated, y->n_evaluated),
                              .unique = x->unique || y->unique};
    out->contains = join_contains(c, x, y, &out->n_contains);
    for (size_t i = 0; i < out->n_contains; i++)
        if (out->contains[i].min > out->contains[i].max || out->contains[i].min > out->max)
            return NULL;
    if (out->min > out->max || c->status != MOTE_OK)
        return NULL;
    for (size_t i = 0; i < out->min && i <= n; i++)
        if (mote_array_item(out, i) == c->never)
            return NULL;
    return out;
}

bool mote_array_impossible(mote_schema_compiler *c, const mote_array_shape *a, unsigned depth) {
    for (size_t i = 0; i < a->min && i <= a->n_prefix; i++)
        if (mote_shape_node_impossible(c, mote_array_item(a, i), depth))
            return true;
    for (size_t i = 0; i < a->n_contains; i++)
        if (a->contains[i].min > 0 && mote_shape_node_impossible(c, a->contains[i].node, depth))
            return true;
    return false;
}

static mote_array_shape anything(const mote_schema_compiler *c) {
    return (mote_array_shape){.rest = c->always, .max = MOTE_SHAPE_NO_MAX};
}

/* The item at that place is there and is none of the node's. */
static void add_with_item(mote_schema_compiler *c, const void *a, size_t index, const mote_shape_node *node, mote_shape_list *out) {
    mote_array_shape own = anything(c);
    const mote_shape_node **prefix = mote_schema_alloc(c, index + 1, sizeof *prefix);
    for (size_t i = 0; prefix && i <= index; i++)
        prefix[i] = i < index ? c->always : mote_shape_node_not(c, node);
    own.prefix = prefix;
    own.n_prefix = index + 1;
    own.min = (uint32_t)index + 1;
    mote_shape_list_add(c, out, prefix ? mote_array_meet(c, a, &own) : NULL);
}

/* Some item from n_prefix on is none of the rest. */
static void add_with_rest(mote_schema_compiler *c, const mote_array_shape *x, const mote_array_shape *y, mote_shape_list *out) {
    if (y->rest == c->always || x->max <= y->n_prefix)
        return;
    if (y->n_prefix == 0) {
        mote_array_shape own = anything(c);
        mote_contains one = {mote_shape_node_not(c, y->rest), 1, MOTE_SHAPE_NO_MAX};
        own.contains = &one;
        own.n_contains = 1;
        mote_shape_list_add(c, out, mote_array_meet(c, x, &own));
    } else if (y->rest == c->never) {
        mote_array_shape own = anything(c);
        own.min = (uint32_t)y->n_prefix + 1;
        mote_shape_list_add(c, out, mote_array_meet(c, x, &own));
    } else if (x->max <= MAX_SPLIT)
        for (size_t i = y->n_prefix; i < x->max; i++)
            add_with_item(c, x, i, y->rest, out);
    else
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "items: the negation of items behind prefixItems");
}

static void add_with_contains(mote_schema_compiler *c, const void *a, const mote_contains *contains, mote_shape_list *out) {
    mote_array_shape own = anything(c);
    if (contains->min == 1) {
        own.rest = mote_shape_node_not(c, contains->node);
        mote_shape_list_add(c, out, mote_array_meet(c, a, &own));
        own.rest = c->always;
    }
    mote_contains other = {contains->node, 0, contains->min - 1};
    own.contains = &other;
    own.n_contains = 1;
    if (contains->min > 1)
        mote_shape_list_add(c, out, mote_array_meet(c, a, &own));
    other = (mote_contains){contains->node, contains->max + 1, MOTE_SHAPE_NO_MAX};
    if (contains->max < MOTE_SHAPE_NO_MAX)
        mote_shape_list_add(c, out, mote_array_meet(c, a, &own));
}

void mote_array_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out) {
    const mote_array_shape *x = a, *y = b;
    mote_array_shape own = anything(c);
    if (y->unique) {
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "uniqueItems: its negation");
        return;
    }
    if (y->min > 0) {
        own.max = y->min - 1;
        mote_shape_list_add(c, out, mote_array_meet(c, x, &own));
    }
    own = anything(c);
    if (y->max < MOTE_SHAPE_NO_MAX) {
        own.min = y->max + 1;
        mote_shape_list_add(c, out, mote_array_meet(c, x, &own));
    }
    for (size_t i = 0; i < y->n_prefix; i++)
        if (y->prefix[i] != c->always)
            add_with_item(c, x, i, y->prefix[i], out);
    add_with_rest(c, x, y, out);
    for (size_t i = 0; i < y->n_contains; i++)
        add_with_contains(c, x, &y->contains[i], out);
}
