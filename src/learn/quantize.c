/* A tensor goes from the mapped source to the new file in slabs of whole rows: a slab's source pages are let go of when it is written, so that what is resident is a few slabs, not
 * a tensor. All types are chosen, and everything that can be refused by looking at the header is refused, before the first byte is written. */
#include <mote/convert.h>
#include <mote/quantize.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "formats/imatrix.h"
#include "kernels/blocks.h"
#include "learn/quantize_rows.h"
#include "model/mix.h"

#include <stdlib.h>
#include <sys/stat.h>

enum {
    SLAB_BYTES = 4 << 20,    /* of the result */
    QUANTIZATION_VERSION = 2 /* of the block formats; GGUF's general.quantization_version */
};

typedef struct job {
    const mote_quantize_options *options;
    mote_gguf *gguf;
    mote_imatrix *imatrix; /* NULL: none */
    const mote_mix *mix;
    mote_dtype *types; /* [n_tensors] */
    size_t n_tensors;
    mote_kernels kernels;
    mote_thread_pool *pool;
    mote_gguf_writer *writer;
    uint8_t *slab;
    float *importance; /* [widest row], where there is an imatrix */
    uint64_t done_bytes;
    mote_quantize_result result;
} job;

static mote_status find_type(const char *name, const char *what, mote_dtype *type, mote_error *err) {
    float probe[256] = {0};
    uint8_t bytes[256 * sizeof(float)];
    if (!name)
        return MOTE_OK;
    *type = mote_dtype_from_name(name);
    if (*type == MOTE_DTYPE_NONE || !mote_blocks_quantize(*type, probe, bytes, 256, NULL))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "type of %s: '%s' is no type that weights can have", what, name);
    return MOTE_OK;
}

