#include "tasks/eval_extraction.h"

#include "base/error.h"

size_t mote_eval_shots_wanted(const mote_eval_run *run, size_t usual, size_t most) {
    size_t wanted = run->options->n_shots == MOTE_TASK_SHOTS_AUTO ? usual : run->options->n_shots;
    return wanted < most ? wanted : most;
}

void mote_eval_shots_add(mote_eval_shots *shots) {
    mote_buffer_init(&shots->texts[shots->n], MOTE_EVAL_TEXT_BYTES);
    mote_buffer_init(&shots->values[shots->n], MOTE_EVAL_TEXT_BYTES);
    shots->n++;
}

void mote_eval_shots_deinit(mote_eval_shots *shots) {
    for (size_t i = 0; i < shots->n; i++) {
        mote_buffer_deinit(&shots->texts[i]);
        mote_buffer_deinit(&shots->values[i]);
    }
    shots->n = 0;
}

static mote_status measure_one(mote_eval_run *run, mote_extractor *extractor, const mote_eval_items *items, size_t index, size_t n, mote_error *err) {
    mote_extraction e = {0};
    mote_buffer text;
    mote_buffer_init(&text, MOTE_EVAL_TEXT_BYTES);
    mote_status status = items->read(items->set, index, &text, err);
    if (status == MOTE_OK)
        status = mote_eval_begin(run, n, err);
    if (status == MOTE_OK)
        status = mote_extract(extractor, text.data, text.len, &e, err);
    if (status == MOTE_OK)
        status = mote_eval_end(run, e.n_tokens, err);
    if (status == MOTE_OK)
        status = items->score(items->set, index, &e, err);
    mote_extraction_deinit(&e);
    mote_buffer_deinit(&text);
    return status;
}

mote_status mote_eval_extraction(mote_eval_run *run, mote_str schema, const mote_eval_shots *shots, const mote_eval_items *items, mote_error *err) {
    mote_extract_example examples[MOTE_EVAL_SHOTS_MAX];
    mote_extract_options o = MOTE_EXTRACT_OPTIONS_INIT;
    mote_extractor *extractor = NULL;
    size_t n = 0;
    for (size_t i = 0; i < shots->n; i++)
        examples[i] = (mote_extract_example){shots->texts[i].data, shots->texts[i].len, shots->values[i].data, shots->values[i].len};
    o.task = run->options->task;
    o.schema = schema.data;
    o.schema_bytes = schema.len;
    o.examples = examples;
    o.n_examples = shots->n;
    MOTE_TRY(mote_extractor_create(run->engine, &o, &extractor, err));
    mote_status status = MOTE_OK;
    mote_eval_pick(run, items->n, 0, &n);
    for (size_t i = 0; status == MOTE_OK && i < n; i++)
        status = measure_one(run, extractor, items, mote_eval_pick(run, items->n, i, &n), n, err);
    mote_extractor_free(&extractor);
    return status;
}
