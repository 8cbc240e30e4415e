/* Slots: the places in a network that tensors fill, what kind each is, and the shape it must have. */
#ifndef MOTE_MODEL_SLOTS_H
#define MOTE_MODEL_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* MOTE_SLOT_ATTN_NORM and later exist once a layer. */
typedef enum mote_slot {
    MOTE_SLOT_TOKEN_EMBD,  /* [n_vocab, n_embd] */
    MOTE_SLOT_OUTPUT,      /* [n_vocab, n_embd]; absent: the embedding is used */
    MOTE_SLOT_OUTPUT_NORM, /* [n_embd] */
    MOTE_SLOT_OUTPUT_NORM_BIAS,
    MOTE_SLOT_ROPE_FACTORS,  /* [n_rot / 2]: divides the rotary frequencies */
    MOTE_SLOT_ROPE_SHORT,    /* the same for contexts up to the original one */
    MOTE_SLOT_ROPE_LONG,     /* and beyond */
    MOTE_SLOT_POSITION_EMBD, /* [n_ctx_train, n_embd] */
    MOTE_SLOT_TYPE_EMBD,     /* [n_token_types, n_embd] */
    MOTE_SLOT_EMBD_NORM,
    MOTE_SLOT_EMBD_NORM_BIAS,
    MOTE_SLOT_DENSE_1, /* [dense[0].n_out, dense[0].n_in]: behind pooling */
    MOTE_SLOT_DENSE_2,
    MOTE_SLOT_DENSE_1_BIAS,
    MOTE_SLOT_DENSE_2_BIAS,
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
    MOTE_SLOT_Q_NORM, /* [head_dim], or of all heads */
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
    MOTE_SLOT_ROUTER,       /* [n_experts, n_embd] */
    MOTE_SLOT_EXPERTS_GATE, /* [n_experts][experts.n_ff, n_embd] */
    MOTE_SLOT_EXPERTS_UP,
    MOTE_SLOT_EXPERTS_DOWN, /* [n_experts][n_embd, experts.n_ff] */
    MOTE_SLOT_MIXER_IN,     /* recurrent layers (model/recurrent.h): [in width, n_embd] */
    MOTE_SLOT_MIXER_IN_BIAS,
    MOTE_SLOT_CONV,      /* [n_channels, n_taps]; loaded as [n_taps, n_channels] */
    MOTE_SLOT_CONV_BIAS, /* [n_channels] */
    MOTE_SLOT_SSM_DT_BIAS,
    MOTE_SLOT_SSM_A, /* [n_heads], negative; some checkpoints store log(-A) */
    MOTE_SLOT_SSM_D,
    MOTE_SLOT_SSM_NORM,  /* [d_inner] */
    MOTE_SLOT_MIXER_OUT, /* [n_embd, out width] */
    MOTE_SLOT_MIXER_OUT_BIAS,
    MOTE_SLOT_COUNT
} mote_slot;

typedef enum mote_slot_kind {
    MOTE_SLOT_KIND_MATRIX,  /* packed for products */
    MOTE_SLOT_KIND_EXPERTS, /* a packed matrix an expert */
    MOTE_SLOT_KIND_VECTOR,  /* float32 */
    MOTE_SLOT_KIND_NORM,    /* a vector that some checkpoints store minus 1 */
    MOTE_SLOT_KIND_TABLE,   /* rows of float32 */
    MOTE_SLOT_KIND_TAPS     /* float32, rows and columns exchanged */
} mote_slot_kind;

struct mote_hparams;

static inline bool mote_slot_is_per_layer(mote_slot slot) {
    return slot >= MOTE_SLOT_ATTN_NORM;
}

mote_slot_kind mote_slot_kind_of(mote_slot slot);
/* The shape that a slot must have; *rows is 1 for vectors. Of experts: each one's. */
void mote_slot_shape(const struct mote_hparams *h, mote_slot slot, uint32_t layer, uint64_t *rows, uint64_t *columns);
/* Whether this layer has such a tensor at all: attention, the feed-forward network and experts are not in every layer of every family; dense layers behind pooling (layer 0)
 * are in few models. */
bool mote_slot_is_in_layer(const struct mote_hparams *h, mote_slot slot, uint32_t layer);

#endif
