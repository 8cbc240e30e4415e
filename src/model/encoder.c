#include "model/encoder.h"

#include "base/error.h"
#include "base/mem.h"
#include "kernels/attention.h"
#include "model/acts.h"
#include "model/cache.h"
#include "model/rope.h"

#include <string.h>

enum { QUERIES_A_TILE = 16 };

/* Where a token of the pass comes from and where its keys and values lie. */
typedef struct place {
    int32_t id;
    uint32_t type, position; /* in its text */
    uint32_t stored;
} place;

/* Queries of one text that attention computes together. */
typedef struct tile {
    uint32_t first, n;               /* tokens of the pass */
    uint32_t stored_from, stored_to; /* what they see */
} tile;

struct mote_encoder {
    const mote_model *model;
    mote_thread_pool *pool;
    uint8_t *memory;                   /* owns every buffer below */
    float *x, *out, *q, *k, *v, *attn; /* [n_room, n_embd] */
    float *gate, *up;                  /* [n_room, n_ff]; gate NULL: the network has none */
    float *cos_sin;                    /* [n_room, n_rot]; NULL: positions come from a table */
    float *scores;                     /* [queries, n_room] a thread */
    float *sums;                       /* [queries, head_dim padded] a thread */
    size_t score_stride, sum_stride;   /* of a query */
    mote_act_buffer acts;
    mote_cache_layout layout; /* of one layer */
    mote_cache cache;
    place *places; /* [n_room] */
    tile *tiles;   /* [n_room] */
    size_t n, n_tiles;
};

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

/* Texts begin at the attention's blocks, so that sums are added up as if each were alone. */
size_t mote_encoder_room(size_t n) {
    return (n + MOTE_ATTENTION_BLOCK - 1) / MOTE_ATTENTION_BLOCK * MOTE_ATTENTION_BLOCK;
}

typedef struct buffer_sizes {
    size_t row, up, gate, cos_sin, scores, sums, cache, places, tiles, acts, widest, total;
} buffer_sizes;

static buffer_sizes sizes_of(const mote_model *m, const mote_cache_layout *layout, size_t n, size_t threads) {
    const mote_hparams *h = &m->h;
    size_t widest = h->n_ff > h->n_embd ? h->n_ff : h->n_embd;
    buffer_sizes s = {
        .row = round_up(n * h->n_embd * sizeof(float)),
        .up = round_up(n * h->n_ff * sizeof(float)),
        .gate = m->w.layers[0].m[MOTE_SLOT_GATE].data ? round_up(n * h->n_ff * sizeof(float)) : 0,
        .cos_sin = h->layers[0].has_rope ? round_up(n * h->n_rot * sizeof(float)) : 0,
        .scores = round_up(n * sizeof(float)) * QUERIES_A_TILE,
        .sums = round_up(mote_attention_padded(h->head_dim) * sizeof(float)) * QUERIES_A_TILE,
        .cache = round_up(layout->n_bytes),
        .places = round_up(n * sizeof(place)),
        .tiles = round_up(n * sizeof(tile)),
        .acts = mote_act_buffer_bytes(n, widest),
        .widest = widest,
    };
    s.total = 6 * s.row + s.up + s.gate + s.cos_sin + threads * (s.scores + s.sums) + s.cache + s.places + s.tiles + s.acts;
    return s;
}

static void lay_out(mote_encoder *e, const buffer_sizes *s, size_t n, size_t threads) {
    uint8_t *memory = e->memory;
#define TAKE(n_bytes) ((void *)(memory += (n_bytes), memory - (n_bytes)))
    float **rows[] = {&e->x, &e->out, &e->q, &e->k, &e->v, &e->attn};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        *rows[i] = TAKE(s->row);
    e->up = TAKE(s->up);
    e->gate = s->gate ? TAKE(s->gate) : NULL;
    e->cos_sin = s->cos_sin ? TAKE(s->cos_sin) : NULL;
    e->scores = TAKE(threads * s->scores);
    e->score_stride = s->scores / QUERIES_A_TILE / sizeof(float);
    e->sums = TAKE(threads * s->sums);
    e->sum_stride = s->sums / QUERIES_A_TILE / sizeof(float);
    mote_cache_init(&e->cache, &e->layout, TAKE(s->cache));
    e->places = TAKE(s->places);
    e->tiles = TAKE(s->tiles);
    mote_act_buffer_init(&e->acts, n, s->widest, memory);
#undef TAKE
}

