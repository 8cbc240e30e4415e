/* Splits a template into tokens exactly as Jinja's lexer does with trim_blocks and lstrip_blocks. */
#ifndef MOTE_TEXT_JINJA_LEXER_H
#define MOTE_TEXT_JINJA_LEXER_H

#include "text/jinja_ast.h"

typedef enum jinja_token_kind {
    JINJA_T_EOF,
    JINJA_T_DATA,
    JINJA_T_PRINT_BEGIN,
    JINJA_T_PRINT_END,
    JINJA_T_BLOCK_BEGIN,
    JINJA_T_BLOCK_END,
    JINJA_T_NAME,
    JINJA_T_STRING,
    JINJA_T_INTEGER,
    JINJA_T_FLOAT,
    JINJA_T_OPERATOR
} jinja_token_kind;

typedef struct jinja_token {
    jinja_token_kind kind;
    uint32_t line;
    mote_str text; /* a string without its quotes, escapes as written */
    char op[3];    /* of an operator */
} jinja_token;

typedef struct jinja_lexer {
    mote_str source;
    size_t pos;
    uint32_t line;
    jinja_token_kind inside;  /* PRINT_BEGIN or BLOCK_BEGIN, EOF outside of tags */
    jinja_token_kind pending; /* a tag that begins after the text just returned; EOF if none */
    bool line_starting;       /* the last thing read ended with a newline */
    unsigned n_open;
    char open[JINJA_MAX_NESTING]; /* the brackets that must close */
    mote_error *err;
} jinja_lexer;

void mote_jinja_lexer_init(jinja_lexer *lx, mote_str source, mote_error *err);
mote_status mote_jinja_lexer_next(jinja_lexer *lx, jinja_token *token);
const char *mote_jinja_lexer_describe(const jinja_token *token, char buffer[64]);

#endif
