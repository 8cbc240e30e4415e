/* Options of the program: what a flag is, where its value goes, and the parser. The flags themselves are in flags.c, the commands in commands.c: one description from which
 * parser, help, man page and completions come. Symbols of the program begin with cli_, so that they never meet those of the library. */
#ifndef MOTE_CLI_OPTIONS_H
#define MOTE_CLI_OPTIONS_H

#include <mote/mote.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, as docs and man page state them. */
enum { CLI_DONE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_UNSUPPORTED = 3, CLI_REFUSED = 4, CLI_INTERRUPTED = 130 };

typedef struct cli_list {
    const char **items; /* [n], borrowed from the arguments */
    size_t n;
} cli_list;

typedef struct cli_bias_list {
    mote_logit_bias *items;
    size_t n;
} cli_bias_list;

typedef struct cli_command cli_command;

/* Every value that any flag sets; a command reads those of its own groups. Texts are borrowed from the arguments. */
typedef struct cli_options {
    const cli_command *command;
    cli_list arguments;
    bool help, json, verbose, quiet;
    /* the model */
    const char *model, *type;
    uint64_t mem_max_bytes;
    int32_t n_threads;
    cli_list loras, scaled_loras;
    /* its context */
    int32_t n_ctx; /* -1: not given */
    int32_t n_batch;
    const char *cache_type_k, *cache_type_v;
    /* the answer */
    const char *system;
    cli_list files, stops;
    const char *grammar, *grammar_path, *schema, *schema_path;
    bool raw, ignore_eos, special;
    const char *prompt_cache;
    bool prompt_cache_all, prompt_cache_ro;
    int32_t n_sessions;  /* of the engine; no flag sets it; 0: 1 */
    bool keeps_prefixes; /* the engine keeps prefixes of former timelines; no flag sets it */
    int32_t n_predict, n_logprobs, n_draft_max;
    mote_sampler_options sampling;
    cli_list breakers;
    cli_bias_list biases;
    /* tokenize, detokenize */
    bool no_parse_special, no_bos, no_special, jsonl;
    /* template, check */
    const char *template_path, *messages, *kind, *base;
    /* schema */
    bool is_grammar, strict, measure;
    /* eval, bench */
    const char *tokens, *text, *output;
    int32_t n_prompt, n_generate, n_repeats, depth;
    /* quantize, imatrix */
    const char *imatrix, *output_type, *embedding_type;
    bool pure, leave_output, allow_requantize, process_output;
    int32_t n_chunks;
    /* embed, rerank */
    int32_t n_dimensions;
    const char *pooling, *prompt;
    bool raw_scores, in_order;
    /* tasks */
    const char *task, *data, *labels, *labels_file, *examples;
    float threshold;
    bool multi, yes, no_generation;
    const char *tone, *instruction, *form, *query;
    int32_t n_versions, n_words;
    int32_t n_items, n_shots;
    bool beside_generation;
    const char *tools;
    bool answers;
    /* pull */
    const char *name, *sha256;
} cli_options;

typedef enum cli_kind {
    CLI_KIND_FLAG,  /* bool */
    CLI_KIND_INT,   /* int32_t, low to high */
    CLI_KIND_FLOAT, /* float, low to high, finite */
    CLI_KIND_SEED,  /* uint64_t; -1 is random */
    CLI_KIND_BYTES, /* uint64_t; 2G, 512M, 64K */
    CLI_KIND_TEXT,  /* const char * */
    CLI_KIND_LIST,  /* cli_list: may be given again */
    CLI_KIND_BIAS,  /* cli_bias_list: TOKEN+BIAS or TOKEN-BIAS, may be given again */
    CLI_KIND_LATER  /* known but not supported: refused with exit 3; takes an argument if it names one */
} cli_kind;

typedef struct cli_option {
    const char *names;    /* separated by spaces, short ones first: "-n --predict" */
    const char *argument; /* "N"; NULL: takes none */
    cli_kind kind;
    size_t offset; /* in cli_options */
    double low, high;
    const char *choices;   /* separated by spaces, or NULL */
    const char *otherwise; /* the default as the help shows it, or NULL */
    const char *help;
} cli_option;

/* The defaults. */
void cli_options_init(cli_options *o);
void cli_options_deinit(cli_options *o);

/* Reads the arguments behind the command's name. CLI_DONE, or prints what is wrong with a hint and gives CLI_USAGE or CLI_UNSUPPORTED. */
int cli_options_parse(cli_options *o, const cli_command *command, int argc, char **argv);

/* Sets one option of the group by a name without dashes ("temp"), for /set in a chat. False and a message in `why` otherwise. */
bool cli_options_set(cli_options *o, const cli_option *group, const char *name, const char *value, char *why, size_t why_bytes);

/* The known word nearest to what was typed, or NULL when none is near. */
const char *cli_options_nearest(const char *typed, const char *const *words, size_t n_words);

/* Walks the names of an option: copies the next into name; false at the end. *cursor starts as option->names. */
bool cli_option_next_name(const char **cursor, char *name, size_t name_bytes);

#endif
