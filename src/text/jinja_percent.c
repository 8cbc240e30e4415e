/* Python's % on strings: %(name)s and positional conversions with flags, width and precision. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

#include <math.h>
#include <stdio.h>

enum { MAX_PRECISION = 1000 };

typedef struct conversion {
    bool left, plus, space, alternate, zero;
    int64_t width, precision; /* precision -1: not given */
    char letter;
} conversion;

typedef struct source {
    jinja_value args;
    size_t next;
    bool by_name; /* a mapping was used */
} source;

static bool next_arg(jinja_run *r, source *from, jinja_value *out) {
    if (from->args.type == JINJA_TUPLE ? from->next < from->args.u.l->n : from->next == 0) {
        *out = from->args.type == JINJA_TUPLE ? from->args.u.l->items[from->next] : from->args;
        from->next++;
        return true;
    }
    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: not enough arguments for format string");
}

static bool read_number(jinja_run *r, source *from, const char **p, const char *end, int64_t *out) {
    if (*p < end && **p == '*') {
        jinja_value v;
        ++*p;
        if (!next_arg(r, from, &v))
            return false;
        if (v.type != JINJA_INT && v.type != JINJA_BOOL)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: * wants int");
        return mote_jinja_index_arg(r, v, out);
    }
    for (*out = 0; *p < end && **p >= '0' && **p <= '9' && *out < (int64_t)1 << 40; ++*p)
        *out = *out * 10 + (**p - '0');
    return true;
}

static bool put_padded(jinja_run *r, const conversion *c, mote_str sign, mote_str body, bool zeros) {
    size_t n = mote_jinja_unicode_count(body) + sign.len, pad = c->width > 0 && (size_t)c->width > n ? (size_t)c->width - n : 0;
    zeros = zeros && c->zero && !c->left;
    return (c->left || zeros || mote_jinja_put_repeat(r, MOTE_STR(" "), pad)) && mote_jinja_put(r, sign.data, sign.len) &&
           (!zeros || mote_jinja_put_repeat(r, MOTE_STR("0"), pad)) && mote_jinja_put(r, body.data, body.len) && (!c->left || mote_jinja_put_repeat(r, MOTE_STR(" "), pad));
}

static const char *sign_of(const conversion *c, bool negative) {
    return negative ? "-" : c->plus ? "+" : c->space ? " " : "";
}

static bool put_int(jinja_run *r, const conversion *c, jinja_value v) {
    jinja_value text;
    size_t mark = r->text.len;
    if (v.type == JINJA_FLOAT && strchr("diu", c->letter)) {
        if (!isfinite(v.u.f))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "overflow: cannot convert float infinity or NaN to integer");
        if (!mote_jinja_float_to_int(r, v.u.f, &v))
            return false;
    }
    if (!jinja_is_int(v))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %%%c format: a real number is required, not %s", c->letter, mote_jinja_type_name(v));
    if (v.type == JINJA_BOOL)
        v = jinja_int(v.u.b);
    char spec[4] = {'d', 0}, sign[8];
    if (strchr("xXo", c->letter))
        spec[0] = c->letter;
    if (!mote_jinja_format_value(r, v, mote_str_of(spec)) || !mote_jinja_take(r, mark, &text))
        return false;
    mote_str digits = jinja_text(text);
    bool negative = digits.data[0] == '-';
    digits = (mote_str){digits.data + negative, digits.len - negative};
    const char *prefix = !c->alternate ? "" : c->letter == 'x' ? "0x" : c->letter == 'X' ? "0X" : c->letter == 'o' ? "0o" : "";
    snprintf(sign, sizeof sign, "%s%s", sign_of(c, negative), prefix);
    /* a precision is a least number of digits */
    if (c->precision > (int64_t)digits.len) {
        if (!mote_jinja_put_repeat(r, MOTE_STR("0"), (size_t)c->precision - digits.len) || !mote_jinja_put(r, digits.data, digits.len) || !mote_jinja_take(r, mark, &text))
            return false;
        digits = jinja_text(text);
    }
    return put_padded(r, c, mote_str_of(sign), digits, true);
}

static bool put_float(jinja_run *r, const conversion *c, jinja_value v) {
    double f;
    char text[MAX_PRECISION + 400], c_format[16];
    if (!mote_jinja_to_double(r, v, &f))
        return false;
    if (c->precision > MAX_PRECISION)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "%%: a precision is larger than the limit of %d", MAX_PRECISION);
    snprintf(c_format, sizeof c_format, "%%%s.*%c", c->alternate ? "#" : "", c->letter);
    size_t n = (size_t)snprintf(text, sizeof text, c_format, c->precision < 0 ? 6 : (int)c->precision, fabs(f));
    jinja_charge(r, 50 + 2 * n);
    return put_padded(r, c, mote_str_of(sign_of(c, signbit(f) && !isnan(f))), (mote_str){text, n}, true);
}

