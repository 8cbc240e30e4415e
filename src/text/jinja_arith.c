/* + - * / // % ** and signs with Python's semantics: integers promote beyond int64, // and % round down, / gives a float; strings and lists concatenate and
 * repeat. */
#include "text/jinja_run.h"

#include <math.h>

static bool type_error(jinja_run *r, const char *op, jinja_value a, jinja_value b) {
    if (a.type == JINJA_UNDEFINED || b.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, a.type == JINJA_UNDEFINED ? a : b);
    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: unsupported operand types for %s: '%s' and '%s'", op, mote_jinja_type_name(a), mote_jinja_type_name(b));
}

bool mote_jinja_to_double(jinja_run *r, jinja_value v, double *out) {
    switch (v.type) {
    case JINJA_BOOL:
        *out = v.u.b;
        return true;
    case JINJA_INT:
        *out = (double)v.u.i;
        return true;
    case JINJA_BIG:
        *out = mote_jinja_big_to_double(v.u.big);
        return isfinite(*out) || mote_jinja_fail(r, MOTE_ERR_FORMAT, "overflow: an integer is too large for a float");
    case JINJA_FLOAT:
        *out = v.u.f;
        return true;
    case JINJA_UNDEFINED:
        return mote_jinja_fail_undefined(r, v);
    default:
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: must be real number, not %s", mote_jinja_type_name(v));
    }
}

bool mote_jinja_float_to_int(jinja_run *r, double f, jinja_value *out) {
    f = trunc(f);
    if (fabs(f) < 9.2e18) {
        *out = jinja_int((int64_t)f);
        return true;
    }
    /* exactly mantissa * 2^exponent */
    int exponent;
    double mantissa = frexp(f, &exponent);
    jinja_value factor;
    return mote_jinja_big_binary(r, 'p', jinja_int(2), jinja_int(exponent - 53), &factor) && mote_jinja_big_binary(r, '*', jinja_int((int64_t)ldexp(mantissa, 53)), factor, out);
}

static double float_mod(double a, double b) {
    double m = fmod(a, b);
    if (m == 0)
        return copysign(0, b);
    return (b < 0) != (m < 0) ? m + b : m;
}

static double float_floor_div(double a, double b) {
    /* Python's float_floor_div: from the remainder, so that it agrees with % */
    double m = fmod(a, b), q = (a - m) / b;
    if (m != 0 && (b < 0) != (m < 0))
        q -= 1;
    if (q == 0)
        return copysign(0, a / b);
    double f = floor(q);
    return q - f > 0.5 ? f + 1 : f;
}

static bool float_power(jinja_run *r, double a, double b, jinja_value *out) {
    if (a == 0 && b < 0)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "zero to a negative power");
    if (a < 0 && isfinite(a) && isfinite(b) && b != floor(b))
        return mote_jinja_fail(r, MOTE_ERR_UNSUPPORTED, "complex numbers are not supported");
    double p = pow(a, b);
    if (isinf(p) && isfinite(a) && isfinite(b))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "overflow: the number is too large for a float");
    *out = jinja_float(p);
    return true;
}

static bool float_binary(jinja_run *r, char op, jinja_value a, jinja_value b, jinja_value *out) {
    double x = 0, y = 0;
    if (!mote_jinja_to_double(r, a, &x) || !mote_jinja_to_double(r, b, &y))
        return false;
    if (y == 0 && (op == '/' || op == 'd' || op == '%'))
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "division by zero");
    switch (op) {
    case '+':
        *out = jinja_float(x + y);
        return true;
    case '-':
        *out = jinja_float(x - y);
        return true;
    case '*':
        *out = jinja_float(x * y);
        return true;
    case '/':
        *out = jinja_float(x / y);
        return true;
    case 'd':
        *out = jinja_float(float_floor_div(x, y));
        return true;
    case '%':
        *out = jinja_float(float_mod(x, y));
        return true;
    default:
        return float_power(r, x, y, out);
    }
}

