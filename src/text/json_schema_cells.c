/* The tables of a running automaton: interning by open addressing, and dropping all that one state doesn't need. */
#include "text/json_schema_machine.h"

#include "base/mem.h"

#include <stdlib.h>

static uint32_t hash_words(const uint32_t *words, size_t n) {
    uint64_t h = n * 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < n; i++) {
        h = (h ^ words[i]) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return (uint32_t)h;
}

/* One block for everything; the sum is some twenty megabytes, of which the system gives pages when they are touched. */
bool mote_machine_init(mote_machine *m) {
    struct {
        void **to;
        size_t bytes;
    } parts[] = {
        {(void **)&m->cells, sizeof(mote_cell) * MOTE_MACHINE_CELLS},
        {(void **)&m->cell_table, sizeof(uint32_t) * 2 * MOTE_MACHINE_CELLS},
        {(void **)&m->remap, sizeof(uint32_t) * MOTE_MACHINE_CELLS},
        {(void **)&m->rests, sizeof(uint32_t) * MOTE_MACHINE_CELLS},
        {(void **)&m->state_from, sizeof(uint32_t) * (MOTE_MACHINE_STATES + 1)},
        {(void **)&m->tops, sizeof(uint32_t) * MOTE_MACHINE_TOPS},
        {(void **)&m->state_table, sizeof(uint32_t) * 2 * MOTE_MACHINE_STATES},
        {(void **)&m->text_parent, sizeof(uint32_t) * MOTE_MACHINE_TEXTS},
        {(void **)&m->text_table, sizeof(uint32_t) * 2 * MOTE_MACHINE_TEXTS},
        {(void **)&m->text_len, sizeof(uint32_t) * MOTE_MACHINE_TEXTS},
        {(void **)&m->text_byte, MOTE_MACHINE_TEXTS},
        {(void **)&m->lists, sizeof(mote_text_list) * MOTE_MACHINE_LISTS},
        {(void **)&m->list_table, sizeof(uint32_t) * 2 * MOTE_MACHINE_LISTS},
        {(void **)&m->sets, sizeof(mote_name_set) * MOTE_MACHINE_SETS},
        {(void **)&m->set_words, sizeof(uint64_t) * MOTE_MACHINE_SET_WORDS},
        {(void **)&m->set_table, sizeof(uint32_t) * 2 * MOTE_MACHINE_SETS},
        {(void **)&m->steps, sizeof(mote_machine_step) * MOTE_MACHINE_STEPS},
        {(void **)&m->key_from, sizeof(uint32_t) * (MOTE_MACHINE_KEYS + 1)},
        {(void **)&m->key_table, sizeof(uint32_t) * 2 * MOTE_MACHINE_KEYS},
        {(void **)&m->key_cells, sizeof(mote_cell) * MOTE_MACHINE_KEY_CELLS},
    };
    size_t total = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        total += (parts[i].bytes + 63) / 64 * 64;
    char *at = m->memory = mote_mem_zalloc_array(total, 1);
    for (size_t i = 0; at && i < sizeof parts / sizeof *parts; i++) {
        *parts[i].to = at;
        at += (parts[i].bytes + 63) / 64 * 64;
    }
    if (!m->memory)
        return false;
    m->n_cells = m->n_states = m->n_texts = m->n_lists = m->n_sets = m->n_keys = 1; /* 0 is none of each */
    m->state_from[1] = 0;
    return true;
}

