/* Hyper-parameters from GGUF keys: "<architecture>.<name>". */
#include "base/error.h"
#include "model/hparams.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { KEY_BYTES = 128 };

/* "<architecture>.<name>" */
static const char *key_of(const mote_hparams *h, const char *name, char key[KEY_BYTES]) {
    snprintf(key, KEY_BYTES, "%s.%s", h->family->name, name);
    return key;
}

static mote_status get_u32(const mote_gguf *g, const mote_hparams *h, const char *name, bool required, uint32_t *out, mote_error *err) {
    char key[KEY_BYTES];
    return mote_gguf_get_u32(g, key_of(h, name, key), required, out, err);
}

static mote_status get_f32(const mote_gguf *g, const mote_hparams *h, const char *name, bool required, float *out, mote_error *err) {
    char key[KEY_BYTES];
    return mote_gguf_get_f32(g, key_of(h, name, key), required, out, err);
}

/* A number that some files give once and others as an array, one a layer; here all layers have to agree. */
static mote_status get_u32_of_layers(const mote_gguf *g, const mote_hparams *h, const char *name, bool required, uint32_t *out, mote_error *err) {
    char key[KEY_BYTES];
    const mote_gguf_value *v = mote_gguf_find(g, key_of(h, name, key));
    if (!v || v->type != MOTE_GGUF_ARRAY)
        return mote_gguf_get_u32(g, key, required, out, err);
    if (v->n_items != h->n_layers)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: the array's length %llu is not the number of layers %u", key, (unsigned long long)v->n_items, h->n_layers);
    for (uint64_t i = 0; i < v->n_items; i++) {
        int64_t x;
        if (!mote_gguf_item_integer(v, i, &x) || x < 0 || x > UINT32_MAX)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s: item %llu has the wrong type or range", key, (unsigned long long)i);
        if (i > 0 && *out != (uint32_t)x)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: layers that differ are not supported for %s", key, h->family->name);
        *out = (uint32_t)x;
    }
    return MOTE_OK;
}

static mote_status read_family(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    mote_str name = {0};
    MOTE_TRY(mote_gguf_get_string(g, "general.architecture", true, &name, err));
    h->family = mote_family_by_gguf_name(name.data, name.len);
    if (!h->family && mote_str_is(name, "clip"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "general.architecture 'clip': an image encoder, whose tensors are not supported");
    if (!h->family)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "general.architecture '%.*s' is not supported", MOTE_STR_ARGS(name));
    uint32_t n_experts = 0;
    MOTE_TRY(get_u32(g, h, "expert_count", false, &n_experts, err));
    uint32_t n_used = 0;
    MOTE_TRY(get_u32(g, h, "expert_used_count", false, &n_used, err));
    if (n_experts != 0 || n_used != 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s.expert_count %u, expert_used_count %u: mixtures of experts are not supported for this architecture", h->family->name,
                              n_experts, n_used);
    return MOTE_OK;
}

