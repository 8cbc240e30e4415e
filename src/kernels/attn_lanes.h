/* Attention over the cache on vectors of VF_LANES floats, for the instruction set whose lanes header was included before; layout and order of sums as in attention.h, reference
 * attn.c.
 *
 * Scores and mix are the same product: rows of floats (queries, weights) times blocks of 32 x 16 stored elements. A step takes VF_TILE_GROUPS such blocks, widens them to float
 * once (F32 is used in place) and multiplies them with all rows, in tiles of up to VF_TILE_QUERIES rows whose accumulators stay in registers. Totals live in the output. */
#ifndef MOTE_KERNELS_ATTN_LANES_H
#define MOTE_KERNELS_ATTN_LANES_H

#include "kernels/attention.h"
#include "kernels/exp_lanes.h"
#include "kernels/kernels.h"

#include <float.h>

#if defined(__clang__)
#define VF_UNROLL _Pragma("unroll")
#else
#define VF_UNROLL _Pragma("GCC unroll 16")
#endif

enum { VF_GROUP_VECTORS = MOTE_ATTENTION_PANEL / VF_LANES, VF_GROUP_BLOCK = MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_PANEL };

/* One step of a product: out[r][c] = (out[r][c] + sum_i rows[r][i] * stored[i][c]) * factor. */
typedef struct vf_step {
    const float *stored;                /* [groups][n_terms at stored_stride][16] */
    size_t stored_stride, group_stride; /* floats from a term to the next, from a group of 16 columns to the next */
    size_t n_terms, n_columns;          /* at most 32; at most 16 a group */
    const float *rows;                  /* [n_rows at row_stride][n_terms] */
    size_t row_stride, n_rows;
    float *out; /* [n_rows at out_stride][n_columns] */
    size_t out_stride;
    bool is_first; /* out holds nothing yet: take 0 */
    float factor;
} vf_step;

static inline __attribute__((always_inline)) void vf_finish(const vf_step *s, float *out, vf acc, size_t n_columns) {
    vf total = s->is_first ? vf_set(0.0f) : n_columns < VF_LANES ? vf_load_part(out, n_columns) : vf_load(out);
    total = vf_mul(vf_add(total, acc), vf_set(s->factor));
    if (n_columns < VF_LANES)
        vf_store_part(out, total, n_columns);
    else
        vf_store(out, total);
}

static inline __attribute__((always_inline)) void vf_multiply_tile(const vf_step *s, size_t row, const size_t n_rows, const size_t n_groups) {
    enum { MOST = VF_TILE_GROUPS * VF_GROUP_VECTORS };
    const size_t n_vectors = n_groups * VF_GROUP_VECTORS;
    vf acc[VF_TILE_QUERIES][MOST];
    VF_UNROLL for (size_t r = 0; r < n_rows; r++) VF_UNROLL for (size_t v = 0; v < n_vectors; v++) acc[r][v] = vf_set(0.0f);
    const float *rows = s->rows + row * s->row_stride, *stored = s->stored;
    for (size_t i = 0; i < s->n_terms; i++, rows++, stored += s->stored_stride) {
        vf b[MOST];
        VF_UNROLL for (size_t v = 0; v < n_vectors; v++) b[v] = vf_load(stored + v / VF_GROUP_VECTORS * s->group_stride + v % VF_GROUP_VECTORS * VF_LANES);
        VF_UNROLL for (size_t r = 0; r < n_rows; r++) {
            vf a = vf_set(rows[r * s->row_stride]);
            VF_UNROLL for (size_t v = 0; v < n_vectors; v++) acc[r][v] = vf_fma(a, b[v], acc[r][v]);
        }
    }
    VF_UNROLL for (size_t r = 0; r < n_rows; r++) {
        float *out = s->out + (row + r) * s->out_stride;
        VF_UNROLL for (size_t v = 0; v < n_vectors; v++) if (v * VF_LANES < s->n_columns) vf_finish(s, out + v * VF_LANES, acc[r][v], s->n_columns - v * VF_LANES);
    }
}

