/* Objects: what each schema in one place says of members, side by side. What a name's value has to be is the conjunction over all of them. */
#include "text/json_schema_shape.h"

#include <stdlib.h>

enum { MAX_GROUPS = 200, MAX_REQUIRED = 20000 };

int mote_member_compare(mote_str a, mote_str b) {
    int order = memcmp(a.len ? a.data : "", b.len ? b.data : "", a.len < b.len ? a.len : b.len);
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

static const mote_shape_node *member_of_group(mote_schema_compiler *c, const mote_member_group *g, mote_str name) {
    const mote_shape_node *node = c->always;
    bool named = false;
    for (size_t lo = 0, hi = g->n_members; lo < hi;) {
        size_t mid = (lo + hi) / 2;
        int order = mote_member_compare(name, g->members[mid].name);
        if (order == 0) {
            node = g->members[mid].node;
            named = true;
            break;
        }
        lo = order > 0 ? mid + 1 : lo;
        hi = order > 0 ? hi : mid;
    }
    for (size_t i = 0; i < g->n_patterns; i++)
        if (mote_dfa_accepts(g->patterns[i].dfa, name)) {
            node = mote_shape_node_meet(c, node, g->patterns[i].node);
            named = true;
        }
    return named || !g->others ? node : g->others;
}

const mote_shape_node *mote_object_member(mote_schema_compiler *c, const mote_object_shape *o, mote_str name) {
    const mote_shape_node *node = c->always;
    for (size_t i = 0; i < o->n_groups && mote_schema_work(c, 1); i++)
        node = mote_shape_node_meet(c, node, member_of_group(c, o->groups[i], name));
    return node;
}

static bool join_groups(mote_schema_compiler *c, const mote_object_shape *x, const mote_object_shape *y, mote_object_shape *out) {
    const mote_member_group **groups = mote_schema_alloc(c, x->n_groups + y->n_groups, sizeof *groups);
    size_t n = 0;
    for (size_t i = 0; groups && i < x->n_groups + y->n_groups; i++) {
        const mote_member_group *own = i < x->n_groups ? x->groups[i] : y->groups[i - x->n_groups];
        bool there = false;
        for (size_t j = 0; j < n; j++)
            there = there || groups[j] == own;
        if (!there)
            groups[n++] = own;
    }
    out->groups = groups;
    out->n_groups = n;
    if (n > MAX_GROUPS)
        mote_schema_fail(c, MOTE_ERR_LIMIT, "more than %d schemas for one object", MAX_GROUPS);
    return c->status == MOTE_OK;
}

static bool join_required(mote_schema_compiler *c, const mote_object_shape *x, const mote_object_shape *y, mote_object_shape *out) {
    mote_str *names = mote_schema_alloc(c, x->n_required + y->n_required, sizeof *names);
    size_t n = 0, i = 0, j = 0;
    while (names && (i < x->n_required || j < y->n_required)) {
        int order = i == x->n_required ? 1 : j == y->n_required ? -1 : mote_member_compare(x->required[i], y->required[j]);
        names[n++] = order <= 0 ? x->required[i] : y->required[j];
        i += order <= 0;
        j += order >= 0;
    }
    out->required = names;
    out->n_required = n;
    if (n > MAX_REQUIRED)
        mote_schema_fail(c, MOTE_ERR_LIMIT, "required: more than %d names", MAX_REQUIRED);
    return c->status == MOTE_OK;
}

static bool join_demands(mote_schema_compiler *c, const mote_object_shape *x, const mote_object_shape *y, mote_object_shape *out) {
    out->n_demands = x->n_demands + y->n_demands;
    mote_member_demand *demands = mote_schema_alloc(c, out->n_demands, sizeof *demands);
    for (size_t i = 0; demands && i < out->n_demands; i++)
        demands[i] = i < x->n_demands ? x->demands[i] : y->demands[i - x->n_demands];
    out->demands = demands;
    return demands != NULL;
}

const void *mote_object_meet(mote_schema_compiler *c, const void *a, const void *b) {
    const mote_object_shape *x = a, *y = b;
    mote_object_shape *out = mote_schema_alloc(c, 1, sizeof *out);
    if (!out)
        return NULL;
    *out = (mote_object_shape){.min = x->min > y->min ? x->min : y->min, .max = x->max < y->max ? x->max : y->max};
    if (out->min > out->max || !join_groups(c, x, y, out) || !join_required(c, x, y, out) || !join_demands(c, x, y, out) || out->n_required > out->max)
        return NULL;
    for (size_t i = 0; i < out->n_required; i++)
        if (mote_object_member(c, out, out->required[i]) == c->never)
            return NULL;
    return out;
}

bool mote_object_impossible(mote_schema_compiler *c, const mote_object_shape *o, unsigned depth) {
    for (size_t i = 0; i < o->n_required; i++)
        if (mote_shape_node_impossible(c, mote_object_member(c, o, o->required[i]), depth))
            return true;
    return false;
}

static mote_object_shape anything(void) {
    return (mote_object_shape){.max = MOTE_SHAPE_NO_MAX};
}

const mote_object_shape *mote_object_of_group(mote_schema_compiler *c, const mote_member_group *group) {
    mote_object_shape *o = mote_schema_alloc(c, 1, sizeof *o);
    const mote_member_group **groups = mote_schema_alloc(c, 1, sizeof *groups);
    if (!o || !groups)
        return NULL;
    *o = anything();
    groups[0] = group;
    o->groups = groups;
    o->n_groups = 1;
    return o;
}

static int compare_names(const void *a, const void *b) {
    return mote_member_compare(*(const mote_str *)a, *(const mote_str *)b);
}

const mote_object_shape *mote_object_requiring(mote_schema_compiler *c, const mote_str *names, size_t n) {
    mote_object_shape *o = mote_schema_alloc(c, 1, sizeof *o);
    mote_str *copy = mote_schema_alloc(c, n, sizeof *copy);
    if (!o || !copy)
        return NULL;
    *o = anything();
    if (n > 0) {
        memcpy(copy, names, n * sizeof *copy);
        qsort(copy, n, sizeof *copy, compare_names);
    }
    for (size_t i = 0; i < n; i++)
        if (i == 0 || mote_member_compare(copy[i], copy[i - 1]) != 0)
            copy[o->n_required++] = copy[i];
    o->required = copy;
    return o;
}

/* The member is in the node; not an evaluation of it. */
static const mote_object_shape *with_member(mote_schema_compiler *c, mote_str name, const mote_shape_node *node, bool required) {
    mote_member_group *group = mote_schema_alloc(c, 1, sizeof *group);
    mote_member *member = mote_schema_alloc(c, 1, sizeof *member);
    mote_object_shape *o = (mote_object_shape *)(uintptr_t)mote_object_requiring(c, &name, required);
    const mote_object_shape *grouped = group ? mote_object_of_group(c, group) : NULL;
    if (!group || !member || !o || !grouped)
        return NULL;
    *member = (mote_member){name, node};
    group->members = member;
    group->n_members = 1;
    o->groups = grouped->groups;
    o->n_groups = 1;
    return o;
}

static void add(mote_schema_compiler *c, const void *a, const mote_object_shape *own, mote_shape_list *out) {
    if (own)
        mote_shape_list_add(c, out, mote_object_meet(c, a, own));
}

static void add_demand(mote_schema_compiler *c, const void *a, const mote_dfa *dfa, const mote_shape_node *node, mote_shape_list *out) {
    mote_object_shape own = anything();
    mote_member_demand demand = {dfa, mote_shape_node_not(c, node)};
    own.demands = &demand;
    own.n_demands = 1;
    add(c, a, &own, out);
}

/* The names that a group says something of in particular, as an automaton. */
static const mote_dfa *named_by(mote_schema_compiler *c, const mote_member_group *g) {
    mote_error err = {0};
    const mote_dfa *dfa = NULL;
    mote_str *names = mote_schema_alloc(c, g->n_members, sizeof *names);
    for (size_t i = 0; names && i < g->n_members; i++)
        names[i] = g->members[i].name;
    mote_status status = names ? mote_dfa_words(names, g->n_members, c->arena, &dfa, &err) : MOTE_OK;
    for (size_t i = 0; names && status == MOTE_OK && i < g->n_patterns; i++)
        status = mote_dfa_product(dfa, g->patterns[i].dfa, MOTE_DFA_OR, 0, c->arena, &dfa, &err);
    if (status == MOTE_OK && names)
        status = mote_dfa_product(c->any_text, dfa, MOTE_DFA_AND_NOT, 0, c->arena, &dfa, &err);
    if (status != MOTE_OK)
        mote_schema_fail(c, status, "additionalProperties: %s", err.message);
    return dfa;
}

static void without_group(mote_schema_compiler *c, const void *a, const mote_member_group *g, mote_shape_list *out) {
    for (size_t i = 0; i < g->n_members; i++)
        if (g->members[i].node != c->always)
            add(c, a, with_member(c, g->members[i].name, mote_shape_node_not(c, g->members[i].node), true), out);
    for (size_t i = 0; i < g->n_patterns; i++)
        if (g->patterns[i].node != c->always)
            add_demand(c, a, g->patterns[i].dfa, g->patterns[i].node, out);
    if (g->others && g->others != c->always) {
        const mote_dfa *dfa = named_by(c, g);
        if (dfa)
            add_demand(c, a, dfa, g->others, out);
    }
}

void mote_object_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out) {
    const mote_object_shape *x = a, *y = b;
    mote_object_shape own = anything();
    if (y->n_demands > 0) {
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "not: twice around patternProperties, propertyNames or additionalProperties");
        return;
    }
    if (y->min > 0) {
        own.max = y->min - 1;
        add(c, x, &own, out);
    }
    own = anything();
    if (y->max < MOTE_SHAPE_NO_MAX) {
        own.min = y->max + 1;
        add(c, x, &own, out);
    }
    for (size_t i = 0; i < y->n_required; i++)
        add(c, x, with_member(c, y->required[i], c->never, false), out);
    for (size_t i = 0; i < y->n_groups && c->status == MOTE_OK; i++) {
        bool shared = false; /* what both have can't be broken */
        for (size_t j = 0; j < x->n_groups; j++)
            shared = shared || x->groups[j] == y->groups[i];
        if (!shared)
            without_group(c, x, y->groups[i], out);
    }
}
