/* The flags, in groups that commands share. Names and defaults of sampling and context are llama.cpp's, since people know them. */
#include "cli/commands.h"

#define AT(field) offsetof(cli_options, field)
#define FLAG(names, field, help) \
    { names, NULL, CLI_KIND_FLAG, AT(field), 0, 0, NULL, NULL, help }
#define TEXT(names, argument, field, otherwise, help) \
    { names, argument, CLI_KIND_TEXT, AT(field), 0, 0, NULL, otherwise, help }
#define CHOICE(names, argument, field, choices, otherwise, help) \
    { names, argument, CLI_KIND_TEXT, AT(field), 0, 0, choices, otherwise, help }
#define LIST(names, argument, field, help) \
    { names, argument, CLI_KIND_LIST, AT(field), 0, 0, NULL, NULL, help }
#define INT(names, field, low, high, otherwise, help) \
    { names, "N", CLI_KIND_INT, AT(field), low, high, NULL, otherwise, help }
#define REAL(names, field, low, high, otherwise, help) \
    { names, "X", CLI_KIND_FLOAT, AT(field), low, high, NULL, otherwise, help }
#define LATER(names, argument) \
    { names, argument, CLI_KIND_LATER, 0, 0, 0, NULL, NULL, NULL }
#define END \
    { NULL, NULL, CLI_KIND_FLAG, 0, 0, 0, NULL, NULL, NULL }

#define MAX_INT 2147483647.0
#define MAX_REAL 3e38
#define MAX_THREADS 64 /* what the library's pool takes */

const cli_option cli_flags_common[] = {
    FLAG("--json", json, "print JSON: one value, or one a line where results come one by one"),
    FLAG("-v --verbose", verbose, "also print speed and memory where standard error is no terminal"),
    FLAG("-q --quiet", quiet, "print errors only: no notices, progress or speed"),
    FLAG("-h --help", help, "print this help"),
    END,
};

const cli_option cli_flags_vocabulary[] = {
    TEXT("-m --model", "MODEL", model, "$MOTE_MODEL, else smollm2-135m", "a GGUF file, a folder in Hugging Face layout, or a name that `mote models` lists"),
    END,
};

const cli_option cli_flags_model[] = {
    TEXT("-m --model", "MODEL", model, "$MOTE_MODEL, else smollm2-135m", "a GGUF file, a folder in Hugging Face layout, or a name that `mote models` lists"),
    TEXT("--type", "TYPE", type, "the weights' own",
         "f32: weights, activations and cache in float32, the exact path; q8_0, q4_k_m and other names of `mote quantize`: quantise while loading"),
    {"--mem-max", "SIZE", CLI_KIND_BYTES, AT(mem_max_bytes), 0, 0, NULL, "no limit",
     "refuse to load (exit 4) if weights, cache and scratch take more; suffixes K, M, G are powers of 1024"},
    INT("-t --threads", n_threads, 1, MAX_THREADS, "the machine's cores", "threads; the result does not depend on them"),
    END,
};

const cli_option cli_flags_lora[] = {
    LIST("--lora", "FILE", loras, "an adapter: a PEFT folder or a GGUF; several with commas between them, or given again"),
    LIST("--lora-scaled", "FILE:SCALE", scaled_loras, "the same with a scale (FILE:0.5), applied behind those of --lora"),
    END,
};

const cli_option cli_flags_merge[] = {
    TEXT("-m --model", "MODEL", model, "$MOTE_MODEL, else smollm2-135m", "a GGUF file, a folder in Hugging Face layout, or a name that `mote models` lists"),
    TEXT("-o --output", "FILE", output, NULL, "the GGUF file to write"),
    TEXT("--type", "TYPE", type, "the checkpoint's", "of a folder: the type of the file's matrices, as `mote convert` takes it; a GGUF keeps its types"),
    INT("-t --threads", n_threads, 1, MAX_THREADS, "the machine's cores", "threads; the result does not depend on them"),
    END,
};

const cli_option cli_flags_threads[] = {
    TEXT("-m --model", "MODEL", model, "$MOTE_MODEL", "a folder in Hugging Face layout, or a name that `mote models` lists"),
    TEXT("--type", "TYPE", type, "the weights' own", "f32: the exact path; q8_0, q4_k_m, …: quantise while loading"),
    {"--mem-max", "SIZE", CLI_KIND_BYTES, AT(mem_max_bytes), 0, 0, NULL, "no limit", "refuse to load (exit 4) if the weights take more"},
    INT("-t --threads", n_threads, 1, MAX_THREADS, "the machine's cores", "threads; the result does not depend on them"),
    END,
};

