/* Filters on numbers. */
#include "text/jinja_filters.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

bool mote_jinja_filter_abs(jinja_run *r, jinja_value *a, jinja_value *out) {
    *out = a[0];
    if (a[0].type == JINJA_FLOAT)
        out->u.f = fabs(a[0].u.f);
    else if (a[0].type == JINJA_BOOL)
        *out = jinja_int(a[0].u.b);
    else if (a[0].type == JINJA_INT ? a[0].u.i < 0 : a[0].type == JINJA_BIG && mote_jinja_big_negative(a[0].u.big))
        return mote_jinja_negate(r, a[0], out);
    else if (!jinja_is_int(a[0]))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: bad operand type for abs(): '%s'", mote_jinja_type_name(a[0]));
    return true;
}

/* int(v) of what is not a string; *ok is false where Python raises TypeError or ValueError. */
static bool plain_int(jinja_run *r, jinja_value v, jinja_value *out, bool *ok) {
    *ok = true;
    if (v.type == JINJA_BOOL)
        *out = jinja_int(v.u.b);
    else if (jinja_is_int(v))
        *out = v;
    else if (v.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, v);
    else if (v.type != JINJA_FLOAT || isnan(v.u.f))
        *ok = false;
    else if (isinf(v.u.f))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "overflow: cannot convert float infinity to integer");
    else
        return mote_jinja_float_to_int(r, v.u.f, out);
    return true;
}

bool mote_jinja_filter_int(jinja_run *r, jinja_value *a, jinja_value *out) {
    jinja_value otherwise = a[1].type == JINJA_MISSING ? jinja_int(0) : a[1];
    int64_t base = 10;
    bool ok = false;
    if (a[0].type != JINJA_STR) {
        if (!plain_int(r, a[0], out, &ok))
            return false;
        if (!ok)
            *out = otherwise;
        return true;
    }
    if ((a[2].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[2], &base)) || !jinja_spend(r, jinja_text(a[0]).len / 4))
        return false;
    if (base == 0 || (base >= 2 && base <= 36))
        if (!mote_jinja_parse_int(r, jinja_text(a[0]), (int)base, out, &ok))
            return false;
    double f;
    if (ok)
        return true;
    if (mote_jinja_parse_float(jinja_text(a[0]), &f) && isfinite(f))
        return mote_jinja_float_to_int(r, f, out);
    *out = otherwise;
    return true;
}

bool mote_jinja_filter_float(jinja_run *r, jinja_value *a, jinja_value *out) {
    double f;
    *out = a[1].type == JINJA_MISSING ? jinja_float(0) : a[1];
    if (a[0].type == JINJA_STR) {
        if (mote_jinja_parse_float(jinja_text(a[0]), &f))
            *out = jinja_float(f);
        return jinja_spend(r, jinja_text(a[0]).len / 4);
    }
    if (!jinja_is_int(a[0]) && a[0].type != JINJA_FLOAT && a[0].type != JINJA_UNDEFINED)
        return true;
    if (!mote_jinja_to_double(r, a[0], &f))
        return false;
    *out = jinja_float(f);
    return true;
}

static bool round_int(jinja_run *r, jinja_value v, int64_t precision, jinja_value *out) {
    *out = v.type == JINJA_BOOL ? jinja_int(v.u.b) : v;
    if (precision >= 0)
        return true;
    /* to a multiple of ten to the power of -precision, halves to even */
    jinja_value unit, rest, twice;
    bool up, half, odd;
    if (precision < -JINJA_MAX_DIGITS) {
        *out = jinja_int(0);
        return true;
    }
    if (!mote_jinja_big_binary(r, 'p', jinja_int(10), jinja_int(-precision), &unit) || !mote_jinja_binary(r, '%', *out, unit, &rest) ||
        !mote_jinja_binary(r, '*', rest, jinja_int(2), &twice) || !mote_jinja_less(r, twice, unit, JINJA_GT, &up) || !mote_jinja_equal(r, twice, unit, &half))
        return false;
    jinja_value low, quotient, parity;
    if (!mote_jinja_binary(r, '-', *out, rest, &low) || !mote_jinja_binary(r, 'd', low, unit, &quotient) || !mote_jinja_binary(r, '%', quotient, jinja_int(2), &parity) ||
        !mote_jinja_equal(r, parity, jinja_int(1), &odd))
        return false;
    *out = low;
    return !(up || (half && odd)) || mote_jinja_binary(r, '+', low, unit, out);
}

