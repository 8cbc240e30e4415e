/* Inside of the parser: its state, and what its files (jinja_parser.c statements, jinja_parse_expr.c expressions, jinja_literal.c constants) offer each other.
 * Functions return NULL or false after a failure; p->status and *p->err then say why. */
#ifndef MOTE_TEXT_JINJA_PARSER_H
#define MOTE_TEXT_JINJA_PARSER_H

#include "base/error.h"
#include "text/jinja_ast.h"
#include "text/jinja_lexer.h"

/* A macro or call block being parsed: which of caller, kwargs and varargs its body reads before storing them. */
typedef struct jinja_macro_scope {
    struct jinja_macro_scope *outer;
    unsigned uses, stored;
} jinja_macro_scope;

/* A filter or test that does not exist: an error, unless it turns out to be in a branch that may never run. */
typedef struct jinja_unknown {
    uint32_t line;
    const char *what;
    jinja_str *name;
} jinja_unknown;

typedef struct jinja_parser {
    jinja_lexer lexer;
    jinja_token current, ahead;
    bool has_ahead, storing, soft; /* storing: names are targets; soft: inside of a branch */
    jinja_tree *tree;
    mote_error *err;
    mote_status status;
    unsigned nesting, n_loops;
    jinja_macro_scope *macro;
    jinja_unknown *unknown;
    size_t n_unknown, max_unknown;
    uint32_t *name_slots;
    size_t n_slots, max_names;
} jinja_parser;

/* A list of nodes that grows in the tree's arena. */
typedef struct jinja_nodes {
    jinja_node **items;
    uint32_t n, capacity;
} jinja_nodes;

enum { JINJA_TUPLE_SIMPLE = 1, JINJA_TUPLE_NO_COND = 2, JINJA_TUPLE_PARENS = 4, JINJA_TUPLE_NAMESPACE = 8 };

/* --- jinja_parser.c --- */
void *mote_jinja_parser_fail(jinja_parser *p, mote_status status, uint32_t line, const char *fmt, ...) MOTE_PRINTF(4, 5); /* NULL */
void *mote_jinja_parser_alloc(jinja_parser *p, size_t n_bytes);
jinja_node *mote_jinja_parser_node(jinja_parser *p, jinja_kind kind, uint32_t line);
jinja_node *mote_jinja_parser_finish(jinja_parser *p, jinja_node *n);           /* sets the depth, NULL past the limit */
bool mote_jinja_parser_push(jinja_parser *p, jinja_nodes *list, jinja_node *n); /* false if n is NULL */
jinja_str *mote_jinja_parser_str(jinja_parser *p, mote_str text);
bool mote_jinja_parser_intern(jinja_parser *p, jinja_str *name, uint32_t *id);
bool mote_jinja_parser_next(jinja_parser *p);
bool mote_jinja_parser_look(jinja_parser *p, const jinja_token **ahead);
bool mote_jinja_parser_is_op(const jinja_parser *p, const char *op);
bool mote_jinja_parser_is_name(const jinja_parser *p, const char *name);
bool mote_jinja_parser_expect_op(jinja_parser *p, const char *op);
jinja_str *mote_jinja_parser_expect_name(jinja_parser *p);
bool mote_jinja_parser_deeper(jinja_parser *p);

/* --- jinja_parse_expr.c --- */
jinja_node *mote_jinja_parser_expression(jinja_parser *p, bool with_cond);
jinja_node *mote_jinja_parser_tuple(jinja_parser *p, unsigned flags, const char *end_name);
jinja_node *mote_jinja_parser_target(jinja_parser *p, unsigned flags, const char *end_name);
jinja_node *mote_jinja_parser_filters(jinja_parser *p, jinja_node *inner, bool at_name);

/* --- jinja_literal.c --- */
jinja_node *mote_jinja_parser_number(jinja_parser *p);
bool mote_jinja_parser_unescape(jinja_parser *p, const jinja_token *token, char *out, size_t *n); /* out: 4 bytes for each source byte */

#endif
