/* One byte: what becomes of a cell between and at the edges of values. */
#include "text/json_schema_machine.h"

static const char *const literals[] = {"null", "false", "true"};

void mote_machine_emit_id(mote_machine *m, uint32_t cell) {
    if (cell != 0 && m->n_out < MOTE_MACHINE_WIDTH)
        m->out[m->n_out++] = cell;
}

void mote_machine_emit(mote_machine *m, const mote_cell *cell) {
    mote_machine_emit_id(m, mote_machine_cell(m, cell));
}

bool mote_machine_fits(const mote_cell *around, const mote_shape_node *node) {
    return node->settled && node->settled->distance < MOTE_FAR && around->depth + node->settled->depth <= MOTE_SCHEMA_MAX_DEPTH;
}

static void begin_literal(mote_machine *m, uint32_t which, const mote_cell *around) {
    mote_cell behind = *around;
    uint32_t parent = 0;
    if (!mote_unique_in(m, around) || mote_unique_take(m, &behind, mote_machine_text(m, 0, (uint8_t)literals[which][0])))
        parent = mote_machine_cell(m, &behind);
    if (parent == 0)
        return;
    mote_cell cell = {.kind = MOTE_CELL_LITERAL, .parent = parent, .shape = which, .a = 1};
    mote_machine_emit(m, &cell);
}

/* As mote_number_complete; inside of unique items what is written already doesn't count. */
static int complete_number(mote_machine *m, uint32_t parent, const mote_number_shape *shape, mote_str text, char *rest) {
    const mote_cell *around = &m->cells[parent];
    return mote_unique_in(m, around) ? mote_unique_complete(m, around, shape, text, rest) : mote_number_complete(shape, text, NULL, rest);
}

static void begin_numbers(mote_machine *m, const mote_settled_node *node, uint32_t parent, uint8_t byte) {
    char rest[MOTE_SCHEMA_MAX_NUMBER + 1], text = (char)byte;
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_NUMBER]; i++) {
        mote_cell cell = {.kind = MOTE_CELL_NUMBER, .parent = parent, .shape = node->shapes[MOTE_SHAPE_NUMBER][i]};
        if (complete_number(m, parent, mote_machine_number(m, &cell), (mote_str){&text, 1}, rest) < 0)
            continue;
        cell.a = mote_machine_text(m, 0, byte);
        mote_machine_emit(m, &cell);
    }
}

static void begin_strings(mote_machine *m, const mote_settled_node *node, uint32_t parent) {
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_STRING]; i++) {
        mote_cell cell = {.kind = MOTE_CELL_STRING, .parent = parent, .shape = node->shapes[MOTE_SHAPE_STRING][i]};
        const mote_settled_string *s = mote_machine_string(m, &cell);
        cell.a = s->dfa->start;
        if (mote_unique_in(m, &m->cells[parent]))
            cell.g = mote_machine_text(m, 0, '"');
        if (mote_settled_string_rest(s, cell.a, 0) < MOTE_FAR && (cell.g == 0 || mote_unique_string_lives(m, &cell)))
            mote_machine_emit(m, &cell);
    }
}

static void begin_arrays(mote_machine *m, const mote_settled_node *node, uint32_t parent, uint8_t depth) {
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_ARRAY]; i++) {
        mote_cell cell = {.kind = MOTE_CELL_ARRAY, .phase = MOTE_PHASE_FIRST, .depth = (uint8_t)(depth + 1), .parent = parent, .shape = node->shapes[MOTE_SHAPE_ARRAY][i]};
        const mote_settled_array *a = mote_machine_array(m, &cell);
        if (a->reach < MOTE_FAR && depth + a->depth <= MOTE_SCHEMA_MAX_DEPTH)
            mote_machine_emit(m, &cell);
    }
}

static void begin_objects(mote_machine *m, const mote_settled_node *node, uint32_t parent, uint8_t depth) {
    for (uint32_t i = 0; i < node->n[MOTE_SHAPE_OBJECT]; i++) {
        mote_cell cell = {.kind = MOTE_CELL_OBJECT, .phase = MOTE_PHASE_FIRST, .depth = (uint8_t)(depth + 1), .parent = parent, .shape = node->shapes[MOTE_SHAPE_OBJECT][i]};
        const mote_settled_object *o = mote_machine_object(m, &cell);
        if (o->reach >= MOTE_FAR || depth + o->depth > MOTE_SCHEMA_MAX_DEPTH)
            continue;
        cell.a = mote_machine_set(m, cell.shape, o->nothing, o->n_words, o->n_required);
        mote_machine_emit(m, &cell);
    }
}

void mote_machine_begin_value(mote_machine *m, const mote_shape_node *shape, const mote_cell *around, uint8_t byte) {
    const mote_settled_node *node = shape->settled;
    uint32_t parent = mote_machine_cell(m, around);
    if (m->full)
        return;
    if (byte == 'n' && node->null)
        begin_literal(m, 0, around);
    else if (byte == 'f' && node->no)
        begin_literal(m, 1, around);
    else if (byte == 't' && node->yes)
        begin_literal(m, 2, around);
    else if (byte == '"')
        begin_strings(m, node, parent);
    else if (byte == '[')
        begin_arrays(m, node, parent, around->depth);
    else if (byte == '{')
        begin_objects(m, node, parent, around->depth);
    else if (byte == '-' || (byte >= '0' && byte <= '9'))
        begin_numbers(m, node, parent, byte);
}

