/* Keywords for objects, and those that ask what other keywords have looked at. */
#include "text/json_schema_keywords.h"

#include <stdio.h>
#include <stdlib.h>

static void restrict_to(mote_schema_compiler *c, mote_shape_set *set, const mote_object_shape *shape) {
    mote_shape_list only = {0};
    if (mote_shape_list_add(c, &only, shape))
        mote_shape_set_restrict(c, set, MOTE_SHAPE_OBJECT, &only);
}

static int compare_members(const void *a, const void *b) {
    return mote_member_compare(((const mote_member *)a)->name, ((const mote_member *)b)->name);
}

static void read_members(mote_schema_compiler *c, const mote_json *properties, mote_member_group *group) {
    if (mote_json_typeof(properties) != MOTE_JSON_OBJECT) {
        mote_schema_fail(c, MOTE_ERR_FORMAT, "schemas by name are expected");
        return;
    }
    mote_member *members = mote_schema_alloc(c, mote_json_length(properties), sizeof *members);
    size_t n = 0;
    for (mote_json_iter *it = mote_json_first(properties); members && it && c->status == MOTE_OK; it = mote_json_next(properties, it))
        members[n++] = (mote_member){mote_json_iter_key(it), mote_schema_node(c, mote_json_iter_value(it))};
    if (n > 1)
        qsort(members, n, sizeof *members, compare_members);
    group->members = members;
    group->n_members = n;
}

static void read_patterns(mote_schema_compiler *c, const mote_json *properties, mote_member_group *group) {
    if (mote_json_typeof(properties) != MOTE_JSON_OBJECT) {
        mote_schema_fail(c, MOTE_ERR_FORMAT, "schemas by expression are expected");
        return;
    }
    mote_member_pattern *patterns = mote_schema_alloc(c, mote_json_length(properties), sizeof *patterns);
    size_t n = 0;
    for (mote_json_iter *it = mote_json_first(properties); patterns && it && c->status == MOTE_OK; it = mote_json_next(properties, it)) {
        patterns[n].dfa = mote_schema_pattern(c, NULL, mote_json_iter_key(it));
        patterns[n++].node = mote_schema_node(c, mote_json_iter_value(it));
    }
    group->patterns = patterns;
    group->n_patterns = n;
}

static void apply_members(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    mote_member_group own = {.evaluates = true};
    const mote_json *properties = mote_schema_keyword(c, schema, "properties");
    if (properties)
        read_members(c, properties, &own);
    const mote_json *patterns = mote_schema_keyword(c, schema, "patternProperties");
    if (patterns)
        read_patterns(c, patterns, &own);
    const mote_json *others = mote_schema_keyword(c, schema, "additionalProperties");
    if (others)
        own.others = mote_schema_node(c, others);
    mote_member_group *group = properties || patterns || others ? mote_schema_alloc(c, 1, sizeof *group) : NULL;
    if (!group || c->status != MOTE_OK)
        return;
    *group = own;
    restrict_to(c, set, mote_object_of_group(c, group));
}

/* The strings of a set as one automaton, lengths included. */
static const mote_dfa *strings_of(mote_schema_compiler *c, const mote_shape_set *set) {
    const mote_dfa *all = NULL;
    mote_error err = {0};
    mote_status status = mote_dfa_words(NULL, 0, c->arena, &all, &err);
    for (size_t i = 0; status == MOTE_OK && i < set->of[MOTE_SHAPE_STRING].n; i++) {
        const mote_string_shape *s = set->of[MOTE_SHAPE_STRING].items[i];
        const mote_dfa *dfa = s->dfa, *length;
        char pattern[64], max[16] = "";
        if (s->max < MOTE_SHAPE_NO_MAX)
            snprintf(max, sizeof max, "%u", (unsigned)s->max);
        snprintf(pattern, sizeof pattern, "^[\\s\\S]{%u,%s}$", (unsigned)s->min, max);
        if (s->min > 0 || s->max < MOTE_SHAPE_NO_MAX) {
            status = mote_dfa_pattern(mote_str_of(pattern), false, c->arena, &length, NULL, &err);
            if (status == MOTE_OK)
                status = mote_dfa_product(dfa, length, MOTE_DFA_AND, 0, c->arena, &dfa, &err);
        }
        if (status == MOTE_OK)
            status = mote_dfa_product(all, dfa, MOTE_DFA_OR, 0, c->arena, &all, &err);
    }
    if (status != MOTE_OK)
        return mote_schema_fail(c, status, "%s", err.message);
    return all;
}

