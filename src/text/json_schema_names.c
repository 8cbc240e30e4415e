/* Objects, settled: the names that schemas speak of in a table, the others as an automaton that says which patterns each of them matches. */
#include "text/json_schema_settled.h"

#include <stdlib.h>

enum { MAX_NAME_BYTES = 60000, MAX_PATTERNS = 16, MAX_LISTED = 256, MANY = MOTE_SHAPE_MAX_NAMES + 1000, KEY_BYTES = 3 /* two quotes and a colon */ };

static uint32_t written_bytes(mote_str name) {
    uint32_t n = 0;
    for (size_t i = 0; i < name.len; i++)
        n += mote_json_byte_cost((unsigned char)name.data[i]);
    return n;
}

static int compare_names(const void *a, const void *b) {
    return mote_member_compare(*(const mote_str *)a, *(const mote_str *)b);
}

/* The distinct patterns of all groups. */
static size_t collect_patterns(mote_schema_compiler *c, const mote_object_shape *shape, const mote_dfa *patterns[MAX_PATTERNS]) {
    size_t n = 0;
    for (size_t i = 0; i < shape->n_groups; i++)
        for (size_t j = 0; j < shape->groups[i]->n_patterns; j++) {
            const mote_dfa *dfa = shape->groups[i]->patterns[j].dfa;
            size_t k = 0;
            while (k < n && patterns[k] != dfa)
                k++;
            if (k == n && n == MAX_PATTERNS) {
                mote_schema_fail(c, MOTE_ERR_LIMIT, "patternProperties: more than %d patterns for one object", MAX_PATTERNS);
                return 0;
            }
            if (k == n)
                patterns[n++] = dfa;
        }
    return n;
}

/* What the value of a name has to be that no schema knows and that matches the patterns of the mask. */
static const mote_shape_node *class_node(mote_schema_compiler *c, const mote_object_shape *shape, const mote_dfa *const *patterns, size_t n, uint32_t mask) {
    const mote_shape_node *node = c->always;
    for (size_t i = 0; i < shape->n_groups; i++) {
        const mote_member_group *g = shape->groups[i];
        bool matched = false;
        for (size_t j = 0; j < g->n_patterns; j++)
            for (size_t k = 0; k < n; k++)
                if (patterns[k] == g->patterns[j].dfa && mask >> k & 1) {
                    node = mote_shape_node_meet(c, node, g->patterns[j].node);
                    matched = true;
                }
        if (!matched && g->others)
            node = mote_shape_node_meet(c, node, g->others);
    }
    return node;
}

static void costs_of_classes(const mote_dfa *d, uint8_t cost[256]) {
    memset(cost, 6, 256);
    for (unsigned byte = 0; byte < 256; byte++)
        if (mote_json_byte_cost((unsigned char)byte) < cost[d->classes[byte]])
            cost[d->classes[byte]] = (uint8_t)mote_json_byte_cost((unsigned char)byte);
}

/* How long the shortest name of each class is. */
static void measure_classes(mote_schema_compiler *c, mote_settled_object *o) {
    const mote_dfa *d = o->unknown;
    uint32_t *from_start = mote_schema_alloc(c, d->n_states, sizeof *from_start);
    o->class_bytes = mote_schema_alloc(c, o->n_classes, sizeof *o->class_bytes);
    uint8_t cost[256];
    costs_of_classes(d, cost);
    for (uint32_t s = 0; from_start && s < d->n_states; s++)
        from_start[s] = s == d->start ? 0 : MOTE_FAR;
    for (bool nearer = from_start && o->class_bytes; nearer && mote_schema_work(c, (int64_t)d->n_states * d->n_classes / 20);) {
        nearer = false;
        for (uint32_t s = 1; s < d->n_states; s++)
            for (uint32_t k = 0; k < d->n_classes; k++) {
                uint32_t t = d->next[(size_t)s * d->n_classes + k];
                if (t != 0 && from_start[s] + cost[k] < from_start[t]) {
                    from_start[t] = from_start[s] + cost[k];
                    nearer = true;
                }
            }
    }
    for (uint32_t i = 0; o->class_bytes && i < o->n_classes; i++)
        o->class_bytes[i] = MOTE_FAR;
    for (uint32_t s = 1; c->status == MOTE_OK && s < d->n_states; s++)
        if (d->label[s] && from_start[s] < o->class_bytes[d->label[s] - 1])
            o->class_bytes[d->label[s] - 1] = from_start[s];
}

