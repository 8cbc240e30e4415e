#include "model/adapter_source.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>

enum { PATH_BYTES = 4096 };

/* The folder that a path names or lies in, and `name` in it; false if that is too long. */
static bool beside(const char *path, const char *name, char out[PATH_BYTES]) {
    bool is_folder = mote_file_is_directory(path);
    const char *slash = strrchr(path, '/');
    size_t len = is_folder ? strlen(path) : slash ? (size_t)(slash - path) : 0;
    if (len >= PATH_BYTES)
        return false;
    int n = snprintf(out, PATH_BYTES, "%.*s%s%s", (int)len, path, is_folder || slash ? "/" : "", name);
    return n > 0 && n < PATH_BYTES;
}

bool mote_adapter_source_is_peft(const char *path) {
    char config[PATH_BYTES];
    if (!mote_file_is_directory(path) && !mote_str_ends(mote_str_of(path), MOTE_STR(".safetensors")))
        return false;
    return beside(path, "adapter_config.json", config) && mote_file_exists(config);
}

static mote_status open_peft(const char *path, mote_adapter_source *s, mote_error *err) {
    char config[PATH_BYTES], weights[PATH_BYTES], pickle[PATH_BYTES];
    bool fits = beside(path, "adapter_config.json", config) && beside(path, "adapter_model.safetensors", weights) && beside(path, "adapter_model.bin", pickle);
    if (!fits)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the path of adapter '%.200s' is too long", path);
    bool is_folder = mote_file_is_directory(path);
    if (is_folder && !mote_file_exists(weights) && mote_file_exists(pickle))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: a pickle, which can run code; adapter_model.safetensors is read", pickle);
    MOTE_TRY(mote_json_read(config, &s->config, err));
    MOTE_TRY(mote_safetensors_open(is_folder ? weights : path, &s->safetensors, err));
    return mote_adapter_peft_read(s, err);
}

static mote_status open_gguf(const char *path, mote_adapter_source *s, mote_error *err) {
    MOTE_TRY(mote_gguf_open(path, &s->gguf, err));
    return mote_adapter_gguf_read(s, err);
}

mote_status mote_adapter_source_open(const char *path, mote_adapter_source *s, mote_error *err) {
    *s = (mote_adapter_source){0};
    bool is_peft = mote_file_is_directory(path) || mote_adapter_source_is_peft(path);
    mote_status status = is_peft ? open_peft(path, s, err) : open_gguf(path, s, err);
    if (status == MOTE_OK)
        return MOTE_OK;
    size_t len = strlen(path);
    bool is_named = err && strncmp(err->message, path, len) == 0 && (err->message[len] == ':' || err->message[len] == '/');
    if (!is_named)
        mote_error_prefix(err, "%s", path);
    mote_adapter_source_close(s);
    return status;
}

void mote_adapter_source_close(mote_adapter_source *s) {
    mote_mem_free(s->modules);
    mote_gguf_close(&s->gguf);
    mote_safetensors_close(&s->safetensors);
    mote_json_free(&s->config);
    *s = (mote_adapter_source){0};
}

static bool is_readable(mote_dtype type) {
    return type != MOTE_DTYPE_NONE && (type == MOTE_DTYPE_F32 || type == MOTE_DTYPE_F16 || type == MOTE_DTYPE_BF16 || mote_dtype_get((int)type)->is_quantised);
}

mote_status mote_adapter_source_check(const mote_adapter_module *m, mote_error *err) {
    uint64_t rank = m->a.n_rows;
    if (rank == 0 || m->a.n_columns == 0 || m->b.n_rows == 0 || rank != m->b.n_columns)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': the shapes of lora_a and lora_b have no common rank (%llu and %llu)", MOTE_STR_ARGS(m->name),
                              (unsigned long long)rank, (unsigned long long)m->b.n_columns);
    if (rank > m->a.n_columns && rank > m->b.n_rows)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': rank %llu is above both dimensions", MOTE_STR_ARGS(m->name), (unsigned long long)rank);
    if (rank > MOTE_ADAPTER_MAX_RANK)
        return mote_error_set(err, MOTE_ERR_LIMIT, "adapter tensor '%.*s': rank %llu is above %d", MOTE_STR_ARGS(m->name), (unsigned long long)rank, MOTE_ADAPTER_MAX_RANK);
    if (m->magnitude.data && m->magnitude.n_columns * m->magnitude.n_rows != m->b.n_rows)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': %llu magnitudes for %llu rows", MOTE_STR_ARGS(m->name),
                              (unsigned long long)(m->magnitude.n_columns * m->magnitude.n_rows), (unsigned long long)m->b.n_rows);
    const mote_adapter_matrix *all[] = {&m->a, &m->b, &m->magnitude};
    for (size_t i = 0; i < 3; i++)
        if (all[i]->data && !is_readable(all[i]->type))
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter tensor '%.*s': numbers of type %s", MOTE_STR_ARGS(m->name),
                                  all[i]->type == MOTE_DTYPE_NONE ? "that mote doesn't read" : mote_dtype_get((int)all[i]->type)->name);
    return MOTE_OK;
}
