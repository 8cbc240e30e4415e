/* Lines that a user types: with editing and history on a terminal, plainly otherwise. */
#ifndef MOTE_CLI_LINE_H
#define MOTE_CLI_LINE_H

#include "cli/options.h"

typedef struct cli_line cli_line;

typedef enum cli_line_result { CLI_LINE_READ, CLI_LINE_END, CLI_LINE_INTERRUPTED } cli_line_result;

cli_line *cli_line_open(void);
void cli_line_close(cli_line **line); /* keeps the history in $XDG_STATE_HOME/mote/history */
bool cli_line_is_terminal(const cli_line *line);
/* *text (borrowed until the next call) is the line without its end. */
cli_line_result cli_line_read(cli_line *line, const char **text, size_t *n_bytes);

#endif
