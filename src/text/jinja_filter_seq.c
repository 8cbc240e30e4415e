/* Filters on sequences: order, groups, ends, sums. */
#include "text/jinja_filters.h"

/* What case-insensitive filters compare by: strings in lower case, others as they are. */
static bool fold(jinja_run *r, bool case_sensitive, jinja_value v, jinja_value *out) {
    *out = v;
    return case_sensitive || v.type != JINJA_STR || mote_jinja_str_method(MOTE_STR("lower"))->call(r, &v, out);
}

static bool sort_key(jinja_run *r, jinja_value item, jinja_value attribute, jinja_value fallback, bool case_sensitive, jinja_value *out) {
    jinja_value v;
    return mote_jinja_attr_path(r, item, attribute, fallback, &v) && fold(r, case_sensitive, v, out);
}

/* "a,b.c": a list with one key for each attribute, as sort compares by. A list even of one: equal keys are then never asked for
 * their order, which undefined ones do not have. */
static bool multi_key(jinja_run *r, jinja_value item, jinja_value attribute, bool case_sensitive, jinja_value *out) {
    jinja_list single = {.items = &attribute, .n = 1}, *paths = &single;
    jinja_value split[3] = {attribute, {0}, {0}}, list;
    if (attribute.type == JINJA_STR) {
        if (!mote_jinja_make_str(r, MOTE_STR(","), &split[1]) || !mote_jinja_str_method(MOTE_STR("split"))->call(r, split, &list))
            return false;
        paths = list.u.l;
    }
    jinja_list *keys = mote_jinja_new_list(r, paths->n);
    for (size_t i = 0; keys && i < keys->n; i++)
        if (!sort_key(r, item, paths->items[i], JINJA_MISSING_VALUE, case_sensitive, &keys->items[i]))
            return false;
    *out = jinja_of_list(keys);
    return keys != NULL;
}

/* A copy of the items that may be reordered. */
static bool own_items(jinja_run *r, jinja_value iterable, jinja_list **out) {
    jinja_list *l, *copy;
    if (!mote_jinja_collect(r, iterable, &l) || !(copy = mote_jinja_new_list(r, l->n)))
        return false;
    if (l->n)
        memcpy(copy->items, l->items, l->n * sizeof *l->items);
    *out = copy;
    return true;
}

bool mote_jinja_filter_sort(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_list *l, *keys;
    if (!own_items(r, a[0], &l) || !(keys = mote_jinja_new_list(r, l->n)))
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (!multi_key(r, l->items[i], a[3], mote_jinja_truth(a[2]), &keys->items[i]))
            return false;
    *out = jinja_of_list(l);
    return mote_jinja_sort(r, l->items, keys->items, l->n, mote_jinja_truth(a[1]));
}

bool mote_jinja_filter_dictsort(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[0].type != JINJA_DICT)
        return a[0].type == JINJA_UNDEFINED ? mote_jinja_fail_undefined(r, a[0]) : mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: dictsort needs a mapping");
    bool by_value = a[2].type == JINJA_STR && mote_str_is(jinja_text(a[2]), "value");
    if (a[2].type != JINJA_MISSING && !by_value && !(a[2].type == JINJA_STR && mote_str_is(jinja_text(a[2]), "key")))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "dictsort sorts by \"key\" or \"value\" only");
    const jinja_dict *d = a[0].u.d;
    jinja_list *l = mote_jinja_new_list(r, d->n), *keys = mote_jinja_new_list(r, d->n);
    if (!l || !keys)
        return false;
    for (size_t i = 0; i < d->n; i++) {
        const jinja_entry *e = &d->entries[i];
        if (!mote_jinja_make_pair(r, e->key, e->value, &l->items[i]) || !fold(r, mote_jinja_truth(a[1]), by_value ? e->value : e->key, &keys->items[i]))
            return false;
    }
    *out = jinja_of_list(l);
    return mote_jinja_sort(r, l->items, keys->items, l->n, mote_jinja_truth(a[3]));
}

bool mote_jinja_filter_groupby(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_list *l, *keys, *groups;
    bool case_sensitive = mote_jinja_truth(a[3]);
    if (!own_items(r, a[0], &l) || !(keys = mote_jinja_new_list(r, l->n)))
        return false;
    for (size_t i = 0; i < l->n; i++)
        if (!sort_key(r, l->items[i], a[1], a[2], case_sensitive, &keys->items[i]))
            return false;
    if (!mote_jinja_sort(r, l->items, keys->items, l->n, false) || !(groups = mote_jinja_new_list(r, l->n)))
        return false;
    groups->n = 0;
    for (size_t i = 0, end; i < l->n; i = end) {
        bool equal = true;
        for (end = i + 1; end < l->n; end++) {
            if (!mote_jinja_equal(r, keys->items[i], keys->items[end], &equal))
                return false;
            if (!equal)
                break;
        }
        jinja_value key, group;
        jinja_list *members = mote_jinja_new_list(r, end - i);
        if (!members || !sort_key(r, l->items[i], a[1], a[2], true, &key))
            return false;
        memcpy(members->items, l->items + i, (end - i) * sizeof *l->items);
        if (!mote_jinja_make_pair(r, key, jinja_of_list(members), &group))
            return false;
        group.sub = JINJA_GROUP;
        groups->items[groups->n++] = group;
    }
    *out = jinja_of_list(groups);
    return true;
}

