/* obj.name, obj[key] and slices as Jinja's immutable sandbox looks them up: obj.name tries the attribute, then the item; obj[key] the other way round. Names
 * that begin with an underscore and methods that would change their object give an undefined value that fails when used. */
#include "text/jinja_run.h"

#include "text/jinja_ast.h"
#include "text/jinja_unicode.h"

static bool undefined(jinja_run *r, int kind, jinja_value obj, mote_str name, jinja_value *out) {
    jinja_value text;
    if (!mote_jinja_make_chars(r, name, &text))
        return false;
    *out = (jinja_value){.type = JINJA_UNDEFINED, .sub = (uint8_t)kind, .extra = obj.type, .u.s = text.u.s};
    return true;
}

bool mote_jinja_is_mutator(jinja_value v, mote_str name) {
    static const char *const of_dict[] = {"clear", "pop", "popitem", "setdefault", "update", NULL};
    static const char *const of_list[] = {"append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove", NULL};
    const char *const *names = v.type == JINJA_DICT ? of_dict : v.type == JINJA_LIST ? of_list : NULL;
    for (; names && *names; names++)
        if (mote_str_is(name, *names))
            return true;
    return false;
}

static bool macro_attribute(jinja_run *r, const jinja_macro *m, mote_str name, jinja_value *out) {
    const jinja_node *n = m->node;
    if (mote_str_is(name, "name"))
        *out = jinja_of_str(n->as.u.name);
    else if (mote_str_is(name, "catch_kwargs"))
        *out = jinja_bool(n->flag & JINJA_USES_KWARGS);
    else if (mote_str_is(name, "catch_varargs"))
        *out = jinja_bool(n->flag & JINJA_USES_VARARGS);
    else if (mote_str_is(name, "caller"))
        *out = jinja_bool(n->flag & JINJA_USES_CALLER);
    else if (mote_str_is(name, "arguments")) {
        jinja_list *l = mote_jinja_new_list(r, n->n);
        if (!l)
            return false;
        for (uint32_t i = 0; i < n->n; i++)
            l->items[i] = jinja_of_str(n->items[i]->as.u.name);
        *out = (jinja_value){.type = JINJA_TUPLE, .u.l = l};
    }
    return true;
}

/* Plain attributes; *out stays missing where there is none. */
static bool data_attribute(jinja_run *r, jinja_value obj, mote_str name, jinja_value *out) {
    switch (obj.type) {
    case JINJA_NAMESPACE: {
        jinja_value *found = mote_jinja_dict_get_str(obj.u.d, name);
        if (found)
            *out = *found;
        return true;
    }
    case JINJA_LOOP:
        return mote_jinja_loop_attr(r, obj, name, out);
    case JINJA_MACRO:
        return macro_attribute(r, obj.u.macro, name, out);
    case JINJA_TUPLE:
        if (obj.sub == JINJA_GROUP && mote_str_is(name, "grouper"))
            *out = obj.u.l->items[0];
        else if (obj.sub == JINJA_GROUP && mote_str_is(name, "list"))
            *out = obj.u.l->items[1];
        return true;
    case JINJA_RANGE:
        if (mote_str_is(name, "start") || mote_str_is(name, "stop") || mote_str_is(name, "step"))
            *out = jinja_int(name.data[2] == 'a' ? obj.u.range->start : name.data[2] == 'o' ? obj.u.range->stop : obj.u.range->step);
        return true;
    case JINJA_CYCLER:
        if (mote_str_is(name, "current"))
            *out = obj.u.cycler->items->items[obj.u.cycler->pos];
        else if (mote_str_is(name, "items"))
            *out = (jinja_value){.type = JINJA_TUPLE, .u.l = obj.u.cycler->items};
        else if (mote_str_is(name, "pos"))
            *out = jinja_int((int64_t)obj.u.cycler->pos);
        return true;
    case JINJA_JOINER:
        if (mote_str_is(name, "sep"))
            *out = obj.u.joiner->separator;
        else if (mote_str_is(name, "used"))
            *out = jinja_bool(obj.u.joiner->used);
        return true;
    case JINJA_BOOL:
    case JINJA_INT:
    case JINJA_BIG:
    case JINJA_FLOAT:
        if (mote_str_is(name, "real") || (obj.type != JINJA_FLOAT && mote_str_is(name, "numerator")))
            *out = obj.type == JINJA_BOOL ? jinja_int(obj.u.b) : obj;
        else if (mote_str_is(name, "imag"))
            *out = obj.type == JINJA_FLOAT ? jinja_float(0) : jinja_int(0);
        else if (obj.type != JINJA_FLOAT && mote_str_is(name, "denominator"))
            *out = jinja_int(1);
        return true;
    default:
        return true;
    }
}

