/* Super-blocks of 256 weights, cut into groups with integer scales: Q2_K, Q3_K, Q4_K, Q5_K, Q6_K. */
#ifndef MOTE_KERNELS_BLOCKS_SUPER_H
#define MOTE_KERNELS_BLOCKS_SUPER_H

#include "base/dtype.h"
#include "kernels/blocks_search.h"

/* _dequantize: one super-block; src of the type's block bytes, 256 floats. _quantize: n_blocks of them. */
void mote_blocks_super_dequantize(mote_dtype type, const uint8_t *src, float *dst);
void mote_blocks_super_quantize(const mote_blocks_searches *searches, mote_dtype type, const float *src, uint8_t *dst, size_t n_blocks, const mote_blocks_importance *importance);

#endif
