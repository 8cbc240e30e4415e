/* Reads a text window by window while an observer of the decoder keeps what enters the products, and writes the sums under the names that the tensors have in a GGUF. */
#include <mote/quantize.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "formats/imatrix.h"
#include "learn/importance_rows.h"

#include <math.h>
#include <stdio.h>

enum { MAX_NAME_BYTES = 128, LEAST_WINDOW = 2 };

/* The sums of one tensor, as float32 for the file. */
typedef struct named_sums {
    char name[MAX_NAME_BYTES];
    float *sums, *counts;
} named_sums;

typedef struct job {
    const mote_model *model;
    const mote_importance_options *options;
    size_t n_ctx, n_batch, n_chunks;
    mote_gguf *source; /* NULL: none */
    mote_engine *engine;
    mote_session *session;
    mote_importance_rows *rows;
    int32_t *window; /* [n_ctx] */
    named_sums *named;
    mote_imatrix_sums *entries; /* the same for the writer */
    size_t n_entries, capacity;
    size_t layer_begins; /* the first entry of the layer that is being listed */
    size_t n_unused;
} job;

static bool add_output(void *context, size_t index, const float *logits) {
    job *j = context;
    (void)logits;
    mote_importance_rows_add_output(j->rows, index % MOTE_DECODER_LOGIT_ROWS);
    return true;
}

static mote_status read_window(job *j, size_t w, mote_error *err) {
    const mote_importance_options *o = j->options;
    MOTE_TRY(mote_session_truncate(j->session, 0));
    for (size_t at = 0, n; at < j->n_ctx; at += n) {
        n = j->n_ctx - at < j->n_batch ? j->n_ctx - at : j->n_batch;
        if (o->progress && !o->progress(o->progress_context, "measuring", ((double)w + (double)at / (double)j->n_ctx) / (double)j->n_chunks))
            return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
        if (o->process_output)
            MOTE_TRY(mote_session_score(j->session, j->window + at, n, add_output, j, err));
        else
            MOTE_TRY(mote_session_feed(j->session, j->window + at, n, err));
        mote_importance_rows_add(j->rows, j->engine->pool);
    }
    return MOTE_OK;
}

static mote_status read_text(job *j, const int32_t *ids, mote_error *err) {
    int32_t first = mote_engine_first_token(j->model);
    for (size_t w = 0; w < j->n_chunks; w++) {
        memcpy(j->window, ids + w * j->n_ctx, j->n_ctx * sizeof *ids);
        j->window[0] = first >= 0 ? first : j->window[0];
        MOTE_TRY(read_window(j, w, err));
    }
    return MOTE_OK;
}

static mote_status reserve_entry(job *j, mote_error *err) {
    if (j->n_entries < j->capacity)
        return MOTE_OK;
    size_t capacity = j->capacity ? 2 * j->capacity : 64;
    named_sums *named = mote_mem_resize_array(j->named, capacity, sizeof *named);
    if (named)
        j->named = named;
    mote_imatrix_sums *entries = named ? mote_mem_resize_array(j->entries, capacity, sizeof *entries) : NULL;
    if (!entries)
        return mote_error_alloc(err, capacity * sizeof *entries);
    j->entries = entries;
    j->capacity = capacity;
    return MOTE_OK;
}

/* Several slots can be parts of one tensor. */
static bool is_listed(const job *j, const char *name) {
    for (size_t i = j->layer_begins; i < j->n_entries; i++)
        if (strcmp(j->named[i].name, name) == 0)
            return true;
    return false;
}

static mote_status add_entry(job *j, const char *name, const mote_importance_sums *sums, mote_error *err) {
    size_t n = (size_t)(sums->n_matrices * sums->n_columns);
    MOTE_TRY(reserve_entry(j, err));
    named_sums *named = &j->named[j->n_entries];
    *named = (named_sums){.sums = mote_mem_alloc_array(n, sizeof(float)), .counts = mote_mem_alloc_array((size_t)sums->n_matrices, sizeof(float))};
    snprintf(named->name, sizeof named->name, "%s", name);
    j->entries[j->n_entries++] = (mote_imatrix_sums){.n_columns = sums->n_columns, .n_matrices = sums->n_matrices, .sums = named->sums, .counts = named->counts};
    if (!named->sums || !named->counts)
        return mote_error_alloc(err, n * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        named->sums[i] = (float)sums->sums[i];
        if (!isfinite(named->sums[i]))
            return mote_error_set(err, MOTE_ERR_FAILED, "%s: its input %zu is not finite", name, i % (size_t)sums->n_columns);
    }
    for (uint64_t i = 0; i < sums->n_matrices; i++) {
        named->counts[i] = (float)sums->counts[i];
        j->n_unused += sums->counts[i] == 0;
    }
    return MOTE_OK;
}

