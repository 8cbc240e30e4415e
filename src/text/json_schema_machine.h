/* The automaton of a schema while it runs.
 *
 * A cell is one frame of what has been opened: the text as a whole, an array, an object, a string ... with all that it needs to know of what it has read, and the cell around it.
 * So a cell is a whole stack. A state is a set of cells, one for each way to read the text so far that can still become valid: alternatives of the schema are followed side by
 * side. Equal cells are one cell, equal sets one state; a transition that was taken once is kept. A cell is only made if something completes it, so no state is a dead end.
 *
 * What cells speak of beside themselves is interned as well: which names of an object have been written (name sets) and the digits of a number so far (texts). */
#ifndef MOTE_TEXT_JSON_SCHEMA_MACHINE_H
#define MOTE_TEXT_JSON_SCHEMA_MACHINE_H

#include "text/automaton.h"
#include "text/json_schema.h"
#include "text/json_schema_settled.h"

enum {
    MOTE_MACHINE_CELLS = 1 << 17,
    MOTE_MACHINE_STATES = 1 << 16,
    MOTE_MACHINE_TOPS = 1 << 18, /* cells of all states together */
    MOTE_MACHINE_TEXTS = 1 << 18,
    MOTE_MACHINE_LISTS = 1 << 15,
    MOTE_MACHINE_LIST_ITEMS = 128,  /* names of one object that no schema knows are told apart up to this number, */
    MOTE_MACHINE_LIST_BYTES = 2048, /* and so many bytes of them: what a state keeps is bounded */
    MOTE_MACHINE_SETS = 1 << 15,
    MOTE_MACHINE_SET_WORDS = 1 << 18,
    MOTE_MACHINE_STEPS = 1 << 16,
    MOTE_MACHINE_KEYS = 1 << 14,
    MOTE_MACHINE_KEY_CELLS = 1 << 15,
    MOTE_MACHINE_WIDTH = 1024 /* cells of one state: more alternatives than that are let go */
};

typedef enum mote_cell_kind { MOTE_CELL_TOP, MOTE_CELL_LITERAL, MOTE_CELL_NUMBER, MOTE_CELL_STRING, MOTE_CELL_ARRAY, MOTE_CELL_OBJECT, MOTE_CELL_NAME } mote_cell_kind;

typedef enum mote_cell_phase {
    MOTE_PHASE_FIRST, /* opened: a member, or the end */
    MOTE_PHASE_AFTER, /* behind a value: a comma, or the end */
    MOTE_PHASE_NEXT,  /* behind a comma */
    MOTE_PHASE_COLON, /* behind a name */
    MOTE_PHASE_VALUE  /* behind a colon */
} mote_cell_phase;

enum { MOTE_TEXT_NEW = UINT32_MAX /* a text that is none of those kept */ };
enum { MOTE_CELL_CLASS = 1u << 31 }; /* in an object's c: a class of unknown names rather than a name */

/*          shape             a               b               c                       d                       e
 * TOP
 * LITERAL  0 null 1 false 2  bytes read
 * NUMBER   of the schema     text
 * STRING   of the schema     state           code points     escape
 * ARRAY    of the schema     items begun     counts
 * OBJECT   of the schema     name set        members begun   name + 1, or class
 * NAME     of the schema     name set        members begun   first, last + 1 name    bytes, state of unknown escape
 * OBJECT and NAME: f, the list of the names so far that no schema knows. NAME: g, what has been read of this one, as far as it may be such a name.
 * While looking, a name that has come isn't put in the list: OBJECT e and NAME space are 1.
 * ARRAY of unique items: f, the list of what has been written, each as a text: a quote and the string, n and the number, a letter for a literal. Inside of one STRING: g, its text
 * so far; 0: nobody asks. Items and members stop being counted where nothing depends on it any more. */
