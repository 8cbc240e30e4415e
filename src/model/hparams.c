#include "model/hparams.h"

#include "base/error.h"

#include <math.h>

static mote_status check_range(const char *name, uint64_t value, uint64_t low, uint64_t high, mote_error *err) {
    if (value < low || value > high)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s is %llu, not between %llu and %llu", name, (unsigned long long)value, (unsigned long long)low, (unsigned long long)high);
    return MOTE_OK;
}

static mote_status check_rope(const mote_rope_hparams *r, mote_error *err) {
    if (!(isfinite(r->base) && r->base >= 1))
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope.freq_base (rope_theta) is %g, not a finite number of at least 1", (double)r->base);
    if (r->scaling != MOTE_ROPE_NONE && !(isfinite(r->factor) && r->factor > 0))
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope.scaling.factor is %g, not a finite number above 0", (double)r->factor);
    if (!(isfinite(r->attn_factor) && r->attn_factor > 0))
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope.scaling.attn_factor is %g, not a finite number above 0", (double)r->attn_factor);
    if (r->original_context != 0 && !(r->original_context >= 1 && r->original_context <= (float)INT32_MAX))
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope.scaling.original_context_length (original_max_position_embeddings) is %g, not a number of tokens",
                              (double)r->original_context);
    if (r->scaling == MOTE_ROPE_YARN &&
        !(r->beta_fast > 0 && r->beta_slow > 0 && r->beta_fast >= r->beta_slow && r->original_context > 0 && isfinite(r->original_context) && r->base > 1))
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope scaling: beta_fast, beta_slow and original_max_position_embeddings don't fit together");
    if (r->scaling == MOTE_ROPE_LLAMA3 && !(r->low_freq_factor > 0 && r->high_freq_factor > r->low_freq_factor && r->original_context > 0 && isfinite(r->original_context)))
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope scaling: low_freq_factor, high_freq_factor and original_max_position_embeddings don't fit together");
    return MOTE_OK;
}

static mote_status check_layer(const mote_hparams *h, uint32_t l, mote_error *err) {
    const mote_layer_hparams *layer = &h->layers[l];
    if (layer->mixer == MOTE_MIXER_ATTENTION) {
        MOTE_TRY(check_range("attention.head_count (num_attention_heads)", layer->n_heads, 1, MOTE_HPARAMS_MAX_WIDTH, err));
        MOTE_TRY(check_range("attention.head_count_kv (num_key_value_heads)", layer->n_kv_heads, 1, layer->n_heads, err));
        if (layer->n_heads % layer->n_kv_heads != 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "attention.head_count %u is no multiple of attention.head_count_kv %u", layer->n_heads, layer->n_kv_heads);
        if ((uint64_t)layer->n_heads * h->head_dim > MOTE_HPARAMS_MAX_WIDTH)
            return mote_error_set(err, MOTE_ERR_FORMAT, "attention.head_count %u times key_length %u is too large", layer->n_heads, h->head_dim);
    }
    return layer->has_experts ? MOTE_OK : check_range("feed_forward_length (intermediate_size)", layer->n_ff, 1, MOTE_HPARAMS_MAX_WIDTH, err);
}

static mote_status check_experts(const mote_hparams *h, mote_error *err) {
    if (h->experts.n == 0)
        return MOTE_OK;
    MOTE_TRY(check_range("expert_count (num_experts)", h->experts.n, 1, MOTE_HPARAMS_MAX_EXPERTS, err));
    uint32_t most = h->experts.n < MOTE_HPARAMS_MAX_EXPERTS_USED ? h->experts.n : MOTE_HPARAMS_MAX_EXPERTS_USED;
    MOTE_TRY(check_range("expert_used_count (num_experts_per_tok)", h->experts.n_used, 1, most, err));
    return check_range("expert_feed_forward_length (moe_intermediate_size)", h->experts.n_ff, 1, MOTE_HPARAMS_MAX_WIDTH, err);
}

static bool is_scale(float x) {
    return isfinite(x) && x > 0;
}

