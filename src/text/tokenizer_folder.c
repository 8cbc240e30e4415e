/* A tokenizer from a Hugging Face folder. tokenizer.json says how ids are made, or else an older file does (tokenizer.model, vocab.json with merges.txt, vocab.txt);
 * tokenizer_config.json (or special_tokens_map.json) names the begin and end tokens, config.json where both are silent; generation_config.json (or config.json) says at which
 * tokens generation ends. */
#include "text/tokenizer_export.h"
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

/* What a folder says beside its vocabulary; NULL: the file isn't there. */
typedef struct side_files {
    mote_json *config, *map, *generation, *model;
} side_files;

static void close_sides(side_files *f) {
    mote_json_free(&f->config);
    mote_json_free(&f->map);
    mote_json_free(&f->generation);
    mote_json_free(&f->model);
}

static mote_status open_sides(const char *folder, side_files *f, mote_error *err) {
    mote_status status;
    MOTE_TRY_DONE(read_json(folder, "tokenizer_config.json", false, &f->config, err));
    MOTE_TRY_DONE(read_json(folder, "special_tokens_map.json", false, &f->map, err));
    MOTE_TRY_DONE(read_json(folder, "generation_config.json", false, &f->generation, err));
    MOTE_TRY_DONE(read_json(folder, "config.json", false, &f->model, err));
done:
    if (status != MOTE_OK)
        close_sides(f);
    return status;
}

/* A token named by its text, or by an object with its content. -1: none; *is_said: a file has the key, if only with null. */
static int32_t named_token(const mote_tokenizer *t, const side_files *f, const char *key, bool *is_said) {
    const mote_json *const places[] = {mote_json_get(f->config, key), mote_json_get(f->map, key)};
    *is_said = places[0] || places[1];
    for (int i = 0; i < 2; i++) {
        const mote_json *v = mote_json_typeof(places[i]) == MOTE_JSON_OBJECT ? mote_json_get(places[i], "content") : places[i];
        if (mote_json_typeof(v) == MOTE_JSON_STRING)
            return mote_tokenizer_find(t, mote_json_string(v));
        if (places[i])
            return -1;
    }
    return -1;
}

/* The number a configuration gives: itself, or the first of a list. -1: none in the vocabulary. */
static int32_t numbered_token(const mote_tokenizer *t, const mote_json *config, const char *key) {
    const mote_json *v = mote_json_get(config, key);
    int64_t id = mote_json_integer(mote_json_length(v) ? mote_json_at(v, 0) : v, -1);
    return id >= 0 && id < (int64_t)t->vocabulary.n_tokens ? (int32_t)id : -1;
}

static int32_t token_of(const mote_tokenizer *t, const side_files *f, const char *key, const char *number_key) {
    bool is_said;
    int32_t id = named_token(t, f, key, &is_said);
    return is_said || !number_key ? id : numbered_token(t, f->model, number_key);
}

/* The flags of tokenizer_config.json have the last word over the post_processor, as in transformers. */
static void apply_flag(const mote_json *flag, int32_t id, int32_t *list, unsigned *n) {
    mote_json_type type = mote_json_typeof(flag);
    if (type == MOTE_JSON_FALSE && *n == 1 && list[0] == id)
        *n = 0;
    if (type == MOTE_JSON_TRUE && *n == 0 && id >= 0)
        list[(*n)++] = id;
}

static void read_config(mote_tokenizer *t, const side_files *f) {
    t->bos = token_of(t, f, "bos_token", "bos_token_id");
    t->eos = token_of(t, f, "eos_token", "eos_token_id");
    if (t->bos < 0)
        t->bos = token_of(t, f, "cls_token", NULL);
    if (t->unknown < 0)
        t->unknown = token_of(t, f, "unk_token", NULL);
    apply_flag(mote_json_get(f->config, "add_bos_token"), t->bos, t->before, &t->n_before);
    apply_flag(mote_json_get(f->config, "add_eos_token"), t->eos, t->after, &t->n_after);
}

static void read_ends(mote_tokenizer *t, const side_files *f) {
    const mote_json *eos = mote_json_get(f->generation, "eos_token_id");
    if (mote_json_typeof(eos) == MOTE_JSON_NULL)
        eos = mote_json_get(f->model, "eos_token_id");
    for (size_t i = 0; i < mote_json_length(eos); i++) {
        int64_t id = mote_json_integer(mote_json_at(eos, i), -1);
        mote_tokenizer_add_end(t, id >= 0 && id < INT32_MAX ? (int32_t)id : -1);
    }
    int64_t id = mote_json_integer(eos, -1);
    mote_tokenizer_add_end(t, id >= 0 && id < INT32_MAX ? (int32_t)id : -1);
}

