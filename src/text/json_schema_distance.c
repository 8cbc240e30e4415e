/* How far it is to the end of the text, and which byte goes there. Each frame knows what it still needs; what is around it is as it will be behind its value. */
#include "text/json_schema_machine.h"

#include "text/json_schema_text.h"

#include <stdio.h>

static uint32_t frame_rest(mote_machine *m, const mote_cell *cell, int *first);

/* The first byte of a node's shortest value. */
static int first_of(mote_machine *m, const mote_settled_node *node) {
    char rest[MOTE_SCHEMA_MAX_NUMBER + 1];
    uint32_t best = node->distance;
    if (node->null && best == 4)
        return 'n';
    if (node->yes && best == 4)
        return 't';
    if (node->no && best == 5)
        return 'f';
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_NUMBER]; i++) {
        mote_cell cell = {.shape = node->shapes[MOTE_SHAPE_NUMBER][i]};
        int n = mote_number_complete(mote_machine_number(m, &cell), MOTE_STR(""), NULL, rest);
        if (n > 0 && (uint32_t)n == best)
            return rest[0];
    }
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_STRING]; i++) {
        mote_cell cell = {.shape = node->shapes[MOTE_SHAPE_STRING][i]};
        if (mote_settled_string_distance(mote_machine_string(m, &cell)) == best)
            return '"';
    }
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_ARRAY]; i++) {
        mote_cell cell = {.shape = node->shapes[MOTE_SHAPE_ARRAY][i]};
        if (mote_machine_array(m, &cell)->reach == best)
            return '[';
    }
    return '{';
}

/* A string that may not become one of those written: it ends where it differs, or goes on, away from them if it can. */
static uint32_t unlike_rest(mote_machine *m, const mote_cell *cell, int *first) {
    const mote_settled_string *s = mote_machine_string(m, cell);
    uint32_t list = m->cells[cell->parent].f, best = MOTE_FAR;
    if (mote_settled_string_rest(s, cell->a, cell->b) == 0 && !mote_machine_listed(m, list, cell->g)) {
        *first = '"';
        return 1;
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        mote_cell next = *cell;
        unsigned cost = mote_json_byte_cost((uint8_t)byte);
        if (!mote_text_feed(m, &next, (uint8_t)byte))
            continue;
        uint32_t own = mote_far_add(mote_settled_string_rest(s, next.a, next.b), cost + (mote_machine_listed_below(m, list, next.g) > 0 ? MOTE_UNLIKE_BYTES : 0));
        if (own < best) {
            best = own;
            *first = cost == 1 ? (int)byte : '\\';
        }
    }
    return mote_far_add(best, 1);
}

static uint32_t string_rest(mote_machine *m, const mote_cell *cell, int *first) {
    const mote_settled_string *s = mote_machine_string(m, cell);
    uint32_t rest = mote_settled_string_rest(s, cell->a, cell->b);
    if (cell->g != 0 && cell->g != MOTE_TEXT_NEW && mote_machine_listed_below(m, m->cells[cell->parent].f, cell->g) > 0)
        return unlike_rest(m, cell, first);
    *first = '"';
    for (unsigned byte = 0; rest > 0 && byte < 256; byte++) {
        mote_cell next = *cell;
        unsigned cost = mote_json_byte_cost((uint8_t)byte);
        if (mote_text_feed(m, &next, (uint8_t)byte) && mote_settled_string_rest(s, next.a, next.b) + cost == rest) {
            *first = cost == 1 ? (int)byte : '\\';
            break;
        }
    }
    return mote_far_add(rest, 1);
}

/* Behind a backslash: the short escapes, then control characters by number, then whatever there is. */
static uint32_t escape_begun_rest(mote_machine *m, const mote_cell *plain, int *first) {
    uint32_t best = MOTE_FAR, found;
    int unused;
    for (unsigned byte = 0; byte < 128; byte++) {
        mote_cell next = *plain;
        bool control = byte < 0x20;
        int meant = control ? (int)byte : mote_text_simple_escape((uint8_t)byte);
        if (meant < 0 || !mote_text_feed(m, &next, (uint8_t)meant))
            continue;
        uint32_t own = mote_far_add(frame_rest(m, &next, &unused), control ? 5 : 1);
        if (own < best) {
            best = own;
            *first = control ? 'u' : (int)byte;
        }
    }
    if (best < MOTE_FAR || !mote_text_find(m, plain, 0, 0x10ffff, &found))
        return best;
    mote_cell next = *plain;
    mote_text_feed_code_point(m, &next, found);
    *first = 'u';
    return mote_far_add(frame_rest(m, &next, &unused), found < 0x10000 ? 5 : 11);
}

