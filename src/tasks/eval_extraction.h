/* What measurements of extraction share: examples from the set's training part, and the items one by one. */
#ifndef MOTE_TASKS_EVAL_EXTRACTION_H
#define MOTE_TASKS_EVAL_EXTRACTION_H

#include "base/buffer.h"
#include "tasks/eval_run.h"

#include <mote/extract.h>

enum { MOTE_EVAL_SHOTS_MAX = 128, MOTE_EVAL_TEXT_BYTES = 64 << 20 };

typedef struct mote_eval_shots {
    mote_buffer texts[MOTE_EVAL_SHOTS_MAX], values[MOTE_EVAL_SHOTS_MAX];
    size_t n;
} mote_eval_shots;

/* How many examples are asked for, at most `most`; `usual` where the options leave it open. */
size_t mote_eval_shots_wanted(const mote_eval_run *run, size_t usual, size_t most);
/* One more example, empty: texts[n - 1] and values[n - 1] are to be filled. */
void mote_eval_shots_add(mote_eval_shots *shots);
void mote_eval_shots_deinit(mote_eval_shots *shots);

/* The set's items: reads one's text (appended to text), and judges what was extracted from it. */
typedef struct mote_eval_items {
    void *set;
    size_t n;
    mote_status (*read)(void *set, size_t index, mote_buffer *text, mote_error *err);
    mote_status (*score)(void *set, size_t index, const mote_extraction *e, mote_error *err);
} mote_eval_items;

/* Extracts by the schema (JSON) and the examples from each item that the options pick. As mote_extract, and what the items say. */
MOTE_MUST_CHECK mote_status mote_eval_extraction(mote_eval_run *run, mote_str schema, const mote_eval_shots *shots, const mote_eval_items *items, mote_error *err);

#endif
