/* The one decoder that all families share: tokens in, logits out. One forward pass runs on all threads of a pool; between its phases they meet at barriers.
 *
 * All memory is taken by _create; a pass allocates nothing. Results don't depend on the number of threads or on how tokens are cut into passes (kernels/kernels.h, "One result").
 */
#ifndef MOTE_MODEL_DECODER_H
#define MOTE_MODEL_DECODER_H

#include "base/thread_pool.h"
#include "model/adapter.h"
#include "model/cache.h"
#include "model/loaded.h"

#include <stdatomic.h>

typedef struct mote_decoder mote_decoder;

/* Rows of logits that one pass can give. */
enum { MOTE_DECODER_LOGIT_ROWS = 16 };

/* Sees row t of what enters the product with w, before it is quantised; called by any thread, once for each t and w of a pass (experts: for each pair). */
typedef void (*mote_decoder_observe_fn)(void *context, const mote_packed *w, size_t t, const float *x);

/* Bytes that _create takes. */
size_t mote_decoder_bytes(const mote_hparams *h, size_t n_batch, size_t n_positions, int n_threads);
/* Borrows model and pool. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_decoder_create(const mote_model *model, mote_thread_pool *pool, size_t n_batch, size_t n_positions, mote_decoder **decoder, mote_error *err);
void mote_decoder_free(mote_decoder **decoder);
/* NULL: nobody watches. */
void mote_decoder_set_observer(mote_decoder *d, mote_decoder_observe_fn observe, void *context);

/* What an adapter adds to the room of a pass. */
size_t mote_decoder_adapter_bytes(const mote_adapter *adapter, size_t n_batch);
/* Makes room for passes with these adapters; the decoder keeps it. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_decoder_reserve_adapters(mote_decoder *d, const mote_adapter_set *set, mote_error *err);
/* The adapters of the next passes, for which room was made; borrowed. NULL: none. */
void mote_decoder_set_adapters(mote_decoder *d, const mote_adapter_set *set);

/* Computes tokens [n <= n_batch] at positions first_position … of the cache and stores their keys and values. The caller checks ids and room.
 * MOTE_ERR_CANCELLED when *cancel became true (looked at once a layer); the cache then holds part of the tokens, which the next pass overwrites. */
MOTE_MUST_CHECK mote_status mote_decoder_forward(mote_decoder *d, const mote_cache *cache, const int32_t *tokens, size_t n, size_t first_position, const atomic_bool *cancel);
/* Logits [count <= MOTE_DECODER_LOGIT_ROWS][n_vocab] of tokens first … first + count - 1 of the last pass. Borrowed until the next call. */
const float *mote_decoder_logits(mote_decoder *d, size_t first, size_t count);

/* Which logits are wanted: the n_first greatest (on a tie all that are equal), and those of rows. */
typedef struct mote_logit_choice {
    size_t n_first; /* at most MOTE_DECODER_MAX_FIRST */
    const int32_t *rows;
    size_t n_rows;
} mote_logit_choice;
enum { MOTE_DECODER_MAX_FIRST = 512 };
/* Logits [n_vocab] of one token of the last pass, bit-equal to those of mote_decoder_logits for the wanted ones; each of the others is that too or -infinity. Borrowed until the
 * next call. The greatest are found with a screen where there is one and it helps, else all are computed. */
const float *mote_decoder_logits_some(mote_decoder *d, size_t token, const mote_logit_choice *choice);
/* Bytes of the head's screen (kernels/screen.h); 0 where it doesn't pay. */
size_t mote_decoder_screen_bytes(const mote_model *model);
/* Makes the screen, with all threads, unless there is one, it doesn't pay or this head can't have one. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_decoder_make_screen(mote_decoder *d, mote_error *err);
/* The normed hidden states [n, n_embd] of all tokens of the last pass. Borrowed until the next call. */
const float *mote_decoder_states(mote_decoder *d);

#endif
