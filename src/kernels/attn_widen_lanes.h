/* Stored elements as floats, for a step of attn_lanes.h: up to 32 terms of a few groups of 16 columns, [groups][terms][16]. */
#ifndef MOTE_KERNELS_ATTN_WIDEN_LANES_H
#define MOTE_KERNELS_ATTN_WIDEN_LANES_H

#include "base/half.h"
#include "kernels/attn_tile_lanes.h"

enum { VF_GROUP_BLOCK = MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_PANEL /* elements of a step's group */ };

/* From halves at `stored`. */
static void vf_widen_halves(const vf_product *p, float *floats) {
    for (size_t group = 0; group * MOTE_ATTENTION_PANEL < p->n_columns; group++)
        for (size_t i = 0; i < p->n_terms; i++) {
            const uint16_t *from = (const uint16_t *)p->stored + group * p->group_stride + i * p->term_stride;
            float *to = floats + group * VF_GROUP_BLOCK + i * MOTE_ATTENTION_PANEL;
            for (size_t j = 0; j < MOTE_ATTENTION_PANEL; j += VF_LANES)
                vf_store(to + j, p->type == MOTE_DTYPE_F16 ? vf_load_f16(from + j) : vf_load_bf16(from + j));
        }
}

/* From a panel's group of 16 interleaved blocks for each group of the step. */
static void vf_widen_key_blocks(const vf_product *p, const uint8_t *panel, size_t panel_bytes, float *floats) {
    for (size_t column = 0; column < p->n_columns; column += MOTE_ATTENTION_PANEL, panel += panel_bytes, floats += VF_GROUP_BLOCK)
        for (size_t j = 0; j < MOTE_ATTENTION_PANEL; j += VF_LANES) {
            vf scale = vf_load_f16((const void *)(panel + j * sizeof(uint16_t)));
            const uint8_t *bytes = panel + MOTE_ATTENTION_SCALES_BYTES + j;
            float *to = floats + j;
            if (p->type == MOTE_DTYPE_Q8_0)
                for (size_t i = 0; i < MOTE_ATTENTION_BLOCK; i++)
                    vf_store(to + i * MOTE_ATTENTION_PANEL, vf_mul(scale, vf_load_int8(bytes + i * MOTE_ATTENTION_PANEL)));
            else
                for (size_t i = 0; i < MOTE_ATTENTION_BLOCK / 2; i++) {
                    vf_store(to + i * MOTE_ATTENTION_PANEL, vf_mul(scale, vf_load_int4_low(bytes + i * MOTE_ATTENTION_PANEL)));
                    vf_store(to + (i + MOTE_ATTENTION_BLOCK / 2) * MOTE_ATTENTION_PANEL, vf_mul(scale, vf_load_int4_high(bytes + i * MOTE_ATTENTION_PANEL)));
                }
        }
}

/* From rows of blocks, beginning with 16 channels `first`. */
static void vf_widen_value_blocks(const vf_product *p, const uint8_t *rows, size_t row_bytes, size_t first, float *floats) {
    size_t block_bytes = mote_dtype_row_bytes(p->type, MOTE_ATTENTION_BLOCK);
    for (size_t channel = first; channel < first + p->n_columns; channel += MOTE_ATTENTION_PANEL, floats += VF_GROUP_BLOCK) {
        bool is_upper = channel % MOTE_ATTENTION_BLOCK != 0;
        const uint8_t *block = rows + channel / MOTE_ATTENTION_BLOCK * block_bytes;
        for (size_t i = 0; i < p->n_terms; i++, block += row_bytes) {
            float *to = floats + i * MOTE_ATTENTION_PANEL;
            vf scale = vf_set(mote_half_from_f16((uint16_t)(block[0] | block[1] << 8)));
            for (size_t j = 0; j < MOTE_ATTENTION_PANEL; j += VF_LANES) {
                const uint8_t *bytes = block + sizeof(uint16_t) + j;
                vf x = p->type == MOTE_DTYPE_Q8_0 ? vf_load_int8(bytes + (is_upper ? MOTE_ATTENTION_PANEL : 0)) : is_upper ? vf_load_int4_high(bytes) : vf_load_int4_low(bytes);
                vf_store(to + j, vf_mul(scale, x));
            }
        }
    }
}

#endif
