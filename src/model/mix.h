/* Mixes: which type each tensor of a model gets when the whole is asked for "Q4_K_M". The names and the choices are llama.cpp's (src/llama-quant.cpp, studied at b7100+, November
 * 2026), so that a file quantised here has the same types, tensor by tensor, as one from llama-quantize: output and tied embedding at Q6_K, more bits for values and for the
 * feed-forward's second matrix in the first, the last and every third layer between, another type where a row isn't a multiple of 256, vectors, norms, routers and short
 * convolutions left alone. */
#ifndef MOTE_MODEL_MIX_H
#define MOTE_MODEL_MIX_H

#include "base/dtype.h"
#include "base/str.h"
#include "formats/gguf.h"

typedef struct mote_mix {
    const char *name;   /* "Q4_K_M" */
    mote_dtype type;    /* of most tensors */
    uint32_t file_type; /* GGUF's general.file_type */
} mote_mix;

/* By name, any case; "Q4_K" is "Q4_K_M" and so on. MOTE_ERR_UNSUPPORTED for a mix of llama.cpp's whose blocks have no kernels here (IQ2_XXS …), MOTE_ERR_ARGUMENT for an unknown
 * name; both name what there is. */
MOTE_MUST_CHECK mote_status mote_mix_find(const char *name, const mote_mix **mix, mote_error *err);
/* All of them, for lists; NULL past the end. */
const mote_mix *mote_mix_at(size_t i);

/* What the choice needs to know of a model. */
typedef struct mote_mix_model {
    mote_str architecture;        /* GGUF's general.architecture */
    uint32_t n_layers, n_experts; /* n_experts 0: dense */
    uint32_t n_heads, n_kv_heads; /* of layer 0; n_kv_heads 0: that layer has no attention */
} mote_mix_model;

/* From a GGUF's keys. MOTE_ERR_FORMAT when the architecture or the number of layers is missing. The text is borrowed from g. */
MOTE_MUST_CHECK mote_status mote_mix_model_from_gguf(const mote_gguf *g, mote_mix_model *model, mote_error *err);

typedef struct mote_mix_tensor {
    mote_str name;                     /* GGUF's */
    mote_dtype type;                   /* as it is now; kept where the rules don't quantise the tensor */
    uint64_t dims[MOTE_GGUF_MAX_DIMS]; /* dims[0] the row's length; absent ones 1 */
} mote_mix_tensor;

typedef struct mote_mix_options {
    const mote_mix *mix;
    const mote_dtype *output, *embedding; /* types of output.weight and token_embd.weight; NULL: by the mix */
    bool is_pure;                         /* every tensor the mix's type, but for rows that don't fit it */
    bool leaves_output;                   /* output.weight stays */
    bool has_importance;                  /* an importance matrix will be used: a few choices change */
} mote_mix_options;

/* types [n], in the order of tensors, which is free. *n_fallbacks (may be NULL) counts tensors whose rows didn't fit the type chosen first.
 * MOTE_ERR_ARGUMENT (Q2_K_S without importance), _FORMAT (a layer number that can't be), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_mix_choose(const mote_mix_options *options, const mote_mix_model *model, const mote_mix_tensor *tensors, size_t n, mote_dtype *types,
                                            size_t *n_fallbacks, mote_error *err);

/* Whether the rules quantise the tensor at all. */
bool mote_mix_is_quantisable(const mote_mix_tensor *tensor, bool leaves_output);

#endif
