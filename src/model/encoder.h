/* The encoder (BERT form: Devlin et al., 2019): every token of a text sees every other, a layer norm after each sum. Positions come from a table, or queries and keys are rotated
 * (nomic-bert); the feed-forward network is gated where the model has gates. Several texts share a pass without padding: each product reads the weights once for all of them. */
#ifndef MOTE_MODEL_ENCODER_H
#define MOTE_MODEL_ENCODER_H

#include "base/thread_pool.h"
#include "model/loaded.h"

typedef struct mote_encoder mote_encoder;

enum { MOTE_ENCODER_MAX_TEXTS = 64 };

typedef struct mote_encoder_text {
    const int32_t *ids;
    const uint8_t *types; /* of the ids, below n_token_types; NULL: all 0 */
    size_t n;             /* 1 … n_ctx_train */
} mote_encoder_text;

/* The room that a text of n tokens takes in a pass. */
size_t mote_encoder_room(size_t n);
/* Borrows model and pool; takes memory for passes whose texts take up to n_room together. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_encoder_create(const mote_model *model, mote_thread_pool *pool, size_t n_room, mote_encoder **encoder, mote_error *err);
void mote_encoder_free(mote_encoder **encoder);
/* Hidden states [sum of n, n_embd] of the last layer, text after text; at most MOTE_ENCODER_MAX_TEXTS. A text's states don't depend on the others. Borrowed until the next call. */
const float *mote_encoder_forward(mote_encoder *e, const mote_encoder_text *texts, size_t n_texts);

#endif
