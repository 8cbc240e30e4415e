/* The text of a schema as a document: which words are known, what $ref points to. */
#ifndef MOTE_TEXT_JSON_SCHEMA_DOCUMENT_H
#define MOTE_TEXT_JSON_SCHEMA_DOCUMENT_H

#include "text/json_schema_shape.h"

typedef struct mote_schema_resource {
    mote_str uri; /* with #anchor for an anchor */
    const mote_json *schema;
} mote_schema_resource;

typedef struct mote_schema_base {
    const mote_json *schema;
    mote_str uri;
} mote_schema_base;

typedef struct mote_schema_text_pattern {
    mote_str text;
    const mote_dfa *dfa;
} mote_schema_text_pattern;

typedef struct mote_schema_document {
    const mote_json *root;
    bool strict, ref_alone; /* up to draft 7, $ref hides what stands beside it */
    bool unmarked_integers; /* up to draft 4, 1.0 is no integer */
    mote_schema_resource *resources;
    size_t n_resources, resources_capacity;
    mote_schema_base *bases; /* a hash table by schema: the address that relative references start from */
    size_t n_bases, bases_size;
    mote_str dynamic[16]; /* names of $dynamicAnchor */
    size_t n_dynamic;
    bool recursive_anchor;
    const char **warnings; /* in the arena */
    size_t n_warnings;
    mote_schema_text_pattern *patterns;
    size_t n_patterns, patterns_capacity;
} mote_schema_document;

/* Walks all schemas of the document: addresses, anchors, and whether something asks what was evaluated. */
void mote_schema_open(mote_schema_compiler *c, const mote_json *root);
/* What the keyword's reference points to; NULL after a failure that names it. */
const mote_json *mote_schema_resolve(mote_schema_compiler *c, const mote_json *schema, const char *keyword);
bool mote_schema_ref_stands_alone(const mote_schema_compiler *c);
/* Each word of the schema is known, or a warning is kept (under strict: the compiler fails). */
void mote_schema_check_words(mote_schema_compiler *c, const mote_json *schema);
void mote_schema_warn(mote_schema_compiler *c, const char *what, mote_str word);

#endif