static uint32_t escape_rest(mote_machine *m, const mote_cell *cell, int *first) {
    mote_escape e = mote_text_escape(cell);
    mote_cell next = *cell;
    uint32_t found, n;
    int unused;
    if (cell->kind == MOTE_CELL_STRING)
        next.c = 0;
    else
        next.e = 0;
    if (e.mode == MOTE_ESCAPE_BEGUN)
        return escape_begun_rest(m, &next, first);
    if (!mote_text_find_escaped(m, cell, &found))
        return MOTE_FAR;
    mote_text_feed_code_point(m, &next, found);
    char digits[8];
    if (e.mode == MOTE_ESCAPE_HEX) {
        snprintf(digits, sizeof digits, "%04x", found < 0x10000 ? found : 0xd800 + ((found - 0x10000) >> 10));
        *first = digits[e.n_digits];
        n = 4 - e.n_digits + (found < 0x10000 ? 0 : 6);
    } else if (e.mode == MOTE_ESCAPE_LOW) {
        snprintf(digits, sizeof digits, "%04x", 0xdc00 + (found & 0x3ff));
        *first = digits[e.n_digits];
        n = 4 - e.n_digits;
    } else {
        *first = e.mode == MOTE_ESCAPE_HIGH ? '\\' : 'u';
        n = e.mode == MOTE_ESCAPE_HIGH ? 6 : 5;
    }
    return mote_far_add(frame_rest(m, &next, &unused), n);
}

/* With `counted` items behind it: the others that are needed, and the bracket. */
static uint32_t array_after(mote_machine *m, const mote_cell *cell) {
    const mote_settled_array *a = mote_machine_array(m, cell);
    if (a->n_contains > 0)
        return a->distance[(size_t)(cell->a < a->n_places ? cell->a : a->n_places - 1) * a->n_counts + cell->b];
    uint32_t sum = 1;
    for (uint32_t i = cell->a; i < a->min; i++) {
        uint32_t times = i < a->n_prefix ? 1 : a->min - i, own = mote_node_distance(a->items[i < a->n_prefix ? i : a->n_prefix]) + (a->unique ? 1 + MOTE_UNLIKE_BYTES : 1);
        if ((uint64_t)own * times >= MOTE_FAR)
            return MOTE_FAR;
        sum = mote_far_add(sum, own * times);
        if (i >= a->n_prefix)
            break;
    }
    return sum;
}

static uint32_t array_rest(mote_machine *m, const mote_cell *cell, int *first) {
    const mote_settled_array *a = mote_machine_array(m, cell);
    uint32_t best = MOTE_FAR;
    if (cell->phase != MOTE_PHASE_NEXT && mote_array_closes(m, cell)) {
        *first = ']';
        return 1;
    }
    if (cell->phase == MOTE_PHASE_AFTER) {
        *first = ',';
        return array_after(m, cell);
    }
    for (unsigned mask = 0; mask < 1u << a->n_contains; mask++) {
        mote_cell after;
        const mote_shape_node *node = mote_array_next(m, cell, mask, &after);
        int begins = -1;
        uint32_t own = !node ? MOTE_FAR : a->unique ? mote_unique_item(m, cell, node, &begins) : mote_node_distance(node);
        own = mote_far_add(own, node ? array_after(m, &after) : 0);
        if (own < best) {
            best = own;
            *first = a->unique ? begins : first_of(m, node->settled);
        }
    }
    return best;
}

static bool has_bit(const uint64_t *bits, uint32_t i) {
    return bits[i / 64] >> (i % 64) & 1;
}

