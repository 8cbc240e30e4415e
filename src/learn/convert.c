/* The folder is opened and checked as for loading; then keys, tensor headers and tensors are written in one pass. A tensor goes through two slabs of float32 rows (read, and with
 * pairs of rotated rows made neighbours) and one of the result. What the folder has and the GGUF would not is refused before the first byte. */
#include <mote/convert.h>

#include "base/cpu.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "learn/convert.h"
#include "learn/merge_adapters.h"
#include "learn/quantize_rows.h"
#include "model/export.h"
#include "model/mix.h"
#include "text/tokenizer_export.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum {
    SLAB_FLOATS = 1 << 20,
    QUANTIZATION_VERSION = 2, /* of the block formats; GGUF's general.quantization_version */
    MAX_NAME_BYTES = 4096,
    MAX_CARD_BYTES = 1 << 20 /* of a README.md */
};

typedef struct merge_request {
    const char *const *paths;
    const float *scales;
    size_t n;
} merge_request;

typedef struct job {
    const mote_convert_options *options;
    mote_source source;
    mote_export export;
    const merge_request *merge; /* NULL: nothing is added */
    mote_merge_adapters adapters;
    size_t n_changed;
    const mote_mix *mix;
    mote_dtype *types; /* [n_tensors] */
    mote_kernels kernels;
    mote_thread_pool *pool;
    mote_gguf_writer *writer;
    float *read, *scratch;
    uint8_t *slab;
    uint64_t done_weights;
    mote_convert_result result;
} job;

/* The first half-float matrix decides, as in llama.cpp's converter; a checkpoint of float32 stays that, so that nothing is lost unasked. */
static const char *type_of_source(const job *j) {
    const mote_export *e = &j->export;
    bool any_integers = false;
    for (size_t i = 0; i < e->n_tensors; i++) {
        const mote_export_tensor *t = &e->tensors[i];
        if (!t->is_matrix)
            continue;
        if (!t->pieces[0]->ints && (t->pieces[0]->type == MOTE_DTYPE_BF16 || t->pieces[0]->type == MOTE_DTYPE_F16))
            return mote_dtype_get((int)t->pieces[0]->type)->name;
        any_integers = any_integers || t->pieces[0]->ints;
    }
    return any_integers ? "F16" : "F32";
}

static mote_status choose_types(job *j, mote_error *err) {
    const mote_hparams *h = &j->source.h;
    const mote_export *e = &j->export;
    const char *type = j->options->type;
    MOTE_TRY(mote_mix_find(!type || mote_str_is(mote_str_of(type), "auto") ? type_of_source(j) : type, &j->mix, err));
    mote_mix_options o = {.mix = j->mix};
    mote_mix_model model = {mote_str_of(mote_export_architecture(h)), h->n_layers, h->experts.n, h->layers[0].n_heads, h->layers[0].n_kv_heads};
    j->types = mote_mem_alloc_array(e->n_tensors, sizeof *j->types);
    mote_mix_tensor *tensors = mote_mem_zalloc_array(e->n_tensors, sizeof *tensors);
    if (!j->types || !tensors) {
        mote_mem_free(tensors);
        return mote_error_alloc(err, e->n_tensors * sizeof *tensors);
    }
    for (size_t i = 0; i < e->n_tensors; i++) {
        tensors[i].name = mote_str_of(e->tensors[i].name);
        tensors[i].type = MOTE_DTYPE_F32; /* of what no type changes */
        for (size_t d = 0; d < sizeof tensors->dims / sizeof *tensors->dims; d++)
            tensors[i].dims[d] = e->tensors[i].dims[d];
    }
    mote_status status = mote_mix_choose(&o, &model, tensors, e->n_tensors, j->types, &j->result.n_fallbacks, err);
    mote_mem_free(tensors);
    for (size_t i = 0; i < e->n_tensors; i++) /* tables too, whatever their names */
        if (!e->tensors[i].is_matrix)
            j->types[i] = MOTE_DTYPE_F32;
    return status;
}

static uint64_t n_weights(const mote_export_tensor *t) {
    return t->dims[0] * t->dims[1] * t->dims[2];
}

