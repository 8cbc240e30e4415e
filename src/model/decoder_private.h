/* The decoder's state and the parts of its pass that live in files of their own. */
#ifndef MOTE_MODEL_DECODER_PRIVATE_H
#define MOTE_MODEL_DECODER_PRIVATE_H

#include "model/acts.h"
#include "model/decoder.h"

struct mote_decoder {
    const mote_model *model;
    mote_thread_pool *pool;
    size_t n_batch;
    uint8_t *memory; /* owns every buffer below */
    float *x;        /* [n_batch, n_embd] the residual stream */
    float *rows;     /* a row for each thread */
    size_t row_stride;
    float *q, *k, *v;  /* [n_batch, heads * head_dim] */
    float *attn;       /* [n_batch, n_heads * head_dim] */
    float *gate, *up;  /* [n_batch, n_ff] */
    float *out;        /* [n_batch, n_embd] what is added to x next */
    float *logits;     /* [MOTE_DECODER_LOGIT_ROWS, n_vocab] */
    float *cos_sin[2]; /* [n_batch, n_rot]: of layers without and with a window */
    float *scores;     /* a tile of [queries, score_stride] for each thread */
    size_t score_stride, scores_stride;
    float *queries; /* two tiles of [queries, head_dim padded] for each thread: queries, then sums of values */
    size_t queries_stride;
    mote_act_buffer acts;
    float embed_scale;

    /* of the running pass */
    const mote_cache *cache;
    const int32_t *tokens;
    size_t n, first_position, first_logit, n_logits;
    const atomic_bool *cancel;
    atomic_bool stops;
};

/* Queries (tokens times heads of a group) that attention computes together. */
size_t mote_decoder_query_tile(const mote_hparams *h);
size_t mote_decoder_pad_positions(size_t n);
float mote_decoder_embed_scale(const mote_hparams *h);
/* Biases, norms and rotation of token t's queries and keys; keys and values into the cache. */
void mote_decoder_store_keys(mote_decoder *d, uint32_t layer, size_t t, int worker);
size_t mote_decoder_attention_tasks(const mote_decoder *d);
/* One key/value head and one tile of tokens: d->attn. */
void mote_decoder_attend(mote_decoder *d, uint32_t layer, size_t task, int worker);

#endif
