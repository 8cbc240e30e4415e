/* Which chain a name of tokenizer.ggml.pre, or a published regular expression, stands for. The names are those that converters to GGUF write. */
#include "text/pretokenizer.h"
#include "text/unicode.h"

#include <string.h>

#define GPT2 \
    { .kind = MOTE_SPLIT_GPT2 }
#define NUMBERS(n) \
    { .kind = MOTE_SPLIT_NUMBERS, .n_digits = n }
#define WORDS(n, f) \
    { .kind = MOTE_SPLIT_WORDS, .n_digits = n, .flags = f }
#define CASED(n, f) \
    { .kind = MOTE_SPLIT_CASED, .n_digits = n, .flags = f }
#define RUNS(c, a, f) \
    { .kind = MOTE_SPLIT_RUNS, .classes = c, .ascii = a, .flags = f }

#define CHAIN_GPT2                        \
    {                                     \
        .n_stages = 1, .stages = { GPT2 } \
    }
#define CHAIN_DIGITS_GPT2                             \
    {                                                 \
        .n_stages = 2, .stages = { NUMBERS(1), GPT2 } \
    }
#define CHAIN_LLAMA3                                                   \
    {                                                                  \
        .n_stages = 1, .stages = { WORDS(3, MOTE_SPLIT_CONTRACTIONS) } \
    }
#define CHAIN_QWEN2                                                    \
    {                                                                  \
        .n_stages = 1, .stages = { WORDS(1, MOTE_SPLIT_CONTRACTIONS) } \
    }
#define CHAIN_QWEN35                                                                      \
    {                                                                                     \
        .n_stages = 1, .stages = { WORDS(1, MOTE_SPLIT_CONTRACTIONS | MOTE_SPLIT_MARKS) } \
    }
#define CHAIN_TEKKEN                                                 \
    {                                                                \
        .n_stages = 1, .stages = { CASED(1, MOTE_SPLIT_SLASH_TAIL) } \
    }
#define CHAIN_GPT4O                                                                            \
    {                                                                                          \
        .n_stages = 1, .stages = { CASED(3, MOTE_SPLIT_CONTRACTIONS | MOTE_SPLIT_SLASH_TAIL) } \
    }
#define CHAIN_NEWLINES                                             \
    {                                                              \
        .n_stages = 1, .stages = { {.kind = MOTE_SPLIT_NEWLINES} } \
    }
#define CHAIN_DEEPSEEK3                                                                                  \
    {                                                                                                    \
        .n_stages = 3, .stages = { NUMBERS(3), {.kind = MOTE_SPLIT_CJK}, {.kind = MOTE_SPLIT_DEEPSEEK} } \
    }
#define CHAIN_DEEPSEEK_CODER                                    \
    {                                                           \
        .n_stages = 5, .stages = {                              \
            {.kind = MOTE_SPLIT_LINE_ENDS},                     \
            RUNS(MOTE_UNICODE_L, NULL, MOTE_SPLIT_LEAD),        \
            RUNS(MOTE_UNICODE_P, NULL, MOTE_SPLIT_LEAD),        \
            {.kind = MOTE_SPLIT_CJK, .flags = MOTE_SPLIT_WIDE}, \
            NUMBERS(1)                                          \
        }                                                       \
    }
#define CHAIN_DEFAULT                                                                                                    \
    {                                                                                                                    \
        .n_stages = 4, .stages = { RUNS(MOTE_UNICODE_P, "$+<=>^~|", 0), GPT2, NUMBERS(0), {.kind = MOTE_SPLIT_TRIPLES} } \
    }
#define CHAIN_FALCON                                                                                          \
    {                                                                                                         \
        .n_stages = 3, .stages = { RUNS(MOTE_UNICODE_P, "$+<=>^~|`", 0), GPT2, {.kind = MOTE_SPLIT_TRIPLES} } \
    }