static void count(job *j) {
    for (size_t i = 0; i < j->export.n_tensors; i++) {
        const mote_export_tensor *t = &j->export.tensors[i];
        j->result.n_weights += n_weights(t);
        j->result.n_bytes += n_weights(t) / t->dims[0] * mote_dtype_row_bytes(j->types[i], (size_t)t->dims[0]);
    }
    j->result.n_tensors = j->export.n_tensors;
    j->result.type = j->mix->name;
    j->result.architecture = mote_export_architecture(&j->source.h);
    j->result.lost_window = mote_export_drops_window(&j->source.h) ? j->source.h.window : 0;
}

/* "135M", "4x83K": as the naming of GGUF files counts. */
static void make_size_label(const job *j, char *out, size_t n_bytes) {
    static const struct {
        double least, scale;
        char letter;
    } units[] = {{1e12, 1e-12, 'T'}, {1e9, 1e-9, 'B'}, {1e6, 1e-6, 'M'}, {0, 1e-3, 'K'}};
    uint32_t n_experts = j->source.h.experts.n;
    double count = 0;
    size_t u = 0;
    for (size_t i = 0; i < j->export.n_tensors; i++) {
        const mote_export_tensor *t = &j->export.tensors[i];
        count += (double)n_weights(t) / (t->n_stack > 1 ? (double)t->n_stack : 1);
    }
    while (count <= units[u].least && u < 3)
        u++;
    double scaled = count * units[u].scale;
    int decimals = scaled < 0.5 ? 2 : scaled < 9.5 ? 1 : 0;
    int n = n_experts ? snprintf(out, n_bytes, "%ux", n_experts) : 0;
    snprintf(out + n, n_bytes - (size_t)n, "%.*f%c", decimals, scaled, units[u].letter);
}

/* "license: apache-2.0" in the head of a model card. */
static mote_status declare_license(job *j, const char *folder, mote_error *err) {
    char path[4096];
    mote_buffer card;
    mote_status status = MOTE_OK;
    mote_buffer_init(&card, MAX_CARD_BYTES);
    if (snprintf(path, sizeof path, "%s/README.md", folder) >= (int)sizeof path || !mote_file_exists(path) || mote_file_read(path, &card, NULL) != MOTE_OK)
        goto done; /* a model without a readable card has no licence to name */
    const char *end = card.len > 3 && memcmp(card.data, "---", 3) == 0 ? strstr(card.data + 3, "\n---") : NULL;
    const char *line = end ? strstr(card.data, "\nlicense:") : NULL;
    if (line && line < end) {
        const char *from = line + sizeof "\nlicense:" - 1;
        from += strspn(from, " \t\"'");
        mote_str license = {from, strcspn(from, " \t\r\n\"'")};
        if (license.len)
            status = mote_gguf_writer_string(j->writer, "general.license", license, err);
    }
done:
    mote_buffer_deinit(&card);
    return status;
}

/* The name says one thing of the tokenizer (mote_tokenizer_swallows_space), so it has to be right in that. */
static mote_status declare_name(job *j, mote_error *err) {
    const char *name = j->options->name ? j->options->name : j->source.name;
    bool can_be_named, swallows = mote_tokenizer_swallows_space(j->source.tokenizer, &can_be_named);
    mote_buffer text;
    mote_buffer_init(&text, MAX_NAME_BYTES);
    mote_status status = MOTE_OK;
    bool is_named = false;
    for (const char *p = name; *p && status == MOTE_OK; p++) {
        bool phi3 = strncasecmp(p, "phi3", 4) == 0 || strncasecmp(p, "phi-3", 5) == 0;
        is_named = is_named || phi3;
        status = mote_buffer_append_char(&text, *p);
        for (int k = 1; phi3 && !can_be_named && status == MOTE_OK && k < 4; k++) /* "phi 3" */
            status = mote_buffer_append_char(&text, k < 3 ? p[k] : ' ');
        if (phi3 && !can_be_named)
            p += p[3] == '-' ? 3 : 2;
    }
    if (status == MOTE_OK && swallows && can_be_named && !is_named)
        status = mote_buffer_append_text(&text, " (Phi-3)");
    if (status == MOTE_OK)
        status = mote_gguf_writer_string(j->writer, "general.name", mote_buffer_str(&text), err);
    else
        status = mote_error_set(err, status, "the name '%.100s' is too long", name);
    mote_buffer_deinit(&text);
    return status;
}