mote_status mote_tokenizer_folder_roles(const mote_tokenizer *t, const char *folder, mote_tokenizer_roles *roles, mote_error *err) {
    side_files f = {0};
    MOTE_TRY(open_sides(folder, &f, err));
    *roles = (mote_tokenizer_roles){.pad = token_of(t, &f, "pad_token", "pad_token_id"),
                                    .sep = token_of(t, &f, "sep_token", "sep_token_id"),
                                    .cls = token_of(t, &f, "cls_token", "cls_token_id"),
                                    .mask = token_of(t, &f, "mask_token", NULL),
                                    .bos = numbered_token(t, f.model, "bos_token_id"),
                                    .eos = numbered_token(t, f.model, "eos_token_id")};
    close_sides(&f);
    return MOTE_OK;
}

mote_status mote_tokenizer_json_load(mote_tokenizer *t, const mote_json *root, mote_error *err) {
    bool byte_level;
    MOTE_TRY(mote_tokenizer_json_normalizer(t, mote_json_get(root, "normalizer"), err));
    MOTE_TRY(mote_tokenizer_json_pretokenizer(t, mote_json_get(root, "pre_tokenizer"), &byte_level, err));
    MOTE_TRY(mote_tokenizer_json_model(t, root, byte_level, err));
    MOTE_TRY(mote_tokenizer_json_decoder(t, mote_json_get(root, "decoder"), err));
    return mote_tokenizer_json_processor(t, mote_json_get(root, "post_processor"), err);
}

/* The files that can hold a vocabulary, the best first. */
static const struct {
    const char *file, *also; /* also: a second one that must be there too */
} vocabularies[] = {{"tokenizer.json", NULL}, {"tokenizer.model", NULL}, {"vocab.json", "merges.txt"}, {"vocab.txt", NULL}};
enum { TOKENIZER_JSON, TOKENIZER_MODEL, VOCAB_JSON, VOCAB_TXT, N_VOCABULARIES };

static mote_status load_json(const char *folder, int which, const side_files *f, mote_tokenizer *t, mote_error *err) {
    mote_json *root = NULL;
    mote_status status;
    if (which == TOKENIZER_JSON)
        status = read_json(folder, "tokenizer.json", true, &root, err);
    else
        status = mote_tokenizer_lists_read(folder, f->config, f->map, f->model, which == VOCAB_TXT, &root, err);
    if (status == MOTE_OK)
        status = mote_tokenizer_json_load(t, root, err);
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

static mote_status load(const char *folder, int which, mote_tokenizer *t, mote_error *err) {
    side_files f = {0};
    char path[PATH_MAX];
    mote_status status;
    MOTE_TRY_DONE(open_sides(folder, &f, err));
    int64_t n_rows = mote_json_integer(mote_json_get(f.model, "vocab_size"), 0);
    t->n_rows = n_rows > 0 && n_rows <= MOTE_VOCABULARY_MAX_TOKENS ? (uint32_t)n_rows : 0;
    if (which == TOKENIZER_MODEL) {
        snprintf(path, sizeof path, "%s/tokenizer.model", folder);
        MOTE_TRY_DONE(mote_sentencepiece_load(path, t, err));
        retype(t, f.config);
        if (t->bos >= 0 && mote_json_bool(mote_json_get(f.config, "add_bos_token"), true))
            t->before[t->n_before++] = t->bos;
        if (t->eos >= 0 && mote_json_bool(mote_json_get(f.config, "add_eos_token"), t->model == MOTE_TOKENIZER_UNIGRAM))
            t->after[t->n_after++] = t->eos;
    } else {
        MOTE_TRY_DONE(load_json(folder, which, &f, t, err));
        read_config(t, &f);
    }
    read_ends(t, &f);
    status = mote_tokenizer_finish(t, false, err);
done:
    close_sides(&f);
    return status;
}

static bool has_file(const char *folder, const char *name) {
    char path[PATH_MAX];
    return snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path && mote_file_exists(path);
}

mote_status mote_tokenizer_from_folder(const char *folder, mote_tokenizer **tokenizer, mote_error *err) {
    mote_tokenizer *t = NULL;
    int which = 0;
    *tokenizer = NULL;
    if (strlen(folder) + sizeof "/special_tokens_map.json" > PATH_MAX)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the folder's path is too long");
    while (which < N_VOCABULARIES && !(has_file(folder, vocabularies[which].file) && (!vocabularies[which].also || has_file(folder, vocabularies[which].also))))
        which++;
    if (which == N_VOCABULARIES)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s has neither tokenizer.json nor tokenizer.model, vocab.json with merges.txt, or vocab.txt", folder);
    MOTE_TRY(mote_tokenizer_create(&t, err));
    mote_status status = load(folder, which, t, err);
    if (status != MOTE_OK) {
        mote_error_prefix(err, "%s", folder);
        mote_tokenizer_free(&t);
        return status;
    }
    *tokenizer = t;
    return MOTE_OK;
}