bool mote_jinja_attribute(jinja_run *r, jinja_value obj, mote_str name, jinja_value *out) {
    *out = JINJA_MISSING_VALUE;
    if (obj.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, obj);
    bool internal = name.len >= 2 && name.data[0] == '_' && name.data[1] == '_';
    if (internal || mote_jinja_is_mutator(obj, name)) {
        /* what Python has there is never given out */
        if (obj.type == JINJA_NAMESPACE)
            return true;
        return undefined(r, JINJA_UNDEF_UNSAFE, obj, name, out);
    }
    if (name.len && name.data[0] == '_' && obj.type != JINJA_NAMESPACE)
        return true;
    if (!data_attribute(r, obj, name, out))
        return false;
    const jinja_builtin *function = out->type == JINJA_MISSING ? mote_jinja_method_of(obj, name) : NULL;
    if (!function)
        return true;
    jinja_method *m = mote_jinja_alloc(r, sizeof *m);
    if (!m)
        return false;
    *m = (jinja_method){obj, function};
    *out = (jinja_value){.type = JINJA_METHOD, .u.method = m};
    return true;
}

static bool range_item(const jinja_range *range, int64_t i, jinja_value *out) {
    *out = jinja_int(range->start + i * range->step);
    return true;
}

/* Python's obj[key]; *out stays missing where it would raise TypeError or LookupError. */
static bool item(jinja_run *r, jinja_value obj, jinja_value key, jinja_value *out) {
    *out = JINJA_MISSING_VALUE;
    if (obj.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, obj);
    if (obj.type == JINJA_DICT) {
        jinja_value *found = mote_jinja_dict_get(r, obj.u.d, key);
        if (found)
            *out = *found;
        return true;
    }
    if (key.type != JINJA_INT && key.type != JINJA_BOOL)
        return true;
    int64_t i = key.type == JINJA_BOOL ? key.u.b : key.u.i, n = 0;
    if (obj.type == JINJA_LIST || obj.type == JINJA_TUPLE)
        n = (int64_t)obj.u.l->n;
    else if (obj.type == JINJA_STR)
        n = (int64_t)mote_jinja_n_chars(r, obj);
    else if (obj.type == JINJA_RANGE)
        n = obj.u.range->n;
    if (i < 0)
        i += n;
    if (i < 0 || i >= n)
        return true;
    if (obj.type == JINJA_RANGE)
        return range_item(obj.u.range, i, out);
    if (obj.type != JINJA_STR) {
        *out = obj.u.l->items[i];
        return true;
    }
    mote_str text = jinja_text(obj);
    const char *p = text.data + mote_jinja_char_offset(r, obj, (size_t)i), *end = p;
    jinja_decode(&end);
    return jinja_spend(r, 1) && mote_jinja_make_str(r, (mote_str){p, (size_t)(end - p)}, out);
}

bool mote_jinja_getattr(jinja_run *r, jinja_value obj, mote_str name, jinja_value *out) {
    if (!mote_jinja_attribute(r, obj, name, out))
        return false;
    if (out->type != JINJA_MISSING)
        return true;
    if (obj.type == JINJA_DICT) {
        jinja_value *found = mote_jinja_dict_get_str(obj.u.d, name);
        if (found) {
            *out = *found;
            return true;
        }
    }
    return undefined(r, JINJA_UNDEF_ATTR, obj, name, out);
}

bool mote_jinja_getitem(jinja_run *r, jinja_value obj, jinja_value key, jinja_value *out) {
    if (!item(r, obj, key, out))
        return false;
    if (out->type != JINJA_MISSING)
        return true;
    if (key.type == JINJA_STR) {
        if (!mote_jinja_attribute(r, obj, jinja_text(key), out))
            return false;
        return out->type != JINJA_MISSING || undefined(r, JINJA_UNDEF_ATTR, obj, jinja_text(key), out);
    }
    *out = (jinja_value){.type = JINJA_UNDEFINED, .sub = JINJA_UNDEF_ITEM, .extra = obj.type};
    return true;
}

/* A bound of a slice, brought into [low, high]. */
static bool bound(jinja_run *r, jinja_value v, int64_t n, int64_t low, int64_t high, int64_t otherwise, int64_t *out) {
    if (jinja_is_none(v)) {
        *out = otherwise;
        return true;
    }
    if (!jinja_is_int(v))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: slice indices must be integers or None, not %s", mote_jinja_type_name(v));
    if (!mote_jinja_index_arg(r, v, out))
        return false;
    if (*out < 0)
        *out += n;
    *out = *out < low ? low : *out > high ? high : *out;
    return true;
}

