/* Equality, order, membership and stable sorting, with Python's rules: numbers compare by value across bool, int and float, sequences item by item, and
 * an order between other types is a type error. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

#include <math.h>

static bool is_number(jinja_value v) {
    return jinja_is_int(v) || v.type == JINJA_FLOAT;
}

/* -1, 0, 1, or 2 where a NaN makes them unordered. */
static int compare_numbers(jinja_value a, jinja_value b) {
    if (a.type == JINJA_BOOL)
        a = jinja_int(a.u.b);
    if (b.type == JINJA_BOOL)
        b = jinja_int(b.u.b);
    if (a.type == JINJA_INT && b.type == JINJA_INT)
        return (a.u.i > b.u.i) - (a.u.i < b.u.i);
    if (a.type != JINJA_FLOAT && b.type != JINJA_FLOAT)
        return mote_jinja_big_compare(a, b);
    if (a.type != JINJA_FLOAT) {
        int c = compare_numbers(b, a);
        return c == 2 ? 2 : -c;
    }
    double x = a.u.f;
    if (isnan(x) || (b.type == JINJA_FLOAT && isnan(b.u.f)))
        return 2;
    if (b.type == JINJA_FLOAT)
        return (x > b.u.f) - (x < b.u.f);
    double y = b.type == JINJA_INT ? (double)b.u.i : mote_jinja_big_to_double(b.u.big);
    if (x != y || b.type == JINJA_BIG || fabs(x) < 9007199254740992.0)
        return (x > y) - (x < y);
    /* the integer may have been rounded: compare as integers */
    if (x >= 9223372036854775808.0)
        return 1;
    return ((int64_t)x > b.u.i) - ((int64_t)x < b.u.i);
}

static bool deeper(jinja_run *r) {
    if (r && ++r->depth > JINJA_MAX_DEPTH)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "comparison: values nest deeper than the limit");
    return true;
}

static bool equal_items(jinja_run *r, const jinja_list *a, const jinja_list *b, bool *equal) {
    *equal = a->n == b->n;
    for (size_t i = 0; *equal && i < a->n; i++)
        if (!jinja_spend(r, 1) || !mote_jinja_equal(r, a->items[i], b->items[i], equal))
            return false;
    return true;
}

static bool equal_dicts(jinja_run *r, const jinja_dict *a, const jinja_dict *b, bool *equal) {
    *equal = a->n == b->n;
    for (size_t i = 0; *equal && i < a->n; i++) {
        jinja_value *other = mote_jinja_dict_get(r, b, a->entries[i].key);
        *equal = other != NULL;
        if (!jinja_spend(r, 1) || (other && !mote_jinja_equal(r, a->entries[i].value, *other, equal)))
            return false;
    }
    return true;
}

static bool equal_ranges(const jinja_range *a, const jinja_range *b) {
    return a->n == b->n && (a->n == 0 || (a->start == b->start && (a->n == 1 || a->step == b->step)));
}

bool mote_jinja_equal(jinja_run *r, jinja_value a, jinja_value b, bool *equal) {
    bool ok = true;
    *equal = false;
    if (is_number(a) && is_number(b)) {
        *equal = compare_numbers(a, b) == 0;
    } else if (a.type != b.type) {
        *equal = false;
    } else if (a.type == JINJA_STR) {
        *equal = mote_str_equal(a.u.s->text, b.u.s->text);
        if (r && a.u.s->text.len == b.u.s->text.len)
            jinja_charge(r, a.u.s->text.len / JINJA_BYTES_PER_STEP);
    } else if (a.type == JINJA_NONE || a.type == JINJA_UNDEFINED || a.type == JINJA_MISSING) {
        *equal = true;
    } else if (a.type == JINJA_LIST || a.type == JINJA_TUPLE) {
        ok = deeper(r) && equal_items(r, a.u.l, b.u.l, equal);
        r->depth--;
    } else if (a.type == JINJA_DICT || (a.type == JINJA_VIEW && a.sub == b.sub && a.sub != JINJA_VALUES)) {
        ok = deeper(r) && equal_dicts(r, a.u.d, b.u.d, equal);
        r->depth--;
    } else if (a.type == JINJA_RANGE) {
        *equal = equal_ranges(a.u.range, b.u.range);
    } else {
        *equal = mote_jinja_same(a, b);
    }
    return ok;
}

bool mote_jinja_same(jinja_value a, jinja_value b) {
    if (a.type != b.type)
        return false;
    switch (a.type) {
    case JINJA_MISSING:
    case JINJA_NONE:
        return true;
    case JINJA_BOOL:
        return a.u.b == b.u.b;
    case JINJA_INT:
        return a.u.i == b.u.i;
    case JINJA_FLOAT:
        return a.u.f == b.u.f;
    case JINJA_STR:
        return mote_str_equal(a.u.s->text, b.u.s->text);
    case JINJA_METHOD:
        return a.u.method->function == b.u.method->function && mote_jinja_same(a.u.method->self, b.u.method->self);
    default:
        return a.sub == b.sub && a.u.s == b.u.s;
    }
}

static bool ordered(int c, jinja_order order) {
    return order == JINJA_LT ? c == -1 : order == JINJA_LE ? c == -1 || c == 0 : order == JINJA_GT ? c == 1 : c == 1 || c == 0;
}

static int compare_text(mote_str a, mote_str b) {
    /* the order of UTF-8 bytes is that of code points */
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.data, b.data, n) : 0;
    return c ? (c > 0) - (c < 0) : (a.len > b.len) - (a.len < b.len);
}

