#include "tasks/greedy.h"

#include "engine/engine.h"

#include <mote/sampler.h>

mote_status mote_greedy_answer(mote_session *session, const mote_prompt_ids *prompt, const mote_generate_options *o, mote_generate_result *answer, mote_error *err) {
    mote_sampler_options sampling = mote_sampler_options_default();
    mote_sampler *sampler = NULL;
    *answer = (mote_generate_result){0};
    sampling.temperature = 0;
    mote_status status = mote_sampler_create(session->engine->model, &sampling, &sampler, err);
    if (status == MOTE_OK)
        status = mote_generate(session, sampler, prompt->ids, prompt->n, o, answer, err);
    mote_sampler_free(&sampler);
    if (status != MOTE_OK) /* what was written until it was cancelled is of no use here */
        mote_generate_result_deinit(answer);
    return status;
}
