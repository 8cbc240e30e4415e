/* `mote show`: everything a file says of itself, as one JSON object. */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "model/source.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAX_JSON_BYTES = 256 << 20, PATH_BYTES = 4096 };

static mote_status write_text(mote_buffer *out, const char *key, const char *text) {
    MOTE_TRY(mote_buffer_appendf(out, ",\"%s\":", key));
    return text ? mote_json_write_string(out, mote_str_of(text)) : mote_buffer_append_text(out, "null");
}

static mote_status write_hparams(mote_buffer *out, const mote_hparams *h) {
    MOTE_TRY(mote_buffer_appendf(out,
                                 ",\"hyper_parameters\":{\"n_layers\":%" PRIu32 ",\"n_embd\":%" PRIu32 ",\"n_heads\":%" PRIu32 ",\"n_kv_heads\":%" PRIu32 ",\"head_dim\":%" PRIu32
                                 ",\"n_ff\":%" PRIu32 ",\"n_vocab\":%" PRIu32 ",\"n_ctx_train\":%" PRIu32 ",\"n_rot\":%" PRIu32 ",\"window\":%" PRIu32,
                                 h->n_layers, h->n_embd, h->n_heads, h->n_kv_heads, h->head_dim, h->n_ff, h->n_vocab, h->n_ctx_train, h->n_rot, h->window));
    const struct {
        const char *key;
        float value;
    } floats[] = {{"norm_eps", h->norm_eps},         {"attn_scale", h->attn_scale},      {"rope_base", h->rope.base}, {"rope_base_local", h->rope_local.base},
                  {"attn_softcap", h->attn_softcap}, {"final_softcap", h->final_softcap}};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        MOTE_TRY(mote_buffer_appendf(out, ",\"%s\":", floats[i].key));
        MOTE_TRY(mote_buffer_appendf(out, "%.9g", (double)floats[i].value));
    }
    return mote_buffer_append_text(out, "}");
}

static mote_status write_tensor(mote_buffer *out, size_t i, mote_str name, mote_str type, const uint64_t *dims, int n_dims, bool reversed, uint64_t n_bytes) {
    MOTE_TRY(mote_buffer_append_text(out, i ? ",{\"name\":" : "{\"name\":"));
    MOTE_TRY(mote_json_write_string(out, name));
    MOTE_TRY(mote_buffer_append_text(out, ",\"type\":"));
    MOTE_TRY(mote_json_write_string(out, type));
    MOTE_TRY(mote_buffer_append_text(out, ",\"shape\":["));
    for (int d = 0; d < n_dims; d++)
        MOTE_TRY(mote_buffer_appendf(out, d ? ",%" PRIu64 : "%" PRIu64, dims[reversed ? n_dims - 1 - d : d]));
    return mote_buffer_appendf(out, "],\"bytes\":%" PRIu64 "}", n_bytes);
}

/* Shapes innermost first, as GGUF writes them; a folder's are turned around. */
static mote_status write_tensors(mote_buffer *out, const mote_source *s) {
    MOTE_TRY(mote_buffer_append_text(out, ",\"tensors\":["));
    for (size_t i = 0; s->gguf && i < mote_gguf_n_tensors(s->gguf); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(s->gguf, i);
        MOTE_TRY(write_tensor(out, i, t->name, mote_str_of(mote_dtype_get((int)t->type)->name), t->dims, t->n_dims, false, t->n_bytes));
    }
    for (size_t i = 0; s->safetensors && i < mote_safetensors_n_tensors(s->safetensors); i++) {
        const mote_safetensors_tensor *t = mote_safetensors_at(s->safetensors, i);
        MOTE_TRY(write_tensor(out, i, t->name, t->dtype_name, t->dims, t->n_dims, true, t->n_bytes));
    }
    return mote_buffer_append_text(out, "]");
}

static mote_status write_hash(mote_buffer *out, const mote_source *s, mote_error *err) {
    char path[PATH_BYTES];
    snprintf(path, sizeof path, s->gguf ? "%s" : "%s/model.safetensors", s->path);
    mote_file_map map;
    if (!s->gguf && !mote_file_exists(path))
        return write_text(out, "sha256", NULL); /* shards: no one hash */
    MOTE_TRY(mote_file_map_open(path, &map, err));
    mote_sha256 sha;
    uint8_t digest[32];
    char hex[65];
    mote_sha256_init(&sha);
    mote_sha256_update(&sha, map.data, map.len);
    mote_sha256_final(&sha, digest);
    mote_sha256_hex(digest, hex);
    mote_file_map_close(&map);
    return write_text(out, "sha256", hex);
}

static mote_status write_tokenizer(mote_buffer *out, const mote_source *s) {
    const mote_tokenizer *t = s->tokenizer;
    if (!t)
        return mote_buffer_append_text(out, ",\"tokenizer\":null");
    return mote_buffer_appendf(out, ",\"tokenizer\":{\"kind\":\"%s\",\"n_tokens\":%" PRId32 ",\"bos\":%" PRId32 ",\"eos\":%" PRId32 "}", mote_tokenizer_kind(t),
                               mote_tokenizer_n_tokens(t), mote_tokenizer_bos(t), mote_tokenizer_eos(t));
}

static mote_status write_all(mote_buffer *out, const mote_source *s, bool has_weights, mote_error *err) {
    MOTE_TRY(mote_buffer_append_text(out, "{\"path\":"));
    MOTE_TRY(mote_json_write_string(out, mote_str_of(s->path)));
    MOTE_TRY(write_text(out, "format", s->gguf ? "gguf" : "huggingface"));
    MOTE_TRY(write_text(out, "name", s->name));
    MOTE_TRY(write_text(out, "family", has_weights ? s->h.family->name : NULL));
    if (has_weights)
        MOTE_TRY(write_hparams(out, &s->h));
    MOTE_TRY(write_tokenizer(out, s));
    MOTE_TRY(write_text(out, "template", s->chat_template));
    MOTE_TRY(write_hash(out, s, err));
    MOTE_TRY(write_tensors(out, s));
    return mote_buffer_append_text(out, "}");
}

mote_status mote_model_describe(const char *path, char **json, mote_error *err) {
    mote_source s;
    mote_buffer out;
    *json = NULL;
    mote_buffer_init(&out, MAX_JSON_BYTES);
    bool has_weights = true;
    mote_status status = mote_source_open(path, MOTE_SOURCE_ALL, &s, err);
    if (status != MOTE_OK) { /* perhaps it is a vocabulary alone */
        mote_error ignored = {0};
        if (mote_source_open(path, MOTE_SOURCE_VOCABULARY, &s, &ignored) != MOTE_OK)
            return status;
        has_weights = false;
        if (!s.gguf || mote_gguf_n_tensors(s.gguf) > 0) {
            mote_source_close(&s);
            return status;
        }
    }
    status = write_all(&out, &s, has_weights, err);
    if (status == MOTE_OK) {
        *json = mote_buffer_take(&out);
        if (!*json)
            status = mote_error_alloc(err, 1);
    } else if (status == MOTE_ERR_ALLOC || status == MOTE_ERR_LIMIT)
        mote_error_set(err, status, "%s: its description is too long", path);
    mote_buffer_deinit(&out);
    mote_source_close(&s);
    return status;
}
