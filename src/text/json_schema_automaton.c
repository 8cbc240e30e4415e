/* The automaton's operations. */
#include "text/json_schema_machine.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/json_schema_text.h"

static mote_machine *machine(mote_automaton *a) {
    return (mote_machine *)(void *)a;
}

static mote_state start(mote_automaton *a) {
    mote_machine *m = machine(a);
    mote_cell top = {.kind = MOTE_CELL_TOP};
    m->n_out = 0;
    m->full = false;
    mote_machine_emit(m, &top);
    return mote_machine_state(m);
}

static mote_machine_step *step_slot(mote_machine *m, uint32_t from, uint8_t byte, uint8_t mode) {
    return &m->steps[((from * 2654435761u >> 7) ^ byte * 0x9e37u ^ mode * 0x5555u) & (MOTE_MACHINE_STEPS - 1)];
}

static mote_state step(mote_automaton *a, mote_state s, unsigned char byte) {
    mote_machine *m = machine(a);
    const uint8_t mode = m->looking ? MOTE_STEP_LOOK : MOTE_STEP_REAL;
    mote_machine_step *slot = step_slot(m, s, byte, mode);
    if (s == MOTE_STATE_DEAD || s >= m->n_states)
        return MOTE_STATE_DEAD;
    if (slot->from == s && slot->byte == byte && slot->mode == mode)
        return slot->to;
    m->n_out = 0;
    m->full = false;
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++) {
        mote_cell cell = m->cells[m->tops[i]];
        mote_machine_step_cell(m, &cell, byte);
    }
    mote_state to = mote_machine_state(m);
    if (to != MOTE_STATE_FULL && !m->unsure)
        *slot = (mote_machine_step){s, to, byte, mode};
    return to;
}

static bool accepts(mote_automaton *a, mote_state s) {
    mote_machine *m = machine(a);
    char text[MOTE_SCHEMA_MAX_NUMBER + 1], rest[MOTE_SCHEMA_MAX_NUMBER + 1];
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++) {
        const mote_cell *cell = &m->cells[m->tops[i]];
        if (cell->kind == MOTE_CELL_TOP && cell->phase == MOTE_PHASE_AFTER)
            return true;
        if (cell->kind != MOTE_CELL_NUMBER || m->cells[cell->parent].kind != MOTE_CELL_TOP)
            continue;
        size_t n = mote_machine_read_text(m, cell->a, text, MOTE_SCHEMA_MAX_NUMBER);
        if (mote_number_complete(mote_machine_number(m, cell), (mote_str){text, n}, NULL, rest) == 0)
            return true;
    }
    return false;
}

static uint32_t nearest(mote_machine *m, mote_state s, int *first) {
    uint32_t best = UINT32_MAX;
    *first = -1;
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++) {
        mote_cell cell = m->cells[m->tops[i]];
        int own;
        uint32_t d = mote_machine_distance(m, &cell, &own);
        if (d < best) {
            best = d;
            *first = own;
        }
    }
    return best >= MOTE_FAR ? UINT32_MAX : best;
}

static uint32_t distance(mote_automaton *a, mote_state s) {
    mote_machine *m = machine(a);
    uint32_t best = UINT32_MAX;
    if (s != MOTE_STATE_DEAD && accepts(a, s))
        return 0;
    for (uint32_t i = s == MOTE_STATE_DEAD ? 0 : m->state_from[s]; s != MOTE_STATE_DEAD && i < m->state_from[s + 1]; i++) {
        uint32_t own = mote_machine_rest(m, m->tops[i]);
        best = own < best ? own : best;
    }
    return best >= MOTE_FAR ? UINT32_MAX : best;
}

static int closing(mote_automaton *a, mote_state s) {
    int first = -1;
    if (s != MOTE_STATE_DEAD && !accepts(a, s))
        nearest(machine(a), s, &first);
    return first;
}