const cli_option cli_flags_context[] = {
    INT("-c --ctx-size", n_ctx, 0, MAX_INT, "the model's, at most 4096", "tokens of context; 0: all that the model was trained for"),
    INT("-b --batch-size", n_batch, 1, MAX_INT, "512", "tokens of the prompt computed at a time; the result does not depend on it"),
    TEXT("-ctk --cache-type-k", "TYPE", cache_type_k, "f16", "type of the cached keys: f32, f16, bf16, q8_0, q4_0"),
    TEXT("-ctv --cache-type-v", "TYPE", cache_type_v, "f16", "type of the cached values: f32, f16, bf16, q8_0, q4_0"),
    END,
};

const cli_option cli_flags_run[] = {
    LIST("-f --file", "FILE", files, "add a file to the prompt (- is standard input); may be given again"),
    FLAG("--raw", raw, "no chat template: the prompt goes in as it is, special tokens parsed, nothing added at either end"),
    TEXT("--prompt-cache", "FILE", prompt_cache, NULL, "begin with what FILE knows of the prompt, and keep the prompt's keys and values there; FILE is made where there is none"),
    FLAG("--prompt-cache-all", prompt_cache_all, "keep the answer there too"),
    FLAG("--prompt-cache-ro", prompt_cache_ro, "use the file of --prompt-cache, but do not write it"),
    END,
};

const cli_option cli_flags_answer[] = {
    TEXT("-sys --system-prompt", "TEXT", system, "the template's", "the system message"),
    INT("-n --predict --n-predict", n_predict, -1, MAX_INT, "-1", "tokens to generate at most; -1: until the answer or the context ends"),
    LIST("-r --reverse-prompt --stop", "TEXT", stops, "end the answer before this text; may be given again"),
    TEXT("--grammar", "GRAMMAR", grammar, NULL, "the answer is a text of this grammar (GBNF)"),
    TEXT("--grammar-file", "FILE", grammar_path, NULL, "the same, from a file"),
    TEXT("-j --json-schema", "SCHEMA", schema, NULL, "the answer is JSON that is valid by this schema"),
    TEXT("-jf --json-schema-file", "FILE", schema_path, NULL, "the same, from a file"),
    FLAG("--ignore-eos", ignore_eos, "never choose an end token"),
    FLAG("-sp --special", special, "write control tokens out in the text"),
    INT("--draft --draft-n --draft-max", n_draft_max, 0, MAX_INT, "as many as pay",
        "tokens guessed ahead at most, from what the prompt and the answer repeat; 0: none; the answer does not depend on it"),
    INT("--logprobs", n_logprobs, 0, 20, "off", "with --json: log-probabilities of each token and of the N most likely"),
    END,
};

