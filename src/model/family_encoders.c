/* Encoders: the whole text at once, one vector a token. */
#include "model/family.h"

#define REQUIRED false

static const mote_tensor_name BERT_NAMES[] = {
    {.slot = MOTE_SLOT_TOKEN_EMBD, .gguf = NULL, .hf = "embeddings.word_embeddings.weight"},
    {.slot = MOTE_SLOT_POSITION_EMBD, .gguf = NULL, .hf = "embeddings.position_embeddings.weight"},
    {.slot = MOTE_SLOT_TYPE_EMBD, .gguf = NULL, .hf = "embeddings.token_type_embeddings.weight"},
    {.slot = MOTE_SLOT_EMBD_NORM, .gguf = NULL, .hf = "embeddings.LayerNorm.weight"},
    {.slot = MOTE_SLOT_EMBD_NORM_BIAS, .gguf = NULL, .hf = "embeddings.LayerNorm.bias"},
    {.slot = MOTE_SLOT_Q, .gguf = NULL, .hf = "encoder.layer.%u.attention.self.query.weight"},
    {.slot = MOTE_SLOT_Q_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.attention.self.query.bias"},
    {.slot = MOTE_SLOT_K, .gguf = NULL, .hf = "encoder.layer.%u.attention.self.key.weight"},
    {.slot = MOTE_SLOT_K_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.attention.self.key.bias"},
    {.slot = MOTE_SLOT_V, .gguf = NULL, .hf = "encoder.layer.%u.attention.self.value.weight"},
    {.slot = MOTE_SLOT_V_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.attention.self.value.bias"},
    {.slot = MOTE_SLOT_O, .gguf = NULL, .hf = "encoder.layer.%u.attention.output.dense.weight"},
    {.slot = MOTE_SLOT_O_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.attention.output.dense.bias"},
    {.slot = MOTE_SLOT_ATTN_NORM, .gguf = NULL, .hf = "encoder.layer.%u.attention.output.LayerNorm.weight"},
    {.slot = MOTE_SLOT_ATTN_NORM_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.attention.output.LayerNorm.bias"},
    {.slot = MOTE_SLOT_UP, .gguf = NULL, .hf = "encoder.layer.%u.intermediate.dense.weight"},
    {.slot = MOTE_SLOT_UP_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.intermediate.dense.bias"},
    {.slot = MOTE_SLOT_DOWN, .gguf = NULL, .hf = "encoder.layer.%u.output.dense.weight"},
    {.slot = MOTE_SLOT_DOWN_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.output.dense.bias"},
    {.slot = MOTE_SLOT_FFN_NORM, .gguf = NULL, .hf = "encoder.layer.%u.output.LayerNorm.weight"},
    {.slot = MOTE_SLOT_FFN_NORM_BIAS, .gguf = NULL, .hf = "encoder.layer.%u.output.LayerNorm.bias"},
};

#define NAMES(table) .names = table, .n_names = sizeof(table) / sizeof *(table)

const mote_family mote_family_encoders[] = {
    {.name = "bert", .hf_types = {"bert"}, NAMES(BERT_NAMES), .activation = MOTE_ACTIVATION_GELU_ERF, .is_encoder = true, .uses_layer_norm = true},
};

const size_t mote_family_n_encoders = sizeof mote_family_encoders / sizeof *mote_family_encoders;
