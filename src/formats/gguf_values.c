/* Typed reading of metadata. Writers disagree about integer widths, so any integer type whose value fits is taken; nothing else is converted silently. */
#include "base/error.h"
#include "base/half.h"
#include "formats/gguf_private.h"

#include <inttypes.h>
#include <math.h>

static bool is_integer(mote_gguf_type type) {
    return type <= MOTE_GGUF_I32 || type == MOTE_GGUF_U64 || type == MOTE_GGUF_I64;
}

/* An integer of any type as sign and 64 bits: *negative tells how to read them. */
static uint64_t load_integer(mote_gguf_type type, const uint8_t *p, bool *negative) {
    uint64_t x = mote_gguf_load(p, mote_gguf_parse_item_bytes(type));
    *negative = false;
    switch (type) {
    case MOTE_GGUF_I8:
        x = (uint64_t)(int64_t)(int8_t)x;
        break;
    case MOTE_GGUF_I16:
        x = (uint64_t)(int64_t)(int16_t)x;
        break;
    case MOTE_GGUF_I32:
        x = (uint64_t)(int64_t)(int32_t)x;
        break;
    case MOTE_GGUF_I64:
        break;
    default:
        return x;
    }
    *negative = x >> 63;
    return x;
}

static double load_f64(const uint8_t *p) {
    uint64_t bits = mote_gguf_load(p, 8);
    double x;
    memcpy(&x, &bits, 8);
    return x;
}

static mote_status find(const mote_gguf *g, const char *key, bool required, const mote_gguf_value **v, mote_error *err) {
    *v = mote_gguf_find(g, key);
    return *v || !required ? MOTE_OK : mote_error_set(err, MOTE_ERR_FORMAT, "%s: the key '%s' is missing", g->path, key);
}

static mote_status wrong_type(const mote_gguf *g, const mote_gguf_value *v, const char *key, const char *wanted, mote_error *err) {
    return mote_error_set(err, MOTE_ERR_FORMAT, "%s: key '%s' has the type %s, but %s is needed", g->path, key, mote_gguf_parse_type_name(v->type), wanted);
}

static mote_status get_unsigned(const mote_gguf *g, const char *key, bool required, uint64_t max, uint64_t *out, mote_error *err) {
    const mote_gguf_value *v;
    MOTE_TRY(find(g, key, required, &v, err));
    if (!v)
        return MOTE_OK;
    if (!is_integer(v->type))
        return wrong_type(g, v, key, "an integer", err);
    bool negative;
    uint64_t x = load_integer(v->type, v->data, &negative);
    if (negative)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: key '%s' (type %s) is %" PRId64 ", out of the range 0 to %" PRIu64, g->path, key, mote_gguf_parse_type_name(v->type),
                              (int64_t)x, max);
    if (x > max)
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: key '%s' (type %s) is %" PRIu64 ", out of the range 0 to %" PRIu64, g->path, key, mote_gguf_parse_type_name(v->type), x,
                              max);
    *out = x;
    return MOTE_OK;
}

mote_status mote_gguf_get_u32(const mote_gguf *g, const char *key, bool required, uint32_t *out, mote_error *err) {
    uint64_t x = *out;
    MOTE_TRY(get_unsigned(g, key, required, UINT32_MAX, &x, err));
    *out = (uint32_t)x;
    return MOTE_OK;
}

mote_status mote_gguf_get_u64(const mote_gguf *g, const char *key, bool required, uint64_t *out, mote_error *err) {
    return get_unsigned(g, key, required, UINT64_MAX, out, err);
}

mote_status mote_gguf_get_f32(const mote_gguf *g, const char *key, bool required, float *out, mote_error *err) {
    const mote_gguf_value *v;
    MOTE_TRY(find(g, key, required, &v, err));
    if (!v)
        return MOTE_OK;
    float x;
    if (v->type == MOTE_GGUF_F32) {
        x = mote_half_float((uint32_t)mote_gguf_load(v->data, 4));
    } else if (v->type == MOTE_GGUF_F64) {
        x = (float)load_f64(v->data);
    } else if (is_integer(v->type)) {
        bool negative;
        uint64_t bits = load_integer(v->type, v->data, &negative);
        x = negative ? (float)(int64_t)bits : (float)bits;
    } else {
        return wrong_type(g, v, key, "a number", err);
    }
    if (!isfinite(x))
        return mote_error_set(err, MOTE_ERR_FORMAT, "%s: key '%s' is not a finite number of 32 bits", g->path, key);
    *out = x;
    return MOTE_OK;
}

mote_status mote_gguf_get_bool(const mote_gguf *g, const char *key, bool required, bool *out, mote_error *err) {
    const mote_gguf_value *v;
    MOTE_TRY(find(g, key, required, &v, err));
    if (!v)
        return MOTE_OK;
    if (v->type != MOTE_GGUF_BOOL)
        return wrong_type(g, v, key, "a bool", err);
    *out = *v->data != 0;
    return MOTE_OK;
}

mote_status mote_gguf_get_string(const mote_gguf *g, const char *key, bool required, mote_str *out, mote_error *err) {
    const mote_gguf_value *v;
    MOTE_TRY(find(g, key, required, &v, err));
    if (!v)
        return MOTE_OK;
    if (v->type != MOTE_GGUF_STRING)
        return wrong_type(g, v, key, "a string", err);
    *out = (mote_str){(const char *)v->data + 8, v->n_bytes - 8};
    return MOTE_OK;
}

static const uint8_t *item(const mote_gguf_value *v, uint64_t i) {
    if (!v || v->type != MOTE_GGUF_ARRAY || i >= v->n_items)
        return NULL;
    return v->data + i * mote_gguf_parse_item_bytes(v->item_type);
}

bool mote_gguf_item_integer(const mote_gguf_value *v, uint64_t i, int64_t *out) {
    const uint8_t *p = item(v, i);
    if (!p || !is_integer(v->item_type))
        return false;
    bool negative;
    uint64_t x = load_integer(v->item_type, p, &negative);
    if (!negative && x > INT64_MAX)
        return false;
    *out = (int64_t)x;
    return true;
}

bool mote_gguf_item_float(const mote_gguf_value *v, uint64_t i, float *out) {
    const uint8_t *p = item(v, i);
    if (!p || (v->item_type != MOTE_GGUF_F32 && v->item_type != MOTE_GGUF_F64))
        return false;
    *out = v->item_type == MOTE_GGUF_F32 ? mote_half_float((uint32_t)mote_gguf_load(p, 4)) : (float)load_f64(p);
    return true;
}

bool mote_gguf_item_bool(const mote_gguf_value *v, uint64_t i, bool *out) {
    const uint8_t *p = item(v, i);
    int64_t x = 0;
    if (!p || (v->item_type != MOTE_GGUF_BOOL && !mote_gguf_item_integer(v, i, &x)))
        return false;
    *out = v->item_type == MOTE_GGUF_BOOL ? *p != 0 : x != 0;
    return true;
}

bool mote_gguf_next_string(const mote_gguf_value *v, uint64_t *cursor, mote_str *out) {
    if (!v || v->type != MOTE_GGUF_ARRAY || v->item_type != MOTE_GGUF_STRING || *cursor >= v->n_bytes)
        return false;
    uint64_t len = mote_gguf_load(v->data + *cursor, 8); /* inside n_bytes: the parser has walked all of them */
    *out = (mote_str){(const char *)v->data + *cursor + 8, len};
    *cursor += 8 + len;
    return true;
}
