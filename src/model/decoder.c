#include "model/decoder.h"

#include "base/error.h"
#include "base/mem.h"
#include "model/acts.h"
#include "model/decoder_private.h"
#include "model/recurrent.h"
#include "model/rope.h"

#include <string.h>

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* Sizes of the decoder's buffers, in the order in which they lie in its memory. */
typedef struct buffer_sizes {
    size_t x, row, q, kv, attn, gate, out, logits, cos_sin, tiles, parts, mixed, decay, acts, moe, peaks, chosen, widest, total;
} buffer_sizes;

static buffer_sizes sizes_of(const mote_hparams *h, size_t n_batch, size_t n_positions, int n_threads) {
    size_t n_q = (size_t)h->n_heads * h->head_dim, n_kv = (size_t)h->n_kv_heads * h->head_dim, threads = (size_t)n_threads;
    size_t widest = larger(larger(larger(h->n_embd, n_q), larger(h->n_ff, h->experts.n_ff)), mote_recurrent_widest_out(h));
    size_t n_panels = ((size_t)h->n_vocab + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS;
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
        .tiles = round_up(mote_decoder_tile_floats(h) * sizeof(float)) * threads,
        .parts = round_up(mote_decoder_parts_floats(h, n_positions) * sizeof(float)),
        .mixed = round_up(n_batch * mote_recurrent_widest_in(h) * sizeof(float)),
        .decay = round_up(n_batch * h->recurrent.n_heads * sizeof(float)),
        .acts = mote_act_buffer_bytes(n_batch, widest),
        .moe = round_up(mote_decoder_moe_bytes(h, n_batch)),
        .peaks = round_up(n_panels * sizeof(float)),
        .chosen = round_up(n_panels),
        .widest = widest,
    };
    s.total = s.x + s.row + s.q + 2 * s.kv + s.attn + 2 * s.gate + s.out + s.logits + 2 * s.cos_sin + s.tiles + s.parts + s.mixed + s.decay + s.acts + s.moe + s.peaks + s.chosen;
    return s;
}

size_t mote_decoder_bytes(const mote_hparams *h, size_t n_batch, size_t n_positions, int n_threads) {
    return sizeof(mote_decoder) + sizes_of(h, n_batch, n_positions, n_threads).total;
}

/* Long rope has one set of frequencies up to the original context and one beyond; the size of this context decides, so that a timeline never mixes them. */
static void choose_frequencies(mote_decoder *d, size_t n_positions) {
    const mote_model *m = d->model;
    bool is_beyond = m->inv_freq[2] && (float)n_positions > m->h.rope.original_context;
    for (int i = 0; i < 2; i++)
        d->inv_freq[i] = m->inv_freq[is_beyond ? 2 : i];
}

mote_status mote_decoder_create(const mote_model *model, mote_thread_pool *pool, size_t n_batch, size_t n_positions, mote_decoder **decoder, mote_error *err) {
    int n_threads = mote_thread_pool_size(pool);
    buffer_sizes s = sizes_of(&model->h, n_batch, n_positions, n_threads);
    *decoder = NULL;
    mote_decoder *d = mote_mem_zalloc_array(1, sizeof *d);
    uint8_t *memory = mote_mem_zalloc_array(s.total + MOTE_MEM_ALIGN, 1);
    if (!d || !memory) {
        mote_mem_free(d);
        mote_mem_free(memory);
        return mote_error_alloc(err, s.total);
    }
    *d = (mote_decoder){.model = model, .pool = pool, .n_batch = n_batch, .memory = memory};
    memory = mote_mem_align(memory);
    choose_frequencies(d, n_positions);
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
    d->tiles = TAKE(s.tiles);
    d->tile_stride = s.tiles / threads / sizeof(float);
    d->parts = TAKE(s.parts);
    d->mixed = TAKE(s.mixed);
    d->decay = TAKE(s.decay);
    d->head.peaks = TAKE(s.peaks);
    d->head.chosen = (uint8_t *)TAKE(s.chosen);
    mote_act_buffer_init(&d->acts, n_batch, s.widest, memory);
    mote_decoder_moe_init(d, memory + s.acts);
#undef TAKE
    *decoder = d;
    return MOTE_OK;
}

void mote_decoder_free(mote_decoder **decoder) {
    if (*decoder) {
        mote_decoder_head_free(*decoder);
        mote_mem_free((*decoder)->memory);
        mote_mem_free((*decoder)->adapter_acts);
        mote_mem_free(*decoder);
    }
    *decoder = NULL;
}

