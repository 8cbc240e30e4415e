/* Changes of metadata: numbers, types, texts, arrays, and whole families. */
#include "fuzz/mutate_gguf.h"

#include <stdio.h>
#include <string.h>

enum { TYPE_U32 = 4, TYPE_I32 = 5, TYPE_F32 = 6, TYPE_BOOL = 7, MAX_GROWN_ITEMS = 5000 };

static const char *const texts[] = {
    "llama",      "qwen2",           "qwen3",         "qwen2moe", "qwen3moe", "gemma",    "gemma2",    "gemma3",         "granite",
    "granitemoe", "granitehybrid",   "phi3",          "olmo2",    "stablelm", "openelm",  "smollm3",   "lfm2",           "bert",
    "nomic-bert", "gemma-embedding", "mistral",       "gpt2",     "t5",       "gpt-2",    "llama-bpe", "default",        "smollm",
    "tekken",     "gpt-4o",          "none",          "linear",   "yarn",     "longrope", "llama3",    "adapter",        "lora",
    "model",      "imatrix",         "controlvector", "mean",     "cls",      "last",     "rank",      "{{ messages }}", "{% for i in range(1000000000) %}a{% endfor %}",
    NULL};

/* With %s: the architecture. */
static const char *const keys[] = {"%s.block_count",
                                   "%s.context_length",
                                   "%s.embedding_length",
                                   "%s.feed_forward_length",
                                   "%s.vocab_size",
                                   "%s.attention.head_count",
                                   "%s.attention.head_count_kv",
                                   "%s.attention.key_length",
                                   "%s.attention.value_length",
                                   "%s.attention.layer_norm_rms_epsilon",
                                   "%s.attention.layer_norm_epsilon",
                                   "%s.attention.sliding_window",
                                   "%s.attention.sliding_window_pattern",
                                   "%s.attention.causal",
                                   "%s.attention.scale",
                                   "%s.attention.clamp_kqv",
                                   "%s.attention.max_alibi_bias",
                                   "%s.rope.dimension_count",
                                   "%s.rope.freq_base",
                                   "%s.rope.freq_base_swa",
                                   "%s.rope.scaling.type",
                                   "%s.rope.scaling.factor",
                                   "%s.rope.scaling.attn_factor",
                                   "%s.rope.scaling.original_context_length",
                                   "%s.rope.scaling.finetuned",
                                   "%s.attn_logit_softcapping",
                                   "%s.final_logit_softcapping",
                                   "%s.attn_scale",
                                   "%s.expert_count",
                                   "%s.expert_used_count",
                                   "%s.expert_feed_forward_length",
                                   "%s.expert_shared_count",
                                   "%s.expert_shared_feed_forward_length",
                                   "%s.expert_weights_scale",
                                   "%s.expert_weights_norm",
                                   "%s.embedding_scale",
                                   "%s.residual_scale",
                                   "%s.logit_scale",
                                   "%s.ssm.conv_kernel",
                                   "%s.ssm.inner_size",
                                   "%s.ssm.state_size",
                                   "%s.ssm.time_step_rank",
                                   "%s.ssm.group_count",
                                   "%s.shortconv.l_cache",
                                   "%s.pooling_type",
                                   "%s.use_parallel_residual",
                                   "%s.tensor_data_layout",
                                   "general.alignment",
                                   "general.file_type",
                                   "general.architecture",
                                   "general.type",
                                   "general.name",
                                   "split.count",
                                   "split.no",
                                   "split.tensors.count",
                                   "adapter.type",
                                   "adapter.lora.alpha",
                                   "adapter.lora.rank",
                                   "adapter.lora.use_rslora",
                                   "tokenizer.ggml.model",
                                   "tokenizer.ggml.pre",
                                   "tokenizer.ggml.tokens",
                                   "tokenizer.ggml.scores",
                                   "tokenizer.ggml.token_type",
                                   "tokenizer.ggml.token_type_count",
                                   "tokenizer.ggml.merges",
                                   "tokenizer.ggml.bos_token_id",
                                   "tokenizer.ggml.eos_token_id",
                                   "tokenizer.ggml.eot_token_id",
                                   "tokenizer.ggml.unknown_token_id",
                                   "tokenizer.ggml.seperator_token_id",
                                   "tokenizer.ggml.padding_token_id",
                                   "tokenizer.ggml.add_bos_token",
                                   "tokenizer.ggml.add_eos_token",
                                   "tokenizer.ggml.add_space_prefix",
                                   "tokenizer.ggml.remove_extra_whitespaces",
                                   "tokenizer.ggml.precompiled_charsmap",
                                   "tokenizer.chat_template",
                                   "imatrix.chunk_count",
                                   "imatrix.chunk_size",
                                   "imatrix.datasets"};

