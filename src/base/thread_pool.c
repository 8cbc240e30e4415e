/* Workers wait for a new generation number, spinning for a moment (a token step comes right after the last) and then sleeping on a condition variable.
 * Barriers inside a run spin, then yield: with more threads than cores somebody else must get the core. */
#include "base/thread_pool.h"

#include "base/error.h"
#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum { SPINS_BEFORE_SLEEP = 20000, SPINS_BEFORE_YIELD = 2000 };

struct mote_thread_pool {
    int n_threads, n_started;
    pthread_t threads[MOTE_THREADS_MAX];
    pthread_mutex_t lock;   /* guards sleeping and waking */
    pthread_mutex_t caller; /* one run at a time */
    pthread_cond_t wake;
    atomic_uint generation;
    atomic_int n_sleeping;
    atomic_bool stop;
    mote_thread_fn fn;
    void *context;
    _Alignas(64) atomic_int n_arrived;
    _Alignas(64) atomic_uint phase;
    _Alignas(64) atomic_int counter;
    _Alignas(64) atomic_int n_running;
};

typedef struct worker_start {
    mote_thread_pool *pool;
    int index;
} worker_start;

static void relax(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void wait_for_generation(mote_thread_pool *p, unsigned seen) {
    for (int i = 0; i < SPINS_BEFORE_SLEEP; i++) {
        if (atomic_load_explicit(&p->generation, memory_order_acquire) != seen)
            return;
        relax();
    }
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->n_sleeping, 1);
    while (atomic_load(&p->generation) == seen)
        pthread_cond_wait(&p->wake, &p->lock);
    atomic_fetch_sub(&p->n_sleeping, 1);
    pthread_mutex_unlock(&p->lock);
}

static void *worker_main(void *argument) {
    worker_start start = *(worker_start *)argument;
    mote_mem_free(argument);
    mote_thread_pool *p = start.pool;
    unsigned seen = 0;
    for (;;) {
        wait_for_generation(p, seen);
        seen++;
        if (atomic_load(&p->stop))
            return NULL;
        p->fn(p->context, start.index, p->n_threads);
        atomic_fetch_sub_explicit(&p->n_running, 1, memory_order_release);
    }
}

static void publish(mote_thread_pool *p) {
    atomic_fetch_add(&p->generation, 1);
    if (atomic_load(&p->n_sleeping) > 0) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
    }
}

mote_status mote_thread_pool_create(int n_threads, mote_thread_pool **pool, mote_error *err) {
    *pool = NULL;
    if (n_threads < 1 || n_threads > MOTE_THREADS_MAX)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "threads: %d is not between 1 and %d", n_threads, MOTE_THREADS_MAX);
    mote_thread_pool *p = mote_mem_alloc_aligned(sizeof *p);
    if (!p)
        return mote_error_alloc(err, sizeof *p);
    memset(p, 0, sizeof *p);
    p->n_threads = n_threads;
    pthread_mutex_init(&p->lock, NULL);
    pthread_mutex_init(&p->caller, NULL);
    pthread_cond_init(&p->wake, NULL);
    for (int i = 1; i < n_threads; i++) {
        worker_start *start = mote_mem_alloc(sizeof *start);
        if (start)
            *start = (worker_start){p, i};
        if (!start || pthread_create(&p->threads[i], NULL, worker_main, start) != 0) {
            mote_mem_free(start);
            mote_thread_pool_free(&p);
            return mote_error_set(err, MOTE_ERR_ALLOC, "thread %d of %d could not be started", i + 1, n_threads);
        }
        p->n_started++;
    }
    *pool = p;
    return MOTE_OK;
}

void mote_thread_pool_free(mote_thread_pool **pool) {
    mote_thread_pool *p = *pool;
    if (!p)
        return;
    atomic_store(&p->stop, true);
    publish(p);
    for (int i = 1; i <= p->n_started; i++)
        pthread_join(p->threads[i], NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->caller);
    mote_mem_free(p);
    *pool = NULL;
}

int mote_thread_pool_size(const mote_thread_pool *pool) {
    return pool->n_threads;
}

void mote_thread_pool_run(mote_thread_pool *p, mote_thread_fn fn, void *context) {
    pthread_mutex_lock(&p->caller);
    p->fn = fn;
    p->context = context;
    atomic_store(&p->counter, 0);
    atomic_store(&p->n_running, p->n_threads - 1);
    if (p->n_threads > 1)
        publish(p);
    fn(context, 0, p->n_threads);
    for (int i = 0; atomic_load_explicit(&p->n_running, memory_order_acquire) > 0; i++) {
        if (i < SPINS_BEFORE_YIELD)
            relax();
        else
            sched_yield();
    }
    pthread_mutex_unlock(&p->caller);
}

void mote_thread_pool_barrier(mote_thread_pool *p) {
    if (p->n_threads == 1) {
        atomic_store(&p->counter, 0);
        return;
    }
    unsigned phase = atomic_load(&p->phase);
    if (atomic_fetch_add(&p->n_arrived, 1) == p->n_threads - 1) {
        atomic_store(&p->n_arrived, 0);
        atomic_store(&p->counter, 0);
        atomic_store_explicit(&p->phase, phase + 1, memory_order_release);
        return;
    }
    for (int i = 0; atomic_load_explicit(&p->phase, memory_order_acquire) == phase; i++) {
        if (i < SPINS_BEFORE_YIELD)
            relax();
        else
            sched_yield();
    }
}

int mote_thread_pool_next(mote_thread_pool *p) {
    return atomic_fetch_add_explicit(&p->counter, 1, memory_order_relaxed);
}
