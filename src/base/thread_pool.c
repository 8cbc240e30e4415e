/* Whoever waits - a worker for the next run or at a barrier, the caller for the last worker - spins for a moment, since what it waits for comes within microseconds on a machine of
 * our own, and then sleeps in the kernel (a futex): on a machine that is shared, the thread it waits for may need this very core. */
#include "base/thread_pool.h"

#include "base/cpu_share.h"
#include "base/error.h"
#include "base/mem.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A barrier's spin is a few times what sleeping and waking cost; between runs there is a sampler's time to bridge. */
enum { SPINS_AT_BARRIER = 2000, SPINS_BETWEEN_RUNS = 20000, SLEEPS_BETWEEN_MOVES = 16 };

enum { BITS = 8 * sizeof(unsigned long) };

/* A number that goes up when something has happened, and the CPU on which it did. */
typedef struct event {
    _Alignas(64) atomic_uint count;
    atomic_int n_sleeping, cpu;
} event;

struct mote_thread_pool {
    int n_threads, n_started;
    pthread_t threads[MOTE_THREADS_MAX];
    pthread_mutex_t caller;        /* one run at a time */
    event begun, passed, finished; /* a run; a barrier; a run, by all */
    atomic_bool stop;
    mote_thread_fn fn;
    void *context;
    pthread_t running;  /* the caller of the present run */
    atomic_int n_stays; /* sleeps until a worker may leave its CPU */
    _Alignas(64) atomic_int n_arrived;
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

/* Waking, the system likes to put a thread beside the one that woke it; where neighbours keep the other CPUs busy both then stay on one and take turns. The worker goes to another
 * of its CPUs, and may go anywhere again. */
static void leave_cpu(mote_thread_pool *p, int cpu) {
    unsigned long all[MOTE_CPU_SHARE_MAX_CPUS / BITS], others[MOTE_CPU_SHARE_MAX_CPUS / BITS];
    memset(all, 0, sizeof all);
    if (pthread_equal(pthread_self(), p->running) || sched_getaffinity(0, sizeof all, (cpu_set_t *)all) != 0)
        return; /* the caller's thread isn't ours to move */
    if (CPU_COUNT_S(sizeof all, (cpu_set_t *)all) < p->n_threads)
        return;
    memcpy(others, all, sizeof all);
    others[(size_t)cpu / BITS] &= ~(1ul << (size_t)cpu % BITS);
    if (sched_setaffinity(0, sizeof others, (cpu_set_t *)others) == 0)
        sched_setaffinity(0, sizeof all, (cpu_set_t *)all);
}

/* Until the count is no longer `seen`. Either the sleeper's look at the count comes after the change, or its entry in n_sleeping before the changer's look at that (both are
 * sequentially consistent); between look and sleep the kernel compares again. */
static void event_wait(mote_thread_pool *p, event *e, unsigned seen, int n_spins) {
    for (int i = 0; i < n_spins; i++) {
        if (atomic_load_explicit(&e->count, memory_order_acquire) != seen)
            return;
        relax();
    }
    atomic_fetch_add(&e->n_sleeping, 1);
    while (atomic_load(&e->count) == seen)
        syscall(SYS_futex, &e->count, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    atomic_fetch_sub(&e->n_sleeping, 1);
    int cpu = sched_getcpu();
    if (cpu >= 0 && cpu < MOTE_CPU_SHARE_MAX_CPUS && cpu == atomic_load_explicit(&e->cpu, memory_order_relaxed) && atomic_fetch_sub(&p->n_stays, 1) <= 0) {
        atomic_store(&p->n_stays, SLEEPS_BETWEEN_MOVES);
        leave_cpu(p, cpu);
    }
}

static void event_happen(event *e) {
    atomic_store_explicit(&e->cpu, sched_getcpu(), memory_order_relaxed);
    atomic_fetch_add(&e->count, 1);
    if (atomic_load(&e->n_sleeping) > 0)
        syscall(SYS_futex, &e->count, FUTEX_WAKE_PRIVATE, MOTE_THREADS_MAX, NULL, NULL, 0);
}

static void *worker_main(void *argument) {
    worker_start start = *(worker_start *)argument;
    mote_mem_free(argument);
    mote_thread_pool *p = start.pool;
    unsigned seen = 0;
    for (;;) {
        event_wait(p, &p->begun, seen, SPINS_BETWEEN_RUNS);
        seen++;
        if (atomic_load(&p->stop))
            return NULL;
        p->fn(p->context, start.index, p->n_threads);
        if (atomic_fetch_sub(&p->n_running, 1) == 1)
            event_happen(&p->finished);
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
    pthread_mutex_init(&p->caller, NULL);
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
    event_happen(&p->begun);
    for (int i = 1; i <= p->n_started; i++)
        pthread_join(p->threads[i], NULL);
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
    p->running = pthread_self();
    atomic_store(&p->counter, 0);
    atomic_store(&p->n_running, p->n_threads);
    unsigned finished = atomic_load(&p->finished.count);
    if (p->n_threads > 1)
        event_happen(&p->begun);
    fn(context, 0, p->n_threads);
    if (atomic_fetch_sub(&p->n_running, 1) > 1)
        event_wait(p, &p->finished, finished, SPINS_AT_BARRIER);
    pthread_mutex_unlock(&p->caller);
}

void mote_thread_pool_barrier(mote_thread_pool *p) {
    if (p->n_threads == 1) {
        atomic_store(&p->counter, 0);
        return;
    }
    unsigned passed = atomic_load(&p->passed.count);
    if (atomic_fetch_add(&p->n_arrived, 1) < p->n_threads - 1) {
        event_wait(p, &p->passed, passed, SPINS_AT_BARRIER);
        return;
    }
    atomic_store(&p->n_arrived, 0);
    atomic_store(&p->counter, 0);
    event_happen(&p->passed);
}

int mote_thread_pool_next(mote_thread_pool *p) {
    return atomic_fetch_add_explicit(&p->counter, 1, memory_order_relaxed);
}