static mutate_span architecture(const mutate_gguf_file *f) {
    const mutate_gguf_value *v = mutate_gguf_find(f, "general.architecture");
    return v && v->type == MUTATE_GGUF_STRING && v->data.len < 64 ? v->data : mutate_word("llama");
}

static mutate_span any_key(mutate *m, const mutate_gguf_file *f) {
    const char *form = keys[mutate_below(m, sizeof keys / sizeof *keys)];
    if (memcmp(form, "%s", 2) != 0)
        return mutate_word(form);
    mutate_span a = architecture(f), key = mutate_copy(m, a.data, a.len, strlen(form) - 2);
    memcpy((uint8_t *)key.data + a.len, form + 2, strlen(form) - 2);
    return key;
}

static double value_as_number(const mutate_gguf_value *v) {
    if (v->type == TYPE_F32 && v->data.len == 4) {
        float x;
        memcpy(&x, v->data.data, 4);
        return x > -1e15f && x < 1e15f ? (double)x : 0;
    }
    return v->data.len <= 8 && v->type < MUTATE_GGUF_N_TYPES ? (double)(int64_t)mutate_load(v->data.data, v->data.len) : 0;
}

static void set_number(mutate *m, mutate_gguf_value *v, uint32_t type, double x) {
    uint8_t *p = (uint8_t *)mutate_copy(m, NULL, 0, 8).data;
    float f = (float)x;
    v->type = type;
    v->strings = NULL;
    v->data = (mutate_span){p, mutate_gguf_item_bytes(type)};
    if (type == TYPE_F32)
        memcpy(p, &f, 4);
    else if (type == MUTATE_GGUF_N_TYPES - 1)
        memcpy(p, &x, 8);
    else
        mutate_store(p, (uint64_t)(int64_t)x, 8);
    if (type == TYPE_BOOL)
        *p &= 1;
}

/* The bytes of one number of a type, changed. */
static void change_number(mutate *m, uint32_t type, uint8_t *p) {
    size_t n = mutate_gguf_item_bytes(type);
    if (type == TYPE_F32) {
        mutate_store(p, mutate_float(m, (uint32_t)mutate_load(p, 4)), 4);
    } else if (type == MUTATE_GGUF_N_TYPES - 1) {
        uint32_t bits = mutate_float(m, 0);
        float x;
        memcpy(&x, &bits, 4);
        double wide = (double)x;
        memcpy(p, &wide, 8);
    } else if (type == TYPE_BOOL) {
        *p = mutate_one_in(m, 8) ? (uint8_t)mote_rng_next(&m->rng) : !*p;
    } else {
        mutate_store(p, mutate_integer(m, mutate_load(p, n), n), n);
    }
}

