/* Arrays, settled. Without `contains` what is left depends on the number of items alone; with it a table says for each place and each count of witnesses how far it is to the end.
 */
#include "text/json_schema_settled.h"

#include "text/json_schema.h"

enum { MAX_PLACES = 4096, MAX_COUNTS = 4096, MAX_TABLE = 200000, MAX_PREFIX = 4096, MAX_UNIQUE = 64 };

static const mote_shape_node *item_node(mote_settler *s, const mote_array_shape *a, size_t place, unsigned mask) {
    const mote_shape_node *node = mote_array_item(a, place);
    for (size_t i = 0; i < a->n_contains; i++) {
        if (mask >> i & 1)
            node = mote_shape_node_meet(s->c, node, a->contains[i].node);
        else if (a->contains[i].max < MOTE_SHAPE_NO_MAX) /* too many count as well: each item is one or isn't */
            node = mote_shape_node_meet(s->c, node, mote_shape_node_not(s->c, a->contains[i].node));
    }
    return mote_schema_want(s, node);
}

static bool fill_items(mote_settler *s, const mote_array_shape *shape, mote_settled_array *a) {
    size_t n_masks = (size_t)1 << a->n_contains;
    const mote_shape_node **items = mote_schema_alloc(s->c, (a->n_prefix + 1) * n_masks, sizeof *items);
    for (size_t i = 0; items && i <= a->n_prefix; i++)
        for (unsigned mask = 0; mask < n_masks; mask++)
            items[i * n_masks + mask] = item_node(s, shape, i, mask);
    a->items = items;
    return s->c->status == MOTE_OK;
}

static bool prepare_counts(mote_settler *s, const mote_array_shape *shape, mote_settled_array *a) {
    a->n_counts = 1;
    for (unsigned i = 0; i < a->n_contains; i++) {
        const mote_contains *one = &shape->contains[i];
        a->contains[i] = *one;
        a->cap[i] = one->max < MOTE_SHAPE_NO_MAX ? one->max : one->min;
        if (a->cap[i] > MAX_COUNTS || (a->n_counts *= a->cap[i] + 1) > MAX_COUNTS)
            return mote_schema_fail(s->c, MOTE_ERR_LIMIT, "contains: minContains or maxContains is too large");
    }
    /* Behind the last place nothing depends on it any more: all items are the same there, and there are enough of them. */
    uint32_t steady = a->min > a->n_prefix ? a->min : a->n_prefix;
    a->n_places = (a->max < MOTE_SHAPE_NO_MAX ? a->max : steady > 0 ? steady : 1) + 1;
    if (a->n_places > MAX_PLACES || (size_t)a->n_places * a->n_counts > MAX_TABLE)
        return mote_schema_fail(s->c, MOTE_ERR_LIMIT, "contains: beside too large minItems or maxItems");
    a->distance = mote_schema_alloc(s->c, (size_t)a->n_places * a->n_counts, sizeof *a->distance);
    return a->distance != NULL;
}

mote_settled_array *mote_settle_array(mote_settler *s, const mote_array_shape *shape) {
    mote_settled_array *a = mote_schema_alloc(s->c, 1, sizeof *a);
    if (!a)
        return NULL;
    if (shape->min > MOTE_SHAPE_MAX_COUNT)
        return mote_schema_fail(s->c, MOTE_ERR_LIMIT, "minItems: above %d", MOTE_SHAPE_MAX_COUNT);
    if (shape->n_contains > MOTE_MAX_CONTAINS)
        return mote_schema_fail(s->c, MOTE_ERR_UNSUPPORTED, "contains: more than %d for one array", MOTE_MAX_CONTAINS);
    bool unique = shape->unique && shape->max > 1;
    if (unique && (shape->n_prefix > 0 || shape->n_contains > 0))
        return mote_schema_fail(s->c, MOTE_ERR_UNSUPPORTED, "uniqueItems: beside prefixItems or contains");
    if (unique && shape->min > MAX_UNIQUE)
        return mote_schema_fail(s->c, MOTE_ERR_LIMIT, "uniqueItems: beside minItems above %d", MAX_UNIQUE);
    *a = (mote_settled_array){.n_prefix = (uint32_t)shape->n_prefix, .min = shape->min, .max = shape->max, .n_contains = (unsigned)shape->n_contains, .unique = unique};
    if (shape->n_prefix > a->max) /* items that can't be there don't matter */
        a->n_prefix = a->max;
    if (a->n_prefix > MAX_PREFIX)
        return mote_schema_fail(s->c, MOTE_ERR_LIMIT, "prefixItems: more than %d", MAX_PREFIX);
    if (!fill_items(s, shape, a) || (a->n_contains > 0 && !prepare_counts(s, shape, a)))
        return NULL;
    return a;
}

