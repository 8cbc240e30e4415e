/* Integers outside int64_t: sign and magnitude in base 10^9, least significant limb first, at most JINJA_MAX_DIGITS digits. Schoolbook multiplication and
 * Knuth's algorithm D (TAOCP vol. 2, 4.3.1) for division. A result that fits int64_t becomes a plain integer again. */
#include "text/jinja_run.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BASE = 1000000000, LIMB_DIGITS = 9, MAX_LIMBS = JINJA_MAX_DIGITS / LIMB_DIGITS + 2 };

struct jinja_big {
    bool negative;
    size_t n; /* no leading zero limb; 0 for zero */
    uint32_t limbs[];
};

static jinja_big *new_big(jinja_run *r, size_t n) {
    if (n > 2 * MAX_LIMBS) {
        mote_jinja_fail(r, MOTE_ERR_LIMIT, "a number is larger than the limit of %d digits", JINJA_MAX_DIGITS);
        return NULL;
    }
    jinja_big *b = mote_jinja_alloc(r, sizeof *b + n * sizeof *b->limbs);
    if (b) {
        b->negative = false;
        b->n = n;
        memset(b->limbs, 0, n * sizeof *b->limbs);
    }
    return b;
}

static void trim(jinja_big *b) {
    while (b->n && b->limbs[b->n - 1] == 0)
        b->n--;
}

static jinja_big *from_value(jinja_run *r, jinja_value v) {
    if (v.type == JINJA_BIG)
        return v.u.big;
    int64_t i = v.type == JINJA_BOOL ? v.u.b : v.u.i;
    uint64_t magnitude = i < 0 ? 0 - (uint64_t)i : (uint64_t)i;
    jinja_big *b = new_big(r, 3);
    if (!b)
        return NULL;
    for (size_t k = 0; k < 3; k++, magnitude /= BASE)
        b->limbs[k] = (uint32_t)(magnitude % BASE);
    b->negative = i < 0;
    trim(b);
    return b;
}

static bool to_value(jinja_run *r, jinja_big *b, jinja_value *out) {
    trim(b);
    if (b->n <= 3) {
        unsigned __int128 magnitude = 0;
        for (size_t k = b->n; k-- > 0;)
            magnitude = magnitude * BASE + b->limbs[k];
        if (magnitude <= (unsigned __int128)INT64_MAX + b->negative) {
            *out = jinja_int(b->negative ? (int64_t)(0 - (uint64_t)magnitude) : (int64_t)magnitude);
            return true;
        }
    }
    size_t top = 0;
    for (uint32_t x = b->limbs[b->n - 1]; x; x /= 10)
        top++;
    if ((b->n - 1) * LIMB_DIGITS + top > JINJA_MAX_DIGITS)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "a number is larger than the limit of %d digits", JINJA_MAX_DIGITS);
    *out = (jinja_value){.type = JINJA_BIG, .u.big = b};
    return true;
}

static int compare_magnitude(const jinja_big *a, const jinja_big *b) {
    if (a->n != b->n)
        return a->n > b->n ? 1 : -1;
    for (size_t i = a->n; i-- > 0;)
        if (a->limbs[i] != b->limbs[i])
            return a->limbs[i] > b->limbs[i] ? 1 : -1;
    return 0;
}

static jinja_big *add_magnitude(jinja_run *r, const jinja_big *a, const jinja_big *b) {
    size_t n = (a->n > b->n ? a->n : b->n) + 1;
    jinja_big *sum = new_big(r, n);
    uint32_t carry = 0;
    for (size_t i = 0; sum && i < n; i++) {
        uint32_t x = carry + (i < a->n ? a->limbs[i] : 0) + (i < b->n ? b->limbs[i] : 0);
        carry = x >= BASE;
        sum->limbs[i] = x - (carry ? BASE : 0);
    }
    return sum;
}

/* a >= b */
static jinja_big *subtract_magnitude(jinja_run *r, const jinja_big *a, const jinja_big *b) {
    jinja_big *difference = new_big(r, a->n);
    int32_t borrow = 0;
    for (size_t i = 0; difference && i < a->n; i++) {
        int32_t x = (int32_t)a->limbs[i] - (int32_t)(i < b->n ? b->limbs[i] : 0) - borrow;
        borrow = x < 0;
        difference->limbs[i] = (uint32_t)(borrow ? x + BASE : x);
    }
    return difference;
}

static jinja_big *add(jinja_run *r, const jinja_big *a, const jinja_big *b, bool negate_b) {
    bool b_negative = b->negative != negate_b;
    jinja_big *result;
    if (a->negative == b_negative) {
        result = add_magnitude(r, a, b);
        if (result)
            result->negative = a->negative;
        return result;
    }
    bool a_larger = compare_magnitude(a, b) >= 0;
    result = a_larger ? subtract_magnitude(r, a, b) : subtract_magnitude(r, b, a);
    if (result)
        result->negative = a_larger ? a->negative : b_negative;
    return result;
}

