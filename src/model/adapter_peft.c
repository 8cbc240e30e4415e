/* Adapters as PEFT saves them (github.com/huggingface/peft): base_model.model.MODULE.lora_A.weight [r, n_in], .lora_B.weight [n_out, r], and with DoRA .lora_magnitude_vector
 * [n_out]. A file may also carry the adapter's name ("default") before ".weight". */
#include "model/adapter_source.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>

typedef enum tensor_role { ROLE_A, ROLE_B, ROLE_MAGNITUDE, ROLE_REFUSED } tensor_role;

static const struct {
    const char *ending;
    tensor_role role;
} ENDINGS[] = {
    {".lora_A.weight", ROLE_A},
    {".lora_A.default.weight", ROLE_A},
    {".lora_B.weight", ROLE_B},
    {".lora_B.default.weight", ROLE_B},
    {".lora_magnitude_vector", ROLE_MAGNITUDE},
    {".lora_magnitude_vector.weight", ROLE_MAGNITUDE},
    {".lora_magnitude_vector.default.weight", ROLE_MAGNITUDE},
};

/* What a tensor is, and the module that it belongs to (with the wrapper's prefix). */
static tensor_role role_of(mote_str name, mote_str *stem) {
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        mote_str ending = mote_str_of(ENDINGS[i].ending);
        if (name.len > ending.len && mote_str_ends(name, ending)) {
            *stem = (mote_str){name.data, name.len - ending.len};
            return ENDINGS[i].role;
        }
    }
    return ROLE_REFUSED;
}

/* The tensor of a module in some role, or NULL. */
static const mote_safetensors_tensor *find_role(const mote_safetensors *st, mote_str stem, tensor_role role) {
    char name[MOTE_ADAPTER_NAME_BYTES + 64];
    if (stem.len > MOTE_ADAPTER_NAME_BYTES)
        return NULL;
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
        snprintf(name, sizeof name, "%.*s%s", (int)stem.len, stem.data, ENDINGS[i].ending);
        const mote_safetensors_tensor *t = ENDINGS[i].role == role ? mote_safetensors_find(st, name) : NULL;
        if (t)
            return t;
    }
    return NULL;
}

static mote_status take_matrix(const mote_safetensors_tensor *t, bool is_vector, mote_adapter_matrix *m, mote_error *err) {
    if (t->n_dims != (is_vector ? 1 : 2))
        return mote_error_set(err, t->n_dims > 2 ? MOTE_ERR_UNSUPPORTED : MOTE_ERR_FORMAT, "adapter tensor '%.*s': its shape has %d dimensions, not %d", MOTE_STR_ARGS(t->name),
                              t->n_dims, is_vector ? 1 : 2);
    if (t->type == MOTE_DTYPE_NONE)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter tensor '%.*s': type %.*s is not supported", MOTE_STR_ARGS(t->name), MOTE_STR_ARGS(t->dtype_name));
    *m = (mote_adapter_matrix){.type = t->type, .n_rows = is_vector ? 1 : t->dims[0], .n_columns = t->dims[t->n_dims - 1], .data = t->data};
    return MOTE_OK;
}

static mote_status add_module(mote_adapter_source *s, const mote_adapter_config *config, const mote_safetensors_tensor *a, mote_str stem, mote_error *err) {
    static const mote_str prefix = {"base_model.model.", 17};
    mote_adapter_module *m = &s->modules[s->n_modules];
    const mote_safetensors_tensor *b = find_role(s->safetensors, stem, ROLE_B), *magnitude = find_role(s->safetensors, stem, ROLE_MAGNITUDE);
    *m = (mote_adapter_module){.name = stem};
    if (mote_str_starts(stem, prefix))
        m->name = (mote_str){stem.data + prefix.len, stem.len - prefix.len};
    if (!b)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' has no pair lora_B", MOTE_STR_ARGS(a->name));
    if (s->uses_dora != (magnitude != NULL))
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter module '%.*s': use_dora is %s, but it has %s lora_magnitude_vector", MOTE_STR_ARGS(m->name),
                              s->uses_dora ? "true" : "false", magnitude ? "a" : "no");
    MOTE_TRY(take_matrix(a, false, &m->a, err));
    MOTE_TRY(take_matrix(b, false, &m->b, err));
    if (magnitude)
        MOTE_TRY(take_matrix(magnitude, true, &m->magnitude, err));
    MOTE_TRY(mote_adapter_source_check(m, err));
    uint64_t rank;
    float alpha;
    MOTE_TRY(mote_adapter_config_of_module(config, m->name, &rank, &alpha, err));
    if (rank != m->a.n_rows)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter module '%.*s': rank %llu, but adapter_config.json says %llu", MOTE_STR_ARGS(m->name), (unsigned long long)m->a.n_rows,
                              (unsigned long long)rank);
    m->scale = s->uses_rslora ? (float)((double)alpha / sqrt((double)rank)) : alpha / (float)rank;
    s->n_modules++;
    return MOTE_OK;
}

static mote_status add_modules(mote_adapter_source *s, const mote_adapter_config *config, mote_error *err) {
    for (size_t i = 0; i < mote_safetensors_n_tensors(s->safetensors); i++) {
        const mote_safetensors_tensor *t = mote_safetensors_at(s->safetensors, i);
        mote_str stem = {0};
        tensor_role role = role_of(t->name, &stem);
        if (role == ROLE_REFUSED)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter tensor '%.*s' is neither lora_A, lora_B nor lora_magnitude_vector of a linear module",
                                  MOTE_STR_ARGS(t->name));
        if (stem.len > MOTE_ADAPTER_NAME_BYTES)
            return mote_error_set(err, MOTE_ERR_LIMIT, "adapter tensor '%.*s…': its name is longer than %d bytes", MOTE_STR_ARGS(stem), MOTE_ADAPTER_NAME_BYTES);
        if (find_role(s->safetensors, stem, role) != t)
            return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' is there twice under two spellings", MOTE_STR_ARGS(t->name));
        if (role == ROLE_A)
            MOTE_TRY(add_module(s, config, t, stem, err));
        else if (!find_role(s->safetensors, stem, ROLE_A))
            return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' has no pair lora_A", MOTE_STR_ARGS(t->name));
    }
    return s->n_modules ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "the adapter has no tensors");
}

mote_status mote_adapter_peft_read(mote_adapter_source *s, mote_error *err) {
    mote_adapter_config *config = NULL;
    MOTE_TRY(mote_adapter_config_create(s->config, &config, err));
    s->uses_dora = mote_adapter_config_uses_dora(config);
    s->uses_rslora = mote_adapter_config_uses_rslora(config);
    s->alpha = mote_adapter_config_alpha(config);
    s->base_sha256 = mote_json_string(mote_json_get(s->config, "base_model_sha256"));
    size_t n = mote_safetensors_n_tensors(s->safetensors);
    s->modules = mote_mem_zalloc_array(n / 2 + 1, sizeof *s->modules);
    mote_status status = s->modules ? add_modules(s, config, err) : mote_error_alloc(err, n * sizeof *s->modules);
    mote_adapter_config_free(&config);
    return status;
}
