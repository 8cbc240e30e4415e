/* Ask under the schema's constraint, hold the answer against the text, put the parts' answers together. */
#include <mote/extract.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "tasks/extract_value.h"
#include "tasks/form.h"
#include "tasks/parts.h"
#include "tasks/task.h"

#include <mote/generate.h>

enum { MAX_TEXT_BYTES = 256 << 20, LEAST_PART_BYTES = 64, SPARE_TOKENS = 64, ANSWER_TOKENS = 1024 };

struct mote_extractor {
    mote_engine *engine;
    mote_session *session;
    mote_sampler *sampler;
    mote_constraint *constraint;
    mote_json *schema;
    mote_form *form; /* gap: text */
    mote_prompt_ids prompt, source;
    size_t n_fixed, n_schema; /* tokens of the prompt without a text, and of the schema */
    size_t n_answer_max;
    mote_progress_fn progress;
    void *progress_context;
};

static mote_extract_rules rules_of(const mote_extractor *x) {
    return (mote_extract_rules){x->schema, x->constraint};
}

static mote_status count_tokens(const mote_extractor *x, mote_str text, size_t *n, mote_error *err) {
    mote_prompt_ids ids = {0};
    mote_status status = mote_prompt_ids_append_text(&ids, mote_model_tokenizer(x->engine->model), text, 0, err);
    *n = ids.n;
    mote_prompt_ids_deinit(&ids);
    return status;
}

static mote_status add_text(mote_extractor *x, const mote_task *task, const char *key, const char *role, const mote_form_value *values, size_t n, mote_error *err) {
    mote_str text;
    MOTE_TRY(mote_task_text(task, key, &text, err));
    return mote_form_add(x->form, role, text, values, n, err);
}

static mote_status add_example(mote_extractor *x, const mote_task *task, const mote_extract_example *e, size_t number, mote_error *err) {
    const mote_form_value values[] = {{"text", {e->text, e->text_bytes}}, {"value", {e->value, e->value_bytes}}};
    bool matches;
    size_t offset;
    MOTE_TRY(mote_constraint_match(x->constraint, e->value, e->value_bytes, &matches, &offset, err));
    if (!matches)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "example %zu: its value is not valid by the schema, at byte %zu", number, offset);
    if (!mote_model_template(x->engine->model))
        return add_text(x, task, "example", NULL, values, 2, err);
    MOTE_TRY(add_text(x, task, "user", "user", values, 1, err));
    return mote_form_add(x->form, "assistant", MOTE_STR("{value}"), values + 1, 1, err);
}

static mote_status make_form(mote_extractor *x, const mote_task *task, const mote_extract_options *o, mote_error *err) {
    bool has_roles = mote_model_template(x->engine->model) != NULL;
    mote_buffer schema;
    mote_buffer_init(&schema, MAX_TEXT_BYTES);
    mote_status status = mote_json_write(&schema, x->schema);
    mote_form_value value = {"schema", mote_buffer_str(&schema)}, gap = {"text", {NULL, 0}};
    if (status == MOTE_OK)
        status = mote_form_create(x->engine->model, &x->form, err);
    if (status == MOTE_OK)
        status = add_text(x, task, has_roles ? "system" : "completion", has_roles ? "system" : NULL, &value, 1, err);
    for (size_t i = 0; status == MOTE_OK && i < o->n_examples; i++)
        status = add_example(x, task, &o->examples[i], i + 1, err);
    if (status == MOTE_OK)
        status = add_text(x, task, has_roles ? "user" : "item", has_roles ? "user" : NULL, &gap, 1, err);
    if (status == MOTE_OK)
        status = mote_form_finish(x->form, err);
    if (status == MOTE_OK)
        status = count_tokens(x, mote_buffer_str(&schema), &x->n_schema, err);
    mote_buffer_deinit(&schema);
    return status;
}

static mote_status set_up(mote_extractor *x, const mote_extract_options *o, mote_error *err) {
    mote_task task;
    mote_sampler_options sampling = mote_sampler_options_default();
    mote_form_value nothing = {"text", {"", 0}};
    sampling.temperature = 0;
    MOTE_TRY(mote_constraint_create_schema(o->schema, o->schema_bytes, false, &x->constraint, err));
    MOTE_TRY(mote_json_parse(o->schema, o->schema_bytes, &x->schema, err));
    MOTE_TRY(mote_task_open(&task, o->task ? o->task : "extract", "extract", err));
    mote_status status = make_form(x, &task, o, err);
    double most = mote_task_number(&task, "answer_tokens", ANSWER_TOKENS);
    mote_task_close(&task);
    MOTE_TRY(status);
    MOTE_TRY(mote_form_fill(x->form, &nothing, 1, &x->prompt, err));
    x->n_fixed = x->prompt.n;
    x->n_answer_max = most >= 1 && most < x->engine->n_ctx / 2.0 ? (size_t)most : x->engine->n_ctx / 2;
    if (x->n_fixed + x->n_answer_max + 2 * SPARE_TOKENS > x->engine->n_ctx)
        return mote_error_set(err, MOTE_ERR_CONTEXT, "instruction, schema and examples take %zu tokens, an answer %zu; a context of %zu leaves no room for a text", x->n_fixed,
                              x->n_answer_max, (size_t)x->engine->n_ctx);
    MOTE_TRY(mote_sampler_create(x->engine->model, &sampling, &x->sampler, err));
    return mote_session_create(x->engine, &x->session, err);
}

mote_status mote_extractor_create(mote_engine *engine, const mote_extract_options *options, mote_extractor **extractor, mote_error *err) {
    mote_extractor *x = *extractor = mote_mem_zalloc_array(1, sizeof *x);
    if (!x)
        return mote_error_alloc(err, sizeof *x);
    x->engine = engine;
    x->progress = options->progress;
    x->progress_context = options->progress_context;
    mote_status status = set_up(x, options, err);
    if (status != MOTE_OK)
        mote_extractor_free(extractor);
    return status;
}