uint32_t mote_machine_cell(mote_machine *m, const mote_cell *cell) {
    uint32_t words[sizeof *cell / sizeof(uint32_t)];
    memcpy(words, cell, sizeof words);
    size_t at = hash_words(words, sizeof words / sizeof *words) & (2 * MOTE_MACHINE_CELLS - 1);
    for (; m->cell_table[at]; at = (at + 1) & (2 * MOTE_MACHINE_CELLS - 1))
        if (memcmp(&m->cells[m->cell_table[at]], cell, sizeof *cell) == 0)
            return m->cell_table[at];
    if (m->n_cells == MOTE_MACHINE_CELLS) {
        m->full = true;
        return 0;
    }
    m->cells[m->n_cells] = *cell;
    m->cell_table[at] = m->n_cells;
    return m->n_cells++;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

mote_state mote_machine_state(mote_machine *m) {
    uint32_t n = 0;
    if (m->full)
        return MOTE_STATE_FULL;
    if (m->n_out > 1)
        qsort(m->out, m->n_out, sizeof *m->out, compare);
    for (uint32_t i = 0; i < m->n_out; i++)
        if (n == 0 || m->out[i] != m->out[n - 1])
            m->out[n++] = m->out[i];
    if (n == 0)
        return MOTE_STATE_DEAD;
    size_t at = hash_words(m->out, n) & (2 * MOTE_MACHINE_STATES - 1);
    for (; m->state_table[at]; at = (at + 1) & (2 * MOTE_MACHINE_STATES - 1)) {
        uint32_t s = m->state_table[at], from = m->state_from[s];
        if (m->state_from[s + 1] - from == n && memcmp(m->tops + from, m->out, n * sizeof *m->out) == 0)
            return s;
    }
    uint32_t from = m->state_from[m->n_states];
    if (m->n_states + 1 >= MOTE_MACHINE_STATES || from + n > MOTE_MACHINE_TOPS) {
        m->full = true;
        return MOTE_STATE_FULL;
    }
    memcpy(m->tops + from, m->out, n * sizeof *m->out);
    m->state_from[m->n_states + 1] = from + n;
    m->state_table[at] = m->n_states;
    return m->n_states++;
}

/* Where the text is in the table, or would be. */
static size_t text_slot(const mote_machine *m, uint32_t before, uint8_t byte) {
    uint32_t words[] = {before, byte};
    size_t at = hash_words(words, 2) & (2 * MOTE_MACHINE_TEXTS - 1);
    while (m->text_table[at] && (m->text_parent[m->text_table[at]] != before || m->text_byte[m->text_table[at]] != byte))
        at = (at + 1) & (2 * MOTE_MACHINE_TEXTS - 1);
    return at;
}

uint32_t mote_machine_find_text(const mote_machine *m, uint32_t before, uint8_t byte) {
    uint32_t text = before == MOTE_TEXT_NEW ? 0 : m->text_table[text_slot(m, before, byte)];
    return text != 0 ? text : MOTE_TEXT_NEW;
}

uint32_t mote_machine_text(mote_machine *m, uint32_t before, uint8_t byte) {
    size_t at = text_slot(m, before, byte);
    if (m->text_table[at])
        return m->text_table[at];
    if (m->n_texts == MOTE_MACHINE_TEXTS) {
        m->full = true;
        return 0;
    }
    m->text_parent[m->n_texts] = before;
    m->text_byte[m->n_texts] = byte;
    m->text_len[m->n_texts] = m->text_len[before] + 1;
    m->text_table[at] = m->n_texts;
    return m->n_texts++;
}

uint32_t mote_machine_list(mote_machine *m, uint32_t next, uint32_t text) {
    uint32_t words[] = {next, text};
    size_t at = hash_words(words, 2) & (2 * MOTE_MACHINE_LISTS - 1);
    for (; m->list_table[at]; at = (at + 1) & (2 * MOTE_MACHINE_LISTS - 1))
        if (m->lists[m->list_table[at]].next == next && m->lists[m->list_table[at]].text == text)
            return m->list_table[at];
    if (m->n_lists == MOTE_MACHINE_LISTS) {
        m->full = true;
        return 0;
    }
    m->lists[m->n_lists] = (mote_text_list){text, next, m->lists[next].n + 1, m->lists[next].bytes + m->text_len[text]};
    m->list_table[at] = m->n_lists;
    return m->n_lists++;
}

bool mote_machine_listed(const mote_machine *m, uint32_t list, uint32_t text) {
    for (; list != 0; list = m->lists[list].next)
        if (m->lists[list].text == text)
            return true;
    return false;
}

uint32_t mote_machine_listed_below(const mote_machine *m, uint32_t list, uint32_t text) {
    uint32_t n = 0;
    if (text == MOTE_TEXT_NEW)
        return 0;
    for (; list != 0; list = m->lists[list].next) {
        uint32_t t = m->lists[list].text;
        while (m->text_len[t] > m->text_len[text])
            t = m->text_parent[t];
        n += t == text;
    }
    return n;
}

size_t mote_machine_read_text(const mote_machine *m, uint32_t text, char *out, size_t room) {
    size_t n = 0, i;
    for (uint32_t t = text; t != 0; t = m->text_parent[t])
        n++;
    n = n < room ? n : room;
    for (i = n; i-- > 0; text = m->text_parent[text])
        out[i] = (char)m->text_byte[text];
    return n;
}

uint32_t mote_machine_set(mote_machine *m, uint32_t shape, const uint64_t *words, uint32_t n_words, uint32_t missing) {
    uint32_t h = shape * 2654435761u;
    for (uint32_t i = 0; i < n_words; i++)
        h = (h ^ (uint32_t)words[i] ^ (uint32_t)(words[i] >> 32) * 31) * 0x85ebca6bu + (h >> 15);
    size_t at = h & (2 * MOTE_MACHINE_SETS - 1);
    for (; m->set_table[at]; at = (at + 1) & (2 * MOTE_MACHINE_SETS - 1)) {
        const mote_name_set *set = &m->sets[m->set_table[at]];
        if (set->shape == shape && (n_words == 0 || memcmp(m->set_words + set->offset, words, n_words * sizeof *words) == 0))
            return m->set_table[at] + m->set_base;
    }
    if (m->n_sets == MOTE_MACHINE_SETS || m->n_set_words + n_words > MOTE_MACHINE_SET_WORDS) {
        m->full = true;
        return 0;
    }
    m->sets[m->n_sets] = (mote_name_set){shape, m->n_set_words, missing};
    if (n_words > 0)
        memmove(m->set_words + m->n_set_words, words, n_words * sizeof *words);
    m->n_set_words += n_words;
    m->set_table[at] = m->n_sets;
    return m->n_sets++ + m->set_base;
}

static int compare_cells(const void *a, const void *b) {
    return memcmp(a, b, sizeof(mote_cell));
}

uint32_t mote_machine_key(mote_machine *m, mote_cell *cells, uint32_t n) {
    uint32_t unique = 0;
    if (n > 1)
        qsort(cells, n, sizeof *cells, compare_cells);
    for (uint32_t i = 0; i < n; i++)
        if (unique == 0 || memcmp(&cells[i], &cells[unique - 1], sizeof *cells) != 0)
            cells[unique++] = cells[i];
    uint32_t h = 1;
    for (uint32_t i = 0; i < unique; i++) {
        uint32_t words[sizeof *cells / sizeof(uint32_t)];
        memcpy(words, &cells[i], sizeof words);
        h = h * 31 + hash_words(words, sizeof words / sizeof *words);
    }
    size_t at = h & (2 * MOTE_MACHINE_KEYS - 1);
    for (; m->key_table[at]; at = (at + 1) & (2 * MOTE_MACHINE_KEYS - 1)) {
        uint32_t k = m->key_table[at], from = m->key_from[k];
        if (m->key_from[k + 1] - from == unique && memcmp(m->key_cells + from, cells, unique * sizeof *cells) == 0)
            return k;
    }
    uint32_t from = m->key_from[m->n_keys];
    if (m->n_keys + 1 >= MOTE_MACHINE_KEYS || from + unique > MOTE_MACHINE_KEY_CELLS)
        return 0;
    memcpy(m->key_cells + from, cells, unique * sizeof *cells);
    m->key_from[m->n_keys + 1] = from + unique;
    m->key_table[at] = m->n_keys;
    return m->n_keys++;
}

/* Where a cell speaks of a text, and of a list. */
static uint32_t *text_of(mote_cell *cell) {
    return cell->kind == MOTE_CELL_NUMBER ? &cell->a : cell->kind == MOTE_CELL_NAME || cell->kind == MOTE_CELL_STRING ? &cell->g : NULL;
}

static uint32_t *list_of(mote_cell *cell) {
    return cell->kind == MOTE_CELL_OBJECT || cell->kind == MOTE_CELL_NAME || cell->kind == MOTE_CELL_ARRAY ? &cell->f : NULL;
}

/* As texts are, before them. */
static void keep_lists(mote_machine *m) {
    uint32_t n = 1, n_old = m->n_lists;
    uint32_t *remap = m->list_table;
    memset(remap, 0, sizeof *remap * 2 * MOTE_MACHINE_LISTS);
    for (uint32_t i = 1; i < m->n_cells; i++)
        for (uint32_t at = list_of(&m->cells[i]) ? *list_of(&m->cells[i]) : 0; at != 0 && !remap[at]; at = m->lists[at].next)
            remap[at] = 1;
    for (uint32_t i = 1; i < n_old; i++)
        if (remap[i]) {
            m->lists[n] = m->lists[i];
            m->lists[n].next = remap[m->lists[n].next];
            remap[i] = n++;
        }
    for (uint32_t i = 1; i < m->n_cells; i++)
        if (list_of(&m->cells[i]))
            *list_of(&m->cells[i]) = remap[*list_of(&m->cells[i])];
    m->n_lists = n; /* into the table when texts have their new numbers */
}

static void enter_lists(mote_machine *m) {
    uint32_t n = m->n_lists;
    memset(m->list_table, 0, sizeof *m->list_table * 2 * MOTE_MACHINE_LISTS);
    m->n_lists = 1;
    for (uint32_t i = 1; i < n; i++) {
        mote_text_list list = m->lists[i];
        mote_machine_list(m, list.next, list.text);
    }
}

static void mark_text(mote_machine *m, uint32_t text) {
    for (; text != 0 && text != MOTE_TEXT_NEW && !m->text_table[text]; text = m->text_parent[text])
        m->text_table[text] = 1;
}

/* Texts are marked and moved together; what a text begins with comes before it, so one pass each way does. */
static void keep_texts(mote_machine *m) {
    uint32_t n = 1;
    uint32_t *remap = m->text_table; /* the table is made anew behind this, and has room for twice as many */
    memset(remap, 0, sizeof *remap * 2 * MOTE_MACHINE_TEXTS);
    for (uint32_t i = 1; i < m->n_cells; i++)
        if (text_of(&m->cells[i]))
            mark_text(m, *text_of(&m->cells[i]));
    for (uint32_t i = 1; i < m->n_lists; i++)
        mark_text(m, m->lists[i].text);
    for (uint32_t t = 1; t < m->n_texts; t++)
        if (remap[t]) {
            m->text_parent[n] = remap[m->text_parent[t]];
            m->text_byte[n] = m->text_byte[t];
            remap[t] = n++;
        }
    for (uint32_t i = 1; i < m->n_cells; i++)
        if (text_of(&m->cells[i]) && *text_of(&m->cells[i]) != MOTE_TEXT_NEW)
            *text_of(&m->cells[i]) = remap[*text_of(&m->cells[i])];
    for (uint32_t i = 1; i < m->n_lists; i++)
        m->lists[i].text = remap[m->lists[i].text];
    m->n_texts = 1;
    memset(m->text_table, 0, sizeof *m->text_table * 2 * MOTE_MACHINE_TEXTS);
    for (uint32_t t = 1; t < n; t++)
        mote_machine_text(m, m->text_parent[t], m->text_byte[t]);
}

static bool has_set(const mote_cell *cell) {
    return cell->kind == MOTE_CELL_OBJECT || cell->kind == MOTE_CELL_NAME;
}

/* Name sets stay as long as there is room, since keys speak of them. When it gets short, the ones in use get new numbers, and the keys of old ones are good for nothing but finding
 * what was kept under them. */
static void keep_sets(mote_machine *m) {
    if (m->n_sets < MOTE_MACHINE_SETS / 2 && m->n_set_words < MOTE_MACHINE_SET_WORDS / 2)
        return;
    uint32_t old_base = m->set_base, n_old = m->n_sets, n_words = 0, n = 1;
    uint32_t *moved = m->set_table;
    memset(moved, 0, sizeof *moved * 2 * MOTE_MACHINE_SETS);
    for (uint32_t i = 1; i < m->n_cells; i++)
        if (has_set(&m->cells[i]))
            moved[m->cells[i].a - old_base] = 1;
    for (uint32_t i = 1; i < n_old; i++) {
        if (!moved[i])
            continue;
        mote_name_set set = m->sets[i];
        const mote_settled_object *o = m->schema->of[MOTE_SHAPE_OBJECT].settled[set.shape];
        memmove(m->set_words + n_words, m->set_words + set.offset, o->n_words * sizeof *m->set_words);
        set.offset = n_words;
        n_words += o->n_words;
        m->sets[n] = set;
        moved[i] = n++;
    }
    m->set_base += n_old;
    for (uint32_t i = 1; i < m->n_cells; i++)
        if (has_set(&m->cells[i]))
            m->cells[i].a = moved[m->cells[i].a - old_base] + m->set_base;
    memset(m->set_table, 0, sizeof *m->set_table * 2 * MOTE_MACHINE_SETS);
    m->n_sets = 1;
    m->n_set_words = 0;
    for (uint32_t i = 1; i < n; i++) { /* what is copied lies where it is already */
        mote_name_set set = m->sets[i];
        const mote_settled_object *o = m->schema->of[MOTE_SHAPE_OBJECT].settled[set.shape];
        mote_machine_set(m, set.shape, m->set_words + set.offset, o->n_words, set.missing);
    }
}

/* A cell's parent was made before it, so the ones to keep can be moved down in order. */
static void keep_cells(mote_machine *m, mote_state s) {
    uint32_t n = 1;
    memset(m->remap, 0, sizeof *m->remap * m->n_cells);
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++)
        for (uint32_t c = m->tops[i]; c != 0 && !m->remap[c]; c = m->cells[c].parent)
            m->remap[c] = 1;
    for (uint32_t c = 1; c < m->n_cells; c++)
        if (m->remap[c]) {
            m->cells[n] = m->cells[c];
            m->cells[n].parent = m->remap[m->cells[n].parent];
            m->remap[c] = n++;
        }
    m->n_out = 0;
    for (uint32_t i = m->state_from[s]; i < m->state_from[s + 1]; i++)
        m->out[m->n_out++] = m->remap[m->tops[i]];
    m->n_cells = n;
}

mote_state mote_machine_refresh(mote_machine *m, mote_state s) {
    if (s == MOTE_STATE_DEAD || s >= m->n_states)
        return MOTE_STATE_DEAD;
    m->full = false;
    memset(m->rests, 0, sizeof *m->rests * m->n_cells);
    keep_cells(m, s);
    keep_lists(m);
    keep_texts(m);
    enter_lists(m);
    keep_sets(m);
    uint32_t n = m->n_cells;
    memset(m->cell_table, 0, sizeof *m->cell_table * 2 * MOTE_MACHINE_CELLS);
    m->n_cells = 1;
    for (uint32_t c = 1; c < n; c++) {
        mote_cell cell = m->cells[c];
        mote_machine_cell(m, &cell); /* gets the number it has */
    }
    memset(m->state_table, 0, sizeof *m->state_table * 2 * MOTE_MACHINE_STATES);
    for (uint32_t i = 0; i < MOTE_MACHINE_STEPS; i++)
        if (m->steps[i].mode != MOTE_STEP_KEY)
            m->steps[i].from = 0;
    m->n_states = 1;
    return mote_machine_state(m);
}
