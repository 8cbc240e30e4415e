/* Mixture of experts: a router's softmax chooses a few experts for each token; the tokens of an expert are computed together, so that each weight is read once a pass.
 * A token's result is summed over its experts in the order of their weights, whatever else is in the batch (kernels/kernels.h, "One result"). */
#include "model/decoder_private.h"

#include <math.h>
#include <string.h>

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

typedef struct moe_sizes {
    size_t logits, normed, chosen, weights, first, pairs, gate, out, acts;
} moe_sizes;

static moe_sizes sizes_of(const mote_hparams *h, size_t n_batch) {
    size_t n_pairs = n_batch * h->experts.n_used, widest = h->n_embd > h->experts.n_ff ? h->n_embd : h->experts.n_ff;
    return (moe_sizes){.logits = round_up(n_batch * h->experts.n * sizeof(float)),
                       .normed = round_up(n_batch * h->n_embd * sizeof(float)),
                       .chosen = round_up(n_pairs * sizeof(int32_t)),
                       .weights = round_up(n_pairs * sizeof(float)),
                       .first = round_up((h->experts.n + 1) * sizeof(size_t)),
                       .pairs = round_up(n_pairs * sizeof(size_t)),
                       .gate = round_up(n_pairs * h->experts.n_ff * sizeof(float)),
                       .out = round_up(n_pairs * h->n_embd * sizeof(float)),
                       .acts = mote_act_buffer_bytes(n_pairs, widest)};
}

size_t mote_decoder_moe_bytes(const mote_hparams *h, size_t n_batch) {
    if (h->experts.n == 0)
        return 0;
    moe_sizes s = sizes_of(h, n_batch);
    return s.logits + s.normed + s.chosen + s.weights + s.first + 2 * s.pairs + 2 * s.gate + s.out + s.acts;
}

void mote_decoder_moe_init(mote_decoder *d, uint8_t *memory) {
    const mote_hparams *h = &d->model->h;
    if (h->experts.n == 0)
        return;
    moe_sizes s = sizes_of(h, d->n_batch);
    mote_moe_buffers *b = &d->moe;
#define TAKE(n_bytes) ((void *)(memory += (n_bytes), memory - (n_bytes)))
    b->logits = TAKE(s.logits);
    b->normed = TAKE(s.normed);
    b->chosen = TAKE(s.chosen);
    b->weights = TAKE(s.weights);
    b->first = TAKE(s.first);
    b->pair_of = TAKE(s.pairs);
    b->token_of = TAKE(s.pairs);
    b->gate = TAKE(s.gate);
    b->up = TAKE(s.gate);
    b->out = TAKE(s.out);
#undef TAKE
    mote_act_buffer_init(&b->acts, d->n_batch * h->experts.n_used, h->n_embd > h->experts.n_ff ? h->n_embd : h->experts.n_ff, memory);
}

/* The n_used largest logits of a token, the lower expert first on a tie, and their weights: the softmax over all experts, or over the chosen ones. */
static void choose(mote_decoder *d, size_t t) {
    const mote_expert_hparams *e = &d->model->h.experts;
    const float *logits = d->moe.logits + t * e->n;
    int32_t *chosen = d->moe.chosen + t * e->n_used;
    float *weights = d->moe.weights + t * e->n_used, sum = 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        float x = isnan(logits[i]) ? -INFINITY : logits[i];
        uint32_t at = n < e->n_used ? n++ : e->n_used;
        for (; at > 0 && x > weights[at - 1]; at--)
            if (at < e->n_used) {
                chosen[at] = chosen[at - 1];
                weights[at] = weights[at - 1];
            }
        if (at < e->n_used) {
            chosen[at] = (int32_t)i;
            weights[at] = x;
        }
    }
    float most = isfinite(weights[0]) ? weights[0] : 0;
    for (uint32_t i = 0; i < (e->normalises ? e->n_used : e->n); i++)
        sum += expf((e->normalises ? weights[i] : logits[i]) - most);
    for (uint32_t i = 0; i < e->n_used; i++)
        weights[i] = expf(weights[i] - most) / sum;
}

/* Counts and places the pairs: an expert's tokens in order. */
static void place_pairs(mote_decoder *d) {
    const mote_expert_hparams *e = &d->model->h.experts;
    mote_moe_buffers *b = &d->moe;
    size_t n_pairs = d->n * e->n_used;
    memset(b->first, 0, (e->n + 1) * sizeof *b->first);
    for (size_t i = 0; i < n_pairs; i++)
        b->first[b->chosen[i] + 1]++;
    for (uint32_t i = 0; i < e->n; i++)
        b->first[i + 1] += b->first[i];
    for (size_t i = 0; i < n_pairs; i++) {
        size_t at = b->first[b->chosen[i]]++;
        b->pair_of[i] = at;
        b->token_of[at] = i / e->n_used;
    }
    memmove(b->first + 1, b->first, e->n * sizeof *b->first); /* each was counted up to where the next begins */
    b->first[0] = 0;
}

