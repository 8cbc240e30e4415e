#include "fuzz/mutate_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_REPEATS = 3000, DEEP = 2000 };

/* Words that mean something in a tokenizer.json, a config.json, an adapter_config.json or a header. */
static const char *const words[] = {"BPE",
                                    "Unigram",
                                    "WordPiece",
                                    "WordLevel",
                                    "Sequence",
                                    "ByteLevel",
                                    "Metaspace",
                                    "Split",
                                    "Digits",
                                    "Whitespace",
                                    "WhitespaceSplit",
                                    "Punctuation",
                                    "BertPreTokenizer",
                                    "BertNormalizer",
                                    "NFC",
                                    "NFD",
                                    "NFKC",
                                    "NFKD",
                                    "Lowercase",
                                    "Strip",
                                    "StripAccents",
                                    "Replace",
                                    "Prepend",
                                    "Nmt",
                                    "Precompiled",
                                    "TemplateProcessing",
                                    "RobertaProcessing",
                                    "BertProcessing",
                                    "ByteFallback",
                                    "Fuse",
                                    "CTC",
                                    "Isolated",
                                    "Removed",
                                    "MergedWithPrevious",
                                    "MergedWithNext",
                                    "Contiguous",
                                    "always",
                                    "never",
                                    "first",
                                    "(a*)*b",
                                    "(?=(a+))\\\\1+$",
                                    "[^\\\\s]+|\\\\s+",
                                    "(",
                                    "\\\\p{L}+",
                                    "",
                                    "\\u0000",
                                    "\\ud800",
                                    "F32",
                                    "F16",
                                    "BF16",
                                    "I32",
                                    "I8",
                                    "U8",
                                    "F8_E4M3",
                                    "BOOL",
                                    "I64",
                                    "pt",
                                    "LlamaForCausalLM",
                                    "Qwen2ForCausalLM",
                                    "Qwen3ForCausalLM",
                                    "Gemma2ForCausalLM",
                                    "Gemma3ForCausalLM",
                                    "GraniteForCausalLM",
                                    "GraniteMoeForCausalLM",
                                    "GraniteMoeHybridForCausalLM",
                                    "Phi3ForCausalLM",
                                    "Olmo2ForCausalLM",
                                    "StableLmForCausalLM",
                                    "OpenELMForCausalLM",
                                    "SmolLM3ForCausalLM",
                                    "Lfm2ForCausalLM",
                                    "BertModel",
                                    "NomicBertModel",
                                    "llama",
                                    "qwen2",
                                    "qwen3_moe",
                                    "gemma3_text",
                                    "granitemoehybrid",
                                    "phi3",
                                    "lfm2",
                                    "bert",
                                    "linear",
                                    "dynamic",
                                    "yarn",
                                    "longrope",
                                    "llama3",
                                    "default",
                                    "silu",
                                    "gelu",
                                    "gelu_pytorch_tanh",
                                    "relu",
                                    "gptq",
                                    "awq",
                                    "gemm",
                                    "LORA",
                                    "CAUSAL_LM",
                                    "all",
                                    "lora_only",
                                    "q_proj",
                                    "v_proj",
                                    "full_attention",
                                    "sliding_attention",
                                    "mamba",
                                    "conv",
                                    "attention",
                                    "../x.safetensors",
                                    "/etc/passwd",
                                    "model.safetensors",
                                    NULL};

static const char *const numbers[] = {"0",
                                      "-1",
                                      "1",
                                      "2",
                                      "3",
                                      "0.5",
                                      "-0.0",
                                      "1e308",
                                      "1e-320",
                                      "2147483647",
                                      "2147483648",
                                      "4294967295",
                                      "9223372036854775807",
                                      "9223372036854775808",
                                      "18446744073709551616",
                                      "1e400",
                                      "NaN",
                                      "Infinity",
                                      "256",
                                      "65536",
                                      "1000000",
                                      "null",
                                      "true",
                                      "false"};

typedef struct parser {
    mutate *m;
    const uint8_t *p, *end;
} parser;

static void skip_space(parser *r) {
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
        r->p++;
}

static bool eat(parser *r, char c) {
    skip_space(r);
    if (r->p >= r->end || *r->p != c)
        return false;
    r->p++;
    return true;
}