typedef struct mote_cell {
    uint8_t kind, phase, space, depth; /* space: white space in a row; depth: arrays and objects around, itself included */
    uint32_t parent, shape, a, b, c, d, e, f, g;
} mote_cell;

typedef struct mote_name_set {
    uint32_t shape, offset, missing; /* words in the pool; required names that aren't in it */
} mote_name_set;

typedef struct mote_text_list {
    uint32_t text, next, n, bytes; /* the list behind it; of both together */
} mote_text_list;

typedef struct mote_machine {
    mote_automaton base;
    const struct mote_json_schema *schema;
    void *memory;     /* all of the tables */
    bool full;        /* something had no room in this step */
    unsigned probing; /* texts that aren't there are not made */
    bool looking;     /* as far as a token: names that no schema knows are one, unless they begin like one that is written */
    bool unsure;      /* that has told less apart than it had to */

    mote_cell *cells;
    uint32_t *cell_table, *remap;
    uint32_t *rests; /* by cell: bytes to the end of the text, and 1; 0: not known */
    uint32_t n_cells;

    uint32_t *state_from, *tops, *state_table; /* state s is tops[state_from[s] .. state_from[s + 1]) */
    uint32_t n_states;

    uint32_t *text_parent, *text_table, *text_len;
    uint8_t *text_byte;
    uint32_t n_texts;

    mote_text_list *lists;
    uint32_t *list_table;
    uint32_t n_lists;

    mote_name_set *sets; /* set i is sets[i - set_base] */
    uint64_t *set_words;
    uint32_t *set_table;
    uint32_t set_base, n_sets, n_set_words;

    struct mote_machine_step *steps;

    uint32_t *key_from, *key_table; /* key k is key_cells[key_from[k] .. key_from[k + 1]) */
    mote_cell *key_cells;
    uint32_t n_keys;

    uint32_t out[MOTE_MACHINE_WIDTH]; /* the cells of the state that is being made */
    uint32_t n_out;
} mote_machine;

typedef struct mote_machine_step {
    uint32_t from, to;
    uint8_t byte;
    uint8_t mode;
} mote_machine_step;

enum { MOTE_STEP_REAL, MOTE_STEP_KEY, MOTE_STEP_LOOK };

static inline const mote_settled_string *mote_machine_string(const mote_machine *m, const mote_cell *c) {
    return m->schema->of[MOTE_SHAPE_STRING].settled[c->shape];
}
static inline const mote_settled_array *mote_machine_array(const mote_machine *m, const mote_cell *c) {
    return m->schema->of[MOTE_SHAPE_ARRAY].settled[c->shape];
}
static inline const mote_settled_object *mote_machine_object(const mote_machine *m, const mote_cell *c) {
    return m->schema->of[MOTE_SHAPE_OBJECT].settled[c->shape];
}
static inline const mote_number_shape *mote_machine_number(const mote_machine *m, const mote_cell *c) {
    return m->schema->of[MOTE_SHAPE_NUMBER].shapes[c->shape];
}

/* Tables. All say 0, and set `full`, where there is no room. */
bool mote_machine_init(mote_machine *m);
void mote_machine_clear(mote_machine *m);
uint32_t mote_machine_cell(mote_machine *m, const mote_cell *cell);
mote_state mote_machine_state(mote_machine *m); /* of m->out */
uint32_t mote_machine_text(mote_machine *m, uint32_t before, uint8_t byte);
uint32_t mote_machine_find_text(const mote_machine *m, uint32_t before, uint8_t byte); /* MOTE_TEXT_NEW: there is none */
uint32_t mote_machine_list(mote_machine *m, uint32_t next, uint32_t text);
bool mote_machine_listed(const mote_machine *m, uint32_t list, uint32_t text);
uint32_t mote_machine_listed_below(const mote_machine *m, uint32_t list, uint32_t text);     /* how many begin with it */
size_t mote_machine_read_text(const mote_machine *m, uint32_t text, char *out, size_t room); /* returns its bytes */
uint32_t mote_machine_set(mote_machine *m, uint32_t shape, const uint64_t *words, uint32_t n_words, uint32_t missing);
uint32_t mote_machine_key(mote_machine *m, mote_cell *cells, uint32_t n); /* without setting `full` */
mote_state mote_machine_refresh(mote_machine *m, mote_state s);
static inline const mote_name_set *mote_machine_set_at(const mote_machine *m, uint32_t set) {
    return &m->sets[set - m->set_base];
}
static inline bool mote_machine_has(const mote_machine *m, uint32_t set, uint32_t name) {
    return m->set_words[mote_machine_set_at(m, set)->offset + name / 64] >> (name % 64) & 1;
}

