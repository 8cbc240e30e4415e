/* One answer: generated, streamed or printed as JSON, with its figures. */
#ifndef MOTE_CLI_ANSWER_H
#define MOTE_CLI_ANSWER_H

#include "cli/prompt_cache.h"

/* Generates from the prompt and prints. Gives an exit code (CLI_INTERRUPTED when cancelled); *result is the caller's to deinit, also after an interrupt.
 * What a status says is printed here. cache may be NULL. */
int cli_answer(cli_runtime *r, const cli_options *o, const int32_t *prompt, size_t n_prompt, cli_prompt_cache *cache, mote_generate_result *result);

#endif
