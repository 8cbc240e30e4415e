/* Q4_0, Q4_1, Q5_0, Q5_1, Q8_0: blocks of 32 weights.
 *
 *     Q4_0  d half, 16 bytes of levels           weight = d * (level - 8)
 *     Q4_1  d half, m half, 16 bytes             weight = d * level + m
 *     Q5_0  d half, 4 bytes of fifth bits, 16    weight = d * (level - 16)
 *     Q5_1  d half, m half, 4 bytes, 16          weight = d * level + m
 *     Q8_0  d half, 32 signed bytes              weight = level * d
 *
 * Byte i of the levels holds weight i in its low half and weight 16 + i in its high half; bit i of the fifth bits belongs to weight i.
 * Without importance the bytes are those of gguf/quants.py, which also fixes the order of the float operations here; with it scales are searched by
 * llama.cpp's rule (blocks_grid_lanes.h), except for Q8_0, where nothing is to be gained. */
#include "kernels/blocks_simple.h"

#include "base/half.h"
#include "kernels/blocks_search.h"

#include <math.h>

enum { LEN = 32, HALF_LEN = 16 };

static uint16_t load_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static void store_u16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void unpack_levels(const uint8_t *low, const uint8_t *fifth, uint8_t *level) {
    for (int i = 0; i < HALF_LEN; i++) {
        level[i] = low[i] & 15;
        level[i + HALF_LEN] = low[i] >> 4;
    }
    for (int i = 0; fifth && i < LEN; i++)
        level[i] |= (uint8_t)((fifth[i / 8] >> (i % 8) & 1) << 4);
}

static void pack_levels(const uint8_t *level, uint8_t *fifth, uint8_t *low) {
    for (int i = 0; i < HALF_LEN; i++)
        low[i] = (uint8_t)((level[i] & 15) | (level[i + HALF_LEN] & 15) << 4);
    for (int i = 0; fifth && i < LEN / 8; i++)
        fifth[i] = 0;
    for (int i = 0; fifth && i < LEN; i++)
        fifth[i / 8] |= (uint8_t)((level[i] >> 4) << (i % 8));
}

/* Where the parts of a block lie. */
typedef struct layout {
    bool has_min;
    int levels;        /* 16 or 32 */
    size_t fifth, low; /* offsets; fifth 0: none */
} layout;

static layout layout_of(mote_dtype type) {
    switch (type) {
    case MOTE_DTYPE_Q4_0:
        return (layout){false, 16, 0, 2};
    case MOTE_DTYPE_Q4_1:
        return (layout){true, 16, 0, 4};
    case MOTE_DTYPE_Q5_0:
        return (layout){false, 32, 2, 6};
    default:
        return (layout){true, 32, 4, 8};
    }
}

void mote_blocks_simple_dequantize(mote_dtype type, const uint8_t *src, float *dst) {
    float d = mote_half_from_f16(load_u16(src));
    if (type == MOTE_DTYPE_Q8_0) {
        for (int i = 0; i < LEN; i++)
            dst[i] = (float)(int8_t)src[2 + i] * d;
        return;
    }
    layout at = layout_of(type);
    uint8_t level[LEN];
    unpack_levels(src + at.low, at.fifth ? src + at.fifth : NULL, level);
    if (at.has_min) {
        float m = mote_half_from_f16(load_u16(src + 2));
        for (int i = 0; i < LEN; i++)
            dst[i] = d * (float)level[i] + m;
    } else {
        for (int i = 0; i < LEN; i++)
            dst[i] = d * (float)(level[i] - at.levels / 2);
    }
}

/* What numpy's cast to a byte and clip give; 0 for what no byte can hold (infinite reciprocals of subnormal scales, NaN). */
static uint8_t to_level(float v, int levels) {
    if (!(v >= 0 && v < 256))
        return 0;
    return v < (float)levels ? (uint8_t)v : (uint8_t)(levels - 1);
}

/* Half away from zero, as the reference does it in float. */
static float round_away(float x) {
    float a = fabsf(x), whole = a < 0x1p23f ? (float)(int)a : a;
    whole += floorf(2 * (a - whole));
    return x < 0 ? -whole : whole;
}

