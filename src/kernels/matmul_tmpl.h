/* The matmul of one instruction set, written in the operations of a matmul_<width>.h header that is included before. It computes what matmul_c.c defines, bit for bit.
 *
 * Few tokens (direct): for each panel and block the numbers are unpacked into registers and multiplied with up to 8 tokens; the weights stream through once.
 * Many tokens (tiled): TILE_ROWS rows are unpacked, CHUNK blocks at a time, into a scratch in the first-level cache; tiles of TILE_COLUMNS tokens keep their sums in registers.
 * Tokens are taken in spans whose activations stay in the second-level cache.
 * What depends on the type is a compile-time constant of an inlined body; matmul_run.h instantiates the bodies and drives them. */
#ifndef MOTE_KERNELS_MATMUL_TMPL_H
#define MOTE_KERNELS_MATMUL_TMPL_H

#include "kernels/levels.h"
#include "kernels/panel.h"
#include "kernels/unpack_tmpl.h"

#include <string.h>

enum {
    TILE_ROWS = TILE_VECTORS * LANES,
    TILE_PANELS = TILE_ROWS / MOTE_PANEL_ROWS,
    CHUNK = 16,           /* blocks of a scratch: 16 to 24 KiB for 32 rows */
    SPAN_TOKENS = 192,    /* tokens that share an unpacked scratch at most */
    DIRECT_CHUNK = 128,   /* blocks for which the direct kernels prepare the activations */
    DIRECT_TOKENS = 16,   /* tokens that they prepare at once */
    PREFETCH_BYTES = 4096 /* into the second-level cache, which has more reads under way than the first */
};

/* Activations of one column, prepared: the scales and, for each sum, what the integer sums start at or what the minimum is multiplied with. */
typedef union prepared_sum {
    int32_t start;
    float factor;
} prepared_sum;

/* Whole vectors are written: out_scale has room for a multiple of LANES, out for twice that. */
INLINE void prepare_column(int n_scales, int offset, const float *scale, const int32_t *sum, size_t n_blocks, float *out_scale, prepared_sum *out) {
    for (size_t b = 0; b < n_blocks; b += LANES) {
        const size_t n = n_blocks - b < LANES ? n_blocks - b : LANES, rest = 2 * n > LANES ? 2 * n - LANES : 0;
        const lanes_f s = lanes_load_part_f(scale + b, n);
        lanes_store_f(out_scale + b, s);
        if (n_scales == 1) {
            const lanes_i both = lanes_load_pair_sums(sum + 2 * b, n);
            if (offset >= 0)
                lanes_store(out + b, lanes_mul_i32(both, -offset));
            else
                lanes_store_f(&out[b].factor, lanes_mul(s, lanes_from_i32(both)));
            continue;
        }
        const lanes_i halves[2] = {lanes_load_part_i32(sum + 2 * b, 2 * n - rest), lanes_load_part_i32(sum + 2 * b + LANES, rest)};
        for (int i = 0; i < 2; i++) {
            if (offset >= 0)
                lanes_store(out + 2 * b + i * LANES, lanes_mul_i32(halves[i], -offset));
            else
                lanes_store_f(&out[2 * b + (size_t)i * LANES].factor, lanes_from_i32(halves[i]));
        }
    }
}

/* What the dot product of a block or half of it begins with. */
INLINE lanes_i begin_dot(int offset, prepared_sum sum) {
    return offset > 0 ? lanes_set_i32(sum.start) : lanes_zero();
}

/* total += what one block adds, from its n_scales dot products: the last step of every quantised kernel. */
INLINE lanes_f add_block(int n_scales, int offset, const lanes_i *dot, const lanes_f *d, const lanes_f *m, float scale, const prepared_sum *sum, lanes_f total) {
    if (n_scales == 1) {
        total = lanes_fma(lanes_from_i32(dot[0]), lanes_mul(d[0], lanes_set_f(scale)), total);
        return offset < 0 ? lanes_fma(m[0], lanes_set_f(sum[0].factor), total) : total;
    }
    lanes_f block = lanes_fma(lanes_from_i32(dot[1]), d[1], lanes_mul(lanes_from_i32(dot[0]), d[0]));
    if (offset < 0)
        block = lanes_fma(m[1], lanes_set_f(sum[1].factor), lanes_fma(m[0], lanes_set_f(sum[0].factor), block));
    return lanes_fma(block, lanes_set_f(scale), total);
}

/* Prepared activations of the direct kernels. */
typedef struct direct_columns {
    float scale[DIRECT_TOKENS][DIRECT_CHUNK];
    prepared_sum sum[DIRECT_TOKENS][2 * DIRECT_CHUNK];
} direct_columns;

