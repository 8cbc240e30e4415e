/* What a timeline keeps of its tokens: for each attention layer and key/value head one key store and one value store (kernels/attention.h has their layout). A layer with a
 * sliding window keeps its window only: its stores begin at a base position that moves up as tokens come. */
#ifndef MOTE_MODEL_CACHE_H
#define MOTE_MODEL_CACHE_H

#include "base/dtype.h"
#include "model/hparams.h"

#include <stddef.h>
#include <stdint.h>

/* How the bytes of a cache are laid out: the same for all timelines of an engine. */
typedef struct mote_cache_layout {
    mote_dtype type_k, type_v;
    size_t head_dim, n_layers;
    size_t n_positions[2];         /* a store holds: of layers without and with a window */
    size_t k_bytes[2], v_bytes[2]; /* of one store of each */
    size_t window;
    uint32_t n_kv_heads[MOTE_HPARAMS_MAX_LAYERS];
    bool is_windowed[MOTE_HPARAMS_MAX_LAYERS];
    size_t offset[MOTE_HPARAMS_MAX_LAYERS];      /* of a layer's first store, or its state */
    size_t state_bytes[MOTE_HPARAMS_MAX_LAYERS]; /* of recurrent layers (model/recurrent.h); else 0 */
    bool has_states;                             /* some layers keep a state that can't go back, */
    size_t saved_offset;                         /* but to where a copy of all states was made */
    size_t n_bytes;
} mote_cache_layout;

typedef struct mote_cache {
    const mote_cache_layout *layout;
    uint8_t *data;      /* layout->n_bytes, 64-byte aligned, borrowed */
    size_t n_saved;     /* the tokens that the copy of the states has seen; 0: there is none */
    size_t window_base; /* the first position in the stores of windowed layers, a multiple of 32 */
} mote_cache;

/* For n_positions in passes of at most n_batch tokens. */
void mote_cache_layout_init(mote_cache_layout *c, const mote_hparams *h, mote_dtype type_k, mote_dtype type_v, size_t n_positions, size_t n_batch);
/* The bytes need no initial value, but must be finite numbers: zero them once. The layout is borrowed. */
void mote_cache_init(mote_cache *c, const mote_cache_layout *layout, void *data);
void *mote_cache_k(const mote_cache *c, uint32_t layer, uint32_t head);
void *mote_cache_v(const mote_cache *c, uint32_t layer, uint32_t head);
/* The position at which a layer's stores begin. */
static inline size_t mote_cache_base(const mote_cache *c, uint32_t layer) {
    return c->layout->is_windowed[layer] ? c->window_base : 0;
}
/* The state of a layer that keeps one. */
void *mote_cache_state(const mote_cache *c, uint32_t layer);
/* Makes room for positions first … first + n - 1; drops what no window reaches any more, and begins states anew where first is 0. first is 0 or at most one past what was there. */
void mote_cache_make_room(mote_cache *c, size_t first, size_t n);
/* Copies the states of a cache of n_tokens, so that it can go back to here. */
void mote_cache_save_states(mote_cache *c, size_t n_tokens);
/* Makes a cache of n_now tokens one of n_keep, or of as many before as it still has all of that the next token will see; gives their number. */
size_t mote_cache_go_back(mote_cache *c, size_t n_now, size_t n_keep);

#endif