/* The automaton of unknown names, its labels numbering the classes. */
static bool settle_unknown(mote_settler *s, const mote_object_shape *shape, mote_settled_object *o) {
    mote_schema_compiler *c = s->c;
    const mote_dfa *patterns[MAX_PATTERNS], *dfa = c->any_text;
    size_t n = collect_patterns(c, shape, patterns), n_masks = (size_t)1 << n, n_labels = n_masks << 1;
    mote_error err = {0};
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < n && status == MOTE_OK; i++)
        status = mote_dfa_product(dfa, patterns[i], MOTE_DFA_LABELS, (unsigned)i + 1, c->arena, &dfa, &err);
    uint32_t *to = mote_schema_alloc(c, n_labels, sizeof *to);
    bool *used = mote_schema_alloc(c, n_labels, sizeof *used);
    if (status != MOTE_OK)
        mote_schema_fail(c, status, "patternProperties: %s", err.message);
    if (!to || !used || c->status != MOTE_OK)
        return false;
    uint32_t n_used = 0;
    for (uint32_t state = 1; state < dfa->n_states; state++)
        if (dfa->label[state] && !used[dfa->label[state]]) {
            used[dfa->label[state]] = true;
            n_used++;
        }
    o->classes = mote_schema_alloc(c, n_used, sizeof *o->classes);
    for (uint32_t label = 1; o->classes && label < n_labels; label += 2) {
        const mote_shape_node *node = used[label] ? class_node(c, shape, patterns, n, label >> 1) : c->never;
        if (node == c->never || c->status != MOTE_OK)
            continue;
        o->classes[o->n_classes] = mote_schema_want(s, node);
        to[label] = ++o->n_classes;
    }
    if (o->n_classes == 0)
        return c->status == MOTE_OK;
    if (n == 0 && o->n_classes == 1)
        o->unknown = dfa; /* the label is 1 */
    else
        status = mote_dfa_relabel(dfa, to, n_labels, c->arena, &o->unknown, &err);
    if (status != MOTE_OK)
        mote_schema_fail(c, status, "patternProperties: %s", err.message);
    else
        measure_classes(c, o);
    return c->status == MOTE_OK;
}

/* The names of the unknown classes, if they are few: then they are known. */
static bool list_unknown(mote_settler *s, mote_settled_object *o, mote_str *words, size_t *n) {
    mote_error err = {0};
    *n = 0;
    if (!o->unknown || o->unknown == s->c->any_text)
        return true;
    mote_status status = mote_dfa_list(o->unknown, MAX_LISTED, s->c->arena, words, n, &err);
    if (status != MOTE_OK)
        mote_schema_fail(s->c, status, "%s", err.message);
    if (*n == SIZE_MAX)
        *n = 0;
    else
        o->unknown = NULL;
    return status == MOTE_OK;
}

/* All names that some group or the list of required ones speaks of. */
static const mote_str *collect_names(mote_settler *s, const mote_object_shape *shape, mote_settled_object *o, size_t *n_names) {
    mote_schema_compiler *c = s->c;
    size_t n = shape->n_required + MAX_LISTED, listed = 0;
    for (size_t i = 0; i < shape->n_groups; i++)
        n += shape->groups[i]->n_members;
    mote_str *names = mote_schema_alloc(c, n, sizeof *names);
    if (!names || !list_unknown(s, o, names, &listed))
        return NULL;
    n = listed;
    for (size_t i = 0; i < shape->n_groups; i++)
        for (size_t j = 0; j < shape->groups[i]->n_members; j++)
            names[n++] = shape->groups[i]->members[j].name;
    for (size_t i = 0; i < shape->n_required; i++)
        names[n++] = shape->required[i];
    if (n > 1)
        qsort(names, n, sizeof *names, compare_names);
    *n_names = 0;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || mote_member_compare(names[i], names[*n_names - 1]) != 0)
            names[(*n_names)++] = names[i];
    if (*n_names > MOTE_SHAPE_MAX_NAMES)
        return mote_schema_fail(c, MOTE_ERR_LIMIT, "properties: more than %d names", MOTE_SHAPE_MAX_NAMES);
    return names;
}