static jinja_big *multiply(jinja_run *r, const jinja_big *a, const jinja_big *b) {
    jinja_big *product = new_big(r, a->n + b->n);
    if (!product || !jinja_spend(r, a->n * b->n / 8))
        return NULL;
    for (size_t i = 0; i < a->n; i++) {
        uint64_t carry = 0;
        for (size_t k = 0; k < b->n || carry; k++) {
            uint64_t x = product->limbs[i + k] + carry + (k < b->n ? (uint64_t)a->limbs[i] * b->limbs[k] : 0);
            product->limbs[i + k] = (uint32_t)(x % BASE);
            carry = x / BASE;
        }
    }
    product->negative = a->negative != b->negative;
    trim(product);
    return product;
}

static uint32_t divide_small(jinja_big *a, uint32_t divisor) {
    uint64_t rest = 0;
    for (size_t i = a->n; i-- > 0;) {
        uint64_t x = rest * BASE + a->limbs[i];
        a->limbs[i] = (uint32_t)(x / divisor);
        rest = x % divisor;
    }
    trim(a);
    return (uint32_t)rest;
}

/* Algorithm D on magnitudes: u (scaled, one limb longer than a) becomes the remainder, q the quotient. v has at least two limbs and a large top limb. */
static void long_divide(jinja_big *u, const jinja_big *v, jinja_big *q) {
    size_t n = v->n;
    for (size_t j = q->n; j-- > 0;) {
        uint64_t top = (uint64_t)u->limbs[j + n] * BASE + u->limbs[j + n - 1];
        uint64_t guess = top / v->limbs[n - 1], rest = top % v->limbs[n - 1];
        while (guess >= BASE || guess * v->limbs[n - 2] > rest * BASE + u->limbs[j + n - 2]) {
            guess--;
            rest += v->limbs[n - 1];
            if (rest >= BASE)
                break;
        }
        int64_t borrow = 0;
        for (size_t i = 0; i <= n; i++) {
            int64_t x = (int64_t)u->limbs[i + j] - borrow - (i < n ? (int64_t)(guess * v->limbs[i]) : 0);
            borrow = x < 0 ? (-x + BASE - 1) / BASE : 0;
            u->limbs[i + j] = (uint32_t)(x + borrow * BASE);
        }
        if (borrow) { /* the guess was one too large */
            uint32_t carry = 0;
            guess--;
            for (size_t i = 0; i <= n; i++) {
                uint32_t x = u->limbs[i + j] + carry + (i < n ? v->limbs[i] : 0);
                carry = x >= BASE;
                u->limbs[i + j] = x - (carry ? BASE : 0);
            }
        }
        q->limbs[j] = (uint32_t)guess;
    }
}

/* Floor division and the remainder with the sign of the divisor, as in Python. */
static bool divide(jinja_run *r, const jinja_big *a, const jinja_big *b, jinja_big **quotient, jinja_big **remainder) {
    if (b->n == 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "integer division or modulo by zero");
    jinja_big *q, *u;
    if (compare_magnitude(a, b) < 0) {
        q = new_big(r, 0);
        u = new_big(r, a->n);
        if (!q || !u)
            return false;
        memcpy(u->limbs, a->limbs, a->n * sizeof *a->limbs);
    } else if (b->n == 1) {
        q = new_big(r, a->n);
        u = new_big(r, 1);
        if (!q || !u)
            return false;
        memcpy(q->limbs, a->limbs, a->n * sizeof *a->limbs);
        u->limbs[0] = divide_small(q, b->limbs[0]);
    } else {
        jinja_big *factor = new_big(r, 1), *v = NULL;
        if (!factor || !jinja_spend(r, (a->n - b->n + 1) * b->n / 8))
            return false;
        factor->limbs[0] = BASE / (b->limbs[b->n - 1] + 1);
        v = multiply(r, b, factor);
        jinja_big *scaled = multiply(r, a, factor);
        u = scaled ? new_big(r, a->n + 1) : NULL;
        q = u ? new_big(r, a->n - b->n + 1) : NULL;
        if (!v || !q)
            return false;
        memcpy(u->limbs, scaled->limbs, scaled->n * sizeof *u->limbs);
        long_divide(u, v, q);
        trim(u);
        divide_small(u, factor->limbs[0]);
    }
    trim(q);
    trim(u);
    q->negative = a->negative != b->negative;
    u->negative = a->negative;
    if (u->n && a->negative != b->negative) { /* round down */
        jinja_big *one = new_big(r, 1);
        if (!one)
            return false;
        one->limbs[0] = 1;
        q = add(r, q, one, true);
        u = add(r, u, b, false);
    }
    *quotient = q;
    *remainder = u;
    return q && u;
}

