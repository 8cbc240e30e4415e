/* The commands: name, arguments, what they do, and the flags that they take. */
#include "cli/commands.h"

#include <string.h>

const char cli_about[] = "mote runs small language models where the data is: offline, on the CPU, in one program.";

const char cli_environment[] = "MOTE_MODEL\tthe model where -m is not given\n"
                               "MOTE_MODELS\tthe folder of installed models; otherwise $XDG_DATA_HOME/mote/models, else ~/.local/share/mote/models\n"
                               "HF_ENDPOINT\tthe hub of `mote pull USER/REPO`; otherwise https://huggingface.co. With HF_TOKEN, HF_HUB_OFFLINE, HF_HUB_CACHE, HF_HOME, "
                               "HF_HUB_DOWNLOAD_TIMEOUT and the proxy variables as the hub's tools know them\n"
                               "MOTE_CPU\tthe widest kernels to use: c, avx2, avxvnni, avx512, avx512vnni, neon, dotprod, i8mm\n"
                               "XDG_STATE_HOME\twhere `mote chat` keeps its history (mote/history); otherwise ~/.local/state\n"
                               "NO_COLOR\tno colours\n"
                               "TERM\t\"dumb\": no colours, no progress, no line editing\n";

const char cli_exit_codes[] = "0\tdone\n"
                              "1\tfailed\n"
                              "2\twrong usage\n"
                              "3\tunsupported; the message names what\n"
                              "4\trefused for memory; the message has the numbers\n"
                              "130\tinterrupted\n";

