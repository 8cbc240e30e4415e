/* Text to one vector: tokens, encoder, pooling, unit length (Reimers and Gurevych, "Sentence-BERT", 2019). */
#include "base/error.h"
#include "base/mem.h"
#include "model/encoder.h"

#include <mote/embed.h>
#include <mote/tokenizer.h>

#include <math.h>
#include <string.h>

struct mote_embedder {
    const mote_model *model;
    mote_thread_pool *pool;
    mote_encoder *encoder;
};

mote_status mote_embedder_create(const mote_model *model, int n_threads, mote_embedder **embedder, mote_error *err) {
    *embedder = NULL;
    if (!model->h.family || !model->h.family->is_encoder || !model->tokenizer)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s is no encoder: it can't embed text", model->h.family ? model->h.family->name : "a vocabulary alone");
    mote_embedder *e = mote_mem_zalloc_array(1, sizeof *e);
    if (!e)
        return mote_error_alloc(err, sizeof *e);
    e->model = model;
    mote_status status;
    MOTE_TRY_DONE(mote_thread_pool_create(n_threads > 0 ? n_threads : mote_cpu_default_threads(), &e->pool, err));
    MOTE_TRY_DONE(mote_encoder_create(model, e->pool, &e->encoder, err));
    *embedder = e;
    e = NULL;
done:
    mote_embedder_free(&e);
    return status;
}

void mote_embedder_free(mote_embedder **embedder) {
    mote_embedder *e = *embedder;
    if (!e)
        return;
    mote_encoder_free(&e->encoder);
    mote_thread_pool_free(&e->pool);
    mote_mem_free(e);
    *embedder = NULL;
}

uint32_t mote_embedder_dim(const mote_embedder *embedder) {
    return embedder->model->h.n_embd;
}

static void pool_states(const mote_model *m, const float *states, size_t n, float *vector) {
    size_t dim = m->h.n_embd;
    memcpy(vector, states, dim * sizeof *vector); /* [CLS] */
    for (size_t t = 1; m->pools_mean && t < n; t++)
        m->kernels.add(vector, states + t * dim, dim);
    if (m->pools_mean)
        m->kernels.scale(vector, 1 / (float)n, dim);
    double squares = 0;
    for (size_t i = 0; i < dim; i++)
        squares += (double)vector[i] * vector[i];
    if (squares > 0)
        m->kernels.scale(vector, (float)(1 / sqrt(squares)), dim);
}

mote_status mote_embed(mote_embedder *e, const char *text, size_t text_bytes, float *vector, mote_error *err) {
    int32_t *ids = NULL;
    size_t n = 0;
    MOTE_TRY(mote_tokenize(e->model->tokenizer, text, text_bytes, MOTE_TOKENIZE_ADD_SPECIAL, &ids, &n, err));
    mote_status status = MOTE_OK;
    if (n == 0 || n > e->model->h.n_ctx_train)
        status = mote_error_set(err, n == 0 ? MOTE_ERR_ARGUMENT : MOTE_ERR_CONTEXT, "the text has %zu tokens; the model takes 1 to %u", n, e->model->h.n_ctx_train);
    else
        pool_states(e->model, mote_encoder_forward(e->encoder, ids, n), n, vector);
    mote_mem_free(ids);
    return status;
}
