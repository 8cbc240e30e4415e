/* What the program prints: results on standard output, messages on standard error, memory that is never missing. */
#ifndef MOTE_CLI_OUTPUT_H
#define MOTE_CLI_OUTPUT_H

#include "cli/options.h"

#include <stdio.h>

/* "mote: message", and below it "hint: ..." where hint is not NULL. Gives `code` back, so that a failure is one statement. */
int cli_output_fail(int code, const char *hint, const char *fmt, ...) MOTE_PRINTF(3, 4);
/* The same for a status of the library; its exit code. An argument that the library refuses counts as usage when `from_flags`. */
int cli_output_status(mote_status status, const mote_error *err, bool from_flags);
int cli_output_code(mote_status status, bool from_flags);
/* A line on standard error unless -q. */
void cli_output_notice(const cli_options *o, const char *fmt, ...) MOTE_PRINTF(2, 3);

/* Bytes to standard output. A reader that went away ends the program quietly, any other failure with a message. */
void cli_output_bytes(const void *data, size_t n_bytes);
/* The same for text of a model: on a terminal, control characters other than newline and tab are shown as U+FFFD, so that it can't drive the terminal. */
void cli_output_text(const char *text, size_t n_bytes);
void cli_output_flush(void);

bool cli_output_is_terminal(int fd); /* and not TERM=dumb */
bool cli_output_has_colour(int fd);

/* Where speed and memory are told: standard error is a terminal, or -v; not with -q. */
bool cli_output_wants_figures(const cli_options *o);
/* "186.2 MiB"; buffer of 32 bytes. */
const char *cli_output_size(uint64_t n_bytes, char *buffer);

double cli_output_clock(void); /* seconds, monotonic */
uint64_t cli_output_peak_bytes(void);

/* Memory; the program ends with a message where there is none. */
void *cli_alloc(size_t n, size_t item_bytes);
void *cli_resize(void *p, size_t n, size_t item_bytes);
char *cli_dup(const char *text, size_t n_bytes); /* with a NUL behind it */

#endif
