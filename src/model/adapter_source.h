/* An adapter on disk, opened and checked completely, not bound to a base yet: a folder as PEFT writes it (adapter_config.json, adapter_model.safetensors), or a GGUF as llama.cpp's
 * converter writes it. What changes a model in a way that is not W + scale * B A (and DoRA's norms) is refused by name, never left out. */
#ifndef MOTE_MODEL_ADAPTER_SOURCE_H
#define MOTE_MODEL_ADAPTER_SOURCE_H

#include "formats/gguf.h"
#include "formats/json.h"
#include "formats/safetensors.h"

/* Ranks in use lie between 1 and 512; scratch of a pass is sized by them. */
enum { MOTE_ADAPTER_MAX_RANK = 2048, MOTE_ADAPTER_NAME_BYTES = 256 };

typedef struct mote_adapter_matrix {
    mote_dtype type;
    uint64_t n_rows, n_columns;
    const uint8_t *data; /* borrowed from the file; NULL: absent */
} mote_adapter_matrix;

typedef struct mote_adapter_module {
    mote_str name;                 /* "model.layers.0.self_attn.q_proj" (PEFT) or "blk.0.attn_q.weight" (GGUF); borrowed from the file */
    mote_adapter_matrix a, b;      /* [rank, n_in], [n_out, rank] */
    mote_adapter_matrix magnitude; /* DoRA: [1, n_out] */
    float scale;                   /* of B A: alpha / rank, or alpha / sqrt(rank) */
} mote_adapter_module;

typedef struct mote_adapter_source {
    mote_gguf *gguf; /* or the next two */
    mote_safetensors *safetensors;
    mote_json *config;
    mote_adapter_module *modules;
    size_t n_modules;
    mote_str family;      /* GGUF: general.architecture; PEFT says nothing of it */
    mote_str base_sha256; /* hexadecimal, of the base's file of weights; empty: not recorded */
    float alpha;
    bool uses_rslora, uses_dora;
} mote_adapter_source;

/* path: a GGUF file, a folder, or the .safetensors file in such a folder.
 * MOTE_ERR_FORMAT with tensor or key; _UNSUPPORTED (what the adapter asks for, by name); _NOT_FOUND; _LIMIT; _IO; _ALLOC. */
MOTE_MUST_CHECK mote_status mote_adapter_source_open(const char *path, mote_adapter_source *s, mote_error *err);
void mote_adapter_source_close(mote_adapter_source *s);
/* Whether a path is a folder with an adapter, or a .safetensors file beside an adapter_config.json. */
bool mote_adapter_source_is_peft(const char *path);

/* adapter_gguf.c, adapter_peft.c: fill s->modules from what is open already (s->gguf; or s->safetensors and s->config). */
MOTE_MUST_CHECK mote_status mote_adapter_gguf_read(mote_adapter_source *s, mote_error *err);
MOTE_MUST_CHECK mote_status mote_adapter_peft_read(mote_adapter_source *s, mote_error *err);
/* A module's shapes and type; rank and sizes must agree. */
MOTE_MUST_CHECK mote_status mote_adapter_source_check(const mote_adapter_module *m, mote_error *err);

/* adapter_config.c: what adapter_config.json says. */
typedef struct mote_adapter_config mote_adapter_config;
MOTE_MUST_CHECK mote_status mote_adapter_config_create(const mote_json *root, mote_adapter_config **config, mote_error *err);
void mote_adapter_config_free(mote_adapter_config **config);
bool mote_adapter_config_uses_dora(const mote_adapter_config *c);
bool mote_adapter_config_uses_rslora(const mote_adapter_config *c);
float mote_adapter_config_alpha(const mote_adapter_config *c);
/* Rank and alpha of a module: those of the first pattern that its name matches, else the usual ones. */
MOTE_MUST_CHECK mote_status mote_adapter_config_of_module(const mote_adapter_config *c, mote_str name, uint64_t *rank, float *alpha, mote_error *err);

#endif