static void set_bit(uint64_t *bits, uint32_t i) {
    bits[i / 64] |= (uint64_t)1 << (i % 64);
}

static bool fill_names(mote_settler *s, const mote_object_shape *shape, mote_settled_object *o) {
    mote_schema_compiler *c = s->c;
    o->values = mote_schema_alloc(c, o->n_names, sizeof *o->values);
    o->cost = mote_schema_alloc(c, o->n_names, sizeof *o->cost);
    o->n_words = (o->n_names + 63) / 64;
    o->allowed = mote_schema_alloc(c, o->n_words, sizeof *o->allowed);
    o->required = mote_schema_alloc(c, o->n_words, sizeof *o->required);
    o->nothing = mote_schema_alloc(c, o->n_words, sizeof *o->nothing);
    if (!o->values || !o->cost || !o->allowed || !o->required || !o->nothing)
        return false;
    size_t next = 0;
    for (uint32_t i = 0; i < o->n_names && c->status == MOTE_OK; i++) {
        if (o->names[i].len > MAX_NAME_BYTES)
            mote_schema_fail(c, MOTE_ERR_LIMIT, "properties: a name of more than %d bytes", MAX_NAME_BYTES);
        const mote_shape_node *node = mote_object_member(c, shape, o->names[i]);
        o->values[i] = node == c->never ? node : mote_schema_want(s, node);
        if (next < shape->n_required && mote_member_compare(shape->required[next], o->names[i]) == 0) {
            set_bit(o->required, i);
            next++;
        }
    }
    o->n_required = (uint32_t)shape->n_required;
    return c->status == MOTE_OK;
}

mote_settled_object *mote_settle_object(mote_settler *s, const mote_object_shape *shape) {
    mote_settled_object *o = mote_schema_alloc(s->c, 1, sizeof *o);
    size_t n_names = 0;
    if (!o || !settle_unknown(s, shape, o))
        return NULL;
    const mote_str *names = collect_names(s, shape, o, &n_names);
    if (!names)
        return NULL;
    o->names = names;
    o->n_names = (uint32_t)n_names;
    o->min = shape->min;
    o->max = shape->max;
    if (o->min > MOTE_SHAPE_MAX_COUNT)
        return mote_schema_fail(s->c, MOTE_ERR_LIMIT, "minProperties: above %d", MOTE_SHAPE_MAX_COUNT);
    return fill_names(s, shape, o) ? o : NULL;
}

static uint32_t name_cost(const mote_settled_object *o, uint32_t i) {
    return mote_far_add(written_bytes(o->names[i]) + KEY_BYTES, mote_node_distance(o->values[i]));
}

static bool is_required(const mote_settled_object *o, uint32_t i) {
    return o->required[i / 64] >> (i % 64) & 1;
}

static void deepen(uint32_t *depth, const mote_shape_node *node) {
    if (node->settled && node->settled->depth > *depth)
        *depth = node->settled->depth;
}

/* The cheapest way to as many members as are asked for beyond the required ones. While distances still change, and so rarely asked for, it simply looks for the cheapest again and
 * again. */
