/* str() and repr() of values, as Python writes them. What Python would print with a memory address (functions, generators) is refused: no output could
 * be equal to it. */
#include "text/jinja_run.h"

#include "text/jinja_ast.h"
#include "text/jinja_unicode.h"

#include <inttypes.h>
#include <stdio.h>

static bool put_quoted(jinja_run *r, jinja_value v) {
    mote_str s = jinja_text(v);
    char quote = s.len && memchr(s.data, '\'', s.len) && !memchr(s.data, '"', s.len) ? '"' : '\'';
    if (v.sub == JINJA_MARKUP && !mote_jinja_put_text(r, "Markup("))
        return false;
    if (!jinja_spend(r, s.len / 8) || !mote_jinja_put(r, &quote, 1))
        return false;
    const char *p = s.data, *end = p + s.len, *plain = p;
    while (p < end) {
        const char *start = p;
        uint32_t c = jinja_decode(&p);
        if (c != '\\' && c != (uint32_t)quote && mote_jinja_unicode_is_printable(c))
            continue;
        char text[16];
        const char *short_form = c == '\n' ? "\\n" : c == '\r' ? "\\r" : c == '\t' ? "\\t" : NULL;
        if (short_form)
            snprintf(text, sizeof text, "%s", short_form);
        else if (c == '\\' || c == (uint32_t)quote)
            snprintf(text, sizeof text, "\\%c", (char)c);
        else
            snprintf(text, sizeof text, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
        if (!mote_jinja_put(r, plain, (size_t)(start - plain)) || !mote_jinja_put_text(r, text))
            return false;
        plain = p;
    }
    return mote_jinja_put(r, plain, (size_t)(end - plain)) && mote_jinja_put(r, &quote, 1) && (v.sub != JINJA_MARKUP || mote_jinja_put_text(r, ")"));
}

static bool put_items(jinja_run *r, const jinja_list *l, const char *open, const char *close) {
    if (!mote_jinja_put_text(r, open))
        return false;
    for (size_t i = 0; i < l->n; i++)
        if ((i && !mote_jinja_put_text(r, ", ")) || !mote_jinja_put_repr(r, l->items[i]))
            return false;
    return mote_jinja_put_text(r, close);
}

static bool put_dict(jinja_run *r, const jinja_dict *d) {
    const jinja_entry *entries = d->entries;
    if ((r->sort_keys && !mote_jinja_dict_sorted(r, d, &entries)) || !mote_jinja_put_text(r, "{"))
        return false;
    for (size_t i = 0; i < d->n; i++)
        if ((i && !mote_jinja_put_text(r, ", ")) || !mote_jinja_put_repr(r, entries[i].key) || !mote_jinja_put_text(r, ": ") || !mote_jinja_put_repr(r, entries[i].value))
            return false;
    return mote_jinja_put_text(r, "}");
}

static bool put_view(jinja_run *r, jinja_value v) {
    static const char *const opens[] = {"dict_keys([", "dict_values([", "dict_items(["};
    if (!mote_jinja_put_text(r, opens[v.sub]))
        return false;
    for (size_t i = 0; i < v.u.d->n; i++) {
        const jinja_entry *e = &v.u.d->entries[i];
        bool pair = v.sub == JINJA_ITEMS;
        if ((i && !mote_jinja_put_text(r, ", ")) || (pair && !mote_jinja_put_text(r, "(")) || !mote_jinja_put_repr(r, v.sub == JINJA_VALUES ? e->value : e->key) ||
            (pair && (!mote_jinja_put_text(r, ", ") || !mote_jinja_put_repr(r, e->value) || !mote_jinja_put_text(r, ")"))))
            return false;
    }
    return mote_jinja_put_text(r, "])");
}

static bool put_number(jinja_run *r, const char *format, int64_t a, int64_t b, int64_t c) {
    char text[96];
    snprintf(text, sizeof text, format, a, b, c);
    return mote_jinja_put_text(r, text);
}

static bool put_other(jinja_run *r, jinja_value v) {
    size_t n;
    switch (v.type) {
    case JINJA_RANGE:
        if (v.u.range->step == 1)
            return put_number(r, "range(%" PRId64 ", %" PRId64 ")", v.u.range->start, v.u.range->stop, 0);
        return put_number(r, "range(%" PRId64 ", %" PRId64 ", %" PRId64 ")", v.u.range->start, v.u.range->stop, v.u.range->step);
    case JINJA_NAMESPACE:
        return mote_jinja_put_text(r, "<Namespace ") && put_dict(r, v.u.d) && mote_jinja_put_text(r, ">");
    case JINJA_MACRO:
        return mote_jinja_put_text(r, "<Macro ") && put_quoted(r, jinja_of_str(v.u.macro->node->as.u.name)) && mote_jinja_put_text(r, ">");
    case JINJA_LOOP:
        return mote_jinja_loop_length(r, v.u.loop, &n) && put_number(r, "<LoopContext %" PRId64 "/%" PRId64 ">", (int64_t)mote_jinja_loop_index(v.u.loop), (int64_t)n, 0);
    default:
        return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "printing a %s is not supported", mote_jinja_type_name(v));
    }
}

static bool put_value(jinja_run *r, jinja_value v) {
    switch (v.type) {
    case JINJA_UNDEFINED:
        return mote_jinja_put_text(r, "Undefined");
    case JINJA_NONE:
        return mote_jinja_put_text(r, "None");
    case JINJA_BOOL:
        return mote_jinja_put_text(r, v.u.b ? "True" : "False");
    case JINJA_INT:
        return put_number(r, "%" PRId64, v.u.i, 0, 0);
    case JINJA_BIG:
        return mote_jinja_big_put(r, v.u.big);
    case JINJA_FLOAT:
        return mote_jinja_put_float(r, v.u.f);
    case JINJA_STR:
        return put_quoted(r, v);
    case JINJA_LIST:
        return put_items(r, v.u.l, "[", "]");
    case JINJA_TUPLE:
        return put_items(r, v.u.l, "(", v.u.l->n == 1 ? ",)" : ")");
    case JINJA_DICT:
        return put_dict(r, v.u.d);
    case JINJA_VIEW:
        return put_view(r, v);
    default:
        return put_other(r, v);
    }
}

bool mote_jinja_put_repr(jinja_run *r, jinja_value v) {
    if (!jinja_spend(r, 1))
        return false;
    if (++r->depth > JINJA_MAX_DEPTH)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "printing: values nest deeper than the limit");
    bool ok = put_value(r, v);
    r->depth--;
    return ok;
}

bool mote_jinja_put_str(jinja_run *r, jinja_value v) {
    if (v.type == JINJA_STR)
        return mote_jinja_put(r, jinja_text(v).data, jinja_text(v).len);
    return v.type == JINJA_UNDEFINED || mote_jinja_put_repr(r, v);
}

bool mote_jinja_str(jinja_run *r, jinja_value v, jinja_value *out) {
    if (v.type == JINJA_STR) {
        *out = v;
        return true;
    }
    size_t mark = r->text.len;
    return mote_jinja_put_str(r, v) && mote_jinja_take(r, mark, out);
}
