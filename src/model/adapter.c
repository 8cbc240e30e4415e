#include "model/adapter.h"

#include "base/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static mote_status check_pair(const mote_gguf_tensor *a, const mote_gguf_tensor *b, mote_str stem, const mote_source *base, mote_error *err) {
    if (a->n_dims > 2 || b->n_dims > 2 || a->dims[1] != b->dims[0] || a->dims[1] == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': the shapes of lora_a and lora_b have no common rank", MOTE_STR_ARGS(stem));
    if (a->dims[1] > a->dims[0] && a->dims[1] > b->dims[1])
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s': rank %llu is above both dimensions", MOTE_STR_ARGS(stem), (unsigned long long)a->dims[1]);
    if (!base || !base->gguf)
        return MOTE_OK;
    char name[256];
    snprintf(name, sizeof name, "%.*s", MOTE_STR_ARGS(stem));
    const mote_gguf_tensor *w = mote_gguf_find_tensor(base->gguf, name);
    if (!w)
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%s' has no tensor of that name in the base", name);
    if (w->dims[0] != a->dims[0] || w->dims[1] != b->dims[1])
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%s': shape [%llu, %llu], the base's is [%llu, %llu]", name, (unsigned long long)a->dims[0],
                              (unsigned long long)b->dims[1], (unsigned long long)w->dims[0], (unsigned long long)w->dims[1]);
    return MOTE_OK;
}

mote_status mote_adapter_check(const mote_gguf *g, const mote_source *base, mote_error *err) {
    mote_str type = {0};
    MOTE_TRY(mote_gguf_get_string(g, "adapter.type", true, &type, err));
    if (!mote_str_is(type, "lora"))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "adapter.type '%.*s' is not supported", MOTE_STR_ARGS(type));
    float alpha = 0;
    MOTE_TRY(mote_gguf_get_f32(g, "adapter.lora.alpha", true, &alpha, err));
    if (!isfinite(alpha))
        return mote_error_set(err, MOTE_ERR_FORMAT, "adapter.lora.alpha is not finite");
    mote_str family = {0};
    MOTE_TRY(mote_gguf_get_string(g, "general.architecture", true, &family, err));
    if (base && base->gguf && !mote_str_is(family, base->h.family->name))
        return mote_error_set(err, MOTE_ERR_FORMAT, "general.architecture: the adapter is for '%.*s', the base is '%s'", MOTE_STR_ARGS(family), base->h.family->name);
    const mote_str ends[2] = {MOTE_STR(".lora_a"), MOTE_STR(".lora_b")};
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(g, i);
        int half = mote_str_ends(t->name, ends[0]) ? 0 : mote_str_ends(t->name, ends[1]) ? 1 : -1;
        if (half < 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' is neither lora_a nor lora_b", MOTE_STR_ARGS(t->name));
        mote_str stem = {t->name.data, t->name.len - ends[half].len};
        char other[300];
        snprintf(other, sizeof other, "%.*s%s", MOTE_STR_ARGS(stem), ends[1 - half].data);
        const mote_gguf_tensor *pair = mote_gguf_find_tensor(g, other);
        if (!pair)
            return mote_error_set(err, MOTE_ERR_FORMAT, "adapter tensor '%.*s' has no pair '%s'", MOTE_STR_ARGS(t->name), other);
        if (half == 0)
            MOTE_TRY(check_pair(t, pair, stem, base, err));
    }
    return MOTE_OK;
}

mote_status mote_adapter_check_control_vector(const mote_gguf *g, mote_error *err) {
    for (size_t i = 0; i < mote_gguf_n_tensors(g); i++) {
        const mote_gguf_tensor *t = mote_gguf_tensor_at(g, i);
        char name[64], *end;
        snprintf(name, sizeof name, "%.*s", MOTE_STR_ARGS(t->name));
        const char *digits = strncmp(name, "direction.", 10) == 0 ? name + 10 : "";
        unsigned long layer = *digits >= '0' && *digits <= '9' ? strtoul(digits, &end, 10) : 0;
        if (layer < 1 || layer >= MOTE_HPARAMS_MAX_LAYERS || *end != 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "control vector tensor '%s': no direction of a layer between 1 and %d", name, MOTE_HPARAMS_MAX_LAYERS - 1);
    }
    return MOTE_OK;
}
