/* The description of the program: its commands and their flags. Everything that tells about them (parser, help, man page, completions) reads this. */
#ifndef MOTE_CLI_COMMANDS_H
#define MOTE_CLI_COMMANDS_H

#include "cli/options.h"

enum { CLI_MAX_GROUPS = 6 };

struct cli_command {
    const char *name;                 /* "run", "eval logits" */
    const char *arguments;            /* as the synopsis shows them, or "" */
    const char *summary;              /* one line, no full stop */
    const char *text;                 /* paragraphs separated by newlines */
    const char *complete;             /* what its arguments are, for completions: "file", "model", "command" or "" */
    int min_arguments, max_arguments; /* -1: any number */
    bool hidden;
    int (*run)(const cli_options *o);
    const cli_option *groups[CLI_MAX_GROUPS]; /* each ends with names == NULL; the list with NULL */
};

extern const cli_command cli_commands[]; /* ends with name == NULL */

/* Groups of flags (flags.c). */
extern const cli_option cli_flags_common[], cli_flags_model[], cli_flags_lora[], cli_flags_merge[], cli_flags_context[], cli_flags_answer[], cli_flags_sampling[],
    cli_flags_later[], cli_flags_vocabulary[], cli_flags_tokenize[], cli_flags_detokenize[], cli_flags_template[], cli_flags_check[], cli_flags_logits[], cli_flags_perplexity[],
    cli_flags_bench[], cli_flags_run[], cli_flags_pull[], cli_flags_quantize[], cli_flags_imatrix[], cli_flags_convert[], cli_flags_threads[], cli_flags_embed[],
    cli_flags_rerank[], cli_flags_schema[], cli_flags_task[], cli_flags_eval_task[], cli_flags_classify[], cli_flags_proofread[], cli_flags_rewrite[], cli_flags_summarize[],
    cli_flags_tools[], cli_flags_extract[];

/* The text that begins and ends the man page and the help. */
extern const char cli_about[], cli_environment[], cli_exit_codes[];

/* Finds the command at the head of argv; *n_words is how many arguments its name takes. NULL if there is none. */
const cli_command *cli_commands_find(int argc, char **argv, int *n_words);

/* The commands, one function a file. */
int cli_run(const cli_options *o);
int cli_chat(const cli_options *o);
int cli_tokenize(const cli_options *o);
int cli_detokenize(const cli_options *o);
int cli_template(const cli_options *o);
int cli_schema(const cli_options *o);
int cli_show(const cli_options *o);
int cli_check(const cli_options *o);
int cli_bench(const cli_options *o);
int cli_embed(const cli_options *o);
int cli_rerank(const cli_options *o);
int cli_eval_logits(const cli_options *o);
int cli_eval_perplexity(const cli_options *o);
int cli_eval_task(const cli_options *o);
int cli_tasks(const cli_options *o);
int cli_proofread(const cli_options *o);
int cli_rewrite(const cli_options *o);
int cli_summarize(const cli_options *o);
int cli_tools(const cli_options *o);
int cli_classify(const cli_options *o);
int cli_extract(const cli_options *o);
int cli_models_list(const cli_options *o);
int cli_models_path(const cli_options *o);
int cli_pull(const cli_options *o);
int cli_imatrix(const cli_options *o);
int cli_quantize(const cli_options *o);
int cli_convert(const cli_options *o);
int cli_rm(const cli_options *o);
int cli_merge(const cli_options *o);
int cli_help(const cli_options *o);
int cli_generate(const cli_options *o);

#endif
