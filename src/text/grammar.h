/* GBNF, llama.cpp's notation of grammars: rules, literals, classes of characters, groups, repetitions, alternatives, comments, '.'. A grammar is compiled to an immutable form,
 * from which automata (automaton.h) over bytes are made.
 *
 * Refused with line and column: what can't be parsed, undefined and repeated rules, left recursion (also behind what may be empty), rules that never end. Loops of what may be
 * empty are fine. */
#ifndef MOTE_TEXT_GRAMMAR_H
#define MOTE_TEXT_GRAMMAR_H

#include "base/str.h"
#include "text/automaton.h"

#include <mote/status.h>

typedef struct mote_grammar mote_grammar;

/* MOTE_ERR_FORMAT (line and column), _UNSUPPORTED (tokens in a grammar), _LIMIT (names the limit), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_grammar_compile(mote_str text, mote_grammar **grammar, mote_error *err);
void mote_grammar_free(mote_grammar **grammar);
/* An automaton of the grammar's texts; the grammar must outlive it. Free with its ops. _ALLOC. */
MOTE_MUST_CHECK mote_status mote_grammar_automaton(const mote_grammar *grammar, mote_automaton **automaton, mote_error *err);

#endif
