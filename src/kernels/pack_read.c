/* Plain reading of panels: single rows as float32 (exactly the dequantised source) and what the C matmul needs. panel.h describes the layout. */
#include "kernels/panel.h"

#include <string.h>

static uint32_t load_word(const uint8_t *vector, size_t row) {
    uint32_t word;
    memcpy(&word, vector + row * 4, 4);
    return word;
}

static float load_half(const uint8_t *record, size_t item, size_t row) {
    uint16_t h;
    memcpy(&h, record + item * 32 + row * 2, 2);
    return mote_half_from_f16(h);
}

static void read_row(const mote_panel_layout *layout, const uint8_t *quants, size_t row, uint32_t u[MOTE_PANEL_WORDS]) {
    const uint8_t *high = quants + layout->low_bits * MOTE_PANEL_VECTOR;
    if (layout->low_bits == 8)
        for (size_t i = 0; i < 8; i++)
            u[i] = load_word(quants + i * MOTE_PANEL_VECTOR, row);
    else if (layout->low_bits == 4)
        for (size_t p = 0; p < 4; p++) {
            uint32_t word = load_word(quants + p * MOTE_PANEL_VECTOR, row);
            u[p] = word & 0x0f0f0f0f;
            u[p + 4] = word >> 4 & 0x0f0f0f0f;
        }
    else
        for (size_t i = 0; i < 8; i++)
            u[i] = load_word(quants + i / 4 * MOTE_PANEL_VECTOR, row) >> (i % 4 * 2) & 0x03030303;
    if (layout->high_bits == 1) {
        uint32_t word = load_word(high, row);
        for (size_t i = 0; i < 8; i++)
            u[i] |= (word >> i & 0x01010101) << layout->low_bits;
    } else if (layout->high_bits == 2)
        for (size_t i = 0; i < 8; i++)
            u[i] |= (load_word(high + i / 4 * MOTE_PANEL_VECTOR, row) >> (i % 4 * 2) & 0x03030303) << 4;
}

void mote_pack_read_numbers(const mote_panel_layout *layout, const uint8_t *panel, size_t k, size_t block, size_t first, size_t n, uint8_t *u) {
    const uint8_t *quants = panel + mote_panel_quants_at(layout, k) + block * mote_panel_quant_bytes(layout);
    for (size_t r = 0; r < n; r++) {
        uint32_t words[MOTE_PANEL_WORDS];
        read_row(layout, quants, first + r, words);
        memcpy(u + r * MOTE_BLOCK, words, MOTE_BLOCK);
    }
}

void mote_pack_read_scales(mote_dtype type, const uint8_t *panel, size_t block, size_t row, float *d, float *m) {
    const mote_panel_layout *layout = mote_panel_get_layout(type);
    size_t per_record = layout->record_len / MOTE_BLOCK, j = block % per_record;
    const uint8_t *record = panel + block / per_record * layout->record_bytes;
    float scale = load_half(record, 0, row);
    switch ((int)type) {
    case MOTE_DTYPE_Q4_1:
    case MOTE_DTYPE_Q5_1:
        d[0] = scale;
        m[0] = load_half(record, 1, row);
        break;
    case MOTE_DTYPE_Q4_K:
    case MOTE_DTYPE_Q5_K: {
        int low = record[64 + j * 16 + row], high = record[192 + j / 2 * 16 + row] >> (j % 2 * 4);
        d[0] = scale * (float)((low & 15) | (high & 3) << 4);
        m[0] = -(load_half(record, 1, row) * (float)(low >> 4 | (high >> 2 & 3) << 4));
        break;
    }
    case MOTE_DTYPE_Q2_K:
        for (size_t h = 0; h < 2; h++) {
            int both = record[64 + (j * 2 + h) * 16 + row];
            d[h] = scale * (float)(both & 15);
            m[h] = -(load_half(record, 1, row) * (float)(both >> 4));
        }
        break;
    case MOTE_DTYPE_Q3_K:
    case MOTE_DTYPE_Q6_K:
        for (size_t h = 0; h < 2; h++)
            d[h] = scale * (float)(int8_t)record[32 + (j * 2 + h) * 16 + row];
        break;
    case MOTE_DTYPE_IQ4_XS:
        d[0] = scale * (float)(int8_t)record[32 + j * 16 + row];
        break;
    default:
        d[0] = scale;
        break;
    }
}

static void get_row_floats(const mote_packed *w, const uint8_t *panel, size_t row, float *out) {
    for (size_t i = 0; i < w->k; i++) {
        size_t at = i * MOTE_PANEL_ROWS + row;
        uint16_t h;
        if (w->type == MOTE_DTYPE_F32) {
            memcpy(out + i, panel + at * 4, 4);
            continue;
        }
        memcpy(&h, panel + at * 2, 2);
        out[i] = w->type == MOTE_DTYPE_F16 ? mote_half_from_f16(h) : mote_half_from_bf16(h);
    }
}

void mote_pack_get_row(const mote_packed *w, size_t row, float *out) {
    static const int8_t codebook[16] = MOTE_PANEL_CODEBOOK;
    const mote_panel_layout *layout = mote_panel_get_layout(w->type);
    const uint8_t *panel = (const uint8_t *)w->data + row / MOTE_PANEL_ROWS * w->panel_bytes;
    row %= MOTE_PANEL_ROWS;
    if (!layout) {
        get_row_floats(w, panel, row, out);
        return;
    }
    for (size_t b = 0; b < w->k / MOTE_BLOCK; b++) {
        uint8_t u[MOTE_BLOCK];
        float d[2] = {0, 0}, m[2] = {0, 0};
        mote_pack_read_numbers(layout, panel, w->k, b, row, 1, u);
        mote_pack_read_scales(w->type, panel, b, row, d, m);
        for (size_t i = 0; i < MOTE_BLOCK; i++) {
            size_t h = layout->n_scales == 2 ? i / 16 : 0;
            if (layout->offset < 0)
                out[b * MOTE_BLOCK + i] = d[h] * (float)u[i] + m[h];
            else if (layout->is_codebook)
                out[b * MOTE_BLOCK + i] = d[h] * (float)codebook[u[i]];
            else
                out[b * MOTE_BLOCK + i] = d[h] * (float)(u[i] - layout->offset);
        }
    }
}
