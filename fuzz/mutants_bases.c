#include "fuzz/mutants.h"

#include "base/half.h"
#include "base/mem.h"
#include "base/rng.h"
#include "formats/gguf.h"
#include "formats/imatrix.h"
#include "kernels/blocks.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_BASE_BYTES = 4 << 20, /* a mutant is written and read whole */
    PATH_BYTES = 4096,
    WIDTH = 256, /* of the model made here: one super-block */
    N_KV = 64,
    RANK = 4
};

static uint8_t *read_file(const char *path, size_t *n_bytes) {
    struct stat st;
    FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_BASE_BYTES ? fopen(path, "rb") : NULL;
    uint8_t *data = f ? malloc((size_t)st.st_size + 1) : NULL;
    *n_bytes = data ? fread(data, 1, (size_t)st.st_size, f) : 0;
    if (f)
        fclose(f);
    return data;
}

static bool add(mutants_bases *bases, const char *kind, const char *path, const char *model) {
    mutants_base b = {.kind = kind, .path = strdup(path), .model = model ? strdup(model) : NULL};
    b.data = read_file(path, &b.n_bytes);
    if (bases->n == bases->capacity) {
        bases->capacity = 2 * bases->capacity + 16;
        bases->items = realloc(bases->items, bases->capacity * sizeof b);
    }
    if (!b.data || !b.path || !bases->items) {
        free(b.path);
        free(b.model);
        free(b.data);
        return false;
    }
    bases->items[bases->n++] = b;
    return true;
}

