#include "model/sentence.h"

#include "base/error.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>

/* Published folders have up to eight modules and some twenty prompts of a sentence each. */
enum { MAX_MODULES = 32, MAX_PROMPTS = 1024, MAX_PROMPT_BYTES = 1 << 16, MAX_TEXTS_BYTES = 4 << 20, PATH_BYTES = 4096 };

typedef struct reader {
    mote_sentence *s;
    const char *folder;
    mote_hparams *h;
    unsigned n_dense;
    mote_error *err;
} reader;

void mote_sentence_init(mote_sentence *s) {
    *s = (mote_sentence){.normalises = true, .pools_prompt = true, .scores_sigmoid = true};
    mote_arena_init(&s->texts, MAX_TEXTS_BYTES);
}

void mote_sentence_close_files(mote_sentence *s) {
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++)
        mote_safetensors_close(&s->dense[i]);
}

void mote_sentence_deinit(mote_sentence *s) {
    mote_sentence_close_files(s);
    mote_arena_deinit(&s->texts);
    *s = (mote_sentence){0};
}

static mote_status join(char out[PATH_BYTES], const reader *r, const char *module, const char *name) {
    int n = snprintf(out, PATH_BYTES, "%s/%s%s%s", r->folder, module, *module ? "/" : "", name);
    return n > 0 && n < PATH_BYTES ? MOTE_OK : mote_error_set(r->err, MOTE_ERR_ARGUMENT, "the path of folder '%.200s' is too long", r->folder);
}

/* *json stays NULL where there is no such file. */
static mote_status read_optional(const reader *r, const char *module, const char *name, char path[PATH_BYTES], mote_json **json) {
    *json = NULL;
    MOTE_TRY(join(path, r, module, name));
    if (!mote_file_exists(path))
        return MOTE_OK;
    MOTE_TRY(mote_json_read(path, json, r->err));
    if (mote_json_typeof(*json) != MOTE_JSON_OBJECT) {
        mote_json_free(json);
        return mote_error_set(r->err, MOTE_ERR_FORMAT, "%s: no JSON object", path);
    }
    return MOTE_OK;
}

/* pooling_mode_NAME: true, or in later versions pooling_mode: "NAME". */
static mote_status choose_pooling(const reader *r, const char *path, const mote_json *config) {
    static const struct {
        const char *key, *name;
        mote_pooling pooling;
    } MODES[] = {{"pooling_mode_mean_tokens", "mean", MOTE_POOLING_MEAN},          {"pooling_mode_cls_token", "cls", MOTE_POOLING_CLS},
                 {"pooling_mode_lasttoken", "lasttoken", MOTE_POOLING_LAST},       {"pooling_mode_max_tokens", "max", MOTE_POOLING_MAX},
                 {"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens", 0}, {"pooling_mode_weightedmean_tokens", "weightedmean", 0}};
    const char *mode = mote_json_text(mote_json_get(config, "pooling_mode"));
    int chosen = -1, n_chosen = 0;
    for (int i = 0; i < (int)(sizeof MODES / sizeof *MODES); i++)
        if (mode ? strcmp(mode, MODES[i].name) == 0 : mote_json_bool(mote_json_get(config, MODES[i].key), false)) {
            chosen = i;
            n_chosen++;
        }
    if (n_chosen != 1 || MODES[chosen].pooling == MOTE_POOLING_NONE)
        return mote_error_set(r->err, MOTE_ERR_UNSUPPORTED, "%s: pooling %s%s%s is not supported; mean, cls, lasttoken and max are, one at a time", path, mode ? "'" : "",
                              mode            ? mode
                              : n_chosen == 1 ? MODES[chosen].name
                                              : "by several modes or none",
                              mode ? "'" : "");
    r->h->pooling = MODES[chosen].pooling;
    return MOTE_OK;
}

static mote_status read_pooling(const reader *r, const char *module) {
    char path[PATH_BYTES];
    mote_json *config = NULL;
    mote_status status;
    MOTE_TRY(read_optional(r, module, "config.json", path, &config));
    if (!config) {
        r->h->pooling = MOTE_POOLING_MEAN;
        return MOTE_OK;
    }
    MOTE_TRY_DONE(choose_pooling(r, path, config));
    r->s->pools_prompt = mote_json_bool(mote_json_get(config, "include_prompt"), true);
    int64_t width = mote_json_integer(mote_json_get(config, "word_embedding_dimension"), r->h->n_embd);
    if (width != r->h->n_embd)
        status = mote_error_set(r->err, MOTE_ERR_FORMAT, "%s: word_embedding_dimension is %lld, the network gives %u numbers", path, (long long)width, r->h->n_embd);
done:
    mote_json_free(&config);
    return status;
}