static bool extreme(jinja_run *r, jinja_value *a, jinja_order better, jinja_value *out) {
    jinja_iter *it = mote_jinja_iterate(r, a[0]);
    jinja_value item, key, best_key = JINJA_MISSING_VALUE;
    int got = JINJA_FAILED;
    *out = jinja_hint("No aggregated item, sequence was empty.");
    while (it && (got = it->next(r, it, &item)) == JINJA_ITEM) {
        bool take = best_key.type == JINJA_MISSING;
        if (!jinja_spend(r, 1) || !sort_key(r, item, a[2], JINJA_MISSING_VALUE, mote_jinja_truth(a[1]), &key) || (!take && !mote_jinja_less(r, key, best_key, better, &take)))
            return false;
        if (take) {
            best_key = key;
            *out = item;
        }
    }
    return got == JINJA_END;
}

bool mote_jinja_filter_min(jinja_run *r, jinja_value *a, jinja_value *out) {
    return extreme(r, a, JINJA_LT, out);
}

bool mote_jinja_filter_max(jinja_run *r, jinja_value *a, jinja_value *out) {
    return extreme(r, a, JINJA_GT, out);
}

typedef struct unique_state {
    jinja_dict *seen;
    jinja_value attribute;
    bool case_sensitive;
} unique_state;

static int next_unique(jinja_run *r, jinja_iter *it, jinja_value *out) {
    const unique_state *state = it->state;
    int got;
    while ((got = mote_jinja_pull(r, it->inner, out)) == JINJA_ITEM) {
        jinja_value key;
        size_t n = state->seen->n;
        if (!jinja_spend(r, 1) || !sort_key(r, *out, state->attribute, JINJA_MISSING_VALUE, state->case_sensitive, &key) ||
            !mote_jinja_dict_set(r, state->seen, key, JINJA_NONE_VALUE))
            return JINJA_FAILED;
        if (state->seen->n > n)
            return JINJA_ITEM;
    }
    return got;
}

bool mote_jinja_filter_unique(jinja_run *r, jinja_value *a, jinja_value *out) {
    unique_state *state = mote_jinja_alloc(r, sizeof *state);
    jinja_iter *inner = state ? mote_jinja_iterate(r, a[0]) : NULL;
    if (!inner)
        return false;
    *state = (unique_state){mote_jinja_new_dict(r, 0), a[2], mote_jinja_truth(a[1])};
    *out = jinja_of_iter(mote_jinja_new_iter(r, next_unique, inner, state));
    return state->seen && out->u.iter;
}

bool mote_jinja_filter_items(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[0].type != JINJA_DICT && a[0].type != JINJA_UNDEFINED)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: can only get item pairs from a mapping");
    jinja_value source = a[0];
    if (source.type == JINJA_DICT)
        source = (jinja_value){.type = JINJA_VIEW, .sub = JINJA_ITEMS, .u.d = a[0].u.d};
    *out = jinja_of_iter(mote_jinja_iterate(r, source));
    return out->u.iter != NULL;
}

bool mote_jinja_filter_join(jinja_run *r, jinja_value *a, jinja_value *out) {
    size_t mark = r->text.len;
    jinja_iter *it = mote_jinja_iterate(r, a[0]);
    jinja_value item, separator = a[1];
    int got = JINJA_FAILED;
    if (separator.type != JINJA_MISSING && !mote_jinja_str(r, separator, &separator))
        return false;
    for (bool first = true; it && (got = it->next(r, it, &item)) == JINJA_ITEM; first = false) {
        if (!jinja_spend(r, 1) || (!jinja_is_none(a[2]) && !mote_jinja_attr_path(r, item, a[2], JINJA_MISSING_VALUE, &item)))
            return false;
        if ((!first && separator.type != JINJA_MISSING && !mote_jinja_put_str(r, separator)) || !mote_jinja_put_str(r, item))
            return false;
    }
    return got == JINJA_END && mote_jinja_take(r, mark, out);
}

