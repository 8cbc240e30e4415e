/* From shapes to tables: settles every node that is reached, then measures them all until no distance changes (the least fixed point: what stays far away is empty). */
#include "text/json_schema_settled.h"

#include "text/json_schema.h"
#include "text/json_schema_document.h"

#include <stdio.h>

enum { MAX_SETTLED = 20000, MAX_ROUNDS = 2000 };

const mote_shape_node *mote_schema_want(mote_settler *s, const mote_shape_node *node) {
    mote_schema_compiler *c = s->c;
    if (node->settled || c->status != MOTE_OK)
        return node;
    if (s->n_queue == s->queue_capacity) {
        size_t capacity = s->queue_capacity ? 2 * s->queue_capacity : 64;
        const mote_shape_node **queue = mote_schema_alloc(c, capacity, sizeof *queue);
        if (!queue)
            return node;
        if (s->n_queue > 0)
            memcpy(queue, s->queue, s->n_queue * sizeof *queue);
        s->queue = queue;
        s->queue_capacity = capacity;
    }
    mote_settled_node *settled = mote_schema_alloc(c, 1, sizeof *settled);
    if (!settled)
        return node;
    settled->distance = MOTE_FAR;
    c->nodes[node->id]->settled = settled;
    s->queue[s->n_queue++] = node;
    return node;
}

static void *settle_shape(mote_settler *s, mote_shape_type type, const void *shape) {
    switch (type) {
    case MOTE_SHAPE_STRING:
        return mote_settle_string(s->c, shape);
    case MOTE_SHAPE_ARRAY:
        return mote_settle_array(s, shape);
    case MOTE_SHAPE_OBJECT:
        return mote_settle_object(s, shape);
    case MOTE_SHAPE_NUMBER:
    case MOTE_SHAPE_TYPES:
        break;
    }
    return (void *)(uintptr_t)shape;
}

static uint32_t *slot_of(const mote_settled_table *t, const void *shape) {
    size_t at = ((uintptr_t)shape >> 4) * 0x9e3779b1u & (2 * t->capacity - 1);
    while (t->slots[at] && t->shapes[t->slots[at] - 1] != shape)
        at = (at + 1) & (2 * t->capacity - 1);
    return &t->slots[at];
}

static bool grow(mote_settler *s, mote_settled_table *t) {
    size_t capacity = t->capacity ? 2 * t->capacity : 32;
    const void **shapes = mote_schema_alloc(s->c, capacity, sizeof *shapes);
    void **settled = mote_schema_alloc(s->c, capacity, sizeof *settled);
    uint32_t *slots = mote_schema_alloc(s->c, 2 * capacity, sizeof *slots);
    if (!shapes || !settled || !slots)
        return false;
    if (t->n > 0) {
        memcpy(shapes, t->shapes, t->n * sizeof *shapes);
        memcpy(settled, t->settled, t->n * sizeof *settled);
    }
    *t = (mote_settled_table){shapes, settled, t->n, capacity, slots};
    for (size_t i = 0; i < t->n; i++)
        *slot_of(t, shapes[i]) = (uint32_t)i + 1;
    return true;
}

/* The index of a shape's settled form; UINT32_MAX on failure. */
static uint32_t index_of(mote_settler *s, mote_shape_type type, const void *shape) {
    mote_settled_table *t = &s->schema->of[type];
    if (t->n == t->capacity && !grow(s, t))
        return UINT32_MAX;
    if (*slot_of(t, shape))
        return *slot_of(t, shape) - 1;
    void *settled = t->n < MAX_SETTLED ? settle_shape(s, type, shape) : NULL;
    if (t->n == MAX_SETTLED)
        mote_schema_fail(s->c, MOTE_ERR_LIMIT, "the schema has too many parts");
    if (!settled)
        return UINT32_MAX;
    t->shapes[t->n] = shape;
    t->settled[t->n] = settled;
    *slot_of(t, shape) = (uint32_t)t->n + 1;
    return (uint32_t)t->n++;
}

