/* What each instruction set adds to the table of kernels (mote_kernels_init calls them, lowest first). Each file of a level is compiled with that level's options: nothing of it may
 * run before the CPU is known to have it. */
#ifndef MOTE_KERNELS_LEVELS_H
#define MOTE_KERNELS_LEVELS_H

#include "kernels/kernels.h"

/* Vector operations and attention: everything but quantize_q8 and matmul. */
void mote_vector_init_c(mote_kernels *k);
void mote_attn_init_c(mote_kernels *k); /* the attn part; mote_vector_init_* calls it */
#if defined(__x86_64__)
void mote_vector_init_avx2(mote_kernels *k);
void mote_attn_init_avx2(mote_kernels *k);
void mote_vector_init_avx512(mote_kernels *k);
void mote_attn_init_avx512(mote_kernels *k);
#elif defined(__aarch64__)
void mote_vector_init_neon(mote_kernels *k);
void mote_attn_init_neon(mote_kernels *k);
#endif

#endif
