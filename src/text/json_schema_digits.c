/* The texts of numbers: what completes a beginning so that the number is in a shape.
 *
 * A beginning without exponent stands for ranges of magnitudes: with j more digits before the point [p 10^j, (p + 1) 10^j), behind the point [p, p + 10^-f). In each range the
 * least number of a grid is looked for (powers of ten, and what the number has to be a multiple of), first with few digits. Behind an e the exponents are tried one after the
 * other. Before the point a beginning lives only if digits alone complete it; so nobody who has written 5 where 1 is the limit has to go on with e-05. Behind the point, 1.5 may
 * be the beginning of 1.5e3. */
#include "text/json_schema_settled.h"

#include "text/json_schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_WHOLE = 32,  /* digits before the point */
    MAX_PLACES = 24, /* and behind it */
    MAX_MANTISSA = 34,
    MAX_EXPONENT = 320,
    MAX_SHIFT = 30,    /* exponents that are tried for a beginning that has none yet */
    EXACT_DIGITS = 15, /* decimals of so many are told apart by doubles */
    MAX_TRIES = 64     /* numbers of a grid that are looked at for one that isn't excluded */
};

static const double EXACT_DOUBLE = 9007199254740992.0; /* doubles from here on are whole */

typedef enum phase { START, SIGN, ZERO, WHOLE, POINT, PLACES, E, E_SIGN, EXPONENT, BAD } phase;

typedef struct beginning {
    phase phase;
    bool negative, minus; /* the number, its exponent */
    unsigned n_whole, n_places, n_exponent;
    uint8_t digit[MAX_WHOLE + MAX_PLACES]; /* the whole part, then the places */
    int exponent;
    size_t mantissa_bytes;
} beginning;

static phase next_phase(const beginning *b, char ch) {
    bool digit = ch >= '0' && ch <= '9';
    switch (b->phase) {
    case START:
        return ch == '-' ? SIGN : ch == '0' ? ZERO : digit ? WHOLE : BAD;
    case SIGN:
        return ch == '0' ? ZERO : digit ? WHOLE : BAD;
    case WHOLE:
    case ZERO:
        if (digit && b->phase == WHOLE)
            return WHOLE;
        return ch == '.' ? POINT : (ch | 0x20) == 'e' ? E : BAD;
    case POINT:
        return digit ? PLACES : BAD;
    case PLACES:
        return digit ? PLACES : (ch | 0x20) == 'e' ? E : BAD;
    case E:
        return digit ? EXPONENT : ch == '+' || ch == '-' ? E_SIGN : BAD;
    case E_SIGN:
    case EXPONENT:
        return digit ? EXPONENT : BAD;
    case BAD:
        break;
    }
    return BAD;
}

static bool scan(mote_str text, beginning *b) {
    *b = (beginning){0};
    for (size_t i = 0; i < text.len && b->phase != BAD; i++) {
        char ch = text.data[i];
        b->phase = next_phase(b, ch);
        if (b->phase == SIGN)
            b->negative = true;
        else if (b->phase == E_SIGN)
            b->minus = ch == '-';
        else if (b->phase == E)
            b->mantissa_bytes = i;
        else if (b->phase == EXPONENT) {
            b->exponent = b->exponent * 10 + (ch - '0');
            b->n_exponent++;
        } else if (b->phase != POINT && b->phase != BAD) {
            if (b->n_whole + b->n_places == MAX_MANTISSA || (b->phase == PLACES ? b->n_places == MAX_PLACES : b->n_whole == MAX_WHOLE))
                return false;
            b->digit[b->n_whole + b->n_places] = (uint8_t)(ch - '0');
            b->n_whole += b->phase != PLACES;
            b->n_places += b->phase == PLACES;
        }
    }
    return b->phase != BAD && b->n_exponent <= 3 && text.len <= MOTE_SCHEMA_MAX_NUMBER;
}

/* Doubles end at 1.8e308, and what a reader takes for 0 or infinity isn't what the shape meant. */
static bool representable(const mote_decimal *x) {
    return x->n == 0 || (x->exp > -300 && x->exp < 308);
}

static double to_double(const mote_decimal *x) {
    char text[MOTE_DECIMAL_DIGITS + 24] = "-0.";
    size_t n = 3;
    for (unsigned i = 0; i < x->n && i < MOTE_DECIMAL_DIGITS; i++)
        text[n++] = (char)('0' + x->digit[i]);
    snprintf(text + n, sizeof text - n, "e%d", (int)x->exp);
    return strtod(x->negative ? text : text + 1, NULL);
}

