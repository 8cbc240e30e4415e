/* What the program reads: whole files and standard input, token ids. */
#ifndef MOTE_CLI_INPUT_H
#define MOTE_CLI_INPUT_H

#include "cli/output.h"

typedef struct cli_text {
    char *data; /* [n_bytes], a NUL behind; free with free */
    size_t n_bytes;
} cli_text;

/* "-" is standard input. CLI_DONE, or prints why not. */
int cli_input_read(const char *path, cli_text *text);
/* The same for what people write: a NUL byte, which no text holds, is refused and its place said. */
int cli_input_read_document(const char *path, cli_text *text);
void cli_text_append(cli_text *text, const char *data, size_t n_bytes);
void cli_text_free(cli_text *text);

/* Ids separated by white space, or a JSON array of them. `name` begins messages. CLI_DONE, or prints where the first wrong one is. */
int cli_input_ids(const char *name, const cli_text *text, int32_t **ids, size_t *n_ids);

#endif
