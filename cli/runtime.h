/* A model opened and made ready as the flags ask: what run, chat, eval, bench and embed start from. */
#ifndef MOTE_CLI_RUNTIME_H
#define MOTE_CLI_RUNTIME_H

#include "cli/output.h"

typedef struct cli_runtime {
    char *path;
    mote_model *model;
    mote_model_info info;
    const mote_tokenizer *tokenizer; /* the model's; NULL if it has none */
    mote_adapter **adapters;         /* [n_adapters], in the order in which they are applied */
    float *adapter_scales;
    size_t n_adapters;
    mote_engine *engine;
    mote_session *session;
    mote_sampler *sampler;
    mote_constraint *constraint; /* NULL: any text */
    double load_seconds;
} cli_runtime;

/* All of these give an exit code and print what went wrong. */
int cli_runtime_resolve(const cli_options *o, char **path);
/* The model, and its adapters. */
int cli_runtime_open_model(cli_runtime *r, const cli_options *o);
/* Model, engine, session and sampler. */
int cli_runtime_open(cli_runtime *r, const cli_options *o);
/* A sampler by the settings of o; the runtime's is replaced. */
int cli_runtime_set_sampler(cli_runtime *r, const cli_options *o);
mote_engine_options cli_runtime_engine_options(const cli_runtime *r, const cli_options *o);
void cli_runtime_close(cli_runtime *r);
/* A text's tokens as llama-perplexity takes them: the model's begin token, no control tokens from the text. *ids: free. */
int cli_runtime_tokenize_file(const cli_runtime *r, const char *path, int32_t **ids, size_t *n_ids);

/* The tokenizer alone, for commands that need no weights. */
int cli_runtime_open_tokenizer(const cli_options *o, mote_tokenizer **tokenizer);

#endif
