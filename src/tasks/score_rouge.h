/* ROUGE of a summary against a reference, with the tokens and conventions of the package rouge-score.
 * C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004. */
#ifndef MOTE_TASKS_SCORE_ROUGE_H
#define MOTE_TASKS_SCORE_ROUGE_H

#include "tasks/score_words.h"

typedef struct mote_f_score {
    double precision, recall, f1; /* 0 to 1 */
} mote_f_score;

typedef struct mote_rouge {
    mote_f_score of_1, of_2, of_l, of_lsum; /* Lsum: sentences are lines */
} mote_rouge;

/* `stem`: by Porter's stemmer. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_rouge_score(mote_str reference, mote_str output, bool stem, mote_rouge *rouge);

/* right / given, right / wanted and their harmonic mean; 0 where there is nothing. */
mote_f_score mote_f_score_of(double right, double given, double wanted);

#endif