static uint32_t extra_cost(const mote_settled_object *o, uint32_t n_extra, uint32_t *depth) {
    uint32_t sum = 0, before = 0, unknown = MOTE_FAR;
    for (uint32_t i = 0; i < o->n_classes && o->unknown; i++) {
        uint32_t own = mote_far_add(mote_node_distance(o->classes[i]), KEY_BYTES + o->class_bytes[i]);
        if (own < unknown) {
            unknown = own;
            deepen(depth, o->classes[i]);
        }
    }
    unknown = n_extra > 1 || o->n_required > 0 ? mote_far_add(unknown, MOTE_UNLIKE_BYTES) : unknown;
    while (n_extra > 0) {
        uint32_t best = MOTE_FAR, n_best = 0;
        for (uint32_t i = 0; i < o->n_names; i++) {
            uint32_t own = is_required(o, i) ? MOTE_FAR : name_cost(o, i);
            if (own <= before || own >= MOTE_FAR || own > best)
                continue;
            n_best = own == best ? n_best + 1 : 1;
            best = own;
            deepen(depth, o->values[i]);
        }
        if (best >= MOTE_FAR) /* the names are used up */
            return unknown >= MOTE_FAR || (uint64_t)unknown * n_extra >= MOTE_FAR ? MOTE_FAR : mote_far_add(sum, unknown * n_extra);
        uint32_t n = n_best < n_extra ? n_best : n_extra;
        sum = mote_far_add(sum, (uint64_t)best * n >= MOTE_FAR ? MOTE_FAR : best * n);
        n_extra -= n;
        before = best;
    }
    return sum;
}

uint32_t mote_settled_object_distance(mote_settled_object *o, uint32_t *depth) {
    uint32_t sum = 2, n = o->n_required > o->min ? o->n_required : o->min;
    if (o->n_required > o->max)
        return MOTE_FAR;
    for (uint32_t i = 0; i < o->n_names && o->n_required > 0; i++)
        if (is_required(o, i)) {
            sum = mote_far_add(sum, name_cost(o, i));
            deepen(depth, o->values[i]);
        }
    if (o->min > o->n_required)
        sum = mote_far_add(sum, extra_cost(o, o->min - o->n_required, depth));
    return n > 1 ? mote_far_add(sum, n - 1) : sum;
}

/* How many names lead from each state of the unknown ones to acceptance: a sum over the bytes where all states behind are counted already; what never comes to that goes round. */
static void count_left(mote_schema_compiler *c, mote_settled_object *o) {
    const mote_dfa *d = o->unknown;
    o->n_left = mote_schema_alloc(c, d->n_states, sizeof *o->n_left);
    if (!o->n_left)
        return;
    uint32_t per_class[256] = {0};
    for (int byte = 0; byte < 256; byte++)
        per_class[d->classes[byte]]++;
    for (uint32_t s = 1; s < d->n_states; s++)
        o->n_left[s] = UINT32_MAX;
    for (bool changed = true; changed && mote_schema_work(c, (int64_t)d->n_states * d->n_classes / 20);) {
        changed = false;
        for (uint32_t s = d->n_states; s-- > 1;) {
            uint64_t n = d->label[s] != 0;
            bool counted = o->n_left[s] == UINT32_MAX;
            for (uint32_t k = 0; counted && k < d->n_classes; k++) {
                uint32_t there = o->n_left[d->next[(size_t)s * d->n_classes + k]];
                counted = there != UINT32_MAX;
                n += (uint64_t)per_class[k] * there;
            }
            if (counted) {
                o->n_left[s] = n < MOTE_FAR ? (uint32_t)n : MOTE_FAR;
                changed = true;
            }
        }
    }
    o->endless = true;
    for (uint32_t s = 1; s < d->n_states; s++) {
        if (o->n_left[s] > MANY)
            o->n_left[s] = UINT32_MAX;
        o->endless = o->endless && o->n_left[s] == UINT32_MAX;
    }
}

/* In place, so one round may see further than a byte; it stops when nothing changes. */
static void measure_steady(mote_schema_compiler *c, mote_settled_object *o) {
    const mote_dfa *d = o->unknown;
    bool changed = true;
    o->steady = mote_schema_alloc(c, d->n_states, sizeof *o->steady);
    if (!o->steady)
        return;
    for (uint32_t s = 0; s < d->n_states; s++)
        o->steady[s] = s == 0 || o->n_left[s] == UINT32_MAX ? MOTE_STEADY_MOST : 0;
    while (changed && !o->endless && mote_schema_work(c, (int64_t)d->n_states * d->n_classes / 20)) {
        changed = false;
        for (uint32_t s = d->n_states; s-- > 1;)
            for (uint32_t k = 0; k < d->n_classes; k++) {
                uint32_t t = d->next[(size_t)s * d->n_classes + k];
                if (o->steady[t] + 1 < o->steady[s]) {
                    o->steady[s] = (uint8_t)(o->steady[t] + 1);
                    changed = true;
                }
            }
    }
}

