/* A fixed set of threads that run one function together and meet again. Whoever waits spins briefly, then sleeps; the caller is worker 0. One caller at a time (an internal lock
 * makes others wait). */
#ifndef MOTE_BASE_THREAD_POOL_H
#define MOTE_BASE_THREAD_POOL_H

#include <mote/status.h>

typedef struct mote_thread_pool mote_thread_pool;
typedef void (*mote_thread_fn)(void *context, int worker, int n_workers);

/* 1 to MOTE_THREADS_MAX threads, the caller's included. */
enum { MOTE_THREADS_MAX = 64 };
MOTE_MUST_CHECK mote_status mote_thread_pool_create(int n_threads, mote_thread_pool **pool, mote_error *err);
void mote_thread_pool_free(mote_thread_pool **pool);
int mote_thread_pool_size(const mote_thread_pool *pool);
/* Calls fn on every worker and returns when all have returned. */
void mote_thread_pool_run(mote_thread_pool *pool, mote_thread_fn fn, void *context);
/* Inside fn only: waits until every worker is here. */
void mote_thread_pool_barrier(mote_thread_pool *pool);
/* Inside fn only: hands out 0, 1, 2, … until `end`; counters are reset by each barrier's last arrival and at the start of a run. */
int mote_thread_pool_next(mote_thread_pool *pool);

#endif
