/* Super-blocks of 256 weights, cut into groups with integer scales: Q2_K, Q3_K, Q4_K, Q5_K, Q6_K. */
#ifndef MOTE_KERNELS_BLOCKS_SUPER_H
#define MOTE_KERNELS_BLOCKS_SUPER_H

#include "base/dtype.h"

/* One super-block: src or dst of the type's block bytes, 256 floats. */
void mote_blocks_super_dequantize(mote_dtype type, const uint8_t *src, float *dst);
void mote_blocks_super_quantize(mote_dtype type, const float *src, uint8_t *dst, const float *importance);

#endif
