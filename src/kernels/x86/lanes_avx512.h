/* Vectors of 16 floats for vector_lanes.h, attn_lanes.h and exp_lanes.h: AVX-512 F, BW, DQ, VL. */
#ifndef MOTE_KERNELS_X86_LANES_AVX512_H
#define MOTE_KERNELS_X86_LANES_AVX512_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VF_LANES 16
/* The tile of attn_tile_lanes.h: 16 accumulators, 4 row elements and a loaded vector of 32 registers. */
#define VF_TILE_ROWS 4
#define VF_WIDENED_ROWS 16 /* below, widening F16 on the way is faster: 7 rows 98 Gflop/s against 75, 48 rows 95 against 105 (Zen 4, 2026-11-26) */
#define VF_TILE_GROUPS 4

typedef __m512 vf;

static inline vf vf_set(float x) {
    return _mm512_set1_ps(x);
}
static inline vf vf_load(const float *p) {
    return _mm512_loadu_ps(p);
}
static inline void vf_store(float *p, vf x) {
    _mm512_storeu_ps(p, x);
}
/* The first n < VF_LANES of p; the rest 0. */
static inline vf vf_load_part(const float *p, size_t n) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
static inline void vf_store_part(float *p, vf x, size_t n) {
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), x);
}
static inline vf vf_add(vf a, vf b) {
    return _mm512_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b) {
    return _mm512_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b) {
    return _mm512_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b) {
    return _mm512_div_ps(a, b);
}
/* a * b + c */
static inline vf vf_fma(vf a, vf b, vf c) {
    return _mm512_fmadd_ps(a, b, c);
}
/* -(a * b) + c */
static inline vf vf_fma_neg(vf a, vf b, vf c) {
    return _mm512_fnmadd_ps(a, b, c);
}
/* x > y ? x : y; y if either is NaN */
static inline vf vf_max(vf x, vf y) {
    return _mm512_max_ps(x, y);
}
static inline vf vf_neg_abs(vf x) {
    return _mm512_or_ps(x, _mm512_set1_ps(-0.0f));
}
static inline vf vf_copy_sign(vf size, vf sign) {
    vf bit = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(bit, size), _mm512_and_ps(bit, sign));
}
/* x < y ? a : b */
static inline vf vf_if_less(vf x, vf y, vf a, vf b) {
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, y, _CMP_LT_OQ), b, a);
}
/* See MOTE_EXP_ROUNDER. */
static inline vf vf_power_of_two(vf rounded) {
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_slli_epi32(_mm512_castps_si512(rounded), 23), _mm512_set1_epi32(0x3f800000)));
}
/* 2 * VF_LANES floats, those at even places and those at odd ones. */
static inline void vf_load_pairs(const float *p, vf *even, vf *odd) {
    vf a = vf_load(p), b = vf_load(p + 16);
    *even = _mm512_permutex2var_ps(a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b);
    *odd = _mm512_permutex2var_ps(a, _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b);
}
static inline void vf_store_pairs(float *p, vf even, vf odd) {
    vf_store(p, _mm512_permutex2var_ps(even, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), odd));
    vf_store(p + 16, _mm512_permutex2var_ps(even, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31), odd));
}
static inline vf vf_load_f16(const uint16_t *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256((const void *)p));
}
static inline vf vf_load_bf16(const uint16_t *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const void *)p)), 16));
}
/* VF_LANES signed bytes; the low and the high halves of bytes, less 8. */
static inline vf vf_load_int8(const uint8_t *p) {
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p)));
}
static inline vf vf_load_int4_low(const uint8_t *p) {
    __m512i low = _mm512_and_si512(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)), _mm512_set1_epi32(15));
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(low, _mm512_set1_epi32(8)));
}
static inline vf vf_load_int4_high(const uint8_t *p) {
    __m512i high = _mm512_srli_epi32(_mm512_cvtepu8_epi32(_mm_loadu_si128((const void *)p)), 4);
    return _mm512_cvtepi32_ps(_mm512_sub_epi32(high, _mm512_set1_epi32(8)));
}
/* Clamped to the finite halves; NaN stays. */
static inline void vf_store_f16(uint16_t *p, vf x) {
    x = _mm512_max_ps(_mm512_set1_ps(-65504.0f), _mm512_min_ps(_mm512_set1_ps(65504.0f), x));
    _mm256_storeu_si256((void *)p, _mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
static inline void vf_store_bf16(uint16_t *p, vf x) {
    __m512i u = _mm512_castps_si512(x), high = _mm512_srli_epi32(u, 16);
    __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(u, _mm512_add_epi32(_mm512_set1_epi32(0x7fff), _mm512_and_si512(high, _mm512_set1_epi32(1)))), 16);
    rounded = _mm512_mask_or_epi32(rounded, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), high, _mm512_set1_epi32(64));
    _mm256_storeu_si256((void *)p, _mm512_cvtepi32_epi16(rounded));
}

#endif
