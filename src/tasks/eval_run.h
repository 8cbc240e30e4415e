/* One measurement: which items, how long each took, and the report. */
#ifndef MOTE_TASKS_EVAL_RUN_H
#define MOTE_TASKS_EVAL_RUN_H

#include "base/buffer.h"
#include "tasks/score_paired.h"

#include <mote/task_eval.h>

typedef struct mote_eval_run {
    mote_engine *engine;
    const mote_task_eval_options *options;
    double *seconds; /* [capacity] of each item */
    size_t n, capacity, n_tokens;
    double begun;
    mote_buffer metric; /* the members of "metric", as JSON */
} mote_eval_run;

/* Which of n_all items is the i-th that is measured; *n receives how many there are. */
size_t mote_eval_pick(const mote_eval_run *run, size_t n_all, size_t i, size_t *n);
/* Around each item. _begin tells the caller's progress: MOTE_ERR_CANCELLED. n_tokens: computed for the item. */
MOTE_MUST_CHECK mote_status mote_eval_begin(mote_eval_run *run, size_t n_items, mote_error *err);
MOTE_MUST_CHECK mote_status mote_eval_end(mote_eval_run *run, size_t n_tokens, mote_error *err);
/* Adds "name": value. */
MOTE_MUST_CHECK mote_status mote_eval_metric(mote_eval_run *run, const char *name, double value);
/* Adds "difference": the mean, "difference_interval": [low, high]. */
MOTE_MUST_CHECK mote_status mote_eval_difference(mote_eval_run *run, const mote_paired *paired, mote_error *err);

/* The measurements, one a kind. MOTE_ERR_UNSUPPORTED where the folder has no set that it knows. */
MOTE_MUST_CHECK mote_status mote_eval_classify(mote_eval_run *run, mote_error *err);
MOTE_MUST_CHECK mote_status mote_eval_extract(mote_eval_run *run, mote_error *err);
MOTE_MUST_CHECK mote_status mote_eval_receipts(mote_eval_run *run, mote_error *err); /* of extract */
MOTE_MUST_CHECK mote_status mote_eval_proofread(mote_eval_run *run, mote_error *err);
MOTE_MUST_CHECK mote_status mote_eval_rewrite(mote_eval_run *run, mote_error *err);
MOTE_MUST_CHECK mote_status mote_eval_summarize(mote_eval_run *run, mote_error *err);
MOTE_MUST_CHECK mote_status mote_eval_tools(mote_eval_run *run, mote_error *err);

#endif
