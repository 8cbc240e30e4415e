/* Hyper-parameters of families with recurrent layers: Granite 4.0 hybrid (Mamba-2) and LFM2 (short convolutions). */
#include "base/error.h"
#include "kernels/ssm.h"
#include "model/recurrent.h"

#include <stdio.h>
#include <string.h>

static mote_status gguf_u32(const mote_gguf *g, const mote_hparams *h, const char *name, bool required, uint32_t *out, mote_error *err) {
    char key[128];
    snprintf(key, sizeof key, "%s.%s", h->family->name, name);
    return mote_gguf_get_u32(g, key, required, out, err);
}

/* What no layer uses is no size of anything. */
static void finish(mote_hparams *h) {
    if (!mote_recurrent_has(h))
        h->recurrent = (mote_recurrent_hparams){0};
    mote_hparams_take_largest(h);
}

/* A layer without heads for keys and values is recurrent. */
static void take_mixers(mote_hparams *h) {
    for (uint32_t l = 0; l < h->n_layers; l++)
        if (h->layers[l].n_kv_heads == 0)
            h->layers[l].mixer = h->family->recurrent;
    mote_hparams_take_largest(h);
}

static mote_status gguf_granite(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    mote_recurrent_hparams *r = &h->recurrent;
    bool required = mote_recurrent_has(h);
    r->n_groups = 1;
    MOTE_TRY(gguf_u32(g, h, "ssm.conv_kernel", required, &r->n_taps, err));
    MOTE_TRY(gguf_u32(g, h, "ssm.inner_size", required, &r->d_inner, err));
    MOTE_TRY(gguf_u32(g, h, "ssm.state_size", required, &r->d_state, err));
    MOTE_TRY(gguf_u32(g, h, "ssm.time_step_rank", required, &r->n_heads, err));
    return gguf_u32(g, h, "ssm.group_count", false, &r->n_groups, err);
}

mote_status mote_hparams_read_recurrent_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    take_mixers(h);
    if (h->family->recurrent == MOTE_MIXER_MAMBA2)
        MOTE_TRY(gguf_granite(g, h, err));
    else
        MOTE_TRY(gguf_u32(g, h, "shortconv.l_cache", mote_recurrent_has(h), &h->recurrent.n_taps, err));
    char key[128];
    bool is_causal = true;
    snprintf(key, sizeof key, "%s.attention.causal", h->family->name);
    MOTE_TRY(mote_gguf_get_bool(g, key, false, &is_causal, err));
    if (!is_causal)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s is false: bidirectional models of this architecture are not supported", key);
    finish(h);
    return MOTE_OK;
}

static mote_status config_u32(const mote_json *config, const char *key, uint32_t *out, mote_error *err) {
    const mote_json *v = mote_json_get(config, key);
    if (!v || mote_json_typeof(v) == MOTE_JSON_NULL)
        return MOTE_OK;
    int64_t x = mote_json_integer(v, -1);
    if (x < 0 || x > UINT32_MAX)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s has the wrong type or range", key);
    *out = (uint32_t)x;
    return MOTE_OK;
}

/* layer_types in the words of transformers 5 and of published checkpoints. */
static mote_status config_layer_types(const mote_json *types, mote_hparams *h, mote_error *err) {
    bool is_mamba = h->family->recurrent == MOTE_MIXER_MAMBA2;
    if (mote_json_length(types) != h->n_layers)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: layer_types has %zu entries for %u layers", mote_json_length(types), h->n_layers);
    for (uint32_t l = 0; l < h->n_layers; l++) {
        mote_str type = mote_json_string(mote_json_at(types, l));
        bool attends = mote_str_is(type, "full_attention") || mote_str_is(type, "attention");
        bool is_recurrent = is_mamba ? mote_str_is(type, "mamba") || mote_str_is(type, "linear_attention") : mote_str_is(type, "conv");
        if (!attends && !is_recurrent)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: layer_types[%u] '%.*s' is not supported", l, MOTE_STR_ARGS(type));
        h->layers[l].n_kv_heads = attends ? h->layers[l].n_kv_heads : 0;
    }
    return MOTE_OK;
}

