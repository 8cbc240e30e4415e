/* --lora and --lora-scaled: which adapters, and how strongly each. */
#ifndef MOTE_CLI_ADAPTERS_H
#define MOTE_CLI_ADAPTERS_H

#include "cli/output.h"

typedef struct cli_adapter_list {
    char **paths; /* [n] */
    float *scales;
    size_t n;
} cli_adapter_list;

/* CLI_DONE, or CLI_USAGE with a message; in both cases cli_adapters_free frees what there is. */
int cli_adapters_parse(const cli_options *o, cli_adapter_list *list);
void cli_adapters_free(cli_adapter_list *list);

#endif
