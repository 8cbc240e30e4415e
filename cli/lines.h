/* Texts, one a line; of standard input as many at a time as have arrived, so that a pipe is answered line by line and a file is computed in batches. */
#ifndef MOTE_CLI_LINES_H
#define MOTE_CLI_LINES_H

#include "cli/output.h"

enum { CLI_LINES_MAX = 256 };

typedef struct cli_lines {
    mote_embed_text texts[CLI_LINES_MAX]; /* borrowed from data until the next call; without line ends */
    size_t n;                             /* 0: the input has ended */
    size_t first_number;                  /* of texts[0] among all lines, from 1 */
    char *data;                           /* owned */
    size_t n_bytes, capacity, n_taken;    /* what was read; of that, what earlier texts took */
    bool has_ended;
} cli_lines;

void cli_lines_begin(cli_lines *l);
/* The next texts, at least one. An exit code; a failure is printed. */
int cli_lines_next(cli_lines *l);
void cli_lines_end(cli_lines *l);

/* Gives each line of a file, or of standard input where path is "-", to take(), without its end, numbered from 1. Stops at the first code that isn't CLI_DONE, and returns it. */
int cli_lines_each(const char *path, int (*take)(void *context, const char *line, size_t n_bytes, size_t number), void *context);

#endif
