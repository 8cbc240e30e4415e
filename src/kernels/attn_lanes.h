/* Attention over the cache on vectors of VF_LANES floats, for the instruction set whose lanes header was included before; layout and order of sums as in attention.h, reference
 * attn.c.
 *
 * Scores and mix are the same product (attn_tile_lanes.h), done in steps of 32 terms and a few groups of 16 columns; totals live in the output between steps. When there are more
 * rows than VF_WIDENED_ROWS, a step's halves are widened to floats once for all tiles; blocks with scales always are. */
#ifndef MOTE_KERNELS_ATTN_LANES_H
#define MOTE_KERNELS_ATTN_LANES_H

#include "kernels/attn_blocks.h"
#include "kernels/attn_widen_lanes.h"
#include "kernels/exp_lanes.h"

#include <float.h>
#include <math.h>

enum { VF_STEP_COLUMNS = VF_TILE_GROUPS * MOTE_ATTENTION_PANEL };

static inline size_t vf_least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* A step's product with what was widened. */
static void vf_multiply_floats(vf_product p, const float *floats) {
    p.type = MOTE_DTYPE_F32;
    p.stored = floats;
    p.term_stride = MOTE_ATTENTION_PANEL;
    p.group_stride = VF_GROUP_BLOCK;
    vf_multiply(&p);
}

/* The step whose first element is number `at` of a store without scales. */
static inline void vf_multiply_step(vf_product *p, const void *store, size_t at, float *floats) {
    p->stored = (const char *)store + at * (p->type == MOTE_DTYPE_F32 ? sizeof(float) : sizeof(uint16_t));
    if (p->type == MOTE_DTYPE_BF16 || (p->type == MOTE_DTYPE_F16 && p->n_rows > VF_WIDENED_ROWS)) {
        vf_widen_halves(p, floats);
        vf_multiply_floats(*p, floats);
    } else
        vf_multiply(p);
}

static void scores_lanes(const void *k_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *q, size_t q_stride, size_t n_queries, float scale,
                         float *scores, size_t score_stride) {
    _Alignas(64) float floats[VF_TILE_GROUPS * VF_GROUP_BLOCK];
    vf_product p = {.type = type, .row_stride = q_stride, .n_rows = n_queries, .out_stride = score_stride};
    p.term_stride = MOTE_ATTENTION_PANEL;
    p.group_stride = MOTE_ATTENTION_PANEL * head_dim;
    size_t panel_bytes = mote_attention_panel_bytes(type, head_dim);
    for (size_t pos = first; pos < last; pos += VF_STEP_COLUMNS) {
        p.n_columns = vf_least(last - pos, VF_STEP_COLUMNS);
        p.out = scores + (pos - first);
        for (size_t d = 0; d < head_dim; d += MOTE_ATTENTION_BLOCK) {
            p.n_terms = vf_least(head_dim - d, MOTE_ATTENTION_BLOCK);
            p.rows = q + d;
            p.is_first = d == 0;
            p.factor = d + p.n_terms == head_dim ? scale : 1.0f;
            if (mote_attention_has_scales(type)) {
                const uint8_t *panel = (const uint8_t *)k_store + pos / MOTE_ATTENTION_PANEL * panel_bytes + mote_dtype_row_bytes(type, d) * MOTE_ATTENTION_PANEL;
                vf_widen_key_blocks(&p, panel, panel_bytes, floats);
                vf_multiply_floats(p, floats);
            } else
                vf_multiply_step(&p, k_store, mote_attention_key_index(head_dim, pos, d), floats);
        }
    }
}

static void mix_lanes(const void *v_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *weights, size_t weight_stride, size_t n_queries, float *out,
                      size_t out_stride) {
    _Alignas(64) float floats[VF_TILE_GROUPS * VF_GROUP_BLOCK];
    vf_product p = {.type = type, .row_stride = weight_stride, .n_rows = n_queries, .out_stride = out_stride, .factor = 1.0f};
    p.term_stride = mote_attention_padded(head_dim);
    p.group_stride = MOTE_ATTENTION_PANEL;
    size_t row_bytes = mote_attention_row_bytes(type, head_dim);
    for (size_t pos = first, end; pos < last; pos = end) {
        end = mote_attention_block_end(pos, last);
        p.n_terms = end - pos;
        p.rows = weights + (pos - first);
        p.is_first = pos == first;
        for (size_t d = 0; d < head_dim; d += VF_STEP_COLUMNS) {
            p.n_columns = vf_least(head_dim - d, VF_STEP_COLUMNS);
            p.out = out + d;
            if (mote_attention_has_scales(type)) {
                vf_widen_value_blocks(&p, (const uint8_t *)v_store + pos * row_bytes, row_bytes, d, floats);
                vf_multiply_floats(p, floats);
            } else
                vf_multiply_step(&p, v_store, pos * p.term_stride + d, floats);
        }
    }
}

/* exp(x - most) of 16 scores, added to the partial sums. */
VF_INLINE void vf_exp_group(float *x, vf most, vf *partial) {
    VF_UNROLL
    for (size_t v = 0; v < VF_GROUP_VECTORS; v++) {
        vf e = vf_exp_nonpositive(vf_sub(vf_load(x + v * VF_LANES), most));
        vf_store(x + v * VF_LANES, e);
        partial[v] = vf_add(partial[v], e);
    }
}