/* Who reads the number as a double may get another one, on the other side of a bound or between multiples. */
static bool contains_double(const mote_number_shape *s, double x) {
    double lo = s->has_lo ? to_double(&s->lo) : x, hi = s->has_hi ? to_double(&s->hi) : x;
    if (x < lo || (s->has_lo && s->lo_open && x <= lo) || x > hi || (s->has_hi && s->hi_open && x >= hi))
        return false;
    for (size_t i = 0; fabs(x) >= EXACT_DOUBLE && i < s->n_multiples; i++) {
        double m = to_double(&s->multiples[i]);
        if (m == floor(m) && fmod(x, m) != 0)
            return false;
    }
    for (size_t i = 0; fabs(x) >= EXACT_DOUBLE && i < s->n_others; i++)
        if (fmod(x, to_double(&s->others[i])) == 0)
            return false;
    return true;
}

/* marked: the text has a point or an exponent. */
static bool contains(const mote_number_shape *s, const mote_decimal *x, bool marked) {
    if (!representable(x))
        return false;
    if (s->has_lo && mote_decimal_compare(x, &s->lo) < (s->lo_open ? 1 : 0))
        return false;
    if (s->has_hi && mote_decimal_compare(x, &s->hi) > (s->hi_open ? -1 : 0))
        return false;
    for (size_t i = 0; i < s->n_multiples; i++)
        if (!mote_decimal_is_multiple(x, &s->multiples[i]))
            return false;
    for (size_t i = 0; i < s->n_others; i++)
        if (mote_decimal_is_multiple(x, &s->others[i]))
            return false;
    return !marked || (x->n <= EXACT_DIGITS && x->exp <= EXACT_DIGITS) || contains_double(s, to_double(x));
}

/* A shape seen from one sign: magnitudes. */
typedef struct side {
    const mote_number_shape *shape;
    const mote_number_others *others;
    bool negative;
    bool empty, lo_open, has_hi, hi_open;
    mote_fixed lo, hi;
} side;

static side side_of(const mote_number_shape *s, const mote_number_others *others, bool negative) {
    side out = {.shape = s, .others = others, .negative = negative};
    const mote_decimal *near = negative ? (s->has_hi ? &s->hi : NULL) : (s->has_lo ? &s->lo : NULL);
    const mote_decimal *far = negative ? (s->has_lo ? &s->lo : NULL) : (s->has_hi ? &s->hi : NULL);
    bool near_open = negative ? s->hi_open : s->lo_open, far_open = negative ? s->lo_open : s->hi_open;
    if (near && (near->n == 0 || near->negative == negative)) {
        out.empty = !mote_fixed_of(near, true, &out.lo);
        out.lo_open = near_open;
    }
    if (far && far->n > 0 && far->negative != negative)
        out.empty = true;
    else if (far) {
        out.has_hi = mote_fixed_of(far, false, &out.hi);
        out.hi_open = far_open;
    }
    return out;
}

/* The step of the grid of numbers with that many places (negative: zeros before the point) that are multiples of all that the shape asks for. */
static bool grid(const mote_number_shape *s, int places, uint64_t *step, unsigned *step_places) {
    uint64_t steps[20];
    unsigned at[20], most = places > 0 ? (unsigned)places : 0;
    size_t n = 0;
    steps[0] = 1;
    at[n++] = most;
    for (int i = places; i < 0; i++)
        if ((steps[0] *= 10) > 100000000000000000u)
            return false;
    for (size_t i = 0; i < s->n_multiples && n < 20; i++, n++) {
        if (!mote_decimal_step(&s->multiples[i], &steps[n], &at[n]))
            return false;
        most = at[n] > most ? at[n] : most;
    }
    *step = 1;
    *step_places = most;
    for (size_t i = 0; i < n; i++) {
        for (unsigned k = at[i]; k < most; k++)
            if (steps[i] > 100000000000000000u || (steps[i] *= 10) == 0)
                return false;
        uint64_t a = *step, b = steps[i];
        while (b != 0) {
            uint64_t r = a % b;
            a = b;
            b = r;
        }
        if (__builtin_mul_overflow(*step / a, steps[i], step) || *step > 999999999999999999u)
            return false;
    }
    return true;
}

/* The magnitude is one of the numbers that are given away. */
static bool is_other(const side *s, const mote_fixed *x) {
    for (size_t i = 0; s->others && i < s->others->n; i++) {
        const mote_decimal *other = &s->others->items[i];
        mote_fixed y;
        if ((other->n == 0 || other->negative == s->negative) && mote_fixed_of(other, false, &y) && mote_fixed_compare(x, &y) == 0)
            return true;
    }
    return false;
}

static bool is_one_of(const mote_number_others *others, const mote_decimal *x) {
    for (size_t i = 0; others && i < others->n; i++)
        if (mote_decimal_compare(&others->items[i], x) == 0)
            return true;
    return false;
}

