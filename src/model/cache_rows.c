#include "model/cache_rows.h"

#include "kernels/attention.h"

#include <string.h>

size_t mote_cache_window_from(const mote_cache_layout *l, size_t n_tokens) {
    size_t lowest = l->window != 0 && n_tokens + 1 > l->window ? n_tokens + 1 - l->window : 0;
    return lowest / MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_BLOCK;
}

/* From the beginning of a store to the end of the panel that its n-th position is in. */
static size_t store_bytes(const mote_cache_layout *l, bool is_value, size_t n_positions) {
    size_t n = mote_attention_padded(n_positions);
    return is_value ? n * mote_attention_row_bytes(l->type_v, l->head_dim) : n / MOTE_ATTENTION_PANEL * mote_attention_panel_bytes(l->type_k, l->head_dim);
}

static mote_status visit_store(const mote_cache *c, uint32_t layer, uint32_t head, bool is_value, size_t from, size_t to, bool is_left_out, mote_cache_piece_fn fn, void *context) {
    const mote_cache_layout *l = c->layout;
    mote_dtype type = is_value ? l->type_v : l->type_k;
    size_t n_lanes = is_value ? 1 : MOTE_ATTENTION_PANEL;
    if (is_left_out)
        return fn(context, type, n_lanes, NULL, store_bytes(l, is_value, to - from));
    size_t base = mote_cache_base(c, layer), first = store_bytes(l, is_value, from - base);
    uint8_t *store = is_value ? mote_cache_v(c, layer, head) : mote_cache_k(c, layer, head);
    return fn(context, type, n_lanes, store + first, store_bytes(l, is_value, to - base) - first);
}

mote_status mote_cache_visit_rows(const mote_cache *c, size_t from, size_t to, size_t window_from, mote_cache_piece_fn fn, void *context) {
    const mote_cache_layout *l = c->layout;
    mote_status status = MOTE_OK;
    for (uint32_t layer = 0; layer < l->n_layers; layer++)
        for (uint32_t head = 0; head < l->n_kv_heads[layer]; head++)
            for (int is_value = 0; status == MOTE_OK && is_value < 2; is_value++)
                status = visit_store(c, layer, head, is_value, from, to, l->is_windowed[layer] && from < window_from, fn, context);
    return status;
}

size_t mote_cache_rows_bytes(const mote_cache_layout *l, size_t from, size_t to, size_t window_from) {
    size_t n = 0, of_head = store_bytes(l, false, to - from) + store_bytes(l, true, to - from);
    for (uint32_t layer = 0; layer < l->n_layers; layer++)
        n += l->is_windowed[layer] && from < window_from ? 0 : l->n_kv_heads[layer] * of_head;
    return n;
}

mote_status mote_cache_visit_states(const mote_cache *c, bool saved, mote_cache_piece_fn fn, void *context) {
    const mote_cache_layout *l = c->layout;
    uint8_t *copy = c->data + l->saved_offset;
    mote_status status = MOTE_OK;
    for (uint32_t layer = 0; status == MOTE_OK && layer < l->n_layers; copy += l->state_bytes[layer++])
        if (l->state_bytes[layer] != 0)
            status = fn(context, MOTE_DTYPE_F32, 1, saved ? copy : mote_cache_state(c, layer), l->state_bytes[layer]);
    return status;
}

size_t mote_cache_states_bytes(const mote_cache_layout *l) {
    size_t n = 0;
    for (uint32_t layer = 0; layer < l->n_layers; layer++)
        n += l->state_bytes[layer];
    return n;
}

static bool is_finite_32(const uint8_t *bytes, size_t n_bytes) {
    uint32_t x, any = 0;
    for (size_t i = 0; i + sizeof x <= n_bytes; i += sizeof x) {
        memcpy(&x, bytes + i, sizeof x);
        any |= (x & 0x7f800000) == 0x7f800000;
    }
    return any == 0;
}

/* An exponent of ones is an infinity or no number. */
static bool is_finite_16(const uint8_t *bytes, size_t n_bytes, uint16_t exponent) {
    uint16_t x, any = 0;
    for (size_t i = 0; i + sizeof x <= n_bytes; i += sizeof x) {
        memcpy(&x, bytes + i, sizeof x);
        any |= (x & exponent) == exponent;
    }
    return any == 0;
}

/* Blocks: n_lanes scales, then the integers that they scale. */
static bool are_scales_finite(mote_dtype type, size_t n_lanes, const uint8_t *bytes, size_t n_bytes) {
    size_t blocks_bytes = n_lanes * mote_dtype_row_bytes(type, MOTE_ATTENTION_BLOCK), scales_bytes = n_lanes * sizeof(uint16_t);
    bool is_finite = true;
    for (size_t i = 0; i + blocks_bytes <= n_bytes; i += blocks_bytes)
        is_finite = is_finite && is_finite_16(bytes + i, scales_bytes, 0x7c00);
    return is_finite;
}

bool mote_cache_is_finite(mote_dtype type, size_t n_lanes, const uint8_t *bytes, size_t n_bytes) {
    switch (type) {
    case MOTE_DTYPE_F32:
        return is_finite_32(bytes, n_bytes);
    case MOTE_DTYPE_F16:
        return is_finite_16(bytes, n_bytes, 0x7c00);
    case MOTE_DTYPE_BF16:
        return is_finite_16(bytes, n_bytes, 0x7f80);
    case MOTE_DTYPE_Q8_0:
    case MOTE_DTYPE_Q4_0:
        return are_scales_finite(type, n_lanes, bytes, n_bytes);
    default:
        return false;
    }
}