void mote_extractor_free(mote_extractor **extractor) {
    mote_extractor *x = *extractor;
    *extractor = NULL;
    if (!x)
        return;
    mote_session_free(&x->session);
    mote_sampler_free(&x->sampler);
    mote_form_free(&x->form);
    mote_constraint_free(&x->constraint);
    mote_json_free(&x->schema);
    mote_prompt_ids_deinit(&x->prompt);
    mote_prompt_ids_deinit(&x->source);
    mote_mem_free(x);
}

/* What the model takes out of one part, in place of what out had. */
static mote_status ask(mote_extractor *x, mote_str part, mote_extraction *e, mote_buffer *out, mote_error *err) {
    const mote_form_value value = {"text", part};
    mote_generate_options o = MOTE_GENERATE_OPTIONS_INIT;
    mote_generate_result result = {0};
    MOTE_TRY(mote_form_fill(x->form, &value, 1, &x->prompt, err));
    x->source.n = 0;
    MOTE_TRY(mote_prompt_ids_append_text(&x->source, mote_model_tokenizer(x->engine->model), part, 0, err));
    size_t n_predict = 2 * (x->source.n + x->n_schema) + SPARE_TOKENS; /* values are the text's, names the schema's */
    o.n_predict = (int32_t)(n_predict < x->n_answer_max ? n_predict : x->n_answer_max);
    o.draft_source = x->source.ids;
    o.n_draft_source = x->source.n;
    o.constraint = x->constraint;
    mote_status status = mote_generate(x->session, x->sampler, x->prompt.ids, x->prompt.n, &o, &result, err);
    if (status == MOTE_OK) {
        e->n_tokens += result.n_prompt_tokens - result.n_cached_tokens + result.n_tokens;
        mote_buffer_clear(out);
        if (mote_buffer_append(out, result.text, result.text_bytes) != MOTE_OK)
            status = mote_error_alloc(err, result.text_bytes);
    }
    mote_generate_result_deinit(&result);
    return status;
}

/* Replaces what out has by itself held against the text, and put behind `before` (NULL: none). */
static mote_status settle(const mote_extractor *x, mote_str part, const mote_json *before, mote_buffer *out, mote_error *err) {
    const mote_extract_rules rules = rules_of(x);
    mote_json *value = NULL, *grounded = NULL;
    mote_status status;
    MOTE_TRY_DONE(mote_json_parse(out->data, out->len, &value, err));
    mote_buffer_clear(out);
    MOTE_TRY_DONE(mote_extract_ground(&rules, part, value, out, err));
    if (!before)
        goto done;
    MOTE_TRY_DONE(mote_json_parse(out->data, out->len, &grounded, err));
    mote_buffer_clear(out);
    MOTE_TRY_DONE(mote_extract_merge(&rules, before, grounded, out, err));
done:
    mote_json_free(&value);
    mote_json_free(&grounded);
    return status;
}

static mote_status extract_parts(mote_extractor *x, mote_str text, mote_extraction *e, mote_buffer *out, mote_json **value, mote_error *err) {
    size_t n_tokens, room = x->engine->n_ctx - x->n_fixed - x->n_answer_max - SPARE_TOKENS, most = text.len;
    MOTE_TRY(count_tokens(x, text, &n_tokens, err));
    if (n_tokens > room)
        most = (size_t)((double)text.len / (double)n_tokens * (double)room * 0.9);
    for (size_t at = 0; at < text.len;) {
        size_t end = mote_part_end(text, at, most > LEAST_PART_BYTES ? most : LEAST_PART_BYTES);
        mote_str part = {text.data + at, end - at};
        if (x->progress && !x->progress(x->progress_context, "extracting", (double)at / (double)text.len))
            return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
        MOTE_TRY(ask(x, part, e, out, err));
        MOTE_TRY(settle(x, part, *value, out, err));
        mote_json_free(value);
        MOTE_TRY(mote_json_parse(out->data, out->len, value, err));
        e->n_parts++;
        at = end;
    }
    return MOTE_OK;
}

static bool is_blank(mote_str s) {
    for (size_t i = 0; i < s.len; i++)
        if (!strchr(" \t\r\n", s.data[i]))
            return false;
    return true;
}

mote_status mote_extract(mote_extractor *extractor, const char *text, size_t text_bytes, mote_extraction *extraction, mote_error *err) {
    const mote_extract_rules rules = rules_of(extractor);
    const mote_str source = {text, text_bytes};
    mote_json *value = NULL;
    mote_buffer out;
    *extraction = (mote_extraction){0};
    if (is_blank(source))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "there is no text to extract from");
    mote_buffer_init(&out, MAX_TEXT_BYTES);
    mote_status status = extract_parts(extractor, source, extraction, &out, &value, err);
    if (status == MOTE_OK)
        status = mote_extract_places(&rules, source, value, extraction, err);
    if (status == MOTE_OK) {
        extraction->value_bytes = out.len;
        extraction->value = mote_buffer_take(&out);
        status = extraction->value ? MOTE_OK : mote_error_alloc(err, 1);
    }
    if (status != MOTE_OK)
        mote_extraction_deinit(extraction);
    mote_json_free(&value);
    mote_buffer_deinit(&out);
    return status;
}

void mote_extraction_deinit(mote_extraction *extraction) {
    for (size_t i = 0; i < extraction->n_spans; i++)
        mote_mem_free(extraction->spans[i].path);
    mote_mem_free(extraction->spans);
    mote_mem_free(extraction->value);
    *extraction = (mote_extraction){0};
}
