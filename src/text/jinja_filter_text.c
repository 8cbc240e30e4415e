/* Filters on text. Most take any value and work on its str(). */
#include "text/jinja_filters.h"

#include "text/jinja_unicode.h"

/* A string method on str(a[0]); the other arguments are the method's. */
static bool method(jinja_run *r, const char *name, jinja_value *a, jinja_value *out) {
    return mote_jinja_str(r, a[0], &a[0]) && mote_jinja_str_method(mote_str_of(name))->call(r, a, out);
}

bool mote_jinja_filter_upper(jinja_run *r, jinja_value *a, jinja_value *out) {
    return method(r, "upper", a, out);
}
bool mote_jinja_filter_lower(jinja_run *r, jinja_value *a, jinja_value *out) {
    return method(r, "lower", a, out);
}
bool mote_jinja_filter_capitalize(jinja_run *r, jinja_value *a, jinja_value *out) {
    return method(r, "capitalize", a, out);
}
bool mote_jinja_filter_trim(jinja_run *r, jinja_value *a, jinja_value *out) {
    return method(r, "strip", a, out);
}

bool mote_jinja_filter_center(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_value args[3] = {a[0], a[1].type == JINJA_MISSING ? jinja_int(80) : a[1], JINJA_MISSING_VALUE};
    return method(r, "center", args, out);
}

bool mote_jinja_filter_replace(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[3].type == JINJA_NONE)
        a[3] = JINJA_MISSING_VALUE;
    return mote_jinja_str(r, a[1], &a[1]) && mote_jinja_str(r, a[2], &a[2]) && method(r, "replace", a, out);
}

bool mote_jinja_filter_string(jinja_run *r, jinja_value *a, jinja_value *out) {
    return mote_jinja_str(r, a[0], out);
}

bool mote_jinja_filter_format(jinja_run *r, const jinja_args *args, jinja_value *out) {
    jinja_value text, values;
    if (args->n == 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: format() is missing an argument");
    if (args->n > 1 && args->n_kw)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "format: can't handle positional and keyword arguments at the same time");
    if (!mote_jinja_str(r, args->v[0], &text))
        return false;
    if (args->n_kw) {
        jinja_dict *d = mote_jinja_new_dict(r, args->n_kw);
        for (size_t i = 0; d && i < args->n_kw; i++)
            if (!mote_jinja_dict_set_str(r, d, args->kw[i].name, args->kw[i].value))
                return false;
        values = jinja_of_dict(d);
        return d && mote_jinja_percent(r, text, values, out);
    }
    jinja_list *l = mote_jinja_new_list(r, args->n - 1);
    if (!l)
        return false;
    if (l->n)
        memcpy(l->items, args->v + 1, l->n * sizeof *l->items);
    values = (jinja_value){.type = JINJA_TUPLE, .u.l = l};
    return mote_jinja_percent(r, text, values, out);
}

static bool starts_word(uint32_t c) {
    return c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || mote_jinja_unicode_is_space(c);
}

/* Words begin behind blanks and -({[<, unlike in str.title(). */
bool mote_jinja_filter_title(jinja_run *r, jinja_value *a, jinja_value *out) {
    size_t mark = r->text.len;
    if (!mote_jinja_str(r, a[0], &a[0]))
        return false;
    mote_str s = jinja_text(a[0]);
    for (const char *p = s.data, *end = p + s.len; p < end;) {
        const char *word = p;
        bool gap = starts_word(jinja_decode(&p));
        const char *first_end = p;
        while (p < end) {
            const char *q = p;
            if (starts_word(jinja_decode(&q)) != gap)
                break;
            p = q;
        }
        jinja_value first, rest;
        if (!jinja_spend(r, 2) || !mote_jinja_make_str(r, (mote_str){word, (size_t)(first_end - word)}, &first) ||
            !mote_jinja_make_str(r, (mote_str){first_end, (size_t)(p - first_end)}, &rest) || !method(r, "upper", &first, &first) || !method(r, "lower", &rest, &rest) ||
            !mote_jinja_put_str(r, first) || !mote_jinja_put_str(r, rest))
            return false;
    }
    return mote_jinja_take(r, mark, out);
}