static const mote_pretokenizer_named named[] = {
    {.name = "default", .chain = CHAIN_DEFAULT},
    {.name = "gpt-2", .chain = CHAIN_GPT2},
    {.name = "phi-2", .chain = CHAIN_GPT2},
    {.name = "phi", .chain = CHAIN_GPT2},
    {.name = "gigachat", .chain = CHAIN_GPT2},
    {.name = "jina-es", .chain = CHAIN_GPT2},
    {.name = "jina-de", .chain = CHAIN_GPT2},
    {.name = "a.x-4.0", .chain = CHAIN_GPT2},
    {.name = "mellum", .chain = CHAIN_GPT2},
    {.name = "modern-bert", .chain = CHAIN_GPT2},
    {.name = "exaone4", .chain = CHAIN_GPT2},
    {.name = "mpt", .chain = CHAIN_GPT2},
    {.name = "olmo", .chain = CHAIN_GPT2},
    {.name = "jais", .chain = CHAIN_GPT2},
    {.name = "trillion", .chain = CHAIN_GPT2},
    {.name = "granite-docling", .chain = CHAIN_GPT2},
    {.name = "jina-v1-en", .chain = CHAIN_GPT2},
    {.name = "roberta-bpe", .chain = CHAIN_GPT2},
    {.name = "starcoder", .chain = CHAIN_DIGITS_GPT2},
    {.name = "refact", .chain = CHAIN_DIGITS_GPT2},
    {.name = "granite", .chain = CHAIN_DIGITS_GPT2},
    {.name = "command-r", .chain = CHAIN_DIGITS_GPT2},
    {.name = "smollm", .chain = CHAIN_DIGITS_GPT2},
    {.name = "codeshell", .chain = CHAIN_DIGITS_GPT2},
    {.name = "exaone", .chain = CHAIN_DIGITS_GPT2},
    {.name = "minerva-7b", .chain = CHAIN_DIGITS_GPT2},
    {.name = "mellum2", .chain = CHAIN_DIGITS_GPT2},
    {.name = "llama-bpe", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "llama3", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "llama-v3", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "falcon3", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "falcon-h1", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "pixtral", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "midm-2.0", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "lfm2", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "jina-v5-nano", .chain = CHAIN_LLAMA3, .ignore_merges = true, .add_bos = true},
    {.name = "dbrx", .chain = CHAIN_LLAMA3},
    {.name = "smaug-bpe", .chain = CHAIN_LLAMA3},
    {.name = "chatglm-bpe", .chain = CHAIN_LLAMA3},
    {.name = "glm4", .chain = CHAIN_LLAMA3, .ignore_merges = true},
    {.name = "glm5", .chain = CHAIN_LLAMA3, .ignore_merges = true},
    {.name = "qwen2", .chain = CHAIN_QWEN2, .nfc = true},
    {.name = "qwen35", .chain = CHAIN_QWEN35, .nfc = true},
    {.name = "deepseek-r1-qwen", .chain = CHAIN_QWEN2},
    {.name = "kormo", .chain = CHAIN_QWEN2},
    {.name = "f2llmv2", .chain = CHAIN_QWEN2},
    {.name = "megrez", .chain = CHAIN_QWEN2},
    {.name = "stablelm2", .chain = CHAIN_QWEN2},
    {.name = "hunyuan", .chain = CHAIN_QWEN2},
    {.name = "solar-open", .chain = CHAIN_QWEN2},
    {.name = "grok-2", .chain = CHAIN_QWEN2},
    {.name = "bailingmoe", .chain = CHAIN_QWEN2},
    {.name = "bailingmoe2", .chain = CHAIN_QWEN2},
    {.name = "llada-moe", .chain = CHAIN_QWEN2},
    {.name = "ufakzeka", .chain = {.n_stages = 1, .stages = {WORDS(1, 0)}}},
    {.name = "minicpm5", .chain = {.n_stages = 2, .stages = {NUMBERS(3), WORDS(0, MOTE_SPLIT_CONTRACTIONS)}}, .ignore_merges = true},
    {.name = "tekken", .chain = CHAIN_TEKKEN, .ignore_merges = true, .add_bos = true},
    {.name = "gpt-4o", .chain = CHAIN_GPT4O},
    {.name = "llama4", .chain = CHAIN_GPT4O},
    {.name = "kanana2", .chain = CHAIN_GPT4O},
    {.name = "talkie", .chain = CHAIN_GPT4O},
    {.name = "minimax-m2", .chain = CHAIN_GPT4O},
    {.name = "granite-embed-multi-97m", .chain = CHAIN_GPT4O, .ignore_merges = true},
    {.name = "deepseek-v3", .chain = CHAIN_DEEPSEEK3},
    {.name = "hunyuan-dense", .chain = CHAIN_DEEPSEEK3},
    {.name = "hy_v4", .chain = CHAIN_DEEPSEEK3},
    {.name = "joyai-llm", .chain = CHAIN_DEEPSEEK3},
    {.name = "deepseek-coder", .chain = CHAIN_DEEPSEEK_CODER},
    {.name = "falcon", .chain = CHAIN_FALCON},
    {.name = "gemma4", .chain = CHAIN_NEWLINES, .add_bos = true},
    {.name = "granite-embed-multi-311m", .chain = CHAIN_NEWLINES, .add_bos = true},
    {.name = "sarvam-moe", .chain = CHAIN_NEWLINES},
};

const mote_pretokenizer_named *mote_pretokenizer_find(mote_str name) {
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (mote_str_is(name, named[i].name))
            return &named[i];
    return NULL;
}

