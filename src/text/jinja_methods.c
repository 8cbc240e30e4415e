/* Methods of everything but strings and loops. Those that would change a list or dictionary do not exist here (jinja_attr.c refuses their names). */
#include "text/jinja_run.h"

#include <math.h>

static bool view(jinja_value dict, int sub, jinja_value *out) {
    *out = (jinja_value){.type = JINJA_VIEW, .sub = (uint8_t)sub, .u.d = dict.u.d};
    return true;
}

static bool dict_keys(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)r;
    return view(a[0], JINJA_KEYS, out);
}
static bool dict_values(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)r;
    return view(a[0], JINJA_VALUES, out);
}
static bool dict_items(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)r;
    return view(a[0], JINJA_ITEMS, out);
}

static bool dict_get(jinja_run *r, jinja_value *a, jinja_value *out) {
    uint64_t hash;
    if (!mote_jinja_hash(r, a[1], &hash))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: unhashable type: '%s'", mote_jinja_type_name(a[1]));
    jinja_value *found = mote_jinja_dict_get(r, a[0].u.d, a[1]);
    *out = found ? *found : a[2].type == JINJA_MISSING ? JINJA_NONE_VALUE : a[2];
    return true;
}

/* Nothing can change a value: it is its own copy. */
static bool copy(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)r;
    *out = a[0];
    return true;
}

static bool dict_fromkeys(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_dict *d = mote_jinja_new_dict(r, 0);
    jinja_iter *it = d ? mote_jinja_iterate(r, a[1]) : NULL;
    jinja_value key;
    int got = JINJA_FAILED;
    while (it && (got = it->next(r, it, &key)) == JINJA_ITEM)
        if (!jinja_spend(r, 1) || !mote_jinja_dict_set(r, d, key, a[2].type == JINJA_MISSING ? JINJA_NONE_VALUE : a[2]))
            return false;
    *out = jinja_of_dict(d);
    return got == JINJA_END;
}

static bool sequence_index(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_iter *it = mote_jinja_iterate(r, a[0]);
    jinja_value item;
    int64_t start = 0, stop = INT64_MAX, n;
    size_t length;
    if (!it || !mote_jinja_length(r, a[0], &length) || (a[2].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[2], &start)) ||
        (a[3].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[3], &stop)))
        return false;
    n = (int64_t)length;
    start = start < 0 ? start + n : start;
    stop = stop < 0 ? stop + n : stop;
    for (int64_t i = 0; it->next(r, it, &item) == JINJA_ITEM; i++) {
        bool equal;
        if (!jinja_spend(r, 1) || !mote_jinja_equal(r, item, a[1], &equal))
            return false;
        if (equal && i >= start && i < stop) {
            *out = jinja_int(i);
            return true;
        }
    }
    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: the item is not in the sequence");
}

static bool sequence_count(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_iter *it = mote_jinja_iterate(r, a[0]);
    jinja_value item;
    int64_t n = 0;
    while (it && it->next(r, it, &item) == JINJA_ITEM) {
        bool equal;
        if (!jinja_spend(r, 1) || !mote_jinja_equal(r, item, a[1], &equal))
            return false;
        n += equal;
    }
    *out = jinja_int(n);
    return it != NULL;
}

static bool cycler_next(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_cycler *c = a[0].u.cycler;
    (void)r;
    *out = c->items->items[c->pos];
    c->pos = (c->pos + 1) % c->items->n;
    return true;
}

static bool cycler_reset(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)r;
    a[0].u.cycler->pos = 0;
    *out = JINJA_NONE_VALUE;
    return true;
}

static bool number_is_integer(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)r;
    *out = jinja_bool(isfinite(a[0].u.f) && a[0].u.f == floor(a[0].u.f));
    return true;
}

static bool int_bit_length(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[0].type == JINJA_BIG)
        return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "bit_length of an integer beyond 64 bits is not supported");
    int64_t i = a[0].type == JINJA_BOOL ? a[0].u.b : a[0].u.i;
    uint64_t magnitude = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    *out = jinja_int(magnitude ? 64 - __builtin_clzll(magnitude) : 0);
    return true;
}

static bool number_conjugate(jinja_run *r, jinja_value *a, jinja_value *out) {
    (void)r;
    *out = a[0].type == JINJA_BOOL ? jinja_int(a[0].u.b) : a[0];
    return true;
}

const jinja_builtin *mote_jinja_method_of(jinja_value v, mote_str name) {
    static const jinja_builtin of_dict[] = {
        {"get", "-,-,-", 2, dict_get, NULL},
        {"keys", "-", 1, dict_keys, NULL},
        {"values", "-", 1, dict_values, NULL},
        {"items", "-", 1, dict_items, NULL},
        {"copy", "-", 1, copy, NULL},
        {"fromkeys", "-,-,-", 2, dict_fromkeys, NULL},
        {.name = NULL},
    };
    static const jinja_builtin of_sequence[] = {
        {"index", "-,-,-,-", 2, sequence_index, NULL},
        {"count", "-,-", 2, sequence_count, NULL},
        {"copy", "-", 1, copy, NULL}, /* of lists only: last */
        {.name = NULL},
    };
    static const jinja_builtin of_cycler[] = {{"next", "-", 1, cycler_next, NULL}, {"reset", "-", 1, cycler_reset, NULL}, {.name = NULL}};
    static const jinja_builtin of_int[] = {{"bit_length", "-", 1, int_bit_length, NULL}, {"conjugate", "-", 1, number_conjugate, NULL}, {.name = NULL}};
    static const jinja_builtin of_float[] = {{"is_integer", "-", 1, number_is_integer, NULL}, {"conjugate", "-", 1, number_conjugate, NULL}, {.name = NULL}};
    static const jinja_builtin of_global_dict[] = {{"fromkeys", "-,-,-", 2, dict_fromkeys, NULL}, {.name = NULL}};
    const jinja_builtin *found;
    switch (v.type) {
    case JINJA_STR:
        return mote_jinja_str_method(name);
    case JINJA_DICT:
        return mote_jinja_find(of_dict, name);
    case JINJA_LIST:
    case JINJA_TUPLE:
    case JINJA_RANGE:
        found = mote_jinja_find(of_sequence, name);
        return found && found->call == copy && v.type != JINJA_LIST ? NULL : found;
    case JINJA_LOOP:
        return mote_jinja_loop_method(name);
    case JINJA_CYCLER:
        return mote_jinja_find(of_cycler, name);
    case JINJA_BOOL:
    case JINJA_INT:
    case JINJA_BIG:
        return mote_jinja_find(of_int, name);
    case JINJA_FLOAT:
        return mote_jinja_find(of_float, name);
    case JINJA_FUNCTION:
        return strcmp(v.u.function->name, "dict") == 0 ? mote_jinja_find(of_global_dict, name) : NULL;
    default:
        return NULL;
    }
}
