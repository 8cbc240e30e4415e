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

/* One set of rotary parameters: a member of rope_parameters, or the older rope_scaling. */
static mote_status read_rope_set(const mote_json *set, mote_rope_hparams *r, mote_error *err) {
    if (mote_json_typeof(set) != MOTE_JSON_OBJECT)
        return MOTE_OK;
    MOTE_TRY(get_f32(set, "rope_theta", false, &r->base, err));
    const mote_json *type = mote_json_get(set, "rope_type");
    const char *name = mote_json_text(type ? type : mote_json_get(set, "type"));
    if (!name || strcmp(name, "default") == 0)
        return MOTE_OK;
    MOTE_TRY(get_f32(set, "factor", true, &r->factor, err));
    if (strcmp(name, "linear") == 0) {
        r->scaling = MOTE_ROPE_LINEAR;
        return MOTE_OK;
    }
    if (strcmp(name, "llama3") != 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: rope_type '%s' is not supported", name);
    r->scaling = MOTE_ROPE_LLAMA3;
    MOTE_TRY(get_f32(set, "low_freq_factor", true, &r->low_freq_factor, err));
    MOTE_TRY(get_f32(set, "high_freq_factor", true, &r->high_freq_factor, err));
    return get_f32(set, "original_max_position_embeddings", true, &r->original_context, err);
}

static mote_status read_rope(const mote_json *config, mote_hparams *h, mote_error *err) {
    h->rope = (mote_rope_hparams){.base = 10000, .factor = 1};
    MOTE_TRY(get_f32(config, "rope_theta", false, &h->rope.base, err));
    const mote_json *parameters = mote_json_get(config, "rope_parameters");
    const mote_json *full = mote_json_get(parameters, "full_attention"), *local = mote_json_get(parameters, "sliding_attention");
    MOTE_TRY(read_rope_set(full ? full : parameters ? parameters : mote_json_get(config, "rope_scaling"), &h->rope, err));
    h->rope_local = h->rope;
    if (h->family->local_rope_base != 0)
        h->rope_local = (mote_rope_hparams){.base = h->family->local_rope_base, .factor = 1};
    MOTE_TRY(get_f32(config, "rope_local_base_freq", false, &h->rope_local.base, err));
    MOTE_TRY(read_rope_set(local, &h->rope_local, err));
    float partial = 1;
    MOTE_TRY(get_f32(config, "partial_rotary_factor", false, &partial, err));
    if (!(partial > 0 && partial <= 1))
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: partial_rotary_factor is not above 0 and at most 1");
    h->n_rot = (uint32_t)((float)h->head_dim * partial);
    return MOTE_OK;
}

static mote_status read_window(const mote_json *config, mote_hparams *h, mote_error *err) {
    bool uses = mote_json_bool(mote_json_get(config, "use_sliding_window"), h->family->window_period != 0);
    if (!uses)
        return MOTE_OK;
    MOTE_TRY(get_u32(config, "sliding_window", false, &h->window, err));
    if (h->window == 0)
        return MOTE_OK;
    const mote_json *types = mote_json_get(config, "layer_types");
    if (mote_json_typeof(types) == MOTE_JSON_ARRAY) {
        if (mote_json_length(types) != h->n_layers || h->n_layers > MOTE_HPARAMS_MAX_LAYERS)
            return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: layer_types has %zu entries for %u layers", mote_json_length(types), h->n_layers);
        for (uint32_t l = 0; l < h->n_layers; l++) {
            mote_str type = mote_json_string(mote_json_at(types, l));
            if (mote_str_is(type, "full_attention"))
                h->full_layers[l / 64] |= 1ull << (l % 64);
            else if (!mote_str_is(type, "sliding_attention"))
                return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: layer_types[%u] '%.*s' is not supported", l, MOTE_STR_ARGS(type));
        }
        return MOTE_OK;
    }
    if (h->family->window_period == 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: use_sliding_window without layer_types is not supported for %s", h->family->name);
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

mote_status mote_hparams_from_config(const mote_json *config, mote_hparams *h, mote_error *err) {
    *h = (mote_hparams){0};
    const char *type = mote_json_text(mote_json_get(config, "model_type"));
    if (!type)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: model_type is missing");
    h->family = mote_family_by_hf_type(type);
    if (!h->family)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: model_type '%s' (architecture) is not supported", type);
    if (mote_json_typeof(mote_json_get(config, "quantization_config")) == MOTE_JSON_OBJECT)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: quantization_config is not supported");
    MOTE_TRY(get_u32(config, "num_hidden_layers", true, &h->n_layers, err));
    MOTE_TRY(get_u32(config, "hidden_size", true, &h->n_embd, err));
    MOTE_TRY(get_u32(config, "intermediate_size", true, &h->n_ff, err));
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
    MOTE_TRY(get_f32(config, h->family->is_encoder ? "layer_norm_eps" : "rms_norm_eps", true, &h->norm_eps, err));
    float scalar = (float)h->head_dim;
    MOTE_TRY(get_f32(config, "query_pre_attn_scalar", false, &scalar, err));
    h->attn_scale = (float)(1 / sqrt((double)scalar));
    MOTE_TRY(get_f32(config, "attn_logit_softcapping", false, &h->attn_softcap, err));
    MOTE_TRY(get_f32(config, "final_logit_softcapping", false, &h->final_softcap, err));
    h->ties_output = mote_json_bool(mote_json_get(config, "tie_word_embeddings"), h->family->scales_embedding);
    h->rope_neox = true;
    MOTE_TRY(check_activation(config, h, err));
    MOTE_TRY(read_rope(config, h, err));
    MOTE_TRY(read_window(config, h, err));
    return mote_hparams_check(h, err);
}
