/* Activations on their way into products with packed weights, in the forms that the weights of a layer ask for. */
#ifndef MOTE_MODEL_ACTS_H
#define MOTE_MODEL_ACTS_H

#include "base/thread_pool.h"
#include "kernels/kernels.h"

/* Room for [n_batch, max_k] in both forms. */
typedef struct mote_act_buffer {
    size_t n_batch, max_k;
    float *f;
    int8_t *q;
    float *scale;
    int32_t *sum;
} mote_act_buffer;

size_t mote_act_buffer_bytes(size_t n_batch, size_t max_k);
/* Lays the buffer out over memory of that many bytes (64-byte aligned). */
void mote_act_buffer_init(mote_act_buffer *b, size_t n_batch, size_t max_k, uint8_t *memory);
/* Writes row t [k] in the form of `kind`. */
void mote_act_buffer_set(mote_act_buffer *b, const mote_kernels *kernels, mote_act_kind kind, size_t t, const float *x, size_t k);
/* Rows first … first + n - 1 as a kernel's argument. */
mote_acts mote_act_buffer_view(const mote_act_buffer *b, mote_act_kind kind, size_t k, size_t first, size_t n);

/* A matrix and where its product goes: y [n_tokens, w->n_rows]. */
typedef struct mote_product {
    const mote_packed *w;
    float *y;
} mote_product;

/* The calling thread's share of products with the same activations: panels are handed out by the pool's counter. Callers put a barrier behind it. */
enum { MOTE_PRODUCTS_MAX = 64 };
void mote_product_run(const mote_kernels *kernels, mote_thread_pool *pool, const mote_product *products, int n_products, const mote_act_buffer *acts, size_t first,
                      size_t n_tokens);
/* The same for results [n_tokens, strides[i]], of which w->n_rows are written. */
void mote_product_run_strided(const mote_kernels *kernels, mote_thread_pool *pool, const mote_product *products, const size_t *strides, int n_products, const mote_act_buffer *acts,
                              size_t first, size_t n_tokens);

#endif
