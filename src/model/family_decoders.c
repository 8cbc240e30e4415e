/* Decoders: tokens in, the next token's logits out. The names that Llama's descendants share are macros; each family adds what it has more. */
#include "model/family.h"

#define REQUIRED false
#define OPTIONAL true
#define NAME(what, in_gguf, in_hf, need) \
    { .slot = MOTE_SLOT_##what, .gguf = in_gguf, .hf = in_hf, .is_optional = need }
#define PARTS(what, in_gguf, in_hf, need, of_gguf, of_hf) \
    { .slot = MOTE_SLOT_##what, .gguf = in_gguf, .hf = in_hf, .is_optional = need, .gguf_part = of_gguf, .hf_part = of_hf }
#define LAYER "model.layers.%u."

#define EMBEDDING_AND_HEAD                                                                                                                                \
    NAME(TOKEN_EMBD, "token_embd.weight", "model.embed_tokens.weight", REQUIRED), NAME(OUTPUT_NORM, "output_norm.weight", "model.norm.weight", REQUIRED), \
        NAME(OUTPUT, "output.weight", "lm_head.weight", OPTIONAL), NAME(ROPE_FACTORS, "rope_freqs.weight", NULL, OPTIONAL)

#define QKV                                                                                                                                                 \
    NAME(Q, "blk.%u.attn_q.weight", LAYER "self_attn.q_proj.weight", REQUIRED), NAME(K, "blk.%u.attn_k.weight", LAYER "self_attn.k_proj.weight", REQUIRED), \
        NAME(V, "blk.%u.attn_v.weight", LAYER "self_attn.v_proj.weight", REQUIRED)

#define ATTENTION_OUTPUT NAME(O, "blk.%u.attn_output.weight", LAYER "self_attn.o_proj.weight", REQUIRED)

#define QKV_BIASES(need)                                                                                                                              \
    NAME(Q_BIAS, "blk.%u.attn_q.bias", LAYER "self_attn.q_proj.bias", need), NAME(K_BIAS, "blk.%u.attn_k.bias", LAYER "self_attn.k_proj.bias", need), \
        NAME(V_BIAS, "blk.%u.attn_v.bias", LAYER "self_attn.v_proj.bias", need)

#define OUTPUT_BIAS NAME(O_BIAS, "blk.%u.attn_output.bias", LAYER "self_attn.o_proj.bias", OPTIONAL)

#define QK_NORMS \
    NAME(Q_NORM, "blk.%u.attn_q_norm.weight", LAYER "self_attn.q_norm.weight", REQUIRED), NAME(K_NORM, "blk.%u.attn_k_norm.weight", LAYER "self_attn.k_norm.weight", REQUIRED)

#define FFN                                                                                                                                               \
    NAME(GATE, "blk.%u.ffn_gate.weight", LAYER "mlp.gate_proj.weight", REQUIRED), NAME(UP, "blk.%u.ffn_up.weight", LAYER "mlp.up_proj.weight", REQUIRED), \
        NAME(DOWN, "blk.%u.ffn_down.weight", LAYER "mlp.down_proj.weight", REQUIRED)

#define ATTN_NORM NAME(ATTN_NORM, "blk.%u.attn_norm.weight", LAYER "input_layernorm.weight", REQUIRED)

#define NORMS ATTN_NORM, NAME(FFN_NORM, "blk.%u.ffn_norm.weight", LAYER "post_attention_layernorm.weight", REQUIRED)

#define POST_NORMS                                                                                                \
    NAME(POST_ATTN_NORM, "blk.%u.post_attention_norm.weight", LAYER "post_attention_layernorm.weight", REQUIRED), \
        NAME(POST_FFN_NORM, "blk.%u.post_ffw_norm.weight", LAYER "post_feedforward_layernorm.weight", REQUIRED)

#define SANDWICH_NORMS ATTN_NORM, POST_NORMS, NAME(FFN_NORM, "blk.%u.ffn_norm.weight", LAYER "pre_feedforward_layernorm.weight", REQUIRED)

#define GGUF_EXPERTS(gate, up, down)                                                                                                \
    NAME(EXPERTS_GATE, "blk.%u.ffn_gate_exps.weight", gate, REQUIRED), NAME(EXPERTS_UP, "blk.%u.ffn_up_exps.weight", up, REQUIRED), \
        NAME(EXPERTS_DOWN, "blk.%u.ffn_down_exps.weight", down, REQUIRED)

static const mote_tensor_name LLAMA_NAMES[] = {EMBEDDING_AND_HEAD, NORMS, QKV, QKV_BIASES(OPTIONAL), ATTENTION_OUTPUT, OUTPUT_BIAS, FFN};

static const mote_tensor_name QWEN2_NAMES[] = {EMBEDDING_AND_HEAD, NORMS, QKV, QKV_BIASES(REQUIRED), ATTENTION_OUTPUT, FFN};

static const mote_tensor_name QWEN3_NAMES[] = {EMBEDDING_AND_HEAD, NORMS, QKV, QK_NORMS, ATTENTION_OUTPUT, FFN};

static const mote_tensor_name QWEN3_MOE_NAMES[] = {
    EMBEDDING_AND_HEAD,
    NORMS,
    QKV,
    QK_NORMS,
    ATTENTION_OUTPUT,
    FFN,
    NAME(ROUTER, "blk.%u.ffn_gate_inp.weight", LAYER "mlp.gate.weight", REQUIRED),
    GGUF_EXPERTS(LAYER "mlp.experts.%u.gate_proj.weight", LAYER "mlp.experts.%u.up_proj.weight", LAYER "mlp.experts.%u.down_proj.weight")};

static const mote_tensor_name GEMMA_NAMES[] = {EMBEDDING_AND_HEAD, NORMS, QKV, ATTENTION_OUTPUT, FFN};

static const mote_tensor_name GEMMA2_NAMES[] = {EMBEDDING_AND_HEAD, SANDWICH_NORMS, QKV, ATTENTION_OUTPUT, FFN};

static const mote_tensor_name GEMMA3_NAMES[] = {EMBEDDING_AND_HEAD, SANDWICH_NORMS, QKV, QK_NORMS, ATTENTION_OUTPUT, FFN};

static const mote_tensor_name GEMMA_EMBEDDING_NAMES[] = {EMBEDDING_AND_HEAD,
                                                         SANDWICH_NORMS,
                                                         QKV,
                                                         QK_NORMS,
                                                         ATTENTION_OUTPUT,
                                                         FFN,
                                                         NAME(DENSE_1, "dense_2.weight", "linear.weight", REQUIRED),
                                                         NAME(DENSE_1_BIAS, "dense_2.bias", "linear.bias", OPTIONAL),
                                                         NAME(DENSE_2, "dense_3.weight", "linear.weight", REQUIRED),
                                                         NAME(DENSE_2_BIAS, "dense_3.bias", "linear.bias", OPTIONAL)};

static const mote_tensor_name OLMO2_NAMES[] = {EMBEDDING_AND_HEAD, POST_NORMS, QKV, QK_NORMS, ATTENTION_OUTPUT, FFN};

static const mote_tensor_name STABLELM_NAMES[] = {EMBEDDING_AND_HEAD,
                                                  NAME(OUTPUT_NORM_BIAS, "output_norm.bias", "model.norm.bias", REQUIRED),
                                                  NORMS,
                                                  NAME(ATTN_NORM_BIAS, "blk.%u.attn_norm.bias", LAYER "input_layernorm.bias", REQUIRED),
                                                  NAME(FFN_NORM_BIAS, "blk.%u.ffn_norm.bias", LAYER "post_attention_layernorm.bias", REQUIRED),
                                                  QKV,
                                                  QKV_BIASES(OPTIONAL),
                                                  ATTENTION_OUTPUT,
                                                  FFN};

#define PHI3_QKV(what, part) PARTS(what, "blk.%u.attn_qkv.weight", LAYER "self_attn.qkv_proj.weight", REQUIRED, part, part)
#define PHI3_GATE_UP(what, part) PARTS(what, "blk.%u.ffn_up.weight", LAYER "mlp.gate_up_proj.weight", REQUIRED, part, part)

static const mote_tensor_name PHI3_NAMES[] = {EMBEDDING_AND_HEAD,
                                              NAME(ROPE_SHORT, "rope_factors_short.weight", NULL, OPTIONAL),
                                              NAME(ROPE_LONG, "rope_factors_long.weight", NULL, OPTIONAL),
                                              NORMS,
                                              PHI3_QKV(Q, MOTE_PART_Q),
                                              PHI3_QKV(K, MOTE_PART_K),
                                              PHI3_QKV(V, MOTE_PART_V),
                                              ATTENTION_OUTPUT,
                                              PHI3_GATE_UP(GATE, MOTE_PART_FIRST_HALF),
                                              PHI3_GATE_UP(UP, MOTE_PART_SECOND_HALF),
                                              NAME(DOWN, "blk.%u.ffn_down.weight", LAYER "mlp.down_proj.weight", REQUIRED)};

#define ELM "transformer.layers.%u."
#define ELM_QKV(what, part) PARTS(what, "blk.%u.attn_qkv.weight", ELM "attn.qkv_proj.weight", REQUIRED, part, part)

static const mote_tensor_name OPENELM_NAMES[] = {NAME(TOKEN_EMBD, "token_embd.weight", "transformer.token_embeddings.weight", REQUIRED),
                                                 NAME(OUTPUT_NORM, "output_norm.weight", "transformer.norm.weight", REQUIRED),
                                                 NAME(OUTPUT, "output.weight", "lm_head.weight", OPTIONAL),
                                                 NAME(ATTN_NORM, "blk.%u.attn_norm.weight", ELM "attn_norm.weight", REQUIRED),
                                                 ELM_QKV(Q, MOTE_PART_Q),
                                                 ELM_QKV(K, MOTE_PART_K),
                                                 ELM_QKV(V, MOTE_PART_V),
                                                 NAME(O, "blk.%u.attn_output.weight", ELM "attn.out_proj.weight", REQUIRED),
                                                 NAME(Q_NORM, "blk.%u.attn_q_norm.weight", ELM "attn.q_norm.weight", OPTIONAL),
                                                 NAME(K_NORM, "blk.%u.attn_k_norm.weight", ELM "attn.k_norm.weight", OPTIONAL),
                                                 NAME(FFN_NORM, "blk.%u.ffn_norm.weight", ELM "ffn_norm.weight", REQUIRED),
                                                 PARTS(GATE, "blk.%u.ffn_gate.weight", ELM "ffn.proj_1.weight", REQUIRED, MOTE_PART_WHOLE, MOTE_PART_FIRST_HALF),
                                                 PARTS(UP, "blk.%u.ffn_up.weight", ELM "ffn.proj_1.weight", REQUIRED, MOTE_PART_WHOLE, MOTE_PART_SECOND_HALF),
                                                 NAME(DOWN, "blk.%u.ffn_down.weight", ELM "ffn.proj_2.weight", REQUIRED)};

#define GRANITE_GATE_UP LAYER "block_sparse_moe.input_linear.weight"

#define GRANITE_EXPERTS                                                                                                       \
    NAME(ROUTER, "blk.%u.ffn_gate_inp.weight", LAYER "block_sparse_moe.router.layer.weight", REQUIRED),                       \
        PARTS(EXPERTS_GATE, "blk.%u.ffn_gate_exps.weight", GRANITE_GATE_UP, REQUIRED, MOTE_PART_WHOLE, MOTE_PART_FIRST_HALF), \
        PARTS(EXPERTS_UP, "blk.%u.ffn_up_exps.weight", GRANITE_GATE_UP, REQUIRED, MOTE_PART_WHOLE, MOTE_PART_SECOND_HALF),    \
        NAME(EXPERTS_DOWN, "blk.%u.ffn_down_exps.weight", LAYER "block_sparse_moe.output_linear.weight", REQUIRED)

/* Without experts, the shared one is the feed-forward network. */
#define SHARED_FFN(slot, name, shared, hf, part)                                                    \
    PARTS(slot, "blk.%u." name ".weight", LAYER "shared_mlp." hf, OPTIONAL, MOTE_PART_WHOLE, part), \
        PARTS(slot, "blk.%u." shared ".weight", LAYER "shared_mlp." hf, REQUIRED, MOTE_PART_WHOLE, part)

#define GRANITE_FFN                                                                              \
    SHARED_FFN(GATE, "ffn_gate", "ffn_gate_shexp", "input_linear.weight", MOTE_PART_FIRST_HALF), \
        SHARED_FFN(UP, "ffn_up", "ffn_up_shexp", "input_linear.weight", MOTE_PART_SECOND_HALF),  \
        SHARED_FFN(DOWN, "ffn_down", "ffn_down_shexp", "output_linear.weight", MOTE_PART_WHOLE)

static const mote_tensor_name GRANITE_MOE_NAMES[] = {EMBEDDING_AND_HEAD, NORMS, QKV, QKV_BIASES(OPTIONAL), ATTENTION_OUTPUT, OUTPUT_BIAS, GRANITE_EXPERTS, GRANITE_FFN};

static const mote_tensor_name GRANITE_HYBRID_NAMES[] = {EMBEDDING_AND_HEAD,
                                                        NORMS,
                                                        QKV,
                                                        QKV_BIASES(OPTIONAL),
                                                        ATTENTION_OUTPUT,
                                                        OUTPUT_BIAS,
                                                        NAME(MIXER_IN, "blk.%u.ssm_in.weight", LAYER "mamba.in_proj.weight", REQUIRED),
                                                        NAME(MIXER_IN_BIAS, NULL, LAYER "mamba.in_proj.bias", OPTIONAL),
                                                        NAME(CONV, "blk.%u.ssm_conv1d.weight", LAYER "mamba.conv1d.weight", REQUIRED),
                                                        NAME(CONV_BIAS, "blk.%u.ssm_conv1d.bias", LAYER "mamba.conv1d.bias", OPTIONAL),
                                                        NAME(SSM_DT_BIAS, "blk.%u.ssm_dt.bias", LAYER "mamba.dt_bias", REQUIRED),
                                                        NAME(SSM_A, "blk.%u.ssm_a", LAYER "mamba.A_log", REQUIRED),
                                                        NAME(SSM_D, "blk.%u.ssm_d", LAYER "mamba.D", REQUIRED),
                                                        NAME(SSM_NORM, "blk.%u.ssm_norm.weight", LAYER "mamba.norm.weight", REQUIRED),
                                                        NAME(MIXER_OUT, "blk.%u.ssm_out.weight", LAYER "mamba.out_proj.weight", REQUIRED),
                                                        NAME(MIXER_OUT_BIAS, NULL, LAYER "mamba.out_proj.bias", OPTIONAL),
                                                        GRANITE_FFN,
                                                        GRANITE_EXPERTS};

static const mote_tensor_name LFM2_NAMES[] = {NAME(TOKEN_EMBD, "token_embd.weight", "model.embed_tokens.weight", REQUIRED),
                                              NAME(OUTPUT_NORM, "token_embd_norm.weight", "model.embedding_norm.weight", OPTIONAL),
                                              NAME(OUTPUT_NORM, "output_norm.weight", "model.embedding_norm.weight", REQUIRED),
                                              NAME(OUTPUT, "output.weight", "lm_head.weight", OPTIONAL),
                                              NAME(ATTN_NORM, "blk.%u.attn_norm.weight", LAYER "operator_norm.weight", REQUIRED),
                                              NAME(FFN_NORM, "blk.%u.ffn_norm.weight", LAYER "ffn_norm.weight", REQUIRED),
                                              QKV,
                                              NAME(Q_NORM, "blk.%u.attn_q_norm.weight", LAYER "self_attn.q_layernorm.weight", REQUIRED),
                                              NAME(K_NORM, "blk.%u.attn_k_norm.weight", LAYER "self_attn.k_layernorm.weight", REQUIRED),
                                              NAME(O, "blk.%u.attn_output.weight", LAYER "self_attn.out_proj.weight", REQUIRED),
                                              NAME(MIXER_IN, "blk.%u.shortconv.in_proj.weight", LAYER "conv.in_proj.weight", REQUIRED),
                                              NAME(MIXER_IN_BIAS, NULL, LAYER "conv.in_proj.bias", OPTIONAL),
                                              NAME(CONV, "blk.%u.shortconv.conv.weight", LAYER "conv.conv.weight", REQUIRED),
                                              NAME(CONV_BIAS, NULL, LAYER "conv.conv.bias", OPTIONAL),
                                              NAME(MIXER_OUT, "blk.%u.shortconv.out_proj.weight", LAYER "conv.out_proj.weight", REQUIRED),
                                              NAME(MIXER_OUT_BIAS, NULL, LAYER "conv.out_proj.bias", OPTIONAL),
                                              NAME(GATE, "blk.%u.ffn_gate.weight", LAYER "feed_forward.w1.weight", REQUIRED),
                                              NAME(UP, "blk.%u.ffn_up.weight", LAYER "feed_forward.w3.weight", REQUIRED),
                                              NAME(DOWN, "blk.%u.ffn_down.weight", LAYER "feed_forward.w2.weight", REQUIRED)};

#define NAMES(table) .names = table, .n_names = sizeof(table) / sizeof *(table)

const mote_family mote_family_decoders[] = {
    {.name = "llama", .hf_types = {"llama"}, NAMES(LLAMA_NAMES), .gguf_rope_interleaved = true},
    /* GGUF knows Mistral as llama; what Mistral's configs say more is its window. */
    {.name = "llama", .hf_types = {"mistral", "ministral"}, NAMES(LLAMA_NAMES), .gguf_rope_interleaved = true, .windows_all_layers = true},
    {.name = "qwen2", .hf_types = {"qwen2"}, NAMES(QWEN2_NAMES)},
    {.name = "qwen3", .hf_types = {"qwen3"}, NAMES(QWEN3_NAMES)},
    {.name = "qwen3moe", .hf_types = {"qwen3_moe"}, NAMES(QWEN3_MOE_NAMES), .has_experts = true},
    {.name = "gemma", .hf_types = {"gemma"}, NAMES(GEMMA_NAMES), .activation = MOTE_ACTIVATION_GELU_TANH, .hf_norm_plus_one = true, .scales_embedding = true, .ties_output = true},
    {.name = "gemma2",
     .hf_types = {"gemma2"},
     NAMES(GEMMA2_NAMES),
     .activation = MOTE_ACTIVATION_GELU_TANH,
     .hf_norm_plus_one = true,
     .scales_embedding = true,
     .ties_output = true,
     .attn_softcap = 50,
     .final_softcap = 30,
     .window_period = 2},
    {.name = "gemma3",
     .hf_types = {"gemma3_text"},
     NAMES(GEMMA3_NAMES),
     .activation = MOTE_ACTIVATION_GELU_TANH,
     .hf_norm_plus_one = true,
     .scales_embedding = true,
     .ties_output = true,
     .window_period = 6,
     .local_rope_base = 10000},
    {.name = "gemma-embedding",
     .hf_types = {"gemma3_text"},
     NAMES(GEMMA_EMBEDDING_NAMES),
     .activation = MOTE_ACTIVATION_GELU_TANH,
     .hf_norm_plus_one = true,
     .scales_embedding = true,
     .ties_output = true,
     .window_period = 6,
     .local_rope_base = 10000,
     .is_encoder = true,
     .encodes_by_decoder = true},
    {.name = "phi3", .hf_types = {"phi3"}, NAMES(PHI3_NAMES), .windows_all_layers = true},
    {.name = "granite", .hf_types = {"granite"}, NAMES(LLAMA_NAMES), .gguf_rope_interleaved = true, .has_multipliers = true},
    {.name = "granitemoe",
     .hf_types = {"granitemoe", "granitemoeshared"},
     NAMES(GRANITE_MOE_NAMES),
     .gguf_rope_interleaved = true,
     .has_multipliers = true,
     .has_experts = true,
     .experts_normalise = true,
     .ff_is_experts = true},
    {.name = "granitehybrid",
     .hf_types = {"granitemoehybrid"},
     NAMES(GRANITE_HYBRID_NAMES),
     .gguf_rope_interleaved = true,
     .has_multipliers = true,
     .has_experts = true,
     .experts_normalise = true,
     .ff_is_experts = true,
     .may_be_dense = true,
     .recurrent = MOTE_MIXER_MAMBA2},
    {.name = "lfm2", .hf_types = {"lfm2"}, NAMES(LFM2_NAMES), .ties_output = true, .recurrent = MOTE_MIXER_SHORTCONV, .rope_base = 1000000},
    {.name = "smollm3", .hf_types = {"smollm3"}, NAMES(LLAMA_NAMES), .gguf_rope_interleaved = true, .no_rope_period = 4, .ties_output = true},
    /* OLMo 3 has windows, and scales the rotary embedding of the other layers only. */
    {.name = "olmo2", .hf_types = {"olmo2", "olmo3"}, NAMES(OLMO2_NAMES), .norms_whole_heads = true, .window_period = 4, .local_rope_base = 500000},
    {.name = "stablelm", .hf_types = {"stablelm"}, NAMES(STABLELM_NAMES), .uses_layer_norm = true, .default_rotary = 0.25f},
    {.name = "openelm", .hf_types = {"openelm"}, NAMES(OPENELM_NAMES), .ties_output = true},
};

const size_t mote_family_n_decoders = sizeof mote_family_decoders / sizeof *mote_family_decoders;
