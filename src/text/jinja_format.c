/* str.format: replacement fields with attributes and items (looked up as the sandbox does), conversions and the format specification mini-language. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

#include <math.h>
#include <stdio.h>

enum { MAX_PRECISION = 1000, MAX_FIELD_DEPTH = 2 };

typedef struct spec {
    mote_str fill;
    char align, sign, type, grouping;
    bool alternate, zero;
    int64_t width, precision; /* -1: not given */
} spec;

static bool read_count(const char **p, const char *end, int64_t *out) {
    const char *start = *p;
    int64_t n = 0;
    while (*p < end && **p >= '0' && **p <= '9' && n < (int64_t)1 << 40)
        n = n * 10 + (*(*p)++ - '0');
    if (*p > start)
        *out = n;
    return *p > start;
}

static bool parse_spec(jinja_run *r, mote_str text, spec *s) {
    const char *p = text.data, *end = p + text.len, *behind = p;
    *s = (spec){.fill = MOTE_STR(" "), .width = -1, .precision = -1};
    if (p < end)
        jinja_decode(&behind);
    if (behind < end && strchr("<>=^", *behind) && p < end) {
        s->fill = (mote_str){p, (size_t)(behind - p)};
        s->align = *behind;
        p = behind + 1;
    } else if (p < end && strchr("<>=^", *p)) {
        s->align = *p++;
    }
    if (p < end && strchr("+- ", *p))
        s->sign = *p++;
    if (p < end && *p == '#') {
        s->alternate = true;
        p++;
    }
    if (p < end && *p == '0') {
        s->zero = true;
        p++;
        if (!s->align) {
            s->align = '=';
            s->fill = MOTE_STR("0");
        }
    }
    read_count(&p, end, &s->width);
    if (p < end && (*p == ',' || *p == '_'))
        s->grouping = *p++;
    if (p < end && *p == '.') {
        p++;
        if (!read_count(&p, end, &s->precision))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: format specifier missing precision");
    }
    if (p < end)
        s->type = *p++;
    return p == end || mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: invalid format specifier");
}

static bool put_padded(jinja_run *r, const spec *s, char default_align, mote_str sign, mote_str body) {
    size_t n = mote_jinja_unicode_count(body) + sign.len, pad = s->width > 0 && (size_t)s->width > n ? (size_t)s->width - n : 0;
    char align = s->align ? s->align : default_align;
    size_t left = align == '<' || align == '=' ? 0 : align == '^' ? pad / 2 : pad, middle = align == '=' ? pad : 0;
    return mote_jinja_put_repeat(r, s->fill, left) && mote_jinja_put(r, sign.data, sign.len) && mote_jinja_put_repeat(r, s->fill, middle) &&
           mote_jinja_put(r, body.data, body.len) && mote_jinja_put_repeat(r, s->fill, pad - left - middle);
}

static bool format_str(jinja_run *r, jinja_value v, const spec *s) {
    mote_str text = jinja_text(v);
    if ((s->type && s->type != 's') || s->sign || s->alternate || s->grouping || (s->align == '=' && !s->zero))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: invalid format specifier for a string");
    if (s->precision >= 0)
        text.len = mote_jinja_char_offset(r, v, (size_t)s->precision);
    spec plain = *s;
    if (s->align == '=')
        plain.align = '<';
    return put_padded(r, &plain, '<', MOTE_STR(""), text);
}

/* Separators every three (or four) digits of the leading digits, counted from their end; with fill zeros the digits are extended first. */
static size_t group_digits(const spec *s, const char *digits, size_t n, size_t extra, char *out, size_t capacity) {
    size_t every = s->type == 'x' || s->type == 'X' || s->type == 'b' || s->type == 'o' ? 4 : 3, used = 0, whole = 0, k = 0;
    while (whole < n && ((digits[whole] >= '0' && digits[whole] <= '9') || (every == 4 && (digits[whole] | 0x20) >= 'a' && (digits[whole] | 0x20) <= 'f')))
        whole++;
    /* from the right */
    char *p = out + capacity;
    for (size_t i = n; i > whole; i--)
        *--p = digits[i - 1];
    used = n - whole;
    bool zeros = s->zero && s->align == '=' && s->fill.data[0] == '0';
    for (size_t i = whole; i > 0 || (zeros && s->width > 0 && used + extra < (size_t)s->width); i -= i > 0) {
        if (p - out < 4)
            break;
        if (k && k % every == 0) {
            *--p = s->grouping;
            used++;
        }
        *--p = i > 0 ? digits[i - 1] : '0';
        used++;
        k++;
    }
    memmove(out, p, used);
    return used;
}

static bool put_number(jinja_run *r, const spec *s, bool negative, const char *prefix, const char *digits, size_t n) {
    char sign[8], grouped[8192];
    size_t n_sign = (size_t)snprintf(sign, sizeof sign, "%s%s", negative ? "-" : s->sign == '+' ? "+" : s->sign == ' ' ? " " : "", prefix);
    mote_str body = {digits, n};
    if (s->grouping) {
        if (n * 2 > sizeof grouped || s->width > (int64_t)sizeof grouped / 2)
            return mote_jinja_fail(r, MOTE_ERR_LIMIT, "format: a number with separators is longer than the limit");
        body = (mote_str){grouped, group_digits(s, digits, n, n_sign, grouped, sizeof grouped)};
    }
    return put_padded(r, s, '>', (mote_str){sign, n_sign}, body);
}

