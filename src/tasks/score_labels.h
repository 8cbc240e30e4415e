/* Accuracy of labels and how well their probabilities are calibrated.
 * Expected calibration error: C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017: in bins of equal width, the mean over items of
 * |share of right ones - mean probability|. */
#ifndef MOTE_TASKS_SCORE_LABELS_H
#define MOTE_TASKS_SCORE_LABELS_H

#include <stdbool.h>
#include <stdint.h>

enum { MOTE_LABEL_BINS = 15 };

typedef struct mote_label_sums {
    uint64_t n, n_right;
    struct {
        uint64_t n, n_right;
        double probability; /* sum */
    } bins[MOTE_LABEL_BINS];
} mote_label_sums;

/* One item: whether the label is right, and the probability it was given with (0 to 1; a bin is open below and closed above). */
void mote_labels_add(mote_label_sums *sums, bool is_right, double probability);
double mote_labels_accuracy(const mote_label_sums *sums);          /* 0 without items */
double mote_labels_calibration_error(const mote_label_sums *sums); /* 0 without items */

#endif
