/* Asks a model for a text: a prompt from a task, an answer without what small models put around it. */
#ifndef MOTE_TASKS_AUTHOR_H
#define MOTE_TASKS_AUTHOR_H

#include "tasks/form.h"
#include "tasks/task.h"

#include <mote/engine.h>

typedef struct mote_author {
    mote_engine *engine;
    mote_session *session;
    mote_form *form; /* gaps: instruction, text */
    mote_prompt_ids prompt;
    size_t n_tokens; /* computed so far */
} mote_author;

/* The prompt of the task's "system" and "user", or of its "completion" where the model has no chat template. MOTE_ERR_LIMIT (no session is free), _FORMAT, _TEMPLATE, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_author_init(mote_author *author, mote_engine *engine, const mote_task *task, mote_error *err);
void mote_author_deinit(mote_author *author);
/* One answer, in place of what out held; temperature 0: the likeliest. It is cut after n_predict tokens, at the end of a sentence if it has one. MOTE_ERR_CONTEXT, _CANCELLED,
 * _ALLOC. */
MOTE_MUST_CHECK mote_status mote_author_ask(mote_author *author, mote_str instruction, mote_str text, double temperature, uint64_t seed, size_t n_predict, mote_buffer *out,
                                            mote_error *err);

/* The answer itself: without "Here is the …:" before it, quotation marks around it, and remarks on it behind; what begins like such a remark in the source too is none. */
mote_str mote_author_strip(mote_str answer, mote_str source);

#endif