/* The cell that waits for something else than this byte gets one more byte of white space. */
static bool take_space(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r')
        return false;
    if (cell->space < MOTE_SCHEMA_MAX_SPACE) {
        mote_cell more = *cell;
        more.space++;
        mote_machine_emit(m, &more);
    }
    return true;
}

static bool may_follow_number(uint8_t byte) {
    return byte == ',' || byte == ']' || byte == '}' || byte == ' ' || byte == '\n' || byte == '\t' || byte == '\r';
}

static void step_number(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    char text[MOTE_SCHEMA_MAX_NUMBER + 2], rest[MOTE_SCHEMA_MAX_NUMBER + 1];
    size_t n = mote_machine_read_text(m, cell->a, text, MOTE_SCHEMA_MAX_NUMBER);
    const mote_number_shape *shape = mote_machine_number(m, cell);
    bool digit = (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '+' || byte == 'e' || byte == 'E';
    if (digit && n < MOTE_SCHEMA_MAX_NUMBER) {
        text[n] = (char)byte;
        if (complete_number(m, cell->parent, shape, (mote_str){text, n + 1}, rest) < 0)
            return;
        mote_cell more = *cell;
        more.a = mote_machine_text(m, cell->a, byte);
        mote_machine_emit(m, &more);
    } else if (!digit && may_follow_number(byte) && complete_number(m, cell->parent, shape, (mote_str){text, n}, rest) == 0) {
        mote_cell parent = m->cells[cell->parent];
        if (!mote_unique_in(m, &parent) || mote_unique_take(m, &parent, mote_unique_number(m, (mote_str){text, n})))
            mote_machine_step_cell(m, &parent, byte);
    }
}

static void step_literal(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    const char *text = literals[cell->shape];
    if (text[cell->a] != (char)byte)
        return;
    mote_cell more = *cell;
    more.a++;
    if (text[more.a] == '\0')
        mote_machine_emit_id(m, cell->parent);
    else
        mote_machine_emit(m, &more);
}

static void begin_items(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    const mote_settled_array *a = mote_machine_array(m, cell);
    for (unsigned mask = 0; mask < 1u << a->n_contains; mask++) {
        mote_cell after;
        const mote_shape_node *node = mote_array_next(m, cell, mask, &after);
        if (node)
            mote_machine_begin_value(m, node, &after, byte);
    }
}

static void step_array(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    if (take_space(m, cell, byte))
        return;
    if (byte == ']' && cell->phase != MOTE_PHASE_NEXT) {
        if (mote_array_closes(m, cell))
            mote_machine_emit_id(m, cell->parent);
    } else if (cell->phase != MOTE_PHASE_AFTER)
        begin_items(m, cell, byte);
    else if (byte == ',' && mote_array_has_more(m, cell)) {
        mote_cell next = *cell;
        next.phase = MOTE_PHASE_NEXT;
        next.space = 0;
        mote_machine_emit(m, &next);
    }
}

static void step_object(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    if (take_space(m, cell, byte))
        return;
    mote_cell next = *cell;
    next.space = 0;
    if (cell->phase == MOTE_PHASE_COLON && byte == ':') {
        next.phase = MOTE_PHASE_VALUE;
        mote_machine_emit(m, &next);
    } else if (cell->phase == MOTE_PHASE_VALUE) {
        const mote_shape_node *node = mote_object_pending(m, cell);
        next.phase = MOTE_PHASE_AFTER;
        next.c = 0;
        mote_machine_begin_value(m, node, &next, byte);
    } else if (byte == '}' && cell->phase <= MOTE_PHASE_AFTER) {
        if (mote_object_closes(m, cell))
            mote_machine_emit_id(m, cell->parent);
    } else if (byte == ',' && cell->phase == MOTE_PHASE_AFTER) {
        next.phase = MOTE_PHASE_NEXT;
        if (mote_object_has_more(m, cell))
            mote_machine_emit(m, &next);
    } else if (byte == '"' && (cell->phase == MOTE_PHASE_FIRST || cell->phase == MOTE_PHASE_NEXT) && mote_object_has_more(m, cell))
        mote_object_begin_name(m, cell);
}

static void step_top(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    if (take_space(m, cell, byte) || cell->phase == MOTE_PHASE_AFTER)
        return;
    mote_cell after = {.kind = MOTE_CELL_TOP, .phase = MOTE_PHASE_AFTER};
    mote_machine_begin_value(m, m->schema->root, &after, byte);
}

void mote_machine_step_cell(mote_machine *m, const mote_cell *cell, uint8_t byte) {
    switch ((mote_cell_kind)cell->kind) {
    case MOTE_CELL_TOP:
        step_top(m, cell, byte);
        break;
    case MOTE_CELL_LITERAL:
        step_literal(m, cell, byte);
        break;
    case MOTE_CELL_NUMBER:
        step_number(m, cell, byte);
        break;
    case MOTE_CELL_ARRAY:
        step_array(m, cell, byte);
        break;
    case MOTE_CELL_OBJECT:
        step_object(m, cell, byte);
        break;
    case MOTE_CELL_STRING:
    case MOTE_CELL_NAME:
        mote_machine_step_text(m, cell, byte);
        break;
    }
}
