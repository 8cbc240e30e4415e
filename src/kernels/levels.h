/* The functions that fill the kernel table, one for each kind of kernel and instruction set; each overwrites the entries it has. kernels.c calls them in ascending order. */
#ifndef MOTE_KERNELS_LEVELS_H
#define MOTE_KERNELS_LEVELS_H

#include "kernels/kernels.h"

/* quantize_q8 and matmul: matmul_*.c */
void mote_kernels_init_c(mote_kernels *k);
void mote_kernels_init_avx2(mote_kernels *k);
void mote_kernels_init_avxvnni(mote_kernels *k);
void mote_kernels_init_avx512(mote_kernels *k);
void mote_kernels_init_avx512vnni(mote_kernels *k);
void mote_kernels_init_neon(mote_kernels *k);
void mote_kernels_init_dotprod(mote_kernels *k);

/* quantize_q8 of the instruction sets, for the functions above. */
void mote_quantize_q8_avx2(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum);
void mote_quantize_q8_avx512(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum);
void mote_quantize_q8_neon(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum);

/* quantize: blocks_*.c of the instruction sets */
void mote_blocks_init_avx2(mote_kernels *k);
void mote_blocks_init_avx512(mote_kernels *k);

/* Vector functions, attention and recurrent mixers: vector*.c, which call attn*.c and ssm*.c */
void mote_vector_init_c(mote_kernels *k);
void mote_vector_init_avx2(mote_kernels *k);
void mote_vector_init_avx512(mote_kernels *k);
void mote_vector_init_neon(mote_kernels *k);

/* Its attn part alone: attn*.c */
void mote_attn_init_c(mote_kernels *k);
void mote_attn_init_avx2(mote_kernels *k);
void mote_attn_init_avx512(mote_kernels *k);
void mote_attn_init_neon(mote_kernels *k);

/* Its ssm part alone: ssm*.c */
void mote_ssm_init_c(mote_kernels *k);
void mote_ssm_init_avx2(mote_kernels *k);
void mote_ssm_init_avx512(mote_kernels *k);
void mote_ssm_init_neon(mote_kernels *k);

#endif