static bool put_char(jinja_run *r, const conversion *c, jinja_value v) {
    char bytes[4];
    if (v.type == JINJA_BOOL)
        v = jinja_int(v.u.b);
    if (v.type == JINJA_STR && mote_jinja_n_chars(r, v) == 1)
        return put_padded(r, c, MOTE_STR(""), jinja_text(v), false);
    if (v.type != JINJA_INT || v.u.i < 0 || v.u.i > 0x10ffff || (v.u.i >= 0xd800 && v.u.i < 0xe000))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: %%c requires int or char");
    return put_padded(r, c, MOTE_STR(""), (mote_str){bytes, mote_jinja_unicode_encode((uint32_t)v.u.i, bytes)}, false);
}

static bool put_text(jinja_run *r, const conversion *c, jinja_value v) {
    jinja_value text;
    size_t mark = r->text.len;
    if (!(c->letter == 's' ? mote_jinja_put_str(r, v) : mote_jinja_put_repr(r, v)) || !mote_jinja_take(r, mark, &text))
        return false;
    mote_str s = jinja_text(text);
    if (c->precision >= 0)
        s.len = mote_jinja_char_offset(r, text, (size_t)c->precision);
    return put_padded(r, c, MOTE_STR(""), s, false);
}

/* One conversion behind its "%"; p moves past it. */
static bool convert(jinja_run *r, source *from, const char **at, const char *end) {
    const char *p = *at;
    conversion c = {.precision = -1};
    jinja_value v = JINJA_MISSING_VALUE;
    if (p < end && *p == '(') {
        int open = 1;
        const char *start = ++p;
        for (; p < end && open; p++)
            open += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        if (open)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: incomplete format key");
        if (from->args.type != JINJA_DICT)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: format requires a mapping");
        jinja_value *found = mote_jinja_dict_get_str(from->args.u.d, (mote_str){start, (size_t)(p - 1 - start)});
        if (!found)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "key error: '%.*s'", (int)(p - 1 - start), start);
        v = *found;
        from->by_name = true;
    }
    for (; p < end && *p && strchr("-+ #0", *p); p++) {
        c.left |= *p == '-';
        c.plus |= *p == '+';
        c.space |= *p == ' ';
        c.alternate |= *p == '#';
        c.zero |= *p == '0';
    }
    if (!read_number(r, from, &p, end, &c.width))
        return false;
    if (c.width < 0) {
        c.left = true;
        c.width = c.width == INT64_MIN ? INT64_MAX : -c.width;
    }
    if (p < end && *p == '.') {
        p++;
        if (!read_number(r, from, &p, end, &c.precision))
            return false;
        c.precision = c.precision < 0 ? 0 : c.precision;
    }
    while (p < end && (*p == 'h' || *p == 'l' || *p == 'L'))
        p++;
    if (p == end)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: incomplete format");
    c.letter = *p++;
    *at = p;
    if (c.letter == '%' && p[-2] == '%')
        return mote_jinja_put(r, "%", 1);
    if (v.type == JINJA_MISSING && !next_arg(r, from, &v))
        return false;
    if (c.letter == 's' || c.letter == 'r')
        return put_text(r, &c, v);
    if (strchr("diuxXo", c.letter))
        return put_int(r, &c, v);
    if (strchr("eEfFgG", c.letter))
        return put_float(r, &c, v);
    if (c.letter == 'c')
        return put_char(r, &c, v);
    return mote_jinja_fail(r, c.letter == 'a' ? MOTE_ERR_UNSUPPORTED : MOTE_ERR_FORMAT, "value error: unsupported format character '%c'", c.letter);
}

bool mote_jinja_percent(jinja_run *r, jinja_value format, jinja_value args, jinja_value *out) {
    mote_str text = jinja_text(format);
    source from = {.args = args};
    size_t mark = r->text.len;
    const char *p = text.data, *end = p + text.len;
    while (p < end) {
        const char *percent = memchr(p, '%', (size_t)(end - p));
        if (!percent)
            percent = end;
        if (!mote_jinja_put(r, p, (size_t)(percent - p)) || !jinja_spend(r, 1))
            return false;
        p = percent;
        if (p < end && (p++, !convert(r, &from, &p, end)))
            return false;
    }
    /* what Python takes for a mapping may go unused */
    bool mapping = args.type == JINJA_DICT || args.type == JINJA_LIST || args.type == JINJA_RANGE || args.type == JINJA_UNDEFINED;
    if (!from.by_name && (args.type == JINJA_TUPLE ? from.next < args.u.l->n : !mapping && from.next == 0))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: not all arguments converted during string formatting");
    if (!mote_jinja_take(r, mark, out))
        return false;
    return true;
}