static bool slice_text(jinja_run *r, jinja_value obj, int64_t start, int64_t count, int64_t step, jinja_value *out) {
    mote_str text = jinja_text(obj);
    if (count == 0)
        return mote_jinja_make_str(r, (mote_str){text.data, 0}, out);
    if (step == 1) {
        size_t from = mote_jinja_char_offset(r, obj, (size_t)start), to = mote_jinja_char_offset(r, obj, (size_t)(start + count));
        return mote_jinja_make_str(r, (mote_str){text.data + from, to - from}, out);
    }
    size_t mark = r->text.len;
    const char *p = text.data + mote_jinja_char_offset(r, obj, (size_t)start);
    for (int64_t i = 0; i < count; i++) {
        const char *end = p;
        jinja_decode(&end);
        if (!jinja_spend(r, 1) || !mote_jinja_put(r, p, (size_t)(end - p)))
            return false;
        for (int64_t k = 0; i + 1 < count && k < step; k++)
            jinja_decode(&p);
        for (int64_t k = 0; i + 1 < count && k > step; k--)
            p = jinja_previous(p);
        if (!jinja_spend(r, (size_t)(step < 0 ? -(step + 1) : step - 1) / 8))
            return i + 1 == count;
    }
    return mote_jinja_take(r, mark, out);
}

bool mote_jinja_slice(jinja_run *r, jinja_value obj, jinja_value start, jinja_value stop, jinja_value step, jinja_value *out) {
    int64_t n = 0, s = 1, from, to;
    if (obj.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, obj);
    if (obj.type == JINJA_STR)
        n = (int64_t)mote_jinja_n_chars(r, obj);
    else if (obj.type == JINJA_LIST || obj.type == JINJA_TUPLE)
        n = (int64_t)obj.u.l->n;
    else if (obj.type == JINJA_RANGE)
        n = obj.u.range->n;
    else
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: '%s' object cannot be sliced", mote_jinja_type_name(obj));
    if (!jinja_is_none(step) && (!jinja_is_int(step) || !mote_jinja_index_arg(r, step, &s)))
        return r->status != MOTE_OK ? false : mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: slice step must be an integer");
    if (s == 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: slice step cannot be zero");
    if (s < -n - 1)
        s = -n - 1;
    if (s > n + 1)
        s = n + 1;
    int64_t low = s > 0 ? 0 : -1, high = s > 0 ? n : n - 1;
    if (!bound(r, start, n, low, high, s > 0 ? 0 : n - 1, &from) || !bound(r, stop, n, low, high, s > 0 ? n : -1, &to))
        return false;
    int64_t count = s > 0 ? (to > from ? (to - from - 1) / s + 1 : 0) : (from > to ? (from - to - 1) / -s + 1 : 0);
    if (obj.type == JINJA_STR)
        return slice_text(r, obj, from, count, s, out);
    if (obj.type == JINJA_RANGE) {
        jinja_range *range = mote_jinja_alloc(r, sizeof *range);
        if (!range)
            return false;
        const jinja_range *old = obj.u.range;
        *range = (jinja_range){old->start + from * old->step, old->start + to * old->step, old->step * s, count};
        *out = (jinja_value){.type = JINJA_RANGE, .u.range = range};
        return true;
    }
    jinja_list *l = s == 1 ? mote_jinja_alloc(r, sizeof *l) : mote_jinja_new_list(r, (size_t)count);
    if (!l)
        return false;
    if (s == 1) /* lists never change: a part can share the items */
        *l = (jinja_list){.items = count ? obj.u.l->items + from : NULL, .n = (size_t)count};
    for (int64_t i = 0; s != 1 && i < count; i++)
        l->items[i] = obj.u.l->items[from + i * s];
    *out = (jinja_value){.type = obj.type, .u.l = l};
    return jinja_spend(r, s == 1 ? 1 : (size_t)count / 4 + 1);
}

bool mote_jinja_attr_path(jinja_run *r, jinja_value obj, jinja_value path, jinja_value fallback, jinja_value *out) {
    *out = obj;
    if (path.type != JINJA_STR) {
        if (!jinja_is_none(path) && !mote_jinja_getitem(r, obj, path, out))
            return false;
        if (!jinja_is_none(fallback) && out->type == JINJA_UNDEFINED)
            *out = fallback;
        return true;
    }
    mote_str rest = jinja_text(path);
    for (bool more = true; more;) {
        const char *dot = rest.len ? memchr(rest.data, '.', rest.len) : NULL;
        mote_str part = {rest.data, dot ? (size_t)(dot - rest.data) : rest.len};
        bool digits = part.len > 0 && part.len < 18;
        int64_t number = 0;
        for (size_t i = 0; i < part.len && digits; i++) {
            digits = part.data[i] >= '0' && part.data[i] <= '9';
            number = number * 10 + (part.data[i] - '0');
        }
        jinja_str s = {.text = part, .n_chars = JINJA_CHARS_UNKNOWN};
        if (!jinja_spend(r, 1) || !mote_jinja_getitem(r, *out, digits ? jinja_int(number) : jinja_of_str(&s), out))
            return false;
        if (!jinja_is_none(fallback) && out->type == JINJA_UNDEFINED)
            *out = fallback;
        more = dot != NULL;
        if (more)
            rest = (mote_str){dot + 1, rest.len - part.len - 1};
    }
    return true;
}
