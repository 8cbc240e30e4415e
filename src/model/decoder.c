#include "model/decoder.h"

#include "base/error.h"
#include "base/mem.h"
#include "model/acts.h"
#include "model/decoder_private.h"
#include "model/rope.h"

#include <string.h>

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

static size_t max3(size_t a, size_t b, size_t c) {
    size_t m = a > b ? a : b;
    return m > c ? m : c;
}

/* Sizes of the decoder's buffers, in the order in which they lie in its memory. */
typedef struct buffer_sizes {
    size_t x, row, q, kv, attn, gate, out, logits, cos_sin, scores, queries, acts, total;
} buffer_sizes;

static buffer_sizes sizes_of(const mote_hparams *h, size_t n_batch, size_t n_positions, int n_threads) {
    size_t n_q = (size_t)h->n_heads * h->head_dim, n_kv = (size_t)h->n_kv_heads * h->head_dim, widest = max3(h->n_embd, n_q, h->n_ff), threads = (size_t)n_threads;
    size_t tile = mote_decoder_query_tile(h);
    buffer_sizes s = {
        .x = round_up(n_batch * h->n_embd * sizeof(float)),
        .row = round_up(widest * sizeof(float)) * threads,
        .q = round_up(n_batch * n_q * sizeof(float)),
        .kv = round_up(n_batch * n_kv * sizeof(float)),
        .attn = round_up(n_batch * n_q * sizeof(float)),
        .gate = round_up(n_batch * h->n_ff * sizeof(float)),
        .out = round_up(n_batch * h->n_embd * sizeof(float)),
        .logits = round_up((size_t)MOTE_DECODER_LOGIT_ROWS * h->n_vocab * sizeof(float)),
        .cos_sin = round_up(n_batch * h->n_rot * sizeof(float)),
        .scores = round_up(tile * mote_decoder_pad_positions(n_positions) * sizeof(float)) * threads,
        .queries = round_up(2 * tile * mote_decoder_pad_positions(h->head_dim) * sizeof(float)) * threads,
        .acts = mote_act_buffer_bytes(n_batch, widest),
    };
    s.total = s.x + s.row + s.q + 2 * s.kv + s.attn + 2 * s.gate + s.out + s.logits + 2 * s.cos_sin + s.scores + s.queries + s.acts;
    return s;
}

size_t mote_decoder_bytes(const mote_hparams *h, size_t n_batch, size_t n_positions, int n_threads) {
    return sizeof(mote_decoder) + sizes_of(h, n_batch, n_positions, n_threads).total;
}

mote_status mote_decoder_create(const mote_model *model, mote_thread_pool *pool, size_t n_batch, size_t n_positions, mote_decoder **decoder, mote_error *err) {
    int n_threads = mote_thread_pool_size(pool);
    buffer_sizes s = sizes_of(&model->h, n_batch, n_positions, n_threads);
    *decoder = NULL;
    mote_decoder *d = mote_mem_zalloc_array(1, sizeof *d);
    uint8_t *memory = mote_mem_alloc_aligned(s.total);
    if (!d || !memory) {
        mote_mem_free(d);
        mote_mem_free(memory);
        return mote_error_alloc(err, s.total);
    }
    memset(memory, 0, s.total);
    *d = (mote_decoder){.model = model, .pool = pool, .n_batch = n_batch, .memory = memory};
    size_t threads = (size_t)n_threads;
#define TAKE(n_bytes) ((float *)(memory += (n_bytes), memory - (n_bytes)))
    d->x = TAKE(s.x);
    d->rows = TAKE(s.row);
    d->row_stride = s.row / threads / sizeof(float);
    d->q = TAKE(s.q);
    d->k = TAKE(s.kv);
    d->v = TAKE(s.kv);
    d->attn = TAKE(s.attn);
    d->gate = TAKE(s.gate);
    d->up = TAKE(s.gate);
    d->out = TAKE(s.out);
    d->logits = TAKE(s.logits);
    d->cos_sin[0] = TAKE(s.cos_sin);
    d->cos_sin[1] = TAKE(s.cos_sin);
    d->scores = TAKE(s.scores);
    d->score_stride = mote_decoder_pad_positions(n_positions);
    d->scores_stride = s.scores / threads / sizeof(float);
    d->queries = TAKE(s.queries);
    d->queries_stride = s.queries / threads / sizeof(float);
    mote_act_buffer_init(&d->acts, n_batch, max3(model->h.n_embd, (size_t)model->h.n_heads * model->h.head_dim, model->h.n_ff), memory);
#undef TAKE
    *decoder = d;
    return MOTE_OK;
}