/* Python rounds the exact binary value, halves to even, as printf does. */
static double round_float(double f, int64_t precision) {
    enum { MOST = 330 };
    char text[2 * MOST + 16];
    if (!isfinite(f) || precision > MOST)
        return f;
    if (precision < -MOST)
        return copysign(0, f);
    if (precision >= 0) {
        snprintf(text, sizeof text, "%.*f", (int)precision, f);
    } else {
        /* printf counts digits behind the first: as many as stand before the rounding position */
        int exponent;
        snprintf(text, sizeof text, "%.17e", f);
        exponent = atoi(strchr(text, 'e') + 1);
        int digits = exponent + (int)precision;
        if (digits < -1)
            return copysign(0, f);
        if (digits == -1) { /* all digits go: up to one unit, or to nothing */
            double unit = pow(10, (double)-precision);
            return fabs(f) > unit / 2 ? copysign(unit, f) : copysign(0, f);
        }
        snprintf(text, sizeof text, "%.*e", digits, f);
    }
    return strtod(text, NULL);
}

bool mote_jinja_filter_round(jinja_run *r, jinja_value *a, jinja_value *out) {
    int64_t precision = 0;
    mote_str method = MOTE_STR("common");
    double f;
    jinja_value scale, scaled, whole;
    if ((a[2].type != JINJA_MISSING && !mote_jinja_str_arg(r, a[2], "round", &method)) || (a[1].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[1], &precision)))
        return false;
    bool ceiling = mote_str_is(method, "ceil");
    if (!ceiling && !mote_str_is(method, "floor") && !mote_str_is(method, "common"))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "round: method must be common, ceil or floor");
    if (mote_str_is(method, "common")) {
        if (jinja_is_int(a[0]))
            return round_int(r, a[0], precision, out);
        if (!mote_jinja_to_double(r, a[0], &f))
            return false;
        *out = jinja_float(round_float(f, precision));
        return jinja_spend(r, 200);
    }
    if (!mote_jinja_binary(r, 'p', jinja_int(10), jinja_int(precision), &scale) || !mote_jinja_binary(r, '*', a[0], scale, &scaled))
        return false;
    whole = scaled;
    if (scaled.type == JINJA_FLOAT) {
        if (!isfinite(scaled.u.f))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "overflow: cannot convert float infinity or NaN to integer");
        if (!mote_jinja_float_to_int(r, ceiling ? ceil(scaled.u.f) : floor(scaled.u.f), &whole))
            return false;
    }
    return mote_jinja_binary(r, '/', whole, scale, out);
}

bool mote_jinja_filter_filesizeformat(jinja_run *r, jinja_value *a, jinja_value *out) {
    static const char prefixes[] = "kMGTPEZY";
    bool binary = mote_jinja_truth(a[1]);
    double base = binary ? 1024 : 1000, bytes, unit;
    jinja_value number = a[0];
    char text[400];
    size_t i = 0;
    if (a[0].type == JINJA_STR) {
        if (!mote_jinja_parse_float(jinja_text(a[0]), &bytes))
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "value error: could not convert string to float");
    } else if (!mote_jinja_to_double(r, number, &bytes)) {
        return false;
    }
    if (bytes == 1) {
        snprintf(text, sizeof text, "1 Byte");
    } else if (bytes < base) {
        snprintf(text, sizeof text, "%.0f Bytes", trunc(bytes) + 0.0);
    } else {
        for (unit = base * base; i < 7 && bytes >= unit; i++)
            unit *= base;
        snprintf(text, sizeof text, "%.1f %c%s", base * bytes / unit, binary && i == 0 ? 'K' : prefixes[i], binary ? "iB" : "B");
    }
    return mote_jinja_make_chars(r, mote_str_of(text), out);
}
