/* From messages to token ids: the model's chat template, with control tokens only where the template itself writes them. */
#ifndef MOTE_CLI_PROMPT_H
#define MOTE_CLI_PROMPT_H

#include "cli/conversation.h"
#include "cli/runtime.h"

/* Each gives *ids (free with free) and an exit code, and prints what went wrong. */

/* The template's text of the conversation, ready for the answer. */
int cli_prompt_messages(const cli_runtime *r, const cli_conversation *c, int32_t **ids, size_t *n_ids);
/* As it is: special tokens parsed, nothing added. */
int cli_prompt_raw(const cli_runtime *r, const char *text, size_t n_bytes, int32_t **ids, size_t *n_ids);
/* Text to be continued by a model without a template: a begin token where the model wants one, control tokens in the text are text. */
int cli_prompt_completion(const cli_runtime *r, const char *text, size_t n_bytes, int32_t **ids, size_t *n_ids);

#endif
