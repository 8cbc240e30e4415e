#include "base/cpu.h"

#include "base/error.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
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

/* cgroup v2's quota in whole CPUs, rounded up; 0 when there is none. */
static int quota_cpus(void) {
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!f)
        return 0;
    long quota = 0, period = 0;
    int n = fscanf(f, "%ld %ld", &quota, &period);
    fclose(f);
    return n == 2 && quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

/* Whether `cpu` is the first hyper-thread of its core. */
static bool is_first_of_core(int cpu) {
    char path[96];
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *f = fopen(path, "re");
    if (!f)
        return true;
    int first = cpu;
    int n = fscanf(f, "%d", &first);
    fclose(f);
    return n != 1 || first == cpu;
}

int mote_cpu_default_threads(void) {
    cpu_set_t set;
    int n = 0, n_all = 0;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        for (int i = 0; i < CPU_SETSIZE; i++)
            if (CPU_ISSET(i, &set)) {
                n_all++;
                n += is_first_of_core(i);
            }
    if (n == 0)
        n = n_all; /* only second hyper-threads are ours */
    int quota = quota_cpus();
    if (quota > 0 && quota < n)
        n = quota;
    return n < 1 ? 1 : n > 64 ? 64 : n;
}