/* Of names that mean the same, the one of the best-known model; readers that know few names know these. */
static const char *const preferred[] = {"gpt-2",  "llama-bpe", "smaug-bpe",   "qwen2",          "stablelm2", "smollm",
                                        "tekken", "gpt-4o",    "deepseek-v3", "deepseek-coder", "falcon",    "default"};

static bool same_split(const mote_split *a, const mote_split *b) {
    bool same_ascii = a->ascii == b->ascii || (a->ascii && b->ascii && strcmp(a->ascii, b->ascii) == 0);
    return a->kind == b->kind && a->flags == b->flags && a->n_digits == b->n_digits && a->classes == b->classes && same_ascii && !a->pattern && !a->regex;
}

static bool same_chain(const mote_pretokenizer *a, const mote_pretokenizer *b) {
    bool same = a->n_stages == b->n_stages;
    for (unsigned i = 0; same && i < a->n_stages; i++)
        same = same_split(&a->stages[i], &b->stages[i]);
    return same;
}

const char *mote_pretokenizer_name_of(const mote_pretokenizer *p, bool ignore_merges, bool nfc) {
    enum { N_PREFERRED = sizeof preferred / sizeof preferred[0], N_NAMED = sizeof named / sizeof named[0] };
    const char *other = NULL;
    for (size_t i = 0; i < N_PREFERRED + N_NAMED; i++) {
        const mote_pretokenizer_named *n = i < N_PREFERRED ? mote_pretokenizer_find(mote_str_of(preferred[i])) : &named[i - N_PREFERRED];
        if (!n || n->ignore_merges != ignore_merges || !same_chain(p, &n->chain))
            continue;
        if (n->nfc == nfc)
            return n->name;
        other = other ? other : n->name;
    }
    return other;
}

#define TAIL_SPACE "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define SHORT_FORMS "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define SHORT_FORMS_3 "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])"
#define WORD_HEAD "[^\\r\\n\\p{L}\\p{N}]?"
#define MARKS " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
#define UPPER_SET "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER_SET "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define CASED_PATTERN(behind) WORD_HEAD UPPER_SET "*" LOWER_SET "+" behind "|" WORD_HEAD UPPER_SET "+" LOWER_SET "*" behind

static const struct {
    const char *pattern;
    mote_split split;
} patterns[] = {
    {"'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+", GPT2},
    {SHORT_FORMS "|" WORD_HEAD "\\p{L}+|\\p{N}{1,3}|" MARKS TAIL_SPACE, WORDS(3, MOTE_SPLIT_CONTRACTIONS)},
    {SHORT_FORMS "|" WORD_HEAD "\\p{L}+|\\p{N}|" MARKS TAIL_SPACE, WORDS(1, MOTE_SPLIT_CONTRACTIONS)},
    {SHORT_FORMS "|" WORD_HEAD "\\p{L}+|\\p{N}+|" MARKS TAIL_SPACE, WORDS(0, MOTE_SPLIT_CONTRACTIONS)},
    {SHORT_FORMS_3 "|" WORD_HEAD "\\p{L}+|\\p{N}{1,3}|" MARKS TAIL_SPACE, WORDS(3, MOTE_SPLIT_CONTRACTIONS)},
    {SHORT_FORMS_3 "|" WORD_HEAD "\\p{L}+|\\p{N}|" MARKS TAIL_SPACE, WORDS(1, MOTE_SPLIT_CONTRACTIONS)},
    {SHORT_FORMS "|" WORD_HEAD "[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*" TAIL_SPACE, WORDS(1, MOTE_SPLIT_CONTRACTIONS | MOTE_SPLIT_MARKS)},
    {WORD_HEAD "\\p{L}+|\\p{N}|" MARKS TAIL_SPACE, WORDS(1, 0)},
    {CASED_PATTERN("") "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" TAIL_SPACE, CASED(1, MOTE_SPLIT_SLASH_TAIL)},
    {CASED_PATTERN(SHORT_FORMS "?") "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*" TAIL_SPACE, CASED(3, MOTE_SPLIT_CONTRACTIONS | MOTE_SPLIT_SLASH_TAIL)},
    {"\\p{N}{1,3}", NUMBERS(3)},
    {"\\p{N}", NUMBERS(1)},
    {"\\p{N}+", NUMBERS(0)},
    {"[\\r\\n]", {.kind = MOTE_SPLIT_LINE_ENDS}},
    {"[0-9][0-9][0-9]", {.kind = MOTE_SPLIT_TRIPLES}},
};

bool mote_pretokenizer_known_pattern(mote_str pattern, mote_split *split) {
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++)
        if (mote_str_is(pattern, patterns[i].pattern)) {
            *split = patterns[i].split;
            return true;
        }
    return false;
}
