#include "model/hparams.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

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
    if (r->scaling == MOTE_ROPE_LLAMA3 && !(r->low_freq_factor > 0 && r->high_freq_factor > r->low_freq_factor && r->original_context > 0 && isfinite(r->original_context)))
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope scaling: low_freq_factor, high_freq_factor and original_max_position_embeddings don't fit together");
    return MOTE_OK;
}

mote_status mote_hparams_check(const mote_hparams *h, mote_error *err) {
    MOTE_TRY(check_range("block_count (num_hidden_layers)", h->n_layers, 1, MOTE_HPARAMS_MAX_LAYERS, err));
    MOTE_TRY(check_range("context_length (max_position_embeddings)", h->n_ctx_train, 1, UINT32_MAX, err));
    MOTE_TRY(check_range("embedding_length (hidden_size)", h->n_embd, 1, MOTE_HPARAMS_MAX_WIDTH, err));
    MOTE_TRY(check_range("feed_forward_length (intermediate_size)", h->n_ff, 1, MOTE_HPARAMS_MAX_WIDTH, err));
    MOTE_TRY(check_range("attention.head_count (num_attention_heads)", h->n_heads, 1, MOTE_HPARAMS_MAX_WIDTH, err));
    MOTE_TRY(check_range("attention.head_count_kv (num_key_value_heads)", h->n_kv_heads, 1, h->n_heads, err));
    MOTE_TRY(check_range("attention.key_length (head_dim)", h->head_dim, 1, MOTE_HPARAMS_MAX_HEAD_DIM, err));
    MOTE_TRY(check_range("vocab_size", h->n_vocab, 1, MOTE_HPARAMS_MAX_VOCAB, err));
    if (h->n_heads % h->n_kv_heads != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "attention.head_count %u is no multiple of attention.head_count_kv %u", h->n_heads, h->n_kv_heads);
    if ((uint64_t)h->n_heads * h->head_dim > MOTE_HPARAMS_MAX_WIDTH)
        return mote_error_set(err, MOTE_ERR_FORMAT, "attention.head_count %u times key_length %u is too large", h->n_heads, h->head_dim);
    if (!(isfinite(h->norm_eps) && h->norm_eps >= 0 && h->norm_eps < 1))
        return mote_error_set(err, MOTE_ERR_FORMAT, "attention.layer_norm_rms_epsilon (rms_norm_eps) is %g, not a finite number of 0 to 1", (double)h->norm_eps);
    if (!(isfinite(h->attn_scale) && isfinite(h->attn_softcap) && h->attn_softcap >= 0 && isfinite(h->final_softcap) && h->final_softcap >= 0))
        return mote_error_set(err, MOTE_ERR_FORMAT, "attention scale or soft-capping is not finite");
    if (h->family->is_encoder)
        return MOTE_OK;
    if (h->n_rot == 0 || h->n_rot % 2 != 0 || h->n_rot > h->head_dim)
        return mote_error_set(err, MOTE_ERR_FORMAT, "rope.dimension_count is %u, not an even number of 2 to the head's %u", h->n_rot, h->head_dim);
    MOTE_TRY(check_rope(&h->rope, err));
    return check_rope(&h->rope_local, err);
}

void mote_hparams_set_window_period(mote_hparams *h, uint32_t period) {
    memset(h->full_layers, 0, sizeof h->full_layers);
    for (uint32_t l = 0; l < h->n_layers && l < MOTE_HPARAMS_MAX_LAYERS; l++)
        if (period != 0 && (l + 1) % period == 0)
            h->full_layers[l / 64] |= 1ull << (l % 64);
}
