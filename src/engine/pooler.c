#include "engine/pooler.h"

#include "base/cpu.h"
#include "base/error.h"
#include "base/mem.h"
#include "model/cache.h"
#include "model/decoder.h"
#include "model/head.h"

#include <math.h>
#include <string.h>

/* A pass of this room keeps the weights busy for many rows; a longer text gets a pass of its own. A decoder that sees one way is fed in batches. */
enum { USUAL_ROOM = 512, CAUSAL_BATCH = 512 };
/* Longer texts are cut: the cache of a decoder grows with them, and no published embedder was trained on more. */
enum { MAX_TOKENS = 32768 };

struct mote_pooler {
    const mote_model *model;
    mote_pooling pooling;
    mote_thread_pool *pool;
    mote_head *head;
    float *sum;    /* [n_embd] of the text at hand */
    size_t n_room; /* what the network has memory for */
    mote_encoder *encoder;
    mote_decoder *decoder;
    mote_cache_layout *layout;
    uint8_t *cache_bytes;
};

mote_status mote_pooler_create(const mote_model *model, mote_pooling pooling, int n_threads, mote_pooler **pooler, mote_error *err) {
    const mote_hparams *h = &model->h;
    *pooler = NULL;
    if (!h->family || !model->w.bytes || !model->tokenizer)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, h->family ? "the model has no tokenizer: it can't read texts" : "the model was opened for its vocabulary only");
    if (pooling == MOTE_POOLING_NONE && !h->family->is_encoder)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s is no encoder, and the model doesn't say how its states become one vector (pooling)", h->family->name);
    mote_pooler *p = mote_mem_zalloc_array(1, sizeof *p);
    if (!p)
        return mote_error_alloc(err, sizeof *p);
    p->model = model;
    p->pooling = pooling == MOTE_POOLING_NONE ? MOTE_POOLING_MEAN : pooling;
    mote_status status;
    MOTE_TRY_DONE(mote_thread_pool_create(n_threads > 0 ? n_threads : mote_cpu_default_threads(), &p->pool, err));
    MOTE_TRY_DONE(mote_head_create(model, p->pool, &p->head, err));
    p->sum = mote_mem_zalloc_array(h->n_embd, sizeof *p->sum);
    p->layout = mote_mem_zalloc_array(1, sizeof *p->layout);
    if (!p->sum || !p->layout) {
        status = mote_error_alloc(err, h->n_embd * sizeof *p->sum);
        goto done;
    }
    *pooler = p;
    p = NULL;
done:
    mote_pooler_free(&p);
    return status;
}

static void free_network(mote_pooler *p) {
    mote_encoder_free(&p->encoder);
    mote_decoder_free(&p->decoder);
    mote_mem_free(p->cache_bytes);
    p->cache_bytes = NULL;
    p->n_room = 0;
}

void mote_pooler_free(mote_pooler **pooler) {
    mote_pooler *p = *pooler;
    if (!p)
        return;
    free_network(p);
    mote_head_free(&p->head);
    mote_thread_pool_free(&p->pool);
    mote_mem_free(p->layout);
    mote_mem_free(p->sum);
    mote_mem_free(p);
    *pooler = NULL;
}

size_t mote_pooler_most_tokens(const mote_pooler *p) {
    return p->model->h.n_ctx_train < MAX_TOKENS ? p->model->h.n_ctx_train : MAX_TOKENS;
}

static bool uses_decoder(const mote_pooler *p) {
    return !p->model->h.family->is_encoder || p->model->h.family->encodes_by_decoder;
}

static bool sees_both_ways(const mote_pooler *p) {
    return p->model->h.family->encodes_by_decoder;
}

static mote_status create_decoder(mote_pooler *p, size_t n_room, mote_error *err) {
    const mote_model *m = p->model;
    mote_dtype type = m->exact ? MOTE_DTYPE_F32 : MOTE_DTYPE_F16;
    size_t n_batch = sees_both_ways(p) || n_room < CAUSAL_BATCH ? n_room : CAUSAL_BATCH;
    mote_cache_layout_init(p->layout, &m->h, type, type, n_room, n_batch);
    p->cache_bytes = mote_mem_alloc_aligned(p->layout->n_bytes);
    if (!p->cache_bytes)
        return mote_error_alloc(err, p->layout->n_bytes);
    memset(p->cache_bytes, 0, p->layout->n_bytes);
    return mote_decoder_create(m, p->pool, n_batch, n_room, &p->decoder, err);
}

