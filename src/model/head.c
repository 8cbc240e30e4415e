#include "model/head.h"

#include "base/error.h"
#include "base/mem.h"
#include "model/acts.h"

#include <math.h>
#include <string.h>

struct mote_head {
    const mote_model *model;
    mote_thread_pool *pool;
    uint8_t *memory; /* owns the next two */
    float *rows[2];  /* what goes into a layer, what comes out */
    mote_act_buffer acts;
    int layer; /* of the running product */
};

static size_t widest_of(const mote_hparams *h) {
    size_t widest = h->n_embd;
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++)
        widest = h->dense[i].n_out > widest ? h->dense[i].n_out : widest;
    return widest;
}

mote_status mote_head_create(const mote_model *model, mote_thread_pool *pool, mote_head **head, mote_error *err) {
    size_t widest = widest_of(&model->h), row = (widest * sizeof(float) + 63) / 64 * 64, total = 2 * row + mote_act_buffer_bytes(1, widest);
    *head = NULL;
    mote_head *h = mote_mem_zalloc_array(1, sizeof *h);
    uint8_t *memory = mote_mem_alloc_aligned(total);
    if (!h || !memory) {
        mote_mem_free(h);
        mote_mem_free(memory);
        return mote_error_alloc(err, total);
    }
    memset(memory, 0, total);
    *h = (mote_head){.model = model, .pool = pool, .memory = memory, .rows = {(float *)memory, (float *)(memory + row)}};
    mote_act_buffer_init(&h->acts, 1, widest, memory + 2 * row);
    *head = h;
    return MOTE_OK;
}

void mote_head_free(mote_head **head) {
    if (*head) {
        mote_mem_free((*head)->memory);
        mote_mem_free(*head);
    }
    *head = NULL;
}

static void product_run(void *context, int worker, int n_workers) {
    mote_head *h = context;
    (void)worker;
    (void)n_workers;
    mote_product_run(&h->model->kernels, h->pool, (mote_product[]){{&h->model->w.dense[h->layer], h->rows[1]}}, 1, &h->acts, 0, 1);
}

static void run_layer(mote_head *h, int i) {
    const mote_model *m = h->model;
    const mote_packed *w = &m->w.dense[i];
    const float *bias = m->w.vectors[MOTE_SLOT_DENSE_1_BIAS + i];
    h->layer = i;
    mote_act_buffer_set(&h->acts, &m->kernels, mote_pack_act_kind(w->type), 0, h->rows[0], w->k);
    mote_thread_pool_run(h->pool, product_run, h);
    if (bias)
        m->kernels.add(h->rows[1], bias, w->n_rows);
    for (size_t r = 0; r < w->n_rows; r++)
        h->rows[0][r] = m->h.dense[i].is_tanh ? tanhf(h->rows[1][r]) : h->rows[1][r];
}

void mote_head_run(mote_head *h, const float *pooled, float *vector) {
    const mote_model *m = h->model;
    memcpy(h->rows[0], pooled, m->h.n_embd * sizeof *pooled);
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++)
        if (m->w.dense[i].data)
            run_layer(h, i);
    memcpy(vector, h->rows[0], mote_hparams_n_embedding(&m->h) * sizeof *vector);
}