/* The same number in another type, or as a text or an array: readers must look before they read. */
static void change_type(mutate *m, mutate_gguf_value *v) {
    uint32_t type = (uint32_t)mutate_below(m, MUTATE_GGUF_N_TYPES);
    double x = v->type == MUTATE_GGUF_STRING || v->type == MUTATE_GGUF_ARRAY ? (double)mutate_below(m, 9) : value_as_number(v);
    if (type == MUTATE_GGUF_STRING) {
        char text[32];
        int n = snprintf(text, sizeof text, "%.0f", x);
        *v = (mutate_gguf_value){.key = v->key, .type = type, .data = mutate_copy(m, text, (size_t)n, 0)};
    } else if (type == MUTATE_GGUF_ARRAY) {
        uint32_t item = mutate_one_in(m, 2) ? TYPE_U32 : TYPE_I32;
        size_t n = mutate_below(m, 9);
        set_number(m, v, item, x);
        mutate_span items = mutate_copy(m, NULL, 0, 4 * n);
        for (size_t i = 0; i < n; i++)
            memcpy((uint8_t *)items.data + 4 * i, v->data.data, 4);
        *v = (mutate_gguf_value){.key = v->key, .type = type, .item_type = item, .n_items = n, .data = items};
    } else {
        set_number(m, v, type, x);
    }
}

/* Longer, shorter, of another item type; what is new repeats what was there. */
static void resize_array(mutate *m, mutate_gguf_value *v) {
    static const size_t sizes[] = {0, 1, 2, 255, 256, MAX_GROWN_ITEMS};
    uint64_t old = v->n_items;
    uint64_t n = mutate_one_in(m, 2) ? old + mutate_below(m, 3) - (old > 0) : sizes[mutate_below(m, sizeof sizes / sizeof *sizes)];
    if (v->strings) {
        mutate_span *strings = mutate_alloc(m, n, sizeof *strings);
        for (uint64_t i = 0; i < n; i++)
            strings[i] = old ? v->strings[i % old] : mutate_word("");
        v->strings = strings;
    } else {
        size_t item = mutate_gguf_item_bytes(v->item_type);
        mutate_span data = mutate_copy(m, NULL, 0, n * item);
        for (uint64_t i = 0; i < n && old; i++)
            memcpy((uint8_t *)data.data + i * item, v->data.data + i % old * item, item);
        v->data = data;
    }
    v->n_items = n;
}

static void change_item(mutate *m, mutate_gguf_value *v) {
    if (v->n_items == 0)
        return;
    size_t i = mutate_below(m, v->n_items), j = mutate_below(m, v->n_items);
    if (v->strings) {
        mutate_span *copy = mutate_alloc(m, v->n_items, sizeof *copy);
        memcpy(copy, v->strings, v->n_items * sizeof *copy);
        v->strings = copy;
        if (mutate_one_in(m, 3))
            copy[i] = copy[j]; /* one text twice */
        else
            copy[i] = mutate_text(m, copy[i], texts);
        return;
    }
    v->data = mutate_copy(m, v->data.data, v->data.len, 0);
    size_t item = mutate_gguf_item_bytes(v->item_type);
    uint8_t *p = (uint8_t *)v->data.data;
    if (mutate_one_in(m, 8)) /* all of them */
        for (uint64_t k = 0; k < v->n_items && k < MAX_GROWN_ITEMS; k++)
            change_number(m, v->item_type, p + k * item);
    else
        change_number(m, v->item_type, p + i * item);
}

static void change_array(mutate *m, mutate_gguf_value *v) {
    size_t item = mutate_gguf_item_bytes(v->item_type);
    if (mutate_one_in(m, 4)) {
        resize_array(m, v);
    } else if (item && mutate_one_in(m, 4)) { /* the same bytes as items of another width */
        v->item_type = (uint32_t)mutate_below(m, MUTATE_GGUF_N_TYPES);
        size_t width = mutate_gguf_item_bytes(v->item_type);
        v->n_items = width ? v->data.len / width : v->n_items;
        if (width)
            v->data.len = v->n_items * width;
    } else {
        change_item(m, v);
    }
}

