/* Keywords for numbers, strings and arrays, and values as schemas. */
#include "text/json_schema_keywords.h"

#include "text/json_schema_document.h"

#include <stdio.h>

static void restrict_to(mote_schema_compiler *c, mote_shape_set *set, mote_shape_type type, const void *shape) {
    mote_shape_list only = {0};
    if (mote_shape_list_add(c, &only, shape))
        mote_shape_set_restrict(c, set, type, &only);
}

/* Draft 4 has exclusiveMinimum: true beside minimum, later ones a number. */
static void apply_bound(mote_schema_compiler *c, const mote_json *schema, const char *name, const char *exclusive, bool is_lo, mote_shape_set *set) {
    const mote_json *bound = mote_schema_keyword(c, schema, name), *open = mote_schema_keyword(c, schema, exclusive);
    bool is_flag = mote_json_typeof(open) == MOTE_JSON_TRUE || mote_json_typeof(open) == MOTE_JSON_FALSE;
    for (int i = 0; i < 2; i++) {
        const mote_json *value = i == 0 ? bound : is_flag ? NULL : open;
        if (!value)
            continue;
        mote_number_shape *shape = mote_schema_alloc(c, 1, sizeof *shape);
        mote_decimal limit;
        c->where = i == 0 ? name : exclusive;
        if (!shape || !mote_schema_decimal(c, value, &limit))
            return;
        bool is_open = i == 1 || (is_flag && mote_json_bool(open, false));
        if (is_lo)
            *shape = (mote_number_shape){.has_lo = true, .lo = limit, .lo_open = is_open};
        else
            *shape = (mote_number_shape){.has_hi = true, .hi = limit, .hi_open = is_open};
        restrict_to(c, set, MOTE_SHAPE_NUMBER, shape);
    }
}

void mote_schema_apply_number(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    apply_bound(c, schema, "minimum", "exclusiveMinimum", true, set);
    apply_bound(c, schema, "maximum", "exclusiveMaximum", false, set);
    const mote_json *divisor = mote_schema_keyword(c, schema, "multipleOf");
    if (!divisor)
        return;
    mote_number_shape *shape = mote_schema_alloc(c, 1, sizeof *shape);
    mote_decimal *multiple = mote_schema_alloc(c, 1, sizeof *multiple);
    uint64_t step;
    unsigned places;
    if (!shape || !multiple || !mote_schema_decimal(c, divisor, multiple))
        return;
    if (multiple->n == 0 || multiple->negative)
        mote_schema_fail(c, MOTE_ERR_FORMAT, "it has to be above 0");
    else if (!mote_decimal_step(multiple, &step, &places))
        mote_schema_fail(c, MOTE_ERR_LIMIT, "more than 18 digits");
    *shape = (mote_number_shape){.n_multiples = 1, .multiples = multiple};
    restrict_to(c, set, MOTE_SHAPE_NUMBER, shape);
}

const mote_dfa *mote_schema_pattern(mote_schema_compiler *c, const mote_json *text, mote_str literal) {
    mote_schema_document *d = c->document;
    mote_str pattern = text ? mote_json_string(text) : literal;
    if (!pattern.data)
        return mote_schema_fail(c, MOTE_ERR_FORMAT, "an expression is expected");
    for (size_t i = 0; i < d->n_patterns; i++)
        if (mote_str_equal(d->patterns[i].text, pattern))
            return d->patterns[i].dfa;
    if (d->n_patterns == d->patterns_capacity) {
        size_t capacity = d->patterns_capacity ? 2 * d->patterns_capacity : 16;
        mote_schema_text_pattern *patterns = mote_schema_alloc(c, capacity, sizeof *patterns);
        if (!patterns)
            return NULL;
        if (d->n_patterns > 0)
            memcpy(patterns, d->patterns, d->n_patterns * sizeof *patterns);
        d->patterns = patterns;
        d->patterns_capacity = capacity;
    }
    const mote_dfa *dfa;
    mote_error err = {0};
    int64_t steps = 0;
    mote_status status = mote_dfa_pattern(pattern, false, c->arena, &dfa, &steps, &err);
    if (status != MOTE_OK)
        return mote_schema_fail(c, status, "%s", err.message);
    mote_schema_work(c, 1000 + steps / 20);
    d->patterns[d->n_patterns++] = (mote_schema_text_pattern){pattern, dfa};
    return dfa;
}

