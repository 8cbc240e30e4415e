/* Adapters in GGUF, as llama.cpp's convert_lora_to_gguf.py writes them: pairs NAME.lora_a [n_in, rank] and NAME.lora_b [rank, n_out] beside the base's tensor NAME, one alpha for
 * all; alpha 0 means that B A is not scaled. */
#include "model/adapter_source.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>

static mote_status read_keys(mote_adapter_source *s, mote_error *err) {
    const mote_gguf *g = s->gguf;
    mote_str kind = {0}, type = {0};
    MOTE_TRY(mote_gguf_get_string(g, "general.type", true, &kind, err));
    if (!mote_str_is(kind, "adapter"))
        return mote_error_set(err, MOTE_ERR_FORMAT, "general.type is '%.*s', not 'adapter'", MOTE_STR_ARGS(kind));
    MOTE_TRY(mote_gguf_get_string(g, "adapter.type", true, &type, err));
    if (!mote_str_is(type, "lora"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter.type '%.*s' is not supported", MOTE_STR_ARGS(type));
    MOTE_TRY(mote_gguf_get_f32(g, "adapter.lora.alpha", true, &s->alpha, err));
    if (!isfinite(s->alpha))
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter.lora.alpha is not finite");
    if (mote_gguf_find(g, "adapter.alora.invocation_tokens"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter.alora.invocation_tokens: adapters that begin at a token (aLoRA) are not supported");
    MOTE_TRY(mote_gguf_get_string(g, "general.architecture", true, &s->family, err));
    return mote_gguf_get_string(g, "adapter.base.sha256", false, &s->base_sha256, err);
}

static mote_status take_matrix(const mote_gguf_tensor *t, mote_adapter_matrix *m, mote_error *err) {
    if (t->dims[2] != 1 || t->dims[3] != 1)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': its shape has more than 2 dimensions", MOTE_STR_ARGS(t->name));
    *m = (mote_adapter_matrix){.type = t->type, .n_rows = t->dims[1], .n_columns = t->dims[0], .data = t->data};
    return MOTE_OK;
}

static mote_status add_pair(mote_adapter_source *s, const mote_gguf_tensor *a, const mote_gguf_tensor *b, mote_str stem, mote_error *err) {
    mote_adapter_module *m = &s->modules[s->n_modules];
    *m = (mote_adapter_module){.name = stem};
    MOTE_TRY(take_matrix(a, &m->a, err));
    MOTE_TRY(take_matrix(b, &m->b, err));
    if (mote_str_is(stem, "token_embd.weight"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter tensor '%.*s': adapters of the embedding are not supported", MOTE_STR_ARGS(stem));
    MOTE_TRY(mote_adapter_source_check(m, err));
    m->scale = s->alpha != 0 ? s->alpha / (float)m->a.n_rows : 1;
    s->n_modules++;
    return MOTE_OK;
}

mote_status mote_adapter_gguf_read(mote_adapter_source *s, mote_error *err) {
    MOTE_TRY(read_keys(s, err));
    size_t n = mote_gguf_n_tensors(s->gguf);
    s->modules = mote_mem_zalloc_array(n / 2 + 1, sizeof *s->modules);
    if (!s->modules)
        return mote_error_alloc(err, n * sizeof *s->modules);
    const mote_str ends[2] = {MOTE_STR(".lora_a"), MOTE_STR(".lora_b")};
    for (size_t i = 0; i < n; i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(s->gguf, i);
        int half = mote_str_ends(t->name, ends[0]) ? 0 : mote_str_ends(t->name, ends[1]) ? 1 : -1;
        if (half < 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' is neither lora_a nor lora_b", MOTE_STR_ARGS(t->name));
        mote_str stem = {t->name.data, t->name.len - ends[half].len};
        char other[MOTE_ADAPTER_NAME_BYTES + 16];
        int len = snprintf(other, sizeof other, "%.*s%s", (int)(stem.len < sizeof other ? stem.len : sizeof other), stem.data, ends[1 - half].data);
        const mote_gguf_tensor *pair = len > 0 && (size_t)len < sizeof other ? mote_gguf_find_tensor(s->gguf, other) : NULL;
        if (!pair)
            return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' has no pair '%.200s'", MOTE_STR_ARGS(t->name), other);
        if (half == 0)
            MOTE_TRY(add_pair(s, t, pair, stem, err));
    }
    if (s->n_modules == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the adapter has no tensors");
    return MOTE_OK;
}