static bool int_binary(jinja_run *r, char op, jinja_value a, jinja_value b, jinja_value *out) {
    int64_t x = a.type == JINJA_BOOL ? a.u.b : a.u.i, y = b.type == JINJA_BOOL ? b.u.b : b.u.i, z;
    bool small = a.type != JINJA_BIG && b.type != JINJA_BIG;
    bool b_zero = b.type != JINJA_BIG && y == 0, b_negative = b.type == JINJA_BIG ? mote_jinja_big_negative(b.u.big) : y < 0;
    if (op == '/') {
        if (b_zero)
            return mote_jinja_fail(r, MOTE_ERR_FORMAT, "division by zero");
        if (!small)
            return float_binary(r, op, a, b, out);
        *out = jinja_float((double)((long double)x / (long double)y)); /* both exact in 64 bits of mantissa */
        return true;
    }
    if (op == 'p' && b_negative)
        return float_binary(r, op, a, b, out);
    if (op == 'p' && mote_jinja_big_binary(r, op, a, b, out) && out->type == JINJA_BIG)
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "the number a power gives is larger than the limit of 64 bits");
    if (op == 'p')
        return r->status == MOTE_OK;
    if (!small)
        return mote_jinja_big_binary(r, op, a, b, out);
    bool overflow = true;
    if (op == '+')
        overflow = __builtin_add_overflow(x, y, &z);
    else if (op == '-')
        overflow = __builtin_sub_overflow(x, y, &z);
    else if (op == '*')
        overflow = __builtin_mul_overflow(x, y, &z);
    else if (b_zero)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "integer division or modulo by zero");
    else if (y == -1) {
        overflow = op == 'd' && __builtin_sub_overflow((int64_t)0, x, &z);
        z = op == '%' ? 0 : overflow ? 0 : -x;
    } else {
        bool adjust = x % y != 0 && (x < 0) != (y < 0);
        z = op == 'd' ? x / y - adjust : x % y + (adjust ? y : 0);
        overflow = false;
    }
    if (overflow)
        return mote_jinja_big_binary(r, op, a, b, out);
    *out = jinja_int(z);
    return true;
}

/* Appends in place behind a text or list that ends where its room has been used up to; NULL if it cannot. */
static char *extend(jinja_room *room, const char *end, size_t n_bytes) {
    if (!room || room->end != end || (size_t)(room->limit - room->end) < n_bytes)
        return NULL;
    room->end += n_bytes;
    return room->end - n_bytes;
}

/* A copy of `head` with as much room again behind it. */
static jinja_room *new_room(jinja_run *r, const void *head, size_t n_bytes, size_t more, char **start) {
    size_t capacity = (n_bytes + more) * 2;
    jinja_room *room = mote_jinja_alloc(r, sizeof *room + capacity);
    if (!room)
        return NULL;
    *start = (char *)(room + 1);
    if (n_bytes)
        memcpy(*start, head, n_bytes);
    *room = (jinja_room){*start + n_bytes, *start + capacity};
    return room;
}

bool mote_jinja_concat(jinja_run *r, jinja_value a, jinja_value b, jinja_value *out) {
    enum { ROOM_FROM = 128 }; /* shorter texts are simply copied */
    jinja_str *x = a.u.s, *y = b.u.s;
    if (!jinja_spend(r, y->text.len / JINJA_BYTES_PER_STEP + 1))
        return false;
    jinja_str *s = mote_jinja_alloc(r, sizeof *s);
    if (!s)
        return false;
    *s = (jinja_str){.n_chars = JINJA_CHARS_UNKNOWN, .room = x->room};
    char *start = x->room ? (char *)(uintptr_t)x->text.data : NULL, *at = extend(x->room, x->text.data + x->text.len, y->text.len);
    if (!at && x->text.len + y->text.len < ROOM_FROM) {
        start = mote_jinja_alloc(r, x->text.len + y->text.len);
        if (!start)
            return false;
        if (x->text.len)
            memcpy(start, x->text.data, x->text.len);
        at = start + x->text.len;
        s->room = NULL;
    } else if (!at) {
        s->room = new_room(r, x->text.data, x->text.len, y->text.len, &start);
        if (!s->room || !jinja_spend(r, x->text.len / JINJA_BYTES_PER_STEP))
            return false;
        at = extend(s->room, s->room->end, y->text.len);
    }
    if (y->text.len)
        memcpy(at, y->text.data, y->text.len);
    s->text = (mote_str){start, x->text.len + y->text.len};
    *out = jinja_of_str(s);
    return true;
}

