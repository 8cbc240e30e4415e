/* Digit by digit: numbers are short, and what is done with them is rare beside everything else. */
#include "text/decimal.h"

enum { MAX_EXPONENT = 99999, MAX_STEP_DIGITS = 18, PLACES = MOTE_FIXED_DIGITS - MOTE_FIXED_WHOLE };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Appends a digit of the mantissa; leading zeros are only counted. */
static bool push(mote_decimal *d, uint8_t digit, uint32_t *zeros) {
    if (digit == 0) { /* kept back until another digit comes */
        ++*zeros;
        return true;
    }
    if (d->n == 0)
        *zeros = 0;
    for (; *zeros > 0; --*zeros) {
        if (d->n == MOTE_DECIMAL_DIGITS)
            return false;
        d->digit[d->n++] = 0;
    }
    if (d->n == MOTE_DECIMAL_DIGITS)
        return false;
    d->digit[d->n++] = digit;
    return true;
}

static bool parse_exponent(mote_str text, size_t *at, int32_t *exp) {
    bool negative = false;
    int32_t e = 0;
    if (*at < text.len && (text.data[*at] == '+' || text.data[*at] == '-'))
        negative = text.data[(*at)++] == '-';
    if (*at == text.len)
        return false;
    for (; *at < text.len && is_digit(text.data[*at]); ++*at)
        if ((e = e * 10 + (text.data[*at] - '0')) > MAX_EXPONENT)
            return false;
    *exp += negative ? -e : e;
    return true;
}

bool mote_decimal_parse(mote_str text, mote_decimal *out) {
    *out = (mote_decimal){0};
    size_t at = 0;
    uint32_t zeros = 0;
    if (at < text.len && text.data[at] == '-') {
        out->negative = true;
        at++;
    }
    size_t whole = at;
    for (; at < text.len && is_digit(text.data[at]); at++) {
        if (!push(out, (uint8_t)(text.data[at] - '0'), &zeros))
            return false;
        out->exp += out->n > 0;
    }
    if (at == whole)
        return false;
    if (at < text.len && text.data[at] == '.') {
        size_t from = ++at;
        for (; at < text.len && is_digit(text.data[at]); at++) {
            if (out->n == 0 && text.data[at] == '0')
                out->exp--;
            if (!push(out, (uint8_t)(text.data[at] - '0'), &zeros))
                return false;
        }
        if (at == from)
            return false;
    }
    if (at < text.len && (text.data[at] | 0x20) == 'e' && (at++, !parse_exponent(text, &at, &out->exp)))
        return false;
    if (out->n == 0)
        *out = (mote_decimal){0};
    return at == text.len;
}

static int compare_magnitudes(const mote_decimal *a, const mote_decimal *b) {
    if (a->n == 0 || b->n == 0)
        return (a->n > 0) - (b->n > 0);
    if (a->exp != b->exp)
        return a->exp > b->exp ? 1 : -1;
    int order = memcmp(a->digit, b->digit, a->n < b->n ? a->n : b->n);
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

int mote_decimal_compare(const mote_decimal *a, const mote_decimal *b) {
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    int order = compare_magnitudes(a, b);
    return a->negative ? -order : order;
}

bool mote_decimal_step(const mote_decimal *m, uint64_t *step, unsigned *places) {
    int32_t behind = (int32_t)m->n - m->exp; /* digits behind the point */
    if (m->n == 0 || m->n > MAX_STEP_DIGITS || behind > PLACES - 2 || m->exp > MAX_STEP_DIGITS)
        return false;
    *step = 0;
    for (int32_t i = 0; i < m->n || i < m->exp; i++)
        *step = *step * 10 + (i < m->n ? m->digit[i] : 0);
    *places = behind > 0 ? (unsigned)behind : 0;
    return true;
}

bool mote_decimal_is_multiple(const mote_decimal *x, const mote_decimal *m) {
    if (x->n == 0)
        return true;
    uint64_t divisor = 0, rest = 0;
    for (unsigned i = 0; i < m->n && i < MAX_STEP_DIGITS; i++)
        divisor = divisor * 10 + m->digit[i];
    /* x / m is (digits of x / digits of m) times ten to the shift. */
    int32_t shift = (x->exp - (int32_t)x->n) - (m->exp - (int32_t)m->n);
    if (shift < 0) /* the digits of x would have to end in zeros */
        return false;
    for (unsigned i = 0; i < x->n; i++)
        rest = (rest * 10 + x->digit[i]) % divisor;
    for (; shift > 0 && rest != 0; shift--)
        rest = rest * 10 % divisor;
    return rest == 0;
}

bool mote_fixed_of(const mote_decimal *x, bool up, mote_fixed *out) {
    memset(out, 0, sizeof *out);
    if (x->n > 0 && x->exp > MOTE_FIXED_WHOLE - 2)
        return false;
    bool cut = false;
    for (int32_t i = 0; i < x->n; i++) {
        int32_t at = MOTE_FIXED_WHOLE - x->exp + i;
        if (at < MOTE_FIXED_DIGITS)
            out->digit[at] = x->digit[i];
        else
            cut = true;
    }
    for (int at = MOTE_FIXED_DIGITS - 1; cut && up && at >= 0; at--) {
        cut = out->digit[at] == 9;
        out->digit[at] = cut ? 0 : out->digit[at] + 1;
    }
    return true;
}

int mote_fixed_compare(const mote_fixed *a, const mote_fixed *b) {
    return memcmp(a->digit, b->digit, MOTE_FIXED_DIGITS);
}

bool mote_fixed_next_multiple(const mote_fixed *x, uint64_t step, unsigned places, bool above, mote_fixed *out) {
    int end = MOTE_FIXED_WHOLE + (int)places;
    uint64_t rest = 0;
    bool tail = false;
    *out = *x;
    for (int i = 0; i < end; i++)
        rest = (rest * 10 + x->digit[i]) % step;
    for (int i = end; i < MOTE_FIXED_DIGITS; i++) {
        tail |= x->digit[i] != 0;
        out->digit[i] = 0;
    }
    uint64_t carry = rest != 0 || tail || above ? step - rest : 0;
    for (int i = end - 1; i >= 0 && carry > 0; i--) {
        carry += out->digit[i];
        out->digit[i] = (uint8_t)(carry % 10);
        carry /= 10;
    }
    return carry == 0 && out->digit[0] == 0;
}

bool mote_fixed_is_multiple(const mote_fixed *x, const mote_decimal *m) {
    uint64_t step, rest = 0;
    unsigned places;
    if (!mote_decimal_step(m, &step, &places))
        return false;
    for (int i = 0; i < MOTE_FIXED_DIGITS; i++)
        if (i < MOTE_FIXED_WHOLE + (int)places)
            rest = (rest * 10 + x->digit[i]) % step;
        else if (x->digit[i] != 0)
            return false;
    return rest == 0;
}