/* Adds the cell to the state that is being made. */
void mote_machine_emit(mote_machine *m, const mote_cell *cell);
void mote_machine_emit_id(mote_machine *m, uint32_t cell);
/* Emits what the cell becomes by a byte. */
void mote_machine_step_cell(mote_machine *m, const mote_cell *cell, uint8_t byte);
void mote_machine_step_text(mote_machine *m, const mote_cell *cell, uint8_t byte); /* of STRING and NAME */
/* The value of the node begins with that byte, inside of `parent` as it is behind the value. */
void mote_machine_begin_value(mote_machine *m, const mote_shape_node *node, const mote_cell *parent, uint8_t byte);

/* Objects. */
bool mote_machine_fits(const mote_cell *around, const mote_shape_node *node); /* a value of it, so deep */
bool mote_object_closes(const mote_machine *m, const mote_cell *object);
bool mote_object_has_more(mote_machine *m, const mote_cell *object);
bool mote_object_spare(const mote_machine *m, const mote_cell *cell); /* there is room for a member that isn't required */
void mote_object_begin_name(mote_machine *m, const mote_cell *object);
bool mote_name_step(mote_machine *m, mote_cell *name, uint8_t byte); /* one byte of the decoded text; whether it lives on */
bool mote_name_lives(mote_machine *m, const mote_cell *name);
void mote_name_end(mote_machine *m, const mote_cell *name);
/* The index of the name as it stands, UINT32_MAX: of none that is known. */
uint32_t mote_name_known(const mote_machine *m, const mote_cell *name);
const mote_shape_node *mote_object_pending(const mote_machine *m, const mote_cell *object);

/* Arrays: a mask says which contains the next item counts for. */
bool mote_array_closes(const mote_machine *m, const mote_cell *array);
const mote_shape_node *mote_array_next(mote_machine *m, const mote_cell *array, unsigned mask, mote_cell *after); /* NULL: no such item may follow */
bool mote_array_has_more(mote_machine *m, const mote_cell *array);

/* Unique items (json_schema_unique.c): `around` is the array behind the item. */
bool mote_unique_in(const mote_machine *m, const mote_cell *around);
/* Takes an item into the array's list; false: it is in it already, or the list may not grow. */
bool mote_unique_take(mote_machine *m, mote_cell *around, uint32_t text);
uint32_t mote_unique_number(mote_machine *m, mote_str text); /* the text that stands for it; MOTE_TEXT_NEW while probing */
bool mote_unique_string_lives(mote_machine *m, const mote_cell *string);
/* What completes a number that differs from those of the list; as mote_number_complete. */
int mote_unique_complete(mote_machine *m, const mote_cell *around, const mote_number_shape *shape, mote_str text, char *rest);
/* The shortest item that is left, and its first byte; MOTE_FAR: none. */
uint32_t mote_unique_item(mote_machine *m, const mote_cell *around, const mote_shape_node *node, int *first);

/* Bytes from a cell to the end of the text, and the first of them (-1: none). */
uint32_t mote_machine_distance(mote_machine *m, const mote_cell *cell, int *first);
uint32_t mote_machine_rest(mote_machine *m, uint32_t cell); /* the same without the byte, kept */

#endif
