/* A GGUF's tensors are copied as they are, but for those that adapters change: their rows go through float32 in slabs. A folder is converted, with the same change between reading
 * and quantising (convert.c). */
#include <mote/merge.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernels/blocks.h"
#include "learn/convert.h"
#include "learn/merge_adapters.h"
#include "learn/quantize_rows.h"

#include <sys/stat.h>

enum {
    SLAB_FLOATS = 1 << 20,
    TASK_ROWS = 32,
    MAX_PARTS = 4 /* slots that a fused tensor fills, and one */
};

typedef struct merge_part {
    uint64_t first_row, n_rows; /* in the tensor */
    mote_adapter_change *change;
} merge_part;

typedef struct job {
    const mote_merge_options *options;
    mote_source source;
    mote_weights_plan plan;
    mote_merge_adapters adapters;
    mote_gguf_writer *writer;
    mote_thread_pool *pool;
    float *floats;
    uint8_t *slab;
    uint64_t done_bytes, all_bytes;
    mote_merge_result result;
    /* the present slab */
    const mote_gguf_tensor *tensor;
    uint64_t first, n_rows;
    merge_part parts[MAX_PARTS];
    size_t n_parts;
} job;

static mote_status step(job *j, uint64_t n_bytes, mote_error *err) {
    const mote_merge_options *o = j->options;
    j->done_bytes += n_bytes;
    if (o->progress && !o->progress(o->progress_context, "merging", (double)j->done_bytes / (double)(j->all_bytes + 1)))
        return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
    return MOTE_OK;
}

static mote_status copy_tensor(job *j, const mote_gguf_tensor *t, mote_error *err) {
    for (uint64_t at = 0, n; at < t->n_bytes; at += n) {
        n = t->n_bytes - at < SLAB_FLOATS ? t->n_bytes - at : SLAB_FLOATS;
        MOTE_TRY(mote_gguf_writer_data(j->writer, t->data + at, n, err));
        mote_file_map_release(t->data + at, n);
        MOTE_TRY(step(j, n, err));
    }
    return MOTE_OK;
}

/* Rows of the slab to float32, changed. */
static void change_run(void *context, int worker, int n_workers) {
    const job *j = context;
    const mote_gguf_tensor *t = j->tensor;
    size_t row_bytes = mote_dtype_row_bytes(t->type, t->dims[0]);
    (void)worker;
    (void)n_workers;
    for (uint64_t at; (at = (uint64_t)mote_thread_pool_next(j->pool) * TASK_ROWS) < j->n_rows;) {
        uint64_t from = j->first + at, to = from + (j->n_rows - at < TASK_ROWS ? j->n_rows - at : TASK_ROWS);
        for (uint64_t r = from; r < to; r++)
            (void)mote_blocks_dequantize(t->type, t->data + r * row_bytes, j->floats + (r - j->first) * t->dims[0], t->dims[0]); /* the plan checked types */
        for (size_t i = 0; i < j->n_parts; i++) {
            const merge_part *p = &j->parts[i];
            uint64_t first = from > p->first_row ? from : p->first_row, end = to < p->first_row + p->n_rows ? to : p->first_row + p->n_rows;
            if (first < end)
                mote_adapter_change_rows(p->change, first - p->first_row, end - first, j->floats + (first - j->first) * t->dims[0]);
        }
    }
}

static mote_status change_tensor(job *j, const mote_gguf_tensor *t, mote_error *err) {
    uint64_t row_bytes = mote_dtype_row_bytes(t->type, t->dims[0]), slab_rows = SLAB_FLOATS / t->dims[0] > 0 ? SLAB_FLOATS / t->dims[0] : 1, bad_row = 0;
    j->tensor = t;
    for (j->first = 0; j->first < t->dims[1]; j->first += j->n_rows) {
        j->n_rows = t->dims[1] - j->first < slab_rows ? t->dims[1] - j->first : slab_rows;
        mote_thread_pool_run(j->pool, change_run, j);
        mote_quantize_rows form = {.from = MOTE_DTYPE_F32, .to = t->type, .n_columns = t->dims[0], .n_rows = j->n_rows, .src = (const uint8_t *)j->floats, .dst = j->slab};
        mote_quantize_fault fault = mote_quantize_rows_run(j->pool, &j->adapters.kernels, &form, &bad_row);
        if (fault != MOTE_QUANTIZE_FINE)
            return mote_error_set(err, fault == MOTE_QUANTIZE_OVERFLOW ? MOTE_ERR_LIMIT : MOTE_ERR_FORMAT, "tensor '%.*s': row %llu of the sum has a weight that is %s",
                                  MOTE_STR_ARGS(t->name), (unsigned long long)(j->first + bad_row), fault == MOTE_QUANTIZE_OVERFLOW ? "too large for F16" : "not finite");
        MOTE_TRY(mote_gguf_writer_data(j->writer, j->slab, j->n_rows * row_bytes, err));
        mote_file_map_release(t->data + j->first * row_bytes, j->n_rows * row_bytes);
        MOTE_TRY(step(j, j->n_rows * row_bytes, err));
    }
    return MOTE_OK;
}