const cli_option cli_flags_sampling[] = {
    {"-s --seed", "N", CLI_KIND_SEED, AT(sampling.seed), 0, 0, NULL, "-1: random", "seed of the random choice"},
    REAL("--temp --temperature", sampling.temperature, -MAX_REAL, MAX_REAL, "0.8", "temperature; 0: always the likeliest token"),
    INT("--top-k", sampling.top_k, -1, MAX_INT, "40", "keep the N likeliest tokens; 0: off"),
    REAL("--top-p", sampling.top_p, 0, 1, "0.95", "keep the likeliest tokens that together have this probability; 1: off"),
    REAL("--min-p", sampling.min_p, 0, 1, "0.05", "keep tokens of at least this share of the likeliest's probability; 0: off"),
    REAL("--typical --typical-p", sampling.typical_p, 0, 1, "1", "locally typical sampling; 1: off"),
    REAL("--top-nsigma --top-n-sigma", sampling.top_n_sigma, -MAX_REAL, MAX_REAL, "-1", "keep tokens within this many standard deviations of the best logit; -1: off"),
    REAL("--xtc-probability", sampling.xtc_probability, 0, 1, "0", "chance of leaving out the top choices; 0: off"),
    REAL("--xtc-threshold", sampling.xtc_threshold, 0, 1, "0.1", "probability from which a token counts as a top choice"),
    REAL("--dynatemp-range", sampling.dynatemp_range, 0, MAX_REAL, "0", "the temperature varies by this much either way with the entropy; 0: off"),
    REAL("--dynatemp-exp", sampling.dynatemp_exponent, 0, MAX_REAL, "1", "exponent of the varying temperature"),
    INT("--repeat-last-n", sampling.repeat_last_n, -1, MAX_INT, "64", "tokens that penalties look back at; 0: off, -1: the context"),
    REAL("--repeat-penalty", sampling.repeat_penalty, 0, MAX_REAL, "1", "penalty on repeated tokens; 1: off"),
    REAL("--presence-penalty", sampling.presence_penalty, -MAX_REAL, MAX_REAL, "0", "penalty on tokens that occurred"),
    REAL("--frequency-penalty", sampling.frequency_penalty, -MAX_REAL, MAX_REAL, "0", "penalty on tokens by how often they occurred"),
    REAL("--dry-multiplier", sampling.dry_multiplier, 0, MAX_REAL, "0", "penalty on repeated sequences (DRY); 0: off"),
    REAL("--dry-base", sampling.dry_base, 0, MAX_REAL, "1.75", "growth of that penalty with the sequence's length"),
    INT("--dry-allowed-length", sampling.dry_allowed_length, 0, MAX_INT, "2", "repeated sequences up to this length are free"),
    INT("--dry-penalty-last-n", sampling.dry_penalty_last_n, -1, MAX_INT, "-1", "tokens that DRY looks back at; 0: off, -1: the context"),
    LIST("--dry-sequence-breaker", "TEXT", breakers, "text that ends a repeated sequence, in place of newline, ':', '\"' and '*'; may be given again; none: no breaker"),
    INT("--mirostat", sampling.mirostat, 0, 2, "0", "Mirostat version 1 or 2; 0: off"),
    REAL("--mirostat-lr", sampling.mirostat_eta, 0, MAX_REAL, "0.1", "Mirostat's learning rate"),
    REAL("--mirostat-ent", sampling.mirostat_tau, 0, MAX_REAL, "5", "Mirostat's target entropy"),
    {"-l --logit-bias", "TOKEN(+|-)BIAS", CLI_KIND_BIAS, AT(biases), 0, 0, NULL, NULL, "make a token id likelier or less likely (15043-inf: never); may be given again"},
    TEXT("--samplers", "NAMES", sampling.order, "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature", "samplers in the order applied, separated by ;"),
    END,
};

/* Names that users of llama.cpp know and that don't work here yet: refused by name, never ignored. */
const cli_option cli_flags_later[] = {
    LATER("-md --model-draft", "FILE"), LATER("-mm --mmproj", "FILE"), LATER("--image", "FILE"), LATER("--control-vector", "FILE"), LATER("--context-shift", NULL), END,
};

const cli_option cli_flags_tokenize[] = {
    FLAG("--no-parse-special", no_parse_special, "control tokens written out in the text are text"),
    FLAG("--no-bos", no_bos, "add nothing at either end"),
    FLAG("--jsonl", jsonl, "one JSON string a line in, one JSON array a line out"),
    END,
};

const cli_option cli_flags_detokenize[] = {
    FLAG("--no-special", no_special, "leave control tokens out of the text"),
    END,
};

const cli_option cli_flags_template[] = {
    TEXT("--template", "FILE", template_path, "the model's", "a chat template (Jinja)"),
    TEXT("--messages", "FILE", messages, NULL, "a JSON object with \"messages\" and the template's other variables (- is standard input)"),
    END,
};

const cli_option cli_flags_check[] = {
    TEXT("--kind", "KIND", kind, "by the file's name", "gguf, safetensors, json, template, grammar, schema or panels"),
    TEXT("--base", "MODEL", base, NULL, "the model that an adapter belongs to"),
    END,
};

const cli_option cli_flags_schema[] = {
    FLAG("--grammar", is_grammar, "SCHEMA is a grammar in GBNF"),
    FLAG("--strict", strict, "words that no standard defines are refused too (exit 3)"),
    TEXT("-m --model", "MODEL", model, "none", "walk this model's tokens, as a generation would, not bytes"),
    FLAG("--bench", measure, "add the times of compiling and, with -m, of making the masks of tokens"),
    END,
};