static mote_status list_name(job *j, const mote_tensor_name *name, uint32_t layer, mote_error *err) {
    char text[MAX_NAME_BYTES];
    const mote_importance_sums *sums = mote_importance_rows_of(j->rows, name->slot, layer);
    const mote_hparams *h = &j->model->h;
    bool has_experts = mote_slot_is_per_layer(name->slot) && h->layers[layer].has_experts;
    if (!sums || !mote_family_is_named(h->family, name, has_experts) || !mote_family_format(name, true, layer, 0, text, sizeof text))
        return MOTE_OK;
    if ((j->source && !mote_gguf_find_tensor(j->source, text)) || is_listed(j, text))
        return MOTE_OK;
    return add_entry(j, text, sums, err);
}

static mote_status list_entries(job *j, mote_error *err) {
    const mote_family *f = j->model->h.family;
    for (uint32_t l = 0; l < j->model->h.n_layers; l++) {
        j->layer_begins = j->n_entries;
        for (size_t i = 0; i < f->n_names; i++)
            if (mote_slot_is_per_layer(f->names[i].slot))
                MOTE_TRY(list_name(j, &f->names[i], l, err));
    }
    for (size_t i = 0; i < f->n_names; i++)
        if (f->names[i].slot == MOTE_SLOT_OUTPUT)
            MOTE_TRY(list_name(j, &f->names[i], 0, err));
    for (size_t i = 0; i < j->n_entries; i++) /* now that they don't move any more */
        j->entries[i].name = mote_str_of(j->named[i].name);
    return MOTE_OK;
}

static mote_status check_ids(const job *j, const int32_t *ids, size_t n_ids, mote_error *err) {
    if (j->options->n_ctx < LEAST_WINDOW || n_ids < j->n_ctx)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%zu tokens don't fill a window of %d", n_ids, (int)j->options->n_ctx);
    for (size_t i = 0; i < n_ids; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= j->model->h.n_vocab)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "token %zu: id %d is outside the vocabulary", i, (int)ids[i]);
    return MOTE_OK;
}

static mote_status open_all(job *j, mote_error *err) {
    mote_engine_options options = MOTE_ENGINE_OPTIONS_INIT;
    if (j->options->source)
        MOTE_TRY(mote_gguf_open(j->options->source, &j->source, err));
    j->n_batch = mote_importance_rows_batch(j->model, j->options->process_output);
    j->n_batch = j->n_batch < j->n_ctx ? j->n_batch : j->n_ctx;
    options.n_ctx = (int32_t)j->n_ctx;
    options.n_batch = (int32_t)j->n_batch;
    options.n_threads = j->options->n_threads;
    options.prefix_cache_bytes = 0; /* every token is to be seen */
    MOTE_TRY(mote_engine_create(j->model, &options, &j->engine, err));
    MOTE_TRY(mote_session_create(j->engine, &j->session, err));
    MOTE_TRY(mote_importance_rows_create(j->model, j->n_batch, j->options->process_output, &j->rows, err));
    j->window = mote_mem_alloc_array(j->n_ctx, sizeof *j->window);
    if (!j->window)
        return mote_error_alloc(err, j->n_ctx * sizeof *j->window);
    mote_decoder_set_observer(j->engine->decoder, mote_importance_rows_observe, j->rows);
    return MOTE_OK;
}

static void close_all(job *j) {
    mote_session_free(&j->session);
    mote_engine_free(&j->engine);
    mote_importance_rows_free(&j->rows);
    mote_gguf_close(&j->source);
    for (size_t i = 0; i < j->n_entries; i++) {
        mote_mem_free(j->named[i].sums);
        mote_mem_free(j->named[i].counts);
    }
    mote_mem_free(j->named);
    mote_mem_free(j->entries);
    mote_mem_free(j->window);
}

mote_status mote_importance_measure(const mote_model *model, const int32_t *ids, size_t n_ids, const char *out, const mote_importance_options *options,
                                    mote_importance_result *result, mote_error *err) {
    mote_importance_options o = MOTE_IMPORTANCE_OPTIONS_INIT;
    if (options)
        o = *options;
    job j = {.model = model, .options = &o, .n_ctx = o.n_ctx > 0 ? (size_t)o.n_ctx : 0};
    mote_status status;
    MOTE_TRY_DONE(check_ids(&j, ids, n_ids, err));
    j.n_chunks = n_ids / j.n_ctx;
    j.n_chunks = o.n_chunks > 0 && (size_t)o.n_chunks < j.n_chunks ? (size_t)o.n_chunks : j.n_chunks;
    MOTE_TRY_DONE(open_all(&j, err));
    MOTE_TRY_DONE(read_text(&j, ids, err));
    MOTE_TRY_DONE(list_entries(&j, err));
    MOTE_TRY_DONE(mote_imatrix_write(out, mote_str_of(o.dataset ? o.dataset : ""), (uint32_t)j.n_chunks, (uint32_t)j.n_ctx, j.entries, j.n_entries, err));
    if (result)
        *result = (mote_importance_result){j.n_chunks, j.n_entries, j.n_unused};
done:
    close_all(&j);
    return status;
}