/* Behind the opening quote. */
static bool read_string(parser *r, mutate_span *text) {
    const uint8_t *start = r->p;
    while (r->p < r->end && *r->p != '"')
        r->p += *r->p == '\\' && r->end - r->p > 1 ? 2 : 1;
    *text = (mutate_span){start, (size_t)(r->p - start)};
    return r->p < r->end && *r->p++ == '"';
}

void mutate_json_add(mutate *m, mutate_json_node *v, mutate_span key, mutate_json_node *item) {
    if (v->n == v->capacity) {
        size_t capacity = 2 * v->capacity + 4;
        mutate_json_node **items = mutate_alloc(m, capacity, sizeof *items);
        mutate_span *keys = mutate_alloc(m, capacity, sizeof *keys);
        if (v->n) {
            memcpy(items, v->items, v->n * sizeof *items);
            memcpy(keys, v->keys, v->n * sizeof *keys);
        }
        v->items = items;
        v->keys = keys;
        v->capacity = capacity;
    }
    v->keys[v->n] = key;
    v->items[v->n++] = item;
}

static mutate_json_node *read_value(parser *r, int depth);

static bool read_members(parser *r, mutate_json_node *v, char close, int depth) {
    if (eat(r, close))
        return true;
    do {
        mutate_span key = {0};
        if (v->kind == '{' && (!eat(r, '"') || !read_string(r, &key) || !eat(r, ':')))
            return false;
        mutate_json_node *item = read_value(r, depth + 1);
        if (!item)
            return false;
        mutate_json_add(r->m, v, key, item);
    } while (eat(r, ','));
    return eat(r, close);
}

static mutate_json_node *read_value(parser *r, int depth) {
    skip_space(r);
    if (r->p >= r->end || depth > MAX_DEPTH)
        return NULL;
    mutate_json_node *v = mutate_alloc(r->m, 1, sizeof *v);
    v->kind = (char)*r->p;
    if (eat(r, '{'))
        return read_members(r, v, '}', depth) ? v : NULL;
    if (eat(r, '['))
        return read_members(r, v, ']', depth) ? v : NULL;
    if (eat(r, '"'))
        return read_string(r, &v->text) ? v : NULL;
    const uint8_t *start = r->p;
    while (r->p < r->end && strchr("+-.eE0123456789abcdfghijklmnopqrstuvwxyzNI", *r->p) && *r->p)
        r->p++;
    v->kind = '0';
    v->text = (mutate_span){start, (size_t)(r->p - start)};
    return v->text.len ? v : NULL;
}

mutate_json_node *mutate_json_read(mutate *m, mutate_span in) {
    parser r = {m, in.data, in.data + in.len};
    return read_value(&r, 0);
}

void mutate_json_write(const mutate_json_node *v, mote_buffer *out) {
    switch (v->kind) {
    case '"':
        mutate_put(out, "\"", 1);
        mutate_put(out, v->text.data, v->text.len);
        mutate_put(out, "\"", 1);
        break;
    case '0':
        mutate_put(out, v->text.data, v->text.len);
        break;
    default:
        mutate_put(out, v->kind == '{' ? "{" : "[", 1);
        for (size_t i = 0; i < v->n; i++) {
            mutate_put(out, ",", i > 0);
            if (v->kind == '{') {
                mutate_put(out, "\"", 1);
                mutate_put(out, v->keys[i].data, v->keys[i].len);
                mutate_put(out, "\":", 2);
            }
            mutate_json_write(v->items[i], out);
        }
        mutate_put(out, v->kind == '{' ? "}" : "]", 1);
    }
}

mutate_json_node *mutate_json_word(mutate *m, char kind, const char *text) {
    mutate_json_node *v = mutate_alloc(m, 1, sizeof *v);
    v->kind = kind;
    v->text = mutate_word(text);
    return v;
}

mutate_json_node *mutate_json_get(const mutate_json_node *v, const char *key) {
    for (size_t i = 0; v && v->kind == '{' && i < v->n; i++)
        if (mutate_span_is(v->keys[i], key))
            return v->items[i];
    return NULL;
}

