/* The operations matmul_tmpl.h is written in, for NEON: one vector holds 4 rows (a quarter of a panel) x 4 numbers, or 4 floats. All numbers are signed here: those of up to 6 bits
 * are positive anyway, those of 8 bits are flipped. */
#ifndef MOTE_KERNELS_MATMUL_128_H
#define MOTE_KERNELS_MATMUL_128_H

#include "kernels/panel.h"

#include <arm_neon.h>
#include <string.h>

typedef int8x16_t lanes_i;
typedef float32x4_t lanes_f;

enum { LANES = 4, TILE_VECTORS = 4, TILE_COLUMNS = 3, TILE_MIN_TOKENS = 4 };
/* The widths of column tiles, largest first; any number is a sum of them. */
#define TILE_WIDTHS(X, ...) X(3, __VA_ARGS__) X(2, __VA_ARGS__) X(1, __VA_ARGS__)
#define DIRECT_WIDTHS(X, ...) X(4, __VA_ARGS__) X(2, __VA_ARGS__) X(1, __VA_ARGS__)

#define INLINE static inline __attribute__((always_inline))

INLINE lanes_i lanes_load(const void *p) {
    return vld1q_s8(p);
}
INLINE void lanes_store(void *p, lanes_i v) {
    vst1q_s8(p, v);
}
INLINE lanes_f lanes_load_f(const float *p) {
    return vld1q_f32(p);
}
INLINE void lanes_store_f(float *p, lanes_f v) {
    vst1q_f32(p, v);
}
INLINE lanes_i lanes_or(lanes_i a, lanes_i b) {
    return vorrq_s8(a, b);
}
/* Bits first..first+n of each byte, moved to bit `to`; the rest zero. */
INLINE lanes_i lanes_bits(lanes_i v, int first, int n, int to) {
    typedef uint8_t u8x16 __attribute__((vector_size(16)));
    u8x16 moved = first > to ? (u8x16)v >> (first - to) : (u8x16)v << (to - first);
    return vandq_s8((lanes_i)moved, vdupq_n_s8((int8_t)(((1 << n) - 1) << to)));
}
INLINE lanes_i lanes_shift_right_i32(lanes_i v, int n) {
    return vreinterpretq_s8_u32(vshlq_u32(vreinterpretq_u32_s8(v), vdupq_n_s32(-n)));
}
INLINE lanes_f lanes_zero_f(void) {
    return vdupq_n_f32(0);
}
INLINE lanes_i lanes_zero(void) {
    return vdupq_n_s8(0);
}
INLINE lanes_f lanes_set_f(float x) {
    return vdupq_n_f32(x);
}
INLINE lanes_i lanes_set_i32(int32_t x) {
    return vreinterpretq_s8_s32(vdupq_n_s32(x));
}
/* Four activations for every row. */
INLINE lanes_i lanes_set_four(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, 4);
    return vreinterpretq_s8_s32(vdupq_n_s32(four));
}
INLINE lanes_i lanes_mul_i32(lanes_i v, int32_t x) {
    return vreinterpretq_s8_s32(vmulq_n_s32(vreinterpretq_s32_s8(v), x));
}
/* n <= LANES numbers; the other lanes are zero. */
INLINE lanes_i lanes_load_part_i32(const int32_t *p, size_t n) {
    int32_t part[LANES] = {0};
    if (n == LANES)
        return lanes_load((const void *)p);
    memcpy(part, p, n * sizeof *p);
    return lanes_load((const void *)part);
}
INLINE lanes_f lanes_load_part_f(const float *p, size_t n) {
    float part[LANES] = {0};
    if (n == LANES)
        return lanes_load_f(p);
    memcpy(part, p, n * sizeof *p);
    return lanes_load_f(part);
}
/* The sums of n <= LANES pairs of neighbours. */
INLINE lanes_i lanes_load_pair_sums(const int32_t *p, size_t n) {
    const size_t rest = 2 * n > LANES ? 2 * n - LANES : 0;
    lanes_i a = lanes_load_part_i32(p, 2 * n - rest), b = lanes_load_part_i32(p + LANES, rest);
    return vreinterpretq_s8_s32(vpaddq_s32(vreinterpretq_s32_s8(a), vreinterpretq_s32_s8(b)));
}
INLINE lanes_f lanes_from_i32(lanes_i v) {
    return vcvtq_f32_s32(vreinterpretq_s32_s8(v));
}
INLINE lanes_f lanes_mul(lanes_f a, lanes_f b) {
    return vmulq_f32(a, b);
}
INLINE lanes_f lanes_add(lanes_f a, lanes_f b) {
    return vaddq_f32(a, b);
}
INLINE lanes_f lanes_neg(lanes_f a) {
    return vnegq_f32(a);
}
INLINE lanes_f lanes_fma(lanes_f a, lanes_f b, lanes_f c) {
    return vfmaq_f32(c, a, b);
}
INLINE lanes_f lanes_load_f16(const void *p) {
    uint16x4_t bits;
    memcpy(&bits, p, sizeof bits);
    return vcvt_f32_f16(vreinterpret_f16_u16(bits));
}
INLINE lanes_f lanes_load_bf16(const void *p) {
    uint16x4_t bits;
    memcpy(&bits, p, sizeof bits);
    return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
}
/* Four bytes, widened to 32 bits. */
INLINE lanes_i lanes_load_u8(const void *p) {
    uint32_t four;
    memcpy(&four, p, 4);
    return vreinterpretq_s8_u32(vmovl_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four))))));
}
INLINE lanes_i lanes_load_i8(const void *p) {
    int32_t four;
    memcpy(&four, p, 4);
    return vreinterpretq_s8_s32(vmovl_s16(vget_low_s16(vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four))))));
}

enum { HAS_SIGNED_NUMBERS = 1 };
/* A dot product takes numbers in groups of `lanes_group` vectors; each group is opened, taken step by step, and closed. */
INLINE int lanes_group(int bits) {
    (void)bits;
    return 8;
}
INLINE lanes_i lanes_open(lanes_i sum) {
    return sum;
}
INLINE lanes_i lanes_step(lanes_i part, lanes_i w, lanes_i q, int bits, bool is_first) {
    (void)bits;
    (void)is_first;
#ifdef __ARM_FEATURE_DOTPROD
    return vreinterpretq_s8_s32(vdotq_s32(vreinterpretq_s32_s8(part), w, q));
#else /* sums of two products of at most 128 * 127 fit 16 bits */
    int16x8_t pairs = vpaddq_s16(vmull_s8(vget_low_s8(w), vget_low_s8(q)), vmull_high_s8(w, q));
    return vreinterpretq_s8_s32(vpadalq_s16(vreinterpretq_s32_s8(part), pairs));
#endif
}
INLINE lanes_i lanes_close(lanes_i sum, lanes_i part) {
    (void)sum;
    return part;
}
INLINE lanes_i lanes_flip_sign(lanes_i v) {
    return veorq_s8(v, vdupq_n_s8(-128));
}
/* Looks each byte (0..15) up in a table of 16. */
INLINE lanes_i lanes_lookup(lanes_i v, const void *table) {
    return vqtbl1q_s8(vld1q_s8(table), vreinterpretq_u8_s8(v));
}

#endif