/* propertyNames is a pattern of the names that may not be. */
static void apply_names(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *names = mote_schema_keyword(c, schema, "propertyNames");
    const mote_shape_set *strings = names ? mote_shape_node_set(c, mote_schema_node(c, names)) : NULL;
    if (!names)
        return;
    if (!strings) {
        c->lost++;
        if (!c->doubting)
            mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "it refers to what it is part of");
        return;
    }
    c->where = "propertyNames";
    const mote_dfa *good = strings_of(c, strings), *bad = NULL;
    mote_error err = {0};
    mote_status status = good ? mote_dfa_product(c->any_text, good, MOTE_DFA_AND_NOT, 0, c->arena, &bad, &err) : c->status;
    if (status != MOTE_OK)
        mote_schema_fail(c, status, "%s", err.message);
    mote_member_group *group = mote_schema_alloc(c, 1, sizeof *group);
    mote_member_pattern *pattern = mote_schema_alloc(c, 1, sizeof *pattern);
    if (!group || !pattern || !bad || bad->start == 0)
        return;
    *pattern = (mote_member_pattern){bad, c->never};
    *group = (mote_member_group){.patterns = pattern, .n_patterns = 1};
    restrict_to(c, set, mote_object_of_group(c, group));
}

/* A list of strings. */
static const mote_str *names_of(mote_schema_compiler *c, const mote_json *list, size_t *n) {
    *n = mote_json_length(list);
    mote_str *names = mote_schema_alloc(c, *n, sizeof *names);
    if (mote_json_typeof(list) != MOTE_JSON_ARRAY)
        return mote_schema_fail(c, MOTE_ERR_FORMAT, "a list of names is expected");
    for (size_t i = 0; names && i < *n; i++) {
        names[i] = mote_json_string(mote_json_at(list, i));
        if (!names[i].data)
            return mote_schema_fail(c, MOTE_ERR_FORMAT, "a list of names is expected");
    }
    return names;
}

void mote_schema_apply_object(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    apply_members(c, schema, set);
    apply_names(c, schema, set);
    const mote_json *required = mote_schema_keyword(c, schema, "required");
    size_t n = 0;
    const mote_str *names = required ? names_of(c, required, &n) : NULL;
    if (names && n > 0)
        restrict_to(c, set, mote_object_requiring(c, names, n));
    mote_object_shape count = {.max = MOTE_SHAPE_NO_MAX};
    bool bounded = mote_schema_count(c, schema, "minProperties", &count.min);
    bounded |= mote_schema_count(c, schema, "maxProperties", &count.max);
    mote_object_shape *shape = bounded ? mote_schema_alloc(c, 1, sizeof *shape) : NULL;
    if (shape) {
        *shape = count;
        restrict_to(c, set, count.min <= count.max ? shape : NULL);
    }
}

/* If the member is there, then also the set's: (not there) or (there, and the set). */
static void imply(mote_schema_compiler *c, mote_str name, const mote_shape_set *then, mote_shape_set *set) {
    const mote_object_shape *with = mote_object_requiring(c, &name, 1);
    mote_shape_set there = *c->nothing, yes, no;
    if (!mote_shape_list_add(c, &there.of[MOTE_SHAPE_OBJECT], with))
        return;
    yes = mote_shape_set_meet(c, set, &there);
    yes = mote_shape_set_meet(c, &yes, then);
    no = mote_shape_set_without(c, set, &there);
    *set = mote_shape_set_join(c, &yes, &no);
}

static void apply_dependency(mote_schema_compiler *c, mote_str name, const mote_json *value, bool names_only, bool schemas_only, mote_shape_set *set) {
    if (mote_json_typeof(value) == MOTE_JSON_STRING && !names_only && !schemas_only) { /* of draft 3 */
        mote_str one = mote_json_string(value);
        mote_shape_set required = *c->nothing;
        if (mote_shape_list_add(c, &required.of[MOTE_SHAPE_OBJECT], mote_object_requiring(c, &one, 1)))
            imply(c, name, &required, set);
    } else if ((mote_json_typeof(value) == MOTE_JSON_ARRAY && !schemas_only) || names_only) {
        size_t n;
        const mote_str *names = names_of(c, value, &n);
        mote_shape_set required = *c->nothing;
        if (names && n > 0 && mote_shape_list_add(c, &required.of[MOTE_SHAPE_OBJECT], mote_object_requiring(c, names, n)))
            imply(c, name, &required, set);
    } else {
        const char *where = c->where;
        const mote_shape_set *then = mote_shape_node_set(c, mote_schema_node(c, value));
        c->where = where;
        c->lost += !then;
        if (then)
            imply(c, name, then, set);
        else if (!c->doubting)
            mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "it refers to what it is part of");
    }
}