/* Adds blocks first..first+n_blocks of one panel times n columns (q of the first block; prepared from column `column` on) to sums [n][16]. */
INLINE void direct_body(type_traits t, const int n, const uint8_t *panel, size_t k, size_t first, size_t n_blocks, const int8_t *q, size_t q_stride, const direct_columns *x,
                        size_t column, float *sums) {
    const size_t quant_bytes = (size_t)(t.low + t.high) * MOTE_PANEL_VECTOR;
    const size_t scale_bytes = (k / (size_t)t.record_len * t.record_bytes + MOTE_PANEL_VECTOR - 1) / MOTE_PANEL_VECTOR * MOTE_PANEL_VECTOR;
    const int offset = traits_offset(t), bits = traits_bits(t), len = 8 / t.n_scales, group = lanes_group(bits) < len ? lanes_group(bits) : len;
    const uint8_t *quants = panel + scale_bytes + first * quant_bytes;
    const float *scale = x->scale[column];
    const prepared_sum *sum = x->sum[column];
    lanes_f total[8][STRIPS];
    UNROLL for (int c = 0; c < n; c++) {
        UNROLL for (int s = 0; s < STRIPS; s++) total[c][s] = lanes_load_f(sums + c * MOTE_PANEL_ROWS + s * LANES);
    }
    for (size_t b = 0; b < n_blocks; b++, quants += quant_bytes, q += MOTE_BLOCK) {
        UNROLL for (size_t l = 0; l < quant_bytes; l += 64) __builtin_prefetch(quants + PREFETCH_BYTES + l, 0, 2);
        UNROLL for (int s = 0; s < STRIPS; s++) {
            lanes_i w[8], dot[8][2];
            lanes_f d[2], m[2];
            unpack_numbers(t, quants + s * STRIP_BYTES, w);
            unpack_scales(t, panel, first + b, s, d, m);
            UNROLL for (int c = 0; c < n; c++) {
                UNROLL for (int h = 0; h < t.n_scales; h++) {
                    dot[c][h] = begin_dot(offset, sum[(size_t)c * 2 * DIRECT_CHUNK + b * (size_t)t.n_scales + (size_t)h]);
                    UNROLL for (int i = h * len; i < (h + 1) * len; i += group) {
                        lanes_i part = lanes_open(dot[c][h]);
                        UNROLL for (int g = i; g < i + group; g++) part = lanes_step(part, w[g], lanes_set_four(q + (size_t)c * q_stride + g * 4), bits, g == i);
                        dot[c][h] = lanes_close(dot[c][h], part);
                    }
                }
            }
            UNROLL for (int c = 0; c < n; c++) {
                const prepared_sum *factors = sum + (size_t)c * 2 * DIRECT_CHUNK + b * (size_t)t.n_scales;
                total[c][s] = add_block(t.n_scales, t.offset, dot[c], d, m, scale[(size_t)c * DIRECT_CHUNK + b], factors, total[c][s]);
            }
        }
    }
    UNROLL for (int c = 0; c < n; c++) {
        UNROLL for (int s = 0; s < STRIPS; s++) lanes_store_f(sums + c * MOTE_PANEL_ROWS + s * LANES, total[c][s]);
    }
}

/* Where a tile's activations begin, and the distances between columns (sums: twice the scales'). */
typedef struct tile_activations {
    const int8_t *q;
    const float *scale;
    const int32_t *sum;
    size_t q_stride, scale_stride;
} tile_activations;

/* Unpacked weights of a large tile, CHUNK blocks; d and m have n_scales entries a block. */
typedef struct tile_scratch {
    _Alignas(64) uint8_t w[CHUNK][8][TILE_VECTORS][STRIP_BYTES];
    float d[2 * CHUNK][TILE_ROWS], m[2 * CHUNK][TILE_ROWS];
} tile_scratch;

INLINE void unpack_body(type_traits t, const uint8_t *panel, size_t panel_bytes, size_t k, size_t first, size_t n_blocks, tile_scratch *out) {
    const size_t quant_bytes = (size_t)(t.low + t.high) * MOTE_PANEL_VECTOR;
    const size_t scale_bytes = (k / (size_t)t.record_len * t.record_bytes + MOTE_PANEL_VECTOR - 1) / MOTE_PANEL_VECTOR * MOTE_PANEL_VECTOR;
    for (int v = 0; v < TILE_VECTORS; v++) {
        const int strip = v % STRIPS;
        const uint8_t *from = panel + (size_t)(v / STRIPS) * panel_bytes, *quants = from + scale_bytes + strip * STRIP_BYTES;
        for (size_t b = 0; b < n_blocks; b++) {
            lanes_i w[8];
            lanes_f d[2], m[2];
            unpack_numbers(t, quants + (first + b) * quant_bytes, w);
            unpack_scales(t, from, first + b, strip, d, m);
            UNROLL for (int i = 0; i < 8; i++) lanes_store(out->w[b][i][v], w[i]);
            UNROLL for (int h = 0; h < t.n_scales; h++) {
                lanes_store_f(out->d[b * (size_t)t.n_scales + (size_t)h] + v * LANES, d[h]);
                if (t.offset < 0)
                    lanes_store_f(out->m[b * (size_t)t.n_scales + (size_t)h] + v * LANES, m[h]);
            }
        }
    }
}

