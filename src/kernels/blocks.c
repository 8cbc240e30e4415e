/* Rows of every element type to float32 and back: the types without blocks here, the rest block by block in blocks_simple.c, blocks_super.c and blocks_iq4.c. */
#include "kernels/blocks.h"

#include "base/half.h"
#include "kernels/blocks_iq4.h"
#include "kernels/blocks_simple.h"
#include "kernels/blocks_super.h"

#include <string.h>

typedef void (*dequantize_fn)(mote_dtype type, const uint8_t *src, float *dst);
typedef void (*quantize_fn)(const mote_blocks_searches *searches, mote_dtype type, const float *src, uint8_t *dst, size_t n_blocks, const mote_blocks_importance *importance);

typedef struct block_form {
    dequantize_fn dequantize;
    quantize_fn quantize;
} block_form;

static block_form form_of(mote_dtype type) {
    switch (type) {
    case MOTE_DTYPE_Q4_0:
    case MOTE_DTYPE_Q4_1:
    case MOTE_DTYPE_Q5_0:
    case MOTE_DTYPE_Q5_1:
    case MOTE_DTYPE_Q8_0:
        return (block_form){mote_blocks_simple_dequantize, mote_blocks_simple_quantize};
    case MOTE_DTYPE_Q2_K:
    case MOTE_DTYPE_Q3_K:
    case MOTE_DTYPE_Q4_K:
    case MOTE_DTYPE_Q5_K:
    case MOTE_DTYPE_Q6_K:
        return (block_form){mote_blocks_super_dequantize, mote_blocks_super_quantize};
    case MOTE_DTYPE_IQ4_NL:
    case MOTE_DTYPE_IQ4_XS:
        return (block_form){mote_blocks_iq4_dequantize, mote_blocks_iq4_quantize};
    default:
        return (block_form){NULL, NULL};
    }
}

/* As numpy's cast: a NaN keeps the top of its payload, signalling or not. */
static uint16_t to_f16(float x) {
    uint32_t u = mote_half_bits(x);
    if ((u & 0x7fffffff) <= 0x7f800000)
        return mote_half_to_f16(x);
    uint16_t payload = (uint16_t)(u >> 13 & 1023);
    return (uint16_t)((u >> 16 & 0x8000) | 0x7c00 | (payload ? payload : 1));
}

bool mote_blocks_dequantize(mote_dtype type, const void *src, float *dst, size_t n) {
    const uint8_t *bytes = src;
    block_form form = form_of(type);
    if (type == MOTE_DTYPE_F32) {
        if (n)
            memcpy(dst, src, n * sizeof *dst);
        return true;
    }
    if (type == MOTE_DTYPE_F16 || type == MOTE_DTYPE_BF16) {
        for (size_t i = 0; i < n; i++) {
            uint16_t h = (uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
            dst[i] = type == MOTE_DTYPE_F16 ? mote_half_from_f16(h) : mote_half_from_bf16(h);
        }
        return true;
    }
    if (!form.dequantize)
        return false;
    const mote_dtype_info *info = mote_dtype_get((int)type);
    for (size_t i = 0; i < n / info->block_len; i++)
        form.dequantize(type, bytes + i * info->block_bytes, dst + i * info->block_len);
    return true;
}

bool mote_blocks_weighs_by_row(mote_dtype type) {
    return type == MOTE_DTYPE_Q4_0 || type == MOTE_DTYPE_Q4_1 || type == MOTE_DTYPE_Q5_0 || type == MOTE_DTYPE_Q5_1;
}

bool mote_blocks_quantize_by(const mote_blocks_searches *searches, mote_dtype type, const float *src, void *dst, size_t n, const mote_blocks_importance *importance) {
    uint8_t *bytes = dst;
    block_form form = form_of(type);
    if (type == MOTE_DTYPE_F32) {
        if (n)
            memcpy(dst, src, n * sizeof *src);
        return true;
    }
    if (type == MOTE_DTYPE_F16 || type == MOTE_DTYPE_BF16) {
        for (size_t i = 0; i < n; i++) {
            uint16_t h = type == MOTE_DTYPE_F16 ? to_f16(src[i]) : mote_half_to_bf16(src[i]);
            bytes[2 * i] = (uint8_t)h;
            bytes[2 * i + 1] = (uint8_t)(h >> 8);
        }
        return true;
    }
    if (!form.quantize)
        return false;
    form.quantize(searches, type, src, bytes, n / mote_dtype_get((int)type)->block_len, importance);
    return true;
}

bool mote_blocks_quantize(mote_dtype type, const float *src, void *dst, size_t n, const mote_blocks_importance *importance) {
    return mote_blocks_quantize_by(&mote_blocks_searches_c, type, src, dst, n, importance);
}
