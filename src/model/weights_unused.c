/* A tensor that no slot takes is a part of the network which this program doesn't compute: better an error than other numbers. */
#include "base/error.h"
#include "model/weights.h"

#include <ctype.h>
#include <string.h>

/* format with its %u standing for digits. */
static bool matches(const char *format, mote_str name) {
    size_t at = 0;
    for (; *format; format++) {
        if (format[0] == '%' && format[1] == 'u') {
            size_t digits = at;
            while (at < name.len && isdigit((unsigned char)name.data[at]))
                at++;
            if (at == digits)
                return false;
            format++;
        } else if (at >= name.len || name.data[at++] != *format)
            return false;
    }
    return at == name.len;
}

static bool is_known(const mote_family *f, bool is_gguf, mote_str name) {
    for (size_t i = 0; i < f->n_names; i++) {
        const char *format = is_gguf ? f->names[i].gguf : f->names[i].hf;
        if (format && matches(format, name))
            return true;
        if (!is_gguf && format && strncmp(format, MOTE_WEIGHTS_BARE_PREFIX, sizeof MOTE_WEIGHTS_BARE_PREFIX - 1) == 0 &&
            matches(format + sizeof MOTE_WEIGHTS_BARE_PREFIX - 1, name))
            return true;
    }
    return false;
}

/* What integer checkpoints have in place of a weight. */
static bool is_known_integer(const mote_family *f, mote_str name) {
    static const char *const PARTS[] = {".qweight", ".qzeros", ".scales", ".g_idx", ".weight_packed", ".weight_scale", ".weight_zero_point", ".weight_shape", ".weight_g_idx"};
    char weight[160];
    for (size_t i = 0; i < sizeof PARTS / sizeof *PARTS; i++) {
        mote_str part = mote_str_of(PARTS[i]);
        if (!mote_str_ends(name, part) || name.len - part.len + sizeof ".weight" > sizeof weight)
            continue;
        memcpy(weight, name.data, name.len - part.len);
        memcpy(weight + (name.len - part.len), ".weight", sizeof ".weight");
        if (is_known(f, false, mote_str_of(weight)))
            return true;
    }
    return false;
}

/* Tables that are computed from the hyper-parameters, and masks. */
static bool is_computed(mote_str name) {
    static const char *const ENDINGS[] = {"rotary_emb.inv_freq", "rotary_emb.cos_cached", "rotary_emb.sin_cached", "attn_rot_embd", ".masked_bias", "rope_freqs.weight"};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++)
        if (mote_str_ends(name, mote_str_of(ENDINGS[i])))
            return true;
    return false;
}

bool mote_weights_is_void_bias(const mote_safetensors_tensor *t) {
    bool any = false;
    for (uint64_t i = 0; i < t->n_bytes && !any; i++)
        any = t->data[i] != 0;
    return !any && mote_str_ends(t->name, mote_str_of(".bias"));
}

mote_status mote_weights_check_unused(const mote_weights_source *source, const mote_family *family, mote_error *err) {
    size_t n = source->gguf ? mote_gguf_n_tensors(source->gguf) : mote_safetensors_n_tensors(source->safetensors);
    for (size_t i = 0; i < n; i++) {
        mote_str name = source->gguf ? mote_gguf_tensor_at(source->gguf, i)->name : mote_safetensors_at(source->safetensors, i)->name;
        if (is_known(family, source->gguf != NULL, name) || is_computed(name) || (!source->gguf && is_known_integer(family, name)))
            continue;
        if (source->ints && mote_weights_is_void_bias(mote_safetensors_at(source->safetensors, i)))
            continue;
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tensor '%.*s' has no place in the network of '%s'", MOTE_STR_ARGS(name), family->name);
    }
    return MOTE_OK;
}
