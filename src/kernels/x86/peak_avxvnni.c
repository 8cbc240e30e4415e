#include "kernels/peak.h"

#include <immintrin.h>

uint64_t mote_peak_int8_avxvnni(uint64_t n_rounds, uint32_t *sink) {
    enum { SUMS = 12 };
    __m256i sums[SUMS], a = _mm256_set1_epi32((int)*sink | 0x01010101), b = _mm256_set1_epi32(0x01010101);
    for (int i = 0; i < SUMS; i++)
        sums[i] = _mm256_setzero_si256();
    uint64_t n = n_rounds * 1024 / (SUMS * 32);
    for (uint64_t r = 0; r < n; r++) {
#pragma GCC unroll 12
        for (int i = 0; i < SUMS; i++)
            sums[i] = _mm256_dpbusd_avx_epi32(sums[i], a, b);
    }
    int32_t lanes[8];
    for (int i = 0; i < SUMS; i++) {
        _mm256_storeu_si256((__m256i *)lanes, sums[i]);
        *sink += (uint32_t)lanes[0];
    }
    return n * SUMS * 32 * 2;
}
