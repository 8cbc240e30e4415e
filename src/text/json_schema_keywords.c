/* What each keyword says, and how the ones that hold other schemas in place are put together. */
#include "text/json_schema_keywords.h"

#include "text/json_schema_document.h"

enum { MAX_DEPTH = 300, MAX_SUBSETS = 5 };

const mote_json *mote_schema_keyword(mote_schema_compiler *c, const mote_json *schema, const char *name) {
    const mote_json *value = mote_json_get(schema, name);
    if (value)
        c->where = name;
    return value;
}

bool mote_schema_decimal(mote_schema_compiler *c, const mote_json *number, mote_decimal *out) {
    mote_buffer text;
    mote_buffer_init(&text, 400);
    if (!mote_json_is_number(number))
        mote_schema_fail(c, MOTE_ERR_FORMAT, "a number is expected");
    else if (mote_json_write(&text, number) != MOTE_OK)
        mote_schema_fail(c, MOTE_ERR_ALLOC, "no memory");
    else if (!mote_decimal_parse(mote_buffer_str(&text), out))
        mote_schema_fail(c, MOTE_ERR_LIMIT, "a number of too many digits");
    mote_buffer_deinit(&text);
    return c->status == MOTE_OK;
}

bool mote_schema_count(mote_schema_compiler *c, const mote_json *schema, const char *name, uint32_t *count) {
    const mote_json *value = mote_schema_keyword(c, schema, name);
    double x = mote_json_number(value, -1);
    if (!value)
        return false;
    if (!mote_json_is_number(value) || x < 0 || (x < MOTE_SHAPE_NO_MAX && x != (double)(uint32_t)x)) {
        mote_schema_fail(c, MOTE_ERR_FORMAT, "not a count");
        return false;
    }
    *count = x < MOTE_SHAPE_NO_MAX ? (uint32_t)x : MOTE_SHAPE_NO_MAX;
    return true;
}

const mote_shape_node *mote_schema_node(mote_schema_compiler *c, const mote_json *schema) {
    mote_json_type type = mote_json_typeof(schema);
    if (!schema || (type != MOTE_JSON_OBJECT && type != MOTE_JSON_TRUE && type != MOTE_JSON_FALSE)) {
        mote_schema_fail(c, MOTE_ERR_FORMAT, "a schema is an object or a boolean");
        return c->always;
    }
    return mote_shape_node_of(c, MOTE_LITERAL_SCHEMA, schema);
}

static const mote_shape_set *sub_set(mote_schema_compiler *c, const mote_json *schema) {
    return mote_shape_node_set(c, mote_schema_node(c, schema));
}

/* A set that could not be had: in earnest it is a schema that refers to itself. */
static bool missing(mote_schema_compiler *c, const mote_shape_set *set) {
    c->lost += !set;
    if (!set && !c->doubting)
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "$ref: a schema refers to itself without going into a value");
    return !set;
}

static bool apply_type_name(mote_schema_compiler *c, const mote_json *name, mote_shape_set *out) {
    mote_str s = mote_json_string(name);
    mote_shape_set only = *c->nothing;
    if (mote_str_is(s, "null"))
        only.null = true;
    else if (mote_str_is(s, "boolean"))
        only.no = only.yes = true;
    else if (mote_str_is(s, "string"))
        only.of[MOTE_SHAPE_STRING] = c->everything->of[MOTE_SHAPE_STRING];
    else if (mote_str_is(s, "array"))
        only.of[MOTE_SHAPE_ARRAY] = c->everything->of[MOTE_SHAPE_ARRAY];
    else if (mote_str_is(s, "object"))
        only.of[MOTE_SHAPE_OBJECT] = c->everything->of[MOTE_SHAPE_OBJECT];
    else if (mote_str_is(s, "number"))
        only.of[MOTE_SHAPE_NUMBER] = c->everything->of[MOTE_SHAPE_NUMBER];
    else if (mote_str_is(s, "integer"))
        mote_shape_list_add(c, &only.of[MOTE_SHAPE_NUMBER], c->integer);
    else if (mote_str_is(s, "any")) /* of draft 3 */
        only = *c->everything;
    else
        mote_schema_fail(c, MOTE_ERR_FORMAT, "no type is named '%.*s'", MOTE_STR_ARGS(s));
    *out = mote_shape_set_join(c, out, &only);
    return c->status == MOTE_OK;
}

