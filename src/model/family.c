#include "model/family.h"

#include <string.h>

#define REQUIRED false
#define OPTIONAL true

/* The names that Llama's descendants share. */
#define DECODER_NAMES                                                                                                                                                 \
    {MOTE_SLOT_TOKEN_EMBD, "token_embd.weight", "model.embed_tokens.weight", REQUIRED}, {MOTE_SLOT_OUTPUT_NORM, "output_norm.weight", "model.norm.weight", REQUIRED}, \
        {MOTE_SLOT_OUTPUT, "output.weight", "lm_head.weight", OPTIONAL}, {MOTE_SLOT_ROPE_FACTORS, "rope_freqs.weight", NULL, OPTIONAL},                               \
        {MOTE_SLOT_ATTN_NORM, "blk.%u.attn_norm.weight", "model.layers.%u.input_layernorm.weight", REQUIRED},                                                         \
        {MOTE_SLOT_Q, "blk.%u.attn_q.weight", "model.layers.%u.self_attn.q_proj.weight", REQUIRED},                                                                   \
        {MOTE_SLOT_K, "blk.%u.attn_k.weight", "model.layers.%u.self_attn.k_proj.weight", REQUIRED},                                                                   \
        {MOTE_SLOT_V, "blk.%u.attn_v.weight", "model.layers.%u.self_attn.v_proj.weight", REQUIRED},                                                                   \
        {MOTE_SLOT_O, "blk.%u.attn_output.weight", "model.layers.%u.self_attn.o_proj.weight", REQUIRED},                                                              \
        {MOTE_SLOT_GATE, "blk.%u.ffn_gate.weight", "model.layers.%u.mlp.gate_proj.weight", REQUIRED},                                                                 \
        {MOTE_SLOT_UP, "blk.%u.ffn_up.weight", "model.layers.%u.mlp.up_proj.weight", REQUIRED}, {                                                                     \
        MOTE_SLOT_DOWN, "blk.%u.ffn_down.weight", "model.layers.%u.mlp.down_proj.weight", REQUIRED                                                                    \
    }

#define FFN_NORM_AFTER_ATTENTION \
    { MOTE_SLOT_FFN_NORM, "blk.%u.ffn_norm.weight", "model.layers.%u.post_attention_layernorm.weight", REQUIRED }

#define QKV_BIASES(need)                                                                           \
    {MOTE_SLOT_Q_BIAS, "blk.%u.attn_q.bias", "model.layers.%u.self_attn.q_proj.bias", need},       \
        {MOTE_SLOT_K_BIAS, "blk.%u.attn_k.bias", "model.layers.%u.self_attn.k_proj.bias", need}, { \
        MOTE_SLOT_V_BIAS, "blk.%u.attn_v.bias", "model.layers.%u.self_attn.v_proj.bias", need      \
    }

#define QK_NORMS                                                                                            \
    {MOTE_SLOT_Q_NORM, "blk.%u.attn_q_norm.weight", "model.layers.%u.self_attn.q_norm.weight", REQUIRED}, { \
        MOTE_SLOT_K_NORM, "blk.%u.attn_k_norm.weight", "model.layers.%u.self_attn.k_norm.weight", REQUIRED  \
    }

static const mote_tensor_name LLAMA_NAMES[] = {
    DECODER_NAMES, FFN_NORM_AFTER_ATTENTION, QKV_BIASES(OPTIONAL), {MOTE_SLOT_O_BIAS, "blk.%u.attn_output.bias", "model.layers.%u.self_attn.o_proj.bias", OPTIONAL}};

static const mote_tensor_name QWEN2_NAMES[] = {DECODER_NAMES, FFN_NORM_AFTER_ATTENTION, QKV_BIASES(REQUIRED)};

static const mote_tensor_name QWEN3_NAMES[] = {DECODER_NAMES, FFN_NORM_AFTER_ATTENTION, QK_NORMS};

static const mote_tensor_name GEMMA3_NAMES[] = {DECODER_NAMES,
                                                QK_NORMS,
                                                {MOTE_SLOT_POST_ATTN_NORM, "blk.%u.post_attention_norm.weight", "model.layers.%u.post_attention_layernorm.weight", REQUIRED},
                                                {MOTE_SLOT_FFN_NORM, "blk.%u.ffn_norm.weight", "model.layers.%u.pre_feedforward_layernorm.weight", REQUIRED},
                                                {MOTE_SLOT_POST_FFN_NORM, "blk.%u.post_ffw_norm.weight", "model.layers.%u.post_feedforward_layernorm.weight", REQUIRED}};

