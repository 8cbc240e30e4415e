/* A grammar as code: each rule a stretch of operations, in the way of K. Thompson's "Regular expression search algorithm" (1968). The one behind an operation is where it goes on,
 * jumps are relative; so a stretch can be moved, copied and put into another rule as it is.
 *
 *     grammar_parse.c     text to code
 *     grammar_classes.c   sets of characters to sequences of byte ranges
 *     grammar_measure.c   the shortest text from each operation to its rule's end; what is refused
 *     grammar_inline.c    rules without recursion go into those that call them
 *     grammar_compile.c   code to positions
 *     grammar_automaton.c positions to states, as they are reached */
#ifndef MOTE_TEXT_GRAMMAR_CODE_H
#define MOTE_TEXT_GRAMMAR_CODE_H

#include "text/grammar.h"

enum {
    MOTE_GRAMMAR_MAX_BYTES = 1 << 20,  /* of text */
    MOTE_GRAMMAR_MAX_OPS = 1 << 16,    /* of code, repetitions written out: what can be compiled within 100 ms */
    MOTE_GRAMMAR_MAX_RULES = 1 << 14,  /* llama.cpp's largest generated grammars have some hundreds */
    MOTE_GRAMMAR_MAX_DEPTH = 1000,     /* of groups; people write three or four */
    MOTE_GRAMMAR_MAX_REPEATS = 100000, /* {m,n}; more than MAX_OPS allows anyway */
    MOTE_GRAMMAR_MAX_RANGES = 4096     /* of a class */
};

#define MOTE_GRAMMAR_ENDLESS UINT32_MAX /* no way to the end */
#define MOTE_GRAMMAR_FAR (UINT32_MAX - 1)

typedef enum mote_grammar_kind {
    MOTE_GRAMMAR_RANGE, /* a byte of lo … hi */
    MOTE_GRAMMAR_CALL,  /* rule a */
    MOTE_GRAMMAR_SPLIT, /* on at +a or +b */
    MOTE_GRAMMAR_JUMP,  /* on at +a */
    MOTE_GRAMMAR_END    /* of the rule */
} mote_grammar_kind;

typedef struct mote_grammar_op {
    uint8_t kind, lo, hi;
    int32_t a, b;
} mote_grammar_op;

typedef struct mote_grammar_rule {
    mote_str name; /* in the text */
    size_t at;     /* where the text defines it, or first names it */
    bool is_defined, is_kept;
    uint32_t begin, n_ops;
    uint32_t n_calls; /* of it, in all rules */
} mote_grammar_rule;

typedef struct mote_grammar_code {
    mote_str text;
    mote_grammar_op *ops;
    size_t n_ops, ops_capacity;
    mote_grammar_rule *rules;
    size_t n_rules, rules_capacity;
    uint32_t *names; /* a table of rule + 1 by name */
    size_t n_names;
    uint32_t *distance; /* [n_ops] bytes of the shortest text from here to the rule's end (grammar_measure.c) */
    uint32_t root;
} mote_grammar_code;

typedef struct mote_grammar_range {
    uint32_t lo, hi; /* code points */
} mote_grammar_range;

void mote_grammar_code_deinit(mote_grammar_code *c);
/* MOTE_ERR_LIMIT above MAX_OPS. */
MOTE_MUST_CHECK mote_status mote_grammar_code_emit(mote_grammar_code *c, mote_grammar_op op, mote_error *err);
/* An error at a place of the text, with line and column. */
mote_status mote_grammar_error(mote_str text, size_t at, mote_status status, mote_error *err, const char *fmt, ...) MOTE_PRINTF(5, 6);
/* The operations that may follow, other than by a byte or a call: at most two. */
static inline unsigned mote_grammar_code_next(const mote_grammar_code *c, uint32_t pc, uint32_t next[2]) {
    const mote_grammar_op *op = &c->ops[pc];
    next[0] = pc + (uint32_t)op->a;
    next[1] = pc + (uint32_t)op->b;
    return op->kind == MOTE_GRAMMAR_SPLIT ? 2 : op->kind == MOTE_GRAMMAR_JUMP;
}

MOTE_MUST_CHECK mote_status mote_grammar_parse(mote_str text, mote_grammar_code *c, mote_error *err);
/* Code for one character of a set: ranges [n] in any order, which are sorted here. Surrogates are left out. */
MOTE_MUST_CHECK mote_status mote_grammar_classes_emit(mote_grammar_code *c, mote_grammar_range *ranges, size_t n, bool negated, mote_error *err);
/* Fills distance. */
MOTE_MUST_CHECK mote_status mote_grammar_measure(mote_grammar_code *c, mote_error *err);
/* Refuses left recursion and rules that never end; needs distance. */
MOTE_MUST_CHECK mote_status mote_grammar_measure_check(const mote_grammar_code *c, mote_error *err);
/* New code, of the rules that are kept only; distance is to be measured again. */
MOTE_MUST_CHECK mote_status mote_grammar_inline(mote_grammar_code *c, mote_error *err);

/* Where a text can be in a rule. Position 0 is behind the whole text. */
typedef struct mote_grammar_position {
    uint32_t edge, call;    /* the first of its own; the next position's begin behind the last */
    uint32_t distance;      /* bytes to the rule's end */
    uint32_t byte_distance; /* the same, where a byte comes next that is not in another rule */
    uint8_t byte;           /* the first of these */
    bool is_final;
    bool is_last; /* final, and nothing can follow */
} mote_grammar_position;

typedef struct mote_grammar_edge {
    uint8_t lo, hi;
    uint32_t to;
} mote_grammar_edge;

typedef struct mote_grammar_call {
    uint32_t rule, to;
} mote_grammar_call;

struct mote_grammar {
    mote_grammar_position *positions; /* [n_positions + 1] */
    mote_grammar_edge *edges;
    mote_grammar_call *calls;
    size_t n_positions, n_edges, n_calls, positions_capacity, edges_capacity, calls_capacity;
    uint32_t *starts; /* [n_rules] a rule's first position */
    uint32_t *ranks;  /* [n_rules] a rule is ranked before those that may begin where it begins */
    uint32_t *ranked; /* [n_rules] the other way round */
    size_t n_rules;
    uint32_t root;
    uint8_t byte_class[256];
    unsigned n_classes;
};

#endif
