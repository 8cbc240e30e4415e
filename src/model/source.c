#include "model/source.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "model/int_scheme.h"
#include "text/tokenizer.h"

#include <stdio.h>

/* Chat templates and configs are small texts; a larger one is an attack or a mistake. */
enum { MAX_TEMPLATE_BYTES = 1 << 20, PATH_BYTES = 4096 };

static char *dup_str(mote_str s) {
    char *p = mote_mem_alloc(s.len + 1);
    if (p) {
        if (s.len)
            memcpy(p, s.data, s.len);
        p[s.len] = 0;
    }
    return p;
}

static mote_status join_path(char out[PATH_BYTES], const char *folder, const char *name, mote_error *err) {
    int n = snprintf(out, PATH_BYTES, "%s/%s", folder, name);
    return n > 0 && n < PATH_BYTES ? MOTE_OK : mote_error_set(err, MOTE_ERR_ARGUMENT, "the path of folder '%.200s' is too long", folder);
}

static mote_status check_vocabulary(const mote_source *s, mote_error *err) {
    if (!s->tokenizer)
        return MOTE_OK;
    uint32_t n = (uint32_t)mote_tokenizer_n_tokens(s->tokenizer);
    /* A folder's embedding may be padded past the tokenizer; a file's list is the vocabulary. */
    if (s->gguf ? n != s->h.n_vocab : n > s->h.n_vocab)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the tokenizer has %u tokens, the model's vocabulary %u", n, s->h.n_vocab);
    return MOTE_OK;
}