bool mote_jinja_less(jinja_run *r, jinja_value a, jinja_value b, jinja_order order, bool *result) {
    static const char *const signs[] = {"<", "<=", ">", ">="};
    if (a.type == JINJA_UNDEFINED || b.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, a.type == JINJA_UNDEFINED ? a : b);
    if (is_number(a) && is_number(b)) {
        *result = ordered(compare_numbers(a, b), order);
        return true;
    }
    if (a.type == JINJA_STR && b.type == JINJA_STR) {
        *result = ordered(compare_text(a.u.s->text, b.u.s->text), order);
        return jinja_spend(r, (a.u.s->text.len < b.u.s->text.len ? a.u.s->text.len : b.u.s->text.len) / JINJA_BYTES_PER_STEP);
    }
    if (a.type != b.type || (a.type != JINJA_LIST && a.type != JINJA_TUPLE))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: '%s' is not supported between '%s' and '%s'", signs[order], mote_jinja_type_name(a), mote_jinja_type_name(b));
    const jinja_list *x = a.u.l, *y = b.u.l;
    for (size_t i = 0; i < x->n && i < y->n; i++) {
        bool equal;
        if (!jinja_spend(r, 1) || !mote_jinja_equal(r, x->items[i], y->items[i], &equal))
            return false;
        if (!equal) {
            bool ok = deeper(r) && mote_jinja_less(r, x->items[i], y->items[i], order, result);
            r->depth--;
            return ok;
        }
    }
    *result = ordered((x->n > y->n) - (x->n < y->n), order);
    return true;
}

static bool contains_range(const jinja_range *range, jinja_value item) {
    int64_t i = item.type == JINJA_BOOL ? item.u.b : item.type == JINJA_FLOAT && item.u.f == floor(item.u.f) && fabs(item.u.f) < 9e18 ? (int64_t)item.u.f : item.u.i;
    if (range->n == 0 || (item.type == JINJA_FLOAT && item.u.f != floor(item.u.f)))
        return false;
    int64_t last = range->start + (range->n - 1) * range->step;
    return i >= (range->step > 0 ? range->start : last) && i <= (range->step > 0 ? last : range->start) && (i - range->start) % range->step == 0;
}

bool mote_jinja_contains(jinja_run *r, jinja_value item, jinja_value container, bool *result) {
    *result = false;
    if (container.type == JINJA_STR) {
        mote_str text = container.u.s->text, part;
        if (item.type != JINJA_STR)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: 'in <string>' requires string as left operand, not %s", mote_jinja_type_name(item));
        part = item.u.s->text;
        *result = part.len == 0 || memmem(text.data, text.len, part.data, part.len) != NULL;
        return jinja_spend_search(r, text.len, part.len);
    }
    if (container.type == JINJA_DICT || (container.type == JINJA_VIEW && container.sub == JINJA_KEYS)) {
        uint64_t hash;
        if (!mote_jinja_hash(r, item, &hash))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: unhashable type: '%s'", mote_jinja_type_name(item));
        *result = mote_jinja_dict_get(r, container.u.d, item) != NULL;
        return true;
    }
    if (container.type == JINJA_RANGE && (item.type == JINJA_INT || item.type == JINJA_BOOL || item.type == JINJA_FLOAT)) {
        *result = contains_range(container.u.range, item);
        return true;
    }
    if (!mote_jinja_iterable(container))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: argument of type '%s' is not iterable", mote_jinja_type_name(container));
    jinja_iter *it = mote_jinja_iterate(r, container);
    jinja_value other;
    int got = JINJA_FAILED;
    while (it && (got = it->next(r, it, &other)) == JINJA_ITEM) {
        if (!jinja_spend(r, 1) || !mote_jinja_equal(r, other, item, result))
            return false;
        if (*result)
            return true;
    }
    return got == JINJA_END;
}

/* Merges two sorted runs; an item of the second goes first only if it is truly before. */
static bool merge(jinja_run *r, jinja_value (*from)[2], jinja_value (*to)[2], size_t start, size_t middle, size_t end, bool reverse) {
    size_t a = start, b = middle;
    for (size_t i = start; i < end; i++) {
        bool second = a == middle;
        if (!jinja_spend(r, 1))
            return false;
        if (!second && b < end && !mote_jinja_less(r, reverse ? from[a][0] : from[b][0], reverse ? from[b][0] : from[a][0], JINJA_LT, &second))
            return false;
        memcpy(to[i], from[second ? b : a], sizeof *to);
        if (second)
            b++;
        else
            a++;
    }
    return true;
}

bool mote_jinja_sort(jinja_run *r, jinja_value *items, jinja_value *keys, size_t n, bool reverse) {
    jinja_value(*from)[2] = mote_jinja_alloc_array(r, n, sizeof *from), (*to)[2] = mote_jinja_alloc_array(r, n, sizeof *to);
    if (!from || !to)
        return false;
    for (size_t i = 0; i < n; i++) {
        from[i][0] = keys[i];
        from[i][1] = items[i];
    }
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t start = 0; start < n; start += 2 * width) {
            size_t middle = start + width < n ? start + width : n, end = start + 2 * width < n ? start + 2 * width : n;
            if (!merge(r, from, to, start, middle, end, reverse))
                return false;
        }
        jinja_value(*swap)[2] = from;
        from = to;
        to = swap;
    }
    for (size_t i = 0; i < n; i++) {
        keys[i] = from[i][0];
        items[i] = from[i][1];
    }
    return true;
}
