/* --prompt-cache FILE, with the meaning that llama.cpp's completion program gives it: the file is read before the prompt is computed, and written where it didn't know all of the
 * prompt; with --prompt-cache-all once more behind the answer, with --prompt-cache-ro never. */
#ifndef MOTE_CLI_PROMPT_CACHE_H
#define MOTE_CLI_PROMPT_CACHE_H

#include "cli/runtime.h"

typedef struct cli_prompt_cache {
    const mote_session *session;
    const char *path;                /* NULL: there is nothing to do */
    bool keeps_prompt, keeps_answer; /* are still to be written */
    int code;                        /* of the first writing that failed */
} cli_prompt_cache;

/* Restores the runtime's session from the file, if there is one that isn't empty. An exit code; prints what doesn't fit. */
int cli_prompt_cache_open(cli_prompt_cache *c, cli_runtime *r, const cli_options *o, const int32_t *prompt, size_t n_prompt);
/* The session holds the prompt and nothing else: when the first token was chosen. */
void cli_prompt_cache_prompt_is_done(cli_prompt_cache *c);
/* An exit code: whether everything could be written. */
int cli_prompt_cache_answer_is_done(cli_prompt_cache *c);

#endif
