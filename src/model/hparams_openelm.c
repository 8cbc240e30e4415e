/* OpenELM's config.json (arXiv 2404.14619): each layer has its own heads and feed-forward width. */
#include "base/error.h"
#include "model/hparams.h"

#include <math.h>

static mote_status get_u32(const mote_json *config, const char *key, uint32_t *out, mote_error *err) {
    int64_t x = mote_json_integer(mote_json_get(config, key), -1);
    if (x < 0 || x > UINT32_MAX)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s is missing or has the wrong type or range", key);
    *out = (uint32_t)x;
    return MOTE_OK;
}

/* An entry a layer, or one number for all. */
static mote_status get_layers(const mote_json *config, const char *key, const mote_hparams *h, double *out, mote_error *err) {
    const mote_json *v = mote_json_get(config, key);
    bool is_list = mote_json_typeof(v) == MOTE_JSON_ARRAY;
    if (is_list && mote_json_length(v) != h->n_layers)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s has %zu entries for %u layers", key, mote_json_length(v), h->n_layers);
    for (uint32_t l = 0; l < h->n_layers; l++) {
        out[l] = mote_json_number(is_list ? mote_json_at(v, l) : v, -1);
        if (!(out[l] > 0 && out[l] < MOTE_HPARAMS_MAX_WIDTH))
            return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: %s: layer %u has no number above 0", key, l);
    }
    return MOTE_OK;
}

/* The original's make_divisible: the nearest multiple of the divisor, but not more than 10 % below. */
static uint32_t make_divisible(double v, uint32_t divisor) {
    double rounded = floor((v + (double)divisor / 2) / divisor) * divisor;
    rounded = rounded > divisor ? rounded : divisor;
    return (uint32_t)(rounded < 0.9 * v ? rounded + divisor : rounded);
}

mote_status mote_hparams_read_openelm(const mote_json *config, mote_hparams *h, mote_error *err) {
    uint32_t divisor = 256;
    MOTE_TRY(get_u32(config, "num_transformer_layers", &h->n_layers, err));
    MOTE_TRY(get_u32(config, "model_dim", &h->n_embd, err));
    MOTE_TRY(get_u32(config, "head_dim", &h->head_dim, err));
    MOTE_TRY(get_u32(config, "vocab_size", &h->n_vocab, err));
    MOTE_TRY(get_u32(config, "max_context_length", &h->n_ctx_train, err));
    MOTE_TRY(get_u32(config, "ffn_dim_divisor", &divisor, err));
    if (divisor == 0 || divisor > MOTE_HPARAMS_MAX_WIDTH || h->n_embd > MOTE_HPARAMS_MAX_WIDTH)
        return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: ffn_dim_divisor or model_dim is out of range");
    if (!mote_json_bool(mote_json_get(config, "ffn_with_glu"), true))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: ffn_with_glu false is not supported");
    MOTE_TRY(mote_hparams_init_layers(h, err));
    double heads[MOTE_HPARAMS_MAX_LAYERS], kv_heads[MOTE_HPARAMS_MAX_LAYERS], widths[MOTE_HPARAMS_MAX_LAYERS];
    MOTE_TRY(get_layers(config, "num_query_heads", h, heads, err));
    MOTE_TRY(get_layers(config, "num_kv_heads", h, kv_heads, err));
    MOTE_TRY(get_layers(config, "ffn_multipliers", h, widths, err));
    for (uint32_t l = 0; l < h->n_layers; l++) {
        h->layers[l].n_heads = (uint32_t)heads[l];
        h->layers[l].n_kv_heads = (uint32_t)kv_heads[l];
        double width = widths[l] * h->n_embd;
        if (width > MOTE_HPARAMS_MAX_WIDTH)
            return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: ffn_multipliers: layer %u is too wide", l);
        h->layers[l].n_ff = make_divisible(width, divisor);
    }
    mote_hparams_take_largest(h);
    h->norm_eps = 1e-6f; /* fixed in the original's code */
    return MOTE_OK;
}