static void apply_type(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *type = mote_schema_keyword(c, schema, "type");
    mote_shape_set types = *c->nothing;
    if (!type)
        return;
    if (mote_json_typeof(type) == MOTE_JSON_STRING)
        apply_type_name(c, type, &types);
    else if (mote_json_typeof(type) != MOTE_JSON_ARRAY || mote_json_length(type) == 0)
        mote_schema_fail(c, MOTE_ERR_FORMAT, "a name or a list of names is expected");
    for (size_t i = 0; i < mote_json_length(type); i++)
        if (!apply_type_name(c, mote_json_at(type, i), &types))
            return;
    *set = mote_shape_set_meet(c, set, &types);
}

/* Strings of an enum become one automaton; the rest are alternatives. */
static bool enum_strings(mote_schema_compiler *c, const mote_json *values, mote_shape_set *out) {
    mote_str *words = mote_schema_alloc(c, mote_json_length(values), sizeof *words);
    mote_string_shape *shape = mote_schema_alloc(c, 1, sizeof *shape);
    size_t n = 0;
    for (size_t i = 0; words && i < mote_json_length(values); i++)
        if (mote_json_typeof(mote_json_at(values, i)) == MOTE_JSON_STRING)
            words[n++] = mote_json_string(mote_json_at(values, i));
    if (!words || !shape || n == 0)
        return c->status == MOTE_OK;
    mote_error err = {0};
    *shape = (mote_string_shape){.max = MOTE_SHAPE_NO_MAX};
    mote_status status = mote_dfa_words(words, n, c->arena, &shape->dfa, &err);
    if (status != MOTE_OK)
        mote_schema_fail(c, status, "%s", err.message);
    return mote_shape_list_add(c, &out->of[MOTE_SHAPE_STRING], shape);
}

static void apply_enum(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *values = mote_schema_keyword(c, schema, "enum");
    if (values) {
        mote_shape_set all = *c->nothing;
        if (mote_json_typeof(values) != MOTE_JSON_ARRAY)
            mote_schema_fail(c, MOTE_ERR_FORMAT, "a list of values is expected");
        enum_strings(c, values, &all);
        for (size_t i = 0; i < mote_json_length(values) && c->status == MOTE_OK; i++) {
            const mote_json *value = mote_json_at(values, i);
            if (mote_json_typeof(value) == MOTE_JSON_STRING)
                continue;
            const mote_shape_set *one = mote_schema_set_of_value(c, value);
            if (one)
                all = mote_shape_set_join(c, &all, one);
        }
        *set = mote_shape_set_meet(c, set, &all);
    }
    const mote_json *value = mote_schema_keyword(c, schema, "const");
    const mote_shape_set *one = value ? mote_schema_set_of_value(c, value) : NULL;
    if (one)
        *set = mote_shape_set_meet(c, set, one);
}

static void apply_ref(mote_schema_compiler *c, const mote_json *schema, const char *keyword, mote_shape_set *set) {
    if (!mote_schema_keyword(c, schema, keyword))
        return;
    const mote_json *target = mote_schema_resolve(c, schema, keyword);
    const mote_shape_set *there = target ? sub_set(c, target) : NULL;
    if (target && !missing(c, there))
        *set = mote_shape_set_meet(c, set, there);
    else
        *set = *c->nothing;
}

static const mote_json *branches(mote_schema_compiler *c, const mote_json *schema, const char *name) {
    const mote_json *list = mote_schema_keyword(c, schema, name);
    if (list && (mote_json_typeof(list) != MOTE_JSON_ARRAY || mote_json_length(list) == 0)) {
        mote_schema_fail(c, MOTE_ERR_FORMAT, "a list of schemas is expected");
        return NULL;
    }
    return list;
}

static void apply_all_of(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *list = branches(c, schema, "allOf");
    for (size_t i = 0; i < mote_json_length(list) && c->status == MOTE_OK; i++) {
        const mote_shape_set *one = sub_set(c, mote_json_at(list, i));
        if (missing(c, one))
            return;
        *set = mote_shape_set_meet(c, set, one);
        c->where = "allOf";
    }
}

/* Where what was evaluated matters, each combination of branches is an alternative: more branches that hold evaluate more. */
static void any_of_subsets(mote_schema_compiler *c, const mote_shape_set *whole, const mote_json *list, size_t from, mote_shape_set *out) {
    for (size_t i = from; i < mote_json_length(list) && c->status == MOTE_OK; i++) {
        const mote_shape_set *one = sub_set(c, mote_json_at(list, i));
        if (missing(c, one))
            return;
        mote_shape_set both = mote_shape_set_meet(c, whole, one);
        *out = mote_shape_set_join(c, out, &both);
        any_of_subsets(c, &both, list, i + 1, out);
    }
}

