/* Ridge regression from features to one-hot labels, in its dual form, and what it says of each example when that one is left out.
 * Leave-one-out in closed form: R. Rifkin, R. Lippert, "Notes on Regularized Least Squares", MIT-CSAIL-TR-2007-025. */
#ifndef MOTE_TASKS_RIDGE_H
#define MOTE_TASKS_RIDGE_H

#include <mote/status.h>

typedef struct mote_ridge {
    size_t n_features, n_labels;
    float *mean, *scale; /* [n_features] of the standardisation */
    float *weights;      /* [n_labels, n_features] */
    float *bias;         /* [n_labels] */
} mote_ridge;

/* x: [n, n_features], changed (standardised); labels [n]. The strength of the penalty is the one of a few with the least squared error when each example is left out;
 * left_out [n, n_labels] receives these outputs. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_ridge_fit(float *x, size_t n, size_t n_features, const size_t *labels, size_t n_labels, mote_ridge *ridge, double *left_out);
void mote_ridge_deinit(mote_ridge *ridge);
/* x: [n_features]; out: [n_labels], about 1 for the label and 0 for the others. */
void mote_ridge_apply(const mote_ridge *ridge, const float *x, double *out);

#endif
