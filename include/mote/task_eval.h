/*
 * Measuring a task on a data set: the task's usual score, and how fast it is.
 */
#ifndef MOTE_TASK_EVAL_H
#define MOTE_TASK_EVAL_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_task_eval_options {
    size_t size;
    const char *kind;   /* "classify", "extract", "proofread", "rewrite", "summarize"; or the name of a task of one of these kinds */
    const char *task;   /* NULL: the built-in task of that kind, or the one that kind names */
    const char *folder; /* of the data; its files tell which set it is (docs/quality.md) */
    size_t n_items;     /* 0: all; of more, as many, evenly spread */
    size_t n_shots;     /* classify: examples a label from the set's training part; extract: examples; 0: none */
    mote_progress_fn progress;
    void *progress_context;
    bool beside_generation; /* classify: the same items again with labels that the model writes itself */
} mote_task_eval_options;

/* classify: 10 a label, 64 where there are ten labels or fewer; extract: 10; 3 receipts. */
#define MOTE_TASK_SHOTS_AUTO SIZE_MAX

#define MOTE_TASK_EVAL_OPTIONS_INIT \
    { sizeof(mote_task_eval_options), NULL, NULL, NULL, 0, MOTE_TASK_SHOTS_AUTO, NULL, NULL, false }

/* *json, free with mote_free: {"task","metric":{…},"n","seconds","per_item_ms":{"p50","p99"},"tokens_per_second"}; seconds and tokens (computed, prompts' shared beginnings once)
 * are of the items alone. MOTE_ERR_UNSUPPORTED (no such kind; no set that it knows in the folder: the message names the files looked for), _NOT_FOUND, _IO, _FORMAT (file and
 * line), _CANCELLED, and what the task itself returns. */
MOTE_API MOTE_MUST_CHECK mote_status mote_task_eval(mote_engine *engine, const mote_task_eval_options *options, char **json, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