const cli_command cli_commands[] = {
    {.name = "run",
     .arguments = "[PROMPT] [-]",
     .summary = "Answer a prompt",
     .text = "Generates one answer by the model's chat template and prints it as it comes. -f FILE or - adds a file or standard input to the prompt; without PROMPT, standard "
             "input that is not a terminal is the prompt. Text that looks like a control token stays text, except with --raw. A model without a template completes the text.\n"
             "With --json: text, tokens, finish_reason (\"stop\" or \"length\"), usage, timings and peak_rss_bytes.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 2,
     .run = cli_run,
     .groups = {cli_flags_run, cli_flags_answer, cli_flags_model, cli_flags_lora, cli_flags_context, cli_flags_sampling}},
    {.name = "chat",
     .arguments = "",
     .summary = "Talk with a model",
     .text = "A conversation, a line a turn. On a terminal with line editing and history; otherwise each line of standard input is a turn. Ctrl-C stops the answer; at the prompt, "
             "twice, it leaves.\n"
             "Inside: /help, /reset (start anew), /save FILE, /load FILE (the text as JSON, and in FILE.session what was computed of it), /set KEY VALUE (a sampling flag without "
             "its dashes), /quit.\n"
             "With --json: a line an answer, as `mote run --json` prints it.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_chat,
     .groups = {cli_flags_answer, cli_flags_model, cli_flags_lora, cli_flags_context, cli_flags_sampling}},
    {.name = "models list",
     .arguments = "",
     .summary = "List the models that are installed or known",
     .text = "A line a model: name, whether it is installed, size, licence. `mote models` alone does the same. tools/get-model NAME downloads a known one.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_models_list,
     .groups = {NULL}},
    {.name = "models path",
     .arguments = "NAME",
     .summary = "Print the file or folder of an installed model",
     .text = "Exit code 1 if it is not installed.",
     .complete = "model",
     .min_arguments = 1,
     .max_arguments = 1,
     .run = cli_models_path,
     .groups = {NULL}},
    {.name = "pull",
     .arguments = "FILE|USER/REPO[:QUANT]",
     .summary = "Install a model from a file or folder, or fetch one from a hub",
     .text = "Checks that FILE is a model (GGUF, with its parts where it is split, or a folder in Hugging Face layout), checks its SHA-256 where one is known, and copies it into "
             "the folder of models.\n"
             "USER/REPO[:QUANT][@REVISION] is fetched over HTTP(S) from the hub into the cache that the hub's own tools use, and is then a MODEL of every command under the same "
             "name. QUANT picks the GGUF whose name carries it (Q4_K_M, any case; \"safetensors\": the folder); without it Q4_K_M, then Q4_0, Q8_0, the only GGUF, the folder. "
             "Memory and space are compared before the first byte; hashes as the bytes come. After an interruption the same command goes on from there.\n"
             "Nothing half-written is ever visible. tools/get-model NAME downloads a known model and calls this.",
     .complete = "file",
     .min_arguments = 1,
     .max_arguments = 1,
     .run = cli_pull,
     .groups = {cli_flags_pull}},
    {.name = "rm",
     .arguments = "NAME...",
     .summary = "Remove installed models",
     .text = "Deletes their files from the folder of models.",
     .complete = "model",
     .min_arguments = 1,
     .max_arguments = -1,
     .run = cli_rm,
     .groups = {NULL}},
    {.name = "show",
     .arguments = "[MODEL]",
     .summary = "Show what a model is",
     .text = "Hyper-parameters, tensors, tokenizer, template and SHA-256, without loading weights. With --json: everything, as one object.",
     .complete = "model",
     .min_arguments = 0,
     .max_arguments = 1,
     .run = cli_show,
     .groups = {cli_flags_vocabulary}},
    {.name = "check",
     .arguments = "FILE...",
     .summary = "Check files completely",
     .text = "Reads each file or model folder completely and says ok, or what is wrong and where. Never dies, whatever the bytes.\n"
             "With --json: a line a file: {\"file\",\"ok\",\"error\"}.",
     .complete = "file",
     .min_arguments = 1,
     .max_arguments = -1,
     .run = cli_check,
     .groups = {cli_flags_check}},
    {.name = "tokenize",
     .arguments = "",
     .summary = "Turn text into token ids",
     .text = "Reads text on standard input and prints its token ids, separated by spaces; with --json a JSON array. Files that hold only a vocabulary are accepted.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_tokenize,
     .groups = {cli_flags_vocabulary, cli_flags_tokenize}},
    {.name = "detokenize",
     .arguments = "",
     .summary = "Turn token ids into text",
     .text = "Reads token ids on standard input, a JSON array or separated by white space, and prints their text as it is; with --json a JSON string.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_detokenize,
     .groups = {cli_flags_vocabulary, cli_flags_detokenize}},
    {.name = "template",
     .arguments = "",
     .summary = "Render a chat template",
     .text = "Prints the prompt that a chat template makes of messages, byte for byte. The messages file holds {\"messages\":[...]} and may hold \"tools\", "
             "\"add_generation_prompt\", \"bos_token\", \"eos_token\", \"now\"; any other key is a variable of the template. With --json: the text as a JSON string.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_template,
     .groups = {cli_flags_vocabulary, cli_flags_template}},
    {.name = "schema",
     .arguments = "SCHEMA INSTANCE...",
     .summary = "Show what a constrained generation may write",
     .text = "Compiles a JSON Schema or, with --grammar, a GBNF grammar and says of each INSTANCE, a file, whether a generation could write it: a line each, \"accept\", or "
             "\"reject\" and the offset of the first byte that can't stand there. Exit code 0 also where it rejects. A standard keyword that can't be enforced ends with exit code "
             "3 and its name.\n"
             "With --json: one object.",
     .complete = "file",
     .min_arguments = 1,
     .max_arguments = -1,
     .run = cli_schema,
     .groups = {cli_flags_schema}},
    {.name = "embed",
     .arguments = "",
     .summary = "Turn lines of text into vectors",
     .text =
         "One vector a line of standard input, by an embedding model (minilm-l6); with --json an array a line. Pooling, dense layers, unit length and the default prompt are those "
         "of the model's folder. A line that is longer than the model takes is cut, with a notice.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_embed,
     .groups = {cli_flags_embed, cli_flags_threads}},
    {.name = "rerank",
     .arguments = "QUERY",
     .summary = "Sort passages by how well they answer a query",
     .text =
         "Reads a passage a line from standard input and prints score, tab and passage, the best first; with --json one array of {\"index\", \"score\", \"text\"}. The model is a "
         "cross-encoder such as bge-reranker: BERT or XLM-RoBERTa with a classifier of one label.",
     .complete = "",
     .min_arguments = 1,
     .max_arguments = 1,
     .run = cli_rerank,
     .groups = {cli_flags_rerank, cli_flags_threads}},
    {.name = "tasks",
     .arguments = "",
     .summary = "List the tasks",
     .text = "A line a task: name, kind, what it does, and its folder where it isn't built in. Folders in $XDG_DATA_HOME/mote/tasks (else ~/.local/share/mote/tasks) are tasks "
             "too, and take "
             "the place of a built-in one of the same name.\n"
             "With --json: one array of {\"name\",\"kind\",\"summary\",\"path\"}.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_tasks,
     .groups = {NULL}},
    {.name = "classify",
     .arguments = "[FILE]",
     .summary = "Choose the label of texts",
     .text = "Reads a text a line from FILE or standard input and prints its label, its probability and the text, or \"unsure\". Nothing is generated: the model's likelihoods of "
             "the labels are "
             "compared, corrected by what it gives to texts without content, and by examples where there are some.\n"
             "With --json: a line a text: {\"label\",\"probability\",\"probabilities\",\"unsure\"}; label is null with --multi where none applies.",
     .complete = "file",
     .min_arguments = 0,
     .max_arguments = 1,
     .run = cli_classify,
     .groups = {cli_flags_classify, cli_flags_task, cli_flags_model, cli_flags_lora}},
    {.name = "extract",
     .arguments = "[FILE]",
     .summary = "Take the values of a JSON Schema out of a text",
     .text =
         "Prints what the text of FILE or standard input says, as JSON that is valid by the schema. A string that isn't in the text becomes null where the schema allows null. A "
         "text longer than the context is read in parts.\n"
         "With --json: {\"value\",\"spans\":[{\"path\",\"start\",\"end\"}]}, a span for each string and number; start and end are bytes of the text, null where it isn't there.",
     .complete = "file",
     .min_arguments = 0,
     .max_arguments = 1,
     .run = cli_extract,
     .groups = {cli_flags_extract, cli_flags_task, cli_flags_model, cli_flags_lora}},
    {.name = "proofread",
     .arguments = "[FILE]",
     .summary = "Correct spelling, grammar and punctuation",
     .text = "Prints the text of FILE or standard input with the fewest edits that make it correct, and nothing else; one with nothing wrong comes out as it is. Markup, code and "
             "links "
             "of Markdown stay. An edit is made only if the model finds the sentence clearly more likely with it, and never if it changes a number, a name or a negation.\n"
             "With --json: {\"text\",\"edits\":[{\"start\",\"end\",\"before\",\"after\",\"kind\",\"explanation\",\"gain\"}]}; start and end are bytes of the input.",
     .complete = "file",
     .min_arguments = 0,
     .max_arguments = 1,
     .run = cli_proofread,
     .groups = {cli_flags_proofread, cli_flags_task, cli_flags_model, cli_flags_lora}},
    {.name = "rewrite",
     .arguments = "[FILE]",
     .summary = "Say the same in another tone",
     .text = "Rewrites the text of FILE or standard input and prints it, and nothing else. Names, numbers, dates, links and quotations are checked: an answer that loses or makes "
             "up one is asked "
             "for again, and refused in the end (exit code 1, the message names it).\n"
             "With --json: {\"text\",\"versions\"}.",
     .complete = "file",
     .min_arguments = 0,
     .max_arguments = 1,
     .run = cli_rewrite,
     .groups = {cli_flags_rewrite, cli_flags_task, cli_flags_model, cli_flags_lora}},
    {.name = "summarize",
     .arguments = "[FILE]",
     .summary = "Say briefly what a text says",
     .text = "Summarizes the text of FILE or standard input. A long text is taken apart by its headings and paragraphs, and the summaries of its parts are summarized. A sentence "
             "with a number that the "
             "text doesn't have is asked for again, and left out in the end.\n"
             "With --json: {\"text\",\"parts\",\"dropped\"}.",
     .complete = "file",
     .min_arguments = 0,
     .max_arguments = 1,
     .run = cli_summarize,
     .groups = {cli_flags_summarize, cli_flags_task, cli_flags_model, cli_flags_lora}},
    {.name = "tools",
     .arguments = "[PROMPT]",
     .summary = "Turn a request into tool calls",
     .text = "Prints the calls of the given tools that PROMPT, or standard input, needs, one a line: {\"name\",\"arguments\"}; none, and a notice, where no tool fits. Names and "
             "arguments fit the tools' schemas by construction. A tool whose schema can't be enforced is refused by name (exit code 3).\n"
             "With --json: {\"calls\":[{\"name\",\"arguments\"}],\"text\"}; text is null unless --answer gave one.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 1,
     .run = cli_tools,
     .groups = {cli_flags_tools, cli_flags_task, cli_flags_model, cli_flags_lora}},
    {.name = "eval task",
     .arguments = "KIND",
     .summary = "Measure a task on a data set",
     .text = "KIND is classify, extract, proofread, rewrite, summarize or tools. Prints one JSON object: "
             "{\"task\",\"metric\",\"n\",\"seconds\",\"per_item_ms\",\"tokens_per_second\"}. "
             "docs/quality.md says which sets "
             "are known, and what was measured.",
     .complete = "",
     .min_arguments = 1,
     .max_arguments = 1,
     .run = cli_eval_task,
     .groups = {cli_flags_eval_task, cli_flags_task, cli_flags_model, cli_flags_lora}},
    {.name = "eval logits",
     .arguments = "",
     .summary = "Write the logits of tokens to a file",
     .text = "A float32 array [tokens, vocabulary] in NumPy's format. The ids are taken as given: nothing is added.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_eval_logits,
     .groups = {cli_flags_logits, cli_flags_model, cli_flags_lora}},
    {.name = "eval perplexity",
     .arguments = "",
     .summary = "Measure how well a model predicts a text",
     .text = "Windows of -c tokens, scored on their second half, as llama-perplexity does.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_eval_perplexity,
     .groups = {cli_flags_perplexity, cli_flags_model, cli_flags_lora}},
    {.name = "bench",
     .arguments = "",
     .summary = "Measure speed",
     .text = "Tokens a second of reading a prompt (pp) and of generating (tg), as llama-bench defines them, beside the limits of this machine.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_bench,
     .groups = {cli_flags_bench, cli_flags_model}},
    {.name = "quantize",
     .arguments = "IN OUT TYPE",
     .summary = "Write a model again with smaller weights",
     .text =
         "IN is a GGUF file, or any part of a split one. TYPE is one of llama.cpp's: F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS Q3_K_L "
         "Q3_K_M Q3_K_S Q2_K Q2_K_S; each tensor's own type is chosen as llama-quantize does. OUT appears when it is complete.\n"
         "With --json: type, tensors, sizes.",
     .complete = "file",
     .min_arguments = 3,
     .max_arguments = 3,
     .run = cli_quantize,
     .groups = {cli_flags_quantize}},
    {.name = "imatrix",
     .arguments = "",
     .summary = "Measure which weights matter, for quantising",
     .text = "Reads a text with the model and writes the mean square of what enters each matrix: an importance matrix in llama.cpp's GGUF form. `mote quantize --imatrix` then "
             "rounds less where "
             "it matters more. Some hundred windows of text like the model's later work are enough.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_imatrix,
     .groups = {cli_flags_imatrix, cli_flags_model}},
    {.name = "convert",
     .arguments = "HFDIR",
     .summary = "Write a Hugging Face folder as one GGUF file",
     .text = "HFDIR holds config.json, safetensors (F32, F16, BF16, or integers of GPTQ, AWQ and compressed-tensors) and a tokenizer. The file loads in llama.cpp too. It appears "
             "when it is complete.\n"
             "With --json: architecture, type, tensors, sizes.",
     .complete = "file",
     .min_arguments = 1,
     .max_arguments = 1,
     .run = cli_convert,
     .groups = {cli_flags_convert}},
    {.name = "merge",
     .arguments = "",
     .summary = "Add adapters to a model's weights for good",
     .text = "Writes a GGUF that needs no adapters: of a GGUF with the same keys and tensor types, of a Hugging Face folder converted as by `mote convert`. The file appears when "
             "it is "
             "complete.\n"
             "With --json: file, tensors, how many changed, bytes.",
     .complete = "",
     .min_arguments = 0,
     .max_arguments = 0,
     .run = cli_merge,
     .groups = {cli_flags_merge, cli_flags_lora}},
    {.name = "help",
     .arguments = "[COMMAND]",
     .summary = "Tell about a command",
     .text = "The same as `mote COMMAND --help`.",
     .complete = "command",
     .min_arguments = 0,
     .max_arguments = 2,
     .run = cli_help,
     .groups = {NULL}},
    {.name = "generate",
     .arguments = "man|bash|zsh|fish|markdown",
     .summary = "Print the man page, shell completions or the reference of all commands",
     .text = "Used when mote is installed.",
     .complete = "",
     .min_arguments = 1,
     .max_arguments = 1,
     .hidden = true,
     .run = cli_generate,
     .groups = {NULL}},
    {.name = NULL},
};

const cli_command *cli_commands_find(int argc, char **argv, int *n_words) {
    for (const cli_command *c = cli_commands; c->name && argc > 0; c++) {
        const char *space = strchr(c->name, ' ');
        if (!space && strcmp(c->name, argv[0]) == 0) {
            *n_words = 1;
            return c;
        }
        size_t head = space ? (size_t)(space - c->name) : 0;
        if (space && argc > 1 && strlen(argv[0]) == head && memcmp(c->name, argv[0], head) == 0 && strcmp(space + 1, argv[1]) == 0) {
            *n_words = 2;
            return c;
        }
    }
    /* `mote models` and `mote models --json` list. */
    if (argc > 0 && strcmp(argv[0], "models") == 0 && (argc == 1 || argv[1][0] == '-')) {
        char *words[] = {argv[0], (char[]){"list"}};
        const cli_command *c = cli_commands_find(2, words, n_words);
        *n_words = 1;
        return c;
    }
    return NULL;
}
