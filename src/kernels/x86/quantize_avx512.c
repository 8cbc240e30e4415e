/* quantize_q8 with AVX-512; matmul_c.c defines the result. */
#include "kernels/levels.h"

#include <immintrin.h>
#include <string.h>

static inline void quantize_block(const float *x, int8_t *q, float *scale, int32_t *sum) {
    const __m512 most = _mm512_set1_ps(127.0f), least = _mm512_set1_ps(-127.0f);
    __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
    /* max_ps returns its second operand when one is not a number: such inputs don't count */
    __m512 peaks = _mm512_max_ps(_mm512_abs_ps(b), _mm512_max_ps(_mm512_abs_ps(a), _mm512_setzero_ps()));
    float peak = _mm512_reduce_max_ps(peaks);
    peak = peak < 0x1.fffffep127f ? peak : 0x1.fffffep127f;
    __m512 inverse = _mm512_setzero_ps();
    *scale = 0;
    if (peak >= 0x1p-100f) {
        inverse = _mm512_set1_ps(127.0f / peak);
        *scale = peak / 127.0f;
    } else {
        a = b = inverse;
    }
    __m512i low = _mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(_mm512_mul_ps(a, inverse), most), least));
    __m512i high = _mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(_mm512_mul_ps(b, inverse), most), least));
    _mm_storeu_si128((void *)q, _mm512_cvtepi32_epi8(low));
    _mm_storeu_si128((void *)(q + 16), _mm512_cvtepi32_epi8(high));
    sum[0] = _mm512_reduce_add_epi32(low);
    sum[1] = _mm512_reduce_add_epi32(high);
}

void mote_quantize_q8_avx512(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum) {
    size_t n_blocks = k / MOTE_BLOCK, rest = k % MOTE_BLOCK;
    for (size_t b = 0; b < n_blocks; b++)
        quantize_block(x + b * MOTE_BLOCK, q + b * MOTE_BLOCK, scale + b, sum + 2 * b);
    if (rest) {
        float last[MOTE_BLOCK] = {0};
        memcpy(last, x + n_blocks * MOTE_BLOCK, rest * sizeof *x);
        quantize_block(last, q + n_blocks * MOTE_BLOCK, scale + n_blocks, sum + 2 * n_blocks);
    }
}
