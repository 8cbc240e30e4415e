/* Keys and values in blocks of 32 with a scale (Q8_0, Q4_0) in the stores of attention.h: stored for every instruction set, read for the C reference. */
#ifndef MOTE_KERNELS_ATTN_BLOCKS_H
#define MOTE_KERNELS_ATTN_BLOCKS_H

#include "kernels/attention.h"

/* k, v [head_dim] as position pos of a store. */
void mote_attn_blocks_store_key(void *k_store, mote_dtype type, size_t head_dim, size_t pos, const float *k);
void mote_attn_blocks_store_value(void *v_store, mote_dtype type, size_t head_dim, size_t pos, const float *v);
/* Element d of position pos. */
float mote_attn_blocks_key(const void *k_store, mote_dtype type, size_t head_dim, size_t pos, size_t d);
float mote_attn_blocks_value(const void *v_store, mote_dtype type, size_t head_dim, size_t pos, size_t d);

#endif
