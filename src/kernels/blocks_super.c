/* Q2_K to Q6_K: super-blocks of 256 weights.
 *
 *           groups    bytes of a block, in order                                              weight
 *     Q2_K  16 of 16  16: scale | min << 4; 64: levels; d half, dmin half                     d * scale * level - dmin * min
 *     Q3_K  16 of 16  32: high bits; 64: low two bits; 12: scales of 6 bits; d half           d * (scale - 32) * (level - 4)
 *     Q4_K  8 of 32   d half, dmin half; 12: scales and mins of 6 bits; 128: levels           as Q2_K
 *     Q5_K  8 of 32   d half, dmin half; 12: scales and mins; 32: fifth bits; 128: levels     as Q2_K
 *     Q6_K  16 of 16  128: low four bits; 64: high two bits; 16: signed scales; d half        d * scale * (level - 32)
 *
 * Levels of two bits: byte 32 h + i (h = 0, 1; i < 32) holds weights 128 h + i + 0, 32, 64, 96 from its lowest bits up. Levels of four bits in Q4_K and Q5_K: byte 32 c + i holds
 * weights 64 c + i and 64 c + 32 + i; in Q6_K byte 64 h + i (i < 64) holds 128 h + i and 128 h + 64 + i. Single bits (Q3_K, Q5_K): bit b of byte i belongs to weight 32 b + i.
 * The order of the float operations is that of gguf/quants.py. */
#include "kernels/blocks_super.h"

#include "base/half.h"
#include "kernels/blocks_search.h"

#include <string.h>

enum { LEN = 256 };

static float load_half(const uint8_t *p) {
    return mote_half_from_f16((uint16_t)(p[0] | p[1] << 8));
}

static void store_u16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void unpack_two_bits(const uint8_t *src, int shift, uint8_t *level) {
    for (int i = 0; i < LEN; i++)
        level[i] |= (uint8_t)((src[32 * (i / 128) + i % 32] >> (2 * (i / 32 % 4)) & 3) << shift);
}

static void pack_two_bits(const uint8_t *level, int shift, uint8_t *dst) {
    memset(dst, 0, LEN / 4);
    for (int i = 0; i < LEN; i++)
        dst[32 * (i / 128) + i % 32] |= (uint8_t)((level[i] >> shift & 3) << (2 * (i / 32 % 4)));
}

/* Nibbles; two runs of `run` weights share run bytes. */
static void unpack_four_bits(const uint8_t *src, int run, uint8_t *level) {
    for (int i = 0; i < LEN; i++)
        level[i] |= (uint8_t)(src[run * (i / (2 * run)) + i % run] >> (i / run % 2 * 4) & 15);
}

static void pack_four_bits(const uint8_t *level, int run, uint8_t *dst) {
    memset(dst, 0, LEN / 2);
    for (int i = 0; i < LEN; i++)
        dst[run * (i / (2 * run)) + i % run] |= (uint8_t)((level[i] & 15) << (i / run % 2 * 4));
}

static void unpack_bits(const uint8_t *src, int shift, uint8_t *level) {
    for (int i = 0; i < LEN; i++)
        level[i] |= (uint8_t)((src[i % 32] >> (i / 32) & 1) << shift);
}

static void pack_bits(const uint8_t *level, int shift, uint8_t *dst) {
    memset(dst, 0, LEN / 8);
    for (int i = 0; i < LEN; i++)
        dst[i % 32] |= (uint8_t)((level[i] >> shift & 1) << (i / 32));
}

/* Q3_K: the low four bits of scales j and 8 + j share byte j; the high two bits of scales 4 k + j are bits 2 k of byte 8 + j. */
static void unpack_scales_q3(const uint8_t *src, int *scale) {
    for (int i = 0; i < 16; i++)
        scale[i] = (src[i % 8] >> (i / 8 * 4) & 15) | (src[8 + i % 4] >> (i / 4 * 2) & 3) << 4;
}

static void pack_scales_q3(const int *scale, uint8_t *dst) {
    memset(dst, 0, 12);
    for (int i = 0; i < 16; i++) {
        dst[i % 8] |= (uint8_t)((scale[i] & 15) << (i / 8 * 4));
        dst[8 + i % 4] |= (uint8_t)((scale[i] >> 4 & 3) << (i / 4 * 2));
    }
}

/* Q4_K, Q5_K: bytes 0-3 and 4-7 hold scales and mins 0-3 in six bits; bytes 8-11 the low four bits of scales and mins 4-7, whose high two bits top the first eight bytes. */
static void unpack_scales_q4(const uint8_t *src, int *scale, int *min) {
    for (int i = 0; i < 4; i++) {
        scale[i] = src[i] & 63;
        min[i] = src[4 + i] & 63;
        scale[4 + i] = (src[8 + i] & 15) | src[i] >> 6 << 4;
        min[4 + i] = src[8 + i] >> 4 | src[4 + i] >> 6 << 4;
    }
}

static void pack_scales_q4(const int *scale, const int *min, uint8_t *dst) {
    for (int i = 0; i < 4; i++) {
        dst[i] = (uint8_t)(scale[i] | (scale[4 + i] >> 4) << 6);
        dst[4 + i] = (uint8_t)(min[i] | (min[4 + i] >> 4) << 6);
        dst[8 + i] = (uint8_t)((scale[4 + i] & 15) | (min[4 + i] & 15) << 4);
    }
}

static void expand_affine(float d, float dmin, const int *scale, const int *min, const uint8_t *level, int group_len, float *dst) {
    for (int g = 0; g < LEN / group_len; g++) {
        float s = d * (float)scale[g], m = dmin * (float)min[g];
        for (int i = g * group_len; i < (g + 1) * group_len; i++)
            dst[i] = s * (float)level[i] - m;
    }
}