static mote_status read_width(const reader *r, const char *path, const mote_json *config, const char *key, uint32_t *width) {
    int64_t n = mote_json_integer(mote_json_get(config, key), 0);
    if (n < 1 || n > MOTE_HPARAMS_MAX_WIDTH)
        return mote_error_set(r->err, MOTE_ERR_FORMAT, "%s: %s is missing or not between 1 and %d", path, key, MOTE_HPARAMS_MAX_WIDTH);
    *width = (uint32_t)n;
    return MOTE_OK;
}

static mote_status read_dense(reader *r, const char *module) {
    char path[PATH_BYTES];
    mote_json *config = NULL;
    if (r->n_dense == MOTE_HPARAMS_MAX_DENSE || !mote_family_name_of(r->h->family, MOTE_SLOT_DENSE_1))
        return mote_error_set(r->err, MOTE_ERR_UNSUPPORTED, "modules.json: %s dense layers are not supported for %s", r->n_dense ? "more than two" : "", r->h->family->name);
    mote_dense_hparams *dense = &r->h->dense[r->n_dense];
    MOTE_TRY(read_optional(r, module, "config.json", path, &config));
    if (!config)
        return mote_error_set(r->err, MOTE_ERR_FORMAT, "%s is missing", path);
    mote_status status;
    MOTE_TRY_DONE(read_width(r, path, config, "in_features", &dense->n_in));
    MOTE_TRY_DONE(read_width(r, path, config, "out_features", &dense->n_out));
    const char *function = mote_json_text(mote_json_get(config, "activation_function"));
    mote_str name = mote_str_of(function ? function : "Tanh"); /* the module's own default */
    dense->is_tanh = mote_str_ends(name, MOTE_STR("Tanh"));
    if (!dense->is_tanh && !mote_str_ends(name, MOTE_STR("Identity"))) {
        status = mote_error_set(r->err, MOTE_ERR_UNSUPPORTED, "%s: activation_function '%.100s' is not supported; Identity and Tanh are", path, function);
        goto done;
    }
    MOTE_TRY_DONE(join(path, r, module, "model.safetensors"));
    MOTE_TRY_DONE(mote_safetensors_open(path, &r->s->dense[r->n_dense], r->err));
    r->n_dense++;
done:
    mote_json_free(&config);
    return status;
}

/* A module's folder lies inside the model's. */
static mote_status check_module_path(const reader *r, const char *path) {
    if (path && *path != '/' && !strstr(path, "..") && strlen(path) < PATH_BYTES / 4)
        return MOTE_OK;
    return mote_error_set(r->err, MOTE_ERR_FORMAT, "modules.json: path '%.100s' of a module leads out of the folder", path ? path : "");
}

static mote_status read_module(reader *r, const mote_json *module) {
    const char *type = mote_json_text(mote_json_get(module, "type")), *path = mote_json_text(mote_json_get(module, "path"));
    if (!type)
        return mote_error_set(r->err, MOTE_ERR_FORMAT, "modules.json: type of a module is missing");
    const char *dot = strrchr(type, '.'), *name = dot ? dot + 1 : type;
    MOTE_TRY(check_module_path(r, path ? path : ""));
    path = path ? path : "";
    if (strcmp(name, "Transformer") == 0 && *path)
        return mote_error_set(r->err, MOTE_ERR_UNSUPPORTED, "modules.json: the network in a folder of its own, '%.100s', is not supported", path);
    if (strcmp(name, "Transformer") == 0)
        return MOTE_OK;
    if (strcmp(name, "Pooling") == 0)
        return read_pooling(r, path);
    if (strcmp(name, "Dense") == 0)
        return read_dense(r, path);
    if (strcmp(name, "Normalize") != 0)
        return mote_error_set(r->err, MOTE_ERR_UNSUPPORTED, "modules.json: module '%.100s' is not supported", type);
    r->s->normalises = true;
    return MOTE_OK;
}

/* Without a list of modules: mean pooling, unless the usual folder says otherwise. */
static mote_status read_modules(reader *r) {
    char path[PATH_BYTES];
    mote_json *list = NULL;
    MOTE_TRY(join(path, r, "", "modules.json"));
    if (!mote_file_exists(path))
        return r->h->family->is_encoder ? read_pooling(r, "1_Pooling") : MOTE_OK;
    MOTE_TRY(mote_json_read(path, &list, r->err));
    mote_status status = MOTE_OK;
    size_t n = mote_json_length(list);
    if (mote_json_typeof(list) != MOTE_JSON_ARRAY || n == 0 || n > MAX_MODULES) {
        status = mote_error_set(r->err, MOTE_ERR_FORMAT, "%s: not a list of 1 to %d modules", path, MAX_MODULES);
        goto done;
    }
    r->s->normalises = false;
    for (size_t i = 0; i < n; i++)
        MOTE_TRY_DONE(read_module(r, mote_json_at(list, i)));
done:
    mote_json_free(&list);
    return status;
}

