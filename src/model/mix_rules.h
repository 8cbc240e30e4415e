/* The rules of the mixes: bits by what a matrix does and where it stands. */
#ifndef MOTE_MODEL_MIX_RULES_H
#define MOTE_MODEL_MIX_RULES_H

#include "model/mix.h"

/* What a tensor is to the rules. */
typedef enum mote_mix_role {
    MOTE_MIX_ROLE_OTHER,
    MOTE_MIX_ROLE_OUTPUT,
    MOTE_MIX_ROLE_EMBEDDING,
    MOTE_MIX_ROLE_V, /* attention's values, alone or fused with queries and keys */
    MOTE_MIX_ROLE_K,
    MOTE_MIX_ROLE_O,
    MOTE_MIX_ROLE_DOWN
} mote_mix_role;

/* general.file_type of each mix. */
enum {
    MOTE_MIX_F32 = 0,
    MOTE_MIX_F16 = 1,
    MOTE_MIX_Q4_0 = 2,
    MOTE_MIX_Q4_1 = 3,
    MOTE_MIX_Q8_0 = 7,
    MOTE_MIX_Q5_0 = 8,
    MOTE_MIX_Q5_1 = 9,
    MOTE_MIX_Q2_K = 10,
    MOTE_MIX_Q3_K_S = 11,
    MOTE_MIX_Q3_K_M = 12,
    MOTE_MIX_Q3_K_L = 13,
    MOTE_MIX_Q4_K_S = 14,
    MOTE_MIX_Q4_K_M = 15,
    MOTE_MIX_Q5_K_S = 16,
    MOTE_MIX_Q5_K_M = 17,
    MOTE_MIX_Q6_K = 18,
    MOTE_MIX_Q2_K_S = 21,
    MOTE_MIX_IQ4_NL = 25,
    MOTE_MIX_IQ4_XS = 30,
    MOTE_MIX_BF16 = 32
};

typedef struct mote_mix_rules {
    const mote_mix_options *options;
    const mote_mix_model *model;
    bool is_tied;               /* no output.weight: the embedding is the output too */
    uint32_t n_values;          /* tensors of role V in the model */
    uint32_t i_values, i_downs; /* met so far, in order */
} mote_mix_rules;

/* *type comes in as the mix's own. layer: of the name, -1 if it has none. MOTE_ERR_FORMAT: a mixture of experts whose tensor names no layer of it. */
MOTE_MUST_CHECK mote_status mote_mix_rules_apply(mote_mix_rules *rules, const mote_mix_tensor *tensor, mote_mix_role role, int layer, mote_dtype *type, mote_error *err);

#endif
