#include "kernels/peak.h"

#include <immintrin.h>

void mote_peak_read_avx512(const uint8_t *data, size_t n_bytes, uint32_t *sink) {
    __m512i sums[4] = {_mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512()};
    size_t i = 0;
    for (; i + 256 <= n_bytes; i += 256)
        for (int j = 0; j < 4; j++) {
            _mm_prefetch((const char *)data + i + 2048 + (size_t)j * 64, _MM_HINT_T0);
            sums[j] = _mm512_xor_si512(sums[j], _mm512_loadu_si512(data + i + (size_t)j * 64));
        }
    __m512i all = _mm512_xor_si512(_mm512_xor_si512(sums[0], sums[1]), _mm512_xor_si512(sums[2], sums[3]));
    *sink += (uint32_t)_mm512_reduce_add_epi32(_mm512_srli_epi32(all, 5)); /* shifted, so that the sum of 16 cannot overflow */
}
