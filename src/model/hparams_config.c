/* Hyper-parameters from a Hugging Face config.json, in the spelling of transformers 5 (rope_parameters, layer_types) and the older one (rope_theta, rope_scaling,
 * sliding_window_pattern, rope_local_base_freq). */
#include "base/error.h"
#include "model/hparams.h"

#include <math.h>
#include <string.h>

static mote_status get_u32(const mote_json *config, const char *key, bool required, uint32_t *out, mote_error *err) {
    const mote_json *v = mote_json_get(config, key);
    if (!v || mote_json_typeof(v) == MOTE_JSON_NULL)
        return required ? mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s is missing", key) : MOTE_OK;
    int64_t x = mote_json_integer(v, -1);
    if (mote_json_typeof(v) != MOTE_JSON_INTEGER || x < 0 || x > UINT32_MAX)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s has the wrong type or range", key);
    *out = (uint32_t)x;
    return MOTE_OK;
}

static mote_status get_f32(const mote_json *config, const char *key, bool required, float *out, mote_error *err) {
    const mote_json *v = mote_json_get(config, key);
    if (!v || mote_json_typeof(v) == MOTE_JSON_NULL)
        return required ? mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s is missing", key) : MOTE_OK;
    if (!mote_json_is_number(v))
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s has the wrong type", key);
    *out = (float)mote_json_number(v, 0);
    return MOTE_OK;
}