void mote_decoder_set_observer(mote_decoder *d, mote_decoder_observe_fn observe, void *context) {
    d->observe = observe;
    d->observe_context = context;
}

void mote_decoder_set_acts(mote_decoder *d, mote_act_buffer *acts, size_t t, const float *x, const mote_packed *const *users, int n_users) {
    bool done[2] = {false, false};
    for (int i = 0; i < n_users; i++) {
        if (!users[i]->data)
            continue;
        mote_act_kind kind = mote_pack_act_kind(users[i]->type);
        if (!done[kind])
            mote_act_buffer_set(acts, &d->model->kernels, kind, t, x, users[i]->k);
        done[kind] = true;
        if (d->observe)
            d->observe(d->observe_context, users[i], t, x);
    }
    if (d->adapters && acts == &d->acts)
        mote_decoder_adapter_begin(d, t, x, users, n_users);
}

static float *row_of(const mote_decoder *d, int worker) {
    return d->rows + (size_t)worker * d->row_stride;
}

static void embed(mote_decoder *d, size_t t) {
    const mote_hparams *h = &d->model->h;
    float *x = d->x + t * h->n_embd;
    mote_pack_get_row(&d->model->w.token_embd, (size_t)d->tokens[t], x);
    if (h->embed_scale != 1)
        d->model->kernels.scale(x, h->embed_scale, h->n_embd);
    mote_rope_angles(d->inv_freq[0], h->n_rot, d->first_position + t, h->rope.attn_factor, d->cos_sin[0] + t * h->n_rot);
    if (h->window)
        mote_rope_angles(d->inv_freq[1], h->n_rot, d->first_position + t, h->rope_local.attn_factor, d->cos_sin[1] + t * h->n_rot);
}

/* x += out, which is biased, normed and scaled first where the family does. */
static void add_out(mote_decoder *d, size_t t, int worker, const float *bias, const float *post_norm) {
    const mote_hparams *h = &d->model->h;
    const mote_kernels *k = &d->model->kernels;
    float *x = d->x + t * h->n_embd, *out = d->out + t * h->n_embd;
    if (bias)
        k->add(out, bias, h->n_embd);
    if (post_norm) {
        float *row = row_of(d, worker);
        k->rms_norm(out, post_norm, row, h->n_embd, h->norm_eps);
        out = row;
    }
    if (h->residual_scale != 1)
        k->scale(out, h->residual_scale, h->n_embd);
    k->add(x, out, h->n_embd);
}

/* The normed residual stream; without a norm (OLMo 2) the stream itself. */
static const float *norm(mote_decoder *d, size_t t, int worker, const float *weight, const float *bias) {
    const mote_hparams *h = &d->model->h;
    float *x = d->x + t * h->n_embd, *row = row_of(d, worker);
    if (!weight)
        return x;
    if (h->family->uses_layer_norm)
        d->model->kernels.layer_norm(x, weight, bias, row, h->n_embd, h->norm_eps);
    else
        d->model->kernels.rms_norm(x, weight, row, h->n_embd, h->norm_eps);
    return row;
}

void mote_decoder_activate(const mote_decoder *d, const float *gate, const float *up, float *row, size_t n) {
    if (d->model->h.family->activation == MOTE_ACTIVATION_SILU)
        d->model->kernels.silu_mul(row, gate, up, n);
    else
        d->model->kernels.gelu_mul(row, gate, up, n);
}

/* What the layer before left in d->out goes to the stream; then this layer's norm and the activations of its first products. */
static void enter_layer(mote_decoder *d, uint32_t l, int worker, const mote_packed *const *users, int n_users) {
    const mote_layer *layer = &d->model->w.layers[l], *before = l > 0 ? layer - 1 : NULL;
    MOTE_FOR_EACH(d, t, d->n) {
        if (before)
            add_out(d, t, worker, before->vectors[MOTE_SLOT_DOWN_BIAS], before->vectors[MOTE_SLOT_POST_FFN_NORM]);
        const float *x = norm(d, t, worker, layer->vectors[MOTE_SLOT_ATTN_NORM], layer->vectors[MOTE_SLOT_ATTN_NORM_BIAS]);
        mote_decoder_set_acts(d, &d->acts, t, x, users, n_users);
    }
    mote_thread_pool_barrier(d->pool);
}