/* A tile's columns for one chunk. */
typedef struct tile_columns {
    float scale[TILE_COLUMNS][CHUNK];
    prepared_sum sum[TILE_COLUMNS][2 * CHUNK];
} tile_columns;

INLINE void prepare_tile(const int n, const int n_scales, const int offset, const tile_activations *from, size_t n_blocks, tile_columns *out) {
    for (int c = 0; c < n; c++) {
        const float *scale = from->scale + (size_t)c * from->scale_stride;
        const int32_t *sum = from->sum + (size_t)c * 2 * from->scale_stride;
        prepare_column(n_scales, offset, scale, sum, n_blocks, out->scale[c], out->sum[c]);
    }
}

/* y [n][TILE_ROWS] = sums [n][TILE_ROWS] (zero if NULL) + scratch times n columns. offset: the type's, or 0 where the numbers are signed. */
INLINE void tile_body(const int n, const int n_scales, const int offset, const int bits, const tile_scratch *weights, size_t n_blocks, const tile_activations *from,
                      const float *sums, float *y, size_t y_stride) {
    tile_columns columns, *x = &columns;
    const int8_t *q = from->q;
    const size_t q_stride = from->q_stride;
    prepare_tile(n, n_scales, offset, from, n_blocks, x);
    const int len = 8 / n_scales, group = lanes_group(bits) < len ? lanes_group(bits) : len;
    lanes_f total[TILE_COLUMNS][TILE_VECTORS];
    UNROLL for (int c = 0; c < n; c++) {
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) total[c][v] = sums ? lanes_load_f(sums + c * TILE_ROWS + v * LANES) : lanes_zero_f();
    }
    for (size_t b = 0; b < n_blocks; b++, q += MOTE_BLOCK) {
        const size_t at = b * (size_t)n_scales;
        lanes_i dot[TILE_COLUMNS][TILE_VECTORS][2];
        UNROLL for (int h = 0; h < n_scales; h++) {
            UNROLL for (int c = 0; c < n; c++) {
                UNROLL for (int v = 0; v < TILE_VECTORS; v++) dot[c][v][h] = begin_dot(offset, x->sum[c][at + (size_t)h]);
            }
            UNROLL for (int i = h * len; i < (h + 1) * len; i += group) {
                lanes_i part[TILE_COLUMNS][TILE_VECTORS];
                UNROLL for (int c = 0; c < n; c++) {
                    UNROLL for (int v = 0; v < TILE_VECTORS; v++) part[c][v] = lanes_open(dot[c][v][h]);
                }
                UNROLL for (int g = i; g < i + group; g++) {
                    lanes_i w[TILE_VECTORS];
                    UNROLL for (int v = 0; v < TILE_VECTORS; v++) w[v] = lanes_load(weights->w[b][g][v]);
                    UNROLL for (int c = 0; c < n; c++) {
                        const lanes_i four = lanes_set_four(q + (size_t)c * q_stride + g * 4);
                        UNROLL for (int v = 0; v < TILE_VECTORS; v++) part[c][v] = lanes_step(part[c][v], w[v], four, bits, g == i);
                    }
                }
                UNROLL for (int c = 0; c < n; c++) {
                    UNROLL for (int v = 0; v < TILE_VECTORS; v++) dot[c][v][h] = lanes_close(dot[c][v][h], part[c][v]);
                }
            }
        }
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) {
            lanes_f d[2], m[2];
            UNROLL for (int h = 0; h < n_scales; h++) {
                d[h] = lanes_load_f(weights->d[at + (size_t)h] + v * LANES);
                m[h] = lanes_load_f(weights->m[at + (size_t)h] + v * LANES);
            }
            UNROLL for (int c = 0; c < n; c++) total[c][v] = add_block(n_scales, offset, dot[c][v], d, m, x->scale[c][b], x->sum[c] + at, total[c][v]);
        }
    }
    UNROLL for (int c = 0; c < n; c++) {
        UNROLL for (int v = 0; v < TILE_VECTORS; v++) lanes_store_f(y + (size_t)c * y_stride + v * LANES, total[c][v]);
    }
}

#endif