/* With contains. Rounds, since the last place leads to itself. */
static uint32_t fill_table(mote_settled_array *a, uint32_t *depth) {
    unsigned n_masks = 1u << a->n_contains;
    for (uint32_t i = 0; i < a->n_places * a->n_counts; i++)
        a->distance[i] = MOTE_FAR;
    for (bool nearer = true; nearer;) {
        nearer = false;
        for (uint32_t place = a->n_places; place-- > 0;)
            for (uint32_t at = 0; at < a->n_counts; at++) {
                uint32_t counts[MOTE_MAX_CONTAINS] = {at % (a->cap[0] + 1), at / (a->cap[0] + 1)};
                bool enough = place >= a->min;
                for (unsigned i = 0; i < a->n_contains; i++)
                    enough = enough && counts[i] >= a->contains[i].min;
                uint32_t best = enough ? 1 : MOTE_FAR; /* the bracket */
                for (unsigned mask = 0; mask < n_masks && place < a->max; mask++) {
                    uint32_t next[MOTE_MAX_CONTAINS] = {0};
                    bool fits = true;
                    for (unsigned i = 0; i < a->n_contains; i++) {
                        next[i] = counts[i] + (mask >> i & 1);
                        if (next[i] > a->cap[i]) {
                            fits = fits && a->contains[i].max == MOTE_SHAPE_NO_MAX;
                            next[i] = a->cap[i];
                        }
                    }
                    uint32_t to = place + 1 < a->n_places ? place + 1 : place, item = place < a->n_prefix ? place : a->n_prefix;
                    uint32_t v =
                        mote_far_add(a->distance[to * a->n_counts + next[0] + next[1] * (a->cap[0] + 1)], mote_node_distance(a->items[item * n_masks + mask]) + (place > 0));
                    if (fits && v < best) {
                        best = v;
                        const mote_shape_node *node = a->items[item * n_masks + mask];
                        *depth = node->settled->depth > *depth ? node->settled->depth : *depth;
                    }
                }
                if (best < a->distance[place * a->n_counts + at]) {
                    a->distance[place * a->n_counts + at] = best;
                    nearer = true;
                }
            }
    }
    return mote_far_add(a->distance[0], 1);
}

uint32_t mote_settled_array_distance(mote_settled_array *a, uint32_t *depth) {
    if (a->n_contains > 0)
        return fill_table(a, depth);
    uint32_t sum = 2;
    for (uint32_t i = 0; i < a->min && i <= a->n_prefix; i++) {
        const mote_shape_node *node = a->items[i];
        uint32_t times = i < a->n_prefix ? 1 : a->min - i, own = mote_node_distance(node);
        if (own >= MOTE_FAR || (uint64_t)own * times >= MOTE_FAR)
            return MOTE_FAR;
        sum = mote_far_add(sum, own * times);
        *depth = node->settled->depth > *depth ? node->settled->depth : *depth;
    }
    return a->min > 1 ? mote_far_add(sum, (a->min - 1) * (a->unique ? 1 + MOTE_UNLIKE_BYTES : 1)) : sum;
}

/* At least n different values are in the node, which has no arrays and objects. */
static bool has_values(const struct mote_json_schema *schema, const mote_settled_node *node, uint32_t n) {
    mote_decimal found[MAX_UNIQUE];
    mote_number_others others = {found, 0};
    uint32_t n_others = (uint32_t)node->null + node->no + node->yes, most = 0;
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_NUMBER]; i++)
        for (char rest[MOTE_SCHEMA_MAX_NUMBER + 1]; n_others + others.n < n && others.n < MAX_UNIQUE; others.n++) {
            int len = mote_number_complete(schema->of[MOTE_SHAPE_NUMBER].shapes[node->shapes[MOTE_SHAPE_NUMBER][i]], MOTE_STR(""), &others, rest);
            if (len <= 0 || !mote_decimal_parse((mote_str){rest, (size_t)len}, &found[others.n]))
                break;
        }
    n_others += (uint32_t)others.n;
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_STRING]; i++) { /* alternatives may overlap: the one with most counts */
        const mote_settled_string *s = schema->of[MOTE_SHAPE_STRING].settled[node->shapes[MOTE_SHAPE_STRING][i]];
        while (n_others + most < n && mote_settled_string_more(s, s->dfa->start, 0, most))
            most++;
    }
    return n_others + most >= n;
}

void mote_settled_array_finish(mote_schema_compiler *c, const struct mote_json_schema *schema, mote_settled_array *a) {
    const mote_settled_node *node = a->items[0]->settled;
    if (!a->unique || a->reach >= MOTE_FAR || !node || node->distance >= MOTE_FAR)
        return;
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_ARRAY]; i++)
        if (((const mote_settled_array *)schema->of[MOTE_SHAPE_ARRAY].settled[node->shapes[MOTE_SHAPE_ARRAY][i]])->reach < MOTE_FAR)
            mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "uniqueItems: of arrays");
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_OBJECT]; i++)
        if (((const mote_settled_object *)schema->of[MOTE_SHAPE_OBJECT].settled[node->shapes[MOTE_SHAPE_OBJECT][i]])->reach < MOTE_FAR)
            mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "uniqueItems: of objects");
    if (!mote_schema_work(c, 200))
        return;
    if (a->min > 1 && !has_values(schema, node, a->min))
        mote_schema_fail(c, MOTE_ERR_UNSUPPORTED, "uniqueItems: minItems asks for more different items than there are");
}