const cli_option cli_flags_logits[] = {
    TEXT("--tokens", "FILE", tokens, NULL, "token ids separated by white space (- is standard input)"),
    TEXT("-o --output", "FILE", output, NULL, "the .npy file to write"),
    INT("-b --batch-size", n_batch, 1, MAX_INT, "512", "tokens computed at a time; the result does not depend on it"),
    TEXT("-ctk --cache-type-k", "TYPE", cache_type_k, "f16", "type of the cached keys: f32, f16, bf16, q8_0, q4_0"),
    TEXT("-ctv --cache-type-v", "TYPE", cache_type_v, "f16", "type of the cached values: f32, f16, bf16, q8_0, q4_0"),
    END,
};

const cli_option cli_flags_perplexity[] = {
    TEXT("-f --file", "FILE", text, NULL, "the text (- is standard input)"),
    TEXT("--tokens", "FILE", tokens, NULL, "token ids separated by white space, in place of a text"),
    INT("-c --ctx-size", n_ctx, 4, MAX_INT, "512", "tokens of a window"),
    INT("-b --batch-size", n_batch, 1, MAX_INT, "512", "tokens computed at a time; the result does not depend on it"),
    TEXT("-ctk --cache-type-k", "TYPE", cache_type_k, "f16", "type of the cached keys: f32, f16, bf16, q8_0, q4_0"),
    TEXT("-ctv --cache-type-v", "TYPE", cache_type_v, "f16", "type of the cached values: f32, f16, bf16, q8_0, q4_0"),
    END,
};

const cli_option cli_flags_bench[] = {
    INT("-p --n-prompt", n_prompt, 0, MAX_INT, "512", "tokens of the prompt"),
    INT("-n --n-gen", n_generate, 0, MAX_INT, "128", "tokens to generate"),
    INT("-r --repetitions", n_repeats, 1, 1000, "5", "measurements of each"),
    INT("-d --depth --n-depth", depth, 0, MAX_INT, "0", "tokens in the cache before each measurement"),
    END,
};

const cli_option cli_flags_quantize[] = {
    TEXT("--imatrix", "FILE", imatrix, NULL, "an importance matrix (see `mote imatrix`; llama.cpp's GGUF and .dat files are read too)"),
    TEXT("--output-tensor-type", "TYPE", output_type, "by the mix", "type of output.weight"),
    TEXT("--token-embedding-type", "TYPE", embedding_type, "by the mix", "type of token_embd.weight"),
    FLAG("--leave-output-tensor", leave_output, "output.weight stays as it is"),
    FLAG("--pure", pure, "no mix: every matrix gets the one type"),
    FLAG("--allow-requantize", allow_requantize, "no notice where weights are quantised for the second time"),
    INT("-t --threads", n_threads, 1, MAX_THREADS, "the machine's cores", "threads; the result does not depend on them"),
    END,
};

const cli_option cli_flags_convert[] = {
    TEXT("-o --output", "FILE", output, NULL, "the GGUF file to write"),
    TEXT("--type", "TYPE", type, "the checkpoint's", "F32, F16, BF16, Q8_0 or any other type of `mote quantize`"),
    TEXT("--name", "NAME", name, "the folder's", "the model's name in the file (general.name)"),
    INT("-t --threads", n_threads, 1, MAX_THREADS, "the machine's cores", "threads; the result does not depend on them"),
    END,
};

const cli_option cli_flags_embed[] = {
    INT("--dimensions", n_dimensions, 1, MAX_INT, "all", "the first N numbers of a vector, brought to unit length again (for models trained so: Matryoshka)"),
    TEXT("--prompt", "NAME", prompt, "the model's default, if any", "put this prompt of the model before every line (config_sentence_transformers.json); \"\": none"),
    CHOICE("--pooling", "HOW", pooling, "mean cls last max", "the model's", "how the states of the tokens become one vector"),
    END,
};

const cli_option cli_flags_rerank[] = {
    FLAG("--raw", raw_scores, "scores as the network gives them, not between 0 and 1"),
    FLAG("--in-order", in_order, "passages in the order in which they came"),
    END,
};

const cli_option cli_flags_imatrix[] = {
    TEXT("-f --file", "FILE", text, NULL, "the text to measure on (- is standard input)"),
    TEXT("--tokens", "FILE", tokens, NULL, "token ids separated by white space, in place of a text"),
    TEXT("-o --output", "FILE", output, "imatrix.gguf", "the file to write"),
    INT("-c --ctx-size", n_ctx, 2, MAX_INT, "512", "tokens of a window"),
    INT("--chunks", n_chunks, 1, MAX_INT, "all", "windows at most"),
    FLAG("--process-output", process_output, "also measure what enters output.weight"),
    END,
};