/* Every number of rows has its own unrolled tile. */
static inline __attribute__((always_inline)) void vf_multiply_rows(const vf_step *s, size_t row, size_t n_rows, const size_t n_groups) {
    switch (n_rows) {
    case 1:
        vf_multiply_tile(s, row, 1, n_groups);
        break;
    case 2:
        vf_multiply_tile(s, row, 2, n_groups);
        break;
    case 3:
        vf_multiply_tile(s, row, 3, n_groups);
        break;
    case 4:
        vf_multiply_tile(s, row, 4, n_groups);
        break;
#if VF_TILE_QUERIES >= 6
    case 5:
        vf_multiply_tile(s, row, 5, n_groups);
        break;
    case 6:
        vf_multiply_tile(s, row, 6, n_groups);
        break;
#endif
#if VF_TILE_QUERIES >= 8
    case 7:
        vf_multiply_tile(s, row, 7, n_groups);
        break;
    case 8:
        vf_multiply_tile(s, row, 8, n_groups);
        break;
#endif
    }
}

/* All rows, in tiles as even as can be (9 rows are 5 and 4). */
static void vf_multiply(const vf_step *s) {
    size_t n_tiles = (s->n_rows + VF_TILE_QUERIES - 1) / VF_TILE_QUERIES;
    for (size_t tile = 0, row = 0; tile < n_tiles; tile++) {
        size_t n = (s->n_rows - row + n_tiles - tile - 1) / (n_tiles - tile);
        if (VF_TILE_GROUPS > 1 && s->n_columns > MOTE_ATTENTION_PANEL)
            vf_multiply_rows(s, row, n, VF_TILE_GROUPS);
        else
            vf_multiply_rows(s, row, n, 1);
        row += n;
    }
}

/* Rows of 16 halves, at `stride`, to floats [n][16]. */
static void vf_widen(const uint16_t *halves, size_t stride, mote_dtype type, size_t n, float *floats) {
    for (size_t i = 0; i < n; i++, halves += stride, floats += MOTE_ATTENTION_PANEL)
        VF_UNROLL for (size_t v = 0; v < VF_GROUP_VECTORS; v++)
            vf_store(floats + v * VF_LANES, type == MOTE_DTYPE_F16 ? vf_load_f16(halves + v * VF_LANES) : vf_load_bf16(halves + v * VF_LANES));
}

/* Lets the step read the block of n_terms x 16 elements a group that begins at element `at` of the store. Groups that the step's columns don't reach are left alone. */
static inline void vf_take_stored(vf_step *s, const void *store, mote_dtype type, size_t at, size_t term_stride, size_t group_stride, float *widened) {
    if (type == MOTE_DTYPE_F32) {
        s->stored = (const float *)store + at;
        s->stored_stride = term_stride;
        s->group_stride = group_stride;
        return;
    }
    s->stored = widened;
    s->stored_stride = MOTE_ATTENTION_PANEL;
    s->group_stride = VF_GROUP_BLOCK;
    for (size_t group = 0; group * MOTE_ATTENTION_PANEL < s->n_columns; group++)
        vf_widen((const uint16_t *)store + at + group * group_stride, term_stride, type, s->n_terms, widened + group * VF_GROUP_BLOCK);
}

static inline size_t vf_least(size_t a, size_t b) {
    return a < b ? a : b;
}

static void scores_lanes(const void *k_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *q, size_t q_stride, size_t n_queries, float scale,
                         float *scores, size_t score_stride) {
    _Alignas(64) float widened[VF_TILE_GROUPS * VF_GROUP_BLOCK];
    vf_step s = {.row_stride = q_stride, .n_rows = n_queries, .out_stride = score_stride};
    for (size_t p = first; p < last; p += VF_TILE_GROUPS * MOTE_ATTENTION_PANEL) {
        s.n_columns = vf_least(last - p, VF_TILE_GROUPS * MOTE_ATTENTION_PANEL);
        s.out = scores + (p - first);
        for (size_t d = 0; d < head_dim; d += MOTE_ATTENTION_BLOCK) {
            s.n_terms = vf_least(head_dim - d, MOTE_ATTENTION_BLOCK);
            s.rows = q + d;
            s.is_first = d == 0;
            s.factor = d + s.n_terms == head_dim ? scale : 1.0f;
            vf_take_stored(&s, k_store, type, mote_attention_key_index(head_dim, p, d), MOTE_ATTENTION_PANEL, MOTE_ATTENTION_PANEL * head_dim, widened);
            vf_multiply(&s);
        }
    }
}

