/* Python's string methods: searching, splitting, stripping, replacing, joining. Positions count code points. */
#include "text/jinja_run.h"

#include "text/jinja_str_case.h"
#include "text/jinja_unicode.h"

static bool pay(jinja_run *r, mote_str s) {
    return jinja_spend(r, s.len / JINJA_BYTES_PER_STEP + 1);
}

static bool part(jinja_run *r, const char *start, const char *end, jinja_value *out) {
    return mote_jinja_make_str(r, (mote_str){start, (size_t)(end - start)}, out);
}

/* A list under construction. */
typedef struct parts {
    jinja_list *list;
    size_t capacity;
} parts;

static bool add_part(jinja_run *r, parts *to, const char *start, const char *end) {
    if (!to->list) {
        to->list = mote_jinja_alloc(r, sizeof *to->list);
        if (!to->list)
            return false;
        *to->list = (jinja_list){0};
    }
    if (to->list->n == to->capacity) {
        to->capacity = to->capacity ? to->capacity * 2 : 8;
        jinja_value *items = mote_jinja_alloc_array(r, to->capacity, sizeof *items);
        if (!items)
            return false;
        if (to->list->n)
            memcpy(items, to->list->items, to->list->n * sizeof *items);
        to->list->items = items;
    }
    return jinja_spend(r, 1) && part(r, start, end, &to->list->items[to->list->n++]);
}

static bool finish_parts(jinja_run *r, parts *p, jinja_value *out) {
    if (!p->list)
        p->list = mote_jinja_new_list(r, 0);
    *out = jinja_of_list(p->list);
    return p->list != NULL;
}

/* --- strip --- */

static bool has_char(mote_str chars, const char *c, size_t n) {
    return memmem(chars.data, chars.len, c, n) != NULL;
}

static bool strip(jinja_run *r, jinja_value *a, bool left, bool right, jinja_value *out) {
    mote_str s = jinja_text(a[0]), chars;
    if (!pay(r, s))
        return false;
    if (jinja_is_none(a[1])) {
        mote_str kept = mote_jinja_unicode_strip(s, left, right);
        return jinja_spend(r, (s.len - kept.len) / 4) && mote_jinja_make_str(r, kept, out);
    }
    if (!mote_jinja_str_arg(r, a[1], "strip", &chars))
        return false;
    const char *p = s.data, *end = p + s.len;
    size_t budget = chars.len / 8 + 1;
    while (left && p < end) {
        const char *q = p;
        jinja_decode(&q);
        if (!jinja_spend(r, budget) || !has_char(chars, p, (size_t)(q - p)))
            break;
        p = q;
    }
    while (right && p < end) {
        const char *q = jinja_previous(end);
        if (!jinja_spend(r, budget) || !has_char(chars, q, (size_t)(end - q)))
            break;
        end = q;
    }
    return r->status == MOTE_OK && part(r, p, end, out);
}

static bool str_strip(jinja_run *r, jinja_value *a, jinja_value *out) {
    return strip(r, a, true, true, out);
}
static bool str_lstrip(jinja_run *r, jinja_value *a, jinja_value *out) {
    return strip(r, a, true, false, out);
}
static bool str_rstrip(jinja_run *r, jinja_value *a, jinja_value *out) {
    return strip(r, a, false, true, out);
}

/* --- split --- */

static bool split_space(jinja_run *r, mote_str s, int64_t max, jinja_value *out) {
    parts list = {0};
    const char *p = s.data, *end = p + s.len;
    for (;;) {
        mote_str rest = mote_jinja_unicode_strip((mote_str){p, (size_t)(end - p)}, true, false);
        if (rest.len == 0)
            break;
        if (max == 0) {
            if (!add_part(r, &list, rest.data, end))
                return false;
            break;
        }
        const char *q = p = rest.data;
        while (q < end) {
            const char *next = q;
            if (mote_jinja_unicode_is_space(jinja_decode(&next)))
                break;
            q = next;
        }
        if (!add_part(r, &list, p, q))
            return false;
        p = q;
        max -= max > 0;
    }
    return finish_parts(r, &list, out);
}

static void reverse_list(jinja_list *l) {
    for (size_t i = 0; l && i < l->n / 2; i++) {
        jinja_value swap = l->items[i];
        l->items[i] = l->items[l->n - 1 - i];
        l->items[l->n - 1 - i] = swap;
    }
}

