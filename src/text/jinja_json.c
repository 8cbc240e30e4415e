/* Reads a rendering's variables from JSON straight into values. Not through formats/json.h, because templates print integers of any size exactly as they were
 * given, and because of a duplicate key the last one counts, as in Python. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

#include <stdlib.h>

typedef struct reader {
    jinja_run *run;
    const char *start, *at, *end;
    unsigned depth;
} reader;

static bool read_value(reader *in, jinja_value *out);

static bool malformed(const reader *in, const char *what) {
    return mote_jinja_fail(in->run, MOTE_ERR_FORMAT, "variables: JSON byte %zu: %s", (size_t)(in->at - in->start), what);
}

static void skip_space(reader *in) {
    while (in->at < in->end && (*in->at == ' ' || *in->at == '\n' || *in->at == '\r' || *in->at == '\t'))
        in->at++;
}

static bool skip_char(reader *in, char c) {
    skip_space(in);
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

static bool hex4(const reader *in, const char *p, uint32_t *c) {
    *c = 0;
    if (in->end - p < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char x = p[i];
        int d = x >= '0' && x <= '9' ? x - '0' : (x | 0x20) >= 'a' && (x | 0x20) <= 'f' ? (x | 0x20) - 'a' + 10 : -1;
        if (d < 0)
            return false;
        *c = *c << 4 | (uint32_t)d;
    }
    return true;
}

/* \uXXXX at in->at (behind the u), with the second half of a surrogate pair. */
static bool unicode_escape(reader *in, uint32_t *c) {
    uint32_t low;
    if (!hex4(in, in->at, c))
        return malformed(in, "bad \\u escape");
    in->at += 4;
    if (*c < 0xd800 || *c > 0xdfff)
        return true;
    if (*c > 0xdbff || in->end - in->at < 6 || in->at[0] != '\\' || in->at[1] != 'u' || !hex4(in, in->at + 2, &low) || low < 0xdc00 || low > 0xdfff)
        return malformed(in, "half a surrogate pair");
    in->at += 6;
    *c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* Behind the opening quote. */
static bool read_string(reader *in, jinja_value *out) {
    const char *close = in->at;
    while (close < in->end && *close != '"')
        close += 1 + (*close == '\\');
    if (close >= in->end)
        return malformed(in, "a string is not closed");
    jinja_str *s = mote_jinja_alloc(in->run, sizeof *s + (size_t)(close - in->at));
    if (!s)
        return false;
    char *text = (char *)(s + 1), *o = text;
    while (in->at < close) {
        unsigned char c = (unsigned char)*in->at++;
        if (c < 0x20)
            return malformed(in, "a control character in a string");
        if (c != '\\') {
            *o++ = (char)c;
            continue;
        }
        static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
        char e = *in->at++;
        const char *found = e ? strchr(letters, e) : NULL;
        uint32_t code;
        if (found) {
            *o++ = values[found - letters];
        } else if (e == 'u') {
            if (!unicode_escape(in, &code))
                return false;
            o += mote_jinja_unicode_encode(code, o);
        } else {
            return malformed(in, "unknown escape in a string");
        }
    }
    in->at = close + 1;
    *s = (jinja_str){.text = {text, (size_t)(o - text)}, .n_chars = JINJA_CHARS_UNKNOWN};
    *out = jinja_of_str(s);
    return true;
}

static bool read_number(reader *in, jinja_value *out) {
    const char *start = in->at, *p = start + (*start == '-'), *digits = p;
    bool real = false;
    while (p < in->end && *p >= '0' && *p <= '9')
        p++;
    if (p == digits || (*digits == '0' && p - digits > 1))
        return malformed(in, "bad number");
    const char *digits_end = p;
    if (p < in->end && *p == '.') {
        const char *fraction = ++p;
        while (p < in->end && *p >= '0' && *p <= '9')
            p++;
        real = true;
        if (p == fraction)
            return malformed(in, "bad number");
    }
    if (p < in->end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < in->end && (*p == '+' || *p == '-');
        const char *exponent = p;
        while (p < in->end && *p >= '0' && *p <= '9')
            p++;
        real = true;
        if (p == exponent)
            return malformed(in, "bad number");
    }
    in->at = p;
    if (!real)
        return mote_jinja_big_parse(in->run, (mote_str){digits, (size_t)(digits_end - digits)}, 10, *start == '-', out);
    char copy[128];
    size_t n = (size_t)(p - start);
    char *text = n < sizeof copy ? copy : mote_jinja_alloc(in->run, n + 1);
    if (!text)
        return false;
    memcpy(text, start, n);
    text[n] = 0;
    *out = jinja_float(strtod(text, NULL));
    return true;
}

static bool read_array(reader *in, jinja_value *out) {
    jinja_list *l = mote_jinja_alloc(in->run, sizeof *l);
    size_t capacity = 0;
    if (!l)
        return false;
    *l = (jinja_list){0};
    *out = jinja_of_list(l);
    if (skip_char(in, ']'))
        return true;
    do {
        if (l->n == capacity) {
            capacity = capacity ? capacity * 2 : 4;
            jinja_value *items = mote_jinja_alloc_array(in->run, capacity, sizeof *items);
            if (!items)
                return false;
            if (l->n)
                memcpy(items, l->items, l->n * sizeof *items);
            l->items = items;
        }
        if (!read_value(in, &l->items[l->n]))
            return false;
        l->n++;
    } while (skip_char(in, ','));
    return skip_char(in, ']') || malformed(in, "expected ',' or ']'");
}

static bool read_object(reader *in, jinja_value *out) {
    jinja_dict *d = mote_jinja_new_dict(in->run, 0);
    if (!d)
        return false;
    *out = jinja_of_dict(d);
    if (skip_char(in, '}'))
        return true;
    do {
        jinja_value key, value;
        if (!skip_char(in, '"'))
            return malformed(in, "expected a key");
        if (!read_string(in, &key))
            return false;
        if (!skip_char(in, ':'))
            return malformed(in, "expected ':'");
        if (!read_value(in, &value) || !mote_jinja_dict_set(in->run, d, key, value))
            return false;
    } while (skip_char(in, ','));
    return skip_char(in, '}') || malformed(in, "expected ',' or '}'");
}

static bool read_word(reader *in, const char *word, jinja_value value, jinja_value *out) {
    size_t n = strlen(word);
    if ((size_t)(in->end - in->at) < n || memcmp(in->at, word, n) != 0)
        return malformed(in, "unexpected character");
    in->at += n;
    *out = value;
    return true;
}

static bool read_value(reader *in, jinja_value *out) {
    skip_space(in);
    if (in->at == in->end)
        return malformed(in, "unexpected end");
    if (++in->depth > JINJA_MAX_DATA_DEPTH)
        return mote_jinja_fail(in->run, MOTE_ERR_LIMIT, "variables: JSON nests deeper than the limit of %d", JINJA_MAX_DATA_DEPTH);
    bool ok;
    switch (*in->at) {
    case '{':
        in->at++;
        ok = read_object(in, out);
        break;
    case '[':
        in->at++;
        ok = read_array(in, out);
        break;
    case '"':
        in->at++;
        ok = read_string(in, out);
        break;
    case 'n':
        ok = read_word(in, "null", JINJA_NONE_VALUE, out);
        break;
    case 't':
        ok = read_word(in, "true", jinja_bool(true), out);
        break;
    case 'f':
        ok = read_word(in, "false", jinja_bool(false), out);
        break;
    default:
        ok = read_number(in, out);
    }
    in->depth--;
    return ok;
}

bool mote_jinja_read_json(jinja_run *r, mote_str json, jinja_value *out) {
    reader in = {.run = r, .start = json.data, .at = json.data, .end = json.data + json.len};
    size_t bad;
    if (!mote_jinja_unicode_valid(json, &bad))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "variables: JSON byte %zu: malformed UTF-8", bad);
    if (!read_value(&in, out))
        return false;
    skip_space(&in);
    return in.at == in.end || malformed(&in, "more text behind the value");
}