static void apply_any_of(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *list = branches(c, schema, "anyOf");
    if (!list)
        return;
    mote_shape_set out = *c->nothing;
    if (c->all_subsets && mote_json_length(list) <= MAX_SUBSETS)
        any_of_subsets(c, set, list, 0, &out);
    else if (c->all_subsets)
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "more than %d branches beside unevaluatedProperties or unevaluatedItems", MAX_SUBSETS);
    for (size_t i = 0; !c->all_subsets && i < mote_json_length(list) && c->status == MOTE_OK; i++) {
        const mote_shape_set *one = sub_set(c, mote_json_at(list, i));
        if (missing(c, one))
            return;
        mote_shape_set both = mote_shape_set_meet(c, set, one);
        out = mote_shape_set_join(c, &out, &both);
        c->where = "anyOf";
    }
    *set = out;
}

static void apply_one_of(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *list = branches(c, schema, "oneOf");
    if (!list)
        return;
    mote_shape_set out = *c->nothing;
    for (size_t i = 0; i < mote_json_length(list) && c->status == MOTE_OK; i++) {
        const mote_shape_set *one = sub_set(c, mote_json_at(list, i));
        if (missing(c, one))
            return;
        mote_shape_set own = mote_shape_set_meet(c, set, one);
        for (size_t j = 0; j < mote_json_length(list) && c->status == MOTE_OK && !mote_shape_set_empty(&own); j++) {
            const mote_shape_set *other = j != i ? sub_set(c, mote_json_at(list, j)) : c->nothing;
            if (missing(c, other))
                return;
            c->where = "oneOf";
            own = mote_shape_set_without(c, &own, other);
        }
        out = mote_shape_set_join(c, &out, &own);
    }
    *set = out;
}

static void apply_not(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *negated = mote_schema_keyword(c, schema, "not");
    const mote_shape_set *other = negated ? sub_set(c, negated) : NULL;
    if (!negated || missing(c, other))
        return;
    c->where = "not";
    *set = mote_shape_set_without(c, set, other);
}

static void apply_if(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *condition = mote_schema_keyword(c, schema, "if"), *then = mote_schema_keyword(c, schema, "then"), *otherwise = mote_schema_keyword(c, schema, "else");
    if (!condition || (!then && !otherwise && !c->all_subsets))
        return;
    c->where = "if";
    const mote_shape_set *holds = sub_set(c, condition), *consequence = then ? sub_set(c, then) : c->everything, *alternative = otherwise ? sub_set(c, otherwise) : c->everything;
    if (missing(c, holds) || missing(c, consequence) || missing(c, alternative))
        return;
    c->where = "if";
    mote_shape_set yes = mote_shape_set_meet(c, set, holds), no = mote_shape_set_without(c, set, holds);
    yes = mote_shape_set_meet(c, &yes, consequence);
    no = mote_shape_set_meet(c, &no, alternative);
    *set = mote_shape_set_join(c, &yes, &no);
}

static void apply_all(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    mote_schema_check_words(c, schema);
    if (mote_json_get(schema, "$ref") && mote_schema_ref_stands_alone(c)) {
        apply_ref(c, schema, "$ref", set);
        return;
    }
    apply_type(c, schema, set);
    apply_enum(c, schema, set);
    mote_schema_apply_number(c, schema, set);
    mote_schema_apply_string(c, schema, set);
    mote_schema_apply_array(c, schema, set);
    mote_schema_apply_object(c, schema, set);
    apply_ref(c, schema, "$ref", set);
    apply_ref(c, schema, "$dynamicRef", set);
    apply_ref(c, schema, "$recursiveRef", set);
    apply_all_of(c, schema, set);
    mote_schema_apply_dependencies(c, schema, set);
    apply_if(c, schema, set);
    apply_any_of(c, schema, set);
    apply_one_of(c, schema, set);
    apply_not(c, schema, set);
    mote_schema_apply_unevaluated(c, schema, set);
}

const mote_shape_set *mote_schema_set_of(mote_schema_compiler *c, const mote_json *schema) {
    if (c->status != MOTE_OK)
        return NULL;
    if (mote_json_typeof(schema) == MOTE_JSON_TRUE)
        return c->everything;
    if (mote_json_typeof(schema) == MOTE_JSON_FALSE)
        return c->nothing;
    if (++c->depth > MAX_DEPTH) {
        mote_schema_fail(c, MOTE_ERR_LIMIT, "schemas within schemas, deeper than %d", MAX_DEPTH);
        return NULL;
    }
    const char *where = c->where;
    mote_shape_set set = *c->everything, *copy = NULL;
    unsigned lost = c->lost;
    apply_all(c, schema, &set);
    c->where = where;
    c->depth--;
    if (c->status != MOTE_OK || c->lost != lost)
        return NULL;
    copy = mote_schema_alloc(c, 1, sizeof *copy);
    if (copy)
        *copy = set;
    return copy;
}