/* Another family, with all of its keys: they are then read by that family's rules. */
static void change_architecture(mutate *m, mutate_gguf_file *f) {
    mutate_gguf_value *v = mutate_gguf_find(f, "general.architecture");
    if (!v || v->type != MUTATE_GGUF_STRING)
        return;
    mutate_span old = v->data, now = mutate_word(texts[mutate_below(m, 21)]);
    for (size_t i = 0; i < f->n_values; i++) {
        mutate_span key = f->values[i].key;
        if (key.len <= old.len || memcmp(key.data, old.data, old.len) != 0 || key.data[old.len] != '.')
            continue;
        mutate_span renamed = mutate_copy(m, now.data, now.len, key.len - old.len);
        memcpy((uint8_t *)renamed.data + now.len, key.data + old.len, key.len - old.len);
        f->values[i].key = renamed;
    }
    v->data = now;
}

static void add_key(mutate *m, mutate_gguf_file *f) {
    mutate_span key = any_key(m, f);
    mutate_gguf_value *v = mutate_gguf_add_value(m, f);
    v->key = key;
    set_number(m, v, mutate_one_in(m, 3) ? TYPE_F32 : TYPE_U32, (double)(int32_t)mutate_integer(m, 2, 4));
    if (mutate_one_in(m, 3))
        change_type(m, v);
    else if (mutate_one_in(m, 3))
        *v = (mutate_gguf_value){.key = key, .type = MUTATE_GGUF_STRING, .data = mutate_text(m, mutate_word("x"), texts)};
}

static void change_layout(mutate *m, mutate_gguf_file *f) {
    mutate_gguf_value *v = mutate_gguf_find(f, "general.alignment");
    if (!v) {
        v = mutate_gguf_add_value(m, f);
        v->key = mutate_word("general.alignment");
    }
    uint64_t alignment = mutate_one_in(m, 2) ? (uint64_t)1 << mutate_below(m, 18) : mutate_integer(m, 32, 4);
    set_number(m, v, TYPE_U32, (double)(uint32_t)alignment);
    f->alignment = alignment >= 1 && alignment <= 1 << 17 ? alignment : 32;
}

static void change_value(mutate *m, mutate_gguf_value *v) {
    if (mutate_one_in(m, 6)) {
        change_type(m, v);
    } else if (v->type == MUTATE_GGUF_STRING) {
        v->data = mutate_text(m, v->data, texts);
    } else if (v->type == MUTATE_GGUF_ARRAY) {
        change_array(m, v);
    } else {
        v->data = mutate_copy(m, v->data.data, v->data.len, 0);
        change_number(m, v->type, (uint8_t *)v->data.data);
    }
}

void mutate_gguf_change_values(mutate *m, mutate_gguf_file *f) {
    if (f->n_values == 0 || mutate_one_in(m, 12)) {
        add_key(m, f);
        return;
    }
    size_t i = mutate_below(m, f->n_values), j = mutate_below(m, f->n_values);
    mutate_gguf_value *a = &f->values[i], *b = &f->values[j], swapped;
    switch (mutate_below(m, 16)) {
    case 0:
        *a = f->values[--f->n_values];
        break;
    case 1:
        swapped = *a;
        swapped.key = mutate_one_in(m, 2) ? a->key : any_key(m, f);
        *mutate_gguf_add_value(m, f) = swapped;
        break;
    case 2: /* the keys of two values swapped: every type in every place */
        swapped.key = a->key;
        a->key = b->key;
        b->key = swapped.key;
        break;
    case 3:
        a->key = mutate_one_in(m, 2) ? any_key(m, f) : mutate_text(m, a->key, NULL);
        break;
    case 4:
        change_architecture(m, f);
        break;
    case 5:
        change_layout(m, f);
        break;
    default:
        change_value(m, a);
    }
    if (mutate_one_in(m, 64))
        f->version = (uint32_t)mutate_below(m, 5);
}
