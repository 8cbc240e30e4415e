/* A tokenizer from a Hugging Face folder. tokenizer.json says how ids are made; tokenizer_config.json (or special_tokens_map.json) names the begin and end
 * tokens; generation_config.json says at which tokens generation ends. */
#include "text/tokenizer_json.h"

#include "base/error.h"
#include "base/file.h"

#include <limits.h>
#include <stdio.h>

static mote_status read_json(const char *folder, const char *name, bool required, mote_json **root, mote_error *err) {
    char path[PATH_MAX];
    *root = NULL;
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= (int)sizeof path)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the path of %s is too long", name);
    if (!required && !mote_file_exists(path))
        return MOTE_OK;
    return mote_json_read(path, root, err);
}

/* A token named by its text, or by an object with its content. -1: none. */
static int32_t named_token(const mote_tokenizer *t, const mote_json *config, const mote_json *map, const char *key) {
    const mote_json *const places[] = {mote_json_get(config, key), mote_json_get(map, key)};
    for (int i = 0; i < 2; i++) {
        const mote_json *v = mote_json_typeof(places[i]) == MOTE_JSON_OBJECT ? mote_json_get(places[i], "content") : places[i];
        if (mote_json_typeof(v) == MOTE_JSON_STRING)
            return mote_tokenizer_find(t, mote_json_string(v));
        if (places[i])
            return -1;
    }
    return -1;
}

static void read_config(mote_tokenizer *t, const mote_json *config, const mote_json *map) {
    t->bos = named_token(t, config, map, "bos_token");
    t->eos = named_token(t, config, map, "eos_token");
    if (t->bos < 0)
        t->bos = named_token(t, config, map, "cls_token");
    if (t->unknown < 0)
        t->unknown = named_token(t, config, map, "unk_token");
    if (t->n_before + t->n_after > 0)
        return;
    if (t->bos >= 0 && mote_json_bool(mote_json_get(config, "add_bos_token"), false))
        t->before[t->n_before++] = t->bos;
    if (t->eos >= 0 && mote_json_bool(mote_json_get(config, "add_eos_token"), false))
        t->after[t->n_after++] = t->eos;
}

static void read_ends(mote_tokenizer *t, const mote_json *generation) {
    const mote_json *eos = mote_json_get(generation, "eos_token_id");
    for (size_t i = 0; i < mote_json_length(eos); i++) {
        int64_t id = mote_json_integer(mote_json_at(eos, i), -1);
        mote_tokenizer_add_end(t, id >= 0 && id < INT32_MAX ? (int32_t)id : -1);
    }
    int64_t id = mote_json_integer(eos, -1);
    mote_tokenizer_add_end(t, id >= 0 && id < INT32_MAX ? (int32_t)id : -1);
}

mote_status mote_tokenizer_json_load(mote_tokenizer *t, const mote_json *root, mote_error *err) {
    bool byte_level;
    MOTE_TRY(mote_tokenizer_json_normalizer(t, mote_json_get(root, "normalizer"), err));
    MOTE_TRY(mote_tokenizer_json_pretokenizer(t, mote_json_get(root, "pre_tokenizer"), &byte_level, err));
    MOTE_TRY(mote_tokenizer_json_model(t, root, byte_level, err));
    MOTE_TRY(mote_tokenizer_json_decoder(t, mote_json_get(root, "decoder"), err));
    return mote_tokenizer_json_processor(t, mote_json_get(root, "post_processor"), err);
}

static mote_status load_json(const char *folder, mote_tokenizer *t, mote_error *err) {
    mote_json *root = NULL;
    MOTE_TRY(read_json(folder, "tokenizer.json", true, &root, err));
    mote_status status = mote_tokenizer_json_load(t, root, err);
    mote_json_free(&root);
    return status;
}

/* Types and texts that tokenizer_config.json gives to tokens of a tokenizer.model. */
static void retype(mote_tokenizer *t, const mote_json *config) {
    const mote_json *added = mote_json_get(config, "added_tokens_decoder");
    for (mote_json_iter *it = mote_json_first(added); it; it = mote_json_next(added, it)) {
        const mote_json *v = mote_json_iter_value(it);
        int32_t id = mote_tokenizer_find(t, mote_json_string(mote_json_get(v, "content")));
        if (id >= 0)
            t->vocabulary.types[id] = mote_json_bool(mote_json_get(v, "special"), false) ? MOTE_TOKEN_CONTROL : MOTE_TOKEN_USER_DEFINED;
    }
}

static mote_status load(const char *folder, const char *model, bool json, mote_tokenizer *t, mote_error *err) {
    mote_json *config = NULL, *map = NULL, *generation = NULL;
    mote_status status;
    MOTE_TRY_DONE(read_json(folder, "tokenizer_config.json", false, &config, err));
    MOTE_TRY_DONE(read_json(folder, "special_tokens_map.json", false, &map, err));
    MOTE_TRY_DONE(read_json(folder, "generation_config.json", false, &generation, err));
    if (json) {
        MOTE_TRY_DONE(load_json(folder, t, err));
        read_config(t, config, map);
    } else {
        MOTE_TRY_DONE(mote_sentencepiece_load(model, t, err));
        retype(t, config);
        if (t->bos >= 0 && mote_json_bool(mote_json_get(config, "add_bos_token"), true))
            t->before[t->n_before++] = t->bos;
        if (t->eos >= 0 && mote_json_bool(mote_json_get(config, "add_eos_token"), t->model == MOTE_TOKENIZER_UNIGRAM))
            t->after[t->n_after++] = t->eos;
    }
    read_ends(t, generation);
    status = mote_tokenizer_finish(t, false, err);
done:
    mote_json_free(&config);
    mote_json_free(&map);
    mote_json_free(&generation);
    return status;
}

mote_status mote_tokenizer_from_folder(const char *folder, mote_tokenizer **tokenizer, mote_error *err) {
    char json[PATH_MAX], model[PATH_MAX];
    mote_tokenizer *t = NULL;
    *tokenizer = NULL;
    if (snprintf(json, sizeof json, "%s/tokenizer.json", folder) >= (int)sizeof json || snprintf(model, sizeof model, "%s/tokenizer.model", folder) >= (int)sizeof model)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the folder's path is too long");
    bool has_json = mote_file_exists(json);
    if (!has_json && !mote_file_exists(model))
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s has neither tokenizer.json nor tokenizer.model", folder);
    MOTE_TRY(mote_tokenizer_create(&t, err));
    mote_status status = load(folder, model, has_json, t, err);
    if (status != MOTE_OK) {
        mote_error_prefix(err, "%s", folder);
        mote_tokenizer_free(&t);
        return status;
    }
    *tokenizer = t;
    return MOTE_OK;
}