static bool format_int(jinja_run *r, jinja_value v, const spec *s) {
    jinja_value text;
    size_t mark = r->text.len;
    char digits[80];
    if (s->precision >= 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: precision not allowed in integer format specifier");
    if (v.type == JINJA_BOOL)
        v = jinja_int(v.u.b);
    if (s->type == 'c') {
        if (v.type != JINJA_INT || v.u.i < 0 || v.u.i > 0x10ffff || (v.u.i >= 0xd800 && v.u.i < 0xe000))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "overflow: %%c arg not in range");
        size_t n = mote_jinja_unicode_encode((uint32_t)v.u.i, digits);
        return put_padded(r, s, '<', MOTE_STR(""), (mote_str){digits, n});
    }
    if (!s->type || s->type == 'd' || s->type == 'n') {
        if (!mote_jinja_put_repr(r, v) || !mote_jinja_take(r, mark, &text))
            return false;
        bool negative = jinja_text(text).data[0] == '-';
        return put_number(r, s, negative, "", jinja_text(text).data + negative, jinja_text(text).len - negative);
    }
    if (v.type == JINJA_BIG)
        return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "formatting an integer beyond 64 bits in another base is not supported");
    unsigned shift = (s->type | 0x20) == 'x' ? 4 : s->type == 'o' ? 3 : 1;
    uint64_t magnitude = v.u.i < 0 ? 0 - (uint64_t)v.u.i : (uint64_t)v.u.i;
    size_t at = sizeof digits;
    do
        digits[--at] = (s->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef")[magnitude & ((1u << shift) - 1)];
    while (magnitude >>= shift);
    char prefix[3] = {'0', s->type, 0};
    return put_number(r, s, v.u.i < 0, s->alternate ? prefix : "", digits + at, sizeof digits - at);
}

static bool format_float(jinja_run *r, double f, const spec *s) {
    char digits[MAX_PRECISION + 400];
    bool negative = signbit(f) && !isnan(f);
    double x = fabs(f);
    char type = s->type == '%' ? 'f' : s->type == 'n' ? 'g' : s->type;
    if (s->precision > MAX_PRECISION)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "format: a precision is larger than the limit of %d", MAX_PRECISION);
    int precision = s->precision < 0 ? 6 : (int)s->precision;
    size_t n;
    if (!isfinite(x)) {
        bool upper = type == 'F' || type == 'E' || type == 'G';
        n = (size_t)snprintf(digits, sizeof digits, isnan(x) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf"));
    } else if (!type && s->precision < 0) {
        jinja_value text;
        size_t mark = r->text.len;
        if (!mote_jinja_put_float(r, x) || !mote_jinja_take(r, mark, &text))
            return false;
        n = jinja_text(text).len;
        memcpy(digits, jinja_text(text).data, n);
    } else {
        char c_format[16];
        snprintf(c_format, sizeof c_format, "%%%s.*%c", s->alternate ? "#" : "", type ? type : 'g');
        n = (size_t)snprintf(digits, sizeof digits, c_format, precision, s->type == '%' ? x * 100 : x);
        /* without a type at least one digit stays behind the point */
        if (!type && !memchr(digits, '.', n) && !memchr(digits, 'e', n))
            n += (size_t)snprintf(digits + n, sizeof digits - n, ".0");
    }
    if (s->type == '%')
        digits[n++] = '%';
    jinja_charge(r, 50 + 2 * n);
    return put_number(r, s, negative, "", digits, n);
}

bool mote_jinja_format_value(jinja_run *r, jinja_value v, mote_str text) {
    spec s;
    double f;
    if (text.len == 0)
        return mote_jinja_put_str(r, v);
    if (!parse_spec(r, text, &s))
        return false;
    bool float_type = s.type && strchr("eEfFgG%", s.type);
    if (jinja_is_str(v))
        return format_str(r, v, &s);
    if (jinja_is_int(v) && !float_type) {
        if (s.type && !strchr("bcdoxXn", s.type))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: unknown format code '%c' for object of type 'int'", s.type);
        return format_int(r, v, &s);
    }
    if (jinja_is_int(v) || v.type == JINJA_FLOAT) {
        if (s.type && !float_type && s.type != 'n')
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: unknown format code '%c' for object of type 'float'", s.type);
        return mote_jinja_to_double(r, v, &f) && format_float(r, f, &s);
    }
    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: unsupported format string passed to %s", mote_jinja_type_name(v));
}

typedef struct formatter {
    jinja_run *run;
    const jinja_args *args;
    int64_t next_index; /* -1 once fields are numbered by hand */
} formatter;

static bool put_format(formatter *f, mote_str text, int depth);