static uint32_t expert_of(const mote_decoder *d, size_t pair) {
    uint32_t low = 0, high = d->model->h.experts.n;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (d->moe.first[middle] <= pair)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* One product of each expert that has tokens; w and y by expert and pair. All workers run it; no barrier at its end. */
static void run_products(mote_decoder *d, const mote_packed *const *experts, float *const *y, int n_products) {
    const mote_moe_buffers *b = &d->moe;
    const mote_kernels *k = &d->model->kernels;
    size_t n_panels = (experts[0][0].n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS, piece = n_panels > 8 ? n_panels / 4 : n_panels;
    size_t pieces = (n_panels + piece - 1) / piece, n_all = (size_t)d->model->h.experts.n * (size_t)n_products * pieces;
    for (size_t i; (i = (size_t)mote_thread_pool_next(d->pool)) < n_all;) {
        size_t e = i / pieces / (size_t)n_products, p = i / pieces % (size_t)n_products, from = i % pieces * piece, to = from + piece < n_panels ? from + piece : n_panels;
        size_t n = b->first[e + 1] - b->first[e];
        if (n == 0)
            continue;
        const mote_packed *w = &experts[p][e];
        mote_acts x = mote_act_buffer_view(&b->acts, mote_pack_act_kind(w->type), w->k, b->first[e], n);
        k->matmul(w, from, to, &x, y[p] + b->first[e] * w->n_rows, w->n_rows);
    }
}

/* out = sum of the experts' results by weight. */
static void combine(mote_decoder *d, size_t t) {
    const mote_hparams *h = &d->model->h;
    const mote_moe_buffers *b = &d->moe;
    float *out = d->out + t * h->n_embd;
    memset(out, 0, h->n_embd * sizeof *out);
    for (uint32_t i = 0; i < h->experts.n_used; i++) {
        float *y = b->out + b->pair_of[t * h->experts.n_used + i] * h->n_embd;
        d->model->kernels.scale(y, b->weights[t * h->experts.n_used + i], h->n_embd);
        d->model->kernels.add(out, y, h->n_embd);
    }
}

void mote_decoder_moe_run(mote_decoder *d, uint32_t l, int worker) {
    const mote_model *m = d->model;
    const mote_layer *layer = &m->w.layers[l];
    mote_moe_buffers *b = &d->moe;
    size_t n_pairs = d->n * m->h.experts.n_used, n_ff = m->h.experts.n_ff;
    mote_product_run(&m->kernels, d->pool, (mote_product[]){{&layer->m[MOTE_SLOT_ROUTER], b->logits}}, 1, &d->acts, 0, d->n);
    mote_thread_pool_barrier(d->pool);
    MOTE_FOR_EACH(d, t, d->n)
    choose(d, t);
    mote_thread_pool_barrier(d->pool);
    if (worker == 0)
        place_pairs(d);
    mote_thread_pool_barrier(d->pool);
    MOTE_FOR_EACH(d, p, n_pairs) {
        uint32_t e = expert_of(d, p);
        const mote_packed *users[] = {&layer->experts[0][e], &layer->experts[1][e]};
        mote_decoder_set_acts(d, &b->acts, p, b->normed + b->token_of[p] * m->h.n_embd, users, 2);
    }
    mote_thread_pool_barrier(d->pool);
    run_products(d, (const mote_packed *const[]){layer->experts[0], layer->experts[1]}, (float *const[]){b->gate, b->up}, 2);
    mote_thread_pool_barrier(d->pool);
    MOTE_FOR_EACH(d, p, n_pairs) {
        float *row = d->rows + (size_t)worker * d->row_stride;
        const mote_packed *users[] = {&layer->experts[2][expert_of(d, p)]};
        mote_decoder_activate(d, b->gate + p * n_ff, b->up + p * n_ff, row, n_ff);
        mote_decoder_set_acts(d, &b->acts, p, row, users, 1);
    }
    mote_thread_pool_barrier(d->pool);
    run_products(d, (const mote_packed *const[]){layer->experts[2]}, (float *const[]){b->out}, 1);
    mote_thread_pool_barrier(d->pool);
    MOTE_FOR_EACH(d, t, d->n)
    combine(d, t);
    mote_thread_pool_barrier(d->pool);
}
