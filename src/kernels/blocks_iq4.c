/* IQ4_NL and IQ4_XS: levels are places in a codebook, finer near zero.
 *
 *     IQ4_NL  32 weights   d half; 16 bytes of levels                                                          weight = d * codebook[level]
 *     IQ4_XS  256 weights  d half; 2 bytes: high two bits of 8 scales; 4 bytes: low four bits; 128 of levels   weight = d * (scale - 32) * codebook[level]
 *
 * Byte 16 c + i of the levels holds weights 32 c + i and 32 c + 16 + i. */
#include "kernels/blocks_iq4.h"

#include "base/half.h"
#include "kernels/blocks_search.h"

#include <string.h>

enum { GROUP = 32 };

static const int8_t codebook[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static uint16_t load_u16(const uint8_t *p) {
    return (uint16_t)(p[0] | p[1] << 8);
}

static void store_u16(uint8_t *p, uint16_t v) {
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void expand_group(float scale, const uint8_t *levels, float *dst) {
    for (int i = 0; i < GROUP / 2; i++) {
        dst[i] = scale * (float)codebook[levels[i] & 15];
        dst[GROUP / 2 + i] = scale * (float)codebook[levels[i] >> 4];
    }
}

static void pack_group(const uint8_t *level, uint8_t *dst) {
    for (int i = 0; i < GROUP / 2; i++)
        dst[i] = (uint8_t)(level[i] | level[GROUP / 2 + i] << 4);
}

void mote_blocks_iq4_dequantize(mote_dtype type, const uint8_t *src, float *dst) {
    float d = mote_half_from_f16(load_u16(src));
    if (type == MOTE_DTYPE_IQ4_NL) {
        expand_group(d, src + 2, dst);
        return;
    }
    unsigned high = load_u16(src + 2);
    for (int g = 0; g < 8; g++) {
        int scale = (src[4 + g / 2] >> (g % 2 * 4) & 15) | (int)(high >> (2 * g) & 3) << 4;
        expand_group(d * (float)(scale - 32), src + 8 + 16 * g, dst + GROUP * g);
    }
}

static void write_block(mote_dtype type, const mote_blocks_fit *fit, uint8_t *dst) {
    store_u16(dst, fit->d);
    if (type == MOTE_DTYPE_IQ4_NL) {
        pack_group(fit->level, dst + 2);
        return;
    }
    unsigned high = 0;
    memset(dst + 4, 0, 4);
    for (int g = 0; g < 8; g++) {
        unsigned scale = (unsigned)(fit->scale[g] + 32);
        high |= (scale >> 4) << (2 * g);
        dst[4 + g / 2] |= (uint8_t)((scale & 15) << (g % 2 * 4));
        pack_group(fit->level + GROUP * g, dst + 8 + 16 * g);
    }
    store_u16(dst + 2, (uint16_t)high);
}

void mote_blocks_iq4_quantize(const mote_blocks_searches *searches, mote_dtype type, const float *src, uint8_t *dst, size_t n_blocks, const mote_blocks_importance *importance) {
    static const mote_blocks_symmetric nl = {1, GROUP, -127, 113, codebook, 1, 1}, xs = {8, GROUP, -127, 113, codebook, -32, 31};
    const mote_blocks_symmetric *form = type == MOTE_DTYPE_IQ4_NL ? &nl : &xs;
    size_t len = (size_t)(form->n_groups * GROUP), together = MOTE_BLOCKS_GROUPS / (size_t)form->n_groups, block_bytes = mote_dtype_get((int)type)->block_bytes;
    mote_blocks_fit fits[MOTE_BLOCKS_GROUPS];
    for (size_t b = 0; b < n_blocks; b += together) {
        size_t n = n_blocks - b < together ? n_blocks - b : together;
        const mote_blocks_importance here = {importance ? importance->of + b * len : NULL, 0};
        searches->symmetric(form, src + b * len, importance ? &here : NULL, (int)n, fits);
        for (size_t i = 0; i < n; i++)
            write_block(type, &fits[i], dst + (b + i) * block_bytes);
    }
}