static void apply_format(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *format = mote_schema_keyword(c, schema, "format");
    bool unsupported = false;
    if (!format)
        return;
    mote_str name = mote_json_string(format);
    if (!name.data) {
        mote_schema_fail(c, MOTE_ERR_FORMAT, "a name is expected");
        return;
    }
    const char *pattern = mote_schema_format(name, &unsupported);
    if (unsupported)
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "'%.*s' can't be enforced", MOTE_STR_ARGS(name));
    else if (!pattern)
        mote_schema_warn(c, "format", name);
    mote_string_shape *shape = pattern ? mote_schema_alloc(c, 1, sizeof *shape) : NULL;
    if (!shape)
        return;
    *shape = (mote_string_shape){mote_schema_pattern(c, NULL, mote_str_of(pattern)), 0, mote_str_is(name, "hostname") ? 253 : MOTE_SHAPE_NO_MAX};
    restrict_to(c, set, MOTE_SHAPE_STRING, shape);
}

void mote_schema_apply_string(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    mote_string_shape length = {c->any_text, 0, MOTE_SHAPE_NO_MAX};
    bool bounded = mote_schema_count(c, schema, "minLength", &length.min);
    bounded |= mote_schema_count(c, schema, "maxLength", &length.max);
    const mote_json *pattern = mote_schema_keyword(c, schema, "pattern");
    if (pattern)
        length.dfa = mote_schema_pattern(c, pattern, MOTE_STR(""));
    mote_string_shape *shape = (bounded || pattern) && c->status == MOTE_OK ? mote_schema_alloc(c, 1, sizeof *shape) : NULL;
    if (shape) {
        *shape = length;
        restrict_to(c, set, MOTE_SHAPE_STRING, length.dfa->start != 0 && length.min <= length.max ? shape : NULL);
    }
    apply_format(c, schema, set);
}

/* The schemas of a list. */
static const mote_shape_node **nodes_of(mote_schema_compiler *c, const mote_json *list) {
    size_t n = mote_json_length(list);
    const mote_shape_node **nodes = mote_schema_alloc(c, n, sizeof *nodes);
    if (mote_json_typeof(list) != MOTE_JSON_ARRAY)
        mote_schema_fail(c, MOTE_ERR_FORMAT, "a list of schemas is expected");
    for (size_t i = 0; nodes && i < n && c->status == MOTE_OK; i++)
        nodes[i] = mote_schema_node(c, mote_json_at(list, i));
    return nodes;
}

/* items, prefixItems, additionalItems: a list in `items` is what prefixItems came to be. */
static bool apply_items(mote_schema_compiler *c, const mote_json *schema, mote_array_shape *shape) {
    const mote_json *items = mote_schema_keyword(c, schema, "items"), *prefix = mote_schema_keyword(c, schema, "prefixItems");
    if (mote_json_typeof(items) == MOTE_JSON_ARRAY && !prefix) {
        c->where = "items";
        prefix = items;
        items = mote_schema_keyword(c, schema, "additionalItems");
    }
    if (prefix) {
        shape->prefix = nodes_of(c, prefix);
        shape->n_prefix = mote_json_length(prefix);
        shape->n_evaluated = (uint32_t)shape->n_prefix;
    }
    if (items) {
        shape->rest = mote_schema_node(c, items);
        shape->n_evaluated = MOTE_SHAPE_NO_MAX;
    }
    return prefix || items;
}

static bool apply_contains(mote_schema_compiler *c, const mote_json *schema, mote_array_shape *shape) {
    uint32_t min = 1, max = MOTE_SHAPE_NO_MAX;
    bool bounded = mote_schema_count(c, schema, "minContains", &min);
    bounded |= mote_schema_count(c, schema, "maxContains", &max);
    const mote_json *contains = mote_schema_keyword(c, schema, "contains");
    mote_contains *one = contains ? mote_schema_alloc(c, 1, sizeof *one) : NULL;
    if (!one || (bounded && min == 0 && max == MOTE_SHAPE_NO_MAX))
        return false;
    *one = (mote_contains){mote_schema_node(c, contains), min, max};
    if (c->all_subsets)
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "beside unevaluatedItems or unevaluatedProperties");
    shape->contains = one;
    shape->n_contains = 1;
    return true;
}

void mote_schema_apply_array(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    mote_array_shape shape = {.rest = c->always, .max = MOTE_SHAPE_NO_MAX};
    bool any = apply_items(c, schema, &shape);
    any |= apply_contains(c, schema, &shape);
    any |= mote_schema_count(c, schema, "minItems", &shape.min);
    any |= mote_schema_count(c, schema, "maxItems", &shape.max);
    const mote_json *unique = mote_schema_keyword(c, schema, "uniqueItems");
    shape.unique = mote_json_bool(unique, false);
    if (!any && !shape.unique)
        return;
    mote_array_shape *copy = mote_schema_alloc(c, 1, sizeof *copy);
    if (!copy)
        return;
    *copy = shape;
    bool possible = shape.min <= shape.max && (shape.n_contains == 0 || (shape.contains->min <= shape.contains->max && shape.contains->min <= shape.max));
    restrict_to(c, set, MOTE_SHAPE_ARRAY, possible ? copy : NULL);
}