/* Alternatives whose demands are written out as names: each demand is met by one of the names that there are. */
static void write_out_demands(mote_settler *s, const mote_object_shape *o, mote_shape_list *out) {
    mote_schema_compiler *c = s->c;
    if (o->n_demands == 0) {
        mote_shape_list_add(c, out, o);
        return;
    }
    mote_object_shape *rest = mote_schema_alloc(c, 1, sizeof *rest);
    if (!rest)
        return;
    *rest = *o;
    rest->n_demands--;
    const mote_member_demand *demand = &o->demands[rest->n_demands];
    const mote_settled_object *settled = mote_settle_object(s, rest);
    if (settled && settled->unknown)
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "the negation of additionalProperties, patternProperties or propertyNames where names are not all known");
    for (uint32_t i = 0; c->status == MOTE_OK && i < settled->n_names; i++) {
        const mote_shape_node *value = mote_shape_node_meet(c, settled->values[i], demand->node);
        if (!mote_dfa_accepts(demand->dfa, settled->names[i]) || value == c->never)
            continue;
        mote_member_group *group = mote_schema_alloc(c, 1, sizeof *group);
        mote_member *member = mote_schema_alloc(c, 1, sizeof *member);
        const mote_object_shape *required = mote_object_requiring(c, &settled->names[i], 1), *grouped = group ? mote_object_of_group(c, group) : NULL;
        if (!group || !member || !required || !grouped)
            return;
        *member = (mote_member){settled->names[i], demand->node};
        *group = (mote_member_group){.members = member, .n_members = 1};
        const mote_object_shape *one = mote_object_meet(c, rest, required);
        one = one ? mote_object_meet(c, one, grouped) : NULL;
        if (one)
            write_out_demands(s, one, out);
    }
}

static void settle_list(mote_settler *s, mote_settled_node *node, mote_shape_type type, const mote_shape_list *list) {
    mote_shape_list written = {0};
    if (type == MOTE_SHAPE_OBJECT) {
        for (size_t i = 0; i < list->n && s->c->status == MOTE_OK; i++)
            write_out_demands(s, list->items[i], &written);
        list = &written;
    }
    uint32_t *indices = mote_schema_alloc(s->c, list->n, sizeof *indices);
    for (size_t i = 0; indices && i < list->n; i++) {
        indices[i] = index_of(s, type, list->items[i]);
        if (indices[i] == UINT32_MAX)
            return;
    }
    node->shapes[type] = indices;
    node->n[type] = (uint32_t)list->n;
}

static uint32_t number_distance(mote_settler *s, uint32_t index) {
    char rest[MOTE_SCHEMA_MAX_NUMBER + 1];
    int n = mote_number_complete(s->schema->of[MOTE_SHAPE_NUMBER].shapes[index], MOTE_STR(""), NULL, rest);
    mote_schema_work(s->c, 40);
    return n < 0 ? MOTE_FAR : (uint32_t)n;
}

/* The distance of a node by what its parts say now. Returns whether it has come nearer. */
static bool measure(mote_settler *s, mote_settled_node *node) {
    const struct mote_json_schema *schema = s->schema;
    uint32_t best = node->null || node->yes ? 4 : node->no ? 5 : MOTE_FAR, best_depth = 0;
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_NUMBER]; i++) {
        uint32_t own = s->number_distance[node->shapes[MOTE_SHAPE_NUMBER][i]];
        best = own < best ? own : best;
    }
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_STRING]; i++) {
        uint32_t own = mote_settled_string_distance(schema->of[MOTE_SHAPE_STRING].settled[node->shapes[MOTE_SHAPE_STRING][i]]);
        best = own < best ? own : best;
    }
    for (mote_shape_type t = MOTE_SHAPE_ARRAY; t <= MOTE_SHAPE_OBJECT; t++)
        for (uint32_t i = 0; i < node->n[t]; i++) {
            uint32_t depth = 0;
            void *shape = schema->of[t].settled[node->shapes[t][i]];
            uint32_t own;
            if (t == MOTE_SHAPE_ARRAY) {
                mote_settled_array *array = shape;
                own = array->reach = mote_settled_array_distance(array, &depth);
                array->depth = depth + 1;
            } else {
                mote_settled_object *object = shape;
                own = object->reach = mote_settled_object_distance(object, &depth);
                object->depth = depth + 1;
            }
            if (own < best) {
                best = own;
                best_depth = depth + 1;
            }
        }
    bool nearer = best < node->distance;
    node->distance = best;
    node->depth = best_depth;
    return nearer;
}

