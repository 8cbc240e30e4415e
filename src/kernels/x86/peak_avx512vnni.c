#include "kernels/peak.h"

#include <immintrin.h>

/* 16 independent sums: enough in flight for two instructions a cycle at a latency of up to eight. */
uint64_t mote_peak_int8_avx512vnni(uint64_t n_rounds, uint32_t *sink) {
    __m512i sums[16], a = _mm512_set1_epi32((int)*sink | 0x01010101), b = _mm512_set1_epi32(0x01010101);
    for (int i = 0; i < 16; i++)
        sums[i] = _mm512_setzero_si512();
    for (uint64_t r = 0; r < n_rounds; r++) {
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++)
            sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
    }
    for (int i = 1; i < 16; i++)
        sums[0] = _mm512_add_epi32(sums[0], sums[i]);
    *sink += (uint32_t)_mm512_reduce_add_epi32(_mm512_srli_epi32(sums[0], 5)); /* shifted, so that the sum of 16 cannot overflow */
    return n_rounds * 16 * 64 * 2;
}
