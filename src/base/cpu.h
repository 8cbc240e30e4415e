/* Which instruction sets this CPU has, cut down by MOTE_CPU (c|avx2|avxvnni|avx512|avx512vnni|neon|dotprod|i8mm: each name excludes what
 * comes after it). */
#ifndef MOTE_BASE_CPU_H
#define MOTE_BASE_CPU_H

#include <mote/status.h>

typedef enum mote_cpu_level {
    MOTE_CPU_C = 0,
    /* x86-64 */
    MOTE_CPU_AVX2,       /* AVX2, FMA, F16C, BMI2 */
    MOTE_CPU_AVXVNNI,    /* + AVX-VNNI */
    MOTE_CPU_AVX512,     /* AVX-512 F, BW, DQ, VL (VNNI not used) */
    MOTE_CPU_AVX512VNNI, /* + AVX-512 VNNI, BF16, VBMI where present */
    /* arm64 */
    MOTE_CPU_NEON,
    MOTE_CPU_DOTPROD,
    MOTE_CPU_I8MM
} mote_cpu_level;

/* The best level of this CPU, or the one that `mask` (may be NULL) names if that is lower. A name that is unknown or of the other
 * architecture: MOTE_ERR_ARGUMENT. On x86 "avx512" on a CPU without it falls back to the best level below. */
MOTE_MUST_CHECK mote_status mote_cpu_choose(const char *mask, mote_cpu_level *level, mote_error *err);
const char *mote_cpu_level_name(mote_cpu_level level);
/* Threads to use by default: physical cores in the affinity mask, cut by the control groups' CPU quota; 1 to MOTE_THREADS_MAX. */
int mote_cpu_default_threads(void);

#endif
