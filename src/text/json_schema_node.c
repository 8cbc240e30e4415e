/* Nodes: conjunctions of schemas, kept once each. */
#include "text/json_schema_shape.h"

#include "text/json_schema_keywords.h"

enum { MAX_NODES = 60000, MAX_LITERALS = 200 };

static int compare(const mote_literal *a, const mote_literal *b) {
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    return (a->what > b->what) - (a->what < b->what);
}

static size_t hash(const mote_literal *literals, size_t n) {
    uint64_t h = n;
    for (size_t i = 0; i < n; i++)
        h = (h ^ (uintptr_t)literals[i].what ^ (uint64_t)literals[i].kind << 60) * 0x9e3779b97f4a7c15u;
    return (size_t)(h >> 20);
}

static bool grow(mote_schema_compiler *c) {
    size_t capacity = c->nodes_capacity ? 2 * c->nodes_capacity : 256;
    mote_shape_node **nodes = mote_schema_alloc(c, capacity, sizeof *nodes);
    uint32_t *table = mote_schema_alloc(c, 2 * capacity, sizeof *table);
    if (!nodes || !table)
        return false;
    for (size_t i = 0; i < c->n_nodes; i++) {
        nodes[i] = c->nodes[i];
        size_t at = hash(nodes[i]->literals, nodes[i]->n_literals) & (2 * capacity - 1);
        while (table[at])
            at = (at + 1) & (2 * capacity - 1);
        table[at] = (uint32_t)i + 1;
    }
    c->nodes = nodes;
    c->node_table = table;
    c->nodes_capacity = capacity;
    c->node_table_size = 2 * capacity;
    return true;
}

static const mote_shape_node *intern(mote_schema_compiler *c, const mote_literal *literals, size_t n) {
    if (!mote_schema_work(c, 2) || (c->n_nodes == c->nodes_capacity && !grow(c)))
        return c->always;
    size_t at = hash(literals, n) & (c->node_table_size - 1);
    for (; c->node_table[at]; at = (at + 1) & (c->node_table_size - 1)) {
        const mote_shape_node *node = c->nodes[c->node_table[at] - 1];
        bool same = node->n_literals == n;
        for (size_t i = 0; same && i < n; i++)
            same = compare(&node->literals[i], &literals[i]) == 0;
        if (same)
            return node;
    }
    mote_shape_node *node = mote_schema_alloc(c, 1, sizeof *node);
    mote_literal *copy = mote_schema_alloc(c, n, sizeof *copy);
    if (!node || !copy || c->n_nodes == MAX_NODES) {
        mote_schema_fail(c, MOTE_ERR_LIMIT, "the schema has too many parts");
        return c->always;
    }
    if (n > 0)
        memcpy(copy, literals, n * sizeof *copy);
    *node = (mote_shape_node){.literals = copy, .n_literals = n, .id = (uint32_t)c->n_nodes};
    c->node_table[at] = (uint32_t)c->n_nodes + 1;
    c->nodes[c->n_nodes++] = node;
    return node;
}

const mote_shape_node *mote_shape_node_of(mote_schema_compiler *c, mote_literal_kind kind, const void *what) {
    if (kind == MOTE_LITERAL_SCHEMA && !what) /* nothing is said */
        return intern(c, NULL, 0);
    if (kind == MOTE_LITERAL_SCHEMA) {
        mote_json_type type = mote_json_typeof(what);
        if (type == MOTE_JSON_TRUE || (type == MOTE_JSON_OBJECT && mote_json_length(what) == 0))
            return c->always;
        if (type == MOTE_JSON_FALSE)
            return c->never;
    }
    mote_literal literal = {kind, what};
    return intern(c, &literal, 1);
}

