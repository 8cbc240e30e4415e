#include "base/cpu.h"

#include "base/cpu_share.h"
#include "base/error.h"
#include "base/thread_pool.h"

#include <sched.h>
#include <stdbool.h>
#include <string.h>

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

static const struct {
    const char *name;
    mote_cpu_level level;
} LEVELS[] = {
    {"c", MOTE_CPU_C},       {"avx2", MOTE_CPU_AVX2},       {"avxvnni", MOTE_CPU_AVXVNNI}, {"avx512", MOTE_CPU_AVX512}, {"avx512vnni", MOTE_CPU_AVX512VNNI},
    {"neon", MOTE_CPU_NEON}, {"dotprod", MOTE_CPU_DOTPROD}, {"i8mm", MOTE_CPU_I8MM},
};
enum { N_LEVELS = sizeof LEVELS / sizeof *LEVELS };

static bool is_of_this_machine(mote_cpu_level level) {
#if defined(__x86_64__)
    return level <= MOTE_CPU_AVX512VNNI;
#elif defined(__aarch64__)
    return level == MOTE_CPU_C || level >= MOTE_CPU_NEON;
#else
    return level == MOTE_CPU_C;
#endif
}

#if defined(__x86_64__)
#include <cpuid.h>

/* gcc 12's __builtin_cpu_supports doesn't know AVX-VNNI: leaf 7, sub-leaf 1, EAX bit 4. */
static bool has_avxvnni(void) {
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4);
}

/* clang 14's doesn't know F16C: leaf 1, ECX bit 29. The system's saving of its registers is AVX's, which _supports("avx2") has checked. */
static bool has_f16c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & 1u << 29);
}
#endif

static bool has(mote_cpu_level level) {
    if (level == MOTE_CPU_C)
        return true;
#if defined(__x86_64__)
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2") && has_f16c();
    bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    switch (level) {
    case MOTE_CPU_AVX2:
        return avx2;
    case MOTE_CPU_AVXVNNI:
        return avx2 && has_avxvnni();
    case MOTE_CPU_AVX512:
        return avx512;
    case MOTE_CPU_AVX512VNNI:
        return avx512 && __builtin_cpu_supports("avx512vnni");
    default:
        return false;
    }
#elif defined(__aarch64__)
    enum { HWCAP_DOTPROD = 1 << 20, HWCAP2_HAS_I8MM = 1 << 13 };
    bool dotprod = getauxval(AT_HWCAP) & HWCAP_DOTPROD;
    switch (level) {
    case MOTE_CPU_NEON:
        return true;
    case MOTE_CPU_DOTPROD:
        return dotprod;
    case MOTE_CPU_I8MM:
        return dotprod && (getauxval(AT_HWCAP2) & HWCAP2_HAS_I8MM);
    default:
        return false;
    }
#else
    return false;
#endif
}

mote_status mote_cpu_choose(const char *mask, mote_cpu_level *level, mote_error *err) {
    mote_cpu_level most = MOTE_CPU_I8MM;
    if (mask && *mask) {
        int found = -1;
        for (int i = 0; i < N_LEVELS; i++)
            if (strcmp(mask, LEVELS[i].name) == 0)
                found = i;
        if (found < 0 || !is_of_this_machine(LEVELS[found].level))
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "MOTE_CPU: '%s' is no instruction set of this architecture", mask);
        most = LEVELS[found].level;
    }
    *level = MOTE_CPU_C;
    for (int i = 0; i < N_LEVELS; i++)
        if (LEVELS[i].level <= most && is_of_this_machine(LEVELS[i].level) && has(LEVELS[i].level))
            *level = LEVELS[i].level;
    return MOTE_OK;
}

const char *mote_cpu_level_name(mote_cpu_level level) {
    for (int i = 0; i < N_LEVELS; i++)
        if (LEVELS[i].level == level)
            return LEVELS[i].name;
    return "unknown";
}

int mote_cpu_default_threads(void) {
    unsigned long mask[MOTE_CPU_SHARE_MAX_CPUS / (8 * sizeof(unsigned long))] = {0};
    bool is_ours[MOTE_CPU_SHARE_MAX_CPUS] = {false};
    if (sched_getaffinity(0, sizeof mask, (cpu_set_t *)mask) == 0)
        for (size_t i = 0; i < MOTE_CPU_SHARE_MAX_CPUS; i++)
            is_ours[i] = mask[i / (8 * sizeof *mask)] >> i % (8 * sizeof *mask) & 1;
    int n = mote_cpu_share_cores("", is_ours, MOTE_CPU_SHARE_MAX_CPUS), quota = mote_cpu_share_quota("");
    if (quota > 0 && quota < n)
        n = quota;
    return n < 1 ? 1 : n > MOTE_THREADS_MAX ? MOTE_THREADS_MAX : n;
}
