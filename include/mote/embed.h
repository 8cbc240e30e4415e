/*
 * Sentence embeddings by an encoder (BERT form, mean pooling and unit length as the model's folder says).
 *
 *     status = mote_embedder_create(model, 0, &embedder, &err);
 *     float *v = malloc(mote_embedder_dim(embedder) * sizeof *v);
 *     status = mote_embed(embedder, text, strlen(text), v, &err);
 */
#ifndef MOTE_EMBED_H
#define MOTE_EMBED_H

#include <mote/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_embedder mote_embedder;

/* The model must outlive it. n_threads 0: as many as the machine has. MOTE_ERR_UNSUPPORTED (no encoder), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_embedder_create(const mote_model *model, int n_threads, mote_embedder **embedder, mote_error *err);
MOTE_API void mote_embedder_free(mote_embedder **embedder);
MOTE_API uint32_t mote_embedder_dim(const mote_embedder *embedder);
/* Writes vector [dim]. MOTE_ERR_CONTEXT when the text has more tokens than the model takes, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_embed(mote_embedder *embedder, const char *text, size_t text_bytes, float *vector, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