/* Members that are needed when `plus` has been written as well (UINT32_MAX: nothing), each with a comma, and the brace. b: members begun, plus included. */
static uint32_t object_after(mote_machine *m, const mote_cell *cell, uint32_t b, uint32_t plus) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    const mote_name_set *set = mote_machine_set_at(m, cell->a);
    const uint64_t *seen = m->set_words + set->offset;
    uint32_t sum = 1, missing = 0;
    for (uint32_t word = 0; word < o->n_words && set->missing > 0; word++)
        for (uint64_t bits = o->required[word] & ~seen[word]; bits != 0; bits &= bits - 1) {
            uint32_t i = word * 64 + (uint32_t)__builtin_ctzll(bits);
            if (i == plus)
                continue;
            sum = mote_far_add(sum, o->cost[i] + 1);
            missing++;
        }
    uint32_t extra = o->min > b + missing ? o->min - b - missing : 0;
    for (uint32_t i = 0; extra > 0 && i < o->n_optional; i++)
        if (!has_bit(seen, o->cheapest[i]) && o->cheapest[i] != plus) {
            sum = mote_far_add(sum, o->cost[o->cheapest[i]] + 1);
            extra--;
        }
    if (extra == 0)
        return sum;
    uint64_t each = o->unknown ? o->unknown_cost[o->unknown->start] + 2 + (extra > 1 || b > 0 ? MOTE_UNLIKE_BYTES : 0) : MOTE_FAR;
    return extra * each < MOTE_FAR ? mote_far_add(sum, (uint32_t)(extra * each)) : MOTE_FAR;
}

/* A name that no schema knows, to the end of its value. Where other names begin in the same way, known ones or written ones, a byte that leads away from them. */
static uint32_t unknown_rest(mote_machine *m, const mote_cell *cell, int *first) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    uint32_t state = cell->d >> 16, best = MOTE_FAR;
    bool shared = (cell->c >> 16) < (cell->c & 0xffff) || mote_machine_listed_below(m, cell->f, cell->g) > 0;
    if (!o->unknown || state == 0 || !mote_object_spare(m, cell))
        return MOTE_FAR;
    if (o->unknown->label[state] != 0 && mote_name_known(m, cell) == UINT32_MAX && !mote_machine_listed(m, cell->f, cell->g)) {
        *first = '"';
        best = mote_far_add(2, mote_node_distance(o->classes[o->unknown->label[state] - 1]));
    }
    for (unsigned byte = 0; byte < 256; byte++) {
        mote_cell next = *cell;
        unsigned cost = mote_json_byte_cost((uint8_t)byte);
        uint32_t own = mote_far_add(o->unknown_cost[mote_dfa_step(o->unknown, state, (uint8_t)byte)], cost);
        if (own >= best || (shared && !mote_name_step(m, &next, (uint8_t)byte))) /* most bytes are out by what they cost at least */
            continue;
        if (shared && ((next.c >> 16) < (next.c & 0xffff) || mote_machine_listed_below(m, next.f, next.g) > 0))
            own = mote_far_add(own, MOTE_UNLIKE_BYTES); /* it has to leave them later */
        if (own < best) {
            best = own;
            *first = cost == 1 ? (int)byte : '\\';
        }
    }
    return best;
}

static uint32_t name_rest(mote_machine *m, const mote_cell *cell, int *first) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    const uint64_t *seen = m->set_words + mote_machine_set_at(m, cell->a)->offset;
    uint32_t depth = cell->d & 0xffff, b = cell->b + 1, best = MOTE_FAR;
    uint32_t all = object_after(m, cell, b, UINT32_MAX), read = 1; /* the quote and what all of these names begin with */
    bool spare = mote_object_spare(m, cell);
    for (uint32_t k = 0; k < depth; k++)
        read += mote_json_byte_cost((uint8_t)o->names[cell->c >> 16].data[k]);
    for (uint32_t i = cell->c >> 16; i < (cell->c & 0xffff); i++) {
        bool required = has_bit(o->required, i);
        if (!has_bit(o->allowed, i) || has_bit(seen, i) || !(required || spare) || !mote_machine_fits(cell, o->values[i]))
            continue;
        uint32_t own = o->cost[i] - read;
        own = mote_far_add(own, b >= o->min ? all - (required ? o->cost[i] + 1 : 0) : object_after(m, cell, b, i));
        if (own < best) {
            best = own;
            uint8_t next = depth < o->names[i].len ? (uint8_t)o->names[i].data[depth] : '"';
            *first = depth < o->names[i].len && mote_json_byte_cost(next) > 1 ? '\\' : next;
        }
    }
    int other = -1;
    uint32_t unknown = mote_far_add(unknown_rest(m, cell, &other), all);
    if (unknown < best)
        *first = other;
    return unknown < best ? unknown : best;
}

