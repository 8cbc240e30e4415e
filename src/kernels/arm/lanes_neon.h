/* Vectors of 4 floats for vector_lanes.h, attn_lanes.h and exp_lanes.h: the Advanced SIMD that every arm64 CPU has. */
#ifndef MOTE_KERNELS_ARM_LANES_NEON_H
#define MOTE_KERNELS_ARM_LANES_NEON_H

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VF_LANES 4
/* The tile of attn_tile_lanes.h: 24 accumulators, 3 row elements and a loaded vector of 32 registers. */
#define VF_TILE_ROWS 3
#define VF_WIDENED_ROWS 9
#define VF_TILE_GROUPS 2

typedef float32x4_t vf;

static inline vf vf_set(float x) {
    return vdupq_n_f32(x);
}
static inline vf vf_load(const float *p) {
    return vld1q_f32(p);
}
static inline void vf_store(float *p, vf x) {
    vst1q_f32(p, x);
}
/* The first n < VF_LANES of p; the rest 0. */
static inline vf vf_load_part(const float *p, size_t n) {
    float part[4] = {0};
    for (size_t i = 0; i < n; i++)
        part[i] = p[i];
    return vf_load(part);
}
static inline void vf_store_part(float *p, vf x, size_t n) {
    float part[4];
    vf_store(part, x);
    for (size_t i = 0; i < n; i++)
        p[i] = part[i];
}
static inline vf vf_add(vf a, vf b) {
    return vaddq_f32(a, b);
}
static inline vf vf_sub(vf a, vf b) {
    return vsubq_f32(a, b);
}
static inline vf vf_mul(vf a, vf b) {
    return vmulq_f32(a, b);
}
static inline vf vf_div(vf a, vf b) {
    return vdivq_f32(a, b);
}
/* a * b + c */
static inline vf vf_fma(vf a, vf b, vf c) {
    return vfmaq_f32(c, a, b);
}
/* -(a * b) + c */
static inline vf vf_fma_neg(vf a, vf b, vf c) {
    return vfmsq_f32(c, a, b);
}
/* x > y ? x : y; y if either is NaN */
static inline vf vf_max(vf x, vf y) {
    return vbslq_f32(vcgtq_f32(x, y), x, y);
}
static inline vf vf_neg_abs(vf x) {
    return vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(x), vdupq_n_u32(0x80000000)));
}
static inline vf vf_copy_sign(vf size, vf sign) {
    return vbslq_f32(vdupq_n_u32(0x80000000), sign, size);
}
/* x < y ? a : b */
static inline vf vf_if_less(vf x, vf y, vf a, vf b) {
    return vbslq_f32(vcltq_f32(x, y), a, b);
}
/* See MOTE_EXP_ROUNDER. */
static inline vf vf_power_of_two(vf rounded) {
    return vreinterpretq_f32_u32(vaddq_u32(vshlq_n_u32(vreinterpretq_u32_f32(rounded), 23), vdupq_n_u32(0x3f800000)));
}
/* 2 * VF_LANES floats, those at even places and those at odd ones. */
static inline void vf_load_pairs(const float *p, vf *even, vf *odd) {
    float32x4x2_t pairs = vld2q_f32(p);
    *even = pairs.val[0];
    *odd = pairs.val[1];
}
static inline void vf_store_pairs(float *p, vf even, vf odd) {
    vst2q_f32(p, (float32x4x2_t){{even, odd}});
}
static inline vf vf_load_f16(const uint16_t *p) {
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline vf vf_load_bf16(const uint16_t *p) {
    return vreinterpretq_f32_u32(vshlq_n_u32(vmovl_u16(vld1_u16(p)), 16));
}
/* VF_LANES bytes as integers. */
static inline uint32x4_t vf_load_bytes(const uint8_t *p) {
    uint32_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(bytes)))));
}
/* VF_LANES signed bytes; the low and the high halves of bytes, less 8. */
static inline vf vf_load_int8(const uint8_t *p) {
    int32x4_t up = vreinterpretq_s32_u32(vshlq_n_u32(vf_load_bytes(p), 24));
    return vcvtq_f32_s32(vshrq_n_s32(up, 24));
}
static inline vf vf_load_int4_low(const uint8_t *p) {
    int32x4_t low = vreinterpretq_s32_u32(vandq_u32(vf_load_bytes(p), vdupq_n_u32(15)));
    return vcvtq_f32_s32(vsubq_s32(low, vdupq_n_s32(8)));
}
static inline vf vf_load_int4_high(const uint8_t *p) {
    int32x4_t high = vreinterpretq_s32_u32(vshrq_n_u32(vf_load_bytes(p), 4));
    return vcvtq_f32_s32(vsubq_s32(high, vdupq_n_s32(8)));
}
/* Clamped to the finite halves; NaN stays. */
static inline void vf_store_f16(uint16_t *p, vf x) {
    vf most = vdupq_n_f32(65504.0f), least = vdupq_n_f32(-65504.0f);
    x = vf_if_less(most, x, most, x);
    x = vf_if_less(x, least, least, x);
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(x)));
}
static inline void vf_store_bf16(uint16_t *p, vf x) {
    uint32x4_t u = vreinterpretq_u32_f32(x), high = vshrq_n_u32(u, 16);
    uint32x4_t rounded = vshrq_n_u32(vaddq_u32(u, vaddq_u32(vdupq_n_u32(0x7fff), vandq_u32(high, vdupq_n_u32(1)))), 16);
    rounded = vbslq_u32(vceqq_f32(x, x), rounded, vorrq_u32(high, vdupq_n_u32(64)));
    vst1_u16(p, vmovn_u32(rounded));
}

#endif