static void run_attention(mote_decoder *d, uint32_t l, int worker) {
    const mote_model *m = d->model;
    const mote_packed *w = m->w.layers[l].m, *qkv[] = {&w[MOTE_SLOT_Q], &w[MOTE_SLOT_K], &w[MOTE_SLOT_V]}, *o[] = {&w[MOTE_SLOT_O]};
    enter_layer(d, l, worker, qkv, 3);
    mote_decoder_products(d, qkv, (float *const[]){d->q, d->k, d->v}, 3, d->n);
    MOTE_FOR_EACH(d, t, d->n)
    mote_decoder_store_keys(d, l, t, worker);
    mote_thread_pool_barrier(d->pool);
    size_t n_tasks = mote_decoder_attention_tasks(d, l);
    MOTE_FOR_EACH(d, task, n_tasks)
    mote_decoder_attend(d, l, task, worker);
    mote_thread_pool_barrier(d->pool);
    size_t n_q = (size_t)m->h.layers[l].n_heads * m->h.head_dim;
    MOTE_FOR_EACH(d, t, d->n) {
        mote_decoder_join_spans(d, l, worker);
        mote_decoder_set_acts(d, &d->acts, t, d->attn + t * n_q, o, 1);
    }
    mote_thread_pool_barrier(d->pool);
    mote_decoder_products(d, o, &d->out, 1, d->n);
}

static void run_recurrent(mote_decoder *d, uint32_t l, int worker) {
    const mote_packed *in[] = {&d->model->w.layers[l].m[MOTE_SLOT_MIXER_IN]};
    enter_layer(d, l, worker, in, 1);
    if (d->model->h.layers[l].mixer == MOTE_MIXER_MAMBA2)
        mote_decoder_mamba(d, l, worker);
    else
        mote_decoder_shortconv(d, l);
}

/* The mixer's output goes to the stream; then the feed-forward network's norm and the activations of its first products. */
static void enter_ffn(mote_decoder *d, uint32_t l, int worker, const mote_packed *const *users, int n_users) {
    const mote_layer *layer = &d->model->w.layers[l];
    const float *bias = layer->vectors[mote_recurrent_is(d->model->h.layers[l].mixer) ? MOTE_SLOT_MIXER_OUT_BIAS : MOTE_SLOT_O_BIAS];
    size_t n_embd = d->model->h.n_embd;
    MOTE_FOR_EACH(d, t, d->n) {
        add_out(d, t, worker, bias, layer->vectors[MOTE_SLOT_POST_ATTN_NORM]);
        const float *x = norm(d, t, worker, layer->vectors[MOTE_SLOT_FFN_NORM], layer->vectors[MOTE_SLOT_FFN_NORM_BIAS]);
        mote_decoder_set_acts(d, &d->acts, t, x, users, n_users);
        if (d->model->h.layers[l].has_experts)
            memcpy(d->moe.normed + t * n_embd, x, n_embd * sizeof *x);
    }
    mote_thread_pool_barrier(d->pool);
}

/* From the normed activations to y [n_tokens, n_embd]. */
static void run_ffn(mote_decoder *d, uint32_t l, int worker, float *y) {
    const mote_model *m = d->model;
    const mote_packed *w = m->w.layers[l].m, *gate_up[] = {&w[MOTE_SLOT_GATE], &w[MOTE_SLOT_UP]}, *down[] = {&w[MOTE_SLOT_DOWN]};
    size_t n_ff = m->h.layers[l].n_ff;
    mote_decoder_products(d, gate_up, (float *const[]){d->gate, d->up}, 2, d->n);
    MOTE_FOR_EACH(d, t, d->n) {
        float *row = row_of(d, worker);
        mote_decoder_activate(d, d->gate + t * n_ff, d->up + t * n_ff, row, n_ff);
        mote_decoder_set_acts(d, &d->acts, t, row, down, 1);
    }
    mote_thread_pool_barrier(d->pool);
    mote_decoder_products(d, down, &y, 1, d->n);
}

/* The feed-forward network beside the experts, which every token has (Granite 4). Reads what the router read. */
static void run_shared_expert(mote_decoder *d, uint32_t l, int worker) {
    size_t n_embd = d->model->h.n_embd;
    run_ffn(d, l, worker, d->moe.normed); /* the experts have read it */
    MOTE_FOR_EACH(d, t, d->n)
    d->model->kernels.add(d->out + t * n_embd, d->moe.normed + t * n_embd, n_embd);
    mote_thread_pool_barrier(d->pool);
}