static uint32_t object_rest(mote_machine *m, const mote_cell *cell, int *first) {
    uint32_t rest = object_after(m, cell, cell->b, UINT32_MAX);
    int unused;
    if (cell->phase == MOTE_PHASE_COLON || cell->phase == MOTE_PHASE_VALUE) {
        const mote_shape_node *node = mote_object_pending(m, cell);
        *first = cell->phase == MOTE_PHASE_COLON ? ':' : first_of(m, node->settled);
        return mote_far_add(rest, mote_node_distance(node) + (cell->phase == MOTE_PHASE_COLON));
    }
    if (cell->phase != MOTE_PHASE_NEXT && mote_object_closes(m, cell)) {
        *first = '}';
        return 1;
    }
    *first = cell->phase == MOTE_PHASE_AFTER ? ',' : '"';
    if (cell->phase == MOTE_PHASE_AFTER)
        return rest;
    mote_cell name = *cell;
    const mote_settled_object *o = mote_machine_object(m, cell);
    name.kind = MOTE_CELL_NAME;
    name.c = o->n_names;
    name.d = o->unknown ? o->unknown->start << 16 : 0;
    name.e = name.g = 0;
    return mote_far_add(name_rest(m, &name, &unused), 1);
}

/* What the frame needs to its own end; *first is -1 where that is nothing. */
static uint32_t frame_rest(mote_machine *m, const mote_cell *cell, int *first) {
    char text[MOTE_SCHEMA_MAX_NUMBER + 1], rest[MOTE_SCHEMA_MAX_NUMBER + 1];
    *first = -1;
    switch ((mote_cell_kind)cell->kind) {
    case MOTE_CELL_TOP:
        if (cell->phase == MOTE_PHASE_AFTER)
            return 0;
        *first = first_of(m, m->schema->root->settled);
        return m->schema->root->settled->distance;
    case MOTE_CELL_LITERAL:
        *first = "null\0false\0true"[(cell->shape == 0 ? 0 : cell->shape == 1 ? 5 : 11) + cell->a];
        return (cell->shape == 1 ? 5 : 4) - cell->a;
    case MOTE_CELL_NUMBER: {
        size_t len = mote_machine_read_text(m, cell->a, text, MOTE_SCHEMA_MAX_NUMBER);
        const mote_cell *around = &m->cells[cell->parent];
        const mote_number_shape *shape = mote_machine_number(m, cell);
        int n = mote_unique_in(m, around) ? mote_unique_complete(m, around, shape, (mote_str){text, len}, rest) : mote_number_complete(shape, (mote_str){text, len}, NULL, rest);
        if (n > 0)
            *first = rest[0];
        return n < 0 ? MOTE_FAR : (uint32_t)n;
    }
    case MOTE_CELL_STRING:
    case MOTE_CELL_NAME:
        if (mote_text_escape(cell).mode != MOTE_ESCAPE_NONE)
            return escape_rest(m, cell, first);
        return cell->kind == MOTE_CELL_STRING ? string_rest(m, cell, first) : name_rest(m, cell, first);
    case MOTE_CELL_ARRAY:
        return array_rest(m, cell, first);
    case MOTE_CELL_OBJECT:
        return object_rest(m, cell, first);
    }
    return MOTE_FAR;
}

/* As deep as values may nest, so it may call itself. */
uint32_t mote_machine_rest(mote_machine *m, uint32_t id) {
    int unused;
    if (id == 0)
        return 0;
    if (m->rests[id] == 0) {
        mote_cell cell = m->cells[id];
        m->probing++;
        uint32_t own = frame_rest(m, &cell, &unused);
        m->probing--;
        m->rests[id] = mote_far_add(own, mote_machine_rest(m, cell.parent)) + 1;
    }
    return m->rests[id] - 1;
}

uint32_t mote_machine_distance(mote_machine *m, const mote_cell *cell, int *first) {
    uint32_t sum = 0;
    *first = -1;
    m->probing++;
    for (mote_cell at = *cell;; at = m->cells[at.parent]) {
        int own;
        sum = mote_far_add(sum, frame_rest(m, &at, &own));
        *first = *first < 0 ? own : *first;
        if (at.parent == 0)
            break;
    }
    m->probing--;
    return sum;
}
