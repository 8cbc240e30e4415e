/* Encoders: the whole text at once, one vector a token. (EmbeddingGemma is made of Gemma's layers: family_decoders.c.) */
#include "model/family.h"

#define REQUIRED false
#define OPTIONAL true
#define NAME(what, in_gguf, in_hf, need) \
    { .slot = MOTE_SLOT_##what, .gguf = in_gguf, .hf = in_hf, .is_optional = need }
#define PART(what, in_gguf, in_hf, of_both) \
    { .slot = MOTE_SLOT_##what, .gguf = in_gguf, .hf = in_hf, .gguf_part = of_both, .hf_part = of_both }
#define LAYER "encoder.layer.%u."
#define NOMIC_LAYER "encoder.layers.%u."

/* Checkpoints of 2018 call a norm's weight gamma and its bias beta. */
#define NORM_PAIR(what, in_gguf, in_hf)                                                                                                                     \
    NAME(what, NULL, in_hf ".gamma", OPTIONAL), NAME(what, in_gguf ".weight", in_hf ".weight", REQUIRED), NAME(what##_BIAS, NULL, in_hf ".beta", OPTIONAL), \
        NAME(what##_BIAS, in_gguf ".bias", in_hf ".bias", REQUIRED)

#define LINEAR(what, in_gguf, in_hf) NAME(what, in_gguf ".weight", in_hf ".weight", REQUIRED), NAME(what##_BIAS, in_gguf ".bias", in_hf ".bias", REQUIRED)

/* A classifier's dense layers; the first is missing in some GGUF files. */
#define CLASSIFIER(first, second)                                                                                    \
    NAME(DENSE_1, "cls.weight", first ".weight", REQUIRED), NAME(DENSE_1_BIAS, "cls.bias", first ".bias", OPTIONAL), \
        NAME(DENSE_2, "cls.output.weight", second ".weight", REQUIRED), NAME(DENSE_2_BIAS, "cls.output.bias", second ".bias", OPTIONAL)

#define BERT_LAYERS                                                                                                                                                  \
    NAME(TOKEN_EMBD, "token_embd.weight", "embeddings.word_embeddings.weight", REQUIRED),                                                                            \
        NAME(POSITION_EMBD, "position_embd.weight", "embeddings.position_embeddings.weight", REQUIRED),                                                              \
        NAME(TYPE_EMBD, "token_types.weight", "embeddings.token_type_embeddings.weight", OPTIONAL), NORM_PAIR(EMBD_NORM, "token_embd_norm", "embeddings.LayerNorm"), \
        LINEAR(Q, "blk.%u.attn_q", LAYER "attention.self.query"), LINEAR(K, "blk.%u.attn_k", LAYER "attention.self.key"),                                            \
        LINEAR(V, "blk.%u.attn_v", LAYER "attention.self.value"), LINEAR(O, "blk.%u.attn_output", LAYER "attention.output.dense"),                                   \
        NORM_PAIR(ATTN_NORM, "blk.%u.attn_output_norm", LAYER "attention.output.LayerNorm"), LINEAR(UP, "blk.%u.ffn_up", LAYER "intermediate.dense"),                \
        LINEAR(DOWN, "blk.%u.ffn_down", LAYER "output.dense"), NORM_PAIR(FFN_NORM, "blk.%u.layer_output_norm", LAYER "output.LayerNorm")

static const mote_tensor_name BERT_NAMES[] = {BERT_LAYERS, CLASSIFIER("pooler.dense", "classifier")};

static const mote_tensor_name ROBERTA_NAMES[] = {BERT_LAYERS, CLASSIFIER("classifier.dense", "classifier.out_proj")};

static const mote_tensor_name NOMIC_NAMES[] = {
    NAME(TOKEN_EMBD, "token_embd.weight", "embeddings.word_embeddings.weight", REQUIRED),
    NAME(TYPE_EMBD, "token_types.weight", "embeddings.token_type_embeddings.weight", OPTIONAL),
    NORM_PAIR(EMBD_NORM, "token_embd_norm", "emb_ln"),
    PART(Q, "blk.%u.attn_qkv.weight", NOMIC_LAYER "attn.Wqkv.weight", MOTE_PART_Q),
    PART(K, "blk.%u.attn_qkv.weight", NOMIC_LAYER "attn.Wqkv.weight", MOTE_PART_K),
    PART(V, "blk.%u.attn_qkv.weight", NOMIC_LAYER "attn.Wqkv.weight", MOTE_PART_V),
    NAME(O, "blk.%u.attn_output.weight", NOMIC_LAYER "attn.out_proj.weight", REQUIRED),
    NORM_PAIR(ATTN_NORM, "blk.%u.attn_output_norm", NOMIC_LAYER "norm1"),
    NAME(GATE, "blk.%u.ffn_gate.weight", NOMIC_LAYER "mlp.fc12.weight", REQUIRED),
    NAME(UP, "blk.%u.ffn_up.weight", NOMIC_LAYER "mlp.fc11.weight", REQUIRED),
    NAME(DOWN, "blk.%u.ffn_down.weight", NOMIC_LAYER "mlp.fc2.weight", REQUIRED),
    NORM_PAIR(FFN_NORM, "blk.%u.layer_output_norm", NOMIC_LAYER "norm2"),
};

#define NAMES(table) .names = table, .n_names = sizeof(table) / sizeof *(table)
#define ENCODER .is_encoder = true, .uses_layer_norm = true

const mote_family mote_family_encoders[] = {
    {.name = "bert", .hf_types = {"bert"}, .hf_prefix = "bert.", NAMES(BERT_NAMES), .activation = MOTE_ACTIVATION_GELU_ERF, ENCODER},
    /* in GGUF files these are "bert" too, with the table of positions cut to what is used */
    {.name = "xlm-roberta", .hf_types = {"xlm-roberta", "roberta"}, .hf_prefix = "roberta.", NAMES(ROBERTA_NAMES), .activation = MOTE_ACTIVATION_GELU_ERF, ENCODER},
    {.name = "nomic-bert", .hf_types = {"nomic_bert"}, .hf_prefix = "bert.", NAMES(NOMIC_NAMES), .activation = MOTE_ACTIVATION_SILU, ENCODER},
};

const size_t mote_family_n_encoders = sizeof mote_family_encoders / sizeof *mote_family_encoders;
