/* Hyper-parameters: numbers that give a network its shape, from GGUF keys or config.json, checked before anything is sized by them. */
#ifndef MOTE_MODEL_HPARAMS_H
#define MOTE_MODEL_HPARAMS_H

#include "formats/gguf.h"
#include "formats/json.h"
#include "model/family.h"

#include <mote/status.h>

/* Far above any model of our size; they bound memory and time for malformed files. */
enum {
    MOTE_HPARAMS_MAX_LAYERS = 512,
    MOTE_HPARAMS_MAX_WIDTH = 1 << 20,
    MOTE_HPARAMS_MAX_VOCAB = 1 << 24,
    MOTE_HPARAMS_MAX_HEAD_DIM = 1024,
    MOTE_HPARAMS_MAX_EXPERTS = 1024,
    MOTE_HPARAMS_MAX_EXPERTS_USED = 64,
    MOTE_HPARAMS_MAX_DENSE = 2,          /* EmbeddingGemma and classifiers have two */
    MOTE_HPARAMS_MAX_TOKEN_TYPES = 1024, /* published: 1 or 2 */
};

typedef enum mote_rope_scaling { MOTE_ROPE_NONE, MOTE_ROPE_LINEAR, MOTE_ROPE_LLAMA3, MOTE_ROPE_LONG, MOTE_ROPE_YARN } mote_rope_scaling;

typedef struct mote_rope_hparams {
    float base;
    mote_rope_scaling scaling;
    float factor;                            /* linear, llama3, yarn */
    float low_freq_factor, high_freq_factor; /* llama3 */
    float beta_fast, beta_slow;              /* yarn */
    float original_context;                  /* llama3, long, yarn */
    float attn_factor;                       /* multiplies cos and sin: long, yarn; else 1 */
} mote_rope_hparams;

typedef struct mote_layer_hparams {
    uint32_t n_heads, n_kv_heads; /* of attention */
    uint32_t n_ff;                /* of the dense feed-forward network; 0: none */
    mote_mixer mixer;
    bool is_windowed; /* token i sees i - window + 1 … i */
    bool has_rope;
    bool has_experts;
} mote_layer_hparams;

typedef struct mote_expert_hparams {
    uint32_t n, n_used, n_ff; /* n 0: no experts */
    bool normalises;          /* the weights of the chosen experts add up to 1 */
} mote_expert_hparams;

/* How the hidden states of a text become one vector. */
typedef enum mote_pooling { MOTE_POOLING_NONE, MOTE_POOLING_MEAN, MOTE_POOLING_CLS, MOTE_POOLING_LAST, MOTE_POOLING_MAX } mote_pooling;

/* A dense layer behind pooling. */
typedef struct mote_dense_hparams {
    uint32_t n_in, n_out; /* n_out 0: there is none */
    bool is_tanh;         /* else nothing follows the sums */
} mote_dense_hparams;

typedef struct mote_recurrent_hparams {
    uint32_t n_taps;                              /* of the convolution */
    uint32_t n_heads, n_groups, d_inner, d_state; /* Mamba-2: heads of d_inner / n_heads channels; B and C are shared by a group's heads */
} mote_recurrent_hparams;

typedef struct mote_hparams {
    const mote_family *family;
    uint32_t n_layers, n_embd, n_heads, n_kv_heads, head_dim, n_rot, n_ff, n_vocab, n_ctx_train; /* heads and n_ff: the largest of the layers */
    float norm_eps, attn_scale;
    float attn_softcap, final_softcap;              /* 0: none */
    float embed_scale, residual_scale, logit_scale; /* 1: none */
    mote_rope_hparams rope, rope_local;             /* of the layers without and with a window */
    bool has_rope_factors;                          /* long rope's, as config.json gives them; a GGUF has tensors */
    float rope_short[MOTE_HPARAMS_MAX_HEAD_DIM / 2], rope_long[MOTE_HPARAMS_MAX_HEAD_DIM / 2];
    bool rope_neox;  /* pairs (i, i + n_rot/2), else neighbours */
    uint32_t window; /* 0: no windows */
    mote_expert_hparams experts;
    mote_recurrent_hparams recurrent;
    mote_layer_hparams layers[MOTE_HPARAMS_MAX_LAYERS];
    bool ties_output; /* config.json says that the head is the embedding */
    /* of encoders and embedders */
    uint32_t n_token_types, position_offset; /* rows of the type table; rows of the position table before that of position 0 */
    mote_pooling pooling;                    /* MOTE_POOLING_NONE: the model says nothing */
    mote_dense_hparams dense[MOTE_HPARAMS_MAX_DENSE];
    bool is_reranker; /* the last dense layer gives one score of a pair of texts */
} mote_hparams;

static inline bool mote_hparams_is_windowed(const mote_hparams *h, uint32_t layer) {
    return h->window != 0 && h->layers[layer].is_windowed;
}

/* MOTE_ERR_FORMAT or _UNSUPPORTED with the key. */
MOTE_MUST_CHECK mote_status mote_hparams_from_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err);
MOTE_MUST_CHECK mote_status mote_hparams_from_config(const mote_json *config, mote_hparams *h, mote_error *err);
/* OpenELM's own spelling of sizes (hparams_openelm.c). */
MOTE_MUST_CHECK mote_status mote_hparams_read_openelm(const mote_json *config, mote_hparams *h, mote_error *err);
/* nomic-bert's, and what encoders have more than decoders (hparams_encoder.c). */
MOTE_MUST_CHECK mote_status mote_hparams_read_nomic(const mote_json *config, mote_hparams *h, mote_error *err);
MOTE_MUST_CHECK mote_status mote_hparams_read_encoder_config(const mote_json *config, mote_hparams *h, mote_error *err);
MOTE_MUST_CHECK mote_status mote_hparams_read_encoder_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err);
/* What the encoder relies on, and the widths of the dense layers. MOTE_ERR_FORMAT. */
MOTE_MUST_CHECK mote_status mote_hparams_check_encoder(const mote_hparams *h, mote_error *err);
/* The numbers of an embedding: of the last dense layer, or of a hidden state. */
uint32_t mote_hparams_n_embedding(const mote_hparams *h);
/* What families with recurrent layers have more: which layers those are, their sizes, and the feed-forward widths (hparams_recurrent.c). */
MOTE_MUST_CHECK mote_status mote_hparams_read_recurrent_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err);
MOTE_MUST_CHECK mote_status mote_hparams_read_recurrent_config(const mote_json *config, mote_hparams *h, mote_error *err);
MOTE_MUST_CHECK mote_status mote_hparams_check_recurrent(const mote_hparams *h, mote_error *err);
/* Consistency of all numbers; both call it at their end. */
MOTE_MUST_CHECK mote_status mote_hparams_check(const mote_hparams *h, mote_error *err);
/* Sets every layer as the family usually is: n_heads, n_kv_heads and n_ff of the whole, attention, rope, no window. n_layers is checked first: MOTE_ERR_FORMAT. */
MOTE_MUST_CHECK mote_status mote_hparams_init_layers(mote_hparams *h, mote_error *err);
/* Every period-th layer (period-1, 2*period-1, …) attends to everything, the others through the window; 0: all through the window. */
void mote_hparams_set_window_period(mote_hparams *h, uint32_t period);
/* Takes heads and n_ff of the whole from the layers. */
void mote_hparams_take_largest(mote_hparams *h);

#endif
