/* Blocks of 32 weights with scales of their own: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0. */
#ifndef MOTE_KERNELS_BLOCKS_SIMPLE_H
#define MOTE_KERNELS_BLOCKS_SIMPLE_H

#include "base/dtype.h"
#include "kernels/blocks_search.h"

/* _dequantize: one block; src of the type's block bytes, 32 floats. _quantize: n_blocks of them. */
void mote_blocks_simple_dequantize(mote_dtype type, const uint8_t *src, float *dst);
void mote_blocks_simple_quantize(const mote_blocks_searches *searches, mote_dtype type, const float *src, uint8_t *dst, size_t n_blocks, const mote_blocks_importance *importance);

#endif
