/* The operations matmul_tmpl.h is written in, for 256-bit vectors: one vector holds 8 rows (half a panel) x 4 numbers, or 8 floats. */
#ifndef MOTE_KERNELS_MATMUL_256_H
#define MOTE_KERNELS_MATMUL_256_H

#include "kernels/panel.h"

#include <immintrin.h>
#include <string.h>

typedef __m256i lanes_i;
typedef __m256 lanes_f;

enum { LANES = 8, TILE_VECTORS = 2, TILE_COLUMNS = 3, TILE_MIN_TOKENS = 5 };
/* The widths of column tiles, largest first; any number is a sum of them. */
#define TILE_WIDTHS(X, ...) X(3, __VA_ARGS__) X(2, __VA_ARGS__) X(1, __VA_ARGS__)
#define DIRECT_WIDTHS(X, ...) X(4, __VA_ARGS__) X(2, __VA_ARGS__) X(1, __VA_ARGS__)

#define INLINE static inline __attribute__((always_inline))

INLINE lanes_i lanes_load(const void *p) {
    return _mm256_loadu_si256(p);
}
INLINE void lanes_store(void *p, lanes_i v) {
    _mm256_storeu_si256(p, v);
}
INLINE lanes_f lanes_load_f(const float *p) {
    return _mm256_loadu_ps(p);
}
INLINE void lanes_store_f(float *p, lanes_f v) {
    _mm256_storeu_ps(p, v);
}
INLINE lanes_i lanes_or(lanes_i a, lanes_i b) {
    return _mm256_or_si256(a, b);
}
/* Bits first..first+n of each byte, moved to bit `to`; the rest zero. */
INLINE lanes_i lanes_bits(lanes_i v, int first, int n, int to) {
    typedef uint16_t u16x16 __attribute__((vector_size(32)));
    u16x16 moved = first > to ? (u16x16)v >> (first - to) : (u16x16)v << (to - first);
    return _mm256_and_si256((__m256i)moved, _mm256_set1_epi8((char)(((1 << n) - 1) << to)));
}
INLINE lanes_i lanes_shift_right_i32(lanes_i v, int n) {
    return _mm256_srl_epi32(v, _mm_cvtsi32_si128(n));
}
INLINE lanes_f lanes_zero_f(void) {
    return _mm256_setzero_ps();
}
INLINE lanes_i lanes_zero(void) {
    return _mm256_setzero_si256();
}
INLINE lanes_f lanes_set_f(float x) {
    return _mm256_set1_ps(x);
}
INLINE lanes_i lanes_set_i32(int32_t x) {
    return _mm256_set1_epi32(x);
}
/* Four activations for every row. */
INLINE lanes_i lanes_set_four(const int8_t *q) {
    int32_t four;
    memcpy(&four, q, 4);
    return _mm256_set1_epi32(four);
}
INLINE lanes_i lanes_mul_i32(lanes_i v, int32_t x) {
    return _mm256_mullo_epi32(v, _mm256_set1_epi32(x));
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
    return _mm256_permute4x64_epi64(_mm256_hadd_epi32(a, b), 0xd8);
}
INLINE lanes_f lanes_from_i32(lanes_i v) {
    return _mm256_cvtepi32_ps(v);
}
INLINE lanes_f lanes_mul(lanes_f a, lanes_f b) {
    return _mm256_mul_ps(a, b);
}
INLINE lanes_f lanes_add(lanes_f a, lanes_f b) {
    return _mm256_add_ps(a, b);
}
INLINE lanes_f lanes_neg(lanes_f a) {
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f));
}
INLINE lanes_f lanes_fma(lanes_f a, lanes_f b, lanes_f c) {
    return _mm256_fmadd_ps(a, b, c);
}
INLINE lanes_f lanes_load_f16(const void *p) {
    return _mm256_cvtph_ps(_mm_loadu_si128(p));
}
INLINE lanes_f lanes_load_bf16(const void *p) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(_mm_loadu_si128(p)), 16));
}
INLINE lanes_i lanes_load_u8(const void *p) {
    return _mm256_cvtepu8_epi32(_mm_loadl_epi64(p));
}
INLINE lanes_i lanes_load_i8(const void *p) {
    return _mm256_cvtepi8_epi32(_mm_loadl_epi64(p));
}

#ifdef __AVXVNNI__
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
    return _mm256_dpbusd_avx_epi32(part, w, q);
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
        return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(q, w));
    lanes_i sum = _mm256_maddubs_epi16(w, q);
    if (!is_first)
        sum = _mm256_add_epi16(part, sum);
    __asm__("" : "+x"(sum)); /* one after the other: as a tree, which compilers like better, the sums wouldn't fit the registers */
    return sum;
}
INLINE lanes_i lanes_close(lanes_i sum, lanes_i part) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(part, _mm256_set1_epi16(1)));
}
#endif

INLINE lanes_i lanes_flip_sign(lanes_i v) {
    return _mm256_xor_si256(v, _mm256_set1_epi8((char)0x80));
}
/* Looks each byte (0..15) up in a table of 16. */
INLINE lanes_i lanes_lookup(lanes_i v, const void *table) {
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(table)), v);
}

#endif
