/* Blocks whose levels name values of a 16-entry codebook: IQ4_NL (32 weights), IQ4_XS (256 weights). */
#ifndef MOTE_KERNELS_BLOCKS_IQ4_H
#define MOTE_KERNELS_BLOCKS_IQ4_H

#include "base/dtype.h"
#include "kernels/blocks_search.h"

/* _dequantize: one block; src of the type's block bytes, 32 or 256 floats. _quantize: n_blocks blocks. */
void mote_blocks_iq4_dequantize(mote_dtype type, const uint8_t *src, float *dst);
void mote_blocks_iq4_quantize(const mote_blocks_searches *searches, mote_dtype type, const float *src, uint8_t *dst, size_t n_blocks, const mote_blocks_importance *importance);

#endif
