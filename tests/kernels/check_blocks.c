#include "harness.h"

#include "kernels/blocks.h"

#include <math.h>
#include <string.h>

enum { LONGEST = 6 * 256 };

static const mote_dtype TYPES[] = {MOTE_DTYPE_Q4_0, MOTE_DTYPE_Q4_1, MOTE_DTYPE_Q5_0, MOTE_DTYPE_Q5_1, MOTE_DTYPE_Q8_0,   MOTE_DTYPE_Q2_K,
                                   MOTE_DTYPE_Q3_K, MOTE_DTYPE_Q4_K, MOTE_DTYPE_Q5_K, MOTE_DTYPE_Q6_K, MOTE_DTYPE_IQ4_NL, MOTE_DTYPE_IQ4_XS};

/* Ordinary weights, halves of small whole numbers (ties), one value over and over, all magnitudes, odd ones. */
static void fill(float *x, size_t n, size_t round, uint64_t *rng) {
    static const float odd[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 0x1p-140f, 3.4e38f, -3.4e38f, 1e-30f, 0x1p-100f};
    float constant = harness_random_float(rng);
    for (size_t i = 0; i < n; i++) {
        x[i] = harness_random_float(rng);
        if (round % 5 == 1)
            x[i] = (float)((int)(harness_random(rng) % 31) - 15) * 0.5f;
        if (round % 5 == 2 && i / 256 % 2 == 0)
            x[i] = constant;
        if (round % 5 == 3)
            x[i] *= ldexpf(1, (int)(harness_random(rng) % 200) - 100);
        if (round % 5 == 4 && harness_random(rng) % 7 == 0)
            x[i] = odd[harness_random(rng) % (sizeof odd / sizeof *odd)];
    }
}

/* Every number of blocks, together and one by one, gives the same bytes at every level. */
int check_blocks(const mote_kernels *c, const mote_kernels *k, const harness_options *options, uint64_t seed) {
    int n_failed = 0;
    uint64_t rng = seed;
    (void)options;
    for (size_t round = 0; round < 40; round++) {
        float x[LONGEST], importance[LONGEST];
        uint8_t expected[LONGEST * 2], got[LONGEST * 2];
        fill(x, LONGEST, round, &rng);
        fill(importance, LONGEST, round / 5, &rng);
        for (size_t t = 0; t < sizeof TYPES / sizeof *TYPES; t++) {
            const mote_dtype_info *info = mote_dtype_get((int)TYPES[t]);
            size_t n = info->block_len * (1 + harness_random(&rng) % (LONGEST / info->block_len)), n_bytes = mote_dtype_row_bytes(TYPES[t], n);
            const mote_blocks_importance whole = {importance, 0.1f * (float)round}, *w = round % 2 ? &whole : NULL;
            bool is_wrong = !c->quantize(TYPES[t], x, expected, n, w) || !k->quantize(TYPES[t], x, got, n, w) || memcmp(expected, got, n_bytes) != 0;
            for (size_t i = 0; i < n / info->block_len; i++) {
                mote_blocks_importance one = {importance + i * info->block_len, whole.row_mean_square};
                is_wrong |= !k->quantize(TYPES[t], x + i * info->block_len, got + i * info->block_bytes, info->block_len, w ? &one : NULL);
            }
            is_wrong |= memcmp(expected, got, n_bytes) != 0;
            if (is_wrong)
                printf("  %s quantize %s %zu weights round %zu differs (seed %llu)\n", mote_cpu_level_name(k->level), info->name, n, round, (unsigned long long)seed);
            n_failed += is_wrong;
        }
    }
    return n_failed;
}
