#include "model/identity.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/mem.h"

#include <string.h>

/* Rows that are read of each matrix, evenly spread: training changes nearly all. */
enum { MODEL_ROWS = 2, ADAPTER_ROWS = 32 };

#define ADD(sum, x) mote_checksum_update(sum, &(x), sizeof(x))

static void add_matrix(mote_checksum *sum, const mote_packed *w, size_t n_most, float *row) {
    uint64_t shape[] = {w->n_rows, w->k};
    ADD(sum, shape);
    size_t n = w->n_rows < n_most ? w->n_rows : n_most;
    for (size_t i = 0; i < n; i++) {
        mote_pack_get_row(w, w->n_rows * (2 * i + 1) / (2 * n), row);
        mote_checksum_update(sum, row, w->k * sizeof *row);
    }
}

static size_t widest_of(const mote_packed *w, size_t n, size_t most) {
    for (size_t i = 0; i < n; i++)
        most = w[i].data && w[i].k > most ? w[i].k : most;
    return most;
}

static size_t widest_of_model(const mote_model *m) {
    size_t most = widest_of(&m->w.output, 1, widest_of(&m->w.token_embd, 1, 0));
    for (uint32_t l = 0; l < m->h.n_layers; l++) {
        most = widest_of(m->w.layers[l].m, MOTE_SLOT_COUNT, most);
        for (int i = 0; i < 3; i++)
            if (m->w.layers[l].experts[i])
                most = widest_of(m->w.layers[l].experts[i], m->h.experts.n, most);
    }
    return most;
}

static void add_vector(mote_checksum *sum, const mote_hparams *h, const float *x, mote_slot slot, uint32_t layer) {
    uint64_t n_rows, n_columns;
    if (!x)
        return;
    mote_slot_shape(h, slot, layer, &n_rows, &n_columns);
    mote_checksum_update(sum, x, (size_t)(n_rows * n_columns) * sizeof *x);
}

static void add_layer(mote_checksum *sum, const mote_model *m, uint32_t l, float *row) {
    const mote_layer *layer = &m->w.layers[l];
    for (mote_slot slot = MOTE_SLOT_ATTN_NORM; slot < MOTE_SLOT_COUNT; slot++) {
        add_vector(sum, &m->h, layer->vectors[slot], slot, l);
        if (layer->m[slot].data)
            add_matrix(sum, &layer->m[slot], MODEL_ROWS, row);
    }
    for (int i = 0; i < 3; i++)
        for (uint32_t x = 0; layer->experts[i] && x < m->h.experts.n; x++)
            add_matrix(sum, &layer->experts[i][x], MODEL_ROWS, row);
}

static void add_hparams(mote_checksum *sum, const mote_model *m) {
    const mote_hparams *h = &m->h;
    uint32_t counts[] = {h->n_layers, h->n_embd, h->head_dim, h->n_rot, h->n_vocab, h->window, h->rope_neox, m->exact, h->experts.n_used, h->experts.normalises};
    float scales[] = {h->norm_eps,       h->attn_scale,  h->attn_softcap,     h->final_softcap,         h->embed_scale,
                      h->residual_scale, h->logit_scale, h->rope.attn_factor, h->rope_local.attn_factor};
    ADD(sum, counts);
    ADD(sum, scales);
    mote_checksum_update(sum, h->family->name, strlen(h->family->name));
    for (uint32_t l = 0; l < h->n_layers; l++) {
        const mote_layer_hparams *layer = &h->layers[l];
        uint32_t numbers[] = {layer->n_heads, layer->n_kv_heads, layer->n_ff, layer->mixer, layer->is_windowed, layer->has_rope, layer->has_experts};
        ADD(sum, numbers);
    }
    for (size_t i = 0; i < sizeof m->inv_freq / sizeof *m->inv_freq; i++)
        if (m->inv_freq[i])
            mote_checksum_update(sum, m->inv_freq[i], h->n_rot / 2 * sizeof(float));
}

mote_status mote_identity_of_model(const mote_model *m, uint64_t *identity, mote_error *err) {
    size_t n = widest_of_model(m);
    float *row = mote_mem_alloc_array(n, sizeof *row);
    if (!row)
        return mote_error_alloc(err, n * sizeof *row);
    mote_checksum sum;
    mote_checksum_init(&sum);
    add_hparams(&sum, m);
    add_matrix(&sum, &m->w.token_embd, MODEL_ROWS, row);
    add_matrix(&sum, &m->w.output, MODEL_ROWS, row);
    for (mote_slot slot = 0; slot < MOTE_SLOT_ATTN_NORM; slot++)
        add_vector(&sum, &m->h, m->w.vectors[slot], slot, 0);
    for (uint32_t l = 0; l < m->h.n_layers; l++)
        add_layer(&sum, m, l, row);
    mote_mem_free(row);
    *identity = mote_checksum_value(&sum);
    return MOTE_OK;
}

mote_status mote_identity_of_adapter(const mote_adapter *a, uint64_t *identity, mote_error *err) {
    size_t n = 1;
    for (size_t i = 0; i < a->n_pairs; i++)
        n = widest_of(&a->pairs[i].b, 1, widest_of(&a->pairs[i].a, 1, n));
    float *row = mote_mem_alloc_array(n, sizeof *row);
    if (!row)
        return mote_error_alloc(err, n * sizeof *row);
    mote_checksum sum;
    mote_checksum_init(&sum);
    for (size_t i = 0; i < a->n_pairs; i++) {
        const mote_adapter_pair *p = &a->pairs[i];
        uint32_t place[] = {(uint32_t)p->slot, p->layer};
        ADD(&sum, place);
        ADD(&sum, p->scale);
        add_matrix(&sum, &p->a, ADAPTER_ROWS, row);
        add_matrix(&sum, &p->b, ADAPTER_ROWS, row);
        if (p->dora)
            mote_checksum_update(&sum, p->dora, p->b.n_rows * MOTE_ADAPTER_DORA * sizeof(float));
    }
    mote_mem_free(row);
    *identity = mote_checksum_value(&sum);
    return MOTE_OK;
}
