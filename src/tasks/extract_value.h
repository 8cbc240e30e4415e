/* What a model says a text holds, held against the text: values that are made up, places, and answers of several parts put together. */
#ifndef MOTE_TASKS_EXTRACT_VALUE_H
#define MOTE_TASKS_EXTRACT_VALUE_H

#include "formats/json.h"

#include <mote/constraint.h>
#include <mote/extract.h>

/* What a value must hold to. All borrowed. */
typedef struct mote_extract_rules {
    const mote_json *schema;
    const mote_constraint *constraint;
} mote_extract_rules;

/* A step down in a value: to a member {key, 0}, or to an item {{NULL, 0}, index}. */
typedef struct mote_extract_step {
    mote_str key;
    size_t index;
} mote_extract_step;

/* Whether the schema lists the string that [n] steps lead to in an `enum` or `const`. */
bool mote_extract_lists(const mote_json *schema, const mote_extract_step *steps, size_t n, mote_str value);

/* Appends the value with null for each string that the text doesn't have, as far as the schema allows that. MOTE_ERR_LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_extract_ground(const mote_extract_rules *rules, mote_str text, const mote_json *value, mote_buffer *out, mote_error *err);
/* The places of all strings and numbers; spans of the extraction are added to. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_extract_places(const mote_extract_rules *rules, mote_str text, const mote_json *value, mote_extraction *extraction, mote_error *err);
/* Appends one value made of two: members one by one, arrays joined, else the first that is neither null nor empty; the first alone where the schema forbids the whole. */
MOTE_MUST_CHECK mote_status mote_extract_merge(const mote_extract_rules *rules, const mote_json *first, const mote_json *second, mote_buffer *out, mote_error *err);

#endif
