/* A classifier from inside. */
#ifndef MOTE_TASKS_CLASSIFY_PRIVATE_H
#define MOTE_TASKS_CLASSIFY_PRIVATE_H

#include "engine/engine.h"
#include "tasks/form.h"
#include "tasks/label_trie.h"
#include "tasks/ridge.h"
#include "tasks/task.h"

#include <mote/classify.h>

struct mote_classifier {
    mote_engine *engine;
    mote_session *session;
    mote_task task;
    char **labels; /* [n_labels] owned */
    size_t n_labels;
    double threshold;
    bool multi;
    mote_form *form;     /* gaps: text; multi: and label */
    mote_trie trie;      /* multi: label 0 is yes, 1 is no */
    double *shift;       /* [trie.n] log-probability of each node below its parent for texts without content; NULL: not measured */
    mote_prompt_ids ids; /* of the prompt being computed */
    double *scores;      /* [n_labels] log-probabilities, then probabilities */
    size_t n_passes, n_tokens, max_passes;
    /* what the examples gave */
    mote_ridge ridge;         /* n_labels 0: none */
    double sharpness, weight; /* of the ridge's outputs and of the log-probabilities; without a ridge, weight is 1 */
    float *state;             /* [n_embd] behind the last prompt */
    double *ridge_scores;     /* [n_labels] */
};

/* The form and the trie, with as many examples in the prompt as the task wants (classify_prompt.c). */
MOTE_MUST_CHECK mote_status mote_classifier_prepare(mote_classifier *c, const mote_classify_options *o, mote_error *err);
/* Log-probabilities of the labels behind one text, into c->scores; and c->state where c->state is there. label: of multi, else NULL. */
MOTE_MUST_CHECK mote_status mote_classifier_score(mote_classifier *c, mote_str text, const char *label, mote_error *err);
/* Reads the examples and fits ridge, sharpness and weight (classify_fit.c). */
MOTE_MUST_CHECK mote_status mote_classifier_fit(mote_classifier *c, const mote_classify_options *o, mote_error *err);
/* The label that the model writes itself behind the same prompt, the likeliest token each time up to the end of the line; n_labels: what it writes is none. In a session of its
 * own: what the classifier's has computed would help. Not for multi. As mote_generate. (classify_generate.c) */
MOTE_MUST_CHECK mote_status mote_classifier_generate(mote_classifier *c, mote_session *session, mote_str text, size_t *label, mote_error *err);
/* The label that an answer is, but for case and for white space, quotation marks and full stops around it; n_labels if it is none. */
size_t mote_classifier_read(const mote_classifier *c, mote_str answer);
/* The index of a label; n_labels if there is none such. */
size_t mote_classifier_find(const mote_classifier *c, const char *label);
/* scores and ridge outputs [n_labels] to probabilities, in place of scores. */
void mote_classifier_combine(const mote_classifier *c, double *scores, const double *ridge_scores);

#endif
