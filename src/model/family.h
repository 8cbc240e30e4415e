/* The family table: what distinguishes one kind of model from another, as data. A new family is a row here, its tensor names, and an option of the decoder where it
 * needs one (docs/architecture.md). */
#ifndef MOTE_MODEL_FAMILY_H
#define MOTE_MODEL_FAMILY_H

#include "model/slots.h"

/* Which rows of its tensor a slot takes; converters and makers fuse what is multiplied with the same input. */
typedef enum mote_tensor_part {
    MOTE_PART_WHOLE,
    MOTE_PART_Q, /* of [q; k; v] */
    MOTE_PART_K,
    MOTE_PART_V,
    MOTE_PART_FIRST_HALF, /* of [gate; up] */
    MOTE_PART_SECOND_HALF,
} mote_tensor_part;

/* gguf and hf: printf formats with one %u for the layer where the slot is per layer, and a second one for the expert where each has a tensor of its own; NULL where that
 * source never has it. A slot may have several rows; the first whose tensor exists is taken. */
typedef struct mote_tensor_name {
    mote_slot slot;
    const char *gguf, *hf;
    bool is_optional;
    mote_tensor_part gguf_part, hf_part;
} mote_tensor_name;

/* What mixes the tokens of a layer. */
typedef enum mote_mixer { MOTE_MIXER_ATTENTION, MOTE_MIXER_MAMBA2, MOTE_MIXER_SHORTCONV } mote_mixer;

typedef enum mote_activation { MOTE_ACTIVATION_SILU, MOTE_ACTIVATION_GELU_TANH, MOTE_ACTIVATION_GELU_ERF } mote_activation;

typedef struct mote_family {
    const char *name;        /* GGUF's general.architecture */
    const char *hf_types[4]; /* config.json's model_type, up to the first NULL */
    const char *hf_prefix;   /* what checkpoints with a head put before tensor names; NULL: nothing */
    const mote_tensor_name *names;
    size_t n_names;
    mote_activation activation;
    bool is_encoder;                   /* the whole text at once, each token sees all (model/encoder.h) */
    bool encodes_by_decoder;           /* an encoder of the decoder's layers: tokens see both ways there */
    bool uses_layer_norm;              /* with biases; else root mean square */
    bool gguf_rope_interleaved;        /* the GGUF converter permutes q and k so that pairs are neighbours; Hugging Face checkpoints never are */
    bool hf_norm_plus_one;             /* Hugging Face stores norm weights minus 1 */
    bool scales_embedding;             /* embeddings are multiplied by sqrt(n_embd) */
    bool norms_whole_heads;            /* the q and k norms run over all heads together */
    bool ties_output;                  /* where config.json says nothing of it */
    bool windows_all_layers;           /* a sliding window that the config gives holds in every layer */
    unsigned window_period;            /* every window_period-th layer attends to everything, the others through the sliding window; 0: no windows */
    float rope_base;                   /* where config.json says nothing of it; 0: 10000 */
    float local_rope_base;             /* of the windowed layers unless the model says otherwise; 0: as the other layers */
    float attn_softcap, final_softcap; /* where the model says nothing of them */
    unsigned no_rope_period;           /* every no_rope_period-th layer has no rotary embedding unless the model says otherwise; 0: all have */
    float default_rotary;              /* the rotated part of a head where config.json says nothing of it; 0: all */
    bool has_multipliers;              /* of embedding, residual sums, attention and logits (Granite) */
    bool has_experts;                  /* layers may be mixtures of experts */
    bool experts_normalise;            /* where the model says nothing of it: the chosen experts' weights add up to 1 */
    bool ff_is_experts;                /* the feed-forward length is that of an expert */
    bool may_be_dense;                 /* has_experts, but not every model of the family has any */
    mote_mixer recurrent;              /* of the layers that don't attend; MOTE_MIXER_ATTENTION: all do */
} mote_family;

/* NULL if there is none of that name. */
const mote_family *mote_family_by_gguf_name(const char *name, size_t len);
const mote_family *mote_family_by_hf_type(const char *type);
/* The same for checkpoints whose tokens see both ways. */
const mote_family *mote_family_both_ways(const char *type);
/* The first tensor name of a slot in a family, or NULL. */
const mote_tensor_name *mote_family_name_of(const mote_family *family, mote_slot slot);
/* Whether this is the slot's name in GGUFs: a slot may have two, where what is a layer's whole feed-forward network is the shared expert of a layer with experts. */
bool mote_family_is_named(const mote_family *family, const mote_tensor_name *name, bool has_experts);
/* The full name of a tensor; false if that source never has it or it doesn't fit. */
bool mote_family_format(const mote_tensor_name *name, bool is_gguf, uint32_t layer, uint32_t expert, char *out, size_t n_bytes);

/* The rows, by kind. */
extern const mote_family mote_family_decoders[];
extern const size_t mote_family_n_decoders;
extern const mote_family mote_family_encoders[];
extern const size_t mote_family_n_encoders;

#endif
