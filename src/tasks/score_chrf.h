/* chrF and chrF++ as sacrebleu computes them (no white space, no smoothing; of several references the best).
 * M. Popovic, "chrF: character n-gram F-score for automatic MT evaluation", WMT 2015; "chrF++: words helping character n-grams", WMT 2017. */
#ifndef MOTE_TASKS_SCORE_CHRF_H
#define MOTE_TASKS_SCORE_CHRF_H

#include "tasks/score_ngrams.h"

enum { MOTE_CHRF_CHARACTERS = 6, MOTE_CHRF_WORDS = 2, MOTE_CHRF_ORDERS = MOTE_CHRF_CHARACTERS + MOTE_CHRF_WORDS };

typedef struct mote_chrf_sums {
    uint64_t given, wanted, right;
} mote_chrf_sums;

typedef struct mote_chrf {
    bool words; /* chrF++ */
    mote_chrf_sums orders[MOTE_CHRF_ORDERS];
} mote_chrf;

/* One sentence. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_chrf_add(mote_chrf *chrf, mote_str output, const mote_str *references, size_t n_references);
double mote_chrf_value(const mote_chrf *chrf); /* 0 to 1 */

#endif
