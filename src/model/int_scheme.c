/* The keys are those that AutoGPTQ, GPTQModel, AutoAWQ and compressed-tensors write, as transformers reads them. Activations are never quantised here: a checkpoint that wants them
 * in eight bits is computed more exactly than its makers'. */
#include "model/int_scheme.h"

#include "base/error.h"

static mote_status unsupported(const char *key, const mote_json *v, mote_error *err) {
    const char *text = mote_json_text(v);
    if (text)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: quantization_config.%s '%s' is not supported", key, text);
    return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "config.json: quantization_config.%s is not supported", key);
}

static mote_status wrong(const char *key, mote_error *err) {
    return mote_error_set(err, MOTE_ERR_FORMAT, "config.json: quantization_config.%s is missing or has the wrong type or range", key);
}

/* A key that must have one of the values, if it is there. */
static mote_status check_text(const mote_json *q, const char *key, const char *const *known, mote_error *err) {
    const mote_json *v = mote_json_get(q, key);
    if (mote_json_typeof(v) == MOTE_JSON_NULL)
        return MOTE_OK;
    for (; *known; known++)
        if (mote_str_is(mote_json_string(v), *known))
            return MOTE_OK;
    return unsupported(key, v, err);
}

static mote_status read_bits(const mote_json *q, const char *key, mote_int_scheme *s, mote_error *err) {
    int64_t bits = mote_json_integer(mote_json_get(q, key), 0);
    if (bits < 1 || bits > 32)
        return wrong(key, err);
    s->bits = (unsigned)bits;
    return MOTE_OK;
}

/* -1 and null: all inputs of an output. */
static mote_status read_group_size(const mote_json *q, const char *key, mote_int_scheme *s, mote_error *err) {
    const mote_json *v = mote_json_get(q, key);
    int64_t size = mote_json_integer(v, mote_json_typeof(v) == MOTE_JSON_NULL ? -1 : 0);
    if (size != -1 && (size < 1 || size > UINT32_MAX))
        return wrong(key, err);
    s->group_size = size == -1 ? 0 : (uint32_t)size;
    return MOTE_OK;
}

/* GPTQModel's rules by module: leaving modules out needs no reading, giving them other bits does. */
static mote_status check_dynamic(const mote_json *q, mote_error *err) {
    const mote_json *rules = mote_json_get(q, "dynamic");
    for (mote_json_iter *it = mote_json_first(rules); it; it = mote_json_next(rules, it))
        if (!mote_str_starts(mote_json_iter_key(it), MOTE_STR("-:")) && mote_json_length(mote_json_iter_value(it)) > 0)
            return unsupported("dynamic", NULL, err);
    return MOTE_OK;
}

static mote_status read_gptq(const mote_json *q, mote_int_scheme *s, mote_error *err) {
    static const char *const formats[] = {"gptq", "gptq_v2", NULL};
    const mote_json *format = mote_json_get(q, "checkpoint_format");
    s->layout = MOTE_INT_GPTQ;
    MOTE_TRY(check_text(q, "checkpoint_format", formats, err));
    if (mote_json_bool(mote_json_get(q, "is_marlin_format"), false))
        return unsupported("is_marlin_format", NULL, err);
    s->zeros_less_one = !mote_str_is(mote_json_string(format), "gptq_v2");
    MOTE_TRY(check_dynamic(q, err));
    MOTE_TRY(read_bits(q, "bits", s, err));
    return read_group_size(q, "group_size", s, err);
}

static mote_status read_awq(const mote_json *q, mote_int_scheme *s, mote_error *err) {
    static const char *const versions[] = {"gemm", "GEMM", NULL};
    bool older = mote_json_get(q, "w_bit") != NULL;
    s->layout = MOTE_INT_AWQ;
    MOTE_TRY(check_text(q, "version", versions, err));
    MOTE_TRY(read_bits(q, older ? "w_bit" : "bits", s, err));
    return read_group_size(q, older ? "q_group_size" : "group_size", s, err);
}

static mote_status read_weights_config(const mote_json *weights, mote_int_scheme *s, mote_error *err) {
    static const char *const types[] = {"int", NULL}, *const strategies[] = {"group", "channel", NULL};
    MOTE_TRY(check_text(weights, "type", types, err));
    MOTE_TRY(check_text(weights, "strategy", strategies, err));
    MOTE_TRY(read_bits(weights, "num_bits", s, err));
    return read_group_size(weights, "group_size", s, err);
}

static mote_status read_compressed(const mote_json *q, mote_int_scheme *s, mote_error *err) {
    static const char *const formats[] = {"pack-quantized", "int-quantized", "naive-quantized", NULL};
    const mote_json *format = mote_json_get(q, "format"), *groups = mote_json_get(q, "config_groups");
    mote_json_iter *first = mote_json_first(groups);
    if (!format || !first)
        return wrong(format ? "config_groups" : "format", err);
    MOTE_TRY(check_text(q, "format", formats, err));
    s->layout = mote_str_is(mote_json_string(format), "pack-quantized") ? MOTE_INT_PACKED : MOTE_INT_PLAIN;
    MOTE_TRY(read_weights_config(mote_json_get(mote_json_iter_value(first), "weights"), s, err));
    for (mote_json_iter *it = mote_json_next(groups, first); it; it = mote_json_next(groups, it)) {
        mote_int_scheme other = *s;
        MOTE_TRY(read_weights_config(mote_json_get(mote_json_iter_value(it), "weights"), &other, err));
        if (other.bits != s->bits || other.group_size != s->group_size)
            return unsupported("config_groups of different sizes", NULL, err);
    }
    return MOTE_OK;
}

mote_status mote_int_scheme_from_config(const mote_json *config, bool *has_ints, mote_int_scheme *scheme, mote_error *err) {
    const mote_json *q = mote_json_get(config, "quantization_config");
    if (!q)
        q = mote_json_get(config, "compression_config");
    mote_str method = mote_json_string(mote_json_get(q, "quant_method"));
    *scheme = (mote_int_scheme){0};
    *has_ints = mote_json_typeof(q) == MOTE_JSON_OBJECT;
    if (!*has_ints)
        return MOTE_OK;
    if (mote_str_is(method, "gptq"))
        return read_gptq(q, scheme, err);
    if (mote_str_is(method, "awq"))
        return read_awq(q, scheme, err);
    if (mote_str_is(method, "compressed-tensors"))
        return read_compressed(q, scheme, err);
    return method.len ? unsupported("quant_method", mote_json_get(q, "quant_method"), err) : wrong("quant_method", err);
}

mote_status mote_int_scheme_from_file(const mote_json *file, bool is_awq, mote_int_scheme *scheme, mote_error *err) {
    *scheme = (mote_int_scheme){0};
    return is_awq ? read_awq(file, scheme, err) : read_gptq(file, scheme, err);
}
