/* How a packed weight matrix lies in memory: the contract between pack*.c and the matmul kernels.
 *
 * 16 rows make a panel. Float types: [k padded to 32][16 rows] in the source's width. Quantised types: two regions,
 *
 *     scales  one record for each source block (32 or 256 weights a row) of all 16 rows; rounded up to 64 bytes
 *     quants  for each 32 k the bit planes of 16 rows x 32 unsigned numbers u, in vectors of 64 bytes
 *
 * Vector i of eight holds u[row][4i..4i+3] at byte 4*row: one VNNI instruction multiplies it with four broadcast activations for 16 rows. Planes store these eight vectors:
 *
 *     4 bits   4 vectors: low nibble of vector p (p < 4), high nibble of vector p + 4
 *     1 bit    1 vector: bit i of each byte belongs to vector i
 *     2 bits   2 vectors: bits 2f, 2f+1 of vector p belong to vector 4p + f
 *     8 bits   8 vectors
 *
 * Records (f16 numbers stay f16; every item below is 16 rows wide):
 *     Q4_0 Q5_0 Q8_0 IQ4_NL   d
 *     Q4_1 Q5_1               d, m
 *     Q4_K Q5_K               d, dmin, 8 x (low nibbles of scale | of min << 4), 4 x (high two bits: scale, min of block 2j, scale, min of block 2j+1)
 *     Q2_K                    d, dmin, 16 x (scale | min << 4)
 *     Q6_K Q3_K               d, 16 x int8 scale
 *     IQ4_XS                  d, 8 x int8 scale
 *
 * A weight is d * (u - offset), or d * u + m; the codebook types look u up first. */
#ifndef MOTE_KERNELS_PANEL_H
#define MOTE_KERNELS_PANEL_H

#include "base/half.h"
#include "kernels/kernels.h"

/* The version of all that decides what is packed from the same source: the layout above, the quantisers, and what loading does to tensors. Files of packed weights
 * (model/weights_cache.h) are valid for one version only: whoever changes any of these adds 1. */
enum { MOTE_PANEL_VERSION = 1 };

enum { MOTE_PANEL_VECTOR = 64, MOTE_PANEL_WORDS = 8 };

/* X(type, weights a record, bytes a record, low plane's bits, high plane's bits, offset or -1 for affine types, scales per 32, whether u is looked up) */
#define MOTE_PANEL_TYPES(X)            \
    X(Q4_0, 32, 32, 4, 0, 8, 1, 0)     \
    X(Q4_1, 32, 64, 4, 0, -1, 1, 0)    \
    X(Q5_0, 32, 32, 4, 1, 16, 1, 0)    \
    X(Q5_1, 32, 64, 4, 1, -1, 1, 0)    \
    X(Q8_0, 32, 32, 8, 0, 128, 1, 0)   \
    X(Q2_K, 256, 320, 2, 0, -1, 2, 0)  \
    X(Q3_K, 256, 288, 2, 1, 4, 2, 0)   \
    X(Q4_K, 256, 256, 4, 0, -1, 1, 0)  \
    X(Q5_K, 256, 256, 4, 1, -1, 1, 0)  \
    X(Q6_K, 256, 288, 4, 2, 32, 2, 0)  \
    X(IQ4_NL, 32, 32, 4, 0, 128, 1, 1) \
    X(IQ4_XS, 256, 160, 4, 0, 128, 1, 1)

typedef struct mote_panel_layout {
    uint16_t record_len, record_bytes;
    uint8_t low_bits, high_bits, n_scales, is_codebook;
    int16_t offset; /* -1: affine */
} mote_panel_layout;

static inline const mote_panel_layout *mote_panel_get_layout(mote_dtype type) {
    switch ((int)type) {
#define MOTE_PANEL_CASE(name, len, bytes, low, high, off, n, code)                     \
    case MOTE_DTYPE_##name: {                                                          \
        static const mote_panel_layout layout = {len, bytes, low, high, n, code, off}; \
        return &layout;                                                                \
    }
        MOTE_PANEL_TYPES(MOTE_PANEL_CASE)
#undef MOTE_PANEL_CASE
    default:
        return NULL;
    }
}

/* Bytes of the quants of 16 rows x 32 weights. */
static inline size_t mote_panel_quant_bytes(const mote_panel_layout *layout) {
    return (size_t)(layout->low_bits + layout->high_bits) * MOTE_PANEL_VECTOR;
}
/* Where the quants begin. */
static inline size_t mote_panel_quants_at(const mote_panel_layout *layout, size_t k) {
    return (k / layout->record_len * layout->record_bytes + MOTE_PANEL_VECTOR - 1) / MOTE_PANEL_VECTOR * MOTE_PANEL_VECTOR;
}

static inline size_t mote_panel_pad_k(size_t k) {
    return (k + MOTE_BLOCK - 1) / MOTE_BLOCK * MOTE_BLOCK;
}

/* The values of the IQ4 types' 16 codes, of which the kernels use value + 128 as u. Public format constants (ggml, kvalues_iq4nl). */
#define MOTE_PANEL_CODEBOOK \
    { -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 }
#define MOTE_PANEL_CODEBOOK_U \
    { 1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241 }

/* pack_read.c: plain readers, for the C kernel and for single rows. */

/* The stored numbers (codes, not looked up) of rows `first`..`first`+n of block `block` (32 k): u [n][32]. */
void mote_pack_read_numbers(const mote_panel_layout *layout, const uint8_t *panel, size_t k, size_t block, size_t first, size_t n, uint8_t *u);
/* The scales (and what is added, for affine types; else untouched) of one row and block: d, m [n_scales]. */
void mote_pack_read_scales(mote_dtype type, const uint8_t *panel, size_t block, size_t row, float *d, float *m);

#endif
