/* The operations matmul_tmpl.h is written in, for 512-bit vectors: one vector holds 16 rows (a whole panel) x 4 numbers, or 16 floats. */
#ifndef MOTE_KERNELS_MATMUL_512_H
#define MOTE_KERNELS_MATMUL_512_H

#include "kernels/panel.h"

#include <immintrin.h>
#include <string.h>

typedef __m512i lanes_i;
typedef __m512 lanes_f;

enum { LANES = 16, TILE_VECTORS = 2, TILE_COLUMNS = 6, TILE_MIN_TOKENS = 9 };
/* The widths of column tiles, largest first; any number is a sum of them. */
#define TILE_WIDTHS(X, ...) X(6, __VA_ARGS__) X(4, __VA_ARGS__) X(2, __VA_ARGS__) X(1, __VA_ARGS__)
#define DIRECT_WIDTHS(X, ...) X(8, __VA_ARGS__) X(6, __VA_ARGS__) X(4, __VA_ARGS__) X(3, __VA_ARGS__) X(2, __VA_ARGS__) X(1, __VA_ARGS__)

#define INLINE static inline __attribute__((always_inline))

INLINE lanes_i lanes_load(const void *p) {
    return _mm512_loadu_si512(p);
}
INLINE void lanes_store(void *p, lanes_i v) {
    _mm512_storeu_si512(p, v);
}
INLINE lanes_f lanes_load_f(const float *p) {
    return _mm512_loadu_ps(p);
}
INLINE void lanes_store_f(float *p, lanes_f v) {
    _mm512_storeu_ps(p, v);
}
INLINE lanes_i lanes_or(lanes_i a, lanes_i b) {
    return _mm512_or_si512(a, b);
}
/* Bits first..first+n of each byte, moved to bit `to`; the rest zero. */
INLINE lanes_i lanes_bits(lanes_i v, int first, int n, int to) {
    typedef uint16_t u16x32 __attribute__((vector_size(64)));
    u16x32 moved = first > to ? (u16x32)v >> (first - to) : (u16x32)v << (to - first);
    return _mm512_and_si512((__m512i)moved, _mm512_set1_epi8((char)(((1 << n) - 1) << to)));
}
INLINE lanes_i lanes_shift_right_i32(lanes_i v, int n) {
    return _mm512_srl_epi32(v, _mm_cvtsi32_si128(n));
}
INLINE lanes_f lanes_zero_f(void) {
    return _mm512_setzero_ps();
}
INLINE lanes_i lanes_zero(void) {
    return _mm512_setzero_si512();
}
INLINE lanes_f lanes_set_f(float x) {
    return _mm512_set1_ps(x);
}
INLINE lanes_i lanes_set_i32(int32_t x) {
    return _mm512_set1_epi32(x);
}
/* Four activations for every row. */
INLINE lanes_i lanes_set_four(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, 4);
    return _mm512_set1_epi32(four);
}
INLINE lanes_i lanes_mul_i32(lanes_i v, int32_t x) {
    return _mm512_mullo_epi32(v, _mm512_set1_epi32(x));
}
/* n <= LANES numbers; the other lanes are zero. */
INLINE lanes_i lanes_load_part_i32(const int32_t *p, size_t n) {
    return _mm512_maskz_loadu_epi32((__mmask16)((1u << n) - 1), p);
}
INLINE lanes_f lanes_load_part_f(const float *p, size_t n) {
    return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
}
/* The sums of n <= LANES pairs of neighbours. */
INLINE lanes_i lanes_load_pair_sums(const int32_t *p, size_t n) {
    const __m512i even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), one = _mm512_set1_epi32(1);
    const size_t rest = 2 * n > LANES ? 2 * n - LANES : 0;
    lanes_i a = lanes_load_part_i32(p, 2 * n - rest), b = lanes_load_part_i32(p + LANES, rest);
    return _mm512_add_epi32(_mm512_permutex2var_epi32(a, even, b), _mm512_permutex2var_epi32(a, _mm512_add_epi32(even, one), b));
}
INLINE lanes_f lanes_from_i32(lanes_i v) {
    return _mm512_cvtepi32_ps(v);
}
INLINE lanes_f lanes_mul(lanes_f a, lanes_f b) {
    return _mm512_mul_ps(a, b);
}
INLINE lanes_f lanes_add(lanes_f a, lanes_f b) {
    return _mm512_add_ps(a, b);
}
INLINE lanes_f lanes_neg(lanes_f a) {
    return _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(a), _mm512_set1_epi32((int)0x80000000)));
}
INLINE lanes_f lanes_fma(lanes_f a, lanes_f b, lanes_f c) {
    return _mm512_fmadd_ps(a, b, c);
}
INLINE lanes_f lanes_load_f16(const void *p) {
    return _mm512_cvtph_ps(_mm256_loadu_si256(p));
}
INLINE lanes_f lanes_load_bf16(const void *p) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256(p)), 16));
}
INLINE lanes_i lanes_load_u8(const void *p) {
    return _mm512_cvtepu8_epi32(_mm_loadu_si128(p));
}
INLINE lanes_i lanes_load_i8(const void *p) {
    return _mm512_cvtepi8_epi32(_mm_loadu_si128(p));
}

#ifdef __AVX512VNNI__
enum { HAS_SIGNED_NUMBERS = 0 };
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
    return _mm512_dpbusd_epi32(part, w, q);
}
INLINE lanes_i lanes_close(lanes_i sum, lanes_i part) {
    (void)sum;
    return part;
}
#else
enum { HAS_SIGNED_NUMBERS = 1 /* numbers of 8 bits are kept signed: 255 * 127 twice would overflow the 16-bit sums */ };
/* 16-bit sums of `group` products of pairs can't overflow: group * 2 * (2^bits - 1) * 127 < 32768. */
INLINE int lanes_group(int bits) {
    return bits <= 4 ? 8 : bits == 5 ? 4 : bits == 6 ? 2 : 1;
}
INLINE lanes_i lanes_open(lanes_i sum) {
    (void)sum;
    return lanes_zero();
}
INLINE lanes_i lanes_step(lanes_i part, lanes_i w, lanes_i q, int bits, bool is_first) {
    if (bits == 8) /* |w| * (q with w's sign): at most 2 * 128 * 127 */
        return _mm512_maddubs_epi16(_mm512_abs_epi8(w), _mm512_mask_sub_epi8(q, _mm512_movepi8_mask(w), _mm512_setzero_si512(), q));
    lanes_i sum = _mm512_maddubs_epi16(w, q);
    if (!is_first)
        sum = _mm512_add_epi16(part, sum);
    __asm__("" : "+v"(sum)); /* one after the other: as a tree, which compilers like better, the sums wouldn't fit the registers */
    return sum;
}
INLINE lanes_i lanes_close(lanes_i sum, lanes_i part) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(part, _mm512_set1_epi16(1)));
}
#endif

INLINE lanes_i lanes_flip_sign(lanes_i v) {
    return _mm512_xor_si512(v, _mm512_set1_epi8((char)0x80));
}
/* Looks each byte (0..15) up in a table of 16. */
INLINE lanes_i lanes_lookup(lanes_i v, const void *table) {
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_loadu_si128(table)), v);
}

#endif
