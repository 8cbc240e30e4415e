/* The model's own corrected sentence, as proposals. The sentence is the draft of its answer: where the model copies it, several tokens cost one pass. */
#include "tasks/proof_private.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"

#include <mote/sampler.h>

static mote_status add_examples(mote_proofreader *p, mote_str pattern, mote_error *err) {
    const mote_json *examples = mote_json_get(p->task.root, "examples");
    for (size_t i = 0; i < mote_json_length(examples); i++) {
        mote_form_value values[] = {{"text", mote_json_string(mote_json_at(mote_json_at(examples, i), 0))},
                                    {"corrected", mote_json_string(mote_json_at(mote_json_at(examples, i), 1))}};
        MOTE_TRY(mote_form_add(p->form, NULL, pattern, values, 2, err));
    }
    return MOTE_OK;
}

mote_status mote_proof_prepare_asking(mote_proofreader *p, mote_error *err) {
    mote_str head, example, item;
    mote_form_value gap = {"text", {NULL, 0}};
    mote_sampler_options o = mote_sampler_options_default();
    o.temperature = 0;
    if (!mote_json_get(p->task.root, "head") || (double)p->engine->model->n_params < mote_task_number(&p->task, "least_params", 0))
        return MOTE_OK; /* the task does without, or the model is too small to have proposals worth their time */
    MOTE_TRY(mote_task_text(&p->task, "head", &head, err));
    MOTE_TRY(mote_task_text(&p->task, "example", &example, err));
    MOTE_TRY(mote_task_text(&p->task, "item", &item, err));
    MOTE_TRY(mote_form_create(p->engine->model, &p->form, err));
    MOTE_TRY(mote_form_add(p->form, NULL, head, NULL, 0, err));
    MOTE_TRY(add_examples(p, example, err));
    MOTE_TRY(mote_form_add(p->form, NULL, item, &gap, 1, err));
    MOTE_TRY(mote_form_finish(p->form, err));
    MOTE_TRY(mote_sampler_create(p->engine->model, &o, &p->sampler, err));
    return mote_session_create(p->engine, &p->generator, err);
}

mote_status mote_proof_ask(mote_proofreader *p, mote_proof_sentence *s, mote_error *err) {
    static const char *const stop[] = {"\n"};
    mote_prompt_ids prompt = {0}, source = {0};
    mote_form_value value = {"text", s->text};
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result result = {0};
    mote_status status = mote_form_fill(p->form, &value, 1, &prompt, err);
    if (status == MOTE_OK)
        status = mote_prompt_ids_append_text(&source, p->judge.tokenizer, s->text, 0, err);
    o.stop = stop;
    o.n_stop = 1;
    o.draft_source = source.ids;
    o.n_draft_source = source.n;
    o.n_predict = (int32_t)(source.n + source.n / 2 + 8);
    if (status == MOTE_OK)
        status = mote_generate(p->generator, p->sampler, prompt.ids, prompt.n, &o, &result, err);
    if (status == MOTE_OK) {
        p->judge.n_tokens += result.n_prompt_tokens - result.n_cached_tokens + result.n_tokens;
        mote_str answer = {result.text, result.text_bytes};
        while (answer.len && answer.data[0] == ' ') {
            answer.data++;
            answer.len--;
        }
        if (strcmp(result.finish_reason, "stop") == 0)
            status = mote_proof_align(s, answer, MOTE_PROOF_model);
    } else if (status == MOTE_ERR_CONTEXT) {
        status = MOTE_OK; /* a sentence too long to ask about */
    }
    mote_generate_result_deinit(&result);
    mote_prompt_ids_deinit(&prompt);
    mote_prompt_ids_deinit(&source);
    return status;
}
