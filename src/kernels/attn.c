/* Attention over the cache: the C reference, in the layout and the order of sums of attention.h. */
#include "kernels/attention.h"
#include "kernels/attn_blocks.h"
#include "kernels/exp.h"
#include "kernels/levels.h"

#include <float.h>

enum { N_PARTIAL = 16 };

static float load(const void *store, mote_dtype type, size_t i) {
    switch (type) {
    case MOTE_DTYPE_F16:
        return mote_half_from_f16(((const uint16_t *)store)[i]);
    case MOTE_DTYPE_BF16:
        return mote_half_from_bf16(((const uint16_t *)store)[i]);
    default:
        return ((const float *)store)[i];
    }
}

static void save(void *store, mote_dtype type, size_t i, float x) {
    switch (type) {
    case MOTE_DTYPE_F16:
        x = x > MOTE_ATTENTION_F16_MOST ? MOTE_ATTENTION_F16_MOST : x < -MOTE_ATTENTION_F16_MOST ? -MOTE_ATTENTION_F16_MOST : x;
        ((uint16_t *)store)[i] = mote_half_to_f16(x);
        break;
    case MOTE_DTYPE_BF16:
        ((uint16_t *)store)[i] = mote_half_to_bf16(x);
        break;
    default:
        ((float *)store)[i] = x;
    }
}

static float load_k(const void *store, mote_dtype type, size_t head_dim, size_t pos, size_t d) {
    if (!mote_attention_has_scales(type))
        return load(store, type, mote_attention_key_index(head_dim, pos, d));
    return mote_attn_blocks_key(store, type, head_dim, pos, d);
}

static float load_v(const void *store, mote_dtype type, size_t head_dim, size_t pos, size_t d) {
    if (!mote_attention_has_scales(type))
        return load(store, type, pos * mote_attention_padded(head_dim) + d);
    return mote_attn_blocks_value(store, type, head_dim, pos, d);
}

static void store_k_c(void *k_store, mote_dtype type, size_t head_dim, size_t pos, const float *k) {
    if (mote_attention_has_scales(type)) {
        mote_attn_blocks_store_key(k_store, type, head_dim, pos, k);
        return;
    }
    for (size_t d = 0; d < head_dim; d++)
        save(k_store, type, mote_attention_key_index(head_dim, pos, d), k[d]);
}

static void store_v_c(void *v_store, mote_dtype type, size_t head_dim, size_t pos, const float *v) {
    size_t row = mote_attention_padded(head_dim);
    if (mote_attention_has_scales(type)) {
        mote_attn_blocks_store_value(v_store, type, head_dim, pos, v);
        return;
    }
    for (size_t d = 0; d < row; d++)
        save(v_store, type, pos * row + d, d < head_dim ? v[d] : 0.0f);
}

static void scores_c(const void *k_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *q, size_t q_stride, size_t n_queries, float scale,
                     float *scores, size_t score_stride) {
    for (size_t g = 0; g < n_queries; g++)
        for (size_t p = first; p < last; p++) {
            float total = 0.0f;
            for (size_t d0 = 0; d0 < head_dim; d0 += MOTE_ATTENTION_BLOCK) {
                float acc = 0.0f;
                for (size_t d = d0; d < head_dim && d < d0 + MOTE_ATTENTION_BLOCK; d++)
                    acc = fmaf(q[g * q_stride + d], load_k(k_store, type, head_dim, p, d), acc);
                total += acc;
            }
            scores[g * score_stride + p - first] = total * scale;
        }
}

static mote_attention_sum weigh_c(float *scores, size_t n) {
    float most = -FLT_MAX, partial[N_PARTIAL] = {0}, sum = 0.0f;
    for (size_t i = 0; i < n; i++)
        most = scores[i] > most ? scores[i] : most;
    for (size_t i = 0; i < n; i++) {
        scores[i] = mote_exp_nonpositive(scores[i] - most);
        partial[i % N_PARTIAL] += scores[i];
    }
    for (int i = 0; i < N_PARTIAL; i++)
        sum += partial[i];
    return (mote_attention_sum){most, sum};
}

static float softmax_c(float *scores, size_t n) {
    return weigh_c(scores, n).sum;
}

static void mix_c(const void *v_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *weights, size_t weight_stride, size_t n_queries, float *out,
                  size_t out_stride) {
    for (size_t g = 0; g < n_queries; g++)
        for (size_t d = 0; d < head_dim; d++) {
            float total = 0.0f;
            for (size_t p0 = first, p1; p0 < last; p0 = p1) {
                p1 = mote_attention_block_end(p0, last);
                float acc = 0.0f;
                for (size_t p = p0; p < p1; p++)
                    acc = fmaf(weights[g * weight_stride + p - first], load_v(v_store, type, head_dim, p, d), acc);
                total += acc;
            }
            out[g * out_stride + d] = total;
        }
}

static void join_c(mote_attention_sum *all, float *all_mix, mote_attention_sum next, const float *next_mix, size_t n) {
    float most = next.most > all->most ? next.most : all->most, before = mote_exp_nonpositive(all->most - most), after = mote_exp_nonpositive(next.most - most);
    all->most = most;
    all->sum = fmaf(next.sum, after, all->sum * before);
    for (size_t d = 0; d < n; d++)
        all_mix[d] = fmaf(next_mix[d], after, all_mix[d] * before);
}

void mote_attn_init_c(mote_kernels *k) {
    k->attn.store_k = store_k_c;
    k->attn.store_v = store_v_c;
    k->attn.scores = scores_c;
    k->attn.weigh = weigh_c;
    k->attn.join = join_c;
    k->attn.softmax = softmax_c;
    k->attn.mix = mix_c;
}
