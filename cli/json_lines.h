/* Files of JSON lines: examples for a task, and texts one a line. Failures are printed; they return an exit code. */
#ifndef MOTE_CLI_JSON_LINES_H
#define MOTE_CLI_JSON_LINES_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The objects of a file, each with a "text" and a `key`; is_text: that too is text, and neither holds a NUL. An empty array without a file (path NULL). *objects is the caller's,
 * also behind a failure. */
int cli_json_examples(const char *path, const char *key, bool is_text, json_t **objects);
/* The text that a line is, or holds as "text": borrowed from *value, which is the caller's. number: of the line, for messages. */
int cli_json_line_text(const char *line, size_t n_bytes, size_t number, json_t **value, const char **text, size_t *n_text_bytes);

#endif
