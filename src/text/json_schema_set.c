/* Sets of alternatives, and the budget they are made within. */
#include "text/json_schema_shape.h"

#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_ALTERNATIVES = 500, DEPTH_OF_DOUBT = 4 };

static const struct {
    const void *(*meet)(mote_schema_compiler *c, const void *a, const void *b);
    void (*without)(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out);
} ops[MOTE_SHAPE_TYPES] = {
    {mote_number_meet, mote_number_without},
    {mote_string_meet, mote_string_without},
    {mote_array_meet, mote_array_without},
    {mote_object_meet, mote_object_without},
};

void *mote_schema_fail(mote_schema_compiler *c, mote_status status, const char *fmt, ...) {
    if (c->status != MOTE_OK)
        return NULL;
    char text[300];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->status = mote_error_set(c->err, status, "%s: %s", c->where, text);
    return NULL;
}

bool mote_schema_work(mote_schema_compiler *c, int64_t n) {
    c->work -= n;
    if (c->work < 0)
        mote_schema_fail(c, MOTE_ERR_LIMIT, "the schema takes too much work");
    return c->status == MOTE_OK;
}

void *mote_schema_alloc(mote_schema_compiler *c, size_t n, size_t item_bytes) {
    if (!mote_schema_work(c, 4 + (int64_t)(n * item_bytes / 64)))
        return NULL;
    void *p = mote_arena_zalloc_array(c->arena, n > 0 ? n : 1, item_bytes);
    if (!p)
        mote_schema_fail(c, c->arena->used_bytes > c->arena->max_bytes / 4 ? MOTE_ERR_LIMIT : MOTE_ERR_ALLOC, "no memory for the schema");
    return p;
}

bool mote_shape_list_add(mote_schema_compiler *c, mote_shape_list *list, const void *shape) {
    if (!shape)
        return c->status == MOTE_OK;
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i] == shape)
            return true;
    if (list->n == MAX_ALTERNATIVES) {
        mote_schema_fail(c, MOTE_ERR_LIMIT, "more than %d alternatives", MAX_ALTERNATIVES);
        return false;
    }
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 4;
        const void **items = mote_schema_alloc(c, capacity, sizeof *items);
        if (!items)
            return false;
        if (list->n > 0)
            memcpy(items, list->items, list->n * sizeof *items);
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n++] = shape;
    return true;
}

/* Lists are shared between sets: one that is added to is copied first. */
static mote_shape_list meet_lists(mote_schema_compiler *c, mote_shape_type type, const mote_shape_list *a, const mote_shape_list *b) {
    mote_shape_list out = {0};
    if (a->n == 1 && a->items[0] == c->everything->of[type].items[0])
        return *b;
    if (b->n == 1 && b->items[0] == c->everything->of[type].items[0])
        return *a;
    for (size_t i = 0; i < a->n; i++)
        for (size_t j = 0; j < b->n; j++)
            if (!mote_schema_work(c, 4) || !mote_shape_list_add(c, &out, a->items[i] == b->items[j] ? a->items[i] : ops[type].meet(c, a->items[i], b->items[j])))
                return out;
    return out;
}

mote_shape_set mote_shape_set_meet(mote_schema_compiler *c, const mote_shape_set *a, const mote_shape_set *b) {
    mote_shape_set out = {a->null && b->null, a->no && b->no, a->yes && b->yes, {{0}}};
    for (int t = 0; t < MOTE_SHAPE_TYPES && c->status == MOTE_OK; t++)
        out.of[t] = meet_lists(c, (mote_shape_type)t, &a->of[t], &b->of[t]);
    return out;
}

void mote_shape_set_restrict(mote_schema_compiler *c, mote_shape_set *set, mote_shape_type type, const mote_shape_list *alternatives) {
    set->of[type] = meet_lists(c, type, &set->of[type], alternatives);
}

static bool is_all(mote_schema_compiler *c, mote_shape_type type, const mote_shape_list *list) {
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i] == c->everything->of[type].items[0])
            return true;
    return false;
}

mote_shape_set mote_shape_set_join(mote_schema_compiler *c, const mote_shape_set *a, const mote_shape_set *b) {
    mote_shape_set out = {a->null || b->null, a->no || b->no, a->yes || b->yes, {{0}}};
    for (int t = 0; t < MOTE_SHAPE_TYPES && c->status == MOTE_OK; t++) {
        const mote_shape_list *first = &a->of[t], *second = &b->of[t];
        if (first->n == 0 || (is_all(c, (mote_shape_type)t, second) && !c->all_subsets))
            out.of[t] = *second;
        else if (second->n == 0 || (is_all(c, (mote_shape_type)t, first) && !c->all_subsets))
            out.of[t] = *first;
        else {
            for (size_t i = 0; i < first->n; i++)
                mote_shape_list_add(c, &out.of[t], first->items[i]);
            for (size_t i = 0; i < second->n; i++)
                mote_shape_list_add(c, &out.of[t], second->items[i]);
        }
    }
    return out;
}

/* Where nothing is in both, the one stays as it is: that keeps the alternatives of a tagged oneOf whole. */
static bool apart(mote_schema_compiler *c, mote_shape_type type, const void *a, const void *b) {
    const void *both = a == b ? a : ops[type].meet(c, a, b);
    if (!both)
        return true;
    if (type == MOTE_SHAPE_OBJECT)
        return mote_object_impossible(c, both, DEPTH_OF_DOUBT);
    return type == MOTE_SHAPE_ARRAY && mote_array_impossible(c, both, DEPTH_OF_DOUBT);
}

static mote_shape_list list_without(mote_schema_compiler *c, mote_shape_type type, const mote_shape_list *a, const mote_shape_list *b) {
    mote_shape_list rest = *a;
    for (size_t j = 0; j < b->n; j++) {
        mote_shape_list next = {0};
        if (b->items[j] == c->everything->of[type].items[0])
            return next;
        for (size_t i = 0; i < rest.n; i++) {
            if (!mote_schema_work(c, 8))
                return next;
            if (rest.items[i] == b->items[j])
                continue;
            if (apart(c, type, rest.items[i], b->items[j]))
                mote_shape_list_add(c, &next, rest.items[i]);
            else
                ops[type].without(c, rest.items[i], b->items[j], &next);
        }
        rest = next;
    }
    return rest;
}

mote_shape_set mote_shape_set_without(mote_schema_compiler *c, const mote_shape_set *a, const mote_shape_set *b) {
    mote_shape_set out = {a->null && !b->null, a->no && !b->no, a->yes && !b->yes, {{0}}};
    for (int t = 0; t < MOTE_SHAPE_TYPES && c->status == MOTE_OK; t++)
        out.of[t] = list_without(c, (mote_shape_type)t, &a->of[t], &b->of[t]);
    return out;
}

bool mote_shape_set_empty(const mote_shape_set *set) {
    bool empty = !set->null && !set->no && !set->yes;
    for (int t = 0; t < MOTE_SHAPE_TYPES; t++)
        empty = empty && set->of[t].n == 0;
    return empty;
}
