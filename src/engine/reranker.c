/* A pair of texts to one score: tokens of both, the encoder, the first token's state, the classifier. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/reading.h"

#include <mote/rerank.h>
#include <mote/tokenizer.h>

#include <math.h>

enum { PAIRS_AT_ONCE = 64 };

struct mote_reranker {
    const mote_model *model;
    mote_pooler *pooler;
    bool is_raw;
    size_t most_tokens;
    mote_reading readings[PAIRS_AT_ONCE];
};

mote_status mote_reranker_create(const mote_model *model, int32_t n_threads, bool is_raw, mote_reranker **reranker, mote_error *err) {
    *reranker = NULL;
    if (!model->h.is_reranker)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s is no reranker: it has no head that scores a pair of texts",
                              model->h.family ? model->h.family->name : "a vocabulary alone");
    mote_reranker *r = mote_mem_zalloc_array(1, sizeof *r);
    if (!r)
        return mote_error_alloc(err, sizeof *r);
    r->model = model;
    r->is_raw = is_raw || !model->sentence.scores_sigmoid;
    mote_status status = mote_pooler_create(model, model->h.pooling, n_threads, &r->pooler, err);
    if (status == MOTE_OK) {
        r->most_tokens = mote_reading_most_tokens(model, r->pooler);
        *reranker = r;
    } else
        mote_reranker_free(&r);
    return status;
}

void mote_reranker_free(mote_reranker **reranker) {
    mote_reranker *r = *reranker;
    if (!r)
        return;
    mote_pooler_free(&r->pooler);
    mote_mem_free(r);
    *reranker = NULL;
}

static mote_status score_some(mote_reranker *r, const int32_t *query, size_t n_query, mote_embed_text *passages, size_t n, float *scores, mote_error *err) {
    mote_pooler_text tokens[PAIRS_AT_ONCE];
    mote_status status = MOTE_OK;
    size_t n_read = 0;
    for (; n_read < n; n_read++) {
        mote_reading *reading = &r->readings[n_read];
        mote_embed_text *passage = &passages[n_read];
        MOTE_TRY_DONE(mote_reading_of_pair(r->model, query, n_query, (mote_str){passage->text, passage->text_bytes}, r->most_tokens, reading, err));
        tokens[n_read] = mote_reading_tokens(reading);
        passage->n_tokens = reading->n;
        passage->n_dropped = reading->n_dropped;
    }
    MOTE_TRY_DONE(mote_pooler_run(r->pooler, tokens, n, scores, err));
    for (size_t i = 0; i < n && !r->is_raw; i++)
        scores[i] = (float)(1 / (1 + exp(-(double)scores[i])));
done:
    for (size_t i = 0; i < n_read; i++)
        mote_reading_deinit(&r->readings[i]);
    return status;
}

mote_status mote_rerank(mote_reranker *r, const char *query, size_t query_bytes, mote_embed_text *passages, size_t n_passages, float *scores, mote_error *err) {
    int32_t *ids = NULL;
    size_t n_ids = 0;
    MOTE_TRY(mote_tokenize(r->model->tokenizer, query, query_bytes, 0, &ids, &n_ids, err));
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < n_passages && status == MOTE_OK; i += PAIRS_AT_ONCE)
        status = score_some(r, ids, n_ids, passages + i, n_passages - i < PAIRS_AT_ONCE ? n_passages - i : PAIRS_AT_ONCE, scores + i, err);
    mote_mem_free(ids);
    return status;
}