/* Down from the root, a random member at a time, so that what stands high is met as often as what a vocabulary holds. */
static mutate_json_node *choose(mutate *m, mutate_json_node *root, mutate_json_node **parent, size_t *index) {
    mutate_json_node *v = root;
    *parent = NULL;
    while (v->n > 0 && (v == root || !mutate_one_in(m, 4))) {
        *parent = v;
        *index = mutate_below(m, v->n);
        v = v->items[*index];
    }
    return v;
}

static void change_number(mutate *m, mutate_json_node *v) {
    char text[48], *end;
    snprintf(text, sizeof text, "%.*s", (int)(v->text.len < 40 ? v->text.len : 40), (const char *)v->text.data);
    long long old = strtoll(text, &end, 10);
    if (mutate_one_in(m, 2)) {
        v->text = mutate_word(numbers[mutate_below(m, sizeof numbers / sizeof *numbers)]);
        return;
    }
    int n = *end && mutate_one_in(m, 2) ? snprintf(text, sizeof text, "%g", strtod(text, NULL) * (double)((int)mutate_below(m, 7) - 3))
                                        : snprintf(text, sizeof text, "%" PRId64, (int64_t)mutate_integer(m, (uint64_t)old, mutate_one_in(m, 4) ? 8 : 4));
    v->text = mutate_copy(m, text, (size_t)n, 0);
}

static mutate_json_node *wrap(mutate *m, mutate_json_node *v) {
    for (size_t n = mutate_one_in(m, 4) ? DEEP : 1; n > 0; n--) {
        mutate_json_node *outer = mutate_json_word(m, mutate_one_in(m, 2) ? '[' : '{', "");
        mutate_json_add(m, outer, mutate_word("a"), v);
        v = outer;
    }
    return v;
}

/* Another kind of value. */
static mutate_json_node *replace(mutate *m) {
    switch (mutate_below(m, 4)) {
    case 0:
        return mutate_json_word(m, '0', numbers[mutate_below(m, sizeof numbers / sizeof *numbers)]);
    case 1: {
        size_t n = 0;
        while (words[n])
            n++;
        return mutate_json_word(m, '"', words[mutate_below(m, n)]);
    }
    case 2:
        return mutate_json_word(m, '[', "");
    default:
        return mutate_json_word(m, '{', "");
    }
}

static void change_members(mutate *m, mutate_json_node *parent, size_t i, mutate_json_node *root) {
    size_t j = mutate_below(m, parent->n), index;
    mutate_json_node *item = parent->items[i], *ignored, *again;
    switch (mutate_below(m, 7)) {
    case 0: /* gone; the last one takes its place */
        parent->items[i] = parent->items[parent->n - 1];
        parent->keys[i] = parent->keys[parent->n - 1];
        parent->n--;
        break;
    case 1:
        parent->items[i] = parent->items[j];
        parent->items[j] = item;
        break;
    case 2:
        parent->keys[i] = parent->kind == '{' ? mutate_text(m, parent->keys[i], words) : parent->keys[i];
        break;
    case 3: /* twice under one key, or many times */
        for (size_t n = item->n == 0 && mutate_one_in(m, 8) ? MAX_REPEATS : 1; n > 0; n--)
            mutate_json_add(m, parent, parent->keys[i], item);
        break;
    case 4: /* a part of the tree in another's place; not inside itself, that would never end */
        again = choose(m, root, &ignored, &index);
        if (again->n == 0)
            parent->items[i] = again;
        break;
    case 5:
        parent->items[i] = wrap(m, item);
        break;
    default:
        parent->items[i] = replace(m);
    }
}

void mutate_json_change(mutate *m, mutate_json_node *root) {
    mutate_json_node *parent;
    size_t i = 0;
    mutate_json_node *v = choose(m, root, &parent, &i);
    if (v->kind == '0' && !mutate_one_in(m, 3))
        change_number(m, v);
    else if (v->kind == '"' && !mutate_one_in(m, 3))
        v->text = mutate_text(m, v->text, words);
    else if (parent)
        change_members(m, parent, i, root);
}

bool mutate_json(mutate *m, mutate_span in, mote_buffer *out) {
    mutate_json_node *root = mutate_json_read(m, in);
    mutate_marks none = {0};
    if (!root)
        return false;
    for (size_t n = mutate_n_changes(m); n > 0; n--)
        mutate_json_change(m, root);
    mutate_json_write(root, out);
    if (mutate_one_in(m, 4))
        mutate_lie(m, &none, out);
    return true;
}
