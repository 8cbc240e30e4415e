/* Attention of a pass: a task is one key/value head and a tile of tokens, whose query heads share every key and value that is read, span by span of positions
 * (kernels/attention.h). A single token, which makes few tasks, has a task for each span instead; its spans are joined in the same order afterwards. So who computes what changes
 * no bit. Scores begin at a multiple of 16 positions; what lies before a window or after a token is masked, so that the order of sums depends on positions only. */
#include "model/decoder_private.h"

#include "kernels/attention.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { QUERIES_A_TILE = 48 };

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* As many as share what is read, but few enough for every thread to have a task. */
static size_t tokens_a_tile(const mote_decoder *d, const mote_layer_hparams *l) {
    size_t group = l->n_heads / l->n_kv_heads, n_threads = (size_t)mote_thread_pool_size(d->pool), fair = (d->n * l->n_kv_heads + n_threads - 1) / n_threads;
    return group >= QUERIES_A_TILE ? 1 : least(QUERIES_A_TILE / group, fair);
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

/* Of a span's place in the buffer of a single token: its sum, then the mix. */
static size_t part_floats(const mote_hparams *h) {
    return mote_attention_padded(h->head_dim) + MOTE_ATTENTION_PANEL;
}

static size_t n_spans(size_t n_positions) {
    return (n_positions + MOTE_ATTENTION_SPAN - 1) / MOTE_ATTENTION_SPAN;
}

size_t mote_decoder_tile_floats(const mote_hparams *h) {
    size_t n_queries = mote_decoder_query_tile(h);
    return n_queries * (MOTE_ATTENTION_SPAN + 3 * mote_attention_padded(h->head_dim)) + mote_attention_padded(2 * n_queries * sizeof(mote_attention_sum) / sizeof(float));
}

size_t mote_decoder_parts_floats(const mote_hparams *h, size_t n_positions) {
    return h->n_heads * n_spans(n_positions) * part_floats(h);
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

/* A tile's work: some queries of one key/value head, and a thread's room for them. */
typedef struct tile {
    mote_decoder *d;
    uint32_t layer, head;
    size_t t0, group, n_queries; /* its first token; queries a token */
    float *queries;              /* [n_queries, head_dim] */
    float *scores;               /* [n_queries, MOTE_ATTENTION_SPAN] */
    float *mix, *all_mix;        /* [n_queries, head_dim padded]: of a span, of all */
    mote_attention_sum *sums;    /* [n_queries] */
} tile;

static void begin_tile(tile *tl, mote_decoder *d, uint32_t layer, uint32_t head, size_t t0, size_t n, int worker) {
    const mote_hparams *h = &d->model->h;
    const mote_layer_hparams *l = &h->layers[layer];
    size_t most = mote_decoder_query_tile(h), padded = mote_attention_padded(h->head_dim), group = l->n_heads / l->n_kv_heads, row = (size_t)l->n_heads * h->head_dim;
    float *room = d->tiles + (size_t)worker * d->tile_stride;
    *tl = (tile){.d = d, .layer = layer, .head = head, .t0 = t0, .group = group, .n_queries = n * group};
    tl->scores = room;
    tl->queries = tl->scores + most * MOTE_ATTENTION_SPAN;
    tl->mix = tl->queries + most * padded;
    tl->all_mix = tl->mix + most * padded;
    tl->sums = (mote_attention_sum *)(tl->all_mix + most * padded);
    for (size_t t = 0; t < n; t++)
        memcpy(tl->queries + t * group * h->head_dim, d->q + (t0 + t) * row + head * group * h->head_dim, group * h->head_dim * sizeof *tl->queries);
}

static size_t position_of(const tile *tl, size_t query) {
    return tl->d->first_position + tl->t0 + query / tl->group;
}

/* Turns one query's scores of positions first … last - 1 into weights, zero outside of what it sees. */
static mote_attention_sum weigh(const tile *tl, size_t query, float *scores, size_t first, size_t last) {
    const mote_model *m = tl->d->model;
    size_t position = position_of(tl, query), from = seen_from(tl->d, tl->layer, position), to = least(seen_to(tl->d, tl->layer, position), last);
    from = from > first ? from : first;
    for (size_t p = first; p < from; p++)
        scores[p - first] = -INFINITY;
    if (m->h.attn_softcap != 0)
        m->kernels.softcap(scores + (from - first), m->h.attn_softcap, to - from);
    mote_attention_sum sum = m->kernels.attn.weigh(scores, to - first);
    memset(scores + (to - first), 0, (last - to) * sizeof *scores);
    return sum;
}

/* The queries first … end - 1 that see something of the span that begins at `begin`; what one sees moves up with its position. */
static void find_queries(const tile *tl, size_t begin, size_t *first, size_t *end) {
    *first = 0;
    *end = tl->n_queries;
    while (*first < *end && seen_to(tl->d, tl->layer, position_of(tl, *first)) <= begin)
        *first += tl->group;
    while (*end > *first && seen_from(tl->d, tl->layer, position_of(tl, *end - 1)) >= begin + MOTE_ATTENTION_SPAN)
        *end -= tl->group;
}

/* Sums and mix of queries first_query … end_query - 1 over the span that begins at `begin`; each sees something of it. */
static void attend_span(const tile *tl, size_t begin, size_t first_query, size_t end_query, mote_attention_sum *sums, float *mix, size_t mix_stride) {
    const mote_model *m = tl->d->model;
    const mote_cache *c = tl->d->cache;
    size_t hd = m->h.head_dim, base = mote_cache_base(c, tl->layer), n = end_query - first_query;
    size_t first = seen_from(tl->d, tl->layer, position_of(tl, first_query)) / MOTE_ATTENTION_PANEL * MOTE_ATTENTION_PANEL;
    size_t last = least(seen_to(tl->d, tl->layer, position_of(tl, end_query - 1)), begin + MOTE_ATTENTION_SPAN);
    first = first > begin ? first : begin;
    m->kernels.attn.scores(mote_cache_k(c, tl->layer, tl->head), c->layout->type_k, hd, first - base, last - base, tl->queries + first_query * hd, hd, n, m->h.attn_scale,
                           tl->scores, MOTE_ATTENTION_SPAN);
    for (size_t i = 0; i < n; i++)
        sums[i] = weigh(tl, first_query + i, tl->scores + i * MOTE_ATTENTION_SPAN, first, last);
    m->kernels.attn.mix(mote_cache_v(c, tl->layer, tl->head), c->layout->type_v, hd, first - base, last - base, tl->scores, MOTE_ATTENTION_SPAN, n, mix, mix_stride);
}

static void write_query(const tile *tl, size_t query, mote_attention_sum sum, const float *mix) {
    const mote_hparams *h = &tl->d->model->h;
    float *out = tl->d->attn + (tl->t0 + query / tl->group) * tl->d->model->h.layers[tl->layer].n_heads * h->head_dim + (tl->head * tl->group + query % tl->group) * h->head_dim;
    memcpy(out, mix, h->head_dim * sizeof *out);
    tl->d->model->kernels.scale(out, 1 / sum.sum, h->head_dim);
}

static void attend_tile(const tile *tl) {
    const mote_hparams *h = &tl->d->model->h;
    size_t padded = mote_attention_padded(h->head_dim), last = seen_to(tl->d, tl->layer, position_of(tl, tl->n_queries - 1));
    mote_attention_sum *span_sums = tl->sums + tl->n_queries;
    for (size_t i = 0; i < tl->n_queries; i++)
        tl->sums[i] = (mote_attention_sum){-FLT_MAX, 0};
    memset(tl->all_mix, 0, tl->n_queries * padded * sizeof *tl->all_mix);
    for (size_t begin = seen_from(tl->d, tl->layer, position_of(tl, 0)) / MOTE_ATTENTION_SPAN * MOTE_ATTENTION_SPAN; begin < last; begin += MOTE_ATTENTION_SPAN) {
        size_t first_query, end_query;
        find_queries(tl, begin, &first_query, &end_query);
        attend_span(tl, begin, first_query, end_query, span_sums, tl->mix, padded);
        for (size_t i = first_query; i < end_query; i++)
            tl->d->model->kernels.attn.join(&tl->sums[i], tl->all_mix + i * padded, span_sums[i - first_query], tl->mix + (i - first_query) * padded, h->head_dim);
    }
    for (size_t i = 0; i < tl->n_queries; i++)
        write_query(tl, i, tl->sums[i], tl->all_mix + i * padded);
}

/* The spans of a single token; 1 or less: it isn't split. */
static size_t split_spans(const mote_decoder *d, uint32_t layer, size_t *first) {
    *first = seen_from(d, layer, d->first_position) / MOTE_ATTENTION_SPAN;
    return d->n == 1 ? n_spans(seen_to(d, layer, d->first_position)) - *first : 0;
}

static float *part_at(const mote_decoder *d, uint32_t layer, size_t head, size_t span, size_t n) {
    const mote_layer_hparams *l = &d->model->h.layers[layer];
    return d->parts + (head * n + span) * (l->n_heads / l->n_kv_heads) * part_floats(&d->model->h);
}

size_t mote_decoder_attention_tasks(const mote_decoder *d, uint32_t layer) {
    const mote_layer_hparams *l = &d->model->h.layers[layer];
    size_t first, n = split_spans(d, layer, &first), tile_tokens = tokens_a_tile(d, l);
    return (n > 1 ? n : (d->n + tile_tokens - 1) / tile_tokens) * l->n_kv_heads;
}

void mote_decoder_attend(mote_decoder *d, uint32_t layer, size_t task, int worker) {
    const mote_layer_hparams *l = &d->model->h.layers[layer];
    uint32_t head = (uint32_t)(task % l->n_kv_heads);
    size_t first, n = split_spans(d, layer, &first), tile_tokens = tokens_a_tile(d, l), t0 = n > 1 ? 0 : task / l->n_kv_heads * tile_tokens;
    tile tl;
    begin_tile(&tl, d, layer, head, t0, least(tile_tokens, d->n - t0), worker);
    if (n <= 1) {
        attend_tile(&tl);
        return;
    }
    size_t span = task / l->n_kv_heads, stride = part_floats(&d->model->h);
    float *part = part_at(d, layer, head, span, n);
    attend_span(&tl, (first + span) * MOTE_ATTENTION_SPAN, 0, tl.group, tl.sums, part + MOTE_ATTENTION_PANEL, stride);
    for (size_t i = 0; i < tl.group; i++)
        memcpy(part + i * stride, &tl.sums[i], sizeof tl.sums[i]);
}

void mote_decoder_join_spans(mote_decoder *d, uint32_t layer, int worker) {
    const mote_hparams *h = &d->model->h;
    const mote_layer_hparams *l = &h->layers[layer];
    size_t first, n = split_spans(d, layer, &first), stride = part_floats(h);
    if (n <= 1)
        return;
    for (uint32_t head = 0; head < l->n_kv_heads; head++) {
        tile tl;
        begin_tile(&tl, d, layer, head, 0, 1, worker);
        for (size_t i = 0; i < tl.group; i++) {
            mote_attention_sum all = {-FLT_MAX, 0}, next;
            memset(tl.all_mix, 0, h->head_dim * sizeof *tl.all_mix);
            for (size_t span = 0; span < n; span++) {
                const float *part = part_at(d, layer, head, span, n) + i * stride;
                memcpy(&next, part, sizeof next);
                d->model->kernels.attn.join(&all, tl.all_mix, next, part + MOTE_ATTENTION_PANEL, h->head_dim);
            }
            write_query(&tl, i, all, tl.all_mix);
        }
    }
}
