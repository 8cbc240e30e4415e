/* Regular expressions as JSON Schema's `pattern` has them (ECMA-262, with the u flag), as automata over UTF-8.
 *
 * Taken: characters, classes, . \d \w \s \p{general category}, groups, |, * + ? {n,m} and their reluctant forms, ^ and $, \t \xHH \uHHHH \u{H} and so on. Refused by name
 * (MOTE_ERR_UNSUPPORTED): lookaheads, lookbehinds, word boundaries, references to groups, scripts. Errors: MOTE_ERR_FORMAT with the offset; _LIMIT where the automaton would pass
 * some megabytes or tens of milliseconds; _ALLOC. */
#ifndef MOTE_TEXT_REGULAR_H
#define MOTE_TEXT_REGULAR_H

#include "base/str.h"
#include "text/automaton.h"

#include <mote/status.h>

typedef struct mote_regular mote_regular;

/* What strings hold a match somewhere. The caller frees it. */
MOTE_MUST_CHECK mote_status mote_regular_compile(mote_str pattern, mote_regular **regular, mote_error *err);
void mote_regular_free(mote_regular **regular);
bool mote_regular_matches(const mote_regular *regular, mote_str text); /* malformed UTF-8 never does */

/* The strings that are a match from end to end, as an automaton that depends on nothing else. Its keys are its states: all of it is one frame. It is never full. */
MOTE_MUST_CHECK mote_status mote_regular_automaton(mote_str pattern, mote_automaton **a, mote_error *err);

#endif
