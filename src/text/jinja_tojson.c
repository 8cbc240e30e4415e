/* The tojson filter as transformers defines it: Python's json.dumps with ensure_ascii off, no HTML escaping, and the arguments indent, separators, sort_keys. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

#include <math.h>
#include <stdio.h>

typedef struct dump {
    bool ascii, sort;
    bool pretty;
    mote_str indent, comma, colon;
    size_t level;
} dump;

static bool put_value(jinja_run *r, dump *d, jinja_value v);

static bool put_string(jinja_run *r, const dump *d, mote_str s) {
    if (!jinja_spend(r, s.len / 16) || !mote_jinja_put(r, "\"", 1))
        return false;
    const char *p = s.data, *end = p + s.len, *plain = p;
    while (p < end) {
        const char *start = p;
        uint32_t c = (unsigned char)*p;
        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && !(c == 0x7f && d->ascii)) {
            p++;
            continue;
        }
        c = jinja_decode(&p);
        if (c >= 0x80 && !d->ascii)
            continue;
        if (c == 0x7f && !d->ascii)
            continue;
        static const char letters[] = "\"\\\n\r\t\f\b", escapes[] = "\"\\nrtfb";
        const char *found = c && c < 0x80 ? strchr(letters, (int)c) : NULL;
        char text[16];
        if (found)
            snprintf(text, sizeof text, "\\%c", escapes[found - letters]);
        else if (c < 0x10000)
            snprintf(text, sizeof text, "\\u%04x", c);
        else
            snprintf(text, sizeof text, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10), 0xdc00 + ((c - 0x10000) & 0x3ff));
        if (!mote_jinja_put(r, plain, (size_t)(start - plain)) || !mote_jinja_put_text(r, text))
            return false;
        plain = p;
    }
    return mote_jinja_put(r, plain, (size_t)(end - plain)) && mote_jinja_put(r, "\"", 1);
}

static bool put_line(jinja_run *r, const dump *d) {
    return !d->pretty || (mote_jinja_put(r, "\n", 1) && mote_jinja_put_repeat(r, d->indent, d->level));
}

static bool put_number(jinja_run *r, jinja_value v) {
    if (v.type == JINJA_FLOAT && !isfinite(v.u.f))
        return mote_jinja_put_text(r, isnan(v.u.f) ? "NaN" : v.u.f < 0 ? "-Infinity" : "Infinity");
    return mote_jinja_put_repr(r, v);
}

static bool put_list(jinja_run *r, dump *d, const jinja_list *l) {
    if (l->n == 0)
        return mote_jinja_put_text(r, "[]");
    if (!mote_jinja_put(r, "[", 1))
        return false;
    d->level++;
    for (size_t i = 0; i < l->n; i++)
        if ((i && !mote_jinja_put(r, d->comma.data, d->comma.len)) || !put_line(r, d) || !put_value(r, d, l->items[i]))
            return false;
    d->level--;
    return put_line(r, d) && mote_jinja_put(r, "]", 1);
}

static bool put_key(jinja_run *r, const dump *d, jinja_value key) {
    if (key.type == JINJA_STR)
        return put_string(r, d, jinja_text(key));
    if (key.type == JINJA_NONE || key.type == JINJA_BOOL)
        return mote_jinja_put_text(r, key.type == JINJA_NONE ? "\"null\"" : key.u.b ? "\"true\"" : "\"false\"");
    if (!jinja_is_int(key) && key.type != JINJA_FLOAT)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: JSON keys must be str, int, float, bool or None, not %s", mote_jinja_type_name(key));
    return mote_jinja_put(r, "\"", 1) && put_number(r, key) && mote_jinja_put(r, "\"", 1);
}

static bool put_dict(jinja_run *r, dump *d, const jinja_dict *dict) {
    const jinja_entry *entries = dict->entries;
    if (dict->n == 0)
        return mote_jinja_put_text(r, "{}");
    if ((d->sort && !mote_jinja_dict_sorted(r, dict, &entries)) || !mote_jinja_put(r, "{", 1))
        return false;
    d->level++;
    for (size_t i = 0; i < dict->n; i++)
        if ((i && !mote_jinja_put(r, d->comma.data, d->comma.len)) || !put_line(r, d) || !put_key(r, d, entries[i].key) || !mote_jinja_put(r, d->colon.data, d->colon.len) ||
            !put_value(r, d, entries[i].value))
            return false;
    d->level--;
    return put_line(r, d) && mote_jinja_put(r, "}", 1);
}

static bool put_value(jinja_run *r, dump *d, jinja_value v) {
    if (!jinja_spend(r, 1))
        return false;
    if (++r->depth > JINJA_MAX_DEPTH)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "tojson: values nest deeper than the limit");
    bool ok;
    switch (v.type) {
    case JINJA_NONE:
        ok = mote_jinja_put_text(r, "null");
        break;
    case JINJA_BOOL:
        ok = mote_jinja_put_text(r, v.u.b ? "true" : "false");
        break;
    case JINJA_INT:
    case JINJA_BIG:
    case JINJA_FLOAT:
        ok = put_number(r, v);
        break;
    case JINJA_STR:
        ok = put_string(r, d, jinja_text(v));
        break;
    case JINJA_LIST:
    case JINJA_TUPLE:
        ok = put_list(r, d, v.u.l);
        break;
    case JINJA_DICT:
        ok = put_dict(r, d, v.u.d);
        break;
    default:
        ok = mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: object of type %s is not JSON serializable", mote_jinja_type_name(v));
    }
    r->depth--;
    return ok;
}

bool mote_jinja_tojson(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_value indent = a[2], separators = a[3], spaces;
    size_t mark = r->text.len;
    dump d = {.ascii = mote_jinja_truth(a[1]), .sort = mote_jinja_truth(a[4]), .pretty = !jinja_is_none(indent), .comma = MOTE_STR(", "), .colon = MOTE_STR(": ")};
    if (d.pretty) {
        int64_t n;
        d.comma = MOTE_STR(",");
        if (indent.type == JINJA_STR) {
            d.indent = jinja_text(indent);
        } else {
            if (!mote_jinja_index_arg(r, indent, &n) || !mote_jinja_put_repeat(r, MOTE_STR(" "), n > 0 ? (size_t)n : 0) || !mote_jinja_take(r, mark, &spaces))
                return false;
            d.indent = jinja_text(spaces);
        }
    }
    if (!jinja_is_none(separators)) {
        jinja_list *pair;
        if (!mote_jinja_collect(r, separators, &pair))
            return false;
        if (pair->n != 2)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: tojson: separators must be a pair");
        if (!mote_jinja_str_arg(r, pair->items[0], "tojson", &d.comma) || !mote_jinja_str_arg(r, pair->items[1], "tojson", &d.colon))
            return false;
    }
    return put_value(r, &d, a[0]) && mote_jinja_take(r, mark, out);
}
