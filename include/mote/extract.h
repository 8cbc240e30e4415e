/*
 * Extracting values from texts: JSON that is valid by a schema, with the place in the text of each value.
 *
 *     mote_extract_options options = MOTE_EXTRACT_OPTIONS_INIT;
 *     options.schema = schema;
 *     options.schema_bytes = strlen(schema);
 *     status = mote_extractor_create(engine, &options, &extractor, &err);
 *     status = mote_extract(extractor, text, strlen(text), &extraction, &err);    // extraction.value
 *     ...
 *     mote_extraction_deinit(&extraction);
 *     mote_extractor_free(&extractor);
 *
 * A string that isn't in the text becomes null where the schema allows null. Values of `enum` and `const` and booleans are the schema's words, not the text's, and stay. A text
 * that doesn't fit into the context is read in parts: the first value that isn't null counts, and arrays are joined, where the schema allows the longer one.
 */
#ifndef MOTE_EXTRACT_H
#define MOTE_EXTRACT_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_extractor mote_extractor;

typedef struct mote_extract_example {
    const char *text;
    size_t text_bytes;
    const char *value; /* JSON, valid by the schema */
    size_t value_bytes;
} mote_extract_example;

typedef struct mote_extract_options {
    size_t size;
    const char *task;   /* NULL: "extract"; a name or folder (<mote/task.h>) of that kind */
    const char *schema; /* [schema_bytes] a JSON Schema */
    size_t schema_bytes;
    const mote_extract_example *examples; /* [n_examples] stand in the prompt, all of them */
    size_t n_examples;
    mote_progress_fn progress; /* of the parts of a text; NULL: none */
    void *progress_context;
} mote_extract_options;

#define MOTE_EXTRACT_OPTIONS_INIT \
    { sizeof(mote_extract_options), NULL, NULL, 0, NULL, 0, NULL, NULL }

typedef struct mote_extract_span {
    char *path; /* of a string or number in the value: a JSON Pointer */
    bool is_found;
    size_t start, end; /* bytes of the text; 0 where it isn't found */
} mote_extract_span;

typedef struct mote_extraction {
    char *value; /* JSON, NUL-terminated */
    size_t value_bytes;
    mote_extract_span *spans; /* [n_spans] in the order of the value; strings that the schema lists are among them only where the text has them */
    size_t n_spans;
    size_t n_parts;  /* that the text was read in */
    size_t n_tokens; /* computed */
} mote_extraction;

/* Takes one of the engine's sessions, in which the beginning of the prompt (instruction, schema, examples) stays computed; the engine must outlive it, what the options point to is
 * copied. MOTE_ERR_FORMAT (schema, task), _ARGUMENT (an example that isn't valid by the schema, named), _UNSUPPORTED (a keyword of the schema, named), _NOT_FOUND, _LIMIT (no
 * session is free), _TEMPLATE, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_extractor_create(mote_engine *engine, const mote_extract_options *options, mote_extractor **extractor, mote_error *err);
MOTE_API void mote_extractor_free(mote_extractor **extractor);
/* One text. *extraction is empty on failure. MOTE_ERR_ARGUMENT (a text without characters), _CONTEXT (schema and examples leave no room), _LIMIT (the schema's shortest text is
 * longer than an answer may be), _CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_extract(mote_extractor *extractor, const char *text, size_t text_bytes, mote_extraction *extraction, mote_error *err);
MOTE_API void mote_extraction_deinit(mote_extraction *extraction);

#ifdef __cplusplus
}
#endif

#endif