void mote_decoder_free(mote_decoder **decoder) {
    if (*decoder) {
        mote_mem_free((*decoder)->memory);
        mote_mem_free(*decoder);
    }
    *decoder = NULL;
}

/* Writes row t of the activations in each form that the products ask for. */
static void set_acts(mote_decoder *d, size_t t, const float *x, const mote_packed *const *users, int n_users) {
    bool done[2] = {false, false};
    for (int i = 0; i < n_users; i++) {
        if (!users[i]->data)
            continue;
        mote_act_kind kind = mote_pack_act_kind(users[i]->type);
        if (!done[kind])
            mote_act_buffer_set(&d->acts, &d->model->kernels, kind, t, x, users[i]->k);
        done[kind] = true;
    }
}

static void embed(mote_decoder *d, size_t t) {
    const mote_hparams *h = &d->model->h;
    float *x = d->x + t * h->n_embd;
    mote_pack_get_row(&d->model->w.token_embd, (size_t)d->tokens[t], x);
    if (h->family->scales_embedding)
        d->model->kernels.scale(x, d->embed_scale, h->n_embd);
    mote_rope_angles(d->model->inv_freq, h->n_rot, d->first_position + t, d->cos_sin[0] + t * h->n_rot);
    if (h->window)
        mote_rope_angles(d->model->inv_freq_local, h->n_rot, d->first_position + t, d->cos_sin[1] + t * h->n_rot);
}

/* x += out (normed first where the family does), then the next norm and the activations of the products behind it. */
static void add_and_norm(mote_decoder *d, size_t t, int worker, bool adds, const float *post_norm, const float *norm, const mote_packed *const *users, int n_users) {
    const mote_hparams *h = &d->model->h;
    const mote_kernels *k = &d->model->kernels;
    float *x = d->x + t * h->n_embd, *row = d->rows + (size_t)worker * d->row_stride, *out = d->out + t * h->n_embd;
    if (adds && post_norm) {
        k->rms_norm(out, post_norm, row, h->n_embd, h->norm_eps);
        k->add(x, row, h->n_embd);
    } else if (adds)
        k->add(x, out, h->n_embd);
    if (!norm)
        return;
    k->rms_norm(x, norm, row, h->n_embd, h->norm_eps);
    set_acts(d, t, row, users, n_users);
}

static void activate(mote_decoder *d, const mote_layer *layer, size_t t, int worker) {
    const mote_hparams *h = &d->model->h;
    const mote_kernels *k = &d->model->kernels;
    float *row = d->rows + (size_t)worker * d->row_stride, *gate = d->gate + t * h->n_ff, *up = d->up + t * h->n_ff;
    if (h->family->activation == MOTE_ACTIVATION_SILU)
        k->silu_mul(row, gate, up, h->n_ff);
    else
        k->gelu_mul(row, gate, up, h->n_ff);
    const mote_packed *users[] = {&layer->down};
    set_acts(d, t, row, users, 1);
}

#define FOR_EACH(d, i, n) for (size_t i; (i = (size_t)mote_thread_pool_next((d)->pool)) < (n);)