static bool power(jinja_run *r, jinja_big *base, jinja_value exponent, jinja_value *out) {
    if (base->n == 0 || (base->n == 1 && base->limbs[0] == 1)) {
        bool odd = exponent.type == JINJA_BIG ? mote_jinja_big_odd(exponent.u.big) : exponent.u.i & 1;
        bool zero = exponent.type == JINJA_INT && exponent.u.i == 0;
        *out = jinja_int(zero ? 1 : base->n == 0 ? 0 : base->negative && odd ? -1 : 1);
        return true;
    }
    /* at least 2^e: too large long before e needs more than 32 bits */
    if (exponent.type == JINJA_BIG || exponent.u.i > JINJA_MAX_DIGITS * 4)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "a number is larger than the limit of %d digits", JINJA_MAX_DIGITS);
    jinja_big *result = new_big(r, 1);
    if (!result)
        return false;
    result->limbs[0] = 1;
    for (int64_t e = exponent.u.i; result; e >>= 1) {
        if (e & 1)
            result = multiply(r, result, base);
        if (e <= 1)
            break;
        base = multiply(r, base, base);
        if (!base)
            return false;
    }
    return result && to_value(r, result, out);
}

bool mote_jinja_big_binary(jinja_run *r, char op, jinja_value a, jinja_value b, jinja_value *out) {
    jinja_big *x = from_value(r, a), *y = from_value(r, b), *q = NULL, *m = NULL;
    if (!x || !y)
        return false;
    switch (op) {
    case '+':
    case '-':
        q = add(r, x, y, op == '-');
        return q && to_value(r, q, out);
    case '*':
        q = multiply(r, x, y);
        return q && to_value(r, q, out);
    case 'p':
        return power(r, x, b.type == JINJA_BOOL ? jinja_int(b.u.b) : b, out);
    default:
        return divide(r, x, y, &q, &m) && to_value(r, op == '%' ? m : q, out);
    }
}

int mote_jinja_big_compare(jinja_value a, jinja_value b) {
    /* one of them is big, so outside of whatever int64 the other may be */
    bool a_negative = a.type == JINJA_BIG ? a.u.big->negative : a.u.i < 0, b_negative = b.type == JINJA_BIG ? b.u.big->negative : b.u.i < 0;
    if (a.type != JINJA_BIG)
        return b_negative ? 1 : -1;
    if (b.type != JINJA_BIG)
        return a_negative ? -1 : 1;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    int c = compare_magnitude(a.u.big, b.u.big);
    return a_negative ? -c : c;
}

bool mote_jinja_big_parse(jinja_run *r, mote_str digits, unsigned base, bool negative, jinja_value *out) {
    if (digits.len > JINJA_MAX_DIGITS)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "a number is larger than the limit of %d digits", JINJA_MAX_DIGITS);
    jinja_big *b = new_big(r, (size_t)((double)digits.len * log10(base) / LIMB_DIGITS) + 2);
    if (!b || !jinja_spend(r, digits.len * b->n / 16))
        return false;
    size_t used = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.data[i];
        uint64_t carry = (uint64_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
        for (size_t k = 0; k < used || carry; k++) {
            uint64_t x = (k < used ? (uint64_t)b->limbs[k] * base : 0) + carry;
            b->limbs[k] = (uint32_t)(x % BASE);
            carry = x / BASE;
            if (k >= used)
                used = k + 1;
        }
    }
    b->negative = negative;
    return to_value(r, b, out);
}

static size_t to_text(const jinja_big *b, char *text) {
    size_t n = (size_t)sprintf(text, "%s%u", b->negative ? "-" : "", b->limbs[b->n - 1]);
    for (size_t i = b->n - 1; i-- > 0;)
        n += (size_t)sprintf(text + n, "%09u", b->limbs[i]);
    return n;
}

bool mote_jinja_big_put(jinja_run *r, const jinja_big *b) {
    char text[MAX_LIMBS * LIMB_DIGITS + 16];
    return mote_jinja_put(r, text, to_text(b, text));
}

double mote_jinja_big_to_double(const jinja_big *b) {
    char text[MAX_LIMBS * LIMB_DIGITS + 16];
    to_text(b, text);
    return strtod(text, NULL); /* rounds correctly */
}

uint64_t mote_jinja_big_hash(const jinja_big *b) {
    /* as the double of the same value, if there is one */
    double f = mote_jinja_big_to_double(b);
    uint64_t h;
    memcpy(&h, &f, sizeof h);
    return h;
}

bool mote_jinja_big_negative(const jinja_big *b) {
    return b->negative;
}

bool mote_jinja_big_odd(const jinja_big *b) {
    return b->limbs[0] & 1; /* the base is even */
}
