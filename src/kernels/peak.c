#include "kernels/peak.h"

#include <string.h>

/* What a CPU without our vector levels does: the compiler's own vectors of the plain sum. */
static uint64_t int8_c(uint64_t n_rounds, uint32_t *sink) {
    enum { LANES = 64, STEPS = 16 };
    uint32_t sums[LANES] = {0}; /* wraps: only the work counts */
    int8_t a[LANES], b[LANES];
    for (int i = 0; i < LANES; i++) {
        a[i] = (int8_t)i;
        b[i] = (int8_t)(*sink + (uint32_t)i);
    }
    for (uint64_t r = 0; r < n_rounds; r++)
        for (int s = 0; s < STEPS; s++)
            for (int i = 0; i < LANES; i++)
                sums[i] += (uint32_t)(a[i] * (int8_t)(b[i] + s));
    for (int i = 0; i < LANES; i++)
        *sink += sums[i];
    return n_rounds * LANES * STEPS * 2;
}

static void read_c(const uint8_t *data, size_t n_bytes, uint32_t *sink) {
    uint64_t sums[8] = {0};
    for (size_t i = 0; i + 64 <= n_bytes; i += 64) {
        uint64_t words[8];
        memcpy(words, data + i, sizeof words);
        for (int j = 0; j < 8; j++)
            sums[j] ^= words[j];
    }
    for (int j = 0; j < 8; j++)
        *sink += (uint32_t)sums[j];
}

uint64_t mote_peak_int8(mote_cpu_level level, uint64_t n_rounds, uint32_t *sink) {
#if defined(__x86_64__)
    switch (level) {
    case MOTE_CPU_AVX512VNNI:
        return mote_peak_int8_avx512vnni(n_rounds, sink);
    case MOTE_CPU_AVXVNNI:
        return mote_peak_int8_avxvnni(n_rounds, sink);
    case MOTE_CPU_AVX2:
    case MOTE_CPU_AVX512:
        return mote_peak_int8_avx2(n_rounds, sink);
    default:
        break;
    }
#endif
    (void)level;
    return int8_c(n_rounds, sink);
}

void mote_peak_read(mote_cpu_level level, const uint8_t *data, size_t n_bytes, uint32_t *sink) {
#if defined(__x86_64__)
    if (level >= MOTE_CPU_AVX512) {
        mote_peak_read_avx512(data, n_bytes, sink);
        return;
    }
    if (level >= MOTE_CPU_AVX2) {
        mote_peak_read_avx2(data, n_bytes, sink);
        return;
    }
#endif
    (void)level;
    read_c(data, n_bytes, sink);
}