static mote_status read_yarn(const mote_json *set, mote_rope_hparams *r, mote_error *err) {
    static const char *const REFUSED[] = {"mscale", "mscale_all_dim", "llama_4_scaling_beta"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (mote_json_is_number(mote_json_get(set, REFUSED[i])))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: yarn's %s is not supported", REFUSED[i]);
    r->scaling = MOTE_ROPE_YARN;
    r->beta_fast = 32;
    r->beta_slow = 1;
    r->attn_factor = r->factor > 1 ? 0.1f * logf(r->factor) + 1 : 1;
    MOTE_TRY(get_f32(set, "beta_fast", false, &r->beta_fast, err));
    MOTE_TRY(get_f32(set, "beta_slow", false, &r->beta_slow, err));
    MOTE_TRY(get_f32(set, "attention_factor", false, &r->attn_factor, err));
    return get_f32(set, "original_max_position_embeddings", false, &r->original_context, err);
}

/* One set of rotary parameters: a member of rope_parameters, or the older rope_scaling. */
static mote_status read_rope_set(const mote_json *set, mote_rope_hparams *r, mote_error *err) {
    if (mote_json_typeof(set) != MOTE_JSON_OBJECT)
        return MOTE_OK;
    MOTE_TRY(get_f32(set, "rope_theta", false, &r->base, err));
    const mote_json *type = mote_json_get(set, "rope_type");
    const char *name = mote_json_text(type ? type : mote_json_get(set, "type"));
    if (!name || strcmp(name, "default") == 0)
        return MOTE_OK;
    if (strcmp(name, "longrope") == 0 || strcmp(name, "su") == 0) {
        r->scaling = MOTE_ROPE_LONG;
        return get_f32(set, "original_max_position_embeddings", false, &r->original_context, err);
    }
    MOTE_TRY(get_f32(set, "factor", true, &r->factor, err));
    if (strcmp(name, "linear") == 0) {
        r->scaling = MOTE_ROPE_LINEAR;
        return MOTE_OK;
    }
    if (strcmp(name, "yarn") == 0)
        return read_yarn(set, r, err);
    if (strcmp(name, "llama3") != 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: rope_type '%s' is not supported", name);
    r->scaling = MOTE_ROPE_LLAMA3;
    MOTE_TRY(get_f32(set, "low_freq_factor", true, &r->low_freq_factor, err));
    MOTE_TRY(get_f32(set, "high_freq_factor", true, &r->high_freq_factor, err));
    return get_f32(set, "original_max_position_embeddings", true, &r->original_context, err);
}

static mote_status read_factors(const mote_json *set, const char *key, const mote_hparams *h, float *out, mote_error *err) {
    const mote_json *factors = mote_json_get(set, key);
    size_t n = h->n_rot / 2;
    if (mote_json_typeof(factors) != MOTE_JSON_ARRAY || mote_json_length(factors) != n || n > MOTE_HPARAMS_MAX_HEAD_DIM / 2)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s is not a list of %zu numbers", key, n);
    for (size_t i = 0; i < n; i++) {
        out[i] = (float)mote_json_number(mote_json_at(factors, i), 0);
        if (!(isfinite(out[i]) && out[i] > 0))
            return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s[%zu] is not a finite number above 0", key, i);
    }
    return MOTE_OK;
}

/* Long rope (arXiv 2402.13753): two lists of divisors, and one factor on cos and sin. */
static mote_status read_long_rope(const mote_json *config, const mote_json *set, mote_hparams *h, mote_error *err) {
    mote_rope_hparams *r = &h->rope;
    MOTE_TRY(get_f32(config, "original_max_position_embeddings", r->original_context == 0, &r->original_context, err));
    MOTE_TRY(read_factors(set, "short_factor", h, h->rope_short, err));
    MOTE_TRY(read_factors(set, "long_factor", h, h->rope_long, err));
    h->has_rope_factors = true;
    float factor = (float)h->n_ctx_train / r->original_context;
    MOTE_TRY(get_f32(set, "factor", false, &factor, err));
    r->attn_factor = factor > 1 ? (float)sqrt(1 + log((double)factor) / log((double)r->original_context)) : 1;
    return get_f32(set, "attention_factor", false, &r->attn_factor, err);
}

static mote_status read_rope(const mote_json *config, mote_hparams *h, mote_error *err) {
    h->rope = (mote_rope_hparams){.base = h->family->rope_base != 0 ? h->family->rope_base : 10000, .factor = 1, .attn_factor = 1};
    MOTE_TRY(get_f32(config, "rope_freq_constant", false, &h->rope.base, err)); /* OpenELM */
    MOTE_TRY(get_f32(config, "rope_theta", false, &h->rope.base, err));
    const mote_json *parameters = mote_json_get(config, "rope_parameters");
    const mote_json *full = mote_json_get(parameters, "full_attention"), *local = mote_json_get(parameters, "sliding_attention");
    const mote_json *set = full ? full : parameters ? parameters : mote_json_get(config, "rope_scaling");
    MOTE_TRY(read_rope_set(set, &h->rope, err));
    if (h->rope.scaling == MOTE_ROPE_YARN && h->rope.original_context == 0)
        h->rope.original_context = (float)h->n_ctx_train;
    float partial = h->family->default_rotary;
    MOTE_TRY(get_f32(config, "partial_rotary_factor", false, &partial, err));
    MOTE_TRY(get_f32(set, "partial_rotary_factor", false, &partial, err));
    if (partial == 0)
        partial = 1;
    if (!(partial > 0 && partial <= 1))
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: partial_rotary_factor is not above 0 and at most 1");
    float n_rot = (float)h->head_dim * partial;
    h->n_rot = n_rot < (float)UINT32_MAX ? (uint32_t)n_rot : h->head_dim; /* an absurd width is refused later */
    if (h->rope.scaling == MOTE_ROPE_LONG)
        MOTE_TRY(read_long_rope(config, set, h, err));
    h->rope_local = h->rope;
    if (h->family->local_rope_base != 0)
        h->rope_local = (mote_rope_hparams){.base = h->family->local_rope_base, .factor = 1, .attn_factor = 1};
    MOTE_TRY(get_f32(config, "rope_local_base_freq", false, &h->rope_local.base, err));
    return read_rope_set(local, &h->rope_local, err);
}

/* SmolLM3: 1 where a layer has a rotary embedding, despite the name. */
static mote_status read_no_rope(const mote_json *config, mote_hparams *h, mote_error *err) {
    if (h->family->no_rope_period == 0)
        return MOTE_OK;
    const mote_json *layers = mote_json_get(config, "no_rope_layers");
    uint32_t interval = h->family->no_rope_period;
    MOTE_TRY(get_u32(config, "no_rope_layer_interval", false, &interval, err));
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l].has_rope = interval == 0 || (l + 1) % interval != 0;
    if (mote_json_typeof(layers) != MOTE_JSON_ARRAY)
        return MOTE_OK;
    if (mote_json_length(layers) != h->n_layers)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: no_rope_layers has %zu entries for %u layers", mote_json_length(layers), h->n_layers);
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l].has_rope = mote_json_integer(mote_json_at(layers, l), 0) != 0;
    return MOTE_OK;
}

static mote_status read_layer_types(const mote_json *types, mote_hparams *h, mote_error *err) {
    if (mote_json_length(types) != h->n_layers)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: layer_types has %zu entries for %u layers", mote_json_length(types), h->n_layers);
    for (uint32_t l = 0; l < h->n_layers; l++) {
        mote_str type = mote_json_string(mote_json_at(types, l));
        h->layers[l].is_windowed = mote_str_is(type, "sliding_attention");
        if (!h->layers[l].is_windowed && !mote_str_is(type, "full_attention"))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: layer_types[%u] '%.*s' is not supported", l, MOTE_STR_ARGS(type));
    }
    return MOTE_OK;
}

