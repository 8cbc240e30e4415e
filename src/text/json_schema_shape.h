/* What a schema means, apart from how it is written: for each type of JSON value the alternatives, each of them a shape, which is a conjunction.
 *
 * A set is what a schema accepts: whether null, false and true, and a list of shapes for numbers, strings, arrays and objects each. Sets meet (both), join (one of them) and are
 * taken from each other (the one, not the other), so `not`, `oneOf` and `if` need nothing of their own. Inside a shape, the values of members and items are nodes: conjunctions
 * of schemas that nobody has looked into yet. A node becomes a set when it is asked for one, which is how recursion ends.
 *
 * Everything lives in the schema's arena and never changes once it is made, but for the caches in a node. */
#ifndef MOTE_TEXT_JSON_SCHEMA_SHAPE_H
#define MOTE_TEXT_JSON_SCHEMA_SHAPE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "formats/json.h"
#include "text/decimal.h"
#include "text/regular_dfa.h"

enum { MOTE_SHAPE_NO_MAX = 0x7fffffff, MOTE_SHAPE_MAX_COUNT = 1 << 20, MOTE_SHAPE_MAX_NAMES = 30000 };

typedef enum mote_shape_type { MOTE_SHAPE_NUMBER, MOTE_SHAPE_STRING, MOTE_SHAPE_ARRAY, MOTE_SHAPE_OBJECT, MOTE_SHAPE_TYPES } mote_shape_type;

typedef struct mote_shape_node mote_shape_node;

typedef struct mote_shape_list {
    const void **items;
    size_t n, capacity;
} mote_shape_list;

typedef struct mote_shape_set {
    bool null, no, yes;
    mote_shape_list of[MOTE_SHAPE_TYPES];
} mote_shape_set;

/* A conjunct of a node. */
typedef enum mote_literal_kind {
    MOTE_LITERAL_SCHEMA, /* the schema */
    MOTE_LITERAL_VALUE,  /* equal to the value */
    MOTE_LITERAL_NOT,    /* not what the node takes */
    MOTE_LITERAL_NEVER
} mote_literal_kind;

typedef struct mote_literal {
    mote_literal_kind kind;
    const void *what; /* a mote_json, a mote_json, a mote_shape_node; NULL */
} mote_literal;

struct mote_shape_node {
    const mote_literal *literals; /* in order; none: everything */
    size_t n_literals;
    uint32_t id;
    bool asked; /* being turned into a set */
    const mote_shape_set *set;
    struct mote_settled_node *settled; /* json_schema_settled.h */
};

typedef struct mote_number_shape {
    bool has_lo, has_hi, lo_open, hi_open;
    bool unmarked, marked; /* written without point and exponent, which is an integer up to draft 4; with one of them */
    mote_decimal lo, hi;
    size_t n_multiples, n_others;
    const mote_decimal *multiples, *others; /* of all of these, and of none of those; an integer is a multiple of 1 */
} mote_number_shape;

typedef struct mote_string_shape {
    const mote_dfa *dfa;
    uint32_t min, max; /* code points */
} mote_string_shape;

typedef struct mote_contains {
    const mote_shape_node *node;
    uint32_t min, max;
} mote_contains;

typedef struct mote_array_shape {
    const mote_shape_node *const *prefix, *rest; /* [n_prefix] */
    size_t n_prefix;
    uint32_t min, max;
    uint32_t n_evaluated; /* items that a schema in this place has looked at; MOTE_SHAPE_NO_MAX: all */
    bool unique;
    size_t n_contains;
    const mote_contains *contains;
} mote_array_shape;

typedef struct mote_member {
    mote_str name;
    const mote_shape_node *node;
} mote_member;

typedef struct mote_member_pattern {
    const mote_dfa *dfa;
    const mote_shape_node *node;
} mote_member_pattern;

/* What one schema object says of members: by name, by pattern, and for the others. */
typedef struct mote_member_group {
    const mote_member *members; /* in order of their names */
    const mote_member_pattern *patterns;
    const mote_shape_node *others; /* NULL: it says nothing of them */
    size_t n_members, n_patterns;
    bool evaluates; /* what it names counts as evaluated */
} mote_member_group;

/* There is a member whose name is in dfa (NULL: any) and whose value is in node: from what is negated. */
typedef struct mote_member_demand {
    const mote_dfa *dfa;
    const mote_shape_node *node;
} mote_member_demand;

typedef struct mote_object_shape {
    const mote_member_group *const *groups;
    const mote_str *required; /* in order */
    const mote_member_demand *demands;
    size_t n_groups, n_required, n_demands;
    uint32_t min, max;
} mote_object_shape;