static bool rsplit_space(jinja_run *r, mote_str s, int64_t max, jinja_value *out) {
    parts list = {0};
    const char *start = s.data, *end = start + s.len;
    for (;;) {
        mote_str rest = mote_jinja_unicode_strip((mote_str){start, (size_t)(end - start)}, false, true);
        if (rest.len == 0)
            break;
        end = rest.data + rest.len;
        if (max == 0) {
            if (!add_part(r, &list, start, end))
                return false;
            break;
        }
        const char *p = end;
        while (p > start) {
            const char *q = jinja_previous(p), *next = q;
            if (mote_jinja_unicode_is_space(jinja_decode(&next)))
                break;
            p = q;
        }
        if (!add_part(r, &list, p, end))
            return false;
        end = p;
        max -= max > 0;
    }
    reverse_list(list.list);
    return finish_parts(r, &list, out);
}

/* The last place of `what`; every place looked at is charged. */
static const char *find_last(jinja_run *r, const char *start, const char *end, mote_str what) {
    if (what.len == 0 || (size_t)(end - start) < what.len)
        return what.len ? NULL : end;
    const char *p = end - what.len, *found = NULL;
    size_t each = 1 + what.len / 64;
    while (!found && p >= start && (p = memrchr(start, what.data[0], (size_t)(p - start) + 1))) {
        if (!jinja_spend(r, each))
            return NULL;
        if (memcmp(p, what.data, what.len) == 0)
            found = p;
        p--;
    }
    return found;
}

static bool split_args(jinja_run *r, jinja_value *a, mote_str *separator, int64_t *max) {
    *max = -1;
    if (a[2].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[2], max))
        return false;
    if (jinja_is_none(a[1]))
        return pay(r, jinja_text(a[0]));
    if (!mote_jinja_str_arg(r, a[1], "split", separator))
        return false;
    return separator->len ? jinja_spend_search(r, jinja_text(a[0]).len, separator->len) : mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: empty separator");
}

static bool str_split(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]), separator;
    int64_t max;
    parts list = {0};
    if (!split_args(r, a, &separator, &max))
        return false;
    if (jinja_is_none(a[1]))
        return split_space(r, s, max, out);
    const char *p = s.data, *end = p + s.len, *found;
    for (; max != 0 && (found = memmem(p, (size_t)(end - p), separator.data, separator.len)); max -= max > 0) {
        if (!add_part(r, &list, p, found))
            return false;
        p = found + separator.len;
    }
    return add_part(r, &list, p, end) && finish_parts(r, &list, out);
}

static bool str_rsplit(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]), separator;
    int64_t max;
    parts list = {0};
    if (!split_args(r, a, &separator, &max))
        return false;
    if (jinja_is_none(a[1]))
        return rsplit_space(r, s, max, out);
    const char *start = s.data, *end = start + s.len, *found;
    for (; max != 0 && (found = find_last(r, start, end, separator)); max -= max > 0) {
        if (!add_part(r, &list, found + separator.len, end))
            return false;
        end = found;
    }
    if (r->status != MOTE_OK || !add_part(r, &list, start, end))
        return false;
    reverse_list(list.list);
    return finish_parts(r, &list, out);
}

static bool str_splitlines(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]);
    bool keep = mote_jinja_truth(a[1]);
    parts list = {0};
    const char *p = s.data, *end = p + s.len, *line = p;
    if (!jinja_spend(r, s.len / 8))
        return false;
    while (p < end) {
        const char *at = p;
        uint32_t c = jinja_decode(&p);
        if (!mote_jinja_unicode_is_line_end(c))
            continue;
        if (c == '\r' && p < end && *p == '\n')
            p++;
        if (!add_part(r, &list, line, keep ? p : at))
            return false;
        line = p;
    }
    return (line == end || add_part(r, &list, line, end)) && finish_parts(r, &list, out);
}