/* Doubles what there is memory for until a text fits. */
static mote_status make_room(mote_pooler *p, size_t n, mote_error *err) {
    size_t n_room = p->n_room ? p->n_room : USUAL_ROOM, most = mote_encoder_room(mote_pooler_most_tokens(p));
    if (mote_encoder_room(n) <= p->n_room)
        return MOTE_OK;
    while (n_room < mote_encoder_room(n))
        n_room *= 2;
    if (uses_decoder(p) && n_room > most)
        n_room = most;
    free_network(p);
    mote_status status = uses_decoder(p) ? create_decoder(p, n_room, err) : mote_encoder_create(p->model, p->pool, n_room, &p->encoder, err);
    if (status == MOTE_OK)
        p->n_room = n_room;
    else
        free_network(p);
    return status;
}

static void take_largest(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > y[i] ? x[i] : y[i];
}

/* Takes tokens first … first + n - 1 of a text into p->sum. */
static void pool_states(mote_pooler *p, const mote_pooler_text *text, const float *states, size_t first, size_t n) {
    size_t dim = p->model->h.n_embd;
    for (size_t t = first; t < first + n; t++, states += dim) {
        bool takes = p->pooling == MOTE_POOLING_LAST ? t == text->tokens.n - 1 : p->pooling == MOTE_POOLING_CLS ? t == 0 : t == text->n_unpooled;
        if (takes)
            memcpy(p->sum, states, dim * sizeof *states);
        else if (t > text->n_unpooled && p->pooling == MOTE_POOLING_MEAN)
            p->model->kernels.add(p->sum, states, dim);
        else if (t > text->n_unpooled && p->pooling == MOTE_POOLING_MAX)
            take_largest(p->sum, states, dim);
    }
}

static void finish(mote_pooler *p, const mote_pooler_text *text, float *vector) {
    if (p->pooling == MOTE_POOLING_MEAN)
        p->model->kernels.scale(p->sum, 1 / (float)(text->tokens.n - text->n_unpooled), p->model->h.n_embd);
    mote_head_run(p->head, p->sum, vector);
}

static mote_status run_decoder(mote_pooler *p, const mote_pooler_text *text, float *vector) {
    size_t n = text->tokens.n, n_batch = sees_both_ways(p) ? n : CAUSAL_BATCH;
    mote_cache cache;
    mote_cache_init(&cache, p->layout, p->cache_bytes);
    for (size_t first = 0; first < n; first += n_batch) {
        size_t n_now = n - first < n_batch ? n - first : n_batch;
        mote_cache_make_room(&cache, first, n_now);
        MOTE_TRY(mote_decoder_forward(p->decoder, &cache, text->tokens.ids + first, n_now, first, NULL));
        pool_states(p, text, mote_decoder_states(p->decoder), first, n_now);
    }
    finish(p, text, vector);
    return MOTE_OK;
}

/* How many of the texts fit into one pass of the encoder, at least one. */
static size_t texts_of_pass(const mote_pooler *p, const mote_pooler_text *texts, size_t n_texts) {
    size_t room = 0, n = 0;
    while (n < n_texts && n < MOTE_ENCODER_MAX_TEXTS && (room += mote_encoder_room(texts[n].tokens.n)) <= p->n_room)
        n++;
    return n;
}

mote_status mote_pooler_run(mote_pooler *p, const mote_pooler_text *texts, size_t n_texts, float *vectors, mote_error *err) {
    size_t dim = p->model->h.n_embd, n_out = mote_hparams_n_embedding(&p->model->h), longest = 0;
    for (size_t i = 0; i < n_texts; i++)
        longest = texts[i].tokens.n > longest ? texts[i].tokens.n : longest;
    if (n_texts)
        MOTE_TRY(make_room(p, longest, err));
    if (uses_decoder(p)) {
        for (size_t i = 0; i < n_texts; i++)
            MOTE_TRY(run_decoder(p, &texts[i], vectors + i * n_out));
        return MOTE_OK;
    }
    for (size_t i = 0, n; i < n_texts; i += n) {
        mote_encoder_text pass[MOTE_ENCODER_MAX_TEXTS];
        n = texts_of_pass(p, texts + i, n_texts - i);
        for (size_t k = 0; k < n; k++)
            pass[k] = texts[i + k].tokens;
        const float *states = mote_encoder_forward(p->encoder, pass, n);
        for (size_t k = 0; k < n; k++) {
            pool_states(p, &texts[i + k], states, 0, pass[k].n);
            finish(p, &texts[i + k], vectors + (i + k) * n_out);
            states += pass[k].n * dim;
        }
    }
    return MOTE_OK;
}
