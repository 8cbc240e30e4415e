/* Answers of the likeliest token each time, for tasks that ask once and read. */
#ifndef MOTE_TASKS_GREEDY_H
#define MOTE_TASKS_GREEDY_H

#include "tasks/form.h"

#include <mote/generate.h>

/* As mote_generate behind the prompt, at temperature 0. *answer is the caller's to deinit, {0} on error. */
MOTE_MUST_CHECK mote_status mote_greedy_answer(mote_session *session, const mote_prompt_ids *prompt, const mote_generate_options *o, mote_generate_result *answer, mote_error *err);

#endif