mote_status mote_encoder_create(const mote_model *model, mote_thread_pool *pool, size_t n_room, mote_encoder **encoder, mote_error *err) {
    size_t threads = (size_t)mote_thread_pool_size(pool), n = mote_encoder_room(n_room);
    *encoder = NULL;
    mote_encoder *e = mote_mem_zalloc_array(1, sizeof *e);
    mote_hparams *one_layer = mote_mem_alloc(sizeof *one_layer);
    if (!e || !one_layer) {
        mote_mem_free(e);
        mote_mem_free(one_layer);
        return mote_error_alloc(err, sizeof *e + sizeof *one_layer);
    }
    *one_layer = model->h;
    one_layer->n_layers = 1;
    mote_cache_layout_init(&e->layout, one_layer, MOTE_DTYPE_F32, MOTE_DTYPE_F32, n, n);
    mote_mem_free(one_layer);
    buffer_sizes s = sizes_of(model, &e->layout, n, threads);
    e->memory = mote_mem_alloc_aligned(s.total);
    if (!e->memory) {
        mote_encoder_free(&e);
        return mote_error_alloc(err, s.total);
    }
    memset(e->memory, 0, s.total);
    e->model = model;
    e->pool = pool;
    lay_out(e, &s, n, threads);
    *encoder = e;
    return MOTE_OK;
}

void mote_encoder_free(mote_encoder **encoder) {
    if (*encoder) {
        mote_mem_free((*encoder)->memory);
        mote_mem_free(*encoder);
    }
    *encoder = NULL;
}

#define FOR_EACH(e, i, n) for (size_t i; (i = (size_t)mote_thread_pool_next((e)->pool)) < (n);)

static void set_acts(mote_encoder *e, size_t t, const float *x, const mote_packed *w) {
    mote_act_buffer_set(&e->acts, &e->model->kernels, mote_pack_act_kind(w->type), t, x, w->k);
}

/* Matrices of one input may be of several types. */
static void set_acts_of(mote_encoder *e, size_t t, const float *x, const mote_packed *const *users, int n_users) {
    bool done[2] = {false, false};
    for (int i = 0; i < n_users; i++) {
        mote_act_kind kind = mote_pack_act_kind(users[i]->type);
        if (users[i]->data && !done[kind])
            set_acts(e, t, x, users[i]);
        done[kind] |= users[i]->data != NULL;
    }
}

static void set_layer_acts(mote_encoder *e, size_t t, const float *x, uint32_t l) {
    const mote_packed *w = e->model->w.layers[l].m, *qkv[] = {&w[MOTE_SLOT_Q], &w[MOTE_SLOT_K], &w[MOTE_SLOT_V]};
    set_acts_of(e, t, x, qkv, 3);
}

static void add_bias(const mote_encoder *e, float *x, const float *bias, size_t n) {
    if (bias)
        e->model->kernels.add(x, bias, n);
}

static void embed(mote_encoder *e, size_t t) {
    const mote_model *m = e->model;
    const place *p = &e->places[t];
    const float *const *v = m->w.vectors;
    size_t n = m->h.n_embd;
    float *x = e->x + t * n;
    mote_pack_get_row(&m->w.token_embd, (size_t)p->id, x);
    if (v[MOTE_SLOT_TYPE_EMBD])
        m->kernels.add(x, v[MOTE_SLOT_TYPE_EMBD] + p->type * n, n);
    if (v[MOTE_SLOT_POSITION_EMBD])
        m->kernels.add(x, v[MOTE_SLOT_POSITION_EMBD] + p->position * n, n);
    if (e->cos_sin)
        mote_rope_angles(m->inv_freq[0], m->h.n_rot, p->position, m->h.rope.attn_factor, e->cos_sin + t * m->h.n_rot);
    m->kernels.layer_norm(x, v[MOTE_SLOT_EMBD_NORM], v[MOTE_SLOT_EMBD_NORM_BIAS], x, n, m->h.norm_eps);
    set_layer_acts(e, t, x, 0);
}