/* LFM2's older configs list the layers that attend. */
static mote_status config_attention_indices(const mote_json *indices, mote_hparams *h, mote_error *err) {
    uint32_t n_kv_heads[MOTE_HPARAMS_MAX_LAYERS] = {0};
    for (size_t i = 0; i < mote_json_length(indices); i++) {
        int64_t l = mote_json_integer(mote_json_at(indices, i), -1);
        if (l < 0 || l >= h->n_layers)
            return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: full_attn_idxs[%zu] is no layer", i);
        n_kv_heads[l] = h->layers[l].n_kv_heads;
    }
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l].n_kv_heads = n_kv_heads[l];
    return MOTE_OK;
}

/* A limit on the steps holds in one of the reference's two forms only, and no published model has one that a step could reach. */
static mote_status refuse_step_limit(const mote_json *config, mote_error *err) {
    const mote_json *limit = mote_json_get(config, "time_step_limit"), *most = mote_json_at(limit, 1);
    if (mote_json_number(mote_json_at(limit, 0), 0) != 0 || (mote_json_is_number(most) && mote_json_number(most, 0) < 1e9))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: time_step_limit is not supported");
    return MOTE_OK;
}

static mote_status config_granite(const mote_json *config, mote_hparams *h, mote_error *err) {
    uint32_t expand = 2, head_dim = 0, n_shared = 1024; /* what transformers assumes where nothing is said */
    mote_recurrent_hparams *r = &h->recurrent;
    *r = (mote_recurrent_hparams){.n_taps = 4, .n_heads = 128, .n_groups = 1, .d_state = 256};
    MOTE_TRY(config_u32(config, "mamba_d_conv", &r->n_taps, err));
    MOTE_TRY(config_u32(config, "mamba_n_heads", &r->n_heads, err));
    MOTE_TRY(config_u32(config, "mamba_n_groups", &r->n_groups, err));
    MOTE_TRY(config_u32(config, "mamba_d_state", &r->d_state, err));
    MOTE_TRY(config_u32(config, "mamba_expand", &expand, err));
    if (mote_json_typeof(mote_json_get(config, "mamba_d_head")) != MOTE_JSON_STRING) /* "auto" */
        MOTE_TRY(config_u32(config, "mamba_d_head", &head_dim, err));
    MOTE_TRY(config_u32(config, "shared_intermediate_size", &n_shared, err));
    uint64_t d_inner = (uint64_t)expand * h->n_embd;
    if (d_inner > MOTE_HPARAMS_MAX_WIDTH || (head_dim != 0 && (uint64_t)head_dim * r->n_heads != d_inner))
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: mamba_expand, mamba_n_heads and mamba_d_head don't fit together");
    r->d_inner = (uint32_t)d_inner;
    mote_str position = mote_json_string(mote_json_get(config, "position_embedding_type"));
    for (uint32_t l = 0; l < h->n_layers; l++) {
        h->layers[l].has_rope = mote_str_is(position, "rope");
        h->layers[l].n_ff = n_shared;
    }
    return refuse_step_limit(config, err);
}