/* How long a text may be: the module's own number, else the tokenizer's. */
static mote_status read_length(const reader *r) {
    char path[PATH_BYTES];
    mote_json *config = NULL;
    MOTE_TRY(read_optional(r, "", "sentence_bert_config.json", path, &config));
    int64_t most = mote_json_integer(mote_json_get(config, "max_seq_length"), 0);
    r->s->lowers = mote_json_bool(mote_json_get(config, "do_lower_case"), false);
    mote_json_free(&config);
    if (most == 0) {
        MOTE_TRY(read_optional(r, "", "tokenizer_config.json", path, &config));
        most = mote_json_integer(mote_json_get(config, "model_max_length"), 0);
        mote_json_free(&config);
    }
    if (most < 0)
        return mote_error_set(r->err, MOTE_ERR_FORMAT, "%s: a length of %lld tokens", path, (long long)most);
    r->s->max_tokens = most <= UINT32_MAX ? (uint32_t)most : 0;
    return MOTE_OK;
}

static mote_status take_prompts(const reader *r, const char *path, const mote_json *config) {
    const mote_json *prompts = mote_json_get(config, "prompts");
    mote_str chosen = mote_json_string(mote_json_get(config, "default_prompt_name"));
    mote_sentence *s = r->s;
    size_t n = mote_json_typeof(prompts) == MOTE_JSON_OBJECT ? mote_json_length(prompts) : 0;
    if (n > MAX_PROMPTS)
        return mote_error_set(r->err, MOTE_ERR_LIMIT, "%s: more than %d prompts", path, MAX_PROMPTS);
    s->prompts = mote_arena_zalloc_array(&s->texts, n + 1, sizeof *s->prompts);
    if (!s->prompts)
        return mote_error_alloc(r->err, n * sizeof *s->prompts);
    s->default_prompt = n;
    for (mote_json_iter *it = n ? mote_json_first(prompts) : NULL; it; it = mote_json_next(prompts, it)) {
        mote_str name = mote_json_iter_key(it), text = mote_json_string(mote_json_iter_value(it));
        if (!text.data || text.len > MAX_PROMPT_BYTES || name.len > MAX_PROMPT_BYTES)
            return mote_error_set(r->err, MOTE_ERR_FORMAT, "%s: prompt '%.*s' is no text of at most %d bytes", path, (int)(name.len < 100 ? name.len : 100), name.data,
                                  MAX_PROMPT_BYTES);
        s->prompts[s->n_prompts] = (mote_prompt){mote_arena_dup(&s->texts, name.data, name.len), mote_arena_dup(&s->texts, text.data, text.len)};
        if (!s->prompts[s->n_prompts].name || !s->prompts[s->n_prompts].text)
            return mote_error_alloc(r->err, text.len);
        if (chosen.data && mote_str_equal(name, chosen))
            s->default_prompt = s->n_prompts;
        s->n_prompts++;
    }
    if (chosen.data && s->default_prompt == n)
        return mote_error_set(r->err, MOTE_ERR_FORMAT, "%s: default_prompt_name '%.*s' is none of the prompts", path, MOTE_STR_ARGS(chosen));
    return MOTE_OK;
}

static mote_status read_prompts(const reader *r) {
    char path[PATH_BYTES];
    mote_json *config = NULL;
    MOTE_TRY(read_optional(r, "", "config_sentence_transformers.json", path, &config));
    mote_status status = config ? take_prompts(r, path, config) : MOTE_OK;
    mote_json_free(&config);
    return status;
}

/* CrossEncoder's default for one label is the logistic function; a model may say otherwise. */
static mote_status read_score_function(const reader *r, const mote_json *config) {
    const char *name = mote_json_text(mote_json_get(mote_json_get(config, "sentence_transformers"), "activation_fn"));
    name = name ? name : mote_json_text(mote_json_get(config, "sbert_ce_default_activation_function"));
    if (!r->h->is_reranker || !name)
        return MOTE_OK;
    r->s->scores_sigmoid = mote_str_ends(mote_str_of(name), MOTE_STR("Sigmoid"));
    if (!r->s->scores_sigmoid && !mote_str_ends(mote_str_of(name), MOTE_STR("Identity")))
        return mote_error_set(r->err, MOTE_ERR_UNSUPPORTED, "config.json: activation function '%.100s' of scores is not supported; Sigmoid and Identity are", name);
    return MOTE_OK;
}

mote_status mote_sentence_read(mote_sentence *s, const char *folder, const mote_json *config, mote_hparams *h, mote_error *err) {
    reader r = {s, folder, h, 0, err};
    if (h->is_reranker) {
        MOTE_TRY(read_length(&r));
        return read_score_function(&r, config);
    }
    MOTE_TRY(read_modules(&r));
    if (h->pooling == MOTE_POOLING_NONE)
        return MOTE_OK;
    MOTE_TRY(read_length(&r));
    MOTE_TRY(read_prompts(&r));
    return mote_hparams_check_encoder(h, err);
}
