/* Numbers: bounds, divisors, and what they must not divide by. */
#include "text/json_schema_shape.h"

enum { MAX_DIVISORS = 16 };

static void raise_lo(mote_number_shape *s, const mote_decimal *lo, bool open) {
    int order = s->has_lo ? mote_decimal_compare(lo, &s->lo) : 1;
    if (order > 0 || (order == 0 && open)) {
        s->has_lo = true;
        s->lo = *lo;
        s->lo_open = open;
    }
}

static void lower_hi(mote_number_shape *s, const mote_decimal *hi, bool open) {
    int order = s->has_hi ? mote_decimal_compare(hi, &s->hi) : -1;
    if (order < 0 || (order == 0 && open)) {
        s->has_hi = true;
        s->hi = *hi;
        s->hi_open = open;
    }
}

/* The two lists in one, without repetitions. */
static const mote_decimal *join(mote_schema_compiler *c, const mote_decimal *a, size_t n_a, const mote_decimal *b, size_t n_b, size_t *n) {
    mote_decimal *out = mote_schema_alloc(c, n_a + n_b, sizeof *out);
    *n = 0;
    for (size_t i = 0; out && i < n_a + n_b; i++) {
        const mote_decimal *d = i < n_a ? &a[i] : &b[i - n_a];
        bool there = false;
        for (size_t j = 0; j < *n; j++)
            there = there || mote_decimal_compare(&out[j], d) == 0;
        if (!there)
            out[(*n)++] = *d;
    }
    if (*n > MAX_DIVISORS)
        mote_schema_fail(c, MOTE_ERR_LIMIT, "multipleOf: more than %d divisors", MAX_DIVISORS);
    return out;
}

static bool possible(const mote_number_shape *s) {
    if (s->marked && s->unmarked)
        return false;
    if (s->has_lo && s->has_hi) {
        int order = mote_decimal_compare(&s->lo, &s->hi);
        if (order > 0 || (order == 0 && (s->lo_open || s->hi_open)))
            return false;
        for (size_t i = 0; order == 0 && i < s->n_multiples; i++)
            if (!mote_decimal_is_multiple(&s->lo, &s->multiples[i]))
                return false;
        for (size_t i = 0; order == 0 && i < s->n_others; i++)
            if (mote_decimal_is_multiple(&s->lo, &s->others[i]))
                return false;
    }
    for (size_t i = 0; i < s->n_multiples; i++)
        for (size_t j = 0; j < s->n_others; j++)
            if (mote_decimal_is_multiple(&s->multiples[i], &s->others[j]))
                return false;
    return true;
}

const void *mote_number_meet(mote_schema_compiler *c, const void *a, const void *b) {
    const mote_number_shape *x = a, *y = b;
    mote_number_shape *out = mote_schema_alloc(c, 1, sizeof *out);
    if (!out)
        return NULL;
    *out = *x;
    out->marked |= y->marked;
    out->unmarked |= y->unmarked;
    if (y->has_lo)
        raise_lo(out, &y->lo, y->lo_open);
    if (y->has_hi)
        lower_hi(out, &y->hi, y->hi_open);
    if (y->n_multiples > 0)
        out->multiples = join(c, x->multiples, x->n_multiples, y->multiples, y->n_multiples, &out->n_multiples);
    if (y->n_others > 0)
        out->others = join(c, x->others, x->n_others, y->others, y->n_others, &out->n_others);
    return c->status == MOTE_OK && possible(out) ? out : NULL;
}

void mote_number_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out) {
    const mote_number_shape *y = b;
    mote_number_shape rest = {0};
    if (y->has_lo) {
        lower_hi(&rest, &y->lo, !y->lo_open);
        mote_shape_list_add(c, out, mote_number_meet(c, a, &rest));
    }
    rest = (mote_number_shape){0};
    if (y->has_hi) {
        raise_lo(&rest, &y->hi, !y->hi_open);
        mote_shape_list_add(c, out, mote_number_meet(c, a, &rest));
    }
    if (y->unmarked || y->marked) {
        rest = (mote_number_shape){.marked = y->unmarked, .unmarked = y->marked};
        mote_shape_list_add(c, out, mote_number_meet(c, a, &rest));
    }
    for (size_t i = 0; i < y->n_multiples; i++) {
        rest = (mote_number_shape){.n_others = 1, .others = &y->multiples[i]};
        mote_shape_list_add(c, out, mote_number_meet(c, a, &rest));
    }
    for (size_t i = 0; i < y->n_others; i++) {
        rest = (mote_number_shape){.n_multiples = 1, .multiples = &y->others[i]};
        mote_shape_list_add(c, out, mote_number_meet(c, a, &rest));
    }
}
