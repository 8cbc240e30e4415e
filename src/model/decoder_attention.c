/* Attention of a pass: a task is one key/value head and a tile of tokens, whose query heads share every key and value that is read.
 * Scores begin at a multiple of 16 positions; what lies before a window or after a token is masked, so that the order of sums depends on positions only. */
#include "model/decoder_private.h"

#include <math.h>
#include <string.h>

enum { QUERIES_A_TILE = 16 };

static size_t tokens_a_tile(const mote_layer_hparams *l) {
    size_t group = l->n_heads / l->n_kv_heads;
    return group >= QUERIES_A_TILE ? 1 : QUERIES_A_TILE / group;
}

size_t mote_decoder_query_tile(const mote_hparams *h) {
    size_t most = QUERIES_A_TILE; /* tiles of smaller groups hold at most that many */
    for (uint32_t i = 0; i < h->n_layers; i++) {
        const mote_layer_hparams *l = &h->layers[i];
        if (l->mixer == MOTE_MIXER_ATTENTION && l->n_heads / l->n_kv_heads > most)
            most = l->n_heads / l->n_kv_heads;
    }
    return most;
}

size_t mote_decoder_pad_positions(size_t n) {
    return (n + 15) / 16 * 16;
}

/* Bias, norm and rotation of one token's heads. cos_sin NULL: no rotation. */
static void prepare_heads(const mote_model *m, float *heads, uint32_t n_heads, const float *bias, const float *norm, const float *cos_sin, float *row) {
    const mote_hparams *h = &m->h;
    size_t n = (size_t)n_heads * h->head_dim;
    if (bias)
        m->kernels.add(heads, bias, n);
    if (norm && h->family->norms_whole_heads)
        m->kernels.rms_norm(heads, norm, heads, n, h->norm_eps);
    for (uint32_t i = 0; i < n_heads; i++) {
        float *x = heads + (size_t)i * h->head_dim;
        if (norm && !h->family->norms_whole_heads) {
            m->kernels.rms_norm(x, norm, row, h->head_dim, h->norm_eps);
            memcpy(x, row, h->head_dim * sizeof *x);
        }
        if (cos_sin)
            m->kernels.rope(x, cos_sin, h->n_rot, h->rope_neox);
    }
}

void mote_decoder_store_keys(mote_decoder *d, uint32_t layer, size_t t, int worker) {
    const mote_model *m = d->model;
    const mote_hparams *h = &m->h;
    const mote_layer_hparams *l = &h->layers[layer];
    const mote_cache *c = d->cache;
    const float *const *vectors = m->w.layers[layer].vectors;
    const float *cos_sin = l->has_rope ? d->cos_sin[mote_hparams_is_windowed(h, layer)] + t * h->n_rot : NULL;
    float *row = d->rows + (size_t)worker * d->row_stride;
    size_t n_kv = (size_t)l->n_kv_heads * h->head_dim, position = d->first_position + t - mote_cache_base(c, layer);
    float *k = d->k + t * n_kv, *v = d->v + t * n_kv;
    prepare_heads(m, d->q + t * l->n_heads * h->head_dim, l->n_heads, vectors[MOTE_SLOT_Q_BIAS], vectors[MOTE_SLOT_Q_NORM], cos_sin, row);
    prepare_heads(m, k, l->n_kv_heads, vectors[MOTE_SLOT_K_BIAS], vectors[MOTE_SLOT_K_NORM], cos_sin, row);
    if (vectors[MOTE_SLOT_V_BIAS])
        m->kernels.add(v, vectors[MOTE_SLOT_V_BIAS], n_kv);
    for (uint32_t i = 0; i < l->n_kv_heads; i++) {
        m->kernels.attn.store_k(mote_cache_k(c, layer, i), c->layout->type_k, h->head_dim, position, k + (size_t)i * h->head_dim);
        m->kernels.attn.store_v(mote_cache_v(c, layer, i), c->layout->type_v, h->head_dim, position, v + (size_t)i * h->head_dim);
    }
}

size_t mote_decoder_attention_tasks(const mote_decoder *d, uint32_t layer) {
    const mote_layer_hparams *l = &d->model->h.layers[layer];
    size_t tile = tokens_a_tile(l);
    return (d->n + tile - 1) / tile * l->n_kv_heads;
}

/* The positions that a token sees: from …, to exclusive. Where tokens see both ways a window reaches half its width to each side, and all tokens are in one pass. */
static size_t seen_from(const mote_decoder *d, uint32_t layer, size_t position) {
    const mote_hparams *h = &d->model->h;
    if (!mote_hparams_is_windowed(h, layer))
        return 0;
    size_t back = h->family->encodes_by_decoder ? h->window / 2 : h->window - 1;
    return position > back ? position - back : 0;
}

static size_t seen_to(const mote_decoder *d, uint32_t layer, size_t position) {
    const mote_hparams *h = &d->model->h;
    if (!h->family->encodes_by_decoder)
        return position + 1;
    size_t all = d->first_position + d->n, reach = position + 1 + h->window / 2;
    return mote_hparams_is_windowed(h, layer) && reach < all ? reach : all;
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
    const mote_layer_hparams *l = &h->layers[layer];
    const mote_cache *c = d->cache;
    size_t tile = tokens_a_tile(l), group = l->n_heads / l->n_kv_heads, hd = h->head_dim, hd_padded = mote_decoder_pad_positions(hd);
    uint32_t head = (uint32_t)(task % l->n_kv_heads);
    size_t t0 = task / l->n_kv_heads * tile, n = d->n - t0 < tile ? d->n - t0 : tile, n_queries = n * group, base = mote_cache_base(c, layer);
    size_t last = seen_to(d, layer, d->first_position + t0 + n - 1), first = seen_from(d, layer, d->first_position + t0) / 16 * 16;
    float *scores = d->scores + (size_t)worker * d->scores_stride;
    float *queries = d->queries + (size_t)worker * d->queries_stride, *sums = queries + d->queries_stride / 2;
    size_t row = (size_t)l->n_heads * hd, stride = mote_decoder_pad_positions(last - first);
    for (size_t t = 0; t < n; t++)
        memcpy(queries + t * group * hd, d->q + (t0 + t) * row + head * group * hd, group * hd * sizeof *queries);
    m->kernels.attn.scores(mote_cache_k(c, layer, head), c->layout->type_k, hd, first - base, last - base, queries, hd, n_queries, h->attn_scale, scores, stride);
    float *inverse = queries; /* the queries are used up */
    for (size_t i = 0; i < n_queries; i++) {
        size_t position = d->first_position + t0 + i / group;
        inverse[i] = weigh(d, scores + i * stride, first, seen_from(d, layer, position), seen_to(d, layer, position), last);
    }
    m->kernels.attn.mix(mote_cache_v(c, layer, head), c->layout->type_v, hd, first - base, last - base, scores, stride, n_queries, sums, hd_padded);
    for (size_t i = 0; i < n_queries; i++) {
        float *out = d->attn + (t0 + i / group) * row + (head * group + i % group) * hd;
        memcpy(out, sums + i * hd_padded, hd * sizeof *out);
        m->kernels.scale(out, inverse[i], hd);
    }
}