/* A magnitude in [from, to) with that many places. */
static bool find(const side *s, const mote_fixed *from, const mote_fixed *to, int places, mote_fixed *out) {
    uint64_t step;
    unsigned step_places;
    int order = mote_fixed_compare(&s->lo, from);
    if (s->empty || mote_fixed_compare(&s->lo, to) >= 0 || (s->has_hi && mote_fixed_compare(&s->hi, from) < 0) || !grid(s->shape, places, &step, &step_places))
        return false;
    mote_fixed x;
    bool good = mote_fixed_next_multiple(order >= 0 ? &s->lo : from, step, step_places, order >= 0 && s->lo_open, &x);
    int tries = MAX_TRIES + (s->others ? (int)s->others->n : 0);
    for (int i = 0; good && i < tries; i++) {
        if (mote_fixed_compare(&x, to) >= 0 || (s->has_hi && mote_fixed_compare(&x, &s->hi) > (s->hi_open ? -1 : 0)))
            return false;
        bool excluded = false;
        for (size_t k = 0; k < s->shape->n_others; k++)
            excluded = excluded || mote_fixed_is_multiple(&x, &s->shape->others[k]);
        *out = x;
        if (!excluded && !is_other(s, &x))
            return true;
        good = mote_fixed_next_multiple(&x, step, step_places, true, &x);
    }
    return false;
}

/* The digits of b with the point moved by `shift` to the right, and the same with one more in the last of them. */
static bool range_of(const beginning *b, int shift, mote_fixed *from, mote_fixed *to) {
    int n = (int)(b->n_whole + b->n_places), first = MOTE_FIXED_WHOLE - (int)b->n_whole - shift;
    memset(from, 0, sizeof *from);
    if (first < 1 || first + n > MOTE_FIXED_DIGITS)
        return false;
    memcpy(from->digit + first, b->digit, (size_t)n);
    *to = *from;
    int at = first + n - 1;
    for (; at >= 0 && to->digit[at] == 9; at--)
        to->digit[at] = 0;
    if (at < 0)
        return false;
    to->digit[at]++;
    return true;
}

/* Writes the digits of x from the one of weight 10^(whole - 1 - skip) on: up to the point, then as many places. */
static int write_digits(const mote_fixed *x, int whole, int skip, int places, bool point, char *rest) {
    int n = 0;
    for (int i = skip; i < whole + places; i++) {
        if (i >= whole && point) {
            rest[n++] = '.';
            point = false;
        }
        rest[n++] = (char)('0' + x->digit[MOTE_FIXED_WHOLE - whole + i]);
    }
    return n;
}

/* Nothing but a sign yet, or digits of the whole part: more of them, then places. */
static int complete_whole(const side *s, const beginning *b, char *rest) {
    int best = -1, n_whole = (int)b->n_whole;
    int most = b->phase == ZERO ? 1 : MAX_WHOLE;
    for (int whole = n_whole > 0 ? n_whole : 1; whole <= most && (best < 0 || whole - n_whole < best); whole++) {
        mote_fixed from = {{0}}, to = {{0}}, x;
        if (n_whole > 0 && !range_of(b, whole - n_whole, &from, &to))
            break;
        if (n_whole == 0) { /* all numbers of so many digits */
            from.digit[MOTE_FIXED_WHOLE - whole] = whole > 1;
            to.digit[MOTE_FIXED_WHOLE - whole - 1] = 1;
        }
        if (s->has_hi && mote_fixed_compare(&s->hi, &from) < 0)
            break;
        int least = s->shape->marked, last = s->shape->unmarked ? 0 : MAX_PLACES;
        for (int places = least; places <= last && whole + places <= MAX_MANTISSA; places++) {
            int n = whole - n_whole + (places > 0 ? places + 1 : 0);
            if (best >= 0 && n >= best)
                break;
            if (find(s, &from, &to, places, &x)) {
                best = write_digits(&x, whole, n_whole, places, true, rest);
                break;
            }
        }
    }
    return best;
}

static int complete_places(const side *s, const beginning *b, char *rest) {
    mote_fixed from, to, x;
    if (!range_of(b, 0, &from, &to))
        return -1;
    for (int places = b->n_places > 0 ? (int)b->n_places : 1; places <= MAX_PLACES && (int)b->n_whole + places <= MAX_MANTISSA; places++)
        if (find(s, &from, &to, places, &x))
            return write_digits(&x, (int)b->n_whole, (int)(b->n_whole + b->n_places), places, false, rest);
    return -1;
}

