/* Help texts for a terminal, from the description of commands. */
#ifndef MOTE_CLI_HELP_H
#define MOTE_CLI_HELP_H

#include "cli/options.h"

void cli_help_overview(void);
void cli_help_command(const cli_command *command);
/* Prints that there is no such command, and which there are. */
int cli_help_unknown(const char *typed);
/* "-n, --predict N". */
void cli_help_flag_names(const cli_option *option, char *line, size_t n_bytes);

#endif
