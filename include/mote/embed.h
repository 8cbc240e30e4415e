/*
 * Sentence embeddings: one vector a text, by an encoder or a decoder trained for it, pooled, passed through dense layers and brought to unit length as the model's folder says.
 *
 *     mote_embed_options options = MOTE_EMBED_OPTIONS_INIT;
 *     status = mote_embedder_create(model, &options, &embedder, &err);
 *     float *v = malloc(mote_embedder_dim(embedder) * sizeof *v);
 *     mote_embed_text one = {.text = text, .text_bytes = strlen(text)};
 *     status = mote_embed(embedder, &one, 1, v, &err);
 */
#ifndef MOTE_EMBED_H
#define MOTE_EMBED_H

#include <mote/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_embedder mote_embedder;

typedef struct mote_embed_options {
    size_t size;
    int32_t n_threads;     /* 0: as many as the machine has. Does not change results. */
    uint32_t n_dimensions; /* 0: all; fewer: a vector's first numbers, brought to unit length again (for models trained so: Matryoshka) */
    const char *pooling;   /* NULL: the model's own, of encoders else the mean; "mean", "cls", "last", "max" */
    const char *prompt;    /* the name of one of the model's prompts, put before every text; NULL: its default, if it has one; "": none */
} mote_embed_options;

#define MOTE_EMBED_OPTIONS_INIT \
    { sizeof(mote_embed_options), 0, 0, NULL, NULL }

typedef struct mote_embed_text {
    const char *text;
    size_t text_bytes;
    size_t n_tokens;  /* out: what the network read, with the tokens around the text */
    size_t n_dropped; /* out: tokens cut off at the end because the model takes no more */
} mote_embed_text;

/* The model must outlive it; options may be NULL. MOTE_ERR_UNSUPPORTED (no encoder, and no pooling is given; a reranker), _ARGUMENT (names the option), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_embedder_create(const mote_model *model, const mote_embed_options *options, mote_embedder **embedder, mote_error *err);
MOTE_API void mote_embedder_free(mote_embedder **embedder);
/* The numbers of a vector. */
MOTE_API uint32_t mote_embedder_dim(const mote_embedder *embedder);
/* Writes vectors [n_texts][dim]. A text's vector doesn't depend on the others; several at once are faster. Memory grows with the longest text.
 * MOTE_ERR_ARGUMENT (a text without tokens), _LIMIT, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_embed(mote_embedder *embedder, mote_embed_text *texts, size_t n_texts, float *vectors, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
