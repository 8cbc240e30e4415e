/* Token ids of texts to one vector each: hidden states by whichever network the model is (encoder.h, decoder.h), pooling, and the dense layers behind it. Several texts share a
 * pass of the encoder. */
#ifndef MOTE_ENGINE_POOLER_H
#define MOTE_ENGINE_POOLER_H

#include "base/thread_pool.h"
#include "model/encoder.h"

typedef struct mote_pooler mote_pooler;

typedef struct mote_pooler_text {
    mote_encoder_text tokens; /* at most mote_pooler_most_tokens */
    size_t n_unpooled;        /* first tokens that the mean leaves out; below tokens.n */
} mote_pooler_text;

/* Borrows the model. n_threads 0: as many as the machine has. MOTE_ERR_UNSUPPORTED: the model has no weights, or is a decoder and pooling is MOTE_POOLING_NONE; _ALLOC. */
MOTE_MUST_CHECK mote_status mote_pooler_create(const mote_model *model, mote_pooling pooling, int n_threads, mote_pooler **pooler, mote_error *err);
void mote_pooler_free(mote_pooler **pooler);
size_t mote_pooler_most_tokens(const mote_pooler *p);
/* vectors [n_texts, mote_hparams_n_embedding]. A text's vector doesn't depend on the others. Memory grows with the longest text. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_pooler_run(mote_pooler *p, const mote_pooler_text *texts, size_t n_texts, float *vectors, mote_error *err);

#endif