static void quantize_q8_0(const float *x, uint8_t *dst) {
    float max = 0;
    for (int i = 0; i < LEN; i++)
        max = fabsf(x[i]) > max ? fabsf(x[i]) : max;
    float d = max / 127, inverse = d == 0 ? 0 : 1 / d;
    store_u16(dst, mote_half_to_f16(d));
    for (int i = 0; i < LEN; i++) {
        float q = round_away(x[i] * inverse);
        dst[2 + i] = q >= -128 && q <= 127 ? (uint8_t)(int8_t)q : 0;
    }
}

static void quantize_plain(layout at, const float *x, uint8_t *level, uint8_t *dst) {
    float max = x[0];
    for (int i = 1; i < LEN; i++)
        max = fabsf(x[i]) > fabsf(max) ? x[i] : max;
    float half_levels = (float)(at.levels / 2), d = max / -half_levels, inverse = d == 0 ? 0 : 1 / d;
    store_u16(dst, mote_half_to_f16(d));
    for (int i = 0; i < LEN; i++)
        level[i] = to_level(x[i] * inverse + (half_levels + 0.5f), at.levels);
}

static void quantize_with_min(layout at, const float *x, uint8_t *level, uint8_t *dst) {
    float min = x[0], max = x[0];
    for (int i = 1; i < LEN; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    float d = (max - min) / (float)(at.levels - 1), inverse = d == 0 ? 0 : 1 / d;
    store_u16(dst, mote_half_to_f16(d));
    store_u16(dst + 2, mote_half_to_f16(min));
    for (int i = 0; i < LEN; i++)
        level[i] = to_level((x[i] - min) * inverse + 0.5f, at.levels);
}

static void quantize_plain_block(mote_dtype type, const float *x, uint8_t *dst) {
    if (type == MOTE_DTYPE_Q8_0) {
        quantize_q8_0(x, dst);
        return;
    }
    layout at = layout_of(type);
    uint8_t level[LEN];
    if (at.has_min)
        quantize_with_min(at, x, level, dst);
    else
        quantize_plain(at, x, level, dst);
    pack_levels(level, at.fifth ? dst + at.fifth : NULL, dst + at.low);
}

/* At most MOTE_BLOCKS_GROUPS blocks. */
static void quantize_searched(const mote_blocks_searches *searches, mote_dtype type, const float *x, const mote_blocks_importance *importance, size_t n_blocks, uint8_t *dst) {
    layout at = layout_of(type);
    size_t block_bytes = mote_dtype_get((int)type)->block_bytes;
    mote_blocks_fit fits[MOTE_BLOCKS_GROUPS];
    const mote_blocks_affine affine = {1, LEN, at.levels - 1, 1};
    const mote_blocks_symmetric symmetric = {1, LEN, -at.levels / 2, at.levels / 2 - 1, NULL, 1, 1};
    if (at.has_min)
        searches->affine_grid(&affine, x, importance, (int)n_blocks, fits);
    else
        searches->symmetric_grid(&symmetric, x, importance, (int)n_blocks, fits);
    for (size_t i = 0; i < n_blocks; i++, dst += block_bytes) {
        store_u16(dst, fits[i].d);
        if (at.has_min)
            store_u16(dst + 2, fits[i].dmin ^ 0x8000);
        pack_levels(fits[i].level, at.fifth ? dst + at.fifth : NULL, dst + at.low);
    }
}

void mote_blocks_simple_quantize(const mote_blocks_searches *searches, mote_dtype type, const float *src, uint8_t *dst, size_t n_blocks, const mote_blocks_importance *importance) {
    size_t block_bytes = mote_dtype_get((int)type)->block_bytes, together = importance && type != MOTE_DTYPE_Q8_0 ? MOTE_BLOCKS_GROUPS : 1;
    for (size_t b = 0; b < n_blocks; b += together) {
        if (together > 1) {
            mote_blocks_importance here = {importance->of + b * LEN, importance->row_mean_square};
            quantize_searched(searches, type, src + b * LEN, &here, n_blocks - b < together ? n_blocks - b : together, dst + b * block_bytes);
        } else {
            quantize_plain_block(type, src + b * LEN, dst + b * block_bytes);
        }
    }
}