static void store(mote_encoder *e, const mote_layer *layer, size_t t) {
    const mote_hparams *h = &e->model->h;
    const mote_kernels *kernels = &e->model->kernels;
    float *q = e->q + t * h->n_embd, *k = e->k + t * h->n_embd, *v = e->v + t * h->n_embd;
    add_bias(e, q, layer->vectors[MOTE_SLOT_Q_BIAS], h->n_embd);
    add_bias(e, k, layer->vectors[MOTE_SLOT_K_BIAS], h->n_embd);
    add_bias(e, v, layer->vectors[MOTE_SLOT_V_BIAS], h->n_embd);
    for (uint32_t i = 0; i < h->n_heads; i++) {
        size_t at = (size_t)i * h->head_dim;
        if (e->cos_sin) {
            kernels->rope(q + at, e->cos_sin + t * h->n_rot, h->n_rot, h->rope_neox);
            kernels->rope(k + at, e->cos_sin + t * h->n_rot, h->n_rot, h->rope_neox);
        }
        kernels->attn.store_k(mote_cache_k(&e->cache, 0, i), MOTE_DTYPE_F32, h->head_dim, e->places[t].stored, k + at);
        kernels->attn.store_v(mote_cache_v(&e->cache, 0, i), MOTE_DTYPE_F32, h->head_dim, e->places[t].stored, v + at);
    }
}

/* One head of one tile. */
static void attend(mote_encoder *e, const tile *queries, uint32_t head, int worker) {
    const mote_hparams *h = &e->model->h;
    const mote_kernels *k = &e->model->kernels;
    size_t at = (size_t)head * h->head_dim, n_seen = queries->stored_to - queries->stored_from;
    float *scores = e->scores + (size_t)worker * QUERIES_A_TILE * e->score_stride, *sums = e->sums + (size_t)worker * QUERIES_A_TILE * e->sum_stride;
    k->attn.scores(mote_cache_k(&e->cache, 0, head), MOTE_DTYPE_F32, h->head_dim, queries->stored_from, queries->stored_to, e->q + queries->first * (size_t)h->n_embd + at,
                   h->n_embd, queries->n, h->attn_scale, scores, e->score_stride);
    float inverse[QUERIES_A_TILE];
    for (size_t i = 0; i < queries->n; i++)
        inverse[i] = 1 / k->attn.softmax(scores + i * e->score_stride, n_seen);
    k->attn.mix(mote_cache_v(&e->cache, 0, head), MOTE_DTYPE_F32, h->head_dim, queries->stored_from, queries->stored_to, scores, e->score_stride, queries->n, sums, e->sum_stride);
    for (size_t i = 0; i < queries->n; i++) {
        float *out = e->attn + (queries->first + i) * (size_t)h->n_embd + at;
        memcpy(out, sums + i * e->sum_stride, h->head_dim * sizeof *out);
        k->scale(out, inverse[i], h->head_dim);
    }
}

/* x = norm(x + out + bias) */
static void add_and_norm(mote_encoder *e, size_t t, const float *bias, const float *norm, const float *norm_bias) {
    const mote_kernels *k = &e->model->kernels;
    size_t n = e->model->h.n_embd;
    float *x = e->x + t * n;
    add_bias(e, e->out + t * n, bias, n);
    k->add(x, e->out + t * n, n);
    k->layer_norm(x, norm, norm_bias, x, n, e->model->h.norm_eps);
}

