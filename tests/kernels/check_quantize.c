#include "harness.h"

#include <math.h>
#include <string.h>

enum { LONGEST = 700, CANARIES = 64 };

typedef struct quantised {
    int8_t q[LONGEST + 32 + CANARIES];
    float scale[LONGEST / 32 + 1 + CANARIES];
    int32_t sum[LONGEST / 16 + 2 + CANARIES];
} quantised;

static void fill(float *x, size_t k, size_t round, uint64_t *rng) {
    static const float odd[] = {0, -0.0f, INFINITY, -INFINITY, NAN, 0x1p-140f, 3.4e38f, -3.4e38f, 1e-30f, 0x1p-100f};
    for (size_t i = 0; i < k; i++) {
        x[i] = harness_random_float(rng);
        if (round % 4 == 1) /* ties */
            x[i] = (float)((int)(harness_random(rng) % 509) - 254) * 0.5f;
        if (round % 4 == 2)
            x[i] *= ldexpf(1, (int)(harness_random(rng) % 256) - 128);
        if (round % 4 == 3 && harness_random(rng) % 7 == 0)
            x[i] = odd[harness_random(rng) % (sizeof odd / sizeof *odd)];
    }
    if (round % 4 == 1)
        for (size_t i = 0; i < k; i += 32)
            x[i] = 127;
}

int check_quantize(const mote_kernels *c, const mote_kernels *k, const harness_options *options, uint64_t seed) {
    (void)options;
    int n_failed = 0;
    uint64_t rng = seed;
    for (size_t round = 0; round < 400; round++) {
        size_t n = 1 + harness_random(&rng) % LONGEST;
        float *x = harness_alloc((n + 1) * sizeof *x);
        quantised expected, got;
        memset(&expected, 0x55, sizeof expected);
        memset(&got, 0x55, sizeof got);
        fill(x + round % 2, n, round, &rng);
        c->quantize_q8(x + round % 2, n, expected.q, expected.scale, expected.sum);
        k->quantize_q8(x + round % 2, n, got.q, got.scale, got.sum);
        bool is_wrong = memcmp(&expected, &got, sizeof got) != 0;
        for (size_t i = 0; i < (n + 31) / 32 * 32; i++)
            is_wrong |= got.q[i] == -128;
        if (is_wrong)
            printf("  %s quantize_q8 k %zu round %zu differs (seed %llu)\n", mote_cpu_level_name(k->level), n, round, (unsigned long long)seed);
        n_failed += is_wrong;
        mote_mem_free(x);
    }
    return n_failed;
}