bool mote_jinja_filter_first(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_iter *it = mote_jinja_iterate(r, a[0]);
    int got = it ? it->next(r, it, out) : JINJA_FAILED;
    if (got == JINJA_END)
        *out = jinja_hint("No first item, sequence was empty.");
    return got != JINJA_FAILED;
}

bool mote_jinja_filter_last(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_iter *it = mote_jinja_reversed(r, a[0]);
    int got = it ? it->next(r, it, out) : JINJA_FAILED;
    if (got == JINJA_END)
        *out = jinja_hint("No last item, sequence was empty.");
    return got != JINJA_FAILED;
}

bool mote_jinja_filter_length(jinja_run *r, jinja_value *a, jinja_value *out) {
    size_t n;
    if (!mote_jinja_length(r, a[0], &n))
        return false;
    *out = jinja_int((int64_t)n);
    return true;
}

bool mote_jinja_filter_list(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_list *l;
    if (!mote_jinja_collect(r, a[0], &l))
        return false;
    *out = jinja_of_list(l);
    return true;
}

bool mote_jinja_filter_reverse(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[0].type == JINJA_STR)
        return mote_jinja_slice(r, a[0], JINJA_NONE_VALUE, JINJA_NONE_VALUE, jinja_int(-1), out);
    if (a[0].type != JINJA_ITER) {
        *out = jinja_of_iter(mote_jinja_reversed(r, a[0]));
        return out->u.iter != NULL;
    }
    jinja_list *l;
    return mote_jinja_collect(r, a[0], &l) && mote_jinja_slice(r, jinja_of_list(l), JINJA_NONE_VALUE, JINJA_NONE_VALUE, jinja_int(-1), out);
}

bool mote_jinja_filter_sum(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_iter *it = mote_jinja_iterate(r, a[0]);
    jinja_value item;
    int got = JINJA_FAILED;
    *out = a[2].type == JINJA_MISSING ? jinja_int(0) : a[2];
    if (out->type == JINJA_STR)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: sum() can't sum strings");
    while (it && (got = it->next(r, it, &item)) == JINJA_ITEM)
        if (!jinja_spend(r, 1) || (!jinja_is_none(a[1]) && !mote_jinja_attr_path(r, item, a[1], JINJA_MISSING_VALUE, &item)) || !mote_jinja_binary(r, '+', *out, item, out))
            return false;
    return got == JINJA_END;
}

/* Lists of lists come out as a generator. */
static bool as_generator(jinja_run *r, jinja_list *l, jinja_value *out) {
    *out = jinja_of_iter(mote_jinja_iterate(r, jinja_of_list(l)));
    return out->u.iter != NULL;
}

bool mote_jinja_filter_batch(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_list *l, *batches;
    int64_t size;
    if (!mote_jinja_collect(r, a[0], &l) || !mote_jinja_index_arg(r, a[1], &size))
        return false;
    size_t n = size > 0 ? (size_t)size : l->n + 1;                                         /* a count that is never reached puts all into one */
    size_t extra = size == 0 && l->n, n_batches = (l->n ? (l->n - 1) / n + 1 : 0) + extra; /* Jinja reaches 0 once, before the first item */
    if (!(batches = mote_jinja_new_list(r, n_batches)))
        return false;
    for (size_t i = 0; i < n_batches; i++) {
        size_t start = i < extra ? 0 : (i - extra) * n, count = i < extra ? 0 : l->n - start < n ? l->n - start : n;
        bool fill = !jinja_is_none(a[2]) && size > 0 && count < n;
        jinja_list *batch = mote_jinja_new_list(r, fill ? n : count);
        if (!batch)
            return false;
        for (size_t k = 0; k < batch->n; k++)
            batch->items[k] = k < count ? l->items[start + k] : a[2];
        batches->items[i] = jinja_of_list(batch);
    }
    return as_generator(r, batches, out);
}

bool mote_jinja_filter_slice(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_list *l, *slices;
    int64_t n;
    if (!mote_jinja_collect(r, a[0], &l) || !mote_jinja_index_arg(r, a[1], &n))
        return false;
    if (n == 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "integer division or modulo by zero");
    if (!(slices = mote_jinja_new_list(r, n > 0 ? (size_t)n : 0)))
        return false;
    for (size_t i = 0, start = 0; i < slices->n; i++) {
        size_t count = l->n / slices->n + (i < l->n % slices->n);
        bool fill = !jinja_is_none(a[2]) && i >= l->n % slices->n;
        jinja_list *slice = mote_jinja_new_list(r, count + fill);
        if (!slice)
            return false;
        for (size_t k = 0; k < slice->n; k++)
            slice->items[k] = k < count ? l->items[start + k] : a[2];
        start += count;
        slices->items[i] = jinja_of_list(slice);
    }
    return as_generator(r, slices, out);
}