static void expand_symmetric(float d, const int *scale, const uint8_t *level, int zero, float *dst) {
    for (int i = 0; i < LEN; i++) {
        float s = d * (float)scale[i / 16];
        dst[i] = s * (float)(level[i] - zero);
    }
}

void mote_blocks_super_dequantize(mote_dtype type, const uint8_t *src, float *dst) {
    uint8_t level[LEN] = {0};
    int scale[16], min[16];
    switch (type) {
    case MOTE_DTYPE_Q2_K:
        for (int g = 0; g < 16; g++) {
            scale[g] = src[g] & 15;
            min[g] = src[g] >> 4;
        }
        unpack_two_bits(src + 16, 0, level);
        expand_affine(load_half(src + 80), load_half(src + 82), scale, min, level, 16, dst);
        break;
    case MOTE_DTYPE_Q3_K:
        unpack_two_bits(src + 32, 0, level);
        unpack_bits(src, 2, level);
        unpack_scales_q3(src + 96, scale);
        for (int g = 0; g < 16; g++)
            scale[g] -= 32;
        expand_symmetric(load_half(src + 108), scale, level, 4, dst);
        break;
    case MOTE_DTYPE_Q4_K:
    case MOTE_DTYPE_Q5_K:
        unpack_scales_q4(src + 4, scale, min);
        unpack_four_bits(src + (type == MOTE_DTYPE_Q4_K ? 16 : 48), 32, level);
        if (type == MOTE_DTYPE_Q5_K)
            unpack_bits(src + 16, 4, level);
        expand_affine(load_half(src), load_half(src + 2), scale, min, level, 32, dst);
        break;
    default: /* Q6_K */
        unpack_four_bits(src, 64, level);
        unpack_two_bits(src + 128, 4, level);
        for (int g = 0; g < 16; g++)
            scale[g] = (int8_t)src[192 + g];
        expand_symmetric(load_half(src + 208), scale, level, 32, dst);
        break;
    }
}

static void write_affine(mote_dtype type, mote_blocks_fit *fit, uint8_t *dst) {
    if (type == MOTE_DTYPE_Q2_K) {
        for (int g = 0; g < 16; g++)
            dst[g] = (uint8_t)(fit->scale[g] | fit->min[g] << 4);
        pack_two_bits(fit->level, 0, dst + 16);
        store_u16(dst + 80, fit->d);
        store_u16(dst + 82, fit->dmin);
        return;
    }
    store_u16(dst, fit->d);
    store_u16(dst + 2, fit->dmin);
    pack_scales_q4(fit->scale, fit->min, dst + 4);
    if (type == MOTE_DTYPE_Q5_K)
        pack_bits(fit->level, 4, dst + 16);
    pack_four_bits(fit->level, 32, dst + (type == MOTE_DTYPE_Q4_K ? 16 : 48));
}

static void write_symmetric(mote_dtype type, mote_blocks_fit *fit, uint8_t *dst) {
    if (type == MOTE_DTYPE_Q3_K) {
        for (int g = 0; g < 16; g++)
            fit->scale[g] += 32;
        pack_bits(fit->level, 2, dst);
        pack_two_bits(fit->level, 0, dst + 32);
        pack_scales_q3(fit->scale, dst + 96);
        store_u16(dst + 108, fit->d);
        return;
    }
    pack_four_bits(fit->level, 64, dst);
    pack_two_bits(fit->level, 4, dst + 128);
    for (int g = 0; g < 16; g++)
        dst[192 + g] = (uint8_t)fit->scale[g];
    store_u16(dst + 208, fit->d);
}

void mote_blocks_super_quantize(const mote_blocks_searches *searches, mote_dtype type, const float *src, uint8_t *dst, size_t n_blocks, const mote_blocks_importance *importance) {
    static const mote_blocks_affine q2 = {16, 16, 3, 15}, q4 = {8, 32, 15, 63}, q5 = {8, 32, 31, 63};
    static const mote_blocks_symmetric q3 = {16, 16, -4, 3, NULL, -32, 31}, q6 = {16, 16, -32, 31, NULL, -128, 127};
    bool is_symmetric = type == MOTE_DTYPE_Q3_K || type == MOTE_DTYPE_Q6_K;
    const mote_blocks_symmetric *symmetric = type == MOTE_DTYPE_Q3_K ? &q3 : &q6;
    const mote_blocks_affine *affine = type == MOTE_DTYPE_Q2_K ? &q2 : type == MOTE_DTYPE_Q4_K ? &q4 : &q5;
    size_t together = MOTE_BLOCKS_GROUPS / (size_t)(is_symmetric ? symmetric->n_groups : affine->n_groups), block_bytes = mote_dtype_get((int)type)->block_bytes;
    mote_blocks_symmetric_fn search_symmetric = importance && type == MOTE_DTYPE_Q6_K ? searches->symmetric_grid : searches->symmetric;
    mote_blocks_affine_fn search_affine = importance && type != MOTE_DTYPE_Q2_K ? searches->affine_grid : searches->affine;
    mote_blocks_fit fits[2];
    for (size_t b = 0; b < n_blocks; b += together) {
        size_t n = n_blocks - b < together ? n_blocks - b : together;
        const mote_blocks_importance here = {importance ? importance->of + b * LEN : NULL, 0};
        if (is_symmetric)
            search_symmetric(symmetric, src + b * LEN, importance ? &here : NULL, (int)n, fits);
        else
            search_affine(affine, src + b * LEN, importance ? &here : NULL, (int)n, fits);
        for (size_t i = 0; i < n; i++) {
            if (is_symmetric)
                write_symmetric(type, &fits[i], dst + (b + i) * block_bytes);
            else
                write_affine(type, &fits[i], dst + (b + i) * block_bytes);
        }
    }
}
