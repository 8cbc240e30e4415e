/* The encoder (BERT form: Devlin et al., 2019): every token sees every other, a layer norm after each sum. One text at a time, without padding. */
#ifndef MOTE_MODEL_ENCODER_H
#define MOTE_MODEL_ENCODER_H

#include "base/thread_pool.h"
#include "model/loaded.h"

typedef struct mote_encoder mote_encoder;

/* Borrows model and pool; takes memory for texts of up to n_ctx_train tokens. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_encoder_create(const mote_model *model, mote_thread_pool *pool, mote_encoder **encoder, mote_error *err);
void mote_encoder_free(mote_encoder **encoder);
/* Hidden states [n, n_embd] of the last layer; 1 <= n <= n_ctx_train, ids valid. Borrowed until the next call. */
const float *mote_encoder_forward(mote_encoder *e, const int32_t *ids, size_t n);

#endif