static mote_status declare(job *j, const char *folder, mote_error *err) {
    char label[32];
    make_size_label(j, label, sizeof label);
    MOTE_TRY(mote_export_hparams(&j->source, j->writer, err));
    MOTE_TRY(mote_gguf_writer_string(j->writer, "general.type", MOTE_STR("model"), err));
    MOTE_TRY(declare_name(j, err));
    MOTE_TRY(mote_gguf_writer_string(j->writer, "general.size_label", mote_str_of(label), err));
    MOTE_TRY(declare_license(j, folder, err));
    MOTE_TRY(mote_gguf_writer_u32(j->writer, "general.file_type", j->mix->file_type, err));
    MOTE_TRY(mote_gguf_writer_u32(j->writer, "general.quantization_version", QUANTIZATION_VERSION, err));
    MOTE_TRY(mote_tokenizer_export(j->source.tokenizer, folder, j->source.h.n_vocab, j->writer, err));
    if (j->source.chat_template)
        MOTE_TRY(mote_gguf_writer_string(j->writer, "tokenizer.chat_template", mote_str_of(j->source.chat_template), err));
    for (size_t i = 0; i < j->export.n_tensors; i++) {
        const mote_export_tensor *t = &j->export.tensors[i];
        MOTE_TRY(mote_gguf_writer_tensor(j->writer, mote_str_of(t->name), j->types[i], t->n_dims, t->dims, err));
    }
    return mote_gguf_writer_begin_data(j->writer, err);
}

static mote_status write_rows(job *j, size_t i, uint64_t first, uint64_t n, mote_error *err) {
    const mote_export_tensor *t = &j->export.tensors[i];
    mote_quantize_rows form = {.from = MOTE_DTYPE_F32, .to = j->types[i], .n_columns = t->dims[0], .n_rows = n, .src = (const uint8_t *)j->read, .dst = j->slab};
    uint64_t bad_row = 0;
    mote_export_read(t, first, n, j->scratch, j->read);
    mote_quantize_fault fault = mote_quantize_rows_run(j->pool, &j->kernels, &form, &bad_row);
    if (fault != MOTE_QUANTIZE_FINE)
        return mote_error_set(err, fault == MOTE_QUANTIZE_OVERFLOW ? MOTE_ERR_LIMIT : MOTE_ERR_FORMAT, "tensor '%s': row %llu has a weight that is %s", t->name,
                              (unsigned long long)(first + bad_row), fault == MOTE_QUANTIZE_OVERFLOW ? "too large for F16; BF16 can hold it" : "not finite");
    MOTE_TRY(mote_gguf_writer_data(j->writer, j->slab, n * mote_dtype_row_bytes(form.to, (size_t)t->dims[0]), err));
    j->done_weights += n * t->dims[0];
    const mote_convert_options *o = j->options;
    if (o->progress && !o->progress(o->progress_context, "converting", (double)j->done_weights / (double)j->result.n_weights))
        return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
    return MOTE_OK;
}

static mote_status write_tensor(job *j, size_t i, mote_error *err) {
    const mote_export_tensor *t = &j->export.tensors[i];
    uint64_t n_rows = n_weights(t) / t->dims[0], n;
    for (uint64_t row = 0; row < n_rows; row += n) {
        n = mote_export_step(t, row, SLAB_FLOATS / t->dims[0]);
        MOTE_TRY(write_rows(j, i, row, n, err));
        mote_export_release(t, row, n);
    }
    return MOTE_OK;
}

/* What adapters change of a tensor's pieces, for as long as it is written. */
static mote_status find_changes(job *j, mote_export_tensor *t, mote_error *err) {
    bool any = false;
    for (size_t p = 0; p < t->n_pieces && t->n_dims == 2; p++) {
        MOTE_TRY(mote_merge_adapters_find(&j->adapters, t->pieces[p], &t->changes[p], err));
        any = any || t->changes[p];
    }
    j->n_changed += any;
    return MOTE_OK;
}

static mote_status write_tensors(job *j, mote_error *err) {
    for (size_t i = 0; i < j->export.n_tensors; i++) {
        mote_export_tensor *t = &j->export.tensors[i];
        mote_status status = j->merge ? find_changes(j, t, err) : MOTE_OK;
        if (status == MOTE_OK)
            status = write_tensor(j, i, err);
        for (size_t p = 0; p < t->n_pieces; p++)
            mote_adapter_change_free(&t->changes[p]);
        MOTE_TRY(status);
    }
    return MOTE_OK;
}

