/* The key-value cache of one timeline: for each layer and key/value head one key store and one value store (kernels/attention.h has their layout). */
#ifndef MOTE_MODEL_CACHE_H
#define MOTE_MODEL_CACHE_H

#include "base/dtype.h"
#include "model/hparams.h"

#include <stddef.h>
#include <stdint.h>

typedef struct mote_cache {
    mote_dtype type_k, type_v;
    size_t n_positions;
    uint32_t n_kv_heads;
    size_t k_bytes, v_bytes; /* of one store */
    uint8_t *data;           /* [n_layers][n_kv_heads] x (key store, value store), 64-byte aligned, borrowed */
} mote_cache;

/* Bytes of `data` for n_positions. */
size_t mote_cache_bytes(const mote_hparams *h, mote_dtype type_k, mote_dtype type_v, size_t n_positions);
/* Describes a cache over data of mote_cache_bytes. The bytes need no initial value, but must be finite numbers: zero them once. */
void mote_cache_init(mote_cache *c, const mote_hparams *h, mote_dtype type_k, mote_dtype type_v, size_t n_positions, void *data);
void *mote_cache_k(const mote_cache *c, uint32_t layer, uint32_t head);
void *mote_cache_v(const mote_cache *c, uint32_t layer, uint32_t head);

#endif