/* The width that LFM2's makers derive from the configured one. */
static mote_status config_lfm2(const mote_json *config, mote_hparams *h, mote_error *err) {
    uint32_t n_ff = h->layers[0].n_ff, multiple = 256;
    double multiplier = mote_json_number(mote_json_get(config, "block_ffn_dim_multiplier"), 1);
    h->recurrent.n_taps = 3;
    MOTE_TRY(config_u32(config, "conv_L_cache", &h->recurrent.n_taps, err));
    MOTE_TRY(config_u32(config, "block_ff_dim", &n_ff, err));
    MOTE_TRY(config_u32(config, "block_multiple_of", &multiple, err));
    if (n_ff > MOTE_HPARAMS_MAX_WIDTH || multiple == 0 || multiple > MOTE_HPARAMS_MAX_WIDTH || !(multiplier > 0 && multiplier <= 1024))
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: block_ff_dim, block_multiple_of or block_ffn_dim_multiplier is out of range");
    if (mote_json_bool(mote_json_get(config, "block_auto_adjust_ff_dim"), true)) {
        n_ff = (uint32_t)(multiplier * (2 * n_ff / 3));
        n_ff = (n_ff + multiple - 1) / multiple * multiple;
    }
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l].n_ff = n_ff;
    h->ties_output = mote_json_bool(mote_json_get(config, "tie_embedding"), h->ties_output);
    return MOTE_OK;
}

mote_status mote_hparams_read_recurrent_config(const mote_json *config, mote_hparams *h, mote_error *err) {
    const mote_json *types = mote_json_get(config, "layer_types"), *indices = mote_json_get(config, "full_attn_idxs");
    if (mote_json_typeof(types) != MOTE_JSON_ARRAY)
        types = mote_json_get(config, "layers_block_type");
    if (mote_json_typeof(types) == MOTE_JSON_ARRAY)
        MOTE_TRY(config_layer_types(types, h, err));
    else if (mote_json_typeof(indices) == MOTE_JSON_ARRAY)
        MOTE_TRY(config_attention_indices(indices, h, err));
    else if (h->family->recurrent == MOTE_MIXER_MAMBA2)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: layer_types is missing");
    if (h->n_kv_heads == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: num_key_value_heads is 0");
    take_mixers(h);
    MOTE_TRY(h->family->recurrent == MOTE_MIXER_MAMBA2 ? config_granite(config, h, err) : config_lfm2(config, h, err));
    finish(h);
    return MOTE_OK;
}

mote_status mote_hparams_check_recurrent(const mote_hparams *h, mote_error *err) {
    const mote_recurrent_hparams *r = &h->recurrent;
    if (!mote_recurrent_has(h))
        return MOTE_OK;
    if (r->n_taps < 1 || r->n_taps > MOTE_SSM_MAX_TAPS)
        return mote_error_set(err, MOTE_ERR_FORMAT, "ssm.conv_kernel, shortconv.l_cache (mamba_d_conv, conv_L_cache) is %u, not between 1 and %d", r->n_taps, MOTE_SSM_MAX_TAPS);
    if (h->family->recurrent != MOTE_MIXER_MAMBA2)
        return MOTE_OK;
    if (r->n_heads == 0 || r->n_groups == 0 || r->d_inner == 0 || r->d_state == 0 || r->d_inner > MOTE_HPARAMS_MAX_WIDTH || r->d_state > MOTE_HPARAMS_MAX_WIDTH ||
        r->n_groups > MOTE_HPARAMS_MAX_WIDTH)
        return mote_error_set(err, MOTE_ERR_FORMAT, "ssm.time_step_rank (mamba_n_heads) %u, ssm.group_count %u, ssm.inner_size %u, ssm.state_size %u: out of range", r->n_heads,
                              r->n_groups, r->d_inner, r->d_state);
    if (r->d_inner % r->n_heads != 0 || r->n_heads % r->n_groups != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "ssm.inner_size %u, ssm.time_step_rank (mamba_n_heads) %u and ssm.group_count %u don't divide each other", r->d_inner,
                              r->n_heads, r->n_groups);
    if (mote_recurrent_widest_in(h) > MOTE_HPARAMS_MAX_WIDTH || (uint64_t)r->d_inner * r->d_state > UINT32_MAX)
        return mote_error_set(err, MOTE_ERR_FORMAT, "ssm.inner_size %u, ssm.group_count %u times ssm.state_size %u are too large", r->d_inner, r->n_groups, r->d_state);
    return MOTE_OK;
}