static mote_status check_scales(const mote_hparams *h, mote_error *err) {
    if (!(isfinite(h->norm_eps) && h->norm_eps >= 0 && h->norm_eps < 1))
        return mote_error_set(err, MOTE_ERR_FORMAT, "attention.layer_norm_rms_epsilon (rms_norm_eps) is %g, not a finite number of 0 to 1", (double)h->norm_eps);
    if (!(isfinite(h->attn_scale) && isfinite(h->attn_softcap) && h->attn_softcap >= 0 && isfinite(h->final_softcap) && h->final_softcap >= 0))
        return mote_error_set(err, MOTE_ERR_FORMAT, "attention scale or soft-capping is not finite");
    if (!is_scale(h->embed_scale) || !is_scale(h->residual_scale) || !is_scale(h->logit_scale))
        return mote_error_set(err, MOTE_ERR_FORMAT, "embedding_scale, residual_scale or logit_scale (the multipliers) is not a finite number above 0");
    return MOTE_OK;
}

mote_status mote_hparams_check(const mote_hparams *h, mote_error *err) {
    MOTE_TRY(check_range("block_count (num_hidden_layers)", h->n_layers, 1, MOTE_HPARAMS_MAX_LAYERS, err));
    MOTE_TRY(check_range("context_length (max_position_embeddings)", h->n_ctx_train, 1, UINT32_MAX, err));
    MOTE_TRY(check_range("embedding_length (hidden_size)", h->n_embd, 1, MOTE_HPARAMS_MAX_WIDTH, err));
    MOTE_TRY(check_range("attention.key_length (head_dim)", h->head_dim, 1, MOTE_HPARAMS_MAX_HEAD_DIM, err));
    MOTE_TRY(check_range("vocab_size", h->n_vocab, 1, MOTE_HPARAMS_MAX_VOCAB, err));
    for (uint32_t l = 0; l < h->n_layers; l++)
        MOTE_TRY(check_layer(h, l, err));
    MOTE_TRY(check_experts(h, err));
    MOTE_TRY(mote_hparams_check_recurrent(h, err));
    MOTE_TRY(check_scales(h, err));
    MOTE_TRY(mote_hparams_check_encoder(h, err));
    if (h->family->is_encoder && !h->layers[0].has_rope)
        return MOTE_OK;
    if (h->n_rot == 0 || h->n_rot % 2 != 0 || h->n_rot > h->head_dim)
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope.dimension_count is %u, not an even number of 2 to the head's %u", h->n_rot, h->head_dim);
    MOTE_TRY(check_rope(&h->rope, err));
    return check_rope(&h->rope_local, err);
}

mote_status mote_hparams_init_layers(mote_hparams *h, mote_error *err) {
    MOTE_TRY(check_range("block_count (num_hidden_layers)", h->n_layers, 1, MOTE_HPARAMS_MAX_LAYERS, err));
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l] = (mote_layer_hparams){
            .n_heads = h->n_heads, .n_kv_heads = h->n_kv_heads, .n_ff = h->n_ff, .has_rope = h->family->no_rope_period == 0 || (l + 1) % h->family->no_rope_period != 0};
    return MOTE_OK;
}

void mote_hparams_set_window_period(mote_hparams *h, uint32_t period) {
    for (uint32_t l = 0; l < h->n_layers; l++)
        h->layers[l].is_windowed = period == 0 || (l + 1) % period != 0;
}

void mote_hparams_take_largest(mote_hparams *h) {
    h->n_heads = h->n_kv_heads = h->n_ff = 0;
    for (uint32_t l = 0; l < h->n_layers; l++) {
        const mote_layer_hparams *layer = &h->layers[l];
        h->n_heads = layer->n_heads > h->n_heads ? layer->n_heads : h->n_heads;
        h->n_kv_heads = layer->n_kv_heads > h->n_kv_heads ? layer->n_kv_heads : h->n_kv_heads;
        h->n_ff = layer->n_ff > h->n_ff ? layer->n_ff : h->n_ff;
    }
}
