#include "model/acts.h"

#include <string.h>

static size_t pad_k(size_t k) {
    return (k + MOTE_BLOCK - 1) / MOTE_BLOCK * MOTE_BLOCK;
}

static size_t round_up(size_t n) {
    return (n + 63) / 64 * 64;
}

size_t mote_act_buffer_bytes(size_t n_batch, size_t max_k) {
    size_t k = pad_k(max_k);
    return round_up(n_batch * k * sizeof(float)) + round_up(n_batch * k) + 2 * round_up(n_batch * (k / MOTE_BLOCK) * 2 * sizeof(float));
}

void mote_act_buffer_init(mote_act_buffer *b, size_t n_batch, size_t max_k, uint8_t *memory) {
    size_t k = pad_k(max_k);
    *b = (mote_act_buffer){.n_batch = n_batch, .max_k = max_k};
    b->f = (float *)memory;
    memory += round_up(n_batch * k * sizeof(float));
    b->q = (int8_t *)memory;
    memory += round_up(n_batch * k);
    b->scale = (float *)memory;
    memory += round_up(n_batch * (k / MOTE_BLOCK) * 2 * sizeof(float));
    b->sum = (int32_t *)memory;
}

void mote_act_buffer_set(mote_act_buffer *b, const mote_kernels *kernels, mote_act_kind kind, size_t t, const float *x, size_t k) {
    size_t padded = pad_k(k), n_blocks = padded / MOTE_BLOCK;
    if (kind == MOTE_ACT_Q8) {
        kernels->quantize_q8(x, k, b->q + t * padded, b->scale + t * n_blocks, b->sum + t * n_blocks * 2);
        return;
    }
    memcpy(b->f + t * padded, x, k * sizeof *x);
    memset(b->f + t * padded + k, 0, (padded - k) * sizeof *x);
}

mote_acts mote_act_buffer_view(const mote_act_buffer *b, mote_act_kind kind, size_t k, size_t first, size_t n) {
    size_t padded = pad_k(k), n_blocks = padded / MOTE_BLOCK;
    return (mote_acts){.kind = kind,
                       .n_tokens = n,
                       .k = padded,
                       .f = b->f + first * padded,
                       .q = b->q + first * padded,
                       .scale = b->scale + first * n_blocks,
                       .sum = b->sum + first * n_blocks * 2};
}

void mote_product_run(const mote_kernels *kernels, mote_thread_pool *pool, const mote_product *products, int n_products, const mote_act_buffer *acts, size_t first,
                      size_t n_tokens) {
    size_t strides[MOTE_PRODUCTS_MAX];
    for (int i = 0; i < n_products; i++)
        strides[i] = products[i].w->n_rows;
    mote_product_run_strided(kernels, pool, products, strides, n_products, acts, first, n_tokens);
}

void mote_product_run_strided(const mote_kernels *kernels, mote_thread_pool *pool, const mote_product *products, const size_t *strides, int n_products, const mote_act_buffer *acts,
                              size_t first, size_t n_tokens) {
    /* Small enough pieces that a thread which was interrupted doesn't hold the others up, large enough that handing out costs nothing. */
    enum { PIECES_A_THREAD = 8 };
    size_t n_panels[MOTE_PRODUCTS_MAX], n_all = 0;
    for (int i = 0; i < n_products; i++)
        n_all += n_panels[i] = (products[i].w->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS;
    size_t piece = n_all / ((size_t)mote_thread_pool_size(pool) * PIECES_A_THREAD);
    piece = piece < 1 ? 1 : piece;
    if (n_tokens > 16 && piece > 2)
        piece -= piece % 2; /* pairs of panels share a pass over the activations */
    for (size_t at; (at = (size_t)mote_thread_pool_next(pool) * piece) < n_all;) {
        size_t end = at + piece < n_all ? at + piece : n_all, base = 0;
        for (int i = 0; i < n_products; base += n_panels[i], i++) {
            size_t from = at > base ? at - base : 0, to = end > base ? end - base : 0;
            to = to < n_panels[i] ? to : n_panels[i];
            if (from >= to)
                continue;
            const mote_packed *w = products[i].w;
            mote_acts x = mote_act_buffer_view(acts, mote_pack_act_kind(w->type), w->k, first, n_tokens);
            kernels->matmul(w, from, to, &x, products[i].y, strides[i]);
        }
    }
}
