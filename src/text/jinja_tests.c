/* The tests behind `is`: all of Jinja 3.1. */
#include "text/jinja_run.h"

#include "text/jinja_unicode.h"

static bool modulo_is(jinja_run *r, jinja_value v, jinja_value divisor, int64_t rest, jinja_value *out) {
    jinja_value m;
    bool equal;
    if (!mote_jinja_binary(r, '%', v, divisor, &m) || !mote_jinja_equal(r, m, jinja_int(rest), &equal))
        return false;
    *out = jinja_bool(equal);
    return true;
}

static bool test_odd(jinja_run *r, jinja_value *a, jinja_value *out) {
    return modulo_is(r, a[0], jinja_int(2), 1, out);
}

static bool test_even(jinja_run *r, jinja_value *a, jinja_value *out) {
    return modulo_is(r, a[0], jinja_int(2), 0, out);
}

static bool test_divisibleby(jinja_run *r, jinja_value *a, jinja_value *out) {
    return modulo_is(r, a[0], a[1], 0, out);
}

#define TYPE_TEST(name, condition)                                            \
    static bool test_##name(jinja_run *r, jinja_value *a, jinja_value *out) { \
        (void)r;                                                              \
        jinja_value v = a[0];                                                 \
        *out = jinja_bool(condition);                                         \
        return true;                                                          \
    }
TYPE_TEST(defined, v.type != JINJA_UNDEFINED)
TYPE_TEST(undefined, v.type == JINJA_UNDEFINED)
TYPE_TEST(none, v.type == JINJA_NONE)
TYPE_TEST(boolean, v.type == JINJA_BOOL)
TYPE_TEST(true, v.type == JINJA_BOOL && v.u.b)
TYPE_TEST(false, v.type == JINJA_BOOL && !v.u.b)
TYPE_TEST(integer, v.type == JINJA_INT || v.type == JINJA_BIG)
TYPE_TEST(float, v.type == JINJA_FLOAT)
TYPE_TEST(number, jinja_is_int(v) || v.type == JINJA_FLOAT)
TYPE_TEST(string, v.type == JINJA_STR)
TYPE_TEST(mapping, v.type == JINJA_DICT)
TYPE_TEST(sequence, v.type == JINJA_UNDEFINED || v.type == JINJA_STR || v.type == JINJA_LIST || v.type == JINJA_TUPLE || v.type == JINJA_DICT || v.type == JINJA_RANGE)
TYPE_TEST(iterable, mote_jinja_iterable(v) || v.type == JINJA_LOOP)
TYPE_TEST(callable, v.type == JINJA_FUNCTION || v.type == JINJA_METHOD || v.type == JINJA_MACRO || v.type == JINJA_LOOP || v.type == JINJA_JOINER || v.type == JINJA_UNDEFINED)
TYPE_TEST(escaped, v.type == JINJA_STR && v.sub == JINJA_MARKUP)

static bool by_method(jinja_run *r, jinja_value v, const char *method, jinja_value *out) {
    jinja_value text;
    return mote_jinja_str(r, v, &text) && mote_jinja_str_method(mote_str_of(method))->call(r, &text, out);
}

static bool test_lower(jinja_run *r, jinja_value *a, jinja_value *out) {
    return by_method(r, a[0], "islower", out);
}

static bool test_upper(jinja_run *r, jinja_value *a, jinja_value *out) {
    return by_method(r, a[0], "isupper", out);
}

static bool is_hashable(jinja_run *r, jinja_value v) {
    uint64_t hash;
    return mote_jinja_hash(r, v, &hash) || mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: unhashable type: '%s'", mote_jinja_type_name(v));
}

static bool test_filter(jinja_run *r, jinja_value *a, jinja_value *out) {
    *out = jinja_bool(a[0].type == JINJA_STR && mote_jinja_filter(jinja_text(a[0])));
    return is_hashable(r, a[0]);
}

static bool test_test(jinja_run *r, jinja_value *a, jinja_value *out) {
    *out = jinja_bool(a[0].type == JINJA_STR && mote_jinja_test(jinja_text(a[0])));
    return is_hashable(r, a[0]);
}

