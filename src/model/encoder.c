#include "model/encoder.h"

#include "base/error.h"
#include "base/mem.h"
#include "model/acts.h"
#include "model/cache.h"

#include <string.h>

struct mote_encoder {
    const mote_model *model;
    mote_thread_pool *pool;
    uint8_t *memory;                   /* owns every buffer below */
    float *x, *out, *q, *k, *v, *attn; /* [n_ctx, n_embd] */
    float *up;                         /* [n_ctx, n_ff] */
    float *scores;                     /* [n_ctx padded] a thread */
    float *sums;                       /* [head_dim padded] a thread */
    size_t score_stride, sum_stride;
    mote_act_buffer acts;
    mote_cache_layout layout; /* of one layer */
    mote_cache cache;
    const int32_t *ids;
    size_t n;
};

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

mote_status mote_encoder_create(const mote_model *model, mote_thread_pool *pool, mote_encoder **encoder, mote_error *err) {
    const mote_hparams *h = &model->h;
    mote_hparams one_layer = *h;
    one_layer.n_layers = 1;
    size_t n = h->n_ctx_train, threads = (size_t)mote_thread_pool_size(pool), widest = h->n_ff > h->n_embd ? h->n_ff : h->n_embd;
    size_t row = round_up(n * h->n_embd * sizeof(float)), up = round_up(n * h->n_ff * sizeof(float)), scores = round_up((n + 16) * sizeof(float)),
           sums = round_up((h->head_dim + 16) * sizeof(float)), cache;
    mote_cache_layout layout;
    mote_cache_layout_init(&layout, &one_layer, MOTE_DTYPE_F32, MOTE_DTYPE_F32, n, n);
    cache = layout.n_bytes;
    size_t total = 6 * row + up + threads * (scores + sums) + cache + mote_act_buffer_bytes(n, widest);
    *encoder = NULL;
    mote_encoder *e = mote_mem_zalloc_array(1, sizeof *e);
    uint8_t *memory = mote_mem_alloc_aligned(total);
    if (!e || !memory) {
        mote_mem_free(e);
        mote_mem_free(memory);
        return mote_error_alloc(err, total);
    }
    memset(memory, 0, total);
    *e = (mote_encoder){.model = model, .pool = pool, .memory = memory, .score_stride = scores / sizeof(float), .sum_stride = sums / sizeof(float)};
    float **rows[] = {&e->x, &e->out, &e->q, &e->k, &e->v, &e->attn};
    for (size_t i = 0; i < 6; i++, memory += row)
        *rows[i] = (float *)memory;
    e->up = (float *)memory;
    memory += up;
    e->scores = (float *)memory;
    memory += threads * scores;
    e->sums = (float *)memory;
    memory += threads * sums;
    e->layout = layout;
    mote_cache_init(&e->cache, &e->layout, memory);
    memory += cache;
    mote_act_buffer_init(&e->acts, n, widest, memory);
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

static void embed(mote_encoder *e, size_t t) {
    const mote_model *m = e->model;
    const mote_kernels *k = &m->kernels;
    size_t n = m->h.n_embd;
    float *x = e->x + t * n;
    mote_pack_get_row(&m->w.token_embd, (size_t)e->ids[t], x);
    k->add(x, m->w.vectors[MOTE_SLOT_TYPE_EMBD], n);
    k->add(x, m->w.vectors[MOTE_SLOT_POSITION_EMBD] + t * n, n);
    k->layer_norm(x, m->w.vectors[MOTE_SLOT_EMBD_NORM], m->w.vectors[MOTE_SLOT_EMBD_NORM_BIAS], x, n, m->h.norm_eps);
    set_acts(e, t, x, &m->w.layers[0].m[MOTE_SLOT_Q]);
}

static void store(mote_encoder *e, const mote_layer *layer, size_t t) {
    const mote_hparams *h = &e->model->h;
    const mote_kernels *k = &e->model->kernels;
    size_t at = t * h->n_embd;
    k->add(e->q + at, layer->vectors[MOTE_SLOT_Q_BIAS], h->n_embd);
    k->add(e->k + at, layer->vectors[MOTE_SLOT_K_BIAS], h->n_embd);
    k->add(e->v + at, layer->vectors[MOTE_SLOT_V_BIAS], h->n_embd);
    for (uint32_t i = 0; i < h->n_heads; i++) {
        k->attn.store_k(mote_cache_k(&e->cache, 0, i), MOTE_DTYPE_F32, h->head_dim, t, e->k + at + (size_t)i * h->head_dim);
        k->attn.store_v(mote_cache_v(&e->cache, 0, i), MOTE_DTYPE_F32, h->head_dim, t, e->v + at + (size_t)i * h->head_dim);
    }
}

static void attend(mote_encoder *e, size_t t, int worker) {
    const mote_hparams *h = &e->model->h;
    const mote_kernels *k = &e->model->kernels;
    float *scores = e->scores + (size_t)worker * e->score_stride, *sums = e->sums + (size_t)worker * e->sum_stride;
    for (uint32_t i = 0; i < h->n_heads; i++) {
        const float *q = e->q + t * h->n_embd + (size_t)i * h->head_dim;
        k->attn.scores(mote_cache_k(&e->cache, 0, i), MOTE_DTYPE_F32, h->head_dim, 0, e->n, q, h->head_dim, 1, h->attn_scale, scores, e->score_stride);
        float sum = k->attn.softmax(scores, e->n);
        k->attn.mix(mote_cache_v(&e->cache, 0, i), MOTE_DTYPE_F32, h->head_dim, 0, e->n, scores, e->score_stride, 1, sums, e->sum_stride);
        float *out = e->attn + t * h->n_embd + (size_t)i * h->head_dim;
        memcpy(out, sums, h->head_dim * sizeof *out);
        k->scale(out, 1 / sum, h->head_dim);
    }
}

/* x = norm(x + out + bias), and the activations of the next product. */
static void add_and_norm(mote_encoder *e, size_t t, const float *bias, const float *norm, const float *norm_bias, const mote_packed *next) {
    const mote_kernels *k = &e->model->kernels;
    size_t n = e->model->h.n_embd;
    float *x = e->x + t * n;
    k->add(e->out + t * n, bias, n);
    k->add(x, e->out + t * n, n);
    k->layer_norm(x, norm, norm_bias, x, n, e->model->h.norm_eps);
    if (next)
        set_acts(e, t, x, next);
}

static void run_layer(mote_encoder *e, uint32_t l, int worker) {
    const mote_model *m = e->model;
    const mote_layer *layer = &m->w.layers[l];
    const mote_packed *next = l + 1 < m->h.n_layers ? &m->w.layers[l + 1].m[MOTE_SLOT_Q] : NULL;
    const float *const *v = layer->vectors;
    size_t n_embd = m->h.n_embd, n_ff = m->h.n_ff;
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{&layer->m[MOTE_SLOT_Q], e->q}, {&layer->m[MOTE_SLOT_K], e->k}, {&layer->m[MOTE_SLOT_V], e->v}}, 3, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n)
    store(e, layer, t);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n) {
        attend(e, t, worker);
        set_acts(e, t, e->attn + t * n_embd, &layer->m[MOTE_SLOT_O]);
    }
    mote_thread_pool_barrier(e->pool);
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{&layer->m[MOTE_SLOT_O], e->out}}, 1, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n)
    add_and_norm(e, t, v[MOTE_SLOT_O_BIAS], v[MOTE_SLOT_ATTN_NORM], v[MOTE_SLOT_ATTN_NORM_BIAS], &layer->m[MOTE_SLOT_UP]);
    mote_thread_pool_barrier(e->pool);
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{&layer->m[MOTE_SLOT_UP], e->up}}, 1, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n) {
        m->kernels.add(e->up + t * n_ff, v[MOTE_SLOT_UP_BIAS], n_ff);
        m->kernels.gelu_erf(e->up + t * n_ff, e->up + t * n_ff, n_ff);
        set_acts(e, t, e->up + t * n_ff, &layer->m[MOTE_SLOT_DOWN]);
    }
    mote_thread_pool_barrier(e->pool);
    mote_product_run(&m->kernels, e->pool, (mote_product[]){{&layer->m[MOTE_SLOT_DOWN], e->out}}, 1, &e->acts, 0, e->n);
    mote_thread_pool_barrier(e->pool);
    FOR_EACH(e, t, e->n)
    add_and_norm(e, t, v[MOTE_SLOT_DOWN_BIAS], v[MOTE_SLOT_FFN_NORM], v[MOTE_SLOT_FFN_NORM_BIAS], next);
    mote_thread_pool_barrier(e->pool);
}

static void forward_run(void *context, int worker, int n_workers) {
    mote_encoder *e = context;
    (void)n_workers;
    FOR_EACH(e, t, e->n)
    embed(e, t);
    mote_thread_pool_barrier(e->pool);
    for (uint32_t l = 0; l < e->model->h.n_layers; l++)
        run_layer(e, l, worker);
}

const float *mote_encoder_forward(mote_encoder *e, const int32_t *ids, size_t n) {
    e->ids = ids;
    e->n = n;
    mote_thread_pool_run(e->pool, forward_run, e);
    return e->x;
}