static const mote_tensor_name BERT_NAMES[] = {
    {MOTE_SLOT_TOKEN_EMBD, NULL, "embeddings.word_embeddings.weight", REQUIRED},
    {MOTE_SLOT_POSITION_EMBD, NULL, "embeddings.position_embeddings.weight", REQUIRED},
    {MOTE_SLOT_TYPE_EMBD, NULL, "embeddings.token_type_embeddings.weight", REQUIRED},
    {MOTE_SLOT_EMBD_NORM, NULL, "embeddings.LayerNorm.weight", REQUIRED},
    {MOTE_SLOT_EMBD_NORM_BIAS, NULL, "embeddings.LayerNorm.bias", REQUIRED},
    {MOTE_SLOT_Q, NULL, "encoder.layer.%u.attention.self.query.weight", REQUIRED},
    {MOTE_SLOT_Q_BIAS, NULL, "encoder.layer.%u.attention.self.query.bias", REQUIRED},
    {MOTE_SLOT_K, NULL, "encoder.layer.%u.attention.self.key.weight", REQUIRED},
    {MOTE_SLOT_K_BIAS, NULL, "encoder.layer.%u.attention.self.key.bias", REQUIRED},
    {MOTE_SLOT_V, NULL, "encoder.layer.%u.attention.self.value.weight", REQUIRED},
    {MOTE_SLOT_V_BIAS, NULL, "encoder.layer.%u.attention.self.value.bias", REQUIRED},
    {MOTE_SLOT_O, NULL, "encoder.layer.%u.attention.output.dense.weight", REQUIRED},
    {MOTE_SLOT_O_BIAS, NULL, "encoder.layer.%u.attention.output.dense.bias", REQUIRED},
    {MOTE_SLOT_ATTN_NORM, NULL, "encoder.layer.%u.attention.output.LayerNorm.weight", REQUIRED},
    {MOTE_SLOT_ATTN_NORM_BIAS, NULL, "encoder.layer.%u.attention.output.LayerNorm.bias", REQUIRED},
    {MOTE_SLOT_UP, NULL, "encoder.layer.%u.intermediate.dense.weight", REQUIRED},
    {MOTE_SLOT_UP_BIAS, NULL, "encoder.layer.%u.intermediate.dense.bias", REQUIRED},
    {MOTE_SLOT_DOWN, NULL, "encoder.layer.%u.output.dense.weight", REQUIRED},
    {MOTE_SLOT_DOWN_BIAS, NULL, "encoder.layer.%u.output.dense.bias", REQUIRED},
    {MOTE_SLOT_FFN_NORM, NULL, "encoder.layer.%u.output.LayerNorm.weight", REQUIRED},
    {MOTE_SLOT_FFN_NORM_BIAS, NULL, "encoder.layer.%u.output.LayerNorm.bias", REQUIRED},
};

#define NAMES(table) .names = table, .n_names = sizeof(table) / sizeof *(table)

static const mote_family FAMILIES[] = {
    {.name = "llama", .hf_types = {"llama"}, NAMES(LLAMA_NAMES), .activation = MOTE_ACTIVATION_SILU, .gguf_rope_interleaved = true},
    {.name = "qwen2", .hf_types = {"qwen2"}, NAMES(QWEN2_NAMES), .activation = MOTE_ACTIVATION_SILU},
    {.name = "qwen3", .hf_types = {"qwen3"}, NAMES(QWEN3_NAMES), .activation = MOTE_ACTIVATION_SILU},
    {.name = "gemma3",
     .hf_types = {"gemma3_text"},
     NAMES(GEMMA3_NAMES),
     .activation = MOTE_ACTIVATION_GELU_TANH,
     .hf_norm_plus_one = true,
     .scales_embedding = true,
     .window_period = 6,
     .local_rope_base = 10000},
    {.name = "bert", .hf_types = {"bert"}, NAMES(BERT_NAMES), .activation = MOTE_ACTIVATION_GELU_ERF, .is_encoder = true},
};

enum { N_FAMILIES = sizeof FAMILIES / sizeof *FAMILIES };

const mote_family *mote_family_by_gguf_name(const char *name, size_t len) {
    for (size_t i = 0; i < N_FAMILIES; i++)
        if (strlen(FAMILIES[i].name) == len && memcmp(FAMILIES[i].name, name, len) == 0)
            return &FAMILIES[i];
    return NULL;
}

const mote_family *mote_family_by_hf_type(const char *type) {
    for (size_t i = 0; i < N_FAMILIES; i++)
        for (size_t j = 0; j < 3 && FAMILIES[i].hf_types[j]; j++)
            if (strcmp(FAMILIES[i].hf_types[j], type) == 0)
                return &FAMILIES[i];
    return NULL;
}

const mote_tensor_name *mote_family_name_of(const mote_family *family, mote_slot slot) {
    for (size_t i = 0; i < family->n_names; i++)
        if (family->names[i].slot == slot)
            return &family->names[i];
    return NULL;
}
