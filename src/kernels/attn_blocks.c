/* Attention's stores in blocks of 32 with a scale. One token's keys and values are few, so there is one way to store them for all instruction sets. */
#include "kernels/attn_blocks.h"

#include "base/half.h"
#include "kernels/blocks.h"
#include "kernels/kernels.h"

#include <string.h>

enum { MOST_BLOCK_BYTES = 34 };

static size_t block_bytes(mote_dtype type) {
    return mote_dtype_row_bytes(type, MOTE_ATTENTION_BLOCK);
}

/* Scales must stay finite (attention.h). */
static void quantize(mote_dtype type, const float *x, uint8_t *block) {
    float clamped[MOTE_ATTENTION_BLOCK];
    for (size_t i = 0; i < MOTE_ATTENTION_BLOCK; i++) {
        float most = MOTE_ATTENTION_F16_MOST;
        clamped[i] = x[i] > most ? most : x[i] < -most ? -most : x[i] == x[i] ? x[i] : 0.0f;
    }
    mote_blocks_quantize(type, clamped, block, MOTE_ATTENTION_BLOCK, NULL);
}

/* The group of 16 interleaved blocks that holds element d of position pos. */
static size_t group_at(mote_dtype type, size_t head_dim, size_t pos, size_t d) {
    return pos / MOTE_ATTENTION_PANEL * mote_attention_panel_bytes(type, head_dim) + d / MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_PANEL * block_bytes(type);
}

void mote_attn_blocks_store_key(void *k_store, mote_dtype type, size_t head_dim, size_t pos, const float *k) {
    size_t lane = pos % MOTE_ATTENTION_PANEL, n_bytes = block_bytes(type) - sizeof(uint16_t);
    for (size_t d = 0; d < head_dim; d += MOTE_ATTENTION_BLOCK) {
        uint8_t block[MOST_BLOCK_BYTES], *group = (uint8_t *)k_store + group_at(type, head_dim, pos, d);
        quantize(type, k + d, block);
        memcpy(group + lane * sizeof(uint16_t), block, sizeof(uint16_t));
        for (size_t i = 0; i < n_bytes; i++)
            group[MOTE_ATTENTION_SCALES_BYTES + i * MOTE_ATTENTION_PANEL + lane] = block[sizeof(uint16_t) + i];
    }
}

void mote_attn_blocks_store_value(void *v_store, mote_dtype type, size_t head_dim, size_t pos, const float *v) {
    uint8_t *row = (uint8_t *)v_store + pos * mote_attention_row_bytes(type, head_dim);
    for (size_t d = 0; d < head_dim; d += MOTE_ATTENTION_BLOCK, row += block_bytes(type))
        quantize(type, v + d, row);
}

/* Element i of a block whose bytes lie `stride` apart. */
static float element(mote_dtype type, const uint8_t *scale, const uint8_t *bytes, size_t stride, size_t i) {
    float factor = mote_half_from_f16((uint16_t)(scale[0] | scale[1] << 8));
    if (type == MOTE_DTYPE_Q8_0)
        return factor * (float)(int8_t)bytes[i * stride];
    uint8_t pair = bytes[i % 16 * stride];
    return factor * (float)((i < 16 ? pair & 15 : pair >> 4) - 8);
}

float mote_attn_blocks_key(const void *k_store, mote_dtype type, size_t head_dim, size_t pos, size_t d) {
    size_t lane = pos % MOTE_ATTENTION_PANEL;
    const uint8_t *group = (const uint8_t *)k_store + group_at(type, head_dim, pos, d);
    return element(type, group + lane * sizeof(uint16_t), group + MOTE_ATTENTION_SCALES_BYTES + lane, MOTE_ATTENTION_PANEL, d % MOTE_ATTENTION_BLOCK);
}

float mote_attn_blocks_value(const void *v_store, mote_dtype type, size_t head_dim, size_t pos, size_t d) {
    const uint8_t *block = (const uint8_t *)v_store + pos * mote_attention_row_bytes(type, head_dim) + d / MOTE_ATTENTION_BLOCK * block_bytes(type);
    return element(type, block, block + sizeof(uint16_t), 1, d % MOTE_ATTENTION_BLOCK);
}

/* Whether stores can hold heads of this size in elements of this type. */
static bool is_stored(mote_dtype type, size_t head_dim) {
    if (mote_attention_has_scales(type))
        return head_dim % MOTE_ATTENTION_BLOCK == 0;
    return type == MOTE_DTYPE_F32 || type == MOTE_DTYPE_F16 || type == MOTE_DTYPE_BF16;
}

size_t mote_attn_store_bytes(mote_dtype type, size_t head_dim, size_t n_positions) {
    size_t bytes;
    if (!is_stored(type, head_dim) || head_dim > SIZE_MAX / 8 || n_positions > SIZE_MAX - MOTE_ATTENTION_PANEL)
        return 0;
    if (__builtin_mul_overflow(mote_attention_row_bytes(type, head_dim), mote_attention_padded(n_positions), &bytes))
        return 0;
    return bytes;
}
