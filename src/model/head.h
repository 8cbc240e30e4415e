/* The dense layers behind pooling: those of sentence-transformers (2_Dense, 3_Dense) and a reranker's classifier. One vector at a time. */
#ifndef MOTE_MODEL_HEAD_H
#define MOTE_MODEL_HEAD_H

#include "base/thread_pool.h"
#include "model/loaded.h"

typedef struct mote_head mote_head;

/* Borrows model and pool. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_head_create(const mote_model *model, mote_thread_pool *pool, mote_head **head, mote_error *err);
void mote_head_free(mote_head **head);
/* pooled [n_embd] to vector [mote_hparams_n_embedding]; a copy where the model has no such layers. */
void mote_head_run(mote_head *head, const float *pooled, float *vector);

#endif
