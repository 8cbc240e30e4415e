/* How sure a difference of two means is that were measured on the same items: a 95 % interval by the paired bootstrap, percentile method.
 * B. Efron, R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13; P. Koehn, "Statistical Significance Tests for Machine Translation Evaluation", EMNLP 2004.
 * Items may lie in groups: the mean is that of the groups' means then, and a draw takes as many items from each group as it has. The ends are quantiles of the draws' means,
 * interpolated linearly. Items that all differ by the same leave nothing to draw: the interval is that one point. */
#ifndef MOTE_TASKS_SCORE_PAIRED_H
#define MOTE_TASKS_SCORE_PAIRED_H

#include <mote/status.h>

#include <stddef.h>

enum { MOTE_PAIRED_DRAWS = 2000, MOTE_PAIRED_GROUPS = 8 };

typedef struct mote_paired {
    struct {
        double *differences; /* [n] */
        size_t n, capacity;
    } groups[MOTE_PAIRED_GROUPS];
} mote_paired;

/* {0} is empty. One item's first score less its second; group < MOTE_PAIRED_GROUPS. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_paired_add(mote_paired *paired, size_t group, double difference, mote_error *err);
void mote_paired_deinit(mote_paired *paired);
double mote_paired_mean(const mote_paired *paired); /* 0 without items */
/* The same draws each time (mersenne.h, seed 0). 0 and 0 without items. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_paired_interval(const mote_paired *paired, double interval[2]);

#endif
