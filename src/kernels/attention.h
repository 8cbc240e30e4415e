/* The layout of the attention cache and the order of its sums: what attn.c (the reference) and attn_lanes.h (every instruction set) agree on, so that their results are bit-equal
 * however queries, positions and threads are cut.
 *
 * A layer's key/value head has two stores of mote_attn_store_bytes each, elements F32, F16, BF16, Q8_0 or Q4_0. With D = head_dim:
 *
 *   keys: panels of 16 positions, [position / 16][D][16]        values: rows, [position][D16], D16 = D rounded up to a multiple of 16, the excess 0
 *
 *            16 positions as lanes                                      D16 channels as lanes
 *           +--+--+--+-- … --+--+                                     +--+--+--+-- … --+--+
 *     d = 0 |p0|p1|p2|       |15|  panel 0                 position 0 |d0|d1|d2|       | 0|
 *     d = 1 |p0|p1|p2|       |15|                          position 1 |d0|d1|d2|       | 0|
 *       …   |                   |                              …      |                   |
 *           +--+--+--+-- … --+--+
 *     d = 0 |16|17|18|       |31|  panel 1
 *
 * In blocks (Q8_0, Q4_0; D a multiple of 32) a row of values is the type's own row. A panel of keys has for each 32 elements d of a head the 16 positions' scales (F16), then the
 * blocks' bytes interleaved: [D / 32]{[16] scales, [block bytes - 2][16]}. What is computed with are the exact products of scale and integer (they fit a float), so that sums are
 * those of any other type.
 *
 * So a score is a chain of fused multiply-adds over d with 16 positions side by side, a mixed value a chain over positions with channels side by side: no horizontal sums. Both are
 * the same product of a small tile: a row of the left side (query or weights) times a stored block.
 *
 * Positions are attended to in spans of MOTE_ATTENTION_SPAN, aligned to position 0: each span has its own largest score, weights exp(score - largest), their sum and their mix, and
 * knows nothing of the others. Spans are joined in ascending order: (most, sum, mix) of those before and of the next become their common largest score and the sums of both, each
 * times exp(own largest - common largest). A query takes part in the spans that it sees something of. So scores never take more room than a span, and a long cache's spans can be
 * computed by several threads.
 *
 * Order of a sum over i (d of a score, the position of a mix): blocks of 32, aligned to i = 0 (positions count from the cache's start, not from `first`); in a block
 * acc = fma(left[i], stored[i], acc), i ascending, from acc = 0; total = total + acc, blocks ascending, from total = 0. A score is total * scale.
 * A weight of 0 (a masked position) leaves the result as it is, bit for bit, while stored values are finite: it can at most turn an accumulator that underflowed to -0 into +0, and
 * a total that began at +0 takes both alike. Therefore a query may share a call with others that see more positions.
 *
 * Stored values: rounded to nearest even; F16 clamps finite and infinite input to +-65504, for an infinity would turn a masked 0 * v into NaN for other queries. Blocks are
 * quantised as in kernels/blocks.h, from values clamped likewise and 0 for NaN. */
#ifndef MOTE_KERNELS_ATTENTION_H
#define MOTE_KERNELS_ATTENTION_H

#include "base/dtype.h"

#include <stddef.h>

#define MOTE_ATTENTION_F16_MOST 65504.0f /* the largest finite half */

enum {
    MOTE_ATTENTION_PANEL = 16, /* positions a key panel; channels a row of values is padded to */
    MOTE_ATTENTION_BLOCK = 32, /* terms in one accumulator before it is added to the total; elements that share a scale */
    MOTE_ATTENTION_SPAN = 256, /* positions whose weights have a largest score of their own */
    MOTE_ATTENTION_SCALES_BYTES = 2 * MOTE_ATTENTION_PANEL
};

/* What a query has come to so far, besides the mix of values. */
typedef struct mote_attention_sum {
    float most, sum; /* the largest score; the sum of the weights exp(score - most) */
} mote_attention_sum;

/* n rounded up to whole panels. */
static inline size_t mote_attention_padded(size_t n) {
    return (n + MOTE_ATTENTION_PANEL - 1) / MOTE_ATTENTION_PANEL * MOTE_ATTENTION_PANEL;
}

/* Bytes of 16 positions in a key store. */
static inline size_t mote_attention_panel_bytes(mote_dtype type, size_t head_dim) {
    return MOTE_ATTENTION_PANEL * mote_dtype_row_bytes(type, head_dim);
}

/* Bytes of a position in a value store. */
static inline size_t mote_attention_row_bytes(mote_dtype type, size_t head_dim) {
    return mote_dtype_row_bytes(type, mote_attention_padded(head_dim));
}

/* Whether elements have a scale for each 32. */
static inline bool mote_attention_has_scales(mote_dtype type) {
    return type == MOTE_DTYPE_Q8_0 || type == MOTE_DTYPE_Q4_0;
}

/* Where stores without scales keep a key's element d (values: position * padded + d). */
static inline size_t mote_attention_key_index(size_t head_dim, size_t position, size_t d) {
    return position / MOTE_ATTENTION_PANEL * MOTE_ATTENTION_PANEL * head_dim + d * MOTE_ATTENTION_PANEL + position % MOTE_ATTENTION_PANEL;
}

/* The end of the block of positions that p is in, at most `last`. */
static inline size_t mote_attention_block_end(size_t p, size_t last) {
    size_t end = p / MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_BLOCK + MOTE_ATTENTION_BLOCK;
    return end < last ? end : last;
}

#endif
