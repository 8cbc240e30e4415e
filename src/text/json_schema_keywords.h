/* From the words of a schema to what it means. */
#ifndef MOTE_TEXT_JSON_SCHEMA_KEYWORDS_H
#define MOTE_TEXT_JSON_SCHEMA_KEYWORDS_H

#include "text/json_schema_shape.h"

/* What a schema takes; kept, so that the same schema is worked out once. NULL on failure, or, without one, where it is being worked out already. */
const mote_shape_set *mote_schema_set_of(mote_schema_compiler *c, const mote_json *schema);
/* What is equal to a value, as JSON Schema has it: 1 equals 1.0. */
const mote_shape_set *mote_schema_set_of_value(mote_schema_compiler *c, const mote_json *value);

/* Parts of it, by the types they speak of. All take the object that is the schema and narrow the set. */
void mote_schema_apply_number(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set);
void mote_schema_apply_string(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set);
void mote_schema_apply_array(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set);
void mote_schema_apply_object(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set);
void mote_schema_apply_dependencies(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set);
void mote_schema_apply_unevaluated(mote_schema_compiler *c, const mote_json *schema, mote_shape_set *set);

/* A keyword's value, if the schema has it; `where` is set for messages. */
const mote_json *mote_schema_keyword(mote_schema_compiler *c, const mote_json *schema, const char *name);
/* A count (minItems and so on): 2 and 2.0; at most MOTE_SHAPE_NO_MAX. false where the keyword isn't there. */
bool mote_schema_count(mote_schema_compiler *c, const mote_json *schema, const char *name, uint32_t *count);
const mote_shape_node *mote_schema_node(mote_schema_compiler *c, const mote_json *schema); /* checks that it is an object or a boolean */
bool mote_schema_decimal(mote_schema_compiler *c, const mote_json *number, mote_decimal *out);
const mote_dfa *mote_schema_pattern(mote_schema_compiler *c, const mote_json *text, mote_str literal);

/* The expression of a standard format; NULL: the format is none of ours. *unsupported: a standard one that can't be enforced. */
const char *mote_schema_format(mote_str name, bool *unsupported);

#endif