static const mote_array_shape *array_value(mote_schema_compiler *c, const mote_json *value) {
    size_t n = mote_json_length(value);
    mote_array_shape *shape = mote_schema_alloc(c, 1, sizeof *shape);
    const mote_shape_node **prefix = mote_schema_alloc(c, n, sizeof *prefix);
    for (size_t i = 0; prefix && i < n; i++)
        prefix[i] = mote_shape_node_of(c, MOTE_LITERAL_VALUE, mote_json_at(value, i));
    if (shape)
        *shape = (mote_array_shape){.prefix = prefix, .n_prefix = n, .rest = c->never, .min = (uint32_t)n, .max = (uint32_t)n};
    return prefix ? shape : NULL;
}

static const mote_object_shape *object_value(mote_schema_compiler *c, const mote_json *value) {
    size_t n = mote_json_length(value), i = 0;
    mote_member_group *group = mote_schema_alloc(c, 1, sizeof *group);
    mote_str *names = mote_schema_alloc(c, n, sizeof *names);
    mote_member *members = mote_schema_alloc(c, n, sizeof *members);
    if (!group || !names || !members)
        return NULL;
    for (mote_json_iter *it = mote_json_first(value); it; it = mote_json_next(value, it))
        names[i++] = mote_json_iter_key(it);
    mote_object_shape *required = (mote_object_shape *)(uintptr_t)mote_object_requiring(c, names, n);
    const mote_object_shape *grouped = mote_object_of_group(c, group);
    if (!required || !grouped)
        return NULL;
    for (i = 0; i < required->n_required; i++) { /* found again in the order of names */
        mote_json_iter *it = mote_json_first(value);
        while (mote_member_compare(mote_json_iter_key(it), required->required[i]) != 0 && mote_schema_work(c, 1))
            it = mote_json_next(value, it);
        members[i] = (mote_member){required->required[i], mote_shape_node_of(c, MOTE_LITERAL_VALUE, mote_json_iter_value(it))};
    }
    *group = (mote_member_group){.members = members, .n_members = required->n_required, .others = c->never};
    required->groups = grouped->groups;
    required->n_groups = 1;
    return required;
}

static bool number_value(mote_schema_compiler *c, const mote_json *value, mote_shape_set *set) {
    mote_number_shape *shape = mote_schema_alloc(c, 1, sizeof *shape);
    mote_decimal exact;
    if (!shape || !mote_schema_decimal(c, value, &exact))
        return false;
    *shape = (mote_number_shape){.has_lo = true, .has_hi = true, .lo = exact, .hi = exact};
    return mote_shape_list_add(c, &set->of[MOTE_SHAPE_NUMBER], shape);
}

static bool string_value(mote_schema_compiler *c, const mote_json *value, mote_shape_set *set) {
    mote_string_shape *shape = mote_schema_alloc(c, 1, sizeof *shape);
    mote_str text = mote_json_string(value);
    mote_error err = {0};
    if (!shape)
        return false;
    *shape = (mote_string_shape){.max = MOTE_SHAPE_NO_MAX};
    mote_status status = mote_dfa_words(&text, 1, c->arena, &shape->dfa, &err);
    if (status != MOTE_OK)
        mote_schema_fail(c, status, "%s", err.message);
    return mote_shape_list_add(c, &set->of[MOTE_SHAPE_STRING], shape);
}

const mote_shape_set *mote_schema_set_of_value(mote_schema_compiler *c, const mote_json *value) {
    mote_shape_set *set = mote_schema_alloc(c, 1, sizeof *set);
    if (!set)
        return NULL;
    switch (mote_json_typeof(value)) {
    case MOTE_JSON_NULL:
        set->null = true;
        break;
    case MOTE_JSON_FALSE:
        set->no = true;
        break;
    case MOTE_JSON_TRUE:
        set->yes = true;
        break;
    case MOTE_JSON_INTEGER:
    case MOTE_JSON_REAL:
        number_value(c, value, set);
        break;
    case MOTE_JSON_STRING:
        string_value(c, value, set);
        break;
    case MOTE_JSON_ARRAY:
        mote_shape_list_add(c, &set->of[MOTE_SHAPE_ARRAY], array_value(c, value));
        break;
    case MOTE_JSON_OBJECT:
        mote_shape_list_add(c, &set->of[MOTE_SHAPE_OBJECT], object_value(c, value));
        break;
    }
    return c->status == MOTE_OK ? set : NULL;
}
