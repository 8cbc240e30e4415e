/* The syntax tree, built once by the parser and only read by renderings. */
#ifndef MOTE_TEXT_JINJA_AST_H
#define MOTE_TEXT_JINJA_AST_H

#include "base/arena.h"
#include "text/jinja_value.h"

#include <mote/status.h>

#define JINJA_MAX_TEMPLATE_BYTES ((size_t)1 << 20)
#define JINJA_MAX_TREE_BYTES ((size_t)12 << 20) /* the parsed form of one template */
#define JINJA_MAX_NESTING 200                   /* brackets, blocks and operators within each other while parsing */
#define JINJA_MAX_TREE_DEPTH 400                /* of a chain such as a + b + c, which nests to the left */

typedef enum jinja_kind {
    /* expressions */
    JINJA_N_CONST,
    JINJA_N_BIG, /* an integer literal outside int64_t: name holds its digits, op the base */
    JINJA_N_NAME,
    JINJA_N_LIST,  /* items */
    JINJA_N_TUPLE, /* items */
    JINJA_N_DICT,  /* items: key, value, key, value */
    JINJA_N_ATTR,  /* a.name */
    JINJA_N_ITEM,  /* a[b] */
    JINJA_N_SLICE, /* a:b:c, each may be NULL */
    JINJA_N_CALL,  /* a(items, *b, kw, **c) */
    JINJA_N_FILTER,
    JINJA_N_TEST,
    JINJA_N_NOT,
    JINJA_N_NEGATIVE,
    JINJA_N_POSITIVE,
    JINJA_N_BINARY, /* a op b */
    JINJA_N_AND,
    JINJA_N_OR,
    JINJA_N_COMPARE, /* a, then items with their op */
    JINJA_N_OPERAND, /* op b */
    JINJA_N_CONCAT,  /* items */
    JINJA_N_COND,    /* b if a else c (may be NULL) */
    JINJA_N_NSREF,   /* name.attr as an assignment target: id, name */
    JINJA_N_KEYWORD, /* name = a */
    /* statements */
    JINJA_N_SEQ,         /* items */
    JINJA_N_DATA,        /* value */
    JINJA_N_PRINT,       /* a */
    JINJA_N_IF,          /* a: test, body, orelse: another IF, a SEQ, or NULL */
    JINJA_N_FOR,         /* a: target, b: iterable, c: filter, body, orelse; flag: recursive */
    JINJA_N_SET,         /* a = b */
    JINJA_N_SETBLOCK,    /* a: target, b: filters, body */
    JINJA_N_MACRO,       /* id, name, items: parameters, kw: defaults of the last ones, body; flag: JINJA_USES_* */
    JINJA_N_CALLBLOCK,   /* a: call, b: macro */
    JINJA_N_FILTERBLOCK, /* b: filters, body */
    JINJA_N_WITH,        /* items: targets, kw: values, body */
    JINJA_N_SCOPE,       /* body in a scope of its own (generation) */
    JINJA_N_BLOCK,       /* body seeing only outermost variables unless flag (scoped) */
    JINJA_N_AUTOESCAPE,  /* a, body */
    JINJA_N_BREAK,
    JINJA_N_CONTINUE,
    JINJA_N_REFUSED /* name: a tag that needs other files */
} jinja_kind;

enum { JINJA_USES_CALLER = 1, JINJA_USES_KWARGS = 2, JINJA_USES_VARARGS = 4 };

/* .op of JINJA_N_OPERAND; JINJA_N_BINARY has the characters of mote_jinja_binary */
enum { JINJA_OP_EQ, JINJA_OP_NE, JINJA_OP_LT, JINJA_OP_LE, JINJA_OP_GT, JINJA_OP_GE, JINJA_OP_IN, JINJA_OP_NOT_IN };

struct jinja_node {
    uint8_t kind, op, flag;
    uint16_t depth;
    uint32_t line, id; /* id: of a variable's name */
    jinja_node *a, *b, *c, *body, *orelse;
    jinja_node **items, **kw;
    uint32_t n, n_kw;
    union {
        jinja_value value;
        struct {
            jinja_str *name;
            const jinja_builtin *function; /* of a filter or test; NULL: fails when reached */
        } u;
    } as;
};

typedef struct jinja_tree {
    mote_arena arena;
    mote_str source; /* newlines normalised */
    jinja_node *body;
    jinja_str **names; /* by id */
    uint32_t n_names;
} jinja_tree;

/* Parses into *tree, which the caller has zeroed; free with mote_arena_deinit(&tree->arena) also after a failure. */
mote_status mote_jinja_parse(jinja_tree *tree, mote_str source, mote_error *err);

#endif
