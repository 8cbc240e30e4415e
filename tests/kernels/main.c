/* kernels [--seed N] [--level NAME] [--type NAME] [--bench [--threads N]]
 * Checks every kernel of every instruction set of this machine against its C reference; 0 when all agree. */
#include "harness.h"

#include "base/error.h"

#include <string.h>
#include <time.h>

static const mote_cpu_level LEVELS[] = {MOTE_CPU_AVX2, MOTE_CPU_AVXVNNI, MOTE_CPU_AVX512, MOTE_CPU_AVX512VNNI, MOTE_CPU_NEON, MOTE_CPU_DOTPROD, MOTE_CPU_I8MM};

static const struct {
    const char *name;
    int (*check)(const mote_kernels *c, const mote_kernels *k, const harness_options *options, uint64_t seed);
} CHECKS[] = {{"quantize_q8", check_quantize}, {"quantize", check_blocks}, {"matmul", check_matmul}};

static bool has_level(mote_cpu_level level) {
    mote_cpu_level best;
    mote_error err;
    return mote_cpu_choose(mote_cpu_level_name(level), &best, &err) == MOTE_OK && best == level;
}

int main(int argc, char **argv) {
    harness_options options = {0};
    uint64_t seed = (uint64_t)time(NULL);
    bool is_bench = false;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--bench") == 0) {
            is_bench = true;
            continue;
        }
        if (strcmp(argv[i], "--seed") == 0)
            seed = strtoull(value, NULL, 10);
        else if (strcmp(argv[i], "--level") == 0)
            options.level = value;
        else if (strcmp(argv[i], "--type") == 0)
            options.type = value;
        else if (strcmp(argv[i], "--threads") == 0)
            options.n_threads = atoi(value);
        i++;
    }
    printf("seed %llu\n", (unsigned long long)seed);
    int n_failed = 0;
    mote_kernels c, k;
    mote_kernels_init(&c, MOTE_CPU_C);
    if (is_bench && options.level && strcmp(options.level, "c") == 0)
        bench_matmul(&c, &options);
    for (size_t i = 0; i < sizeof LEVELS / sizeof *LEVELS; i++) {
        if (!has_level(LEVELS[i]) || (options.level && strcmp(options.level, mote_cpu_level_name(LEVELS[i])) != 0))
            continue;
        mote_kernels_init(&k, LEVELS[i]);
        if (is_bench) {
            bench_matmul(&k, &options);
            continue;
        }
        for (size_t n = 0; n < sizeof CHECKS / sizeof *CHECKS; n++) {
            int wrong = CHECKS[n].check(&c, &k, &options, seed);
            printf("%-10s %-12s %s\n", mote_cpu_level_name(LEVELS[i]), CHECKS[n].name, wrong ? "FAILED" : "ok");
            n_failed += wrong;
        }
    }
    return n_failed ? 1 : 0;
}
