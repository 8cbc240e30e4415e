/* A bar on standard error for work that takes more than a second, on a terminal only. Also where such work learns of an interrupt. */
#ifndef MOTE_CLI_PROGRESS_H
#define MOTE_CLI_PROGRESS_H

#include "cli/options.h"

typedef struct cli_progress {
    bool shown, allowed;
    double begun, drawn; /* seconds of cli_output_clock */
    int percent;
} cli_progress;

/* Begins to defer interrupts; _end stops that and clears the bar. */
void cli_progress_begin(cli_progress *p, const cli_options *o);
void cli_progress_end(cli_progress *p);
/* A mote_progress_fn; context is a cli_progress. False after an interrupt. */
bool cli_progress_step(void *context, const char *what, double fraction);

#endif
