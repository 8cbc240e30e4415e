/*
 * Reranking: how well passages answer a query, each read together with it by a cross-encoder (Nogueira and Cho, "Passage Re-ranking with BERT", 2019).
 *
 *     status = mote_reranker_create(model, 0, &reranker, &err);
 *     status = mote_rerank(reranker, query, strlen(query), passages, n_passages, scores, &err);
 */
#ifndef MOTE_RERANK_H
#define MOTE_RERANK_H

#include <mote/embed.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_reranker mote_reranker;

/* The model must outlive it. n_threads 0: as many as the machine has. is_raw: scores as the network gives them; else through the logistic function, between 0 and 1, unless the
 * model's configuration asks for none. MOTE_ERR_UNSUPPORTED (no reranker), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_reranker_create(const mote_model *model, int32_t n_threads, bool is_raw, mote_reranker **reranker, mote_error *err);
MOTE_API void mote_reranker_free(mote_reranker **reranker);
/* Writes scores [n_passages], higher is better. A pair that is too long loses tokens of the longer text first. MOTE_ERR_LIMIT, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_rerank(mote_reranker *reranker, const char *query, size_t query_bytes, mote_embed_text *passages, size_t n_passages, float *scores,
                                                 mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