static bool partition(jinja_run *r, jinja_value *a, bool last, jinja_value *out) {
    mote_str s = jinja_text(a[0]), separator;
    if (!mote_jinja_str_arg(r, a[1], "partition", &separator) || !jinja_spend_search(r, s.len, separator.len))
        return false;
    if (separator.len == 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: empty separator");
    const char *end = s.data + s.len, *found = last ? find_last(r, s.data, end, separator) : memmem(s.data, s.len, separator.data, separator.len);
    jinja_list *l = mote_jinja_new_list(r, 3);
    if (!l || r->status != MOTE_OK)
        return false;
    const char *cut[4] = {s.data, found, found ? found + separator.len : NULL, end};
    if (!found)
        cut[1] = cut[2] = last ? s.data : end;
    for (int i = 0; i < 3; i++)
        if (!part(r, cut[i], cut[i + 1], &l->items[i]))
            return false;
    *out = (jinja_value){.type = JINJA_TUPLE, .u.l = l};
    return true;
}

static bool str_partition(jinja_run *r, jinja_value *a, jinja_value *out) {
    return partition(r, a, false, out);
}
static bool str_rpartition(jinja_run *r, jinja_value *a, jinja_value *out) {
    return partition(r, a, true, out);
}

/* --- searching --- */

/* The part of s between the optional code point positions a[2] and a[3]; false in *inside where the start lies behind the end. */
static bool window(jinja_run *r, jinja_value *a, mote_str *s, size_t *first, bool *inside) {
    int64_t n = (int64_t)mote_jinja_n_chars(r, a[0]), start = 0, stop = n;
    if ((!jinja_is_none(a[2]) && !mote_jinja_index_arg(r, a[2], &start)) || (!jinja_is_none(a[3]) && !mote_jinja_index_arg(r, a[3], &stop)))
        return false;
    start = start < 0 ? (start + n < 0 ? 0 : start + n) : start;
    stop = stop < 0 ? (stop + n < 0 ? 0 : stop + n) : stop > n ? n : stop;
    *inside = start <= stop;
    if (!*inside)
        return true;
    size_t from = mote_jinja_char_offset(r, a[0], (size_t)start), to = mote_jinja_char_offset(r, a[0], (size_t)stop);
    *s = (mote_str){jinja_text(a[0]).data + from, to - from};
    *first = (size_t)start;
    return pay(r, *s);
}

static bool search(jinja_run *r, jinja_value *a, bool last, bool must, jinja_value *out) {
    mote_str s = {NULL, 0}, what;
    size_t first = 0;
    bool inside;
    if (!mote_jinja_str_arg(r, a[1], "find", &what) || !window(r, a, &s, &first, &inside))
        return false;
    const char *found = !inside ? NULL : last ? find_last(r, s.data, s.data + s.len, what) : what.len ? memmem(s.data, s.len, what.data, what.len) : s.data;
    if (r->status != MOTE_OK || !jinja_spend_search(r, s.len, last ? 0 : what.len))
        return false;
    if (!found && must)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: substring not found");
    *out = jinja_int(found ? (int64_t)(first + mote_jinja_unicode_count((mote_str){s.data, (size_t)(found - s.data)})) : -1);
    return true;
}

static bool str_find(jinja_run *r, jinja_value *a, jinja_value *out) {
    return search(r, a, false, false, out);
}
static bool str_rfind(jinja_run *r, jinja_value *a, jinja_value *out) {
    return search(r, a, true, false, out);
}
static bool str_index(jinja_run *r, jinja_value *a, jinja_value *out) {
    return search(r, a, false, true, out);
}
static bool str_rindex(jinja_run *r, jinja_value *a, jinja_value *out) {
    return search(r, a, true, true, out);
}

static bool str_count(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = {NULL, 0}, what;
    size_t first;
    bool inside;
    int64_t n = 0;
    if (!mote_jinja_str_arg(r, a[1], "count", &what) || !window(r, a, &s, &first, &inside) || !jinja_spend_search(r, s.len, what.len))
        return false;
    if (inside && what.len == 0)
        n = (int64_t)mote_jinja_unicode_count(s) + 1;
    const char *p = s.data, *end = p + s.len;
    while (inside && what.len && (p = memmem(p, (size_t)(end - p), what.data, what.len))) {
        p += what.len;
        n++;
    }
    *out = jinja_int(n);
    return true;
}

static bool starts_or_ends(jinja_run *r, jinja_value *a, bool ends, jinja_value *out) {
    mote_str s = {NULL, 0}, what;
    size_t first;
    bool inside, result = false;
    if (!window(r, a, &s, &first, &inside))
        return false;
    const jinja_value *options = &a[1];
    size_t n = 1;
    if (a[1].type == JINJA_TUPLE) {
        options = a[1].u.l->items;
        n = a[1].u.l->n;
    }
    for (size_t i = 0; i < n && !result; i++) {
        if (!mote_jinja_str_arg(r, options[i], ends ? "endswith" : "startswith", &what) || !jinja_spend(r, 1))
            return false;
        jinja_charge(r, what.len / JINJA_BYTES_PER_STEP);
        result = inside && (ends ? mote_str_ends(s, what) : mote_str_starts(s, what));
    }
    *out = jinja_bool(result);
    return true;
}

static bool str_startswith(jinja_run *r, jinja_value *a, jinja_value *out) {
    return starts_or_ends(r, a, false, out);
}
static bool str_endswith(jinja_run *r, jinja_value *a, jinja_value *out) {
    return starts_or_ends(r, a, true, out);
}

static bool str_removeprefix(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]), what;
    if (!mote_jinja_str_arg(r, a[1], "removeprefix", &what))
        return false;
    return part(r, s.data + (mote_str_starts(s, what) ? what.len : 0), s.data + s.len, out);
}

