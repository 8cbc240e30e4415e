/*
 * Engines and sessions: a model made ready to compute, and timelines of tokens on it.
 *
 * An engine owns a thread pool, scratch memory and the pages of its sessions' key-value caches; all of it is taken when the engine opens. A session is one
 * timeline; calls on sessions of one engine must not overlap (an engine has one owner at a time), except mote_session_cancel.
 *
 *     mote_engine_options options = MOTE_ENGINE_OPTIONS_INIT;
 *     status = mote_engine_create(model, &options, &engine, &err);
 *     status = mote_session_create(engine, &session, &err);
 *     status = mote_session_feed(session, ids, n_ids, &err);
 *     const float *logits = mote_session_logits(session);      // of the last token fed
 */
#ifndef MOTE_ENGINE_H
#define MOTE_ENGINE_H

#include <mote/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_engine mote_engine;
typedef struct mote_session mote_session;
typedef struct mote_adapter mote_adapter; /* <mote/adapter.h> */

typedef struct mote_engine_options {
    size_t size;
    int32_t n_ctx;            /* tokens a session can hold; 0: min(the model's, 4096) */
    int32_t n_batch;          /* tokens computed at a time; 0: 512. Does not change results. */
    int32_t n_threads;        /* 0: as many as the machine has. Does not change results. */
    int32_t n_sessions;       /* sessions at a time; 0: 1 */
    const char *cache_type_k; /* NULL: "f16" (exact path: "f32"); "f32", "f16", "bf16", "q8_0", "q4_0" (blocks of 32: heads of a multiple of 32) */
    const char *cache_type_v;
    uint64_t mem_max_bytes;              /* 0: no limit; covers weights, caches and scratch. Refused before anything is allocated. */
    const mote_adapter *const *adapters; /* [n_adapters]: those that every session begins with, as by mote_session_set_adapters */
    const float *adapter_scales;         /* NULL: 1 each */
    size_t n_adapters;
    uint64_t prefix_cache_bytes; /* for prefixes of former timelines (<mote/session.h>); 0: none. Does not change results. */
} mote_engine_options;

/* As much as one full session has, at most 256 MiB, and no more than mem_max_bytes leaves. */
#define MOTE_PREFIX_CACHE_AUTO UINT64_MAX

#define MOTE_ENGINE_OPTIONS_INIT \
    { sizeof(mote_engine_options), 0, 0, 0, 0, NULL, NULL, 0, NULL, NULL, 0, MOTE_PREFIX_CACHE_AUTO }

/* What a model and an engine of these options would take, without loading anything: *n_bytes covers weights, caches and scratch, and a prefix cache of a size that was
 * asked for. MOTE_ERR_BUDGET (the message has the numbers) when that is above options->mem_max_bytes; other errors as mote_model_open and mote_engine_create. Both options may be
 * NULL. */
MOTE_API MOTE_MUST_CHECK mote_status mote_engine_plan(const char *path, const mote_model_options *model_options, const mote_engine_options *options, uint64_t *n_bytes,
                                                      mote_error *err);

/* The model must outlive the engine. MOTE_ERR_BUDGET (the message has the numbers), _ARGUMENT (names the option), _UNSUPPORTED (an encoder), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_engine_create(const mote_model *model, const mote_engine_options *options, mote_engine **engine, mote_error *err);
MOTE_API void mote_engine_free(mote_engine **engine);
MOTE_API int32_t mote_engine_n_ctx(const mote_engine *engine);
MOTE_API int32_t mote_engine_n_threads(const mote_engine *engine);
/* Instruction set in use ("avx512vnni"); static storage. */
MOTE_API const char *mote_engine_isa(const mote_engine *engine);
/* Bytes of caches and scratch held by the engine (weights not included). */
MOTE_API uint64_t mote_engine_bytes(const mote_engine *engine);

/* MOTE_ERR_LIMIT when n_sessions are in use. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_create(mote_engine *engine, mote_session **session, mote_error *err);
MOTE_API void mote_session_free(mote_session **session);

/* Appends tokens [n_ids] to the timeline and computes them; logits of the last are then available. On failure the timeline is as before.
 * MOTE_ERR_CONTEXT (they don't fit; nothing computed), _ARGUMENT (an id outside the vocabulary, named), _CANCELLED. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_feed(mote_session *session, const int32_t *ids, size_t n_ids, mote_error *err);

/* Called with the logits [n_vocab] after each token of a _score, in order; false stops with MOTE_ERR_CANCELLED. */
typedef bool (*mote_logits_fn)(void *context, size_t index, const float *logits);
/* As _feed, but gives the logits of every token. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_score(mote_session *session, const int32_t *ids, size_t n_ids, mote_logits_fn fn, void *context, mote_error *err);

/* Logits [n_vocab] of the last token fed, borrowed until the next call on the engine; NULL before the first and after a _truncate. */
MOTE_API const float *mote_session_logits(const mote_session *session);
MOTE_API size_t mote_session_n_tokens(const mote_session *session);
/* Tokens of the timeline [n_tokens], borrowed until the next call. */
MOTE_API const int32_t *mote_session_tokens(const mote_session *session);
/* Forgets all but the first n_keep tokens. MOTE_ERR_ARGUMENT past the end. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_truncate(mote_session *session, size_t n_keep);
/* Makes the running or the next _feed, _score or generation stop with MOTE_ERR_CANCELLED within one token. From any thread or a signal handler. */
MOTE_API void mote_session_cancel(mote_session *session);

#ifdef __cplusplus
}
#endif

#endif
