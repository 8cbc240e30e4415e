#include "tasks/score_paired.h"

#include "base/error.h"
#include "base/mem.h"
#include "tasks/mersenne.h"

#include <stdlib.h>

mote_status mote_paired_add(mote_paired *paired, size_t group, double difference, mote_error *err) {
    if (paired->groups[group].n == paired->groups[group].capacity) {
        size_t capacity = 2 * paired->groups[group].capacity + 64;
        double *differences = mote_mem_resize_array(paired->groups[group].differences, capacity, sizeof *differences);
        if (!differences)
            return mote_error_alloc(err, capacity * sizeof *differences);
        paired->groups[group].differences = differences;
        paired->groups[group].capacity = capacity;
    }
    paired->groups[group].differences[paired->groups[group].n++] = difference;
    return MOTE_OK;
}

void mote_paired_deinit(mote_paired *paired) {
    for (size_t g = 0; g < MOTE_PAIRED_GROUPS; g++)
        mote_mem_free(paired->groups[g].differences);
    *paired = (mote_paired){0};
}

/* Of all items, or of a draw from each group. */
static double mean_of(const mote_paired *paired, mote_mersenne *random) {
    double sum = 0;
    size_t n_groups = 0;
    for (size_t g = 0; g < MOTE_PAIRED_GROUPS; g++) {
        size_t n = paired->groups[g].n;
        double of_group = 0;
        for (size_t i = 0; i < n; i++)
            of_group += paired->groups[g].differences[random ? mote_mersenne_below(random, (uint32_t)n) : i];
        sum += n ? of_group / (double)n : 0;
        n_groups += n > 0;
    }
    return n_groups ? sum / (double)n_groups : 0;
}

double mote_paired_mean(const mote_paired *paired) {
    return mean_of(paired, NULL);
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double quantile(const double *sorted, double share) {
    double at = share * (MOTE_PAIRED_DRAWS - 1);
    size_t i = (size_t)at;
    return sorted[i] + (at - (double)i) * (sorted[i + 1] - sorted[i]);
}

mote_status mote_paired_interval(const mote_paired *paired, double interval[2]) {
    double *means = mote_mem_alloc_array(MOTE_PAIRED_DRAWS, sizeof *means);
    mote_mersenne random;
    if (!means)
        return MOTE_ERR_ALLOC;
    mote_mersenne_init(&random, 0);
    for (size_t i = 0; i < MOTE_PAIRED_DRAWS; i++)
        means[i] = mean_of(paired, &random);
    qsort(means, MOTE_PAIRED_DRAWS, sizeof *means, compare);
    interval[0] = quantile(means, 0.025);
    interval[1] = quantile(means, 0.975);
    mote_mem_free(means);
    return MOTE_OK;
}
