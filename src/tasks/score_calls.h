/* Whether tool calls are the wanted ones: the AST match of the Berkeley Function Calling Leaderboard (S. G. Patil and others, "The Berkeley Function Calling Leaderboard", ICML
 * 2025), for functions with Python types. */
#ifndef MOTE_TASKS_SCORE_CALLS_H
#define MOTE_TASKS_SCORE_CALLS_H

#include "formats/json.h"

/* functions: [{"name", "parameters": {"properties", "required"}}]; calls: the output, [{name: {argument: value}}]; answers: [{name: {argument: [allowed values]}}], "" among these
 * where the argument may be left out.
 * Every answer takes one call, in any order, and none is left: the name is equal, no required argument is missing and none is unknown; each value has the type of its description
 * (an integer is a float; a value of the answers' own type is right too) and equals an allowed one. Strings are compared without case, spaces and ,./-_*^, also inside lists and
 * the values of dictionaries. */
bool mote_calls_match(const mote_json *functions, const mote_json *calls, const mote_json *answers);

#endif