/* Slabs for the widest step. */
static mote_status allocate(job *j, mote_error *err) {
    uint64_t most = SLAB_FLOATS;
    for (size_t i = 0; i < j->export.n_tensors; i++) {
        const mote_export_tensor *t = &j->export.tensors[i];
        uint64_t floats = mote_export_step(t, 0, SLAB_FLOATS / t->dims[0]) * t->dims[0];
        most = floats > most ? floats : most;
    }
    j->read = mote_mem_alloc_array(most, sizeof *j->read);
    j->scratch = mote_mem_alloc_array(most, sizeof *j->scratch);
    j->slab = mote_mem_alloc_aligned(most * sizeof(float));
    if (!j->read || !j->scratch || !j->slab)
        return mote_error_alloc(err, most * 3 * sizeof(float));
    mote_cpu_level level;
    MOTE_TRY(mote_cpu_choose(getenv("MOTE_CPU"), &level, err));
    mote_kernels_init(&j->kernels, level);
    int n_threads = j->options->n_threads > 0 ? j->options->n_threads : mote_cpu_default_threads();
    return mote_thread_pool_create(n_threads, &j->pool, err);
}

static mote_status convert(const char *folder, const char *out, const mote_convert_options *options, const merge_request *merge, mote_convert_result *result, size_t *n_changed,
                           mote_error *err) {
    mote_convert_options o = MOTE_CONVERT_OPTIONS_INIT;
    if (options)
        o = *options;
    if (!mote_file_is_directory(folder))
        return mote_error_set(err, mote_file_exists(folder) ? MOTE_ERR_ARGUMENT : MOTE_ERR_NOT_FOUND, "%s: not a folder in Hugging Face layout", folder);
    job *j = mote_mem_zalloc_array(1, sizeof *j);
    if (!j)
        return mote_error_alloc(err, sizeof *j);
    mote_status status;
    j->options = &o;
    j->merge = merge;
    MOTE_TRY_DONE(mote_source_open(folder, MOTE_SOURCE_ALL, &j->source, err));
    MOTE_TRY_DONE(mote_export_open(&j->source, &j->export, err));
    if (merge)
        MOTE_TRY_DONE(mote_merge_adapters_open(&j->source, &j->export.plan, merge->paths, merge->scales, merge->n, o.n_threads, &j->adapters, err));
    MOTE_TRY_DONE(choose_types(j, err));
    count(j);
    MOTE_TRY_DONE(allocate(j, err));
    MOTE_TRY_DONE(mote_gguf_writer_create(out, &j->writer, err));
    MOTE_TRY_DONE(declare(j, folder, err));
    MOTE_TRY_DONE(write_tensors(j, err));
    MOTE_TRY_DONE(mote_gguf_writer_finish(&j->writer, err));
    if (result)
        *result = j->result;
    *n_changed = j->n_changed;
done:
    mote_gguf_writer_discard(&j->writer);
    mote_thread_pool_free(&j->pool);
    mote_merge_adapters_close(&j->adapters);
    mote_export_close(&j->export);
    mote_source_close(&j->source);
    mote_mem_free(j->types);
    mote_mem_free(j->read);
    mote_mem_free(j->scratch);
    mote_mem_free(j->slab);
    mote_mem_free(j);
    return status;
}

mote_status mote_convert_folder(const char *folder, const char *out, const mote_convert_options *options, mote_convert_result *result, mote_error *err) {
    size_t n_changed;
    return convert(folder, out, options, NULL, result, &n_changed, err);
}

mote_status mote_convert_merged(const char *folder, const char *const *adapter_paths, const float *scales, size_t n, const char *out, const mote_merge_options *options,
                                mote_merge_result *result, mote_error *err) {
    mote_convert_options o = MOTE_CONVERT_OPTIONS_INIT;
    mote_convert_result converted;
    merge_request merge = {adapter_paths, scales, n};
    o.type = options->type;
    o.n_threads = options->n_threads;
    o.progress = options->progress;
    o.progress_context = options->progress_context;
    *result = (mote_merge_result){0};
    MOTE_TRY(convert(folder, out, &o, &merge, &converted, &result->n_changed, err));
    result->n_tensors = converted.n_tensors;
    result->n_bytes = converted.n_bytes;
    return MOTE_OK;
}
