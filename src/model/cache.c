#include "model/cache.h"

#include "kernels/attention.h"
#include "kernels/kernels.h"
#include "model/recurrent.h"

#include <string.h>

/* Windows move down in strides of about this many positions, so that moving costs little. */
enum { WINDOW_SLACK = 256 };

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

static size_t round_up_16(size_t n) {
    return (n + 15) / 16 * 16;
}

void mote_cache_layout_init(mote_cache_layout *c, const mote_hparams *h, mote_dtype type_k, mote_dtype type_v, size_t n_positions, size_t n_batch) {
    *c = (mote_cache_layout){.type_k = type_k, .type_v = type_v, .head_dim = h->head_dim, .n_layers = h->n_layers, .window = h->window};
    size_t windowed = round_up_16(h->window) + MOTE_ATTENTION_BLOCK + round_up_16(n_batch) + WINDOW_SLACK;
    c->n_positions[0] = n_positions;
    c->n_positions[1] = windowed < n_positions ? windowed : n_positions;
    for (int i = 0; i < 2; i++) {
        c->k_bytes[i] = round_up(mote_attn_store_bytes(type_k, h->head_dim, c->n_positions[i]));
        c->v_bytes[i] = round_up(mote_attn_store_bytes(type_v, h->head_dim, c->n_positions[i]));
    }
    for (uint32_t l = 0; l < h->n_layers; l++) {
        const mote_layer_hparams *layer = &h->layers[l];
        c->offset[l] = c->n_bytes;
        c->is_windowed[l] = mote_hparams_is_windowed(h, l);
        c->n_kv_heads[l] = layer->mixer == MOTE_MIXER_ATTENTION ? layer->n_kv_heads : 0;
        c->state_bytes[l] = round_up(mote_recurrent_state_floats(h, layer->mixer) * sizeof(float));
        c->has_states |= c->state_bytes[l] != 0;
        c->n_bytes += c->n_kv_heads[l] * (c->k_bytes[c->is_windowed[l]] + c->v_bytes[c->is_windowed[l]]) + c->state_bytes[l];
    }
    c->saved_offset = c->n_bytes;
    for (uint32_t l = 0; l < h->n_layers; l++)
        c->n_bytes += c->state_bytes[l];
}

void mote_cache_init(mote_cache *c, const mote_cache_layout *layout, void *data) {
    *c = (mote_cache){.layout = layout, .data = data};
}

void *mote_cache_k(const mote_cache *c, uint32_t layer, uint32_t head) {
    const mote_cache_layout *l = c->layout;
    int w = l->is_windowed[layer];
    return c->data + l->offset[layer] + head * (l->k_bytes[w] + l->v_bytes[w]);
}

void *mote_cache_v(const mote_cache *c, uint32_t layer, uint32_t head) {
    return (uint8_t *)mote_cache_k(c, layer, head) + c->layout->k_bytes[c->layout->is_windowed[layer]];
}

void *mote_cache_state(const mote_cache *c, uint32_t layer) {
    return c->data + c->layout->offset[layer];
}

/* As before the first token. */
static void clear_states(mote_cache *c) {
    for (uint32_t l = 0; l < c->layout->n_layers; l++)
        memset(mote_cache_state(c, l), 0, c->layout->state_bytes[l]);
}

/* Both stores are one row or panel after the other, so that a multiple of the attention's block moves as bytes. */
static void move_down(uint8_t *store, size_t store_bytes, size_t moved) {
    memmove(store, store + moved, store_bytes - moved);
}

void mote_cache_make_room(mote_cache *c, size_t first, size_t n) {
    const mote_cache_layout *l = c->layout;
    if (first == 0) {
        c->window_base = 0;
        c->n_saved = 0;
        clear_states(c);
    }
    if (l->window == 0 || first + n <= c->window_base + l->n_positions[1])
        return;
    size_t lowest = first + 1 > l->window ? first + 1 - l->window : 0;
    size_t by = lowest / MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_BLOCK - c->window_base; /* sums keep their order (kernels/attention.h) */
    size_t k = by / MOTE_ATTENTION_PANEL * mote_attention_panel_bytes(l->type_k, l->head_dim), v = by * mote_attention_row_bytes(l->type_v, l->head_dim);
    for (uint32_t layer = 0; layer < l->n_layers; layer++)
        for (uint32_t head = 0; l->is_windowed[layer] && head < l->n_kv_heads[layer]; head++) {
            move_down(mote_cache_k(c, layer, head), l->k_bytes[1], k);
            move_down(mote_cache_v(c, layer, head), l->v_bytes[1], v);
        }
    c->window_base += by;
}

/* Between the layers and the copy, which has their states one after the other. */
static void copy_states(mote_cache *c, bool saves) {
    uint8_t *saved = c->data + c->layout->saved_offset;
    for (uint32_t l = 0; l < c->layout->n_layers; saved += c->layout->state_bytes[l++])
        memcpy(saves ? saved : mote_cache_state(c, l), saves ? mote_cache_state(c, l) : saved, c->layout->state_bytes[l]);
}

void mote_cache_save_states(mote_cache *c, size_t n_tokens) {
    if (!c->layout->has_states || c->n_saved == n_tokens)
        return;
    copy_states(c, true);
    c->n_saved = n_tokens;
}

size_t mote_cache_go_back(mote_cache *c, size_t n_now, size_t n_keep) {
    if (n_keep == n_now)
        return n_keep;
    if (c->n_saved > n_keep)
        c->n_saved = 0;
    if (c->layout->has_states)
        n_keep = c->n_saved;
    size_t lowest = n_keep + 1 > c->layout->window ? n_keep + 1 - c->layout->window : 0;
    if (c->layout->window != 0 && lowest < c->window_base)
        n_keep = c->n_saved = 0;
    if (n_keep != 0 && c->layout->has_states)
        copy_states(c, false);
    return n_keep;
}
