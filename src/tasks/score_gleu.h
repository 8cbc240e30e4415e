/* GLEU of corrected sentences against several references and the source.
 * C. Napoles, K. Sakaguchi, M. Post, J. Tetreault, "Ground Truth for Grammatical Error Correction Metrics", ACL 2015, in the form of 2016 without weights ("GLEU Without Tuning"):
 * for one reference R of source S and output H, of each n-gram of order 1 to 4: right = max(0, |H and R| - |H and those of S that R doesn't have at all|), all = max(0, |H| + 1 -
 * n). A draw takes one reference a sentence at random; over all sentences GLEU = exp(min(0, 1 - |R| / |H|) + mean of log(right / all)), 0 where any of these is 0; the score is the
 * mean of the draws. */
#ifndef MOTE_TASKS_SCORE_GLEU_H
#define MOTE_TASKS_SCORE_GLEU_H

#include "tasks/mersenne.h"
#include "tasks/score_ngrams.h"

enum { MOTE_GLEU_ORDERS = 4, MOTE_GLEU_DRAWS = 500 };

typedef struct mote_gleu_draw {
    mote_mersenne random;
    uint64_t n_reference_words, n_right[MOTE_GLEU_ORDERS];
} mote_gleu_draw;

typedef struct mote_gleu {
    mote_gleu_draw draws[MOTE_GLEU_DRAWS];
    uint64_t n_words, n_all[MOTE_GLEU_ORDERS];
    mote_words source, output, reference; /* scratch */
    mote_ngrams of_source, of_output, of_reference;
} mote_gleu;

/* A large struct: keep it in memory that was taken for it. */
void mote_gleu_init(mote_gleu *gleu);
void mote_gleu_deinit(mote_gleu *gleu);
/* One sentence; words stand between white space. references: [n_references >= 1]. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_gleu_add(mote_gleu *gleu, mote_str source, mote_str output, const mote_str *references, size_t n_references);
double mote_gleu_value(const mote_gleu *gleu); /* 0 to 1 */

#endif