static void run_layer(mote_decoder *d, uint32_t l, int worker) {
    const mote_model *m = d->model;
    const mote_layer *layer = &m->w.layers[l];
    const float *const *vectors = layer->vectors;
    const mote_packed *qkv[] = {&layer->q, &layer->k, &layer->v}, *gate_up[] = {&layer->gate, &layer->up}, *o[] = {&layer->o};
    mote_thread_pool *pool = d->pool;
    const mote_layer *before = l > 0 ? &m->w.layers[l - 1] : NULL;
    FOR_EACH(d, t, d->n)
    add_and_norm(d, t, worker, before != NULL, before ? before->vectors[MOTE_SLOT_POST_FFN_NORM] : NULL, vectors[MOTE_SLOT_ATTN_NORM], qkv, 3);
    mote_thread_pool_barrier(pool);
    mote_product_run(&m->kernels, pool, (mote_product[]){{qkv[0], d->q}, {qkv[1], d->k}, {qkv[2], d->v}}, 3, &d->acts, 0, d->n);
    mote_thread_pool_barrier(pool);
    FOR_EACH(d, t, d->n)
    mote_decoder_store_keys(d, l, t, worker);
    mote_thread_pool_barrier(pool);
    size_t n_tasks = mote_decoder_attention_tasks(d);
    FOR_EACH(d, task, n_tasks)
    mote_decoder_attend(d, l, task, worker);
    mote_thread_pool_barrier(pool);
    size_t n_q = (size_t)m->h.n_heads * m->h.head_dim;
    FOR_EACH(d, t, d->n)
    set_acts(d, t, d->attn + t * n_q, o, 1);
    mote_thread_pool_barrier(pool);
    mote_product_run(&m->kernels, pool, (mote_product[]){{o[0], d->out}}, 1, &d->acts, 0, d->n);
    mote_thread_pool_barrier(pool);
    FOR_EACH(d, t, d->n) {
        if (vectors[MOTE_SLOT_O_BIAS])
            m->kernels.add(d->out + t * m->h.n_embd, vectors[MOTE_SLOT_O_BIAS], m->h.n_embd);
        add_and_norm(d, t, worker, true, vectors[MOTE_SLOT_POST_ATTN_NORM], vectors[MOTE_SLOT_FFN_NORM], gate_up, 2);
    }
    mote_thread_pool_barrier(pool);
    mote_product_run(&m->kernels, pool, (mote_product[]){{gate_up[0], d->gate}, {gate_up[1], d->up}}, 2, &d->acts, 0, d->n);
    mote_thread_pool_barrier(pool);
    FOR_EACH(d, t, d->n)
    activate(d, layer, t, worker);
    mote_thread_pool_barrier(pool);
    mote_product_run(&m->kernels, pool, (mote_product[]){{&layer->down, d->out}}, 1, &d->acts, 0, d->n);
    if (worker == 0 && d->cancel && atomic_load_explicit(d->cancel, memory_order_relaxed))
        atomic_store(&d->stops, true);
    mote_thread_pool_barrier(pool);
}

static void forward_run(void *context, int worker, int n_workers) {
    mote_decoder *d = context;
    const mote_hparams *h = &d->model->h;
    (void)n_workers;
    FOR_EACH(d, t, d->n)
    embed(d, t);
    mote_thread_pool_barrier(d->pool);
    for (uint32_t l = 0; l < h->n_layers; l++) {
        run_layer(d, l, worker);
        if (atomic_load(&d->stops))
            return;
    }
    FOR_EACH(d, t, d->n)
    add_and_norm(d, t, worker, true, d->model->w.layers[h->n_layers - 1].vectors[MOTE_SLOT_POST_FFN_NORM], NULL, NULL, 0);
}

mote_status mote_decoder_forward(mote_decoder *d, const mote_cache *cache, const int32_t *tokens, size_t n, size_t first_position, const atomic_bool *cancel) {
    d->cache = cache;
    d->tokens = tokens;
    d->n = n;
    d->first_position = first_position;
    d->cancel = cancel;
    d->embed_scale = mote_decoder_embed_scale(&d->model->h);
    atomic_store(&d->stops, cancel && atomic_load(cancel));
    if (atomic_load(&d->stops))
        return MOTE_ERR_CANCELLED;
    mote_thread_pool_run(d->pool, forward_run, d);
    return atomic_load(&d->stops) ? MOTE_ERR_CANCELLED : MOTE_OK;
}

static void logits_run(void *context, int worker, int n_workers) {
    mote_decoder *d = context;
    const mote_model *m = d->model;
    const mote_packed *head[] = {&m->w.output};
    (void)n_workers;
    float *row = d->rows + (size_t)worker * d->row_stride;
    FOR_EACH(d, i, d->n_logits) {
        m->kernels.rms_norm(d->x + (d->first_logit + i) * m->h.n_embd, m->w.vectors[MOTE_SLOT_OUTPUT_NORM], row, m->h.n_embd, m->h.norm_eps);
        set_acts(d, i, row, head, 1);
    }
    mote_thread_pool_barrier(d->pool);
    mote_product_run(&m->kernels, d->pool, (mote_product[]){{head[0], d->logits}}, 1, &d->acts, 0, d->n_logits);
    mote_thread_pool_barrier(d->pool);
    if (m->h.final_softcap != 0)
        FOR_EACH(d, i, d->n_logits)
    m->kernels.softcap(d->logits + i * m->h.n_vocab, m->h.final_softcap, m->h.n_vocab);
}

const float *mote_decoder_logits(mote_decoder *d, size_t first, size_t count) {
    d->first_logit = first;
    d->n_logits = count;
    mote_thread_pool_run(d->pool, logits_run, d);
    return d->logits;
}
