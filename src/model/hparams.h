/* Hyper-parameters: numbers that give a network its shape, from GGUF keys or config.json, checked before anything is sized by them. */
#ifndef MOTE_MODEL_HPARAMS_H
#define MOTE_MODEL_HPARAMS_H

#include "formats/gguf.h"
#include "formats/json.h"
#include "model/family.h"

#include <mote/status.h>

/* Far above any model of our size; they bound memory and time for malformed files. */
enum {
    MOTE_HPARAMS_MAX_LAYERS = 1024,
    MOTE_HPARAMS_MAX_WIDTH = 1 << 20,
    MOTE_HPARAMS_MAX_VOCAB = 1 << 24,
    MOTE_HPARAMS_MAX_HEAD_DIM = 1024,
};

typedef enum mote_rope_scaling { MOTE_ROPE_NONE, MOTE_ROPE_LINEAR, MOTE_ROPE_LLAMA3 } mote_rope_scaling;

typedef struct mote_rope_hparams {
    float base;
    mote_rope_scaling scaling;
    float factor;                            /* linear, llama3 */
    float low_freq_factor, high_freq_factor; /* llama3 */
    float original_context;                  /* llama3 */
} mote_rope_hparams;

typedef struct mote_hparams {
    const mote_family *family;
    uint32_t n_layers, n_embd, n_heads, n_kv_heads, head_dim, n_rot, n_ff, n_vocab, n_ctx_train;
    float norm_eps, attn_scale;
    float attn_softcap, final_softcap;                  /* 0: none */
    mote_rope_hparams rope, rope_local;                 /* of the layers without and with a window */
    bool rope_neox;                                     /* pairs (i, i + n_rot/2), else neighbours */
    uint32_t window;                                    /* a windowed layer's token i sees i - window + 1 … i; 0: no windows */
    uint64_t full_layers[MOTE_HPARAMS_MAX_LAYERS / 64]; /* bit l: layer l has no window */
    bool ties_output;                                   /* config.json says that the head is the embedding */
} mote_hparams;

static inline bool mote_hparams_is_windowed(const mote_hparams *h, uint32_t layer) {
    return h->window != 0 && !(h->full_layers[layer / 64] >> (layer % 64) & 1);
}

/* MOTE_ERR_FORMAT or _UNSUPPORTED with the key. */
MOTE_MUST_CHECK mote_status mote_hparams_from_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err);
MOTE_MUST_CHECK mote_status mote_hparams_from_config(const mote_json *config, mote_hparams *h, mote_error *err);
/* Consistency of all numbers; both call it at their end. */
MOTE_MUST_CHECK mote_status mote_hparams_check(const mote_hparams *h, mote_error *err);
/* Marks every period-th layer as full (layers period-1, 2*period-1, …). */
void mote_hparams_set_window_period(mote_hparams *h, uint32_t period);

#endif
