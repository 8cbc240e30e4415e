/* JSON Schema as an automaton over the bytes of JSON texts: what it lets through is valid, and everything valid can be written, within the bounds below.
 *
 * Drafts 7 and 2020-12, and of 4, 6 and 2019-09 what means the same. A keyword of the standard that can't be enforced in its place is refused by name, never ignored; a word that
 * no standard defines is an annotation, which warns. Standard formats are asserted; formats that no standard defines are annotations. Without $schema, what stands beside $ref
 * counts.
 *
 * Texts: members in any order, none twice where the schema names it; strings and names with any escapes, numbers with exponents (the digits before an exponent have to be the
 * beginning of a number in range themselves); white space wherever JSON has it, MOTE_SCHEMA_MAX_SPACE bytes in a row; values nested MOTE_SCHEMA_MAX_DEPTH deep; numbers of up to
 * MOTE_SCHEMA_MAX_NUMBER bytes. Numbers are compared as decimals, not as doubles. */
#ifndef MOTE_TEXT_JSON_SCHEMA_H
#define MOTE_TEXT_JSON_SCHEMA_H

#include "base/str.h"
#include "text/automaton.h"

#include <mote/status.h>

/* distance() may be some bytes above what following closing() takes, where names or items have to differ. */
enum { MOTE_SCHEMA_MAX_SPACE = 20, MOTE_SCHEMA_MAX_DEPTH = 100, MOTE_SCHEMA_MAX_NUMBER = 40 };

typedef struct mote_json_schema mote_json_schema; /* immutable; many threads may make automata of it */

/* MOTE_ERR_FORMAT: it is no JSON, or a keyword's value isn't what the standard asks for; _UNSUPPORTED: the message names the keyword that can't be enforced (or, if strict, the
 * unknown word); _LIMIT: it would take more than some 32 MiB or 100 ms; _ALLOC. A schema that accepts nothing is MOTE_ERR_UNSUPPORTED. */
MOTE_MUST_CHECK mote_status mote_json_schema_compile(mote_str text, bool strict, mote_json_schema **schema, mote_error *err);
void mote_json_schema_free(mote_json_schema *schema); /* NULL is fine; automata made of it first */

/* Words that were taken as annotations, one sentence each; borrowed from the schema. */
size_t mote_json_schema_n_warnings(const mote_json_schema *schema);
const char *mote_json_schema_warning(const mote_json_schema *schema, size_t i);

/* An automaton over it; free it by its ops before the schema. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_json_schema_automaton(const mote_json_schema *schema, mote_automaton **a, mote_error *err);

#endif