static bool field_root(formatter *f, mote_str name, jinja_value *out) {
    jinja_run *r = f->run;
    int64_t index = -1;
    const char *p = name.data;
    if (name.len == 0) {
        if (f->next_index < 0)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: cannot switch from manual field specification to automatic field numbering");
        index = f->next_index++;
    } else if (read_count(&p, name.data + name.len, &index) && p == name.data + name.len) {
        if (f->next_index > 0)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: cannot switch from automatic field numbering to manual field specification");
        f->next_index = -1;
    } else {
        for (size_t i = 0; i < f->args->n_kw; i++)
            if (mote_str_equal(f->args->kw[i].name, name)) {
                *out = f->args->kw[i].value;
                return true;
            }
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "key error: format() has no argument '%.*s'", MOTE_STR_ARGS(name));
    }
    if (index >= (int64_t)f->args->n)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "index error: format() has no positional argument %d", (int)index);
    *out = f->args->v[index];
    return true;
}

/* name.attr[item]… */
static bool field_value(formatter *f, mote_str name, jinja_value *out) {
    jinja_run *r = f->run;
    const char *p = name.data, *end = p + name.len;
    while (p < end && *p != '.' && *p != '[')
        p++;
    if (!field_root(f, (mote_str){name.data, (size_t)(p - name.data)}, out))
        return false;
    while (p < end) {
        bool attribute = *p++ == '.';
        const char *start = p;
        while (p < end && (attribute ? *p != '.' && *p != '[' : *p != ']'))
            p++;
        mote_str part = {start, (size_t)(p - start)};
        if (part.len == 0 || (!attribute && p == end))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: empty attribute in format string");
        jinja_str s = {.text = part, .n_chars = JINJA_CHARS_UNKNOWN};
        int64_t index;
        const char *digits = start;
        bool number = !attribute && read_count(&digits, p, &index) && digits == p;
        if (!jinja_spend(r, 1) || !(attribute ? mote_jinja_getattr(r, *out, part, out) : mote_jinja_getitem(r, *out, number ? jinja_int(index) : jinja_of_str(&s), out)))
            return false;
        p += !attribute;
        if (!attribute && p < end && *p != '.' && *p != '[')
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: only '.' or '[' may follow ']' in format field specifier");
    }
    return true;
}

/* The inside of {…}: name, !conversion, :spec (in which fields may be nested once). */
static bool put_field(formatter *f, mote_str field, int depth) {
    jinja_run *r = f->run;
    const char *p = field.data, *end = p + field.len;
    while (p < end && *p != '!' && *p != ':')
        p += *p == '[' ? (size_t)((char *)memchr(p, ']', (size_t)(end - p)) ? (char *)memchr(p, ']', (size_t)(end - p)) - p : 1) : 1;
    mote_str name = {field.data, (size_t)(p - field.data)}, spec_text = {"", 0};
    jinja_value v, text;
    char conversion = 0;
    if (p < end && *p == '!') {
        if (end - p < 2 || (end - p > 2 && p[2] != ':'))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: expected ':' after conversion specifier");
        conversion = p[1];
        p += 2;
    }
    size_t mark = r->text.len;
    if (!field_value(f, name, &v))
        return false;
    if (p < end && *p == ':') {
        if (depth >= MAX_FIELD_DEPTH)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: max string recursion exceeded");
        if (!put_format(f, (mote_str){p + 1, (size_t)(end - p - 1)}, depth + 1) || !mote_jinja_take(r, mark, &text))
            return false;
        spec_text = jinja_text(text);
    }
    if (conversion == 's' || conversion == 'r') {
        if (!(conversion == 's' ? mote_jinja_put_str(r, v) : mote_jinja_put_repr(r, v)) || !mote_jinja_take(r, mark, &v))
            return false;
    } else if (conversion) {
        return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "the format conversion '!%c' is not supported", conversion);
    }
    return mote_jinja_format_value(r, v, spec_text);
}

static bool put_format(formatter *f, mote_str text, int depth) {
    jinja_run *r = f->run;
    const char *p = text.data, *end = p + text.len;
    while (p < end) {
        const char *plain = p;
        while (p < end && *p != '{' && *p != '}')
            p++;
        if (!mote_jinja_put(r, plain, (size_t)(p - plain)) || !jinja_spend(r, 1))
            return false;
        if (p == end)
            break;
        if (p + 1 < end && p[1] == *p) {
            if (!mote_jinja_put(r, p, 1))
                return false;
            p += 2;
            continue;
        }
        if (*p == '}')
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: single '}' encountered in format string");
        const char *start = ++p;
        int open = 1;
        for (; p < end && open; p++)
            open += *p == '{' ? 1 : *p == '}' ? -1 : 0;
        if (open)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: expected '}' before end of string");
        if (!put_field(f, (mote_str){start, (size_t)(p - 1 - start)}, depth))
            return false;
    }
    return true;
}

bool mote_jinja_str_format(jinja_run *r, jinja_value format, const jinja_args *args, jinja_value *out) {
    formatter f = {r, args, 0};
    size_t mark = r->text.len;
    return put_format(&f, jinja_text(format), 1) && mote_jinja_take(r, mark, out);
}