/* The scores that lack in the last group count as -inf: they are no maximum and add 0. */
static mote_attention_sum weigh_lanes(float *scores, size_t n) {
    size_t n_whole = n / MOTE_ATTENTION_PANEL * MOTE_ATTENTION_PANEL;
    float last[MOTE_ATTENTION_PANEL], lanes[MOTE_ATTENTION_PANEL], top = -FLT_MAX, sum = 0.0f;
    for (size_t i = 0; i < MOTE_ATTENTION_PANEL; i++)
        last[i] = n_whole + i < n ? scores[n_whole + i] : -INFINITY;
    vf most[VF_GROUP_VECTORS], partial[VF_GROUP_VECTORS];
    for (size_t v = 0; v < VF_GROUP_VECTORS; v++) {
        most[v] = vf_max(vf_load(last + v * VF_LANES), vf_set(top));
        partial[v] = vf_set(0.0f);
    }
    for (size_t i = 0; i < n_whole; i += MOTE_ATTENTION_PANEL)
        VF_UNROLL
    for (size_t v = 0; v < VF_GROUP_VECTORS; v++)
        most[v] = vf_max(vf_load(scores + i + v * VF_LANES), most[v]);
    for (size_t v = 0; v < VF_GROUP_VECTORS; v++)
        vf_store(lanes + v * VF_LANES, most[v]);
    for (size_t i = 0; i < MOTE_ATTENTION_PANEL; i++)
        top = lanes[i] > top ? lanes[i] : top;
    for (size_t i = 0; i < n_whole; i += MOTE_ATTENTION_PANEL)
        vf_exp_group(scores + i, vf_set(top), partial);
    if (n_whole < n)
        vf_exp_group(last, vf_set(top), partial);
    for (size_t i = n_whole; i < n; i++)
        scores[i] = last[i - n_whole];
    for (size_t v = 0; v < VF_GROUP_VECTORS; v++)
        vf_store(lanes + v * VF_LANES, partial[v]);
    for (size_t i = 0; i < MOTE_ATTENTION_PANEL; i++)
        sum += lanes[i];
    return (mote_attention_sum){top, sum};
}

static float softmax_lanes(float *scores, size_t n) {
    return weigh_lanes(scores, n).sum;
}

static void join_lanes(mote_attention_sum *all, float *all_mix, mote_attention_sum next, const float *next_mix, size_t n) {
    float most = next.most > all->most ? next.most : all->most, before = mote_exp_nonpositive(all->most - most), after = mote_exp_nonpositive(next.most - most);
    all->most = most;
    all->sum = fmaf(next.sum, after, all->sum * before);
    size_t d = 0;
    for (; d + VF_LANES <= n; d += VF_LANES)
        vf_store(all_mix + d, vf_fma(vf_load(next_mix + d), vf_set(after), vf_mul(vf_load(all_mix + d), vf_set(before))));
    for (; d < n; d++)
        all_mix[d] = fmaf(next_mix[d], after, all_mix[d] * before);
}

/* x [n <= 16] to 16 stored elements side by side, the excess 0. */
static void vf_narrow(mote_dtype type, const float *x, size_t n, void *elements) {
    float group[MOTE_ATTENTION_PANEL] = {0};
    for (size_t i = 0; i < n; i++)
        group[i] = x[i];
    for (size_t i = 0; i < MOTE_ATTENTION_PANEL; i += VF_LANES)
        if (type == MOTE_DTYPE_F16)
            vf_store_f16((uint16_t *)elements + i, vf_load(group + i));
        else if (type == MOTE_DTYPE_BF16)
            vf_store_bf16((uint16_t *)elements + i, vf_load(group + i));
        else
            vf_store((float *)elements + i, vf_load(group + i));
}

static void store_k_lanes(void *k_store, mote_dtype type, size_t head_dim, size_t pos, const float *k) {
    if (mote_attention_has_scales(type)) {
        mote_attn_blocks_store_key(k_store, type, head_dim, pos, k);
        return;
    }
    for (size_t d0 = 0; d0 < head_dim; d0 += MOTE_ATTENTION_PANEL) {
        union {
            float f[MOTE_ATTENTION_PANEL];
            uint16_t h[MOTE_ATTENTION_PANEL];
        } group;
        size_t n = vf_least(head_dim - d0, MOTE_ATTENTION_PANEL), at = mote_attention_key_index(head_dim, pos, d0);
        vf_narrow(type, k + d0, n, &group);
        for (size_t i = 0; i < n; i++, at += MOTE_ATTENTION_PANEL)
            if (type == MOTE_DTYPE_F32)
                ((float *)k_store)[at] = group.f[i];
            else
                ((uint16_t *)k_store)[at] = group.h[i];
    }
}

static void store_v_lanes(void *v_store, mote_dtype type, size_t head_dim, size_t pos, const float *v) {
    if (mote_attention_has_scales(type)) {
        mote_attn_blocks_store_value(v_store, type, head_dim, pos, v);
        return;
    }
    size_t row = mote_attention_padded(head_dim), element = type == MOTE_DTYPE_F32 ? sizeof(float) : sizeof(uint16_t);
    for (size_t d = 0; d < head_dim; d += MOTE_ATTENTION_PANEL)
        vf_narrow(type, v + d, vf_least(head_dim - d, MOTE_ATTENTION_PANEL), (char *)v_store + (pos * row + d) * element);
}

static inline void vf_fill_attn_table(mote_kernels *k) {
    k->attn.store_k = store_k_lanes;
    k->attn.store_v = store_v_lanes;
    k->attn.scores = scores_lanes;
    k->attn.weigh = weigh_lanes;
    k->attn.join = join_lanes;
    k->attn.softmax = softmax_lanes;
    k->attn.mix = mix_lanes;
}

#endif