static bool str_removesuffix(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]), what;
    if (!mote_jinja_str_arg(r, a[1], "removesuffix", &what))
        return false;
    return part(r, s.data, s.data + s.len - (mote_str_ends(s, what) ? what.len : 0), out);
}

/* --- building --- */

static bool str_replace(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]), what, by;
    int64_t max = -1;
    size_t mark = r->text.len;
    if (!mote_jinja_str_arg(r, a[1], "replace", &what) || !mote_jinja_str_arg(r, a[2], "replace", &by) || (a[3].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[3], &max)) ||
        !pay(r, s))
        return false;
    const char *p = s.data, *end = p + s.len, *found;
    if (what.len == 0) { /* between all characters */
        for (; max != 0; max -= max > 0) {
            const char *at = p;
            if (!jinja_spend(r, 1) || !mote_jinja_put(r, by.data, by.len))
                return false;
            if (p == end)
                break;
            jinja_decode(&p);
            if (!mote_jinja_put(r, at, (size_t)(p - at)))
                return false;
        }
        return mote_jinja_put(r, p, (size_t)(end - p)) && mote_jinja_take(r, mark, out);
    }
    for (; max != 0 && (found = memmem(p, (size_t)(end - p), what.data, what.len)); max -= max > 0) {
        if (!jinja_spend(r, 1) || !mote_jinja_put(r, p, (size_t)(found - p)) || !mote_jinja_put(r, by.data, by.len))
            return false;
        p = found + what.len;
    }
    if (p == s.data) {
        *out = a[0];
        out->sub = JINJA_PLAIN;
        return true;
    }
    return mote_jinja_put(r, p, (size_t)(end - p)) && mote_jinja_take(r, mark, out);
}

static bool str_join(jinja_run *r, jinja_value *a, jinja_value *out) {
    size_t mark = r->text.len;
    jinja_iter *it = mote_jinja_iterate(r, a[1]);
    jinja_value item;
    mote_str s;
    int got = JINJA_FAILED;
    for (bool first = true; it && (got = it->next(r, it, &item)) == JINJA_ITEM; first = false)
        if (!jinja_spend(r, 1) || !mote_jinja_str_arg(r, item, "join", &s) || (!first && !mote_jinja_put_str(r, a[0])) || !mote_jinja_put(r, s.data, s.len))
            return false;
    return got == JINJA_END && mote_jinja_take(r, mark, out);
}

static bool str_format(jinja_run *r, const jinja_args *args, jinja_value *out) {
    jinja_args rest = {args->v + 1, args->n - 1, args->kw, args->n_kw};
    return mote_jinja_str_format(r, args->v[0], &rest, out);
}

