/* Adapters for tests: PEFT folders and GGUF files made on the spot, and a base that needs no file. */
#ifndef ADAPTER_FILES_H
#define ADAPTER_FILES_H

#include "base/error.h"
#include "base/mem.h"
#include "model/adapter.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { N_EMBD = 48, N_FF = 80, N_HEADS = 4, N_KV_HEADS = 2, HEAD_DIM = 12, N_VOCAB = 40, N_LAYERS = 2, FOLDER_BYTES = 64, MAX_FILE = 1 << 18 };

/* A number of a tensor: the same for the same place, between -1 and 1. */
static inline float value_at(unsigned seed, size_t i) {
    unsigned x = (unsigned)(i * 2654435761u) ^ (seed * 40503u);
    x ^= x >> 13;
    x *= 2246822519u;
    x ^= x >> 15;
    return (float)(x % 2001) / 1000 - 1;
}

typedef struct tensor_spec {
    const char *name;
    size_t n_rows, n_columns; /* n_rows 0: a vector */
    unsigned seed;
} tensor_spec;

static inline void write_file(const char *folder, const char *name, const void *bytes, size_t n) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void write_safetensors(const char *folder, const char *name, const tensor_spec *t, size_t n) {
    static char file[MAX_FILE], header[16384];
    size_t at = 0, len = (size_t)snprintf(header, sizeof header, "{");
    for (size_t i = 0; i < n; i++) {
        size_t count = (t[i].n_rows ? t[i].n_rows : 1) * t[i].n_columns;
        len += (size_t)snprintf(header + len, sizeof header - len, "%s\"%s\":{\"dtype\":\"F32\",\"shape\":", i ? "," : "", t[i].name);
        len += (size_t)(t[i].n_rows ? snprintf(header + len, sizeof header - len, "[%zu,%zu]", t[i].n_rows, t[i].n_columns)
                                    : snprintf(header + len, sizeof header - len, "[%zu]", t[i].n_columns));
        len += (size_t)snprintf(header + len, sizeof header - len, ",\"data_offsets\":[%zu,%zu]}", at, at + count * 4);
        at += count * 4;
    }
    len += (size_t)snprintf(header + len, sizeof header - len, "}");
    while (len % 8)
        header[len++] = ' ';
    uint64_t head = len;
    assert_true(8 + len + at <= sizeof file);
    memcpy(file, &head, 8);
    memcpy(file + 8, header, len);
    char *out = file + 8 + len;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < (t[i].n_rows ? t[i].n_rows : 1) * t[i].n_columns; k++, out += 4) {
            float x = value_at(t[i].seed, k);
            memcpy(out, &x, 4);
        }
    write_file(folder, name, file, 8 + len + at);
}

/* A new folder with adapter_config.json and adapter_model.safetensors. */
static inline void make_peft(char folder[FOLDER_BYTES], const char *config, const tensor_spec *t, size_t n) {
    snprintf(folder, FOLDER_BYTES, "/tmp/mote-adapter-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_file(folder, "adapter_config.json", config, strlen(config));
    write_safetensors(folder, "adapter_model.safetensors", t, n);
}

static inline void remove_peft(const char *folder) {
    static const char *const names[] = {"adapter_config.json", "adapter_model.safetensors", "adapter.gguf"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    assert_int_equal(rmdir(folder), 0);
}

/* The numbers of a small model; neox: as from a Hugging Face folder, else as from a GGUF. */
static inline mote_hparams *make_hparams(const char *family, bool neox) {
    static mote_hparams h;
    mote_error err = {0};
    memset(&h, 0, sizeof h);
    h.family = mote_family_by_gguf_name(family, strlen(family));
    assert_non_null(h.family);
    h.n_layers = N_LAYERS;
    h.n_embd = N_EMBD;
    h.n_heads = N_HEADS;
    h.n_kv_heads = N_KV_HEADS;
    h.head_dim = h.n_rot = HEAD_DIM;
    h.n_ff = N_FF;
    h.n_vocab = N_VOCAB;
    h.n_ctx_train = 64;
    h.rope_neox = neox;
    assert_int_equal(mote_hparams_init_layers(&h, &err), MOTE_OK);
    return &h;
}

/* Random float32 weights of q, v, down and head; only what rows are read from. */
typedef struct test_weights {
    mote_weights w;
    mote_layer layers[N_LAYERS];
    mote_kernels kernels;
} test_weights;

static inline float base_value(mote_slot slot, uint32_t layer, size_t row, size_t column) {
    return value_at(1000 + (unsigned)slot * 7 + layer, row * 977 + column);
}

static inline void make_matrix(mote_packed *m, mote_slot slot, uint32_t layer, size_t n_rows, size_t k) {
    float rows[MOTE_PANEL_ROWS * N_FF];
    *m = (mote_packed){.type = MOTE_DTYPE_F32, .n_rows = n_rows, .k = k, .panel_bytes = mote_pack_panel_bytes(MOTE_DTYPE_F32, k)};
    m->data = aligned_alloc(64, (n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * m->panel_bytes);
    for (size_t first = 0; first < n_rows; first += MOTE_PANEL_ROWS) {
        size_t n = n_rows - first < MOTE_PANEL_ROWS ? n_rows - first : MOTE_PANEL_ROWS;
        for (size_t r = 0; r < n; r++)
            for (size_t i = 0; i < k; i++)
                rows[r * k + i] = base_value(slot, layer, first + r, i);
        mote_pack_panel(MOTE_DTYPE_F32, rows, k * 4, n, k, (uint8_t *)m->data + first / MOTE_PANEL_ROWS * m->panel_bytes);
    }
}

static inline test_weights *make_weights(const mote_hparams *h) {
    test_weights *t = calloc(1, sizeof *t);
    t->w.layers = t->layers;
    mote_kernels_init(&t->kernels, MOTE_CPU_C);
    make_matrix(&t->w.output, MOTE_SLOT_OUTPUT, 0, h->n_vocab, h->n_embd);
    for (uint32_t l = 0; l < h->n_layers; l++)
        for (mote_slot s = MOTE_SLOT_ATTN_NORM; s < MOTE_SLOT_COUNT; s++) {
            uint64_t rows, columns;
            mote_slot_shape(h, s, l, &rows, &columns);
            if (mote_slot_kind_of(s) == MOTE_SLOT_KIND_MATRIX && s <= MOTE_SLOT_DOWN && mote_slot_is_in_layer(h, s, l))
                make_matrix(&t->layers[l].m[s], s, l, (size_t)rows, (size_t)columns);
        }
    return t;
}

static inline void free_weights(test_weights *t) {
    free(t->w.output.data);
    for (size_t l = 0; l < N_LAYERS; l++)
        for (size_t s = 0; s < MOTE_SLOT_COUNT; s++)
            free(t->layers[l].m[s].data);
    free(t);
}

#define Q0 "base_model.model.model.layers.0.self_attn.q_proj."
#define V1 "base_model.model.model.layers.1.self_attn.v_proj."
#define DOWN1 "base_model.model.model.layers.1.mlp.down_proj."
#define CONFIG(more) "{\"peft_type\":\"LORA\",\"r\":3,\"lora_alpha\":6,\"bias\":\"none\",\"target_modules\":[\"q_proj\",\"down_proj\"]" more "}"

#endif
