/* Filters for HTML and URLs. Escaping is never automatic; a text marked safe is not escaped again. */
#include "text/jinja_filters.h"

#include "text/jinja_unicode.h"
#include "text/unicode.h"

#include <stdio.h>

static bool put_escaped(jinja_run *r, mote_str s) {
    const char *p = s.data, *end = p + s.len, *plain = p;
    if (!jinja_spend(r, s.len / 16))
        return false;
    for (; p < end; p++) {
        const char *by = *p == '&' ? "&amp;" : *p == '<' ? "&lt;" : *p == '>' ? "&gt;" : *p == '"' ? "&#34;" : *p == '\'' ? "&#39;" : NULL;
        if (!by)
            continue;
        if (!mote_jinja_put(r, plain, (size_t)(p - plain)) || !mote_jinja_put_text(r, by))
            return false;
        plain = p + 1;
    }
    return mote_jinja_put(r, plain, (size_t)(end - plain));
}

static bool take_markup(jinja_run *r, size_t mark, jinja_value *out) {
    if (!mote_jinja_take(r, mark, out))
        return false;
    out->sub = JINJA_MARKUP;
    return true;
}

bool mote_jinja_escape_html(jinja_run *r, jinja_value v, jinja_value *out) {
    if (v.type == JINJA_STR && v.sub == JINJA_MARKUP) {
        *out = v;
        return true;
    }
    jinja_value text;
    size_t mark = r->text.len;
    return mote_jinja_str(r, v, &text) && put_escaped(r, jinja_text(text)) && take_markup(r, mark, out);
}

bool mote_jinja_filter_escape(jinja_run *r, jinja_value *a, jinja_value *out) {
    return mote_jinja_escape_html(r, a[0], out);
}

bool mote_jinja_filter_forceescape(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_value text = a[0];
    text.sub = text.type == JINJA_STR ? JINJA_PLAIN : text.sub;
    return mote_jinja_escape_html(r, text, out);
}

bool mote_jinja_filter_safe(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (!mote_jinja_str(r, a[0], out))
        return false;
    out->sub = JINJA_MARKUP;
    return true;
}

/* Characters of the entities that Markup.striptags turns back; others stay as they are. */
static const char *entity(const char *p, const char *end, uint32_t *c) {
    static const struct {
        const char *name;
        uint32_t c;
    } named[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}, {"nbsp;", 0xa0}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        size_t n = strlen(named[i].name);
        if ((size_t)(end - p) >= n && memcmp(p, named[i].name, n) == 0) {
            *c = named[i].c;
            return p + n;
        }
    }
    if (p == end || *p++ != '#')
        return NULL;
    bool hex = p < end && (*p | 0x20) == 'x';
    const char *digits = p += hex;
    for (*c = 0; p < end && *c < 0x110000; p++) {
        int d = mote_unicode_hex_digit((uint8_t)*p);
        if (d < 0 || (d > 9 && !hex))
            break;
        *c = *c * (hex ? 16 : 10) + (uint32_t)d;
    }
    if (p == digits || *c == 0 || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff))
        return NULL;
    return p + (p < end && *p == ';');
}

static const char *find_text(const char *p, const char *end, const char *what) {
    return memmem(p, (size_t)(end - p), what, strlen(what));
}

bool mote_jinja_filter_striptags(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_value text, words[2], cut;
    size_t mark = r->text.len;
    if (!mote_jinja_str(r, a[0], &text))
        return false;
    mote_str s = jinja_text(text);
    const char *p = s.data, *end = p + s.len, *start, *stop;
    if (!jinja_spend(r, s.len / 8))
        return false;
    /* comments first, then tags; what is not closed stays */
    while ((start = find_text(p, end, "<!--")) && (stop = find_text(start, end, "-->"))) {
        if (!jinja_spend(r, 2) || !mote_jinja_put(r, p, (size_t)(start - p)))
            return false;
        p = stop + 3;
    }
    if (!mote_jinja_put(r, p, (size_t)(end - p)) || !mote_jinja_take(r, mark, &cut))
        return false;
    p = jinja_text(cut).data;
    end = p + jinja_text(cut).len;
    while ((start = find_text(p, end, "<")) && (stop = find_text(start, end, ">"))) {
        if (!jinja_spend(r, 2) || !mote_jinja_put(r, p, (size_t)(start - p)))
            return false;
        p = stop + 1;
    }
    if (!mote_jinja_put(r, p, (size_t)(end - p)) || !mote_jinja_take(r, mark, &cut))
        return false;
    /* runs of white space become one blank */
    words[1] = JINJA_MISSING_VALUE;
    jinja_value split[3] = {cut, JINJA_NONE_VALUE, JINJA_MISSING_VALUE}, joined;
    if (!mote_jinja_make_str(r, MOTE_STR(" "), &words[0]) || !mote_jinja_str_method(MOTE_STR("split"))->call(r, split, &words[1]) ||
        !mote_jinja_str_method(MOTE_STR("join"))->call(r, words, &joined))
        return false;
    p = jinja_text(joined).data;
    end = p + jinja_text(joined).len;
    for (const char *plain = p;; plain = p) {
        uint32_t c;
        const char *amp = find_text(p, end, "&"), *behind = NULL;
        if (!jinja_spend(r, 1))
            return false;
        if (amp)
            behind = entity(amp + 1, end, &c);
        p = !amp ? end : behind ? behind : amp + 1;
        if (!mote_jinja_put(r, plain, (size_t)((behind ? amp : p) - plain)) || (behind && !mote_jinja_put_char(r, c)))
            return false;
        if (!amp)
            return mote_jinja_take(r, mark, out);
    }
}