/* What decides inside of strings and names: the cells without what is around them. A string's count becomes one that is as good for n bytes. */
static uint32_t key_within(mote_automaton *a, mote_state s, uint32_t n_bytes) {
    mote_machine *m = machine(a);
    mote_cell cells[MOTE_MACHINE_WIDTH];
    uint32_t n = 0;
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++) {
        mote_cell cell = m->cells[m->tops[i]];
        if (cell.kind != MOTE_CELL_STRING && cell.kind != MOTE_CELL_NAME)
            return 0;
        if (cell.kind == MOTE_CELL_STRING && cell.g != 0 && m->cells[cell.parent].f != 0 && !mote_machine_string(m, &cell)->endless)
            return 0; /* likewise */
        if (cell.kind == MOTE_CELL_STRING)
            cell.g = 0;
        cell.parent = 0;
        if (cell.kind == MOTE_CELL_STRING)
            cell.b = mote_settled_string_like(mote_machine_string(m, &cell), cell.b, n_bytes);
        if (cell.kind == MOTE_CELL_NAME) {
            const mote_settled_object *o = mote_machine_object(m, &cell);
            if ((cell.f != 0 || cell.space != 0) && o->unknown && !o->endless && o->steady[cell.d >> 16] <= n_bytes)
                return 0; /* how many names are left depends on those that are written */
            cell.f = 0;   /* else they decide about the quote only */
            cell.g = MOTE_TEXT_NEW;
        }
        if (cell.kind == MOTE_CELL_NAME && cell.depth + mote_machine_object(m, &cell)->deepest <= MOTE_SCHEMA_MAX_DEPTH)
            cell.depth = 0;
        cells[n++] = cell;
    }
    return n > 0 ? mote_machine_key(m, cells, n) : 0;
}

static uint32_t key(mote_automaton *a, mote_state s) {
    return key_within(a, s, UINT32_MAX);
}

static uint32_t inner(mote_automaton *a, uint32_t from, unsigned char byte) {
    mote_machine *m = machine(a);
    mote_machine_step *slot = step_slot(m, from, byte, MOTE_STEP_KEY);
    if (slot->from == from && slot->byte == byte && slot->mode == MOTE_STEP_KEY)
        return slot->to;
    mote_cell cells[MOTE_MACHINE_WIDTH];
    uint32_t n = 0, to;
    bool left = false;
    for (uint32_t i = m->key_from[from]; i < m->key_from[from + 1]; i++) {
        mote_cell cell = m->key_cells[i];
        if (cell.kind == MOTE_CELL_NAME && cell.a <= m->set_base)
            return MOTE_STATE_LEFT; /* its name set has been given up */
        if (byte == '"' && mote_text_escape(&cell).mode == MOTE_ESCAPE_NONE)
            left = left || cell.kind == MOTE_CELL_NAME || mote_settled_string_rest(mote_machine_string(m, &cell), cell.a, cell.b) == 0;
        else if (mote_text_step(m, &cell, byte))
            cells[n++] = cell;
    }
    if (left)
        to = MOTE_STATE_LEFT;
    else if (n == 0)
        to = MOTE_STATE_DEAD;
    else if ((to = mote_machine_key(m, cells, n)) == 0)
        return MOTE_STATE_LEFT; /* no room for a key: the step itself will tell */
    *slot = (mote_machine_step){from, to, byte, MOTE_STEP_KEY};
    return to;
}

static bool look(mote_automaton *a, bool on) {
    mote_machine *m = machine(a);
    bool sure = !m->unsure;
    m->looking = on;
    m->unsure = false;
    return sure;
}

static mote_state refresh(mote_automaton *a, mote_state s) {
    return mote_machine_refresh(machine(a), s);
}

static void free_automaton(mote_automaton *a) {
    mote_mem_free(machine(a)->memory);
    mote_mem_free(machine(a));
}

mote_status mote_json_schema_automaton(const mote_json_schema *schema, mote_automaton **a, mote_error *err) {
    static const mote_automaton_ops ops = {start, step, accepts, distance, closing, key, inner, refresh, free_automaton, key_within, look};
    *a = NULL;
    mote_machine *m = mote_mem_zalloc_array(1, sizeof *m);
    if (!m)
        return mote_error_alloc(err, sizeof *m);
    m->base.ops = &ops;
    m->schema = schema;
    if (!mote_machine_init(m)) {
        free_automaton(&m->base);
        return mote_error_alloc(err, (size_t)MOTE_MACHINE_CELLS * sizeof *m->cells);
    }
    *a = &m->base;
    return MOTE_OK;
}