void mote_schema_apply_dependencies(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    static const char *const keywords[] = {"dependencies", "dependentRequired", "dependentSchemas"};
    for (int i = 0; i < 3; i++) {
        const mote_json *all = mote_schema_keyword(c, schema, keywords[i]);
        if (all && mote_json_typeof(all) != MOTE_JSON_OBJECT)
            mote_schema_fail(c, MOTE_ERR_FORMAT, "an object is expected");
        for (mote_json_iter *it = mote_json_first(all); it && c->status == MOTE_OK; it = mote_json_next(all, it))
            apply_dependency(c, mote_json_iter_key(it), mote_json_iter_value(it), i == 1, i == 2, set);
    }
}

/* A group that says of everything nobody has evaluated that it is in the node. */
static const mote_object_shape *close_members(mote_schema_compiler *c, const mote_object_shape *o, const mote_shape_node *node) {
    mote_member_group *group = mote_schema_alloc(c, 1, sizeof *group);
    size_t n_members = 0, n_patterns = 0;
    for (size_t i = 0; i < o->n_groups; i++) {
        if (o->groups[i]->evaluates && o->groups[i]->others)
            return o;
        n_members += o->groups[i]->evaluates ? o->groups[i]->n_members : 0;
        n_patterns += o->groups[i]->evaluates ? o->groups[i]->n_patterns : 0;
    }
    mote_member *members = mote_schema_alloc(c, n_members, sizeof *members);
    mote_member_pattern *patterns = mote_schema_alloc(c, n_patterns, sizeof *patterns);
    if (!group || !members || !patterns)
        return NULL;
    n_members = n_patterns = 0;
    for (size_t i = 0; i < o->n_groups; i++) {
        const mote_member_group *g = o->groups[i];
        for (size_t j = 0; g->evaluates && j < g->n_members; j++)
            members[n_members++] = (mote_member){g->members[j].name, c->always};
        for (size_t j = 0; g->evaluates && j < g->n_patterns; j++)
            patterns[n_patterns++] = (mote_member_pattern){g->patterns[j].dfa, c->always};
    }
    if (n_members > 1)
        qsort(members, n_members, sizeof *members, compare_members);
    *group = (mote_member_group){members, patterns, node, n_members, n_patterns, true};
    const mote_object_shape *closed = mote_object_of_group(c, group);
    return closed ? mote_object_meet(c, o, closed) : NULL;
}

static const mote_array_shape *close_items(mote_schema_compiler *c, const mote_array_shape *a, const mote_shape_node *node) {
    if (a->n_evaluated == MOTE_SHAPE_NO_MAX)
        return a;
    mote_array_shape own = {.rest = node, .n_prefix = a->n_evaluated, .max = MOTE_SHAPE_NO_MAX, .n_evaluated = MOTE_SHAPE_NO_MAX};
    const mote_shape_node **prefix = mote_schema_alloc(c, a->n_evaluated, sizeof *prefix);
    for (size_t i = 0; prefix && i < a->n_evaluated; i++)
        prefix[i] = c->always;
    own.prefix = prefix;
    return prefix ? mote_array_meet(c, a, &own) : NULL;
}

void mote_schema_apply_unevaluated(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set) {
    const mote_json *members = mote_schema_keyword(c, schema, "unevaluatedProperties");
    if (members) {
        const mote_shape_node *node = mote_schema_node(c, members);
        mote_shape_list closed = {0};
        for (size_t i = 0; i < set->of[MOTE_SHAPE_OBJECT].n && c->status == MOTE_OK; i++)
            mote_shape_list_add(c, &closed, close_members(c, set->of[MOTE_SHAPE_OBJECT].items[i], node));
        set->of[MOTE_SHAPE_OBJECT] = closed;
    }
    const mote_json *items = mote_schema_keyword(c, schema, "unevaluatedItems");
    if (items) {
        const mote_shape_node *node = mote_schema_node(c, items);
        mote_shape_list closed = {0};
        for (size_t i = 0; i < set->of[MOTE_SHAPE_ARRAY].n && c->status == MOTE_OK; i++)
            mote_shape_list_add(c, &closed, close_items(c, set->of[MOTE_SHAPE_ARRAY].items[i], node));
        set->of[MOTE_SHAPE_ARRAY] = closed;
    }
}