static mote_status open_gguf(mote_source *s, mote_source_parts parts, mote_error *err) {
    MOTE_TRY(mote_gguf_open(s->path, &s->gguf, err));
    mote_str kind = {0};
    MOTE_TRY(mote_gguf_get_string(s->gguf, "general.type", false, &kind, err));
    if (mote_str_is(kind, "adapter"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: an adapter, not a model", s->path);
    if (parts != MOTE_SOURCE_VOCABULARY)
        MOTE_TRY(mote_hparams_from_gguf(s->gguf, &s->h, err));
    if (parts == MOTE_SOURCE_WEIGHTS)
        return MOTE_OK;
    mote_str name = {0}, text = {0};
    const mote_gguf_value *v = mote_gguf_find(s->gguf, "general.name");
    if (v && v->type == MOTE_GGUF_STRING)
        MOTE_TRY(mote_gguf_get_string(s->gguf, "general.name", false, &name, err));
    s->name = dup_str(name);
    v = mote_gguf_find(s->gguf, "tokenizer.chat_template");
    if (v)
        MOTE_TRY(mote_gguf_get_string(s->gguf, "tokenizer.chat_template", false, &text, err));
    if (text.len > MAX_TEMPLATE_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "tokenizer.chat_template: longer than %d bytes", MAX_TEMPLATE_BYTES);
    if (v)
        s->chat_template = dup_str(text);
    if (!s->name || (v && !s->chat_template))
        return mote_error_alloc(err, text.len + name.len);
    bool has_tokenizer = mote_gguf_find(s->gguf, "tokenizer.ggml.model") != NULL;
    if (has_tokenizer || parts == MOTE_SOURCE_VOCABULARY)
        MOTE_TRY(mote_tokenizer_from_gguf(s->gguf, &s->tokenizer, err));
    return parts == MOTE_SOURCE_VOCABULARY ? MOTE_OK : check_vocabulary(s, err);
}

/* The text of "chat_template", or of the entry "default" of a list of them. */
static mote_status take_template(mote_source *s, const char *path, mote_error *err) {
    mote_json *config = NULL;
    MOTE_TRY(mote_json_read(path, &config, err));
    const mote_json *v = mote_json_get(config, "chat_template"), *list = v;
    for (size_t i = 0; mote_json_typeof(list) == MOTE_JSON_ARRAY && i < mote_json_length(list); i++)
        if (mote_str_is(mote_json_string(mote_json_get(mote_json_at(list, i), "name")), "default"))
            v = mote_json_get(mote_json_at(list, i), "template");
    mote_str text = mote_json_string(v);
    mote_status status = MOTE_OK;
    if (text.len > MAX_TEMPLATE_BYTES)
        status = mote_error_set(err, MOTE_ERR_LIMIT, "%s: chat_template is longer than %d bytes", path, MAX_TEMPLATE_BYTES);
    else if (text.data && !(s->chat_template = dup_str(text)))
        status = mote_error_alloc(err, text.len);
    mote_json_free(&config);
    return status;
}

/* The template: its own file (text, or JSON as processors have it), or a member of tokenizer_config.json. */
static mote_status read_folder_template(mote_source *s, mote_error *err) {
    static const char *const files[] = {"chat_template.json", "tokenizer_config.json"};
    char path[PATH_BYTES];
    MOTE_TRY(join_path(path, s->path, "chat_template.jinja", err));
    if (mote_file_exists(path)) {
        mote_buffer text;
        mote_buffer_init(&text, MAX_TEMPLATE_BYTES);
        mote_status status = mote_file_read(path, &text, err);
        if (status == MOTE_OK)
            s->chat_template = mote_buffer_take(&text);
        mote_buffer_deinit(&text);
        return status;
    }
    for (size_t i = 0; !s->chat_template && i < sizeof files / sizeof *files; i++) {
        MOTE_TRY(join_path(path, s->path, files[i], err));
        if (mote_file_exists(path))
            MOTE_TRY(take_template(s, path, err));
    }
    return MOTE_OK;
}

/* How integers are stored, where config.json is silent: older checkpoints have a file for it. */
static mote_status read_older_scheme(mote_source *s, mote_error *err) {
    static const char *const files[] = {"quantize_config.json", "quant_config.json"};
    char path[PATH_BYTES];
    for (int i = 0; !s->has_ints && i < 2; i++) {
        mote_json *file = NULL;
        MOTE_TRY(join_path(path, s->path, files[i], err));
        if (!mote_file_exists(path))
            continue;
        MOTE_TRY(mote_json_read(path, &file, err));
        mote_status status = mote_int_scheme_from_file(file, i == 1, &s->int_scheme, err);
        mote_json_free(&file);
        if (status != MOTE_OK) {
            mote_error_prefix(err, "%s", path);
            return status;
        }
        s->has_ints = true;
    }
    return MOTE_OK;
}

static mote_status open_folder(mote_source *s, mote_source_parts parts, mote_error *err) {
    char path[PATH_BYTES];
    const char *slash = strrchr(s->path, '/');
    s->name = mote_mem_dup_text(slash && slash[1] ? slash + 1 : s->path);
    if (!s->name)
        return mote_error_alloc(err, strlen(s->path));
    MOTE_TRY(join_path(path, s->path, "config.json", err));
    if (parts != MOTE_SOURCE_VOCABULARY) {
        MOTE_TRY(mote_json_read(path, &s->config, err));
        MOTE_TRY(mote_hparams_from_config(s->config, &s->h, err));
        MOTE_TRY(mote_int_scheme_from_config(s->config, &s->has_ints, &s->int_scheme, err));
        MOTE_TRY(read_older_scheme(s, err));
        MOTE_TRY(mote_safetensors_open_folder(s->path, &s->safetensors, err));
        MOTE_TRY(mote_sentence_read(&s->sentence, s->path, s->config, &s->h, err));
    }
    if (parts == MOTE_SOURCE_WEIGHTS)
        return MOTE_OK;
    MOTE_TRY(mote_tokenizer_from_folder(s->path, &s->tokenizer, err));
    MOTE_TRY(read_folder_template(s, err));
    return parts == MOTE_SOURCE_VOCABULARY ? MOTE_OK : check_vocabulary(s, err);
}

mote_status mote_source_open(const char *path, mote_source_parts parts, mote_source *s, mote_error *err) {
    *s = (mote_source){0};
    mote_sentence_init(&s->sentence);
    s->path = mote_mem_dup_text(path);
    if (!s->path)
        return mote_error_alloc(err, strlen(path));
    mote_status status = mote_file_is_directory(path) ? open_folder(s, parts, err) : open_gguf(s, parts, err);
    if (status != MOTE_OK)
        mote_source_close(s);
    return status;
}

void mote_source_close(mote_source *s) {
    mote_gguf_close(&s->gguf);
    mote_safetensors_close(&s->safetensors);
    mote_json_free(&s->config);
    mote_sentence_deinit(&s->sentence);
    mote_tokenizer_free(&s->tokenizer);
    mote_mem_free(s->chat_template);
    mote_mem_free(s->name);
    mote_mem_free(s->path);
    *s = (mote_source){0};
}
