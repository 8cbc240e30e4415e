#include "tasks/score_calls.h"

#include "text/jinja_unicode.h"
#include "text/unicode.h"

enum { MAX_CALLS = 64 };

typedef enum value_kind { KIND_NONE, KIND_STRING, KIND_INTEGER, KIND_FLOAT, KIND_BOOL, KIND_LIST, KIND_DICT } value_kind;

static value_kind kind_of(const mote_json *v) {
    switch (mote_json_typeof(v)) {
    case MOTE_JSON_STRING:
        return KIND_STRING;
    case MOTE_JSON_INTEGER:
        return KIND_INTEGER;
    case MOTE_JSON_REAL:
        return KIND_FLOAT;
    case MOTE_JSON_TRUE:
    case MOTE_JSON_FALSE:
        return KIND_BOOL;
    case MOTE_JSON_ARRAY:
        return KIND_LIST;
    case MOTE_JSON_OBJECT:
        return KIND_DICT;
    default:
        return KIND_NONE;
    }
}

static value_kind kind_named(const mote_json *name) {
    static const struct {
        const char *name;
        value_kind kind;
    } names[] = {{"string", KIND_STRING}, {"integer", KIND_INTEGER}, {"float", KIND_FLOAT}, {"boolean", KIND_BOOL},
                 {"array", KIND_LIST},    {"tuple", KIND_LIST},      {"dict", KIND_DICT},   {"any", KIND_STRING}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (mote_str_is(mote_json_string(name), names[i].name))
            return names[i].kind;
    return KIND_NONE;
}

/* The next character that counts, in lower case; 0 at the end. Quotes of both kinds are one. */
static uint32_t next_character(mote_str s, size_t *at) {
    while (*at < s.len) {
        uint32_t c, lower[3];
        *at += mote_unicode_decode((const uint8_t *)s.data + *at, s.len - *at, &c);
        if (c < 0x80 && c && strchr(" ,./-_*^", (int)c))
            continue;
        if (c == '\'')
            return '"';
        return c == MOTE_UNICODE_BAD || mote_jinja_unicode_map(c, JINJA_LOWER, lower) != 1 ? c : lower[0];
    }
    return 0;
}

static bool same_string(mote_str a, mote_str b) {
    size_t i = 0, j = 0;
    for (;;) {
        uint32_t x = next_character(a, &i), y = next_character(b, &j);
        if (x != y)
            return false;
        if (x == 0)
            return true;
    }
}

/* Equality as Python's ==, strings compared loosely down to `loose` levels of lists. Numbers are equal by value, and True is 1. */
static bool equal(const mote_json *a, const mote_json *b, int loose) {
    value_kind ka = kind_of(a), kb = kind_of(b);
    if (ka == KIND_STRING && kb == KIND_STRING)
        return loose >= 0 ? same_string(mote_json_string(a), mote_json_string(b)) : mote_str_equal(mote_json_string(a), mote_json_string(b));
    bool a_is_number = ka == KIND_INTEGER || ka == KIND_FLOAT || ka == KIND_BOOL, b_is_number = kb == KIND_INTEGER || kb == KIND_FLOAT || kb == KIND_BOOL;
    if (a_is_number && b_is_number) {
        double x = ka == KIND_BOOL ? mote_json_bool(a, false) : mote_json_number(a, 0), y = kb == KIND_BOOL ? mote_json_bool(b, false) : mote_json_number(b, 0);
        return x == y;
    }
    if (ka != kb || mote_json_length(a) != mote_json_length(b))
        return false;
    bool same = true;
    for (size_t i = 0; ka == KIND_LIST && same && i < mote_json_length(a); i++)
        same = equal(mote_json_at(a, i), mote_json_at(b, i), loose - 1);
    for (mote_json_iter *it = ka == KIND_DICT ? mote_json_first(a) : NULL; it && same; it = mote_json_next(a, it)) {
        const mote_json *other = NULL;
        for (mote_json_iter *at = mote_json_first(b); at && !other; at = mote_json_next(b, at))
            if (mote_str_equal(mote_json_iter_key(at), mote_json_iter_key(it)))
                other = mote_json_iter_value(at);
        same = other && equal(mote_json_iter_value(it), other, -1);
    }
    return same;
}

static bool is_omittable(const mote_json *allowed) {
    for (size_t i = 0; i < mote_json_length(allowed); i++)
        if (mote_str_is(mote_json_string(mote_json_at(allowed, i)), "") && kind_of(mote_json_at(allowed, i)) == KIND_STRING)
            return true;
    return false;
}

static bool is_among(const mote_json *value, const mote_json *allowed, int loose) {
    for (size_t i = 0; i < mote_json_length(allowed); i++)
        if (equal(value, mote_json_at(allowed, i), loose))
            return true;
    return false;
}

static bool dict_matches(const mote_json *value, const mote_json *allowed) {
    if (kind_of(value) != KIND_DICT || kind_of(allowed) != KIND_DICT)
        return false;
    for (mote_json_iter *it = mote_json_first(value); it; it = mote_json_next(value, it)) {
        const mote_json *values = mote_json_get_str(allowed, mote_json_iter_key(it));
        if (!values || !is_among(mote_json_iter_value(it), values, 0))
            return false;
    }
    for (mote_json_iter *it = mote_json_first(allowed); it; it = mote_json_next(allowed, it))
        if (!mote_json_get_str(value, mote_json_iter_key(it)) && !is_omittable(mote_json_iter_value(it)))
            return false;
    return true;
}

static bool dict_list_matches(const mote_json *value, const mote_json *allowed) {
    bool same = mote_json_length(value) == mote_json_length(allowed) && kind_of(allowed) == KIND_LIST;
    for (size_t i = 0; same && i < mote_json_length(value); i++)
        same = dict_matches(mote_json_at(value, i), mote_json_at(allowed, i));
    return same;
}

/* The kind of the answers, of the first that isn't "". */
static value_kind answers_kind(const mote_json *allowed) {
    for (size_t i = 0; i < mote_json_length(allowed); i++) {
        const mote_json *v = mote_json_at(allowed, i);
        if (!(kind_of(v) == KIND_STRING && mote_json_string(v).len == 0))
            return kind_of(v);
    }
    return KIND_NONE;
}

/* Items of a list have the described type, or that of the items of an answer. */
static bool items_fit(const mote_json *value, value_kind wanted, const mote_json *allowed) {
    for (size_t a = 0; a < mote_json_length(allowed); a++) {
        const mote_json *answer = mote_json_at(allowed, a);
        bool fits = true;
        for (size_t i = 0; kind_of(answer) == KIND_LIST && fits && i < mote_json_length(value); i++) {
            value_kind kind = kind_of(mote_json_at(value, i));
            fits = kind == wanted || (answers_kind(answer) != KIND_NONE && kind == answers_kind(answer));
        }
        if (fits)
            return true;
    }
    return false;
}

static bool argument_matches(const mote_json *description, const mote_json *value, const mote_json *allowed) {
    const mote_json *type = mote_json_get(description, "type");
    value_kind wanted = kind_named(type), kind = kind_of(value), answered = answers_kind(allowed), inner = KIND_NONE;
    if (wanted == KIND_LIST)
        inner = kind_named(mote_json_get(mote_json_get(description, "items"), "type"));
    if (wanted == KIND_FLOAT && kind == KIND_INTEGER)
        kind = KIND_FLOAT;
    bool fits = kind == wanted && (inner == KIND_NONE || items_fit(value, inner, allowed)), is_variable = fits && answered != KIND_NONE && answered != wanted;
    if (!fits) {
        is_variable = answered != KIND_NONE && kind == answered;
        if (!is_variable)
            return false;
    }
    if (is_variable)
        return is_among(value, allowed, -1);
    if (wanted == KIND_DICT || (wanted == KIND_LIST && inner == KIND_DICT)) {
        for (size_t i = 0; i < mote_json_length(allowed); i++)
            if (wanted == KIND_DICT ? dict_matches(value, mote_json_at(allowed, i)) : dict_list_matches(value, mote_json_at(allowed, i)))
                return true;
        return false;
    }
    return is_among(value, allowed, wanted == KIND_STRING ? 0 : wanted == KIND_LIST ? 1 : -1);
}

static bool call_matches(const mote_json *function, const mote_json *call, const mote_json *answer) {
    const mote_json *given = mote_json_get(call, mote_json_text(mote_json_get(function, "name")) ? mote_json_text(mote_json_get(function, "name")) : "");
    const mote_json *allowed = mote_json_iter_value(mote_json_first(answer)), *parameters = mote_json_get(function, "parameters");
    const mote_json *required = mote_json_get(parameters, "required"), *properties = mote_json_get(parameters, "properties");
    if (kind_of(given) != KIND_DICT)
        return false;
    for (size_t i = 0; i < mote_json_length(required); i++)
        if (!mote_json_get_str(given, mote_json_string(mote_json_at(required, i))))
            return false;
    for (mote_json_iter *it = mote_json_first(given); it; it = mote_json_next(given, it)) {
        const mote_json *description = mote_json_get_str(properties, mote_json_iter_key(it)), *values = mote_json_get_str(allowed, mote_json_iter_key(it));
        if (!description || !values || !argument_matches(description, mote_json_iter_value(it), values))
            return false;
    }
    for (mote_json_iter *it = mote_json_first(allowed); it; it = mote_json_next(allowed, it))
        if (!mote_json_get_str(given, mote_json_iter_key(it)) && !is_omittable(mote_json_iter_value(it)))
            return false;
    return true;
}

static const mote_json *function_named(const mote_json *functions, mote_str name) {
    for (size_t i = 0; i < mote_json_length(functions); i++)
        if (mote_str_equal(mote_json_string(mote_json_get(mote_json_at(functions, i), "name")), name))
            return mote_json_at(functions, i);
    return NULL;
}

bool mote_calls_match(const mote_json *functions, const mote_json *calls, const mote_json *answers) {
    size_t n = mote_json_length(answers);
    bool taken[MAX_CALLS] = {false};
    if (kind_of(calls) != KIND_LIST || mote_json_length(calls) != n || n > MAX_CALLS)
        return false;
    for (size_t i = 0; i < n; i++) {
        const mote_json *answer = mote_json_at(answers, i), *function;
        if (!mote_json_first(answer) || !(function = function_named(functions, mote_json_iter_key(mote_json_first(answer)))))
            return false;
        size_t j = 0;
        while (j < n && (taken[j] || !call_matches(function, mote_json_at(calls, j), answer)))
            j++;
        if (j == n)
            return false;
        taken[j] = true;
    }
    return true;
}
