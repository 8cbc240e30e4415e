/* The model's chat template shows it the tools where it knows how, else the task's system message does; the answer is an array of calls, bound by a schema made of theirs. */
#include "tasks/tools_private.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "tasks/form.h"
#include "tasks/greedy.h"
#include "tasks/task.h"

#include <string.h>

enum { USUAL_TOKENS = 512 };

struct mote_tools {
    mote_engine *engine;
    mote_session *session;
    mote_task task;
    mote_tools_spec spec;
    mote_form *form; /* gaps: text, form */
    mote_prompt_ids prompt;
    mote_str calls_form, words_form; /* what asks for an array of calls, and for words; borrowed from the task */
    int32_t n_predict;
    bool answers;
};

/* A template renders tools as its own text, with control tokens parsed: there must be none in them. */
static mote_status check_control_tokens(const mote_tokenizer *tokenizer, mote_str tools, mote_error *err) {
    mote_prompt_ids parsed = {0}, plain = {0};
    mote_status status;
    MOTE_TRY_DONE(mote_prompt_ids_append_text(&parsed, tokenizer, tools, MOTE_TOKENIZE_PARSE_SPECIAL, err));
    MOTE_TRY_DONE(mote_prompt_ids_append_text(&plain, tokenizer, tools, 0, err));
    if (parsed.n != plain.n || memcmp(parsed.ids, plain.ids, plain.n * sizeof *plain.ids) != 0)
        status = mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the tools hold the text of one of the model's control tokens");
done:
    mote_prompt_ids_deinit(&parsed);
    mote_prompt_ids_deinit(&plain);
    return status;
}

static mote_status make_form(mote_tools *t, mote_error *err) {
    const char *source = mote_model_template(t->engine->model);
    mote_str text, tools = mote_buffer_str(&t->spec.json);
    const mote_form_value values[] = {{"text", {NULL, 0}}, {"form", {NULL, 0}}, {"tools", tools}};
    bool knows_tools = source && strstr(source, "tools");
    MOTE_TRY(mote_task_text(&t->task, "form", &t->calls_form, err));
    MOTE_TRY(mote_task_text(&t->task, "words", &t->words_form, err));
    MOTE_TRY(mote_form_create(t->engine->model, &t->form, err));
    if (knows_tools) {
        MOTE_TRY(check_control_tokens(mote_model_tokenizer(t->engine->model), tools, err));
        MOTE_TRY(mote_form_tools(t->form, tools, err));
    } else if (source) {
        MOTE_TRY(mote_task_text(&t->task, "system", &text, err));
        MOTE_TRY(mote_form_add(t->form, "system", text, values + 2, 1, err));
    }
    MOTE_TRY(mote_task_text(&t->task, source ? "user" : "completion", &text, err));
    MOTE_TRY(mote_form_add(t->form, source ? "user" : NULL, text, values, source ? 2 : 3, err));
    return mote_form_finish(t->form, err);
}

mote_status mote_tools_create(mote_engine *engine, const char *json, size_t json_bytes, const mote_tools_options *options, mote_tools **tools, mote_error *err) {
    const mote_tools_options usual = MOTE_TOOLS_OPTIONS_INIT, *o = options ? options : &usual;
    mote_tools *t = *tools = mote_mem_zalloc_array(1, sizeof *t);
    if (!t)
        return mote_error_alloc(err, sizeof *t);
    t->engine = engine;
    t->n_predict = o->n_predict > 0 ? o->n_predict : USUAL_TOKENS;
    t->answers = o->answers;
    mote_status status = mote_tools_spec_read(&t->spec, (mote_str){json, json_bytes}, err);
    if (status == MOTE_OK)
        status = mote_task_open(&t->task, o->task ? o->task : "tools", "tools", err);
    if (status == MOTE_OK)
        status = make_form(t, err);
    if (status == MOTE_OK)
        status = mote_session_create(engine, &t->session, err);
    if (status != MOTE_OK)
        mote_tools_free(tools);
    return status;
}

void mote_tools_free(mote_tools **tools) {
    mote_tools *t = *tools;
    *tools = NULL;
    if (!t)
        return;
    mote_session_free(&t->session);
    mote_form_free(&t->form);
    mote_prompt_ids_deinit(&t->prompt);
    mote_tools_spec_deinit(&t->spec);
    mote_task_close(&t->task);
    mote_mem_free(t);
}

const mote_constraint *mote_tools_constraint(const mote_tools *tools) {
    return tools->spec.constraint;
}

/* Asks, bound or not, and reads the answer. */
static mote_status ask(mote_tools *t, mote_str prompt, mote_str form, const mote_constraint *constraint, mote_tools_result *result, mote_error *err) {
    const mote_form_value values[] = {{"text", prompt}, {"form", form}};
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result answer;
    o.n_predict = t->n_predict;
    o.constraint = constraint;
    MOTE_TRY(mote_form_fill(t->form, values, 2, &t->prompt, err));
    MOTE_TRY(mote_greedy_answer(t->session, &t->prompt, &o, &answer, err));
    result->n_tokens += answer.n_prompt_tokens - answer.n_cached_tokens + answer.n_tokens;
    mote_status status = mote_tools_parse((mote_str){answer.text, answer.text_bytes}, result, err);
    mote_generate_result_deinit(&answer);
    return status;
}

static void drop_text(mote_tools_result *result) {
    mote_mem_free(result->text);
    result->text = NULL;
}

mote_status mote_tools_call(mote_tools *tools, const char *prompt, size_t prompt_bytes, mote_tools_result *result, mote_error *err) {
    mote_str text = {prompt, prompt_bytes};
    *result = (mote_tools_result){0};
    mote_status status = ask(tools, text, tools->calls_form, tools->spec.constraint, result, err);
    drop_text(result); /* brackets and commas */
    if (status == MOTE_OK && result->n_calls == 0 && tools->answers) {
        mote_tools_result words = {0};
        status = ask(tools, text, tools->words_form, NULL, &words, err);
        result->text = words.text;
        result->n_tokens += words.n_tokens;
        words.text = NULL;
        mote_tools_result_deinit(&words);
    }
    if (status != MOTE_OK)
        mote_tools_result_deinit(result);
    return status;
}

mote_status mote_tools_call_freely(mote_tools *tools, mote_str prompt, mote_tools_result *result, mote_error *err) {
    *result = (mote_tools_result){0};
    mote_status status = ask(tools, prompt, tools->calls_form, NULL, result, err);
    if (status != MOTE_OK)
        mote_tools_result_deinit(result);
    return status;
}

void mote_tools_result_deinit(mote_tools_result *result) {
    for (size_t i = 0; i < result->n_calls; i++)
        mote_mem_free(result->calls[i]);
    mote_mem_free(result->text);
    *result = (mote_tools_result){0};
}