static mote_status read_window(const mote_json *config, mote_hparams *h, mote_error *err) {
    bool always = h->family->window_period != 0 || h->family->windows_all_layers;
    if (!mote_json_bool(mote_json_get(config, "use_sliding_window"), always))
        return MOTE_OK;
    MOTE_TRY(get_u32(config, "sliding_window", false, &h->window, err));
    if (h->window == 0)
        return MOTE_OK;
    const mote_json *types = mote_json_get(config, "layer_types");
    if (mote_json_typeof(types) == MOTE_JSON_ARRAY)
        return read_layer_types(types, h, err);
    if (!always) { /* Qwen: the upper layers */
        uint32_t first = h->n_layers;
        MOTE_TRY(get_u32(config, "max_window_layers", true, &first, err));
        for (uint32_t l = 0; l < h->n_layers; l++)
            h->layers[l].is_windowed = l >= first;
        return MOTE_OK;
    }
    uint32_t period = h->family->window_period;
    MOTE_TRY(get_u32(config, "sliding_window_pattern", false, &period, err));
    MOTE_TRY(get_u32(config, "_sliding_window_pattern", false, &period, err));
    mote_hparams_set_window_period(h, period);
    return MOTE_OK;
}

/* What the family's decoder does is fixed by its row; a config that asks for another function is refused, not ignored. */
static mote_status check_activation(const mote_json *config, const mote_hparams *h, mote_error *err) {
    const mote_json *v = mote_json_get(config, "hidden_activation");
    const char *name = mote_json_text(v ? v : mote_json_get(config, "hidden_act"));
    static const char *const REFUSED[] = {"mlp_bias", "use_parallel_residual", "qk_layernorm"};
    for (size_t i = 0; i < sizeof REFUSED / sizeof *REFUSED; i++)
        if (mote_json_bool(mote_json_get(config, REFUSED[i]), false))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: %s is not supported for %s", REFUSED[i], h->family->name);
    if (!name)
        return MOTE_OK;
    static const char *const KNOWN[][3] = {[MOTE_ACTIVATION_SILU] = {"silu", "swish", NULL},
                                           [MOTE_ACTIVATION_GELU_TANH] = {"gelu_pytorch_tanh", "gelu_new", "gelu"},
                                           [MOTE_ACTIVATION_GELU_ERF] = {"gelu", NULL, NULL}};
    for (int i = 0; i < 3 && KNOWN[h->family->activation][i]; i++)
        if (strcmp(name, KNOWN[h->family->activation][i]) == 0)
            return MOTE_OK;
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: activation '%s' is not supported for %s", name, h->family->name);
}

/* Granite's multipliers, Gemma's scales. */
static mote_status read_scales(const mote_json *config, mote_hparams *h, mote_error *err) {
    float scalar = (float)h->head_dim, divisor = 1;
    MOTE_TRY(get_f32(config, "query_pre_attn_scalar", false, &scalar, err));
    h->attn_scale = (float)(1 / sqrt((double)scalar));
    h->embed_scale = h->family->scales_embedding ? sqrtf((float)h->n_embd) : 1;
    h->residual_scale = h->logit_scale = 1;
    /* null says: none */
    h->attn_softcap = mote_json_get(config, "attn_logit_softcapping") ? 0 : h->family->attn_softcap;
    h->final_softcap = mote_json_get(config, "final_logit_softcapping") ? 0 : h->family->final_softcap;
    MOTE_TRY(get_f32(config, "attn_logit_softcapping", false, &h->attn_softcap, err));
    MOTE_TRY(get_f32(config, "final_logit_softcapping", false, &h->final_softcap, err));
    if (!h->family->has_multipliers)
        return MOTE_OK;
    MOTE_TRY(get_f32(config, "embedding_multiplier", false, &h->embed_scale, err));
    MOTE_TRY(get_f32(config, "residual_multiplier", false, &h->residual_scale, err));
    MOTE_TRY(get_f32(config, "attention_multiplier", false, &h->attn_scale, err));
    MOTE_TRY(get_f32(config, "logits_scaling", false, &divisor, err));
    h->logit_scale = divisor != 0 ? 1 / divisor : 0;
    return MOTE_OK;
}