static bool put_quoted(jinja_run *r, jinja_value v, bool query) {
    jinja_value text;
    if (!mote_jinja_str(r, v, &text) || !jinja_spend(r, jinja_text(text).len / 4))
        return false;
    for (size_t i = 0; i < jinja_text(text).len; i++) {
        unsigned char c = (unsigned char)jinja_text(text).data[i];
        char hex[8];
        bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '.' || c == '-' || c == '~' || (c == '/' && !query);
        if (query && c == ' ')
            snprintf(hex, sizeof hex, "+");
        else
            snprintf(hex, sizeof hex, plain ? "%c" : "%%%02X", c);
        if (!mote_jinja_put_text(r, hex))
            return false;
    }
    return true;
}

bool mote_jinja_filter_urlencode(jinja_run *r, jinja_value *a, jinja_value *out) {
    size_t mark = r->text.len;
    if (a[0].type == JINJA_STR || !mote_jinja_iterable(a[0]))
        return put_quoted(r, a[0], false) && mote_jinja_take(r, mark, out);
    jinja_value source = a[0], item;
    if (source.type == JINJA_DICT)
        source = (jinja_value){.type = JINJA_VIEW, .sub = JINJA_ITEMS, .u.d = a[0].u.d};
    jinja_iter *it = mote_jinja_iterate(r, source);
    int got = JINJA_FAILED;
    for (bool first = true; it && (got = it->next(r, it, &item)) == JINJA_ITEM; first = false) {
        jinja_list *pair;
        if (!mote_jinja_collect(r, item, &pair))
            return false;
        if (pair->n != 2)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: urlencode needs pairs");
        if ((!first && !mote_jinja_put_text(r, "&")) || !put_quoted(r, pair->items[0], true) || !mote_jinja_put_text(r, "=") || !put_quoted(r, pair->items[1], true))
            return false;
    }
    return got == JINJA_END && mote_jinja_take(r, mark, out);
}

bool mote_jinja_filter_xmlattr(jinja_run *r, jinja_value *a, jinja_value *out) {
    size_t mark = r->text.len;
    if (a[0].type != JINJA_DICT)
        return a[0].type == JINJA_UNDEFINED ? mote_jinja_fail_undefined(r, a[0]) : mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: xmlattr needs a mapping");
    bool space = a[1].type == JINJA_MISSING || mote_jinja_truth(a[1]);
    for (size_t i = 0; i < a[0].u.d->n; i++) {
        const jinja_entry *e = &a[0].u.d->entries[i];
        jinja_value key, value;
        mote_str name;
        if (e->value.type == JINJA_NONE || e->value.type == JINJA_UNDEFINED)
            continue;
        if (!mote_jinja_str_arg(r, e->key, "xmlattr", &name))
            return false;
        for (size_t k = 0; k < name.len; k++)
            if (strchr(" \t\n\r\f\v/>=", name.data[k]) && name.data[k])
                return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: invalid character in attribute name");
        if (!mote_jinja_escape_html(r, e->key, &key) || !mote_jinja_escape_html(r, e->value, &value) || (space && !mote_jinja_put_text(r, " ")) || !mote_jinja_put_str(r, key) ||
            !mote_jinja_put_text(r, "=\"") || !mote_jinja_put_str(r, value) || !mote_jinja_put_text(r, "\""))
            return false;
        space = true;
    }
    return mote_jinja_take(r, mark, out);
}
