/* Blocks of 32 weights with scales of their own: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0. */
#ifndef MOTE_KERNELS_BLOCKS_SIMPLE_H
#define MOTE_KERNELS_BLOCKS_SIMPLE_H

#include "base/dtype.h"

/* One block: src or dst of the type's block bytes, 32 floats. */
void mote_blocks_simple_dequantize(mote_dtype type, const uint8_t *src, float *dst);
void mote_blocks_simple_quantize(mote_dtype type, const float *src, uint8_t *dst, const float *importance);

#endif