static mote_status find_parts(job *j, const mote_gguf_tensor *t, mote_error *err) {
    const mote_tensor_view *v;
    uint64_t row_bytes = mote_dtype_row_bytes(t->type, t->dims[0]);
    j->n_parts = 0;
    for (size_t i = 0; (v = mote_merge_adapters_view_in(&j->adapters, t->data, t->n_bytes, i)) && j->n_parts < MAX_PARTS; i++) {
        merge_part *p = &j->parts[j->n_parts];
        *p = (merge_part){.first_row = (uint64_t)(v->data - t->data) / row_bytes, .n_rows = v->n_rows};
        MOTE_TRY(mote_merge_adapters_find(&j->adapters, v, &p->change, err));
        j->n_parts += p->change != NULL;
    }
    return MOTE_OK;
}

static mote_status write_tensor(job *j, const mote_gguf_tensor *t, mote_error *err) {
    mote_status status = find_parts(j, t, err);
    if (status == MOTE_OK && j->n_parts == 0)
        status = copy_tensor(j, t, err);
    else if (status == MOTE_OK) {
        j->result.n_changed++;
        j->result.n_requantised += mote_dtype_get((int)t->type)->is_quantised;
        status = change_tensor(j, t, err);
    }
    for (size_t i = 0; i < j->n_parts; i++)
        mote_adapter_change_free(&j->parts[i].change);
    return status;
}

static bool is_of_a_part(mote_str key) {
    return mote_str_starts(key, MOTE_STR("split."));
}

static mote_status declare(job *j, mote_error *err) {
    const mote_gguf *g = j->source.gguf;
    for (size_t i = 0; i < mote_gguf_n_values(g); i++)
        if (!is_of_a_part(mote_gguf_value_at(g, i)->key))
            MOTE_TRY(mote_gguf_writer_copy(j->writer, mote_gguf_value_at(g, i), err));
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(g, i);
        MOTE_TRY(mote_gguf_writer_tensor(j->writer, t->name, t->type, t->n_dims, t->dims, err));
        j->all_bytes += t->n_bytes;
    }
    j->result.n_tensors = mote_gguf_n_tensors(g);
    j->result.n_bytes = j->all_bytes;
    return mote_gguf_writer_begin_data(j->writer, err);
}

static mote_status refuse_same_file(const char *in, const char *out, mote_error *err) {
    struct stat a, b;
    if (stat(in, &a) == 0 && stat(out, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: the result would replace its own source", out);
    return MOTE_OK;
}

static mote_status allocate(job *j, mote_error *err) {
    uint64_t most = SLAB_FLOATS;
    for (size_t i = 0; i < mote_gguf_n_tensors(j->source.gguf); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(j->source.gguf, i);
        most = t->dims[0] > most ? t->dims[0] : most;
    }
    j->floats = mote_mem_alloc_array((size_t)most, sizeof *j->floats);
    j->slab = mote_mem_alloc_aligned((size_t)most * sizeof(float));
    if (!j->floats || !j->slab)
        return mote_error_alloc(err, (size_t)most * 2 * sizeof(float));
    return mote_thread_pool_create(j->options->n_threads > 0 ? j->options->n_threads : mote_cpu_default_threads(), &j->pool, err);
}

static mote_status merge_gguf(job *j, const char *path, const char *const *adapters, const float *scales, size_t n, const char *out, mote_error *err) {
    mote_weights_source source;
    MOTE_TRY(refuse_same_file(path, out, err));
    MOTE_TRY(mote_source_open(path, MOTE_SOURCE_WEIGHTS, &j->source, err));
    source = mote_source_weights(&j->source);
    MOTE_TRY(mote_weights_plan_create(&source, &j->source.h, (mote_weights_type){0}, &j->plan, err));
    MOTE_TRY(mote_merge_adapters_open(&j->source, &j->plan, adapters, scales, n, j->options->n_threads, &j->adapters, err));
    MOTE_TRY(allocate(j, err));
    MOTE_TRY(mote_gguf_writer_create(out, &j->writer, err));
    MOTE_TRY(declare(j, err));
    for (size_t i = 0; i < mote_gguf_n_tensors(j->source.gguf); i++)
        MOTE_TRY(write_tensor(j, mote_gguf_tensor_at(j->source.gguf, i), err));
    return mote_gguf_writer_finish(&j->writer, err);
}

mote_status mote_merge_model(const char *model_path, const char *const *adapter_paths, const float *scales, size_t n, const char *out, const mote_merge_options *options,
                             mote_merge_result *result, mote_error *err) {
    mote_merge_options o = MOTE_MERGE_OPTIONS_INIT;
    mote_merge_result ignored;
    if (options)
        o = *options;
    if (mote_file_is_directory(model_path))
        return mote_convert_merged(model_path, adapter_paths, scales, n, out, &o, result ? result : &ignored, err);
    if (o.type)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "a GGUF's tensors keep their types when adapters are merged; `mote quantize` changes them");
    job *j = mote_mem_zalloc_array(1, sizeof *j);
    if (!j)
        return mote_error_alloc(err, sizeof *j);
    j->options = &o;
    mote_status status = merge_gguf(j, model_path, adapter_paths, scales, n, out, err);
    if (status == MOTE_OK && result)
        *result = j->result;
    mote_gguf_writer_discard(&j->writer);
    mote_thread_pool_free(&j->pool);
    mote_merge_adapters_close(&j->adapters);
    mote_weights_plan_free(&j->plan);
    mote_source_close(&j->source);
    mote_mem_free(j->floats);
    mote_mem_free(j->slab);
    mote_mem_free(j);
    return status;
}
