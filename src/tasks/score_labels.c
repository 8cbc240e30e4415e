#include "tasks/score_labels.h"

#include <math.h>

void mote_labels_add(mote_label_sums *sums, bool is_right, double probability) {
    int bin = (int)ceil(probability * MOTE_LABEL_BINS) - 1;
    bin = bin < 0 ? 0 : bin >= MOTE_LABEL_BINS ? MOTE_LABEL_BINS - 1 : bin;
    sums->n++;
    sums->n_right += is_right;
    sums->bins[bin].n++;
    sums->bins[bin].n_right += is_right;
    sums->bins[bin].probability += probability;
}

double mote_labels_accuracy(const mote_label_sums *sums) {
    return sums->n ? (double)sums->n_right / (double)sums->n : 0;
}

double mote_labels_calibration_error(const mote_label_sums *sums) {
    double error = 0;
    for (int i = 0; i < MOTE_LABEL_BINS; i++)
        error += fabs((double)sums->bins[i].n_right - sums->bins[i].probability);
    return sums->n ? error / (double)sums->n : 0;
}
