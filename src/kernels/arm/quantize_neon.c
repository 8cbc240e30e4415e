/* quantize_q8 with NEON; matmul_c.c defines the result. */
#include "kernels/levels.h"

#include <arm_neon.h>
#include <string.h>

/* Comparisons choose, not fmin and fmax: what is not a number must take the reference's way. */
static inline float32x4_t smaller(float32x4_t a, float32x4_t b) {
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
static inline float32x4_t greater(float32x4_t a, float32x4_t b) {
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

static inline void quantize_block(const float *x, int8_t *q, float *scale, int32_t *sum) {
    const float32x4_t most = vdupq_n_f32(127), least = vdupq_n_f32(-127);
    float32x4_t v[8], peaks = vdupq_n_f32(0);
    int32x4_t n[8];
    for (int i = 0; i < 8; i++) {
        v[i] = vld1q_f32(x + i * 4);
        peaks = greater(vabsq_f32(v[i]), peaks);
    }
    float peak = vmaxvq_f32(peaks);
    peak = peak < 0x1.fffffep127f ? peak : 0x1.fffffep127f;
    if (peak < 0x1p-100f) {
        memset(q, 0, MOTE_BLOCK);
        *scale = 0;
        sum[0] = sum[1] = 0;
        return;
    }
    const float32x4_t inverse = vdupq_n_f32(127.0f / peak);
    *scale = peak / 127.0f;
    for (int i = 0; i < 8; i++)
        n[i] = vcvtnq_s32_f32(greater(smaller(vmulq_f32(v[i], inverse), most), least));
    for (int h = 0; h < 2; h++) {
        const int32x4_t *four = n + h * 4;
        int16x8_t low = vcombine_s16(vmovn_s32(four[0]), vmovn_s32(four[1])), high = vcombine_s16(vmovn_s32(four[2]), vmovn_s32(four[3]));
        vst1q_s8(q + h * 16, vcombine_s8(vmovn_s16(low), vmovn_s16(high)));
        sum[h] = vaddvq_s32(vaddq_s32(vaddq_s32(four[0], four[1]), vaddq_s32(four[2], four[3])));
    }
}

void mote_quantize_q8_neon(const float *x, size_t k, int8_t *q, float *scale, int32_t *sum) {
    size_t n_blocks = k / MOTE_BLOCK, rest = k % MOTE_BLOCK;
    for (size_t b = 0; b < n_blocks; b++)
        quantize_block(x + b * MOTE_BLOCK, q + b * MOTE_BLOCK, scale + b, sum + 2 * b);
    if (rest) {
        float last[MOTE_BLOCK] = {0};
        memcpy(last, x + n_blocks * MOTE_BLOCK, rest * sizeof *x);
        quantize_block(last, q + n_blocks * MOTE_BLOCK, scale + n_blocks, sum + 2 * n_blocks);
    }
}
