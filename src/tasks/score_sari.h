/* SARI of rewritten sentences: what was added, kept and deleted rightly.
 * W. Xu, C. Napoles, E. Pavlick, Q. Chen, C. Callison-Burch, "Optimizing Statistical Machine Translation for Text Simplification", TACL 4, 2016; sums over the corpus and F1 for
 * all three operations, as easse computes it (F. Alva-Manchego and others, EMNLP 2019). Texts are in lower case, in tokens of 13a. */
#ifndef MOTE_TASKS_SCORE_SARI_H
#define MOTE_TASKS_SCORE_SARI_H

#include "tasks/score_ngrams.h"

enum { MOTE_SARI_ORDERS = 4 };

/* n-grams of the output, of those the right ones, and those of the references. */
typedef struct mote_sari_sums {
    uint64_t given, right, wanted;
} mote_sari_sums;

typedef struct mote_sari {
    mote_sari_sums add[MOTE_SARI_ORDERS], keep[MOTE_SARI_ORDERS], drop[MOTE_SARI_ORDERS];
} mote_sari;

/* One sentence. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_sari_add(mote_sari *sari, mote_str source, mote_str output, const mote_str *references, size_t n_references);
double mote_sari_value(const mote_sari *sari); /* 0 to 1 */

#endif