/* One digit, a point and places: an exponent moves it into the shape. */
static int complete_scientific(const side *s, const beginning *b, char *rest) {
    mote_fixed from, to, x;
    if (b->n_whole != 1 || b->digit[0] == 0)
        return -1;
    for (int i = 2; i <= 2 * MAX_SHIFT + 1; i++) {
        int shift = i % 2 ? -(i / 2) : i / 2;
        if (!range_of(b, shift, &from, &to) || mote_fixed_compare(&s->lo, &to) >= 0 || (s->has_hi && mote_fixed_compare(&s->hi, &from) < 0))
            continue;
        for (int places = b->n_places > 0 ? (int)b->n_places : 1; places < 17; places++)
            if (find(s, &from, &to, places - shift, &x)) {
                int n = 0;
                for (int k = (int)b->n_places; k < places; k++)
                    rest[n++] = (char)('0' + x.digit[MOTE_FIXED_WHOLE - shift + k]);
                return n + snprintf(rest + n, (size_t)(MOTE_SCHEMA_MAX_NUMBER - n), "e%d", shift);
            }
    }
    return -1;
}

/* With a value of the exponent, is it in the shape? */
static bool try_exponent(const mote_number_shape *s, const mote_number_others *others, const mote_decimal *mantissa, int exponent) {
    mote_decimal x = *mantissa;
    if (x.n > 0)
        x.exp += exponent;
    return contains(s, &x, true) && !is_one_of(others, &x);
}

/* Exponents of one more digit than there are, two, three, by size. */
static int complete_exponent(const mote_number_shape *s, const mote_number_others *others, const mote_decimal *mantissa, const beginning *b, char *rest) {
    if (b->n_exponent > 0 && try_exponent(s, others, mantissa, b->minus ? -b->exponent : b->exponent))
        return 0;
    int scale = 1;
    for (unsigned n = b->n_exponent; n < 3; n++, scale *= 10)
        for (int minus = b->phase == E ? 0 : b->minus; minus <= (b->phase == E ? 1 : b->minus); minus++)
            for (int more = 0; more < scale * 10; more++) {
                int exponent = b->exponent * scale * 10 + more;
                if (exponent > MAX_EXPONENT || !try_exponent(s, others, mantissa, minus ? -exponent : exponent))
                    continue;
                return snprintf(rest, MOTE_SCHEMA_MAX_NUMBER, "%s%0*d", b->phase == E && minus ? "-" : "", (int)(n - b->n_exponent) + 1, more);
            }
    return -1;
}

/* What is found by digits is looked at once more as a number. */
static int verify(const mote_number_shape *shape, mote_str text, const char *rest, int n) {
    char whole[2 * MOTE_SCHEMA_MAX_NUMBER + 2];
    mote_decimal x;
    if (n <= 0 && text.len == 0)
        return n;
    if (n < 0 || text.len + (size_t)n > MOTE_SCHEMA_MAX_NUMBER)
        return -1;
    if (text.len > 0)
        memcpy(whole, text.data, text.len);
    memcpy(whole + text.len, rest, (size_t)n);
    mote_str all = {whole, text.len + (size_t)n};
    bool marked = false;
    for (size_t i = 0; i < all.len; i++)
        marked = marked || whole[i] == '.' || whole[i] == 'e';
    return mote_decimal_parse(all, &x) && contains(shape, &x, marked) ? n : -1;
}

int mote_number_complete(const mote_number_shape *shape, mote_str text, const mote_number_others *others, char *rest) {
    beginning b;
    mote_decimal x;
    if (!scan(text, &b))
        return -1;
    if (shape->unmarked && b.phase >= POINT)
        return -1;
    if (((b.phase == ZERO || b.phase == WHOLE) ? !shape->marked : b.phase == PLACES) && mote_decimal_parse(text, &x) && contains(shape, &x, b.phase == PLACES) &&
        !is_one_of(others, &x))
        return 0;
    if (b.phase >= E) {
        size_t room = MOTE_SCHEMA_MAX_NUMBER - text.len;
        int n = mote_decimal_parse((mote_str){text.data, b.mantissa_bytes}, &x) ? complete_exponent(shape, others, &x, &b, rest) : -1;
        return n > (int)room ? -1 : n;
    }
    side s = side_of(shape, others, b.negative);
    int n = b.phase >= POINT ? complete_places(&s, &b, rest) : complete_whole(&s, &b, rest);
    if (n < 0 && b.phase >= POINT)
        n = complete_scientific(&s, &b, rest);
    if (b.phase != START || (n >= 0 && n < 2))
        return verify(shape, text, rest, n);
    char other[MOTE_SCHEMA_MAX_NUMBER + 1] = "-"; /* either sign */
    s = side_of(shape, others, true);
    int m = complete_whole(&s, &b, other + 1);
    if (m < 0 || (n >= 0 && n <= m + 1))
        return verify(shape, text, rest, n);
    memcpy(rest, other, (size_t)m + 1);
    return verify(shape, text, rest, m + 1);
}
