/* The layout of the attention cache and the order of its sums: what attn.c (the reference) and attn_lanes.h (every instruction set) agree on, so that their results are bit-equal
 * however queries, positions and threads are cut.
 *
 * A layer's key/value head has two stores of mote_attn_store_bytes each, elements F32, F16 or BF16. With D = head_dim:
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
 * So a score is a chain of fused multiply-adds over d with 16 positions side by side, a mixed value a chain over positions with channels side by side: no horizontal sums. Both are
 * the same product of a small tile: a row of the left side (query or weights) times a stored block.
 *
 * Order of a sum over i (d of a score, the position of a mix): blocks of 32, aligned to i = 0 (positions count from the cache's start, not from `first`); in a block
 * acc = fma(left[i], stored[i], acc), i ascending, from acc = 0; total = total + acc, blocks ascending, from total = 0. A score is total * scale.
 * A weight of 0 (a masked position) leaves the result as it is, bit for bit, while stored values are finite: it can at most turn an accumulator that underflowed to -0 into +0, and
 * a total that began at +0 takes both alike. Therefore a query may share a call with others that see more positions.
 *
 * Stored values: rounded to nearest even; F16 clamps finite and infinite input to +-65504, for an infinity would turn a masked 0 * v into NaN for other queries. */
#ifndef MOTE_KERNELS_ATTENTION_H
#define MOTE_KERNELS_ATTENTION_H

#include <stddef.h>

#define MOTE_ATTENTION_F16_MOST 65504.0f /* the largest finite half */

enum {
    MOTE_ATTENTION_PANEL = 16, /* positions a key panel; channels a row of values is padded to */
    MOTE_ATTENTION_BLOCK = 32  /* terms in one accumulator before it is added to the total */
};

/* n rounded up to whole panels. */
static inline size_t mote_attention_padded(size_t n) {
    return (n + MOTE_ATTENTION_PANEL - 1) / MOTE_ATTENTION_PANEL * MOTE_ATTENTION_PANEL;
}

/* Where the stores keep a key's element d (values: position * padded + d). */
static inline size_t mote_attention_key_index(size_t head_dim, size_t position, size_t d) {
    return position / MOTE_ATTENTION_PANEL * MOTE_ATTENTION_PANEL * head_dim + d * MOTE_ATTENTION_PANEL + position % MOTE_ATTENTION_PANEL;
}

/* The end of the block of positions that p is in, at most `last`. */
static inline size_t mote_attention_block_end(size_t p, size_t last) {
    size_t end = p / MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_BLOCK + MOTE_ATTENTION_BLOCK;
    return end < last ? end : last;
}

#endif
