#include "kernels/peak.h"

#include <immintrin.h>

/* Without VNNI a product of int8 takes three instructions: pairs to int16, pairs to int32, add. */
uint64_t mote_peak_int8_avx2(uint64_t n_rounds, uint32_t *sink) {
    enum { SUMS = 8 };
    __m256i sums[SUMS], a = _mm256_set1_epi32((int)*sink | 0x01010101), ones = _mm256_set1_epi16(1), b[2] = {_mm256_set1_epi32(0x01010101), _mm256_set1_epi32(0x02020202)};
    for (int i = 0; i < SUMS; i++)
        sums[i] = _mm256_setzero_si256();
    uint64_t n = n_rounds * 1024 / (SUMS * 32);
    for (uint64_t r = 0; r < n; r++) {
        a = _mm256_xor_si256(a, b[1]); /* new factors each round: nothing can be kept */
#pragma GCC unroll 8
        for (int i = 0; i < SUMS; i++)
            sums[i] = _mm256_add_epi32(sums[i], _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_add_epi8(a, sums[i]), b[i & 1]), ones));
    }
    int32_t lanes[8];
    for (int i = 0; i < SUMS; i++) {
        _mm256_storeu_si256((__m256i *)lanes, sums[i]);
        *sink += (uint32_t)lanes[0];
    }
    return n * SUMS * 32 * 2;
}

void mote_peak_read_avx2(const uint8_t *data, size_t n_bytes, uint32_t *sink) {
    __m256i sums[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
    for (size_t i = 0; i + 128 <= n_bytes; i += 128)
        for (int j = 0; j < 4; j++)
            sums[j] = _mm256_xor_si256(sums[j], _mm256_loadu_si256((const __m256i *)(data + i + (size_t)j * 32)));
    int32_t lanes[8];
    for (int j = 0; j < 4; j++) {
        _mm256_storeu_si256((__m256i *)lanes, sums[j]);
        *sink += (uint32_t)lanes[0];
    }
}
