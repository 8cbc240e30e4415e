/* A schema when everything in it is worked out: what the automaton walks. Shapes have become tables, nodes know whether anything is in them, and how far it is to the end of their
 * shortest value. */
#ifndef MOTE_TEXT_JSON_SCHEMA_SETTLED_H
#define MOTE_TEXT_JSON_SCHEMA_SETTLED_H

#include "text/json_schema_shape.h"

enum { MOTE_FAR = 0x3fffffff, /* a distance that is none: nothing gets there */ MOTE_MAX_CONTAINS = 2, MOTE_UNLIKE_BYTES = 4 /* that make a name unlike those before it */ };

/* Distances to the end of a string by the automaton's state, for code points so far in [from, to]: row[state] + slope * (to - count). */
typedef struct mote_string_rows {
    uint32_t from, to, slope;
    const uint32_t *row;
} mote_string_rows;

typedef struct mote_settled_string {
    const mote_dfa *dfa;
    uint32_t last; /* the largest count that rows speak of */
    bool endless;  /* from everywhere there are strings without end: any text is one */
    bool bounded;  /* above it is nothing; else counts above it are as good as it */
    size_t n_rows;
    const mote_string_rows *rows; /* from the largest counts down */
} mote_settled_string;

typedef struct mote_settled_array {
    const mote_shape_node *const *items; /* [n_prefix + 1][1 << n_contains]: bit i of the second index: the item counts for contains i; the last place is for all items behind */
    uint32_t n_prefix, min, max, reach, depth; /* reach: the distance; depth: of the shortest value, itself included */
    unsigned n_contains;
    mote_contains contains[MOTE_MAX_CONTAINS];
    uint32_t cap[MOTE_MAX_CONTAINS]; /* counts stop there */
    uint32_t n_places, n_counts;     /* with contains: distance[place][count 0 + count 1 * (cap 0 + 1)]; places stop at n_places - 1 */
    uint32_t *distance;
    bool unique; /* items differ; they are no arrays or objects then, and all of one node */
} mote_settled_array;

typedef struct mote_settled_object {
    const mote_str *names; /* in order: the ones that some schema names */
    const mote_shape_node **values;
    uint64_t *allowed, *required, *nothing;                                    /* bits by name */
    uint32_t *cost;                                                            /* bytes of name, colon and shortest value */
    uint32_t *cheapest;                                                        /* names that are allowed and not required, by cost */
    uint32_t n_names, n_words, n_required, n_optional, min, max, reach, depth; /* as in arrays */
    uint32_t deepest;                                                          /* of all values' shortest ones */
    const mote_dfa *unknown;                                                   /* the other names; NULL: there are none. A label less 1 is the class */
    const mote_shape_node **classes;
    uint32_t n_classes;
    uint32_t *class_bytes;  /* of the shortest name of each class */
    bool endless;           /* from each of its states there are names without end */
    uint32_t *n_left;       /* names from each state of it; UINT32_MAX: without end, or more than may be written */
    uint8_t *steady;        /* from each state: for so many bytes n_left stays UINT32_MAX; MOTE_STEADY_MOST: or more */
    uint32_t *known_before; /* [n_names + 1] how many names of the table before this one it takes as well */
    uint32_t *unknown_cost; /* from each state: bytes to the end of the shortest member */
} mote_settled_object;

enum { MOTE_STEADY_MOST = 40 };

typedef struct mote_settled_node {
    bool null, no, yes;
    uint32_t n[MOTE_SHAPE_TYPES];
    const uint32_t *shapes[MOTE_SHAPE_TYPES]; /* indices into the schema's tables */
    uint32_t distance;                        /* bytes of the shortest value; MOTE_FAR: there is none */
    uint32_t depth;                           /* values nested in that one */
} mote_settled_node;

typedef struct mote_settled_table {
    const void **shapes; /* what they were */
    void **settled;
    size_t n, capacity;
    uint32_t *slots; /* [2 * capacity] by hashed shape: index + 1 */
} mote_settled_table;

struct mote_json_schema {
    mote_arena arena;
    mote_settled_table of[MOTE_SHAPE_TYPES]; /* numbers stay shapes */
    const mote_shape_node *root;
    mote_json *document; /* names point into it */
    const char *const *warnings;
    size_t n_warnings;
};

typedef struct mote_settler {
    mote_schema_compiler *c;
    struct mote_json_schema *schema;
    const mote_shape_node **queue; /* nodes that are settled or wait for it */
    size_t n_queue, queue_capacity;
    uint32_t *number_distance; /* by number shape */
} mote_settler;

/* Fills the schema from its root. */
void mote_schema_settle(mote_schema_compiler *c, struct mote_json_schema *schema, const mote_shape_node *root);
/* A node that a shape holds: it will be settled too. Returns it. */
const mote_shape_node *mote_schema_want(mote_settler *s, const mote_shape_node *node);

mote_settled_string *mote_settle_string(mote_schema_compiler *c, const mote_string_shape *shape);
/* When distances stand, for unique items: refuses what can't be told apart, and empties the shape if there aren't enough values. */
void mote_settled_array_finish(mote_schema_compiler *c, const struct mote_json_schema *schema, mote_settled_array *a);
/* More than k strings begin with what leads to that state; a yes is sure, a no may be a lack of patience. */
bool mote_settled_string_more(const mote_settled_string *s, uint32_t state, uint32_t count, uint32_t k);

mote_settled_array *mote_settle_array(mote_settler *s, const mote_array_shape *shape);
mote_settled_object *mote_settle_object(mote_settler *s, const mote_object_shape *shape);
/* Behind a change of nodes' distances: that of the shape, and how deep its values nest. MOTE_FAR: empty. */
uint32_t mote_settled_string_distance(const mote_settled_string *s);
uint32_t mote_settled_array_distance(mote_settled_array *a, uint32_t *depth);
uint32_t mote_settled_object_distance(mote_settled_object *o, uint32_t *depth);
/* When distances stand: forbids names and classes whose values have none, and fills what depends on costs. */
void mote_settled_object_finish(mote_schema_compiler *c, mote_settled_object *o);

static inline uint32_t mote_far_add(uint32_t a, uint32_t b) {
    return a >= MOTE_FAR || b >= MOTE_FAR || a + b >= MOTE_FAR ? MOTE_FAR : a + b;
}
static inline uint32_t mote_node_distance(const mote_shape_node *node) {
    return node->settled ? node->settled->distance : MOTE_FAR;
}

/* Bytes to the closing quote from a state behind so many code points (without the quote); MOTE_FAR: it can't be reached. */
uint32_t mote_settled_string_rest(const mote_settled_string *s, uint32_t state, uint32_t count);
/* A count for which the next n code points may be the same as for `count`, and the same may end the string: one for as many counts as possible, MOTE_COUNT_STILL and a number if it
 * doesn't grow with them. */
enum { MOTE_COUNT_STILL = 1 << 30 };
uint32_t mote_settled_string_like(const mote_settled_string *s, uint32_t count, uint32_t n);
/* Bytes that a character of a string takes at least. */
unsigned mote_json_byte_cost(unsigned char byte);

/* Numbers that it may not be equal to, beside what the shape says. */
typedef struct mote_number_others {
    const mote_decimal *items;
    size_t n;
} mote_number_others;

/* A number's text so far: whether it is one of the shape as it stands, and what completes it (a shortest such; rest has room for MOTE_SCHEMA_MAX_NUMBER bytes). Returns the bytes
 * of that, -1 where nothing completes it. */
int mote_number_complete(const mote_number_shape *shape, mote_str text, const mote_number_others *others, char *rest);

#endif