static void measure_unknown(mote_schema_compiler *c, mote_settled_object *o) {
    const mote_dfa *d = o->unknown;
    o->unknown_cost = mote_schema_alloc(c, d->n_states, sizeof *o->unknown_cost);
    o->known_before = mote_schema_alloc(c, o->n_names + 1, sizeof *o->known_before);
    if (!o->unknown_cost || !o->known_before)
        return;
    uint8_t cost[256];
    costs_of_classes(d, cost);
    for (uint32_t s = 0; s < d->n_states; s++)
        o->unknown_cost[s] = d->label[s] ? mote_far_add(2, mote_node_distance(o->classes[d->label[s] - 1])) : MOTE_FAR;
    for (bool nearer = true; nearer && mote_schema_work(c, (int64_t)d->n_states * d->n_classes / 20);) {
        nearer = false;
        for (uint32_t s = d->n_states; s-- > 1;)
            for (uint32_t k = 0; k < d->n_classes; k++) {
                uint32_t t = d->next[(size_t)s * d->n_classes + k], v = t ? mote_far_add(o->unknown_cost[t], cost[k]) : MOTE_FAR;
                if (v < o->unknown_cost[s]) {
                    o->unknown_cost[s] = v;
                    nearer = true;
                }
            }
    }
    for (uint32_t i = 0; i < o->n_names; i++)
        o->known_before[i + 1] = o->known_before[i] + mote_dfa_accepts(d, o->names[i]);
}

typedef struct priced {
    uint32_t cost, name;
} priced;

static int compare_prices(const void *a, const void *b) {
    const priced *x = a, *y = b;
    return x->cost != y->cost ? (x->cost > y->cost ? 1 : -1) : (x->name > y->name) - (x->name < y->name);
}

static bool price_names(mote_schema_compiler *c, mote_settled_object *o) {
    priced *prices = mote_schema_alloc(c, o->n_names, sizeof *prices);
    o->cheapest = mote_schema_alloc(c, o->n_names, sizeof *o->cheapest);
    if (!prices || !o->cheapest)
        return false;
    for (uint32_t i = 0; i < o->n_names; i++) {
        o->cost[i] = name_cost(o, i);
        if (o->cost[i] >= MOTE_FAR)
            continue;
        set_bit(o->allowed, i);
        deepen(&o->deepest, o->values[i]);
        if (!is_required(o, i))
            prices[o->n_optional++] = (priced){o->cost[i], i};
    }
    if (o->n_optional > 1)
        qsort(prices, o->n_optional, sizeof *prices, compare_prices);
    for (uint32_t i = 0; i < o->n_optional; i++)
        o->cheapest[i] = prices[i].name;
    return true;
}

void mote_settled_object_finish(mote_schema_compiler *c, mote_settled_object *o) {
    if (!price_names(c, o))
        return;
    if (!o->unknown)
        return;
    uint32_t n_labels = o->n_classes + 1;
    uint32_t *to = mote_schema_alloc(c, n_labels, sizeof *to);
    bool changed = false, any = false;
    for (uint32_t i = 0; to && i < o->n_classes; i++) {
        bool live = mote_node_distance(o->classes[i]) < MOTE_FAR;
        to[i + 1] = live ? i + 1 : 0;
        changed = changed || !live;
        any = any || live;
        if (live)
            deepen(&o->deepest, o->classes[i]);
    }
    mote_error err = {0};
    if (to && !any)
        o->unknown = NULL;
    else if (to && changed) {
        mote_status status = mote_dfa_relabel(o->unknown, to, n_labels, c->arena, &o->unknown, &err);
        if (status != MOTE_OK)
            mote_schema_fail(c, status, "patternProperties: %s", err.message);
    }
    if (o->unknown && c->status == MOTE_OK) {
        count_left(c, o);
        if (o->n_left)
            measure_steady(c, o);
        measure_unknown(c, o);
    }
}