static bool str_format_map(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[1].type != JINJA_DICT)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: format_map() needs a mapping");
    const jinja_dict *d = a[1].u.d;
    jinja_args args = {.kw = mote_jinja_alloc_array(r, d->n + 1, sizeof *args.kw)};
    if (!args.kw)
        return false;
    for (size_t i = 0; i < d->n; i++)
        if (d->entries[i].key.type == JINJA_STR)
            args.kw[args.n_kw++] = (jinja_keyword){jinja_text(d->entries[i].key), d->entries[i].value};
    return mote_jinja_str_format(r, a[0], &args, out);
}

static bool str_refused(jinja_run *r, const jinja_args *args, jinja_value *out) {
    (void)args;
    (void)out;
    return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "the string methods encode, maketrans and translate are not supported");
}

const jinja_builtin *mote_jinja_str_method(mote_str name) {
    static const jinja_builtin methods[] = {
        {"strip", "-,-", 1, str_strip, NULL},
        {"lstrip", "-,-", 1, str_lstrip, NULL},
        {"rstrip", "-,-", 1, str_rstrip, NULL},
        {"split", "-,sep,maxsplit", 1, str_split, NULL},
        {"rsplit", "-,sep,maxsplit", 1, str_rsplit, NULL},
        {"splitlines", "-,keepends", 1, str_splitlines, NULL},
        {"partition", "-,-", 2, str_partition, NULL},
        {"rpartition", "-,-", 2, str_rpartition, NULL},
        {"find", "-,-,-,-", 2, str_find, NULL},
        {"rfind", "-,-,-,-", 2, str_rfind, NULL},
        {"index", "-,-,-,-", 2, str_index, NULL},
        {"rindex", "-,-,-,-", 2, str_rindex, NULL},
        {"count", "-,-,-,-", 2, str_count, NULL},
        {"startswith", "-,-,-,-", 2, str_startswith, NULL},
        {"endswith", "-,-,-,-", 2, str_endswith, NULL},
        {"removeprefix", "-,-", 2, str_removeprefix, NULL},
        {"removesuffix", "-,-", 2, str_removesuffix, NULL},
        {"replace", "-,-,-,-", 3, str_replace, NULL},
        {"join", "-,-", 2, str_join, NULL},
        {"format", NULL, 0, NULL, str_format},
        {"format_map", "-,-", 2, str_format_map, NULL},
        {"upper", "-", 1, mote_jinja_str_upper, NULL},
        {"lower", "-", 1, mote_jinja_str_lower, NULL},
        {"casefold", "-", 1, mote_jinja_str_casefold, NULL},
        {"title", "-", 1, mote_jinja_str_title, NULL},
        {"capitalize", "-", 1, mote_jinja_str_capitalize, NULL},
        {"swapcase", "-", 1, mote_jinja_str_swapcase, NULL},
        {"isalnum", "-", 1, mote_jinja_str_isalnum, NULL},
        {"isalpha", "-", 1, mote_jinja_str_isalpha, NULL},
        {"isascii", "-", 1, mote_jinja_str_isascii, NULL},
        {"isdecimal", "-", 1, mote_jinja_str_isdecimal, NULL},
        {"isdigit", "-", 1, mote_jinja_str_isdigit, NULL},
        {"isnumeric", "-", 1, mote_jinja_str_isnumeric, NULL},
        {"isspace", "-", 1, mote_jinja_str_isspace, NULL},
        {"isprintable", "-", 1, mote_jinja_str_isprintable, NULL},
        {"isidentifier", "-", 1, mote_jinja_str_isidentifier, NULL},
        {"islower", "-", 1, mote_jinja_str_islower, NULL},
        {"isupper", "-", 1, mote_jinja_str_isupper, NULL},
        {"istitle", "-", 1, mote_jinja_str_istitle, NULL},
        {"center", "-,-,-", 2, mote_jinja_str_center, NULL},
        {"ljust", "-,-,-", 2, mote_jinja_str_ljust, NULL},
        {"rjust", "-,-,-", 2, mote_jinja_str_rjust, NULL},
        {"zfill", "-,-", 2, mote_jinja_str_zfill, NULL},
        {"expandtabs", "-,tabsize", 1, mote_jinja_str_expandtabs, NULL},
        {"encode", NULL, 0, NULL, str_refused},
        {"maketrans", NULL, 0, NULL, str_refused},
        {"translate", NULL, 0, NULL, str_refused},
        {.name = NULL},
    };
    return mote_jinja_find(methods, name);
}