static bool concat_lists(jinja_run *r, jinja_value a, jinja_value b, jinja_value *out) {
    jinja_list *x = a.u.l, *y = b.u.l, *l;
    size_t x_bytes = x->n * sizeof *x->items, y_bytes = y->n * sizeof *y->items;
    if (!jinja_spend(r, y->n / 4) || !(l = mote_jinja_alloc(r, sizeof *l)))
        return false;
    *l = (jinja_list){.items = x->items, .n = x->n + y->n, .room = x->room};
    char *at = extend(x->room, (char *)x->items + x_bytes, y_bytes), *start;
    if (!at) {
        l->room = new_room(r, x->items, x_bytes, y_bytes, &start);
        if (!l->room || !jinja_spend(r, x->n / 4))
            return false;
        l->items = (jinja_value *)(void *)start;
        at = extend(l->room, l->room->end, y_bytes);
    }
    if (y_bytes)
        memcpy(at, y->items, y_bytes);
    *out = (jinja_value){.type = a.type, .u.l = l};
    return true;
}

static bool repeat(jinja_run *r, jinja_value sequence, jinja_value times, jinja_value *out) {
    int64_t n;
    if (!mote_jinja_index_arg(r, times, &n))
        return false;
    if (n < 0)
        n = 0;
    if (sequence.type == JINJA_STR) {
        size_t mark = r->text.len;
        return mote_jinja_put_repeat(r, sequence.u.s->text, (size_t)n) && mote_jinja_take(r, mark, out);
    }
    const jinja_list *from = sequence.u.l;
    size_t total;
    if (__builtin_mul_overflow(from->n, (size_t)n, &total))
        return mote_jinja_fail(r, MOTE_ERR_LIMIT, "a list is larger than the limit of memory");
    jinja_list *l = mote_jinja_new_list(r, total);
    if (!l)
        return false;
    for (size_t i = 0; i < total; i++)
        l->items[i] = from->items[i % from->n];
    *out = (jinja_value){.type = sequence.type, .u.l = l};
    return true;
}

static bool add_other(jinja_run *r, jinja_value a, jinja_value b, jinja_value *out) {
    if (a.type == JINJA_STR && b.type == JINJA_STR) {
        if (a.sub == JINJA_PLAIN && b.sub == JINJA_PLAIN)
            return mote_jinja_concat(r, a, b, out);
        if (!mote_jinja_escape_html(r, a, &a) || !mote_jinja_escape_html(r, b, &b) || !mote_jinja_concat(r, a, b, out))
            return false;
        out->sub = JINJA_MARKUP;
        return true;
    }
    if (a.type == b.type && (a.type == JINJA_LIST || a.type == JINJA_TUPLE))
        return concat_lists(r, a, b, out);
    return type_error(r, "+", a, b);
}

static bool is_sequence(jinja_value v) {
    return v.type == JINJA_STR || v.type == JINJA_LIST || v.type == JINJA_TUPLE;
}

bool mote_jinja_binary(jinja_run *r, char op, jinja_value a, jinja_value b, jinja_value *out) {
    bool a_int = jinja_is_int(a), b_int = jinja_is_int(b);
    if (a_int && b_int)
        return int_binary(r, op, a, b, out);
    if ((a_int || a.type == JINJA_FLOAT) && (b_int || b.type == JINJA_FLOAT))
        return float_binary(r, op, a, b, out);
    if (op == '+')
        return add_other(r, a, b, out);
    if (op == '*' && is_sequence(a) && b_int)
        return repeat(r, a, b, out);
    if (op == '*' && a_int && is_sequence(b))
        return repeat(r, b, a, out);
    if (op == '%' && a.type == JINJA_STR)
        return mote_jinja_percent(r, a, b, out);
    const char name[2] = {op, 0};
    return type_error(r, op == 'd' ? "//" : op == 'p' ? "**" : name, a, b);
}

bool mote_jinja_negate(jinja_run *r, jinja_value v, jinja_value *out) {
    if (v.type == JINJA_FLOAT) {
        *out = jinja_float(-v.u.f);
        return true;
    }
    if (jinja_is_int(v))
        return mote_jinja_binary(r, '-', jinja_int(0), v, out);
    if (v.type == JINJA_UNDEFINED)
        return mote_jinja_fail_undefined(r, v);
    return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: bad operand type for unary -: '%s'", mote_jinja_type_name(v));
}