/* Mixtures of experts: Qwen's and Granite's spelling. */
static mote_status read_experts(const mote_json *config, mote_hparams *h, mote_error *err) {
    mote_expert_hparams *e = &h->experts;
    if (!h->family->has_experts)
        return MOTE_OK;
    MOTE_TRY(get_u32(config, mote_json_get(config, "num_local_experts") ? "num_local_experts" : "num_experts", true, &e->n, err));
    MOTE_TRY(get_u32(config, "num_experts_per_tok", true, &e->n_used, err));
    if (e->n == 0)
        return MOTE_OK;
    e->n_ff = h->n_ff;
    MOTE_TRY(get_u32(config, "moe_intermediate_size", !h->family->ff_is_experts, &e->n_ff, err));
    e->normalises = mote_json_bool(mote_json_get(config, "norm_topk_prob"), h->family->experts_normalise);
    uint32_t step = 1;
    MOTE_TRY(get_u32(config, "decoder_sparse_step", false, &step, err));
    const mote_json *dense = mote_json_get(config, "mlp_only_layers");
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l].has_experts = step != 0 && (l + 1) % step == 0;
    for (size_t i = 0; mote_json_typeof(dense) == MOTE_JSON_ARRAY && i < mote_json_length(dense); i++) {
        int64_t l = mote_json_integer(mote_json_at(dense, i), -1);
        if (l < 0 || l >= h->n_layers)
            return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: mlp_only_layers[%zu] is no layer", i);
        h->layers[l].has_experts = false;
    }
    uint32_t n_shared = 0;
    MOTE_TRY(get_u32(config, "shared_intermediate_size", false, &n_shared, err));
    for (uint32_t l = 0; l < h->n_layers; l++)
        if (h->layers[l].has_experts)
            h->layers[l].n_ff = n_shared;
    mote_hparams_take_largest(h);
    return MOTE_OK;
}

static const char *norm_eps_key(const mote_json *config, const mote_hparams *h) {
    if (h->family->uses_layer_norm && mote_json_get(config, "layer_norm_eps"))
        return "layer_norm_eps";
    return h->family->recurrent == MOTE_MIXER_SHORTCONV ? "norm_eps" : "rms_norm_eps";
}

/* The numbers that every family but OpenELM has under the same names. */
static mote_status read_sizes(const mote_json *config, mote_hparams *h, mote_error *err) {
    MOTE_TRY(get_u32(config, "num_hidden_layers", true, &h->n_layers, err));
    MOTE_TRY(get_u32(config, "hidden_size", true, &h->n_embd, err));
    const char *width = mote_json_get(config, "block_ff_dim") && !mote_json_get(config, "intermediate_size") ? "block_ff_dim" : "intermediate_size"; /* LFM2's, else */
    MOTE_TRY(get_u32(config, width, true, &h->n_ff, err));
    MOTE_TRY(get_u32(config, "num_attention_heads", true, &h->n_heads, err));
    MOTE_TRY(get_u32(config, "vocab_size", true, &h->n_vocab, err));
    MOTE_TRY(get_u32(config, "max_position_embeddings", true, &h->n_ctx_train, err));
    h->n_kv_heads = h->n_heads;
    MOTE_TRY(get_u32(config, "num_key_value_heads", false, &h->n_kv_heads, err));
    if (h->n_heads == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: num_attention_heads is 0");
    MOTE_TRY(get_u32(config, "head_dim", false, &h->head_dim, err));
    if (h->head_dim == 0 && h->n_embd % h->n_heads != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: hidden_size %u is no multiple of num_attention_heads %u", h->n_embd, h->n_heads);
    if (h->head_dim == 0)
        h->head_dim = h->n_embd / h->n_heads;
    MOTE_TRY(get_f32(config, norm_eps_key(config, h), true, &h->norm_eps, err));
    return mote_hparams_init_layers(h, err);
}

mote_status mote_hparams_from_config(const mote_json *config, mote_hparams *h, mote_error *err) {
    *h = (mote_hparams){0};
    const char *type = mote_json_text(mote_json_get(config, "model_type"));
    if (!type)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: model_type is missing");
    bool sees_both_ways = mote_json_bool(mote_json_get(config, "use_bidirectional_attention"), false);
    h->family = sees_both_ways ? mote_family_both_ways(type) : mote_family_by_hf_type(type);
    if (!h->family)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: model_type '%s' (architecture) is not supported%s", type,
                              sees_both_ways ? " with use_bidirectional_attention" : "");
    if (strcmp(type, "openelm") == 0)
        MOTE_TRY(mote_hparams_read_openelm(config, h, err));
    else
        MOTE_TRY(mote_json_get(config, "n_embd") ? mote_hparams_read_nomic(config, h, err) : read_sizes(config, h, err));
    MOTE_TRY(read_scales(config, h, err));
    h->ties_output = mote_json_bool(mote_json_get(config, "tie_word_embeddings"), h->family->ties_output);
    h->rope_neox = true;
    MOTE_TRY(check_activation(config, h, err));
    MOTE_TRY(read_experts(config, h, err));
    MOTE_TRY(read_rope(config, h, err));
    MOTE_TRY(read_no_rope(config, h, err));
    if (h->family->recurrent != MOTE_MIXER_ATTENTION)
        MOTE_TRY(mote_hparams_read_recurrent_config(config, h, err));
    MOTE_TRY(read_window(config, h, err));
    MOTE_TRY(mote_hparams_read_encoder_config(config, h, err));
    return mote_hparams_check(h, err);
}
