/* quantize_q8 with AVX2; matmul_c.c defines the result. */
#include "kernels/levels.h"

#include <immintrin.h>
#include <string.h>

static inline float reduce_max(__m256 v) {
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

static inline int32_t reduce_add(__m256i v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

static inline void quantize_block(const float *x, int8_t *q, float *scale, int32_t *sum) {
    const __m256 most = _mm256_set1_ps(127.0f), least = _mm256_set1_ps(-127.0f), sign = _mm256_set1_ps(-0.0f);
    __m256 v[4], peaks = _mm256_setzero_ps();
    __m256i n[4];
    for (int i = 0; i < 4; i++) { /* max_ps returns its second operand when one is not a number: such inputs don't count */
        v[i] = _mm256_loadu_ps(x + i * 8);
        peaks = _mm256_max_ps(_mm256_andnot_ps(sign, v[i]), peaks);
    }
    float peak = reduce_max(peaks);
    peak = peak < 0x1.fffffep127f ? peak : 0x1.fffffep127f;
    if (peak < 0x1p-100f) {
        memset(q, 0, MOTE_BLOCK);
        *scale = 0;
        sum[0] = sum[1] = 0;
        return;
    }
    const __m256 inverse = _mm256_set1_ps(127.0f / peak);
    *scale = peak / 127.0f;
    for (int i = 0; i < 4; i++)
        n[i] = _mm256_cvtps_epi32(_mm256_max_ps(_mm256_min_ps(_mm256_mul_ps(v[i], inverse), most), least));
    sum[0] = reduce_add(_mm256_add_epi32(n[0], n[1]));
    sum[1] = reduce_add(_mm256_add_epi32(n[2], n[3]));
    __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(n[0], n[1]), _mm256_packs_epi32(n[2], n[3]));
    _mm256_storeu_si256((void *)q, _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}

void mote_quantize_q8_avx2(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum) {
    size_t n_blocks = k / MOTE_BLOCK, rest = k % MOTE_BLOCK;
    for (size_t b = 0; b < n_blocks; b++)
        quantize_block(x + b * MOTE_BLOCK, q + b * MOTE_BLOCK, scale + b, sum + 2 * b);
    if (rest) {
        float last[MOTE_BLOCK] = {0};
        memcpy(last, x + n_blocks * MOTE_BLOCK, rest * sizeof *x);
        quantize_block(last, q + n_blocks * MOTE_BLOCK, scale + n_blocks, sum + 2 * n_blocks);
    }
}