static bool test_sameas(jinja_run *r, jinja_value *a, jinja_value *out) {
    if (a[0].type == JINJA_STR)
        jinja_charge(r, jinja_text(a[0]).len / JINJA_BYTES_PER_STEP);
    *out = jinja_bool(mote_jinja_same(a[0], a[1]));
    return true;
}

static bool test_in(jinja_run *r, jinja_value *a, jinja_value *out) {
    bool result;
    if (!mote_jinja_contains(r, a[0], a[1], &result))
        return false;
    *out = jinja_bool(result);
    return true;
}

static bool test_eq(jinja_run *r, jinja_value *a, jinja_value *out) {
    bool equal;
    if (!mote_jinja_equal(r, a[0], a[1], &equal))
        return false;
    *out = jinja_bool(equal);
    return true;
}

static bool test_ne(jinja_run *r, jinja_value *a, jinja_value *out) {
    bool equal;
    if (!mote_jinja_equal(r, a[0], a[1], &equal))
        return false;
    *out = jinja_bool(!equal);
    return true;
}

static bool ordered(jinja_run *r, jinja_value *a, jinja_order order, jinja_value *out) {
    bool result;
    if (!mote_jinja_less(r, a[0], a[1], order, &result))
        return false;
    *out = jinja_bool(result);
    return true;
}

static bool test_lt(jinja_run *r, jinja_value *a, jinja_value *out) {
    return ordered(r, a, JINJA_LT, out);
}
static bool test_le(jinja_run *r, jinja_value *a, jinja_value *out) {
    return ordered(r, a, JINJA_LE, out);
}
static bool test_gt(jinja_run *r, jinja_value *a, jinja_value *out) {
    return ordered(r, a, JINJA_GT, out);
}
static bool test_ge(jinja_run *r, jinja_value *a, jinja_value *out) {
    return ordered(r, a, JINJA_GE, out);
}

const jinja_builtin *mote_jinja_test(mote_str name) {
    static const jinja_builtin tests[] = {
        {"odd", "value", 1, test_odd, NULL},
        {"even", "value", 1, test_even, NULL},
        {"divisibleby", "value,num", 2, test_divisibleby, NULL},
        {"defined", "value", 1, test_defined, NULL},
        {"undefined", "value", 1, test_undefined, NULL},
        {"filter", "value", 1, test_filter, NULL},
        {"test", "value", 1, test_test, NULL},
        {"none", "value", 1, test_none, NULL},
        {"boolean", "value", 1, test_boolean, NULL},
        {"false", "value", 1, test_false, NULL},
        {"true", "value", 1, test_true, NULL},
        {"integer", "value", 1, test_integer, NULL},
        {"float", "value", 1, test_float, NULL},
        {"lower", "value", 1, test_lower, NULL},
        {"upper", "value", 1, test_upper, NULL},
        {"string", "value", 1, test_string, NULL},
        {"mapping", "value", 1, test_mapping, NULL},
        {"number", "value", 1, test_number, NULL},
        {"sequence", "value", 1, test_sequence, NULL},
        {"iterable", "value", 1, test_iterable, NULL},
        {"callable", "-", 1, test_callable, NULL},
        {"sameas", "value,other", 2, test_sameas, NULL},
        {"escaped", "value", 1, test_escaped, NULL},
        {"in", "value,seq", 2, test_in, NULL},
        {"==", "-,-", 2, test_eq, NULL},
        {"eq", "-,-", 2, test_eq, NULL},
        {"equalto", "-,-", 2, test_eq, NULL},
        {"!=", "-,-", 2, test_ne, NULL},
        {"ne", "-,-", 2, test_ne, NULL},
        {">", "-,-", 2, test_gt, NULL},
        {"gt", "-,-", 2, test_gt, NULL},
        {"greaterthan", "-,-", 2, test_gt, NULL},
        {"ge", "-,-", 2, test_ge, NULL},
        {">=", "-,-", 2, test_ge, NULL},
        {"<", "-,-", 2, test_lt, NULL},
        {"lt", "-,-", 2, test_lt, NULL},
        {"lessthan", "-,-", 2, test_lt, NULL},
        {"<=", "-,-", 2, test_le, NULL},
        {"le", "-,-", 2, test_le, NULL},
        {.name = NULL},
    };
    return mote_jinja_find(tests, name);
}
