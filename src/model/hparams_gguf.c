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

/* A number that files give once, or as an array, one a layer. `offset`: of the number in mote_layer_hparams. */
static mote_status get_u32_of_layers(const mote_gguf *g, mote_hparams *h, const char *name, bool required, uint32_t *whole, size_t offset, mote_error *err) {
    char key[KEY_BYTES];
    const mote_gguf_value *v = mote_gguf_find(g, key_of(h, name, key));
    if (!v || v->type != MOTE_GGUF_ARRAY) {
        MOTE_TRY(mote_gguf_get_u32(g, key, required, whole, err));
        for (uint32_t l = 0; l < h->n_layers; l++)
            *(uint32_t *)((char *)&h->layers[l] + offset) = *whole;
        return MOTE_OK;
    }
    if (v->n_items != h->n_layers)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: the array's length %llu is not the number of layers %u", key, (unsigned long long)v->n_items, h->n_layers);
    for (uint32_t l = 0; l < h->n_layers; l++) {
        int64_t x;
        if (!mote_gguf_item_integer(v, l, &x) || x < 0 || x > UINT32_MAX)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s: item %u has the wrong type or range", key, l);
        *(uint32_t *)((char *)&h->layers[l] + offset) = (uint32_t)x;
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
    return MOTE_OK;
}

/* How many experts there are, and what each is like; a family without them refuses. */
static mote_status read_experts(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    mote_expert_hparams *e = &h->experts;
    MOTE_TRY(get_u32(g, h, "expert_count", false, &e->n, err));
    MOTE_TRY(get_u32(g, h, "expert_used_count", false, &e->n_used, err));
    if (e->n == 0 && (e->n_used == 0 || h->family->may_be_dense))
        return h->family->has_experts && !h->family->may_be_dense ? mote_error_set(err, MOTE_ERR_FORMAT, "%s.expert_count is missing or 0", h->family->name) : MOTE_OK;
    if (!h->family->has_experts)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s.expert_count %u, expert_used_count %u: mixtures of experts are not supported for this architecture", h->family->name,
                              e->n, e->n_used);
    e->n_ff = h->family->ff_is_experts || e->n_used == 0 ? h->n_ff : h->n_ff / e->n_used;
    MOTE_TRY(get_u32(g, h, "expert_feed_forward_length", false, &e->n_ff, err));
    uint32_t gating = 1;
    MOTE_TRY(get_u32(g, h, "expert_gating_func", false, &gating, err));
    if (gating > 1) /* 0 and 1: softmax */
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s.expert_gating_func %u is not supported, softmax (1) is", h->family->name, gating);
    e->normalises = true; /* GGUF converters of these families say nothing, and all published models do */
    char key[KEY_BYTES];
    MOTE_TRY(mote_gguf_get_bool(g, key_of(h, "expert_weights_norm", key), false, &e->normalises, err));
    float scale = 1;
    MOTE_TRY(get_f32(g, h, "expert_weights_scale", false, &scale, err));
    if (scale != 1 && scale != 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s.expert_weights_scale %g is not supported", h->family->name, (double)scale);
    uint32_t n_shared = 0;
    MOTE_TRY(get_u32(g, h, "expert_shared_feed_forward_length", false, &n_shared, err));
    for (uint32_t l = 0; l < h->n_layers; l++) {
        h->layers[l].has_experts = true;
        h->layers[l].n_ff = n_shared;
    }
    mote_hparams_take_largest(h);
    return MOTE_OK;
}

static mote_status read_rope_scaling(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    char key[KEY_BYTES];
    mote_rope_hparams *r = &h->rope;
    mote_str type = {0};
    MOTE_TRY(mote_gguf_get_string(g, key_of(h, "rope.scaling.type", key), false, &type, err));
    MOTE_TRY(get_f32(g, h, "rope.scaling.attn_factor", false, &r->attn_factor, err));
    MOTE_TRY(get_f32(g, h, "rope.scaling.original_context_length", false, &r->original_context, err));
    if (mote_gguf_find_tensor(g, "rope_factors_long.weight") && (type.len == 0 || mote_str_is(type, "none") || mote_str_is(type, "longrope"))) {
        r->scaling = MOTE_ROPE_LONG;
        return r->original_context > 0 ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "%s.rope.scaling.original_context_length is missing or 0", h->family->name);
    }
    r->attn_factor = 1;
    if (type.len == 0 || mote_str_is(type, "none"))
        return MOTE_OK;
    r->scaling = mote_str_is(type, "linear") ? MOTE_ROPE_LINEAR : MOTE_ROPE_YARN;
    if (r->scaling == MOTE_ROPE_YARN && !mote_str_is(type, "yarn"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s '%.*s' is not supported", key, MOTE_STR_ARGS(type));
    MOTE_TRY(get_f32(g, h, "rope.scaling.factor", true, &r->factor, err));
    if (r->scaling == MOTE_ROPE_YARN) {
        r->beta_fast = 32;
        r->beta_slow = 1;
        MOTE_TRY(get_f32(g, h, "rope.scaling.yarn_beta_fast", false, &r->beta_fast, err));
        MOTE_TRY(get_f32(g, h, "rope.scaling.yarn_beta_slow", false, &r->beta_slow, err));
        r->attn_factor = 1 + 0.1f * logf(r->factor);
    }
    return MOTE_OK;
}

static mote_status read_rope(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    h->rope = (mote_rope_hparams){.base = 10000, .factor = 1, .attn_factor = 1};
    MOTE_TRY(get_f32(g, h, "rope.freq_base", false, &h->rope.base, err));
    h->n_rot = h->head_dim;
    MOTE_TRY(get_u32(g, h, "rope.dimension_count", false, &h->n_rot, err));
    MOTE_TRY(read_rope_scaling(g, h, err));
    bool has_rope = true; /* Granite's converter misuses the key for this */
    char key[KEY_BYTES];
    MOTE_TRY(mote_gguf_get_bool(g, key_of(h, "rope.scaling.finetuned", key), false, &has_rope, err));
    for (uint32_t l = 0; h->family->has_multipliers && l < h->n_layers; l++)
        h->layers[l].has_rope = has_rope;
    h->rope_local = h->rope;
    if (h->family->local_rope_base != 0)
        h->rope_local = (mote_rope_hparams){.base = h->family->local_rope_base, .factor = 1, .attn_factor = 1};
    return get_f32(g, h, "rope.freq_base_swa", false, &h->rope_local.base, err);
}

static mote_status read_window(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    MOTE_TRY(get_u32(g, h, "attention.sliding_window", false, &h->window, err));
    char key[KEY_BYTES];
    const mote_gguf_value *pattern = mote_gguf_find(g, key_of(h, "attention.sliding_window_pattern", key));
    uint32_t period = h->family->window_period;
    if (h->window != 0 && pattern && pattern->type == MOTE_GGUF_ARRAY) { /* true: the layer has a window */
        if (pattern->n_items != h->n_layers)
            return mote_error_set(err, MOTE_ERR_FORMAT, "%s: the array's length is not the number of layers", key);
        for (uint32_t l = 0; l < h->n_layers; l++)
            if (!mote_gguf_item_bool(pattern, l, &h->layers[l].is_windowed))
                return mote_error_set(err, MOTE_ERR_FORMAT, "%s: wrong type", key);
        return MOTE_OK;
    }
    MOTE_TRY(mote_gguf_get_u32(g, key, false, &period, err));
    mote_hparams_set_window_period(h, period);
    return MOTE_OK;
}

/* Granite's. */
static mote_status read_multipliers(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    h->embed_scale = h->family->scales_embedding ? sqrtf((float)h->n_embd) : 1;
    h->residual_scale = h->logit_scale = 1;
    h->attn_scale = (float)(1 / sqrt((double)h->head_dim));
    if (!h->family->has_multipliers)
        return MOTE_OK;
    float divisor = 1;
    MOTE_TRY(get_f32(g, h, "embedding_scale", false, &h->embed_scale, err));
    MOTE_TRY(get_f32(g, h, "residual_scale", false, &h->residual_scale, err));
    MOTE_TRY(get_f32(g, h, "attention.scale", false, &h->attn_scale, err));
    MOTE_TRY(get_f32(g, h, "logit_scale", false, &divisor, err));
    h->logit_scale = divisor != 0 ? 1 / divisor : 1;
    return MOTE_OK;
}

/* What StableLM's larger relatives do and this decoder doesn't. */
static mote_status refuse_parallel(const mote_gguf *g, const mote_hparams *h, mote_error *err) {
    char key[KEY_BYTES];
    bool parallel = false;
    MOTE_TRY(mote_gguf_get_bool(g, key_of(h, "use_parallel_residual", key), false, &parallel, err));
    return parallel ? mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s is not supported", key) : MOTE_OK;
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

static mote_status read_head_dim(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    uint32_t head_dim = 0;
    MOTE_TRY(get_u32(g, h, "attention.key_length", false, &head_dim, err));
    if (head_dim == 0 && h->n_embd % h->n_heads != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s.embedding_length %u is no multiple of attention.head_count %u", h->family->name, h->n_embd, h->n_heads);
    h->head_dim = head_dim != 0 ? head_dim : h->n_embd / h->n_heads;
    uint32_t value_dim = h->head_dim;
    MOTE_TRY(get_u32(g, h, "attention.value_length", false, &value_dim, err));
    if (value_dim != h->head_dim)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s.attention.value_length %u differs from key_length %u", h->family->name, value_dim, h->head_dim);
    return MOTE_OK;
}

mote_status mote_hparams_from_gguf(const mote_gguf *g, mote_hparams *h, mote_error *err) {
    *h = (mote_hparams){0};
    MOTE_TRY(read_family(g, h, err));
    MOTE_TRY(get_u32(g, h, "block_count", true, &h->n_layers, err));
    MOTE_TRY(get_u32(g, h, "context_length", true, &h->n_ctx_train, err));
    MOTE_TRY(get_u32(g, h, "embedding_length", true, &h->n_embd, err));
    MOTE_TRY(mote_hparams_init_layers(h, err));
    MOTE_TRY(get_u32_of_layers(g, h, "feed_forward_length", !h->family->has_experts, &h->n_ff, offsetof(mote_layer_hparams, n_ff), err));
    MOTE_TRY(get_u32_of_layers(g, h, "attention.head_count", true, &h->n_heads, offsetof(mote_layer_hparams, n_heads), err));
    mote_hparams_take_largest(h);
    MOTE_TRY(get_u32_of_layers(g, h, "attention.head_count_kv", false, &h->n_heads, offsetof(mote_layer_hparams, n_kv_heads), err));
    mote_hparams_take_largest(h);
    if (h->n_heads == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s.attention.head_count is 0", h->family->name);
    MOTE_TRY(read_head_dim(g, h, err));
    MOTE_TRY(get_f32(g, h, h->family->uses_layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", true, &h->norm_eps, err));
    h->attn_softcap = h->family->attn_softcap;
    h->final_softcap = h->family->final_softcap;
    MOTE_TRY(get_f32(g, h, "attn_logit_softcapping", false, &h->attn_softcap, err));
    MOTE_TRY(get_f32(g, h, "final_logit_softcapping", false, &h->final_softcap, err));
    h->rope_neox = !h->family->gguf_rope_interleaved;
    MOTE_TRY(read_multipliers(g, h, err));
    MOTE_TRY(read_experts(g, h, err));
    MOTE_TRY(read_rope(g, h, err));
    if (h->family->recurrent != MOTE_MIXER_ATTENTION)
        MOTE_TRY(mote_hparams_read_recurrent_gguf(g, h, err));
    MOTE_TRY(read_window(g, h, err));
    MOTE_TRY(refuse_parallel(g, h, err));
    MOTE_TRY(read_vocabulary(g, h, err));
    MOTE_TRY(mote_hparams_read_encoder_gguf(g, h, err));
    return mote_hparams_check(h, err);
}