const cli_option cli_flags_pull[] = {
    TEXT("--name", "NAME", name, "from the file's name", "the name to install a file or folder under: a-z, 0-9, '.', '_' and '-'"),
    TEXT("--sha256", "HEX", sha256, "the catalogue's or the hub's", "refuse the file unless it has this SHA-256"),
    {"--mem-max", "SIZE", CLI_KIND_BYTES, AT(mem_max_bytes), 0, 0, NULL, "this machine's memory", "refuse to download (exit 4) what can't run in so much memory"},
    END,
};

const cli_option cli_flags_task[] = {
    TEXT("--task", "NAME", task, "the built-in one", "another task of this kind: a name that `mote tasks` lists, or a folder (with a '/')"),
    INT("-c --ctx-size", n_ctx, 0, MAX_INT, "4096 or the model's, if less", "tokens of the context; 0: the model's"),
    END,
};

const cli_option cli_flags_eval_task[] = {
    TEXT("--data", "FOLDER", data, NULL, "the data set; its files tell which one it is"),
    INT("-n --limit", n_items, 1, MAX_INT, "all", "measure so many items, evenly spread over the set"),
    INT("--shots", n_shots, 0, 10000, "10; 64 where there are ten labels or fewer; 3 receipts", "classify: examples a label, extract: examples; from the set's training part"),
    FLAG("--beside-generation", beside_generation, "classify: the same items also with labels that the model writes itself; both accuracies and speeds"),
    END,
};

const cli_option cli_flags_classify[] = {
    TEXT("--labels", "A,B,C", labels, NULL, "the labels, separated by commas"),
    TEXT("--labels-file", "FILE", labels_file, NULL, "the labels, one a line"),
    TEXT("--examples", "FILE", examples, NULL, "examples, one JSON object a line: {\"text\",\"label\"}; without --labels, theirs are the labels"),
    REAL("--threshold", threshold, 0, 1, "0", "a text whose best label is less probable is unsure"),
    FLAG("--multi", multi, "each label applies or not, on its own"),
    FLAG("--jsonl", jsonl, "the input is one JSON value a line: a text, or an object with \"text\""),
    END,
};

const cli_option cli_flags_extract[] = {
    TEXT("--schema", "FILE", schema_path, NULL, "the JSON Schema of the values"),
    TEXT("--examples", "FILE", examples, NULL, "examples, one JSON object a line: {\"text\",\"value\"}"),
    FLAG("--jsonl", jsonl, "the input is one JSON value a line: a text, or an object with \"text\"; one result a line"),
    END,
};

const cli_option cli_flags_proofread[] = {
    FLAG("-y --yes", yes, "take all edits; on a terminal, with a FILE, each is asked about otherwise"),
    FLAG("--fast", no_generation, "don't ask the model for a corrected sentence, judge the edits that rules propose only"),
    END,
};

const cli_option cli_flags_rewrite[] = {
    TEXT("--tone", "TONE", tone, "clear", "clear, friendly, professional, concise, plain, humorous, persuasive, and what else the task has"),
    TEXT("--instruction", "TEXT", instruction, NULL, "how to rewrite, in your own words, in place of a tone"),
    INT("--versions", n_versions, 1, MOTE_REWRITE_VERSIONS, "1", "so many versions that clearly differ"),
    {"-s --seed", "N", CLI_KIND_SEED, AT(sampling.seed), 0, 0, NULL, "0", "random numbers of another try"},
    END,
};

const cli_option cli_flags_tools[] = {
    TEXT("--tools", "FILE", tools, NULL, "the tools: a JSON array of {\"name\",\"description\",\"parameters\"}, bare or as \"function\" of a {\"type\":\"function\"}"),
    FLAG("--answer", answers, "where no tool fits, answer in words"),
    INT("-n --predict", n_predict, 1, MAX_INT, "512", "tokens at most; calls are whole all the same"),
    END,
};

const cli_option cli_flags_summarize[] = {
    TEXT("--as", "FORM", form, "paragraph", "paragraph, bullets, table, tldr, and what else the task has"),
    INT("--words", n_words, 5, 2000, "the form's own", "about so many words"),
    TEXT("--about", "QUESTION", query, NULL, "only what answers this"),
    {"-s --seed", "N", CLI_KIND_SEED, AT(sampling.seed), 0, 0, NULL, "0", "random numbers of another try"},
    END,
};
