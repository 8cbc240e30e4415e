/* Writes JSON to a stream, piece by piece: commas are put by themselves. */
#ifndef MOTE_CLI_WRITER_H
#define MOTE_CLI_WRITER_H

#include "cli/output.h"

enum { CLI_WRITER_MAX_DEPTH = 16 };

typedef struct cli_writer {
    FILE *out;
    int depth;
    bool is_filled[CLI_WRITER_MAX_DEPTH]; /* this level has a member already */
    bool after_key;
} cli_writer;

void cli_writer_init(cli_writer *w, FILE *out);
void cli_writer_open(cli_writer *w, char bracket); /* '{' or '[' */
void cli_writer_close(cli_writer *w, char bracket);
void cli_writer_key(cli_writer *w, const char *key);
/* Bytes that are no UTF-8 become U+FFFD, one for each maximal part of a character, as Unicode recommends. */
void cli_writer_string(cli_writer *w, const char *text, size_t n_bytes);
void cli_writer_text(cli_writer *w, const char *text);                 /* NUL-terminated; NULL: null */
void cli_writer_json(cli_writer *w, const char *json, size_t n_bytes); /* a value that is JSON already */
void cli_writer_integer(cli_writer *w, int64_t x);
void cli_writer_real(cli_writer *w, double x); /* the fewest digits that read back the same; not finite: null */
void cli_writer_float(cli_writer *w, float x);
void cli_writer_bool(cli_writer *w, bool x);

/* Bytes of a well-formed character at text, or 0; *n_bad is then the maximal part of one (1 to 3 bytes) to replace. */
size_t cli_writer_character(const char *text, size_t n_bytes, size_t *n_bad);

/* A line end and a flush: one JSON value on standard output is complete. */
void cli_writer_finish(cli_writer *w);

#endif
