/* What both searches share: a block is made finite, its errors get their weights. */
#include "kernels/blocks_search.h"

#include "base/half.h"

#include <math.h>

/* Far above what any block type can hold (65504 * 127 * 32 < 2^29), far below where sums of 256 weighted squares overflow a float. */
static const float x_max = 0x1p40f;

static float to_finite(float x) {
    if (x != x)
        return 0;
    return x > x_max ? x_max : x < -x_max ? -x_max : x;
}

/* Importance is only compared inside a block: scaled to a maximum of 1, so that no product with it overflows. */
static void copy_importance(float *w, const float *importance, size_t len) {
    float max = 0;
    for (size_t i = 0; i < len; i++) {
        w[i] = importance && importance[i] > 0 && importance[i] < INFINITY ? importance[i] : 0;
        max = w[i] > max ? w[i] : max;
    }
    for (size_t i = 0; i < len; i++)
        w[i] = max > 0 ? w[i] / max : 1;
}

void mote_blocks_search_prepare(mote_blocks_sample *sample, const float *x, const float *importance, size_t len, size_t group_len) {
    float max = 0, sum = 0;
    for (size_t i = 0; i < len; i++) {
        sample->x[i] = to_finite(x[i]);
        max = fabsf(sample->x[i]) > max ? fabsf(sample->x[i]) : max;
    }
    copy_importance(sample->w, importance, len);
    if (max > 0x1p-60f) {
        /* relative to the largest, so that squares of tiny weights don't vanish */
        for (size_t i = 0; i < len; i++)
            sum += sample->x[i] / max * (sample->x[i] / max);
        for (size_t i = 0; i < len; i++) {
            float r = sample->x[i] / max;
            sample->w[i] *= sqrtf(4 * sum / (float)len + r * r);
        }
    }
    /* a group that nobody looks at is still quantised as well as it can be */
    for (size_t g = 0; g < len; g += group_len) {
        float group_sum = 0;
        for (size_t i = 0; i < group_len; i++)
            group_sum += sample->w[g + i];
        for (size_t i = 0; i < group_len && group_sum < 0x1p-40f; i++)
            sample->w[g + i] = 0x1p-30f;
    }
}

uint16_t mote_blocks_search_half(float x) {
    uint16_t h = mote_half_to_f16(x);
    return (h & 0x7fff) >= 0x7c00 ? (uint16_t)((h & 0x8000) | 0x7bff) : h;
}

bool mote_blocks_search_is_constant(const mote_blocks_sample *sample, int len) {
    for (int i = 1; i < len; i++) {
        if (sample->x[i] != sample->x[0])
            return false;
    }
    return true;
}
