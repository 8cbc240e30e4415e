/* The product under attn_lanes.h: rows of floats (queries or weights) times up to 32 terms of stored elements, whose columns (positions or channels) come in groups of 16.
 *
 * A tile is up to VF_TILE_ROWS rows times VF_TILE_GROUPS groups, or one group at the end; its accumulators stay in registers through all terms. A fused multiply-add has a latency
 * of about four and two begin a cycle, so a tile wants eight or more accumulators. F16 is widened as it is loaded; BF16, the rarer cache, must be widened before. */
#ifndef MOTE_KERNELS_ATTN_TILE_LANES_H
#define MOTE_KERNELS_ATTN_TILE_LANES_H

#include "kernels/attention.h"
#include "kernels/kernels.h"
#include "kernels/unroll.h"

enum { VF_GROUP_VECTORS = MOTE_ATTENTION_PANEL / VF_LANES };

/* out[r][c] = (out[r][c] + sum_i rows[r][i] * stored[i][c]) * factor */
typedef struct vf_product {
    const void *stored;               /* [groups][terms][16] */
    mote_dtype type;                  /* F32 or F16 */
    size_t term_stride, group_stride; /* elements from a term to the next, from a group to the next */
    size_t n_terms, n_columns;        /* at most 32; any */
    const float *rows;                /* [n_rows at row_stride][n_terms] */
    size_t row_stride, n_rows;
    float *out; /* [n_rows at out_stride][n_columns] */
    size_t out_stride;
    bool is_first; /* out holds nothing yet: take 0 */
    float factor;
} vf_product;

VF_INLINE vf vf_load_stored(const void *stored, const mote_dtype type, size_t at) {
    return type == MOTE_DTYPE_F16 ? vf_load_f16((const uint16_t *)stored + at) : vf_load((const float *)stored + at);
}

VF_INLINE vf vf_total(const vf_product *p, vf before, vf acc) {
    return vf_mul(vf_add(before, acc), vf_set(p->factor));
}

/* Adds a row of accumulators to the n_columns there are: the end of the output, not worth a tile's unrolled code. */
static __attribute__((noinline)) void vf_finish_part(const vf_product *p, float *out, const float *acc, size_t n_columns) {
    for (; n_columns >= VF_LANES; n_columns -= VF_LANES, out += VF_LANES, acc += VF_LANES)
        vf_store(out, vf_total(p, p->is_first ? vf_set(0.0f) : vf_load(out), vf_load(acc)));
    if (n_columns)
        vf_store_part(out, vf_total(p, p->is_first ? vf_set(0.0f) : vf_load_part(out, n_columns), vf_load(acc)), n_columns);
}

VF_INLINE void vf_multiply_tile(const vf_product *p, size_t row, size_t column, const mote_dtype type, const size_t n_rows, const size_t n_groups) {
    const size_t n_vectors = n_groups * VF_GROUP_VECTORS;
    vf acc[VF_TILE_ROWS][VF_TILE_GROUPS * VF_GROUP_VECTORS];
    VF_UNROLL
    for (size_t r = 0; r < n_rows; r++)
        VF_UNROLL
    for (size_t v = 0; v < n_vectors; v++)
        acc[r][v] = vf_set(0.0f);
    const float *rows = p->rows + row * p->row_stride;
    size_t at = column / MOTE_ATTENTION_PANEL * p->group_stride;
    for (size_t i = 0; i < p->n_terms; i++, rows++, at += p->term_stride) {
        vf a[VF_TILE_ROWS];
        VF_UNROLL
        for (size_t r = 0; r < n_rows; r++)
            a[r] = vf_set(rows[r * p->row_stride]);
        VF_UNROLL
        for (size_t v = 0; v < n_vectors; v++) {
            vf b = vf_load_stored(p->stored, type, at + v / VF_GROUP_VECTORS * p->group_stride + v % VF_GROUP_VECTORS * VF_LANES);
            VF_UNROLL
            for (size_t r = 0; r < n_rows; r++)
                acc[r][v] = vf_fma(a[r], b, acc[r][v]);
        }
    }
    VF_UNROLL
    for (size_t r = 0; r < n_rows; r++) {
        float *out = p->out + (row + r) * p->out_stride + column;
        if (column + n_vectors * VF_LANES > p->n_columns) {
            float part[VF_TILE_GROUPS * MOTE_ATTENTION_PANEL];
            VF_UNROLL
            for (size_t v = 0; v < n_vectors; v++)
                vf_store(part + v * VF_LANES, acc[r][v]);
            vf_finish_part(p, out, part, p->n_columns - column);
            continue;
        }
        VF_UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            vf_store(out + v * VF_LANES, vf_total(p, p->is_first ? vf_set(0.0f) : vf_load(out + v * VF_LANES), acc[r][v]));
    }
}

/* n_rows rows of all columns. The last whole tile may go over the end by less than a group, never by one that isn't there. */
VF_INLINE void vf_multiply_columns(const vf_product *p, size_t row, const mote_dtype type, const size_t n_rows) {
    size_t column = 0;
    for (; column + (VF_TILE_GROUPS - 1) * MOTE_ATTENTION_PANEL < p->n_columns; column += VF_TILE_GROUPS * MOTE_ATTENTION_PANEL)
        vf_multiply_tile(p, row, column, type, n_rows, VF_TILE_GROUPS);
    for (; column < p->n_columns; column += MOTE_ATTENTION_PANEL)
        vf_multiply_tile(p, row, column, type, n_rows, 1);
}

/* All rows, in tiles as even as can be (5 rows are 3 and 2). */
VF_INLINE void vf_multiply_rows(const vf_product *p, const mote_dtype type) {
    size_t n_tiles = (p->n_rows + VF_TILE_ROWS - 1) / VF_TILE_ROWS;
    for (size_t tile = 0, row = 0, n; tile < n_tiles; tile++, row += n) {
        n = (p->n_rows - row + n_tiles - tile - 1) / (n_tiles - tile);
        switch (n) {
        case 1:
            vf_multiply_columns(p, row, type, 1);
            break;
        case 2:
            vf_multiply_columns(p, row, type, 2);
            break;
        case 3:
            vf_multiply_columns(p, row, type, 3);
            break;
#if VF_TILE_ROWS == 4
        case 4:
            vf_multiply_columns(p, row, type, 4);
            break;
#endif
        }
    }
}

static void vf_multiply(const vf_product *p) {
    if (p->type == MOTE_DTYPE_F16)
        vf_multiply_rows(p, MOTE_DTYPE_F16);
    else
        vf_multiply_rows(p, MOTE_DTYPE_F32);
}

#endif
