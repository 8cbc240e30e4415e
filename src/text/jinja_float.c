/* Floats as Python prints and reads them: the fewest digits that read back the same, an exponent below 1e-4 and from 1e16 on. The thread's locale is "C" while
 * a template is parsed or rendered (template.c), so the C library's conversions can be used. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Digits of f > 0 without a point, f = 0.d1d2d3… * 10^*point. */
static int shortest_digits(double f, char digits[32], int *point) {
    /* up to 15 digits always survive, so the shortest form of most numbers is the 15-digit one without its zeros; subnormals have fewer */
    char text[40];
    for (int precision = f < 2.3e-308 ? 1 : 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, f);
        if (strtod(text, NULL) == f)
            break;
    }
    int n = 0;
    char *e = strchr(text, 'e');
    for (const char *p = text; p < e; p++)
        if (*p >= '0' && *p <= '9')
            digits[n++] = *p;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    *point = atoi(e + 1) + 1;
    return n;
}

bool mote_jinja_put_float(jinja_run *r, double f) {
    char digits[32], text[64];
    int point, n = 0;
    jinja_charge(r, 40); /* finding the digits takes a microsecond */
    if (isnan(f))
        return mote_jinja_put_text(r, "nan");
    if (isinf(f))
        return mote_jinja_put_text(r, f < 0 ? "-inf" : "inf");
    if (signbit(f))
        text[n++] = '-';
    if (f == 0)
        return mote_jinja_put_text(r, n ? "-0.0" : "0.0");
    int n_digits = shortest_digits(fabs(f), digits, &point);
    digits[n_digits] = 0;
    if (point > 16 || point <= -4)
        n += sprintf(text + n, "%c%s%se%c%02d", digits[0], n_digits > 1 ? "." : "", digits + 1, point - 1 < 0 ? '-' : '+', abs(point - 1));
    else if (point <= 0)
        n += sprintf(text + n, "0.%.*s%s", -point, "0000", digits);
    else if (point >= n_digits)
        n += sprintf(text + n, "%s%.*s.0", digits, point - n_digits, "0000000000000000");
    else
        n += sprintf(text + n, "%.*s.%s", point, digits, digits + point);
    return mote_jinja_put(r, text, (size_t)n);
}

static bool is_word(const char *text, const char *word) {
    for (; *word; text++, word++)
        if ((*text | 0x20) != *word)
            return false;
    return *text == 0;
}

bool mote_jinja_parse_float(mote_str text, double *out) {
    char copy[512];
    size_t n = 0, i = 0;
    text = mote_jinja_unicode_strip(text, true, true);
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    for (; i < text.len; i++) {
        char c = text.data[i];
        bool digit_before = n > 0 && copy[n - 1] >= '0' && copy[n - 1] <= '9' && i > 0 && text.data[i - 1] != '_';
        if (c == '_' && digit_before && i + 1 < text.len && text.data[i + 1] >= '0' && text.data[i + 1] <= '9')
            continue;
        copy[n++] = c;
    }
    copy[n] = 0;
    const char *p = copy + (copy[0] == '+' || copy[0] == '-');
    if (is_word(p, "nan") || is_word(p, "inf") || is_word(p, "infinity")) {
        *out = copy[0] == '-' ? -INFINITY : INFINITY;
        if ((*p | 0x20) == 'n')
            *out = NAN;
        return true;
    }
    if (strspn(p, "0123456789.eE+-") != strlen(p))
        return false;
    char *end;
    *out = strtod(copy, &end);
    return end != copy && *end == 0 && p[strspn(p, ".")] >= '0' && p[strspn(p, ".")] <= '9';
}

static int digit_of(uint32_t c) {
    return c >= 'a' && c <= 'z' ? (int)(c - 'a' + 10) : c >= 'A' && c <= 'Z' ? (int)(c - 'A' + 10) : mote_jinja_unicode_decimal_value(c);
}

bool mote_jinja_parse_int(jinja_run *r, mote_str text, int base, jinja_value *out, bool *ok) {
    *ok = false;
    text = mote_jinja_unicode_strip(text, true, true);
    if (text.len == 0)
        return true;
    bool negative = text.data[0] == '-';
    if (negative || text.data[0] == '+')
        text = (mote_str){text.data + 1, text.len - 1};
    if (text.len > 2 && text.data[0] == '0') {
        char mark = text.data[1] | 0x20;
        int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
        if (marked && (base == 0 || base == marked)) {
            base = marked;
            text = (mote_str){text.data + 2, text.len - 2};
            if (text.data[0] == '_')
                text = (mote_str){text.data + 1, text.len - 1};
        }
    }
    bool zero_only = base == 0 && text.len > 0 && text.data[0] == '0'; /* "010" is ambiguous without a base */
    if (base == 0)
        base = 10;
    char digits[JINJA_MAX_DIGITS + 1];
    size_t n = 0;
    bool after_digit = false;
    for (const char *p = text.data, *end = p + text.len; p < end;) {
        uint32_t c = jinja_decode(&p);
        int d = digit_of(c);
        if (c == '_' && after_digit && p < end) {
            after_digit = false;
            continue;
        }
        if (d < 0 || d >= base || (zero_only && d != 0))
            return true;
        after_digit = true;
        if (n == JINJA_MAX_DIGITS)
            return true; /* a ValueError in Python as well */
        digits[n++] = "0123456789abcdefghijklmnopqrstuvwxyz"[d];
    }
    if (n == 0 || !after_digit)
        return true;
    *ok = true;
    return mote_jinja_big_parse(r, (mote_str){digits, n}, (unsigned)base, negative, out);
}