static void measure_all(mote_settler *s) {
    size_t n_numbers = s->schema->of[MOTE_SHAPE_NUMBER].n;
    s->number_distance = mote_schema_alloc(s->c, n_numbers, sizeof *s->number_distance);
    for (size_t i = 0; s->number_distance && i < n_numbers; i++)
        s->number_distance[i] = number_distance(s, (uint32_t)i);
    unsigned rounds = 0;
    for (bool nearer = s->c->status == MOTE_OK; nearer; rounds++) {
        nearer = false;
        for (size_t i = s->n_queue; i-- > 0;) /* what is inside was found later */
            nearer |= measure(s, s->c->nodes[s->queue[i]->id]->settled);
        if (rounds == MAX_ROUNDS)
            mote_schema_fail(s->c, MOTE_ERR_LIMIT, "the schema is too deep");
        if (!mote_schema_work(s->c, (int64_t)s->n_queue * 2))
            return;
    }
}

/* Names what the schema says, since one of that rules everything out. */
static void refuse_emptiness(mote_schema_compiler *c) {
    char said[200] = "false";
    size_t n = 0;
    for (mote_json_iter *it = mote_json_first(c->document->root); it; it = mote_json_next(c->document->root, it)) {
        mote_str word = mote_json_iter_key(it);
        if (word.len + 3 < sizeof said - n)
            n += (size_t)snprintf(said + n, sizeof said - n, "%s%.*s", n > 0 ? ", " : "", MOTE_STR_ARGS(word));
    }
    mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "nothing is valid (%s)", said);
}

void mote_schema_settle(mote_schema_compiler *c, struct mote_json_schema *schema, const mote_shape_node *root) {
    mote_settler s = {.c = c, .schema = schema};
    schema->root = mote_schema_want(&s, root);
    for (size_t i = 0; i < s.n_queue && c->status == MOTE_OK; i++) {
        const mote_shape_set *set = mote_shape_node_set(c, s.queue[i]);
        mote_settled_node *node = s.queue[i]->settled;
        if (!set) {
            mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "$ref: a schema refers to itself without going into a value");
            return;
        }
        node->null = set->null;
        node->no = set->no;
        node->yes = set->yes;
        for (int t = 0; t < MOTE_SHAPE_TYPES && c->status == MOTE_OK; t++)
            settle_list(&s, node, (mote_shape_type)t, &set->of[t]);
    }
    if (c->status != MOTE_OK)
        return;
    measure_all(&s);
    for (size_t i = 0; i < schema->of[MOTE_SHAPE_OBJECT].n && c->status == MOTE_OK; i++)
        mote_settled_object_finish(c, schema->of[MOTE_SHAPE_OBJECT].settled[i]);
    for (size_t i = 0; i < schema->of[MOTE_SHAPE_ARRAY].n && c->status == MOTE_OK; i++)
        mote_settled_array_finish(c, schema, schema->of[MOTE_SHAPE_ARRAY].settled[i]);
    c->where = "schema";
    if (c->status == MOTE_OK && mote_node_distance(root) >= MOTE_FAR)
        refuse_emptiness(c);
    if (c->status == MOTE_OK && root->settled->depth > MOTE_SCHEMA_MAX_DEPTH)
        mote_schema_fail(c, MOTE_ERR_LIMIT, "its values nest deeper than %d", MOTE_SCHEMA_MAX_DEPTH);
}