static void run_layer(mote_decoder *d, uint32_t l, int worker) {
    const mote_layer_hparams *h = &d->model->h.layers[l];
    const mote_packed *w = d->model->w.layers[l].m, *users[] = {&w[MOTE_SLOT_GATE], &w[MOTE_SLOT_UP], &w[MOTE_SLOT_ROUTER]};
    if (mote_recurrent_is(h->mixer))
        run_recurrent(d, l, worker);
    else
        run_attention(d, l, worker);
    /* barriers on both sides: all workers see the same when the layer is done, and this is no longer read when the next layer writes it */
    if (worker == 0 && d->cancel && atomic_load_explicit(d->cancel, memory_order_relaxed))
        atomic_store(&d->stops, true);
    enter_ffn(d, l, worker, users, 3);
    if (h->has_experts)
        mote_decoder_moe_run(d, l, worker);
    else
        run_ffn(d, l, worker, d->out);
    if (h->has_experts && h->n_ff != 0)
        run_shared_expert(d, l, worker);
}

static void forward_run(void *context, int worker, int n_workers) {
    mote_decoder *d = context;
    const mote_hparams *h = &d->model->h;
    const mote_layer *last = &d->model->w.layers[h->n_layers - 1];
    (void)n_workers;
    MOTE_FOR_EACH(d, t, d->n)
    embed(d, t);
    mote_thread_pool_barrier(d->pool);
    for (uint32_t l = 0; l < h->n_layers; l++) {
        run_layer(d, l, worker);
        if (atomic_load(&d->stops))
            return;
    }
    MOTE_FOR_EACH(d, t, d->n)
    add_out(d, t, worker, last->vectors[MOTE_SLOT_DOWN_BIAS], last->vectors[MOTE_SLOT_POST_FFN_NORM]);
}

mote_status mote_decoder_forward(mote_decoder *d, const mote_cache *cache, const int32_t *tokens, size_t n, size_t first_position, const atomic_bool *cancel) {
    d->cache = cache;
    d->tokens = tokens;
    d->n = n;
    d->first_position = first_position;
    d->cancel = cancel;
    atomic_store(&d->stops, cancel && atomic_load(cancel));
    if (atomic_load(&d->stops))
        return MOTE_ERR_CANCELLED;
    mote_thread_pool_run(d->pool, forward_run, d);
    return atomic_load(&d->stops) ? MOTE_ERR_CANCELLED : MOTE_OK;
}

void mote_decoder_enter_head(mote_decoder *d, size_t i, size_t t, int worker) {
    const mote_weights *w = &d->model->w;
    mote_decoder_set_acts(d, &d->acts, i, norm(d, t, worker, w->vectors[MOTE_SLOT_OUTPUT_NORM], w->vectors[MOTE_SLOT_OUTPUT_NORM_BIAS]), (const mote_packed *[]){&w->output}, 1);
}

static void logits_run(void *context, int worker, int n_workers) {
    mote_decoder *d = context;
    const mote_model *m = d->model;
    const mote_packed *head[] = {&m->w.output};
    (void)n_workers;
    MOTE_FOR_EACH(d, i, d->n_logits)
    mote_decoder_enter_head(d, i, d->first_logit + i, worker);
    mote_thread_pool_barrier(d->pool);
    mote_decoder_products(d, head, &d->logits, 1, d->n_logits);
    MOTE_FOR_EACH(d, i, d->n_logits) {
        float *logits = d->logits + i * m->h.n_vocab;
        if (m->h.logit_scale != 1)
            m->kernels.scale(logits, m->h.logit_scale, m->h.n_vocab);
        if (m->h.final_softcap != 0)
            m->kernels.softcap(logits, m->h.final_softcap, m->h.n_vocab);
    }
}

const float *mote_decoder_logits(mote_decoder *d, size_t first, size_t count) {
    d->first_logit = first;
    d->n_logits = count;
    mote_thread_pool_run(d->pool, logits_run, d);
    return d->logits;
}

static void states_run(void *context, int worker, int n_workers) {
    mote_decoder *d = context;
    const mote_model *m = d->model;
    (void)n_workers;
    MOTE_FOR_EACH(d, t, d->n) {
        const float *x = norm(d, t, worker, m->w.vectors[MOTE_SLOT_OUTPUT_NORM], m->w.vectors[MOTE_SLOT_OUTPUT_NORM_BIAS]);
        memcpy(d->out + t * m->h.n_embd, x, m->h.n_embd * sizeof *x);
    }
}

const float *mote_decoder_states(mote_decoder *d) {
    mote_thread_pool_run(d->pool, states_run, d);
    return d->out;
}
