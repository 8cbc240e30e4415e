/* The family table: what distinguishes one kind of model from another, as data. A new family is a row here, its tensor names, and an option of the decoder where it
 * needs one (docs/architecture.md). */
#ifndef MOTE_MODEL_FAMILY_H
#define MOTE_MODEL_FAMILY_H

#include <stdbool.h>
#include <stddef.h>

/* A place in the network that a tensor fills. SLOT_ATTN_NORM and later exist once a layer. */
typedef enum mote_slot {
    MOTE_SLOT_TOKEN_EMBD,    /* [n_vocab, n_embd] */
    MOTE_SLOT_OUTPUT_NORM,   /* [n_embd] */
    MOTE_SLOT_OUTPUT,        /* [n_vocab, n_embd]; absent: the embedding is used */
    MOTE_SLOT_ROPE_FACTORS,  /* [n_rot / 2]: divides the rotary frequencies */
    MOTE_SLOT_POSITION_EMBD, /* [n_ctx_train, n_embd] */
    MOTE_SLOT_TYPE_EMBD,     /* [n_types, n_embd]; row 0 is used */
    MOTE_SLOT_EMBD_NORM,
    MOTE_SLOT_EMBD_NORM_BIAS,
    MOTE_SLOT_ATTN_NORM,
    MOTE_SLOT_ATTN_NORM_BIAS,
    MOTE_SLOT_Q, /* [n_heads * head_dim, n_embd] */
    MOTE_SLOT_K, /* [n_kv_heads * head_dim, n_embd] */
    MOTE_SLOT_V,
    MOTE_SLOT_O, /* [n_embd, n_heads * head_dim] */
    MOTE_SLOT_Q_BIAS,
    MOTE_SLOT_K_BIAS,
    MOTE_SLOT_V_BIAS,
    MOTE_SLOT_O_BIAS,
    MOTE_SLOT_Q_NORM, /* [head_dim] */
    MOTE_SLOT_K_NORM,
    MOTE_SLOT_POST_ATTN_NORM, /* [n_embd], on the attention's output before it is added */
    MOTE_SLOT_FFN_NORM,
    MOTE_SLOT_FFN_NORM_BIAS,
    MOTE_SLOT_GATE, /* [n_ff, n_embd] */
    MOTE_SLOT_UP,
    MOTE_SLOT_UP_BIAS,
    MOTE_SLOT_DOWN, /* [n_embd, n_ff] */
    MOTE_SLOT_DOWN_BIAS,
    MOTE_SLOT_POST_FFN_NORM,
    MOTE_SLOT_COUNT
} mote_slot;

static inline bool mote_slot_is_per_layer(mote_slot slot) {
    return slot >= MOTE_SLOT_ATTN_NORM;
}

/* gguf and hf: printf formats with one %u for the layer where the slot is per layer; NULL where that source never has it. */
typedef struct mote_tensor_name {
    mote_slot slot;
    const char *gguf, *hf;
    bool is_optional;
} mote_tensor_name;

typedef enum mote_activation { MOTE_ACTIVATION_SILU, MOTE_ACTIVATION_GELU_TANH, MOTE_ACTIVATION_GELU_ERF } mote_activation;

typedef struct mote_family {
    const char *name;        /* GGUF's general.architecture */
    const char *hf_types[3]; /* config.json's model_type, up to the first NULL */
    const mote_tensor_name *names;
    size_t n_names;
    mote_activation activation;
    bool is_encoder;            /* bidirectional, layer norms with biases after each sum (BERT) */
    bool gguf_rope_interleaved; /* the GGUF converter permutes q and k so that pairs are neighbours; Hugging Face checkpoints never are */
    bool hf_norm_plus_one;      /* Hugging Face stores norm weights minus 1 */
    bool scales_embedding;      /* embeddings are multiplied by sqrt(n_embd) */
    unsigned window_period;     /* every window_period-th layer attends to everything, the others through the sliding window; 0: no windows */
    float local_rope_base;      /* of the windowed layers unless the model says otherwise; 0: as the other layers */
} mote_family;

/* NULL if there is none of that name. */
const mote_family *mote_family_by_gguf_name(const char *name, size_t len);
const mote_family *mote_family_by_hf_type(const char *type);
/* The tensor name of a slot in a family, or NULL. */
const mote_tensor_name *mote_family_name_of(const mote_family *family, mote_slot slot);

#endif
