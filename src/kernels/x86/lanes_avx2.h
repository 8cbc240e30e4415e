/* Vectors of 8 floats for vector_lanes.h, attn_lanes.h and exp_lanes.h: AVX2, FMA, F16C. */
#ifndef MOTE_KERNELS_X86_LANES_AVX2_H
#define MOTE_KERNELS_X86_LANES_AVX2_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define VF_LANES 8
/* The tile of attn_tile_lanes.h: 12 accumulators, 3 row elements and a loaded vector: all 16 registers. */
#define VF_TILE_ROWS 3
#define VF_WIDENED_ROWS SIZE_MAX /* widening F16 on the way costs nothing: 100 Gflop/s against 60 to 95 (Zen 4, 2026-11-26) */
#define VF_TILE_GROUPS 2

typedef __m256 vf;

/* All ones in the first n lanes. */
static inline __m256i vf_mask(size_t n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vf vf_set(float x) {
    return _mm256_set1_ps(x);
}
static inline vf vf_load(const float *p) {
    return _mm256_loadu_ps(p);
}
static inline void vf_store(float *p, vf x) {
    _mm256_storeu_ps(p, x);
}
/* The first n < VF_LANES of p; the rest 0. */
static inline vf vf_load_part(const float *p, size_t n) {
    return _mm256_maskload_ps(p, vf_mask(n));
}
static inline void vf_store_part(float *p, vf x, size_t n) {
    _mm256_maskstore_ps(p, vf_mask(n), x);
}
static inline vf vf_add(vf a, vf b) {
    return _mm256_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b) {
    return _mm256_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b) {
    return _mm256_mul_ps(a, b);
}
static inline vf vf_div(vf a, vf b) {
    return _mm256_div_ps(a, b);
}
/* a * b + c */
static inline vf vf_fma(vf a, vf b, vf c) {
    return _mm256_fmadd_ps(a, b, c);
}
/* -(a * b) + c */
static inline vf vf_fma_neg(vf a, vf b, vf c) {
    return _mm256_fnmadd_ps(a, b, c);
}
/* x > y ? x : y; y if either is NaN */
static inline vf vf_max(vf x, vf y) {
    return _mm256_max_ps(x, y);
}
static inline vf vf_neg_abs(vf x) {
    return _mm256_or_ps(x, _mm256_set1_ps(-0.0f));
}
static inline vf vf_copy_sign(vf size, vf sign) {
    vf bit = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(bit, size), _mm256_and_ps(bit, sign));
}
/* x < y ? a : b */
static inline vf vf_if_less(vf x, vf y, vf a, vf b) {
    return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, y, _CMP_LT_OQ));
}
/* See MOTE_EXP_ROUNDER. */
static inline vf vf_power_of_two(vf rounded) {
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_slli_epi32(_mm256_castps_si256(rounded), 23), _mm256_set1_epi32(0x3f800000)));
}
/* 2 * VF_LANES floats, those at even places and those at odd ones. */
static inline void vf_load_pairs(const float *p, vf *even, vf *odd) {
    vf a = vf_load(p), b = vf_load(p + 8);
    vf low = _mm256_permute2f128_ps(a, b, 0x20), high = _mm256_permute2f128_ps(a, b, 0x31);
    *even = _mm256_shuffle_ps(low, high, 0x88);
    *odd = _mm256_shuffle_ps(low, high, 0xdd);
}
static inline void vf_store_pairs(float *p, vf even, vf odd) {
    vf low = _mm256_unpacklo_ps(even, odd), high = _mm256_unpackhi_ps(even, odd);
    vf_store(p, _mm256_permute2f128_ps(low, high, 0x20));
    vf_store(p + 8, _mm256_permute2f128_ps(low, high, 0x31));
}
static inline vf vf_load_f16(const uint16_t *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128((const void *)p));
}
static inline vf vf_load_bf16(const uint16_t *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128((const void *)p)), 16));
}
/* VF_LANES signed bytes; the low and the high halves of bytes, less 8. */
static inline vf vf_load_int8(const uint8_t *p) {
    return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p)));
}
static inline vf vf_load_int4_low(const uint8_t *p) {
    __m256i low = _mm256_and_si256(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)), _mm256_set1_epi32(15));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(low, _mm256_set1_epi32(8)));
}
static inline vf vf_load_int4_high(const uint8_t *p) {
    __m256i high = _mm256_srli_epi32(_mm256_cvtepu8_epi32(_mm_loadl_epi64((const void *)p)), 4);
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(high, _mm256_set1_epi32(8)));
}
/* Clamped to the finite halves; NaN stays. */
static inline void vf_store_f16(uint16_t *p, vf x) {
    x = _mm256_max_ps(_mm256_set1_ps(-65504.0f), _mm256_min_ps(_mm256_set1_ps(65504.0f), x));
    _mm_storeu_si128((void *)p, _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
static inline void vf_store_bf16(uint16_t *p, vf x) {
    __m256i u = _mm256_castps_si256(x), high = _mm256_srli_epi32(u, 16);
    __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(u, _mm256_add_epi32(_mm256_set1_epi32(0x7fff), _mm256_and_si256(high, _mm256_set1_epi32(1)))), 16);
    __m256i is_nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    rounded = _mm256_blendv_epi8(rounded, _mm256_or_si256(high, _mm256_set1_epi32(64)), is_nan);
    __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(rounded, rounded), 0x08);
    _mm_storeu_si128((void *)p, _mm256_castsi256_si128(packed));
}

#endif