static void run_attention(mote_encoder *e, const mote_layer *layer, int worker) {
    const mote_model *m = e->model;
    size_t n_embd = m->h.n_embd, n_tasks = e->n_tiles * m->h.n_heads;
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{&layer->m[MOTE_SLOT_Q], e->q}, {&layer->m[MOTE_SLOT_K], e->k}, {&layer->m[MOTE_SLOT_V], e->v}}, 3, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n)
    store(e, layer, t);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, task, n_tasks)
    attend(e, &e->tiles[task / m->h.n_heads], (uint32_t)(task % m->h.n_heads), worker);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n)
    set_acts(e, t, e->attn + t * n_embd, &layer->m[MOTE_SLOT_O]);
    mote_thread_pool_barrier(e->pool);
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{&layer->m[MOTE_SLOT_O], e->out}}, 1, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
}

static void activate(mote_encoder *e, const mote_layer *layer, size_t t) {
    const mote_kernels *k = &e->model->kernels;
    size_t n_ff = e->model->h.n_ff;
    float *up = e->up + t * n_ff;
    add_bias(e, up, layer->vectors[MOTE_SLOT_UP_BIAS], n_ff);
    if (e->gate)
        k->silu_mul(up, e->gate + t * n_ff, up, n_ff);
    else
        k->gelu_erf(up, up, n_ff);
    set_acts(e, t, up, &layer->m[MOTE_SLOT_DOWN]);
}

static void run_ffn(mote_encoder *e, const mote_layer *layer) {
    const mote_model *m = e->model;
    const mote_packed *up = &layer->m[MOTE_SLOT_UP], *gate = &layer->m[MOTE_SLOT_GATE], *users[] = {up, gate};
    const float *const *v = layer->vectors;
    FOR_EACH(e, t, e->n) {
        add_and_norm(e, t, v[MOTE_SLOT_O_BIAS], v[MOTE_SLOT_ATTN_NORM], v[MOTE_SLOT_ATTN_NORM_BIAS]);
        set_acts_of(e, t, e->x + t * m->h.n_embd, users, 2);
    }
    mote_thread_pool_barrier(e->pool);
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{up, e->up}, {gate, e->gate}}, e->gate ? 2 : 1, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n)
    activate(e, layer, t);
    mote_thread_pool_barrier(e->pool);
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{&layer->m[MOTE_SLOT_DOWN], e->out}}, 1, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
}

static void forward_run(void *context, int worker, int n_workers) {
    mote_encoder *e = context;
    const mote_model *m = e->model;
    (void)n_workers;
    FOR_EACH(e, t, e->n)
    embed(e, t);
    mote_thread_pool_barrier(e->pool);
    for (uint32_t l = 0; l < m->h.n_layers; l++) {
        const mote_layer *layer = &m->w.layers[l];
        const float *const *v = layer->vectors;
        run_attention(e, layer, worker);
        run_ffn(e, layer);
        FOR_EACH(e, t, e->n) {
            add_and_norm(e, t, v[MOTE_SLOT_DOWN_BIAS], v[MOTE_SLOT_FFN_NORM], v[MOTE_SLOT_FFN_NORM_BIAS]);
            if (l + 1 < m->h.n_layers)
                set_layer_acts(e, t, e->x + t * m->h.n_embd, l + 1);
        }
        mote_thread_pool_barrier(e->pool);
    }
}

const float *mote_encoder_forward(mote_encoder *e, const mote_encoder_text *texts, size_t n_texts) {
    uint32_t stored = 0;
    e->n = e->n_tiles = 0;
    for (size_t i = 0; i < n_texts; i++) {
        const mote_encoder_text *text = &texts[i];
        for (size_t at = 0; at < text->n; at += QUERIES_A_TILE) {
            size_t n = text->n - at < QUERIES_A_TILE ? text->n - at : QUERIES_A_TILE;
            e->tiles[e->n_tiles++] = (tile){.first = (uint32_t)(e->n + at), .n = (uint32_t)n, .stored_from = stored, .stored_to = stored + (uint32_t)text->n};
        }
        for (size_t t = 0; t < text->n; t++)
            e->places[e->n++] = (place){.id = text->ids[t], .type = text->types ? text->types[t] : 0, .position = (uint32_t)t, .stored = stored + (uint32_t)t};
        stored += (uint32_t)mote_encoder_room(text->n);
    }
    mote_thread_pool_run(e->pool, forward_run, e);
    return e->x;
}