static void mix_lanes(const void *v_store, mote_dtype type, size_t head_dim, size_t first, size_t last, const float *weights, size_t weight_stride, size_t n_queries, float *out,
                      size_t out_stride) {
    _Alignas(64) float widened[VF_TILE_GROUPS * VF_GROUP_BLOCK];
    size_t row = mote_attention_padded(head_dim);
    vf_step s = {.row_stride = weight_stride, .n_rows = n_queries, .out_stride = out_stride, .factor = 1.0f};
    for (size_t p = first, end; p < last; p = end) {
        end = mote_attention_block_end(p, last);
        s.n_terms = end - p;
        s.rows = weights + (p - first);
        s.is_first = p == first;
        for (size_t d = 0; d < head_dim; d += VF_TILE_GROUPS * MOTE_ATTENTION_PANEL) {
            s.n_columns = vf_least(head_dim - d, VF_TILE_GROUPS * MOTE_ATTENTION_PANEL);
            s.out = out + d;
            vf_take_stored(&s, v_store, type, p * row + d, row, MOTE_ATTENTION_PANEL, widened);
            vf_multiply(&s);
        }
    }
}

/* The lane that lacks in the last vector is not there: it neither is the greatest nor adds to the sum. */
static float softmax_lanes(float *scores, size_t n) {
    vf most = vf_set(-FLT_MAX), partial[VF_GROUP_VECTORS];
    size_t n_whole = n / VF_LANES * VF_LANES;
    for (size_t i = 0; i < n_whole; i += VF_LANES)
        most = vf_max(vf_load(scores + i), most);
    float lanes[MOTE_ATTENTION_PANEL], top = -FLT_MAX, sum = 0.0f;
    vf_store(lanes, most);
    for (size_t i = 0; i < VF_LANES; i++)
        top = lanes[i] > top ? lanes[i] : top;
    for (size_t i = n_whole; i < n; i++)
        top = scores[i] > top ? scores[i] : top;
    most = vf_set(top);
    for (size_t v = 0; v < VF_GROUP_VECTORS; v++)
        partial[v] = vf_set(0.0f);
    for (size_t i = 0; i < n_whole; i += VF_LANES) {
        vf e = vf_exp_nonpositive(vf_sub(vf_load(scores + i), most));
        vf_store(scores + i, e);
        partial[i / VF_LANES % VF_GROUP_VECTORS] = vf_add(partial[i / VF_LANES % VF_GROUP_VECTORS], e);
    }
    for (size_t v = 0; v < VF_GROUP_VECTORS; v++)
        vf_store(lanes + v * VF_LANES, partial[v]);
    if (n_whole < n) {
        float last[VF_LANES];
        vf_store(last, vf_exp_nonpositive(vf_sub(vf_load_part(scores + n_whole, n - n_whole), most)));
        for (size_t i = n_whole; i < n; i++) {
            scores[i] = last[i - n_whole];
            lanes[i % MOTE_ATTENTION_PANEL] += scores[i];
        }
    }
    for (size_t i = 0; i < MOTE_ATTENTION_PANEL; i++)
        sum += lanes[i];
    return sum;
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
    size_t row = mote_attention_padded(head_dim), element = type == MOTE_DTYPE_F32 ? sizeof(float) : sizeof(uint16_t);
    for (size_t d = 0; d < head_dim; d += MOTE_ATTENTION_PANEL)
        vf_narrow(type, v + d, vf_least(head_dim - d, MOTE_ATTENTION_PANEL), (char *)v_store + (pos * row + d) * element);
}

static inline void vf_fill_attn_table(mote_kernels *k) {
    k->attn.store_k = store_k_lanes;
    k->attn.store_v = store_v_lanes;
    k->attn.scores = scores_lanes;
    k->attn.softmax = softmax_lanes;
    k->attn.mix = mix_lanes;
}

#endif
