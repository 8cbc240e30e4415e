/* Attention of a pass: a task is one key/value head and a tile of tokens, whose query heads share every key and value that is read.
 * Scores begin at a multiple of 16 positions; what lies before a window or after a token is masked, so that the order of sums depends on positions only. */
#include "model/decoder_private.h"

#include <math.h>
#include <string.h>

enum { QUERIES_A_TILE = 16 };

static size_t tokens_a_tile(const mote_hparams *h) {
    size_t group = h->n_heads / h->n_kv_heads;
    return group >= QUERIES_A_TILE ? 1 : QUERIES_A_TILE / group;
}

size_t mote_decoder_query_tile(const mote_hparams *h) {
    return tokens_a_tile(h) * (h->n_heads / h->n_kv_heads);
}

size_t mote_decoder_pad_positions(size_t n) {
    return (n + 15) / 16 * 16;
}

float mote_decoder_embed_scale(const mote_hparams *h) {
    return (float)sqrt((double)h->n_embd);
}

static void prepare_heads(const mote_model *m, float *heads, uint32_t n_heads, const float *bias, const float *norm, const float *cos_sin, float *row) {
    const mote_hparams *h = &m->h;
    if (bias)
        m->kernels.add(heads, bias, (size_t)n_heads * h->head_dim);
    for (uint32_t i = 0; i < n_heads; i++) {
        float *x = heads + (size_t)i * h->head_dim;
        if (norm) {
            m->kernels.rms_norm(x, norm, row, h->head_dim, h->norm_eps);
            memcpy(x, row, h->head_dim * sizeof *x);
        }
        m->kernels.rope(x, cos_sin, h->n_rot, h->rope_neox);
    }
}

void mote_decoder_store_keys(mote_decoder *d, uint32_t layer, size_t t, int worker) {
    const mote_model *m = d->model;
    const mote_hparams *h = &m->h;
    const float *const *vectors = m->w.layers[layer].vectors;
    const float *cos_sin = d->cos_sin[mote_hparams_is_windowed(h, layer)] + t * h->n_rot;
    float *row = d->rows + (size_t)worker * d->row_stride;
    size_t n_kv = (size_t)h->n_kv_heads * h->head_dim;
    float *k = d->k + t * n_kv, *v = d->v + t * n_kv;
    prepare_heads(m, d->q + t * h->n_heads * h->head_dim, h->n_heads, vectors[MOTE_SLOT_Q_BIAS], vectors[MOTE_SLOT_Q_NORM], cos_sin, row);
    prepare_heads(m, k, h->n_kv_heads, vectors[MOTE_SLOT_K_BIAS], vectors[MOTE_SLOT_K_NORM], cos_sin, row);
    if (vectors[MOTE_SLOT_V_BIAS])
        m->kernels.add(v, vectors[MOTE_SLOT_V_BIAS], n_kv);
    for (uint32_t i = 0; i < h->n_kv_heads; i++) {
        m->kernels.attn.store_k(mote_cache_k(d->cache, layer, i), d->cache->type_k, h->head_dim, d->first_position + t, k + (size_t)i * h->head_dim);
        m->kernels.attn.store_v(mote_cache_v(d->cache, layer, i), d->cache->type_v, h->head_dim, d->first_position + t, v + (size_t)i * h->head_dim);
    }
}

size_t mote_decoder_attention_tasks(const mote_decoder *d) {
    size_t tile = tokens_a_tile(&d->model->h);
    return (d->n + tile - 1) / tile * d->model->h.n_kv_heads;
}

/* The first position that a token at `position` sees. */
static size_t window_start(const mote_hparams *h, uint32_t layer, size_t position) {
    return mote_hparams_is_windowed(h, layer) && position + 1 > h->window ? position + 1 - h->window : 0;
}

/* Turns one query's scores into weights, zero outside its own range; returns 1 / their sum. */
static float weigh(const mote_decoder *d, float *scores, size_t first, size_t from, size_t to, size_t last) {
    const mote_model *m = d->model;
    for (size_t p = first; p < from; p++)
        scores[p - first] = -INFINITY;
    if (m->h.attn_softcap != 0)
        m->kernels.softcap(scores + (from - first), m->h.attn_softcap, to - from);
    float sum = m->kernels.attn.softmax(scores, to - first);
    memset(scores + (to - first), 0, (last - to) * sizeof *scores);
    return 1 / sum;
}

void mote_decoder_attend(mote_decoder *d, uint32_t layer, size_t task, int worker) {
    const mote_model *m = d->model;
    const mote_hparams *h = &m->h;
    size_t tile = tokens_a_tile(h), group = h->n_heads / h->n_kv_heads, hd = h->head_dim, hd_padded = mote_decoder_pad_positions(hd);
    uint32_t head = (uint32_t)(task % h->n_kv_heads);
    size_t t0 = task / h->n_kv_heads * tile, n = d->n - t0 < tile ? d->n - t0 : tile, n_queries = n * group;
    size_t last = d->first_position + t0 + n, first = window_start(h, layer, d->first_position + t0) / 16 * 16;
    float *scores = d->scores + (size_t)worker * d->scores_stride;
    float *queries = d->queries + (size_t)worker * d->queries_stride, *sums = queries + d->queries_stride / 2;
    size_t row = (size_t)h->n_heads * hd, stride = mote_decoder_pad_positions(last - first);
    for (size_t t = 0; t < n; t++)
        memcpy(queries + t * group * hd, d->q + (t0 + t) * row + head * group * hd, group * hd * sizeof *queries);
    m->kernels.attn.scores(mote_cache_k(d->cache, layer, head), d->cache->type_k, hd, first, last, queries, hd, n_queries, h->attn_scale, scores, stride);
    float *inverse = queries; /* the queries are used up */
    for (size_t i = 0; i < n_queries; i++) {
        size_t position = d->first_position + t0 + i / group;
        inverse[i] = weigh(d, scores + i * stride, first, window_start(h, layer, position), position + 1, last);
    }
    m->kernels.attn.mix(mote_cache_v(d->cache, layer, head), d->cache->type_v, hd, first, last, scores, stride, n_queries, sums, hd_padded);
    for (size_t i = 0; i < n_queries; i++) {
        float *out = d->attn + (t0 + i / group) * row + (head * group + i % group) * hd;
        memcpy(out, sums + i * hd_padded, hd * sizeof *out);
        m->kernels.scale(out, inverse[i], hd);
    }
}