/* A GGUF of a model, and one whose every tensor can be read. */
static mote_status check_source(const job *j, const char *in, mote_error *err) {
    mote_str kind = MOTE_STR("model");
    MOTE_TRY(mote_gguf_get_string(j->gguf, "general.type", false, &kind, err));
    if (!mote_str_is(kind, "model"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: general.type is '%.*s'; only models can be quantised", in, MOTE_STR_ARGS(kind));
    if (j->n_tensors == 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: no tensors to quantise", in);
    return MOTE_OK;
}

static mote_status check_readable(const mote_gguf_tensor *t, mote_error *err) {
    uint8_t bytes[256 * sizeof(float)] = {0};
    float probe[256];
    if (mote_blocks_dequantize(t->type, bytes, probe, 256))
        return MOTE_OK;
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%.*s': type %s can't be quantised", MOTE_STR_ARGS(t->name), mote_dtype_get((int)t->type)->name);
}

static mote_status choose_types(job *j, mote_error *err) {
    mote_mix_options o = {.mix = j->mix, .is_pure = j->options->pure, .leaves_output = j->options->leave_output, .has_importance = j->imatrix != NULL};
    mote_mix_model model;
    mote_dtype output, embedding;
    MOTE_TRY(find_type(j->options->output_type, "the output", &output, err));
    MOTE_TRY(find_type(j->options->embedding_type, "the embedding", &embedding, err));
    o.output = j->options->output_type ? &output : NULL;
    o.embedding = j->options->embedding_type ? &embedding : NULL;
    MOTE_TRY(mote_mix_model_from_gguf(j->gguf, &model, err));
    j->types = mote_mem_alloc_array(j->n_tensors, sizeof *j->types);
    mote_mix_tensor *tensors = mote_mem_zalloc_array(j->n_tensors, sizeof *tensors);
    if (!j->types || !tensors) {
        mote_mem_free(tensors);
        return mote_error_alloc(err, j->n_tensors * sizeof *tensors);
    }
    for (size_t i = 0; i < j->n_tensors; i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(j->gguf, i);
        tensors[i].name = t->name;
        tensors[i].type = t->type;
        memcpy(tensors[i].dims, t->dims, sizeof tensors[i].dims);
    }
    mote_status status = mote_mix_choose(&o, &model, tensors, j->n_tensors, j->types, &j->result.n_fallbacks, err);
    mote_mem_free(tensors);
    return status;
}

/* The importance of a tensor that will be quantised; NULL where there is none. The embedding's rows are looked up, not multiplied: a matrix of another shape is its output's. */
static mote_status find_importance(const job *j, size_t i, const mote_imatrix_entry **entry, mote_error *err) {
    const mote_gguf_tensor *t = mote_gguf_tensor_at(j->gguf, i);
    *entry = NULL;
    if (!j->imatrix || j->types[i] == t->type || !mote_dtype_get((int)j->types[i])->is_quantised)
        return MOTE_OK;
    *entry = mote_imatrix_find(j->imatrix, t->name);
    if (!*entry || (*entry)->n_values == t->dims[0] * t->dims[2])
        return MOTE_OK;
    if (!mote_str_is(t->name, "token_embd.weight"))
        return mote_error_set(err, MOTE_ERR_FORMAT, "importance of '%.*s' has %llu values, the tensor needs %llu: it was measured on another model", MOTE_STR_ARGS(t->name),
                              (unsigned long long)(*entry)->n_values, (unsigned long long)(t->dims[0] * t->dims[2]));
    *entry = NULL;
    return MOTE_OK;
}

/* Counts, checks and the sizes of the buffers, over all tensors. */
static mote_status plan(job *j, uint64_t *slab_bytes, uint64_t *importance_columns, mote_error *err) {
    mote_quantize_result *r = &j->result;
    r->type = j->mix->name;
    r->n_tensors = j->n_tensors;
    *slab_bytes = 1;
    *importance_columns = 1;
    for (size_t i = 0; i < j->n_tensors; i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(j->gguf, i);
        const mote_imatrix_entry *entry;
        const mote_dtype_info *from = mote_dtype_get((int)t->type);
        uint64_t row_bytes = mote_dtype_row_bytes(j->types[i], t->dims[0]), n_weights = t->n_bytes / from->block_bytes * from->block_len;
        r->source_bytes += t->n_bytes;
        r->n_weights += n_weights;
        r->n_bytes += n_weights / t->dims[0] * row_bytes;
        if (j->types[i] == t->type)
            continue;
        MOTE_TRY(check_readable(t, err));
        MOTE_TRY(find_importance(j, i, &entry, err));
        r->n_changed++;
        r->n_requantised += from->is_quantised;
        bool is_measured = !mote_str_is(t->name, "token_embd.weight") && !mote_str_is(t->name, "output.weight"); /* by default */
        r->n_unweighted += j->imatrix && !entry && is_measured && mote_dtype_get((int)j->types[i])->is_quantised;
        *slab_bytes = row_bytes > *slab_bytes ? row_bytes : *slab_bytes;
        *importance_columns = entry && t->dims[0] > *importance_columns ? t->dims[0] : *importance_columns;
    }
    *slab_bytes = *slab_bytes > SLAB_BYTES ? *slab_bytes : SLAB_BYTES;
    return MOTE_OK;
}

static bool is_replaced(const job *j, mote_str key) {
    static const char *const keys[] = {"general.file_type", "general.quantization_version", "split.no", "split.count", "split.tensors.count"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (mote_str_is(key, keys[i]))
            return true;
    return j->imatrix && mote_str_starts(key, MOTE_STR("quantize.imatrix."));
}

static mote_status declare_importance(job *j, mote_error *err) {
    mote_str dataset = mote_imatrix_dataset(j->imatrix);
    uint32_t n_chunks = mote_imatrix_n_chunks(j->imatrix);
    MOTE_TRY(mote_gguf_writer_string(j->writer, "quantize.imatrix.file", mote_str_of(j->options->imatrix), err));
    if (dataset.len > 0)
        MOTE_TRY(mote_gguf_writer_string(j->writer, "quantize.imatrix.dataset", dataset, err));
    MOTE_TRY(mote_gguf_writer_u32(j->writer, "quantize.imatrix.entries_count", (uint32_t)mote_imatrix_n_entries(j->imatrix), err));
    return n_chunks > 0 ? mote_gguf_writer_u32(j->writer, "quantize.imatrix.chunks_count", n_chunks, err) : MOTE_OK;
}

static mote_status declare(job *j, mote_error *err) {
    for (size_t i = 0; i < mote_gguf_n_values(j->gguf); i++) {
        const mote_gguf_value *v = mote_gguf_value_at(j->gguf, i);
        if (!is_replaced(j, v->key))
            MOTE_TRY(mote_gguf_writer_copy(j->writer, v, err));
    }
    MOTE_TRY(mote_gguf_writer_u32(j->writer, "general.quantization_version", QUANTIZATION_VERSION, err));
    MOTE_TRY(mote_gguf_writer_u32(j->writer, "general.file_type", j->mix->file_type, err));
    if (j->imatrix)
        MOTE_TRY(declare_importance(j, err));
    for (size_t i = 0; i < j->n_tensors; i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(j->gguf, i);
        MOTE_TRY(mote_gguf_writer_tensor(j->writer, t->name, j->types[i], t->n_dims, t->dims, err));
    }
    return mote_gguf_writer_begin_data(j->writer, err);
}

static mote_status step(job *j, uint64_t n_bytes, mote_error *err) {
    const mote_quantize_options *o = j->options;
    j->done_bytes += n_bytes;
    if (o->progress && !o->progress(o->progress_context, "quantising", (double)j->done_bytes / (double)j->result.source_bytes))
        return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
    return MOTE_OK;
}

static mote_status copy_tensor(job *j, const mote_gguf_tensor *t, mote_error *err) {
    for (uint64_t at = 0; at < t->n_bytes; at += SLAB_BYTES) {
        uint64_t n = t->n_bytes - at < SLAB_BYTES ? t->n_bytes - at : SLAB_BYTES;
        MOTE_TRY(mote_gguf_writer_data(j->writer, t->data + at, n, err));
        mote_file_map_release(t->data + at, n);
        MOTE_TRY(step(j, n, err));
    }
    return MOTE_OK;
}

/* Rows of one matrix of a tensor, which have one importance. */
static mote_status quantize_matrix(job *j, const mote_gguf_tensor *t, uint64_t first_row, const mote_quantize_rows *form, mote_error *err) {
    uint64_t src_bytes = mote_dtype_row_bytes(form->from, form->n_columns), dst_bytes = mote_dtype_row_bytes(form->to, form->n_columns);
    uint64_t rows_per_slab = SLAB_BYTES > dst_bytes ? SLAB_BYTES / dst_bytes : 1, bad_row = 0;
    for (uint64_t row = 0; row < form->n_rows; row += rows_per_slab) {
        mote_quantize_rows slab = *form;
        slab.n_rows = form->n_rows - row < rows_per_slab ? form->n_rows - row : rows_per_slab;
        slab.src = t->data + (first_row + row) * src_bytes;
        slab.dst = j->slab;
        mote_quantize_fault fault = mote_quantize_rows_run(j->pool, &j->kernels, &slab, &bad_row);
        if (fault != MOTE_QUANTIZE_FINE)
            return mote_error_set(err, fault == MOTE_QUANTIZE_OVERFLOW ? MOTE_ERR_LIMIT : MOTE_ERR_FORMAT, "tensor '%.*s': row %llu has a weight that is %s",
                                  MOTE_STR_ARGS(t->name), (unsigned long long)(first_row + row + bad_row),
                                  fault == MOTE_QUANTIZE_OVERFLOW ? "too large for F16; BF16 can hold it" : "not finite");
        MOTE_TRY(mote_gguf_writer_data(j->writer, j->slab, slab.n_rows * dst_bytes, err));
        mote_file_map_release(slab.src, slab.n_rows * src_bytes);
        MOTE_TRY(step(j, slab.n_rows * src_bytes, err));
    }
    return MOTE_OK;
}

static mote_status quantize_tensor(job *j, size_t i, mote_error *err) {
    const mote_gguf_tensor *t = mote_gguf_tensor_at(j->gguf, i);
    const mote_imatrix_entry *entry;
    MOTE_TRY(find_importance(j, i, &entry, err));
    mote_quantize_rows form = {.from = t->type, .to = j->types[i], .n_columns = t->dims[0], .importance = entry ? j->importance : NULL};
    /* with importance a matrix at a time, since each has its own; without, all rows together */
    uint64_t n_rows = t->dims[1] * t->dims[2] * t->dims[3];
    form.n_rows = entry ? t->dims[1] : n_rows;
    for (uint64_t first = 0; first < n_rows; first += form.n_rows) {
        if (entry)
            mote_imatrix_read(entry, first / t->dims[1] % t->dims[2] * t->dims[0], t->dims[0], j->importance);
        MOTE_TRY(quantize_matrix(j, t, first, &form, err));
    }
    return MOTE_OK;
}

static mote_status write_all(job *j, const char *out, mote_error *err) {
    MOTE_TRY(mote_gguf_writer_create(out, &j->writer, err));
    MOTE_TRY(declare(j, err));
    for (size_t i = 0; i < j->n_tensors; i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(j->gguf, i);
        MOTE_TRY(j->types[i] == t->type ? copy_tensor(j, t, err) : quantize_tensor(j, i, err));
    }
    return mote_gguf_writer_finish(&j->writer, err);
}

static mote_status refuse_same_file(const char *in, const char *out, mote_error *err) {
    struct stat a, b;
    if (stat(in, &a) == 0 && stat(out, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: the result would replace its own source", out);
    return MOTE_OK;
}

/* A folder in Hugging Face layout is converted to the type at once. */
static mote_status quantize_folder(const char *in, const char *out, const char *type, const mote_quantize_options *o, mote_quantize_result *result, mote_error *err) {
    mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
    mote_convert_result converted;
    if (o->imatrix || o->output_type || o->embedding_type || o->pure || o->leave_output)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: a folder is quantised to a mix only; convert it to F16 or BF16 first and quantise that", in);
    options.type = type;
    options.n_threads = o->n_threads;
    options.progress = o->progress;
    options.progress_context = o->progress_context;
    MOTE_TRY(mote_convert_folder(in, out, &options, &converted, err));
    if (result)
        *result = (mote_quantize_result){.type = converted.type,
                                         .n_bytes = converted.n_bytes,
                                         .n_weights = converted.n_weights,
                                         .n_tensors = converted.n_tensors,
                                         .n_changed = converted.n_tensors,
                                         .n_fallbacks = converted.n_fallbacks};
    return MOTE_OK;
}

mote_status mote_quantize_file(const char *in, const char *out, const char *type, const mote_quantize_options *options, mote_quantize_result *result, mote_error *err) {
    mote_quantize_options o = MOTE_QUANTIZE_OPTIONS_INIT;
    uint64_t slab_bytes, importance_columns;
    if (options)
        o = *options;
    if (mote_file_is_directory(in))
        return quantize_folder(in, out, type, &o, result, err);
    job j = {.options = &o};
    mote_status status;
    mote_cpu_level level;
    MOTE_TRY_DONE(mote_cpu_choose(getenv("MOTE_CPU"), &level, err));
    mote_kernels_init(&j.kernels, level);
    MOTE_TRY_DONE(mote_mix_find(type, &j.mix, err));
    MOTE_TRY_DONE(refuse_same_file(in, out, err));
    MOTE_TRY_DONE(mote_gguf_open(in, &j.gguf, err));
    j.n_tensors = mote_gguf_n_tensors(j.gguf);
    MOTE_TRY_DONE(check_source(&j, in, err));
    if (o.imatrix)
        MOTE_TRY_DONE(mote_imatrix_open(o.imatrix, &j.imatrix, err));
    MOTE_TRY_DONE(choose_types(&j, err));
    MOTE_TRY_DONE(plan(&j, &slab_bytes, &importance_columns, err));
    j.slab = mote_mem_alloc_aligned(slab_bytes);
    j.importance = mote_mem_alloc_array(importance_columns, sizeof *j.importance);
    if (!j.slab || !j.importance) {
        status = mote_error_alloc(err, slab_bytes);
        goto done;
    }
    MOTE_TRY_DONE(mote_thread_pool_create(o.n_threads > 0 ? o.n_threads : mote_cpu_default_threads(), &j.pool, err));
    MOTE_TRY_DONE(write_all(&j, out, err));
    if (result)
        *result = j.result;
done:
    mote_thread_pool_free(&j.pool);
    mote_gguf_writer_discard(&j.writer);
    mote_imatrix_close(&j.imatrix);
    mote_gguf_close(&j.gguf);
    mote_mem_free(j.types);
    mote_mem_free(j.slab);
    mote_mem_free(j.importance);
    return status;
}
