/* Making values, and the questions every value answers: its type's name, its truth, its length. */
#include "text/jinja_value.h"

#include "text/jinja_run.h"
#include "text/jinja_unicode.h"

const char *mote_jinja_type_name(jinja_value v) {
    static const char *const names[] = {
        [JINJA_MISSING] = "missing",  [JINJA_UNDEFINED] = "Undefined", [JINJA_NONE] = "None",         [JINJA_BOOL] = "bool",           [JINJA_INT] = "int",
        [JINJA_BIG] = "int",          [JINJA_FLOAT] = "float",         [JINJA_STR] = "str",           [JINJA_LIST] = "list",           [JINJA_TUPLE] = "tuple",
        [JINJA_DICT] = "dict",        [JINJA_VIEW] = "dict view",      [JINJA_RANGE] = "range",       [JINJA_NAMESPACE] = "Namespace", [JINJA_ITER] = "generator",
        [JINJA_LOOP] = "LoopContext", [JINJA_MACRO] = "Macro",         [JINJA_FUNCTION] = "function", [JINJA_METHOD] = "method",       [JINJA_CYCLER] = "Cycler",
        [JINJA_JOINER] = "Joiner",
    };
    return v.type < sizeof names / sizeof *names ? names[v.type] : "?";
}

bool mote_jinja_make_str(jinja_run *r, mote_str text, jinja_value *out) {
    jinja_str *s = mote_jinja_alloc(r, sizeof *s);
    if (!s)
        return false;
    *s = (jinja_str){.text = text, .n_chars = JINJA_CHARS_UNKNOWN};
    *out = jinja_of_str(s);
    return true;
}

bool mote_jinja_make_chars(jinja_run *r, mote_str text, jinja_value *out) {
    jinja_str *s = mote_jinja_alloc(r, sizeof *s + text.len);
    if (!s)
        return false;
    char *copy = (char *)(s + 1);
    if (text.len)
        memcpy(copy, text.data, text.len);
    *s = (jinja_str){.text = {copy, text.len}, .n_chars = JINJA_CHARS_UNKNOWN};
    *out = jinja_of_str(s);
    return true;
}

jinja_list *mote_jinja_new_list(jinja_run *r, size_t n) {
    size_t bytes;
    if (__builtin_mul_overflow(n, sizeof(jinja_value), &bytes))
        bytes = SIZE_MAX / 2;
    jinja_list *l = mote_jinja_alloc(r, sizeof *l + bytes);
    if (!l || !jinja_spend(r, n / 8))
        return NULL;
    *l = (jinja_list){.items = (jinja_value *)(l + 1), .n = n};
    memset(l->items, 0, bytes);
    return l;
}

bool mote_jinja_make_pair(jinja_run *r, jinja_value a, jinja_value b, jinja_value *out) {
    jinja_list *l = mote_jinja_new_list(r, 2);
    if (!l)
        return false;
    l->items[0] = a;
    l->items[1] = b;
    *out = (jinja_value){.type = JINJA_TUPLE, .u.l = l};
    return true;
}

bool mote_jinja_collect(jinja_run *r, jinja_value iterable, jinja_list **out) {
    if (iterable.type == JINJA_LIST || iterable.type == JINJA_TUPLE) {
        *out = iterable.u.l;
        return true;
    }
    jinja_iter *it = mote_jinja_iterate(r, iterable);
    if (!it)
        return false;
    jinja_list list = {0};
    size_t capacity = 0;
    jinja_value item;
    int got;
    while ((got = it->next(r, it, &item)) == JINJA_ITEM) {
        if (!jinja_spend(r, 1))
            return false;
        if (list.n == capacity) {
            capacity = capacity ? capacity * 2 : 8;
            jinja_value *items = mote_jinja_alloc_array(r, capacity, sizeof *items);
            if (!items)
                return false;
            if (list.n)
                memcpy(items, list.items, list.n * sizeof *items);
            list.items = items;
        }
        list.items[list.n++] = item;
    }
    jinja_list *l = got == JINJA_END ? mote_jinja_alloc(r, sizeof *l) : NULL;
    if (!l)
        return false;
    *l = list;
    *out = l;
    return true;
}

size_t mote_jinja_n_chars(jinja_run *r, jinja_value str) {
    jinja_str *s = str.u.s;
    if (s->n_chars == JINJA_CHARS_UNKNOWN) {
        s->n_chars = mote_jinja_unicode_count(s->text);
        jinja_charge(r, s->text.len / JINJA_BYTES_PER_STEP);
    }
    return s->n_chars;
}

size_t mote_jinja_char_offset(jinja_run *r, jinja_value str, size_t index) {
    mote_str text = str.u.s->text;
    if (mote_jinja_n_chars(r, str) == text.len)
        return index < text.len ? index : text.len;
    const char *p = text.data, *end = p + text.len;
    jinja_charge(r, index / 8);
    for (; index > 0 && p < end; index--)
        jinja_decode(&p);
    return (size_t)(p - text.data);
}

bool mote_jinja_truth(jinja_value v) {
    switch (v.type) {
    case JINJA_MISSING:
    case JINJA_UNDEFINED:
    case JINJA_NONE:
        return false;
    case JINJA_BOOL:
        return v.u.b;
    case JINJA_INT:
        return v.u.i != 0;
    case JINJA_FLOAT:
        return v.u.f != 0;
    case JINJA_STR:
        return v.u.s->text.len > 0;
    case JINJA_LIST:
    case JINJA_TUPLE:
        return v.u.l->n > 0;
    case JINJA_DICT:
    case JINJA_VIEW:
        return v.u.d->n > 0;
    case JINJA_RANGE:
        return v.u.range->n > 0;
    default:
        return true;
    }
}

bool mote_jinja_length(jinja_run *r, jinja_value v, size_t *n) {
    switch (v.type) {
    case JINJA_UNDEFINED:
        *n = 0;
        return true;
    case JINJA_STR:
        *n = mote_jinja_n_chars(r, v);
        return true;
    case JINJA_LIST:
    case JINJA_TUPLE:
        *n = v.u.l->n;
        return true;
    case JINJA_DICT:
    case JINJA_VIEW:
        *n = v.u.d->n;
        return true;
    case JINJA_RANGE:
        *n = (size_t)v.u.range->n;
        return true;
    case JINJA_LOOP:
        return mote_jinja_loop_length(r, v.u.loop, n);
    default:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: object of type '%s' has no len()", mote_jinja_type_name(v));
    }
}

bool mote_jinja_index_arg(jinja_run *r, jinja_value v, int64_t *out) {
    if (v.type == JINJA_BOOL)
        *out = v.u.b;
    else if (v.type == JINJA_INT)
        *out = v.u.i;
    else if (v.type == JINJA_BIG)
        *out = mote_jinja_big_negative(v.u.big) ? INT64_MIN : INT64_MAX;
    else if (v.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, v);
    else
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: '%s' cannot be interpreted as an integer", mote_jinja_type_name(v));
    return true;
}
