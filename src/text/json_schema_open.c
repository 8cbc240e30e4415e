/* Places in strings and names where any text may follow. There, what a quote leads to is decided by few texts: known names, written ones, and strings of alternatives that aren't
 * open; all others are as one. */
#include "text/json_schema_machine.h"

#include "text/json_schema_text.h"

static mote_machine *machine(mote_automaton *a) {
    return (mote_machine *)(void *)a;
}

/* The quote ends the string behind any text of 1 … MOTE_AUTOMATON_WITHIN characters, or behind none of them. */
static bool open_string(mote_machine *m, const mote_cell *cell, mote_automaton_open *open) {
    const mote_settled_string *s = mote_machine_string(m, cell);
    if (!s->is_any || cell->a != s->dfa->start || cell->c != 0 || cell->g != 0)
        return false;
    uint32_t soon = cell->b + 1, late = cell->b + MOTE_AUTOMATON_WITHIN;
    if (!s->bounded) {
        soon = soon < s->last ? soon : s->last;
        late = late < s->last ? late : s->last;
    }
    uint32_t rest_soon = mote_settled_string_rest(s, cell->a, soon), rest_late = mote_settled_string_rest(s, cell->a, late);
    if (rest_late >= MOTE_FAR || (rest_soon == 0) != (rest_late == 0))
        return false;
    open->is_within = open->is_within || s->bounded || rest_soon != 0;
    if (rest_soon == 0)
        mote_machine_emit_id(m, cell->parent);
    return true;
}

static bool open_name(mote_machine *m, const mote_cell *cell) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    mote_cell other = *cell; /* one that no schema knows, and that isn't written */
    if (!o->unknown || !o->is_any || cell->d >> 16 != o->unknown->start || cell->e != 0 || cell->space != 0)
        return false;
    other.c = 0;
    other.d = o->unknown->start << 16;
    other.g = MOTE_TEXT_NEW;
    if (!mote_name_lives(m, &other))
        return false;
    mote_name_end(m, &other);
    return true;
}

bool mote_machine_open(mote_automaton *a, mote_state s, mote_automaton_open *open) {
    mote_machine *m = machine(a);
    m->n_out = 0;
    m->full = false;
    *open = (mote_automaton_open){.most = UINT32_MAX};
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++) {
        mote_cell cell = m->cells[m->tops[i]];
        if (cell.kind != MOTE_CELL_STRING && cell.kind != MOTE_CELL_NAME)
            return false;
        bool is_open = cell.kind == MOTE_CELL_STRING ? open_string(m, &cell, open) : open_name(m, &cell);
        if (!is_open && cell.kind == MOTE_CELL_STRING && (cell.g != 0 || mote_machine_string(m, &cell)->is_any))
            return false; /* its end depends on what all of its text is */
        if (!is_open)
            continue;
        uint32_t rest = mote_machine_open_rest(m, &cell);
        open->most = rest < open->most ? rest : open->most;
    }
    open->behind = mote_machine_state(m);
    return open->most < MOTE_FAR && open->behind != MOTE_STATE_FULL;
}

static void add_known(const mote_machine *m, const mote_cell *cell, bool *is_special) {
    const mote_settled_object *o = mote_machine_object(m, cell);
    uint32_t depth = cell->d & 0xffff;
    for (uint32_t i = cell->c >> 16; i < (cell->c & 0xffff); i++)
        if (o->names[i].len > depth)
            is_special[(uint8_t)o->names[i].data[depth]] = true;
}

/* The names that are written and go on behind this one. */
static void add_written(const mote_machine *m, const mote_cell *cell, bool *is_special) {
    if (cell->g == MOTE_TEXT_NEW)
        return;
    for (uint32_t list = cell->f; list != 0; list = m->lists[list].next) {
        uint32_t t = m->lists[list].text;
        if (m->text_len[t] <= m->text_len[cell->g])
            continue;
        while (m->text_len[t] > m->text_len[cell->g] + 1)
            t = m->text_parent[t];
        if (m->text_parent[t] == cell->g)
            is_special[m->text_byte[t]] = true;
    }
}

static void add_living(const mote_dfa *dfa, uint32_t state, bool *is_special) {
    for (unsigned byte = 0; byte < 256 && state != 0; byte++)
        is_special[byte] = is_special[byte] || mote_dfa_step(dfa, state, (uint8_t)byte) != 0;
}

size_t mote_machine_special(mote_automaton *a, mote_state s, uint8_t bytes[256]) {
    mote_machine *m = machine(a);
    bool is_special[256] = {false};
    size_t n = 0;
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++) {
        const mote_cell *cell = &m->cells[m->tops[i]];
        if (cell->kind == MOTE_CELL_NAME) {
            const mote_settled_object *o = mote_machine_object(m, cell);
            add_known(m, cell, is_special);
            add_written(m, cell, is_special);
            if (o->unknown && !o->is_any)
                add_living(o->unknown, cell->d >> 16, is_special);
        } else if (!mote_machine_string(m, cell)->is_any)
            add_living(mote_machine_string(m, cell)->dfa, cell->a, is_special);
    }
    for (unsigned byte = 0; byte < 256; byte++)
        if (is_special[byte])
            bytes[n++] = (uint8_t)byte;
    return n;
}
