/* Block quantisers and dequantisers: rows of GGUF's element types to float32 and back, bit for bit as the format's reference (Python package gguf; ggml where that package doesn't
 * write the type). Plain C; the layouts are described beside each function in blocks_*.c. */
#ifndef MOTE_KERNELS_BLOCKS_H
#define MOTE_KERNELS_BLOCKS_H

#include "base/dtype.h"
#include "kernels/blocks_search.h"

#include <mote/status.h>

#include <stdbool.h>

/* src: mote_dtype_row_bytes(type, n) bytes, unaligned allowed; dst [n]. n a multiple of the block length. False for a type that can't (integers). */
bool mote_blocks_dequantize(mote_dtype type, const void *src, float *dst, size_t n);
/* Whether a type's importance counts by the row's mean square too: the types of 32 that are searched by llama.cpp's rule. */
bool mote_blocks_weighs_by_row(mote_dtype type);
/* src [n] -> dst. importance: what weighs each column's squared error, or NULL; ->of [n]. Non-finite input gives some value, never undefined behaviour.
 * False for a type that can't. */
bool mote_blocks_quantize(mote_dtype type, const float *src, void *dst, size_t n, const mote_blocks_importance *importance);
/* The same by the searches of an instruction set: the same bytes, sooner. mote_kernels.quantize chooses. */
bool mote_blocks_quantize_by(const mote_blocks_searches *searches, mote_dtype type, const float *src, void *dst, size_t n, const mote_blocks_importance *importance);

#endif
