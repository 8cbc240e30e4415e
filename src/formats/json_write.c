/* JSON out: escapes of RFC 8259, U+FFFD for each malformed piece of UTF-8 (the longest prefix of a sequence counts as one piece, as browsers do), reals
 * with the fewest digits that read back as the same double, laid out as Python and JavaScript lay them out. */
#include "base/error.h"
#include "formats/json.h"
#include "formats/json_utf8.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static mote_status write_escape(mote_buffer *out, unsigned char c) {
    static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\'};
    if (c < sizeof letters && letters[c])
        return mote_buffer_append(out, (char[2]){'\\', letters[c]}, 2);
    return mote_buffer_appendf(out, "\\u%04x", c);
}

mote_status mote_json_write_string(mote_buffer *out, mote_str s) {
    const unsigned char *p = (const unsigned char *)s.data;
    MOTE_TRY(mote_buffer_append_char(out, '"'));
    size_t from = 0, at = 0; /* [from, at) goes out as it is */
    while (at < s.len) {
        bool ok;
        size_t len = mote_json_utf8_piece(p + at, s.len - at, &ok);
        if (ok && p[at] >= 0x20 && p[at] != '"' && p[at] != '\\') {
            at += len;
            continue;
        }
        MOTE_TRY(mote_buffer_append(out, s.data + from, at - from));
        MOTE_TRY(ok ? write_escape(out, p[at]) : mote_buffer_append_text(out, "\xef\xbf\xbd"));
        from = at += len;
    }
    if (at > from)
        MOTE_TRY(mote_buffer_append(out, s.data + from, at - from));
    return mote_buffer_append_char(out, '"');
}

/* The fewest digits that read back as x > 0, without a point; returns the decimal exponent of the first. */
static int shortest_digits(double x, char digits[20]) {
    char text[40];
    /* Any 15 digits survive the way into a normal double and back, so fewer than 15 are those 15 with their zeros cut off. */
    for (int precision = x < DBL_MIN ? 1 : 15; precision <= 17; precision++) {
        snprintf(text, sizeof text, "%.*e", precision - 1, x);
        if (strtod(text, NULL) == x)
            break;
    }
    char *e = strchr(text, 'e');
    int n = 0;
    for (char *p = text; p < e; p++)
        if (*p >= '0' && *p <= '9') /* not the point, which the locale chooses */
            digits[n++] = *p;
    while (n > 1 && digits[n - 1] == '0')
        n--;
    digits[n] = 0;
    return atoi(e + 1);
}

mote_status mote_json_write_real(mote_buffer *out, double x) {
    if (!isfinite(x))
        return mote_buffer_append_text(out, "null");
    if (signbit(x))
        MOTE_TRY(mote_buffer_append_char(out, '-'));
    if (x == 0)
        return mote_buffer_append_text(out, "0.0");
    char digits[20];
    int exponent = shortest_digits(fabs(x), digits), n = (int)strlen(digits);
    if (exponent < -4 || exponent >= 16)
        return mote_buffer_appendf(out, "%c%s%se%+03d", digits[0], n > 1 ? "." : "", digits + 1, exponent);
    if (exponent < 0)
        return mote_buffer_appendf(out, "0.%.*s%s", -exponent - 1, "000", digits);
    if (n <= exponent + 1)
        return mote_buffer_appendf(out, "%s%.*s.0", digits, exponent + 1 - n, "0000000000000000");
    return mote_buffer_appendf(out, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
}

static mote_status write_array(mote_buffer *out, const mote_json *v) {
    MOTE_TRY(mote_buffer_append_char(out, '['));
    for (size_t i = 0; i < mote_json_length(v); i++) {
        if (i > 0)
            MOTE_TRY(mote_buffer_append_char(out, ','));
        MOTE_TRY(mote_json_write(out, mote_json_at(v, i)));
    }
    return mote_buffer_append_char(out, ']');
}

static mote_status write_object(mote_buffer *out, const mote_json *v) {
    MOTE_TRY(mote_buffer_append_char(out, '{'));
    bool first = true;
    for (mote_json_iter *it = mote_json_first(v); it; it = mote_json_next(v, it)) {
        if (!first)
            MOTE_TRY(mote_buffer_append_char(out, ','));
        first = false;
        MOTE_TRY(mote_json_write_string(out, mote_json_iter_key(it)));
        MOTE_TRY(mote_buffer_append_char(out, ':'));
        MOTE_TRY(mote_json_write(out, mote_json_iter_value(it)));
    }
    return mote_buffer_append_char(out, '}');
}

/* Recursion is as deep as the value, which mote_json_parse has bounded. */
mote_status mote_json_write(mote_buffer *out, const mote_json *v) {
    switch (mote_json_typeof(v)) {
    case MOTE_JSON_NULL:
        return mote_buffer_append_text(out, "null");
    case MOTE_JSON_FALSE:
        return mote_buffer_append_text(out, "false");
    case MOTE_JSON_TRUE:
        return mote_buffer_append_text(out, "true");
    case MOTE_JSON_INTEGER:
        return mote_buffer_appendf(out, "%lld", (long long)mote_json_integer(v, 0));
    case MOTE_JSON_REAL:
        return mote_json_write_real(out, mote_json_number(v, 0));
    case MOTE_JSON_STRING:
        return mote_json_write_string(out, mote_json_string(v));
    case MOTE_JSON_ARRAY:
        return write_array(out, v);
    case MOTE_JSON_OBJECT:
        return write_object(out, v);
    }
    return MOTE_ERR_ARGUMENT;
}