bool mutants_bases_add(mutants_bases *bases, const char *spec) {
    static const char *const kinds[] = {"gguf", "folder", "tokenizer", "adapter", "imatrix", "safetensors"};
    char path[PATH_BYTES];
    const char *colon = strchr(spec, ':');
    for (size_t i = 0; colon && i < sizeof kinds / sizeof *kinds; i++) {
        if (strlen(kinds[i]) != (size_t)(colon - spec) || memcmp(kinds[i], spec, (size_t)(colon - spec)) != 0)
            continue;
        snprintf(path, sizeof path, "%s", colon + 1);
        char *model = strchr(path, ':');
        if (model)
            *model++ = 0;
        if (add(bases, kinds[i], path, model))
            return true;
        fprintf(stderr, "mutants: %s cannot be read, or is larger than %d bytes\n", path, MAX_BASE_BYTES);
        return false;
    }
    fprintf(stderr, "mutants: '%s' is not KIND:FILE with KIND gguf, folder, tokenizer, adapter, imatrix or safetensors\n", spec);
    return false;
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool ends(const char *name, const char *ending) {
    size_t n = strlen(name), m = strlen(ending);
    return n >= m && strcmp(name + n - m, ending) == 0;
}

/* A file of MODEL/adapters/NAME/. */
static void add_adapter(mutants_bases *bases, const char *folder, const char *path) {
    char config[PATH_BYTES], model[PATH_BYTES];
    snprintf(model, sizeof model, "%.2000s/../..", folder);
    snprintf(config, sizeof config, "%.2000s/config.json", model);
    if (access(config, F_OK) == 0)
        (void)add(bases, "adapter", path, model);
}

static bool is_part_of_model(const char *folder, const char *name) {
    static const char *const names[] = {"config.json", "model.safetensors.index.json", "tokenizer_config.json", "generation_config.json", "modules.json"};
    char tokenizer[PATH_BYTES];
    snprintf(tokenizer, sizeof tokenizer, "%.2000s/tokenizer.json", folder);
    if (access(tokenizer, F_OK) != 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return ends(name, ".safetensors");
}

void mutants_bases_add_folder(mutants_bases *bases, const char *folder) {
    struct dirent **entries = NULL;
    int n = scandir(folder, &entries, NULL, compare_names); /* sorted: the same list everywhere */
    for (int i = 0; i < n; i++) {
        char path[PATH_BYTES];
        const char *name = entries[i]->d_name;
        struct stat st;
        if (name[0] != '.' && (size_t)snprintf(path, sizeof path, "%.2000s/%.255s", folder, name) < sizeof path && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                mutants_bases_add_folder(bases, path);
            else if (ends(name, ".gguf"))
                (void)add(bases, "gguf", path, NULL);
            else if (strncmp(name, "adapter_", 8) == 0)
                add_adapter(bases, folder, path);
            else if (is_part_of_model(folder, name))
                (void)add(bases, "folder", path, NULL);
            else if (strcmp(name, "tokenizer.json") == 0 || strcmp(name, "tokenizer.model") == 0)
                (void)add(bases, "tokenizer", path, NULL);
        }
        free(entries[i]);
    }
    free(entries);
}

void mutants_bases_free(mutants_bases *bases) {
    for (size_t i = 0; i < bases->n; i++) {
        free(bases->items[i].path);
        free(bases->items[i].model);
        free(bases->items[i].data);
    }
    free(bases->items);
    *bases = (mutants_bases){0};
}

/* A tensor of the model made here: its rows, and the type that it has in the first and in the second file. */
typedef struct made_tensor {
    const char *name;
    uint32_t rows; /* 0: a vector; 1: as many as there are tokens */
    mote_dtype types[2];
} made_tensor;

static const made_tensor made_tensors[] = {
    {"token_embd.weight", 1, {MOTE_DTYPE_Q2_K, MOTE_DTYPE_Q4_1}},       {"output.weight", 1, {MOTE_DTYPE_Q6_K, MOTE_DTYPE_Q8_0}},
    {"output_norm.weight", 0, {MOTE_DTYPE_F32, MOTE_DTYPE_F32}},        {"blk.0.attn_norm.weight", 0, {MOTE_DTYPE_F32, MOTE_DTYPE_F32}},
    {"blk.0.attn_q.weight", WIDTH, {MOTE_DTYPE_Q3_K, MOTE_DTYPE_Q4_0}}, {"blk.0.attn_k.weight", N_KV, {MOTE_DTYPE_Q4_K, MOTE_DTYPE_Q5_0}},
    {"blk.0.attn_v.weight", N_KV, {MOTE_DTYPE_Q5_K, MOTE_DTYPE_Q5_1}},  {"blk.0.attn_output.weight", WIDTH, {MOTE_DTYPE_IQ4_NL, MOTE_DTYPE_BF16}},
    {"blk.0.ffn_norm.weight", 0, {MOTE_DTYPE_F32, MOTE_DTYPE_F32}},     {"blk.0.ffn_gate.weight", WIDTH, {MOTE_DTYPE_IQ4_XS, MOTE_DTYPE_F16}},
    {"blk.0.ffn_up.weight", WIDTH, {MOTE_DTYPE_Q6_K, MOTE_DTYPE_F32}},  {"blk.0.ffn_down.weight", WIDTH, {MOTE_DTYPE_Q4_K, MOTE_DTYPE_Q4_K}},
};
enum { N_MADE = sizeof made_tensors / sizeof *made_tensors };

static bool write_tensor(mote_gguf_writer *w, mote_dtype type, size_t n_rows, mote_rng *rng) {
    float row[WIDTH];
    uint8_t bytes[WIDTH * 4];
    for (size_t r = 0; r < (n_rows ? n_rows : 1); r++) {
        for (size_t i = 0; i < WIDTH; i++)
            row[i] = n_rows ? (float)(mote_rng_uniform(rng) - 0.5) * 0.3f : 1.0f;
        if (!mote_blocks_quantize(type, row, bytes, WIDTH, NULL) || mote_gguf_writer_data(w, bytes, mote_dtype_row_bytes(type, WIDTH), NULL) != MOTE_OK)
            return false;
    }
    return true;
}

static bool write_keys(mote_gguf_writer *w, const mote_gguf *vocabulary) {
    bool ok = mote_gguf_writer_string(w, "general.architecture", MOTE_STR("llama"), NULL) == MOTE_OK;
    static const struct {
        const char *key;
        uint32_t value;
    } numbers[] = {{"llama.block_count", 1},          {"llama.context_length", 64},         {"llama.embedding_length", WIDTH},   {"llama.feed_forward_length", WIDTH},
                   {"llama.attention.head_count", 4}, {"llama.attention.head_count_kv", 1}, {"llama.rope.dimension_count", N_KV}};
    for (size_t i = 0; ok && i < sizeof numbers / sizeof *numbers; i++)
        ok = mote_gguf_writer_u32(w, numbers[i].key, numbers[i].value, NULL) == MOTE_OK;
    ok = ok && mote_gguf_writer_f32(w, "llama.attention.layer_norm_rms_epsilon", 1e-5f, NULL) == MOTE_OK;
    for (size_t i = 0; ok && i < mote_gguf_n_values(vocabulary); i++) {
        const mote_gguf_value *v = mote_gguf_value_at(vocabulary, i);
        if (mote_str_starts(v->key, MOTE_STR("tokenizer.")))
            ok = mote_gguf_writer_copy(w, v, NULL) == MOTE_OK;
    }
    return ok;
}

/* A Llama of one layer whose tensors have all block types between the two files. */
static bool make_blocks(const mote_gguf *vocabulary, const char *path, int which) {
    mote_gguf_writer *w = NULL;
    mote_rng rng;
    const mote_gguf_value *tokens = mote_gguf_find(vocabulary, "tokenizer.ggml.tokens");
    if (!tokens || mote_gguf_writer_create(path, &w, NULL) != MOTE_OK)
        return false;
    mote_rng_init(&rng, 1);
    bool ok = write_keys(w, vocabulary);
    for (size_t i = 0; ok && i < N_MADE; i++) {
        const made_tensor *t = &made_tensors[i];
        uint64_t dims[2] = {WIDTH, t->rows == 1 ? tokens->n_items : t->rows};
        ok = mote_gguf_writer_tensor(w, mote_str_of(t->name), t->types[which], t->rows ? 2 : 1, dims, NULL) == MOTE_OK;
    }
    ok = ok && mote_gguf_writer_begin_data(w, NULL) == MOTE_OK;
    for (size_t i = 0; ok && i < N_MADE; i++)
        ok = write_tensor(w, made_tensors[i].types[which], made_tensors[i].rows == 1 ? tokens->n_items : made_tensors[i].rows, &rng);
    if (ok)
        return mote_gguf_writer_finish(&w, NULL) == MOTE_OK;
    mote_gguf_writer_discard(&w);
    return false;
}

/* LoRA on one matrix of tests/cli/tiny.gguf (32 x 32). */
static bool make_adapter(const char *path) {
    mote_gguf_writer *w = NULL;
    const uint64_t a[2] = {32, RANK}, b[2] = {RANK, 32};
    float data[32 * RANK];
    for (size_t i = 0; i < 32 * RANK; i++)
        data[i] = 0.01f * (float)(i % 13);
    bool ok = mote_gguf_writer_create(path, &w, NULL) == MOTE_OK && mote_gguf_writer_string(w, "general.type", MOTE_STR("adapter"), NULL) == MOTE_OK &&
              mote_gguf_writer_string(w, "general.architecture", MOTE_STR("llama"), NULL) == MOTE_OK &&
              mote_gguf_writer_string(w, "adapter.type", MOTE_STR("lora"), NULL) == MOTE_OK && mote_gguf_writer_f32(w, "adapter.lora.alpha", 8, NULL) == MOTE_OK &&
              mote_gguf_writer_tensor(w, MOTE_STR("blk.0.attn_q.weight.lora_a"), MOTE_DTYPE_F32, 2, a, NULL) == MOTE_OK &&
              mote_gguf_writer_tensor(w, MOTE_STR("blk.0.attn_q.weight.lora_b"), MOTE_DTYPE_F32, 2, b, NULL) == MOTE_OK && mote_gguf_writer_begin_data(w, NULL) == MOTE_OK &&
              mote_gguf_writer_data(w, data, sizeof data, NULL) == MOTE_OK && mote_gguf_writer_data(w, data, sizeof data, NULL) == MOTE_OK;
    if (ok)
        return mote_gguf_writer_finish(&w, NULL) == MOTE_OK;
    mote_gguf_writer_discard(&w);
    return false;
}

/* Of two matrices of tests/cli/tiny.gguf. */
static bool make_imatrix(const char *path) {
    float sums[64], count = 3;
    for (size_t i = 0; i < 64; i++)
        sums[i] = 0.1f * (float)(i % 7 + 1);
    const mote_imatrix_sums entries[] = {{MOTE_STR("blk.0.attn_q.weight"), 32, 1, sums, &count}, {MOTE_STR("blk.0.ffn_down.weight"), 64, 1, sums, &count}};
    return mote_imatrix_write(path, MOTE_STR("a text"), 1, 32, entries, 2, NULL) == MOTE_OK;
}

static bool write_file(const char *path, const void *data, size_t n) {
    FILE *f = fopen(path, "wb");
    bool ok = f && fwrite(data, 1, n, f) == n;
    return f && fclose(f) == 0 && ok;
}

/* The same matrix in PEFT's form, for tests/golden/families/llama (32 x 32). */
static bool make_peft(const char *folder) {
    enum { N = 32 };
    static const char config[] = "{\"peft_type\":\"LORA\",\"task_type\":\"CAUSAL_LM\",\"r\":4,\"lora_alpha\":8,\"lora_dropout\":0.0,\"bias\":\"none\",\"fan_in_fan_out\":false,"
                                 "\"use_rslora\":false,\"use_dora\":false,\"target_modules\":[\"q_proj\"],\"modules_to_save\":null,\"rank_pattern\":{},\"alpha_pattern\":{}}";
    static const char stem[] = "base_model.model.model.layers.0.self_attn.q_proj.lora_";
    char path[PATH_BYTES], header[1024];
    float data[2 * N * RANK];
    for (size_t i = 0; i < 2 * N * RANK; i++)
        data[i] = 0.01f * (float)(i % 13);
    int n = snprintf(header, sizeof header,
                     "{\"%sA.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]},\"%sB.weight\":{\"dtype\":\"F32\",\"shape\":[%d,%d],\"data_offsets\":[%d,%d]}}",
                     stem, RANK, N, N * RANK * 4, stem, N, RANK, N * RANK * 4, 2 * N * RANK * 4);
    uint8_t *file = malloc(8 + (size_t)n + sizeof data);
    if (!file)
        return false;
    for (int i = 0; i < 8; i++)
        file[i] = (uint8_t)((uint64_t)n >> (8 * i));
    memcpy(file + 8, header, (size_t)n);
    memcpy(file + 8 + n, data, sizeof data);
    snprintf(path, sizeof path, "%.2000s/adapter_model.safetensors", folder);
    bool ok = write_file(path, file, 8 + (size_t)n + sizeof data);
    snprintf(path, sizeof path, "%.2000s/adapter_config.json", folder);
    ok = ok && write_file(path, config, sizeof config - 1);
    free(file);
    return ok;
}

/* The seeds of the tokenizer's fuzz target, whose first byte says what they are. */
static bool make_vocabularies(mutants_bases *bases, const char *source, const char *scratch) {
    static const struct {
        const char *seed, *name;
    } seeds[] = {{"gguf-bert", "bert.gguf"},
                 {"gguf-spm", "spm.gguf"},
                 {"gguf-t5", "t5.gguf"},
                 {"json-bpe", "bpe/tokenizer.json"},
                 {"json-bytelevel", "bytelevel/tokenizer.json"},
                 {"json-unigram", "unigram/tokenizer.json"},
                 {"json-wordpiece", "wordpiece/tokenizer.json"},
                 {"model-bpe", "spm-bpe/tokenizer.model"},
                 {"model-unigram", "spm-unigram/tokenizer.model"}};
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        char path[PATH_BYTES];
        size_t n;
        snprintf(path, sizeof path, "%.2000s/fuzz/corpus/tokenizer/%s", source, seeds[i].seed);
        uint8_t *data = read_file(path, &n);
        if (!data)
            return false;
        snprintf(path, sizeof path, "%.2000s/%.255s", scratch, seeds[i].name);
        char *slash = strrchr(path, '/');
        *slash = 0;
        (void)mkdir(path, 0700);
        *slash = '/';
        bool ok = n > 0 && write_file(path, data + 1, n - 1) && add(bases, "tokenizer", path, NULL);
        free(data);
        if (!ok)
            return false;
    }
    return true;
}

bool mutants_bases_make(mutants_bases *bases, const char *source, const char *scratch) {
    char path[PATH_BYTES], tiny[PATH_BYTES], model[PATH_BYTES];
    mote_gguf *vocabulary = NULL;
    bool ok = true;
    snprintf(tiny, sizeof tiny, "%.2000s/tests/cli/tiny.gguf", source);
    if (mote_gguf_open(tiny, &vocabulary, NULL) != MOTE_OK)
        return false;
    ok = add(bases, "gguf", tiny, NULL);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%.2000s/blocks-%d.gguf", scratch, i);
        ok = ok && make_blocks(vocabulary, path, i) && add(bases, "gguf", path, NULL);
    }
    mote_gguf_close(&vocabulary);
    ok = ok && make_vocabularies(bases, source, scratch);
    snprintf(path, sizeof path, "%.2000s/adapter.gguf", scratch);
    ok = ok && make_adapter(path) && add(bases, "adapter", path, tiny);
    snprintf(path, sizeof path, "%.2000s/imatrix.gguf", scratch);
    ok = ok && make_imatrix(path) && add(bases, "imatrix", path, tiny);
    snprintf(model, sizeof model, "%.2000s/tests/golden/families/llama", source);
    snprintf(path, sizeof path, "%.2000s/peft", scratch);
    (void)mkdir(path, 0700);
    ok = ok && make_peft(path);
    static const char *const files[] = {"adapter_config.json", "adapter_model.safetensors"};
    for (size_t i = 0; ok && i < 2; i++) {
        snprintf(path, sizeof path, "%.2000s/peft/%s", scratch, files[i]);
        ok = add(bases, "adapter", path, model);
    }
    return ok;
}