static bool split_lines(jinja_run *r, jinja_value text, jinja_list **lines) {
    jinja_value a[2] = {text, JINJA_MISSING_VALUE}, list;
    if (!mote_jinja_str_method(MOTE_STR("splitlines"))->call(r, a, &list))
        return false;
    *lines = list.u.l;
    return true;
}

bool mote_jinja_filter_indent(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str by;
    jinja_value spaces;
    size_t mark = r->text.len;
    int64_t width = 4;
    bool first = mote_jinja_truth(a[2]), blank = mote_jinja_truth(a[3]);
    jinja_list *lines;
    if (a[0].type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, a[0]);
    if (!mote_jinja_str_arg(r, a[0], "indent", &by))
        return false;
    if (a[1].type == JINJA_STR) {
        spaces = a[1];
    } else if ((a[1].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[1], &width)) || !mote_jinja_put_repeat(r, MOTE_STR(" "), width > 0 ? (size_t)width : 0) ||
               !mote_jinja_take(r, mark, &spaces)) {
        return false;
    }
    by = jinja_text(spaces);
    /* Jinja adds a newline before it splits: a final one is kept as an empty line */
    jinja_value newline;
    if (!mote_jinja_make_str(r, MOTE_STR("\n"), &newline) || !mote_jinja_concat(r, a[0], newline, &a[0]) || !split_lines(r, a[0], &lines))
        return false;
    for (size_t i = 0; i < lines->n; i++) {
        bool indented = i == 0 ? first : blank || jinja_text(lines->items[i]).len > 0;
        if (!jinja_spend(r, 1) || (i && !mote_jinja_put(r, "\n", 1)) || (indented && !mote_jinja_put(r, by.data, by.len)) || !mote_jinja_put_str(r, lines->items[i]))
            return false;
    }
    return mote_jinja_take(r, mark, out);
}

bool mote_jinja_filter_truncate(jinja_run *r, jinja_value *a, jinja_value *out) {
    int64_t length = 255, leeway = 5;
    size_t n, mark = r->text.len;
    jinja_value end;
    if ((a[1].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[1], &length)) || (!jinja_is_none(a[4]) && !mote_jinja_index_arg(r, a[4], &leeway)) ||
        !mote_jinja_length(r, a[0], &n))
        return false;
    end = a[3];
    if (end.type == JINJA_MISSING && !mote_jinja_make_str(r, MOTE_STR("..."), &end))
        return false;
    if (end.type != JINJA_STR)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: truncate: end must be a string");
    int64_t end_chars = (int64_t)mote_jinja_n_chars(r, end);
    if (length < end_chars || leeway < 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "truncate: expected length >= %d and leeway >= 0", (int)end_chars);
    if ((int64_t)n <= length || (int64_t)n - length <= leeway) {
        *out = a[0];
        return true;
    }
    if (a[0].type != JINJA_STR)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: truncate needs a string");
    mote_str s = {jinja_text(a[0]).data, mote_jinja_char_offset(r, a[0], (size_t)(length - end_chars))};
    if (!mote_jinja_truth(a[2])) {
        const char *blank = s.len ? memrchr(s.data, ' ', s.len) : NULL;
        if (blank)
            s.len = (size_t)(blank - s.data);
    }
    return mote_jinja_put(r, s.data, s.len) && mote_jinja_put_str(r, end) && mote_jinja_take(r, mark, out);
}

static bool is_word(uint32_t c) {
    return c == '_' || mote_jinja_unicode_is_alpha(c) || mote_jinja_unicode_is_numeric(c);
}

bool mote_jinja_filter_wordcount(jinja_run *r, jinja_value *a, jinja_value *out) {
    int64_t n = 0;
    bool inside = false;
    if (!mote_jinja_str(r, a[0], &a[0]) || !jinja_spend(r, jinja_text(a[0]).len / 8))
        return false;
    for (const char *p = jinja_text(a[0]).data, *end = p + jinja_text(a[0]).len; p < end;) {
        bool word = is_word(jinja_decode(&p));
        n += word && !inside;
        inside = word;
    }
    *out = jinja_int(n);
    return true;
}