typedef struct mote_schema_compiler mote_schema_compiler;

/* A schema on its way. Once it has failed, whatever is asked of it returns at once and its results mean nothing. */
struct mote_schema_compiler {
    mote_arena *arena;
    mote_error *err;
    mote_status status;
    int64_t work;      /* what is left of the budget: some tens of nanoseconds each */
    const char *where; /* the keyword at work, for messages */
    const mote_dfa *any_text;
    const mote_number_shape *integer;
    const mote_shape_node *always, *never;
    const mote_shape_set *everything, *nothing;
    mote_shape_node **nodes; /* in order of their ids */
    size_t n_nodes, nodes_capacity;
    uint32_t *node_table;
    size_t node_table_size;
    unsigned depth;    /* schemas within schemas, in place */
    unsigned lost;     /* sets that were missed while doubting */
    unsigned doubting; /* only a guess is wanted: a schema that is being worked out already is no failure */
    bool all_subsets;  /* anyOf has to say which of its branches hold: something asks what was evaluated */
    struct mote_schema_document *document;
};

/* Sets the first failure; the message names the keyword at work. Returns NULL. */
void *mote_schema_fail(mote_schema_compiler *c, mote_status status, const char *fmt, ...) MOTE_PRINTF(3, 4);
/* Takes from the budget; false where the compiler has failed. */
bool mote_schema_work(mote_schema_compiler *c, int64_t n);
void *mote_schema_alloc(mote_schema_compiler *c, size_t n, size_t item_bytes); /* zeroed */

/* Nodes: equal conjunctions are the same node. */
const mote_shape_node *mote_shape_node_of(mote_schema_compiler *c, mote_literal_kind kind, const void *what);
const mote_shape_node *mote_shape_node_meet(mote_schema_compiler *c, const mote_shape_node *a, const mote_shape_node *b);
const mote_shape_node *mote_shape_node_not(mote_schema_compiler *c, const mote_shape_node *a);
/* What the node takes; NULL on failure, or where it is being worked out already (then its schema refers to itself without going into a value). */
const mote_shape_set *mote_shape_node_set(mote_schema_compiler *c, const mote_shape_node *node);
/* Nothing is in the node; looks `depth` values deep, so false may mean that it wasn't seen. */
bool mote_shape_node_impossible(mote_schema_compiler *c, const mote_shape_node *node, unsigned depth);

/* Sets. */
bool mote_shape_list_add(mote_schema_compiler *c, mote_shape_list *list, const void *shape); /* unless it is there */
mote_shape_set mote_shape_set_meet(mote_schema_compiler *c, const mote_shape_set *a, const mote_shape_set *b);
mote_shape_set mote_shape_set_join(mote_schema_compiler *c, const mote_shape_set *a, const mote_shape_set *b);
mote_shape_set mote_shape_set_without(mote_schema_compiler *c, const mote_shape_set *a, const mote_shape_set *b);
/* Meets one type's list with a shape, or with alternatives. */
void mote_shape_set_restrict(mote_schema_compiler *c, mote_shape_set *set, mote_shape_type type, const mote_shape_list *alternatives);
bool mote_shape_set_empty(const mote_shape_set *set);

/* Shapes of each type: the conjunction (NULL: seen to be empty), and the alternatives of a that are not in b, appended to out. */
const void *mote_number_meet(mote_schema_compiler *c, const void *a, const void *b);
void mote_number_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out);
const void *mote_string_meet(mote_schema_compiler *c, const void *a, const void *b);
void mote_string_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out);
const void *mote_array_meet(mote_schema_compiler *c, const void *a, const void *b);
void mote_array_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out);
bool mote_array_impossible(mote_schema_compiler *c, const mote_array_shape *a, unsigned depth);
const mote_shape_node *mote_array_item(const mote_array_shape *a, size_t index);
const void *mote_object_meet(mote_schema_compiler *c, const void *a, const void *b);
void mote_object_without(mote_schema_compiler *c, const void *a, const void *b, mote_shape_list *out);
bool mote_object_impossible(mote_schema_compiler *c, const mote_object_shape *o, unsigned depth);
const mote_shape_node *mote_object_member(mote_schema_compiler *c, const mote_object_shape *o, mote_str name);
const mote_object_shape *mote_object_of_group(mote_schema_compiler *c, const mote_member_group *group);
const mote_object_shape *mote_object_requiring(mote_schema_compiler *c, const mote_str *names, size_t n); /* copies and sorts */
int mote_member_compare(mote_str a, mote_str b);

#endif