const mote_shape_node *mote_shape_node_meet(mote_schema_compiler *c, const mote_shape_node *a, const mote_shape_node *b) {
    if (a == b || a == c->never || b == c->always)
        return a;
    if (b == c->never || a == c->always)
        return b;
    mote_literal literals[MAX_LITERALS];
    size_t n = 0, i = 0, j = 0;
    if (a->n_literals + b->n_literals > MAX_LITERALS)
        return mote_schema_fail(c, MOTE_ERR_LIMIT, "more than %d schemas for one value", MAX_LITERALS) ? a : c->always;
    while (i < a->n_literals || j < b->n_literals) {
        int order = i == a->n_literals ? 1 : j == b->n_literals ? -1 : compare(&a->literals[i], &b->literals[j]);
        literals[n++] = order <= 0 ? a->literals[i] : b->literals[j];
        i += order <= 0;
        j += order >= 0;
    }
    return intern(c, literals, n);
}

const mote_shape_node *mote_shape_node_not(mote_schema_compiler *c, const mote_shape_node *a) {
    if (a == c->always)
        return c->never;
    if (a == c->never)
        return c->always;
    if (a->n_literals == 1 && a->literals[0].kind == MOTE_LITERAL_NOT)
        return a->literals[0].what;
    return mote_shape_node_of(c, MOTE_LITERAL_NOT, a);
}

static const mote_shape_set *literal_set(mote_schema_compiler *c, const mote_shape_node *node, const mote_literal *literal) {
    if (literal->kind == MOTE_LITERAL_NEVER)
        return c->nothing;
    if (literal->kind == MOTE_LITERAL_NOT)
        return mote_shape_node_set(c, literal->what);
    if (node->n_literals > 1) /* the node of this literal alone keeps its set */
        return mote_shape_node_set(c, mote_shape_node_of(c, literal->kind, literal->what));
    return literal->kind == MOTE_LITERAL_SCHEMA ? mote_schema_set_of(c, literal->what) : mote_schema_set_of_value(c, literal->what);
}

static bool meet_literal(mote_schema_compiler *c, const mote_shape_node *node, const mote_literal *literal, mote_shape_set *set) {
    const mote_shape_set *other = literal_set(c, node, literal);
    if (!other) {
        if (!c->doubting)
            mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "$ref: a schema refers to itself without going into a value");
        return false;
    }
    *set = literal->kind == MOTE_LITERAL_NOT ? mote_shape_set_without(c, set, other) : mote_shape_set_meet(c, set, other);
    return c->status == MOTE_OK;
}

const mote_shape_set *mote_shape_node_set(mote_schema_compiler *c, const mote_shape_node *node) {
    if (node->set || node->asked || c->status != MOTE_OK)
        return node->set;
    mote_shape_node *own = c->nodes[node->id]; /* the one place where the cache is written */
    own->asked = true;
    mote_shape_set set = *c->everything, *copy = NULL;
    bool good = true;
    for (size_t i = 0; good && i < node->n_literals; i++) /* negations come last by their order */
        good = meet_literal(c, node, &node->literals[i], &set);
    own->asked = false;
    if (good && (copy = mote_schema_alloc(c, 1, sizeof *copy)) != NULL) {
        *copy = set;
        own->set = copy;
    }
    return own->set;
}

bool mote_shape_node_impossible(mote_schema_compiler *c, const mote_shape_node *node, unsigned depth) {
    if (node == c->never)
        return true;
    if (node == c->always || depth == 0 || c->status != MOTE_OK || node->asked)
        return false;
    unsigned lost = c->lost;
    c->doubting++;
    const mote_shape_set *set = mote_shape_node_set(c, node);
    c->doubting--;
    c->lost = lost;
    if (!set || set->null || set->no || set->yes || set->of[MOTE_SHAPE_NUMBER].n > 0 || set->of[MOTE_SHAPE_STRING].n > 0)
        return false;
    for (size_t i = 0; i < set->of[MOTE_SHAPE_ARRAY].n; i++)
        if (!mote_array_impossible(c, set->of[MOTE_SHAPE_ARRAY].items[i], depth - 1))
            return false;
    for (size_t i = 0; i < set->of[MOTE_SHAPE_OBJECT].n; i++)
        if (!mote_object_impossible(c, set->of[MOTE_SHAPE_OBJECT].items[i], depth - 1))
            return false;
    return true;
}
