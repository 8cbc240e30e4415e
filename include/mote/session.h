/*
 * What is done with sessions beside feeding them: copies, files, and who may share prefixes.
 *
 *     status = mote_session_fork(session, &other, &err);           // two timelines that go on from here
 *     status = mote_session_save(session, "pump.session", &err);   // and in another process, with the same model and adapters:
 *     status = mote_session_restore(session, "pump.session", &err);
 *
 * A session that was forked or restored goes on as the one that it came from would have: its logits are bit-equal.
 *
 * An engine keeps prefixes of the timelines that it computed (mote_engine_options.prefix_cache_bytes): keys and values of whole blocks of 32 tokens. Where a feed or a generation
 * begins like one of them, these are copied and not computed again; mote_generate_result.n_cached_tokens says how many. Results are bit-equal either way, but the time that a
 * prompt takes tells whether somebody had one that begins alike. Who serves several users gives each a salt of their own.
 */
#ifndef MOTE_SESSION_H
#define MOTE_SESSION_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A session of the same engine with the same tokens, adapters and salt; the cache is copied. Its logits are NULL until it is fed. On failure *fork is NULL.
 * MOTE_ERR_LIMIT when all sessions are in use, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_fork(const mote_session *session, mote_session **fork, mote_error *err);

/* Prefixes are shared among sessions of equal salt only; a new session has 0. Where it changes, the tokens of the timeline stay and are computed anew before the next one. */
MOTE_API void mote_session_set_salt(mote_session *session, uint64_t salt);

/* Writes tokens, keys, values and states to a file, which holds the text in readable form; what was under that name is replaced in one step. Of sliding windows the last window is
 * kept. MOTE_ERR_IO, _NOT_FOUND (the folder), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_save(const mote_session *session, const char *path, mote_error *err);
/* Replaces the timeline by a saved one; its logits are NULL until it is fed. The session must have the adapters and scales that the saved one had, its engine the model (as
 * quantised) and the cache types. Nothing in the file is trusted. On failure the session is as before. MOTE_ERR_NOT_FOUND, _IO, _ARGUMENT (no regular file), _FORMAT (no session
 * file, cut, damaged, or of another model, adapter, scale, cache type or version: the message says which), _CONTEXT (more tokens than the engine's context), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_session_restore(mote_session *session, const char *path, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
