/*
 * Adapters: small changes to a model's matrices (LoRA, rsLoRA, DoRA), from a folder as PEFT writes it or a GGUF file as llama.cpp's converter writes it.
 *
 * A mote_adapter is read and checked against its model once; then it is immutable, may be shared by any number of sessions, and may be opened and freed while sessions that don't
 * use it run. The model must outlive it.
 *
 *     mote_adapter *adapter = NULL;
 *     status = mote_adapter_open(model, "my-adapter", NULL, &adapter, &err);
 *     status = mote_session_set_adapters(session, (const mote_adapter *[]){adapter}, (float[]){1}, 1, &err);
 *     ...
 *     status = mote_session_set_adapters(session, NULL, NULL, 0, &err);
 *     mote_adapter_free(&adapter);
 *
 * A matrix W with an adapter of scale s gives y = W x + s c B A x, c = alpha / rank (rsLoRA: alpha / sqrt(rank)). DoRA: y = g (W x + s c B A x), where g is the adapter's magnitude
 * of a row over the norm of that row of W + s c B A. Several adapters are applied in their order, each to what those before it gave (DoRA's norms are of W alone); PEFT computes
 * the same. Scale 1 is the adapter as trained; with scale 0 it is left out.
 */
#ifndef MOTE_ADAPTER_H
#define MOTE_ADAPTER_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Adapters that a session can have at a time. */
#define MOTE_ADAPTERS_MAX 16

typedef struct mote_adapter_options {
    size_t size;
    uint64_t mem_max_bytes; /* 0: no limit; else MOTE_ERR_BUDGET with the numbers, before anything is taken */
    int32_t n_threads;      /* threads that compute DoRA's norms; 0: as many as the machine has */
} mote_adapter_options;

#define MOTE_ADAPTER_OPTIONS_INIT \
    { sizeof(mote_adapter_options), 0, 0 }

typedef struct mote_adapter_info {
    const char *kind;  /* "lora", "rslora", "dora", "dora, rslora"; static storage */
    size_t n_matrices; /* of the model that it changes */
    uint32_t max_rank; /* the largest of its ranks */
    float alpha;       /* the usual one; single matrices can have others */
    uint64_t n_params; /* its weights */
    uint64_t n_bytes;  /* in memory */
} mote_adapter_info;

/* path: a PEFT folder, the adapter_model.safetensors in one, or a GGUF. `options` may be NULL. On failure *adapter is NULL and err names file, key or tensor.
 * MOTE_ERR_NOT_FOUND, _IO, _FORMAT (malformed, or made for another base: shape, layer or recorded hash are named), _UNSUPPORTED (what it asks for, by name), _BUDGET, _LIMIT,
 * _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_adapter_open(const mote_model *model, const char *path, const mote_adapter_options *options, mote_adapter **adapter, mote_error *err);
/* Frees and nulls; NULL inside is allowed. No session may still use it. */
MOTE_API void mote_adapter_free(mote_adapter **adapter);
MOTE_API void mote_adapter_get_info(const mote_adapter *adapter, mote_adapter_info *info);

/* The adapters [n] of a session and their scales [n] (NULL: 1 each) from now on, in place of those before; n 0: none. The tokens of the timeline stay; where the set changes,
 * they are computed anew before the next one. Borrowed until they are replaced or the session is freed. On failure the session keeps what it had.
 * MOTE_ERR_ARGUMENT (an adapter of another model, a scale that is not finite), _LIMIT (more than MOTE_ADAPTERS_MAX), _FORMAT (DoRA: a row's norm at this scale can't be used),
 * _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_set_adapters(mote_session *session, const mote_adapter *const *adapters, const float *scales, size_t n, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
