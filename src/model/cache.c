#include "model/cache.h"

#include "kernels/kernels.h"

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

size_t mote_cache_bytes(const mote_hparams *h, mote_dtype type_k, mote_dtype type_v, size_t n_positions) {
    size_t pair = round_up(mote_attn_store_bytes(type_k, h->head_dim, n_positions)) + round_up(mote_attn_store_bytes(type_v, h->head_dim, n_positions));
    return pair * h->n_layers * h->n_kv_heads;
}

void mote_cache_init(mote_cache *c, const mote_hparams *h, mote_dtype type_k, mote_dtype type_v, size_t n_positions, void *data) {
    *c = (mote_cache){.type_k = type_k, .type_v = type_v, .n_positions = n_positions, .n_kv_heads = h->n_kv_heads, .data = data};
    c->k_bytes = round_up(mote_attn_store_bytes(type_k, h->head_dim, n_positions));
    c->v_bytes = round_up(mote_attn_store_bytes(type_v, h->head_dim, n_positions));
}

void *mote_cache_k(const mote_cache *c, uint32_t layer, uint32_t head) {
    return c->data + ((size_t)layer * c->n_kv_heads + head) * (c->k_bytes + c->v_bytes);
}

void *mote_cache_v(const mote_cache *c, uint32_t layer, uint32_t head) {
    return c->data + ((size_t)layer * c->n_kv_heads + head) * (c->k_bytes + c->v_bytes) + c->k_bytes;
}
