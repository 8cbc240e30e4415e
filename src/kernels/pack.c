/* Packing of source rows into panels of 16: sizes, float types and the planes of quantised types. pack_blocks.c reads the source blocks; panel.h describes the layout. */
#include "kernels/pack.h"

#include <string.h>

static size_t float_bytes(mote_dtype type) {
    return type == MOTE_DTYPE_F32 ? 4 : type == MOTE_DTYPE_F16 || type == MOTE_DTYPE_BF16 ? 2 : 0;
}

bool mote_pack_supports(mote_dtype type) {
    return float_bytes(type) || mote_panel_get_layout(type);
}

mote_act_kind mote_pack_act_kind(mote_dtype type) {
    return float_bytes(type) ? MOTE_ACT_F32 : MOTE_ACT_Q8;
}

size_t mote_pack_panel_bytes(mote_dtype type, size_t k) {
    size_t width = float_bytes(type);
    if (k > SIZE_MAX / (MOTE_PANEL_ROWS * 8))
        return 0;
    if (width)
        return mote_panel_pad_k(k) * MOTE_PANEL_ROWS * width;
    const mote_panel_layout *layout = mote_panel_get_layout(type);
    if (!layout || k % layout->record_len)
        return 0;
    return mote_panel_quants_at(layout, k) + k / MOTE_BLOCK * mote_panel_quant_bytes(layout);
}

static void pack_floats(size_t width, const uint8_t *rows, size_t row_bytes, size_t n_rows, size_t k, uint8_t *panel) {
    if (n_rows < MOTE_PANEL_ROWS || k % MOTE_BLOCK)
        memset(panel, 0, mote_panel_pad_k(k) * MOTE_PANEL_ROWS * width);
    for (size_t first = 0; first < k; first += MOTE_BLOCK) {
        size_t n = k - first < MOTE_BLOCK ? k - first : MOTE_BLOCK;
        for (size_t r = 0; r < n_rows; r++) {
            const uint8_t *src = rows + r * row_bytes + first * width;
            uint8_t *dst = panel + (first * MOTE_PANEL_ROWS + r) * width;
            if (width == 4)
                for (size_t i = 0; i < n; i++)
                    memcpy(dst + i * MOTE_PANEL_ROWS * 4, src + i * 4, 4);
            else
                for (size_t i = 0; i < n; i++)
                    memcpy(dst + i * MOTE_PANEL_ROWS * 2, src + i * 2, 2);
        }
    }
}

static void store_word(uint8_t *vector, size_t row, uint32_t word) {
    memcpy(vector + row * 4, &word, 4);
}

/* Writes one row's 8 words (4 numbers each) of a block into the planes. */
static void store_planes(const mote_panel_layout *layout, const uint32_t u[MOTE_PANEL_WORDS], size_t row, uint8_t *quants) {
    uint8_t *high = quants + layout->low_bits * MOTE_PANEL_VECTOR;
    if (layout->low_bits == 8) {
        for (size_t i = 0; i < 8; i++)
            store_word(quants + i * MOTE_PANEL_VECTOR, row, u[i]);
        return;
    }
    if (layout->low_bits == 4) {
        for (size_t p = 0; p < 4; p++)
            store_word(quants + p * MOTE_PANEL_VECTOR, row, (u[p] & 0x0f0f0f0f) | (u[p + 4] & 0x0f0f0f0f) << 4);
    } else {
        for (size_t p = 0; p < 2; p++) {
            uint32_t word = 0;
            for (size_t f = 0; f < 4; f++)
                word |= (u[p * 4 + f] & 0x03030303) << 2 * f;
            store_word(quants + p * MOTE_PANEL_VECTOR, row, word);
        }
    }
    if (layout->high_bits == 1) {
        uint32_t word = 0;
        for (size_t i = 0; i < 8; i++)
            word |= (u[i] >> layout->low_bits & 0x01010101) << i;
        store_word(high, row, word);
    } else if (layout->high_bits == 2) {
        for (size_t p = 0; p < 2; p++) {
            uint32_t word = 0;
            for (size_t f = 0; f < 4; f++)
                word |= (u[p * 4 + f] >> 4 & 0x03030303) << 2 * f;
            store_word(high + p * MOTE_PANEL_VECTOR, row, word);
        }
    }
}

void mote_pack_panel(mote_dtype type, const void *rows, size_t row_bytes, size_t n_rows, size_t k, void *panel) {
    const uint8_t *src = rows;
    size_t width = float_bytes(type);
    if (width) {
        pack_floats(width, src, row_bytes, n_rows, k, panel);
        return;
    }
    const mote_panel_layout *layout = mote_panel_get_layout(type);
    size_t block_bytes = mote_dtype_get((int)type)->block_bytes, quant_bytes = mote_panel_quant_bytes(layout), per_record = layout->record_len / MOTE_BLOCK;
    uint8_t *quants = (uint8_t *)panel + mote_panel_quants_at(layout, k);
    if (n_rows < MOTE_PANEL_ROWS || (k / layout->record_len * layout->record_bytes) % MOTE_PANEL_VECTOR)
        memset(panel, 0, mote_pack_panel_bytes(type, k));
    for (size_t b = 0; b < k / layout->record_len; b++) {
        uint8_t *record = (uint8_t *)panel + b * layout->record_bytes;
        for (size_t r = 0; r < n_rows; r++) {
            const uint8_t *block = src + r * row_bytes + b * block_bytes;
            uint32_t u[8 * MOTE_PANEL_WORDS];
            mote_pack_store_scales(type, block, r, record);
            mote_pack_load_numbers(type, block, u);
            for (size_t i = 0; i < per_record; i++)
                store_planes(layout, u + i * MOTE_PANEL_WORDS, r, quants + (b * per_record + i) * quant_bytes);
        }
    }
}