static mote_status read_rope(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    h->rope = (mote_rope_hparams){.base = 10000, .factor = 1};
    MOTE_TRY(get_f32(g, h, "rope.freq_base", false, &h->rope.base, err));
    h->n_rot = h->head_dim;
    MOTE_TRY(get_u32(g, h, "rope.dimension_count", false, &h->n_rot, err));
    char key[KEY_BYTES];
    mote_str type = {0};
    MOTE_TRY(mote_gguf_get_string(g, key_of(h, "rope.scaling.type", key), false, &type, err));
    if (mote_str_is(type, "linear")) {
        h->rope.scaling = MOTE_ROPE_LINEAR;
        MOTE_TRY(get_f32(g, h, "rope.scaling.factor", true, &h->rope.factor, err));
    } else if (type.len != 0 && !mote_str_is(type, "none"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s '%.*s' is not supported", key, MOTE_STR_ARGS(type));
    h->rope_local = h->rope;
    if (h->family->local_rope_base != 0)
        h->rope_local = (mote_rope_hparams){.base = h->family->local_rope_base, .factor = 1};
    return get_f32(g, h, "rope.freq_base_swa", false, &h->rope_local.base, err);
}

static mote_status read_window(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    if (h->family->window_period == 0)
        return MOTE_OK;
    MOTE_TRY(get_u32(g, h, "attention.sliding_window", false, &h->window, err));
    char key[KEY_BYTES];
    const mote_gguf_value *pattern = mote_gguf_find(g, key_of(h, "attention.sliding_window_pattern", key));
    uint32_t period = h->family->window_period;
    if (pattern && pattern->type == MOTE_GGUF_ARRAY) { /* true: the layer has a window */
        if (pattern->n_items != h->n_layers)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s: the array's length is not the number of layers", key);
        for (uint32_t l = 0; l < h->n_layers; l++) {
            int64_t windowed;
            if (!mote_gguf_item_integer(pattern, l, &windowed))
                return mote_error_set(err, MOTE_ERR_FORMAT, "%s: wrong type", key);
            if (!windowed)
                h->full_layers[l / 64] |= 1ull << (l % 64);
        }
        return MOTE_OK;
    }
    MOTE_TRY(mote_gguf_get_u32(g, key, false, &period, err));
    mote_hparams_set_window_period(h, period);
    return MOTE_OK;
}

/* The vocabulary's size: that of the token list, which the tokenizer has to agree with. */
static mote_status read_vocabulary(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    const mote_gguf_value *tokens = mote_gguf_find(g, "tokenizer.ggml.tokens");
    if (tokens && tokens->type == MOTE_GGUF_ARRAY && tokens->n_items <= MOTE_HPARAMS_MAX_VOCAB) {
        h->n_vocab = (uint32_t)tokens->n_items;
        return MOTE_OK;
    }
    return get_u32(g, h, "vocab_size", true, &h->n_vocab, err);
}

mote_status mote_hparams_from_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    *h = (mote_hparams){0};
    MOTE_TRY(read_family(g, h, err));
    MOTE_TRY(get_u32(g, h, "block_count", true, &h->n_layers, err));
    MOTE_TRY(get_u32(g, h, "context_length", true, &h->n_ctx_train, err));
    MOTE_TRY(get_u32(g, h, "embedding_length", true, &h->n_embd, err));
    if (h->n_layers == 0 || h->n_layers > MOTE_HPARAMS_MAX_LAYERS)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s.block_count is %u, not between 1 and %d", h->family->name, h->n_layers, MOTE_HPARAMS_MAX_LAYERS);
    MOTE_TRY(get_u32_of_layers(g, h, "feed_forward_length", true, &h->n_ff, err));
    MOTE_TRY(get_u32_of_layers(g, h, "attention.head_count", true, &h->n_heads, err));
    h->n_kv_heads = h->n_heads;
    MOTE_TRY(get_u32_of_layers(g, h, "attention.head_count_kv", false, &h->n_kv_heads, err));
    if (h->n_heads == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s.attention.head_count is 0", h->family->name);
    uint32_t head_dim = 0;
    MOTE_TRY(get_u32(g, h, "attention.key_length", false, &head_dim, err));
    if (head_dim == 0 && h->n_embd % h->n_heads != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s.embedding_length %u is no multiple of attention.head_count %u", h->family->name, h->n_embd, h->n_heads);
    h->head_dim = head_dim != 0 ? head_dim : h->n_embd / h->n_heads;
    uint32_t value_dim = h->head_dim;
    MOTE_TRY(get_u32(g, h, "attention.value_length", false, &value_dim, err));
    if (value_dim != h->head_dim)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s.attention.value_length %u differs from key_length %u", h->family->name, value_dim, h->head_dim);
    MOTE_TRY(get_f32(g, h, "attention.layer_norm_rms_epsilon", true, &h->norm_eps, err));
    MOTE_TRY(get_f32(g, h, "attn_logit_softcapping", false, &h->attn_softcap, err));
    MOTE_TRY(get_f32(g, h, "final_logit_softcapping", false, &h->final_softcap, err));
    h->attn_scale = (float)(1 / sqrt((double)h->head_dim));
    h->rope_neox = !h->family->gguf_rope_interleaved;
    MOTE_TRY(read_rope(g, h, err));
    MOTE_TRY(read_window(g, h, err));
    MOTE_TRY(read_vocabulary(g, h, err));
    return mote_hparams_check(h, err);
}
