/* The thread pool: every worker runs once, barriers hold, tickets are handed out once each. Runs under the thread sanitizer too. */
#include "base/thread_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SIZES = 5, PHASES = 50, TICKETS = 1000 };
static const int sizes[SIZES] = {1, 2, 3, 4, 9};

typedef struct shared {
    mote_thread_pool *pool;
    int seen[MOTE_THREADS_MAX], n_workers[MOTE_THREADS_MAX];
    int phase_of[MOTE_THREADS_MAX];
    atomic_int taken[TICKETS], wrong;
} shared;

static void mark(void *context, int worker, int n_workers) {
    shared *s = context;
    s->seen[worker]++;
    s->n_workers[worker] = n_workers;
}

static void every_worker_runs_once_a_run(void **state) {
    (void)state;
    for (int k = 0; k < SIZES; k++) {
        shared s = {0};
        assert_int_equal(mote_thread_pool_create(sizes[k], &s.pool, NULL), MOTE_OK);
        assert_int_equal(mote_thread_pool_size(s.pool), sizes[k]);
        for (int run = 1; run <= 200; run++) {
            mote_thread_pool_run(s.pool, mark, &s);
            for (int i = 0; i < sizes[k]; i++) {
                assert_int_equal(s.seen[i], run);
                assert_int_equal(s.n_workers[i], sizes[k]);
            }
        }
        mote_thread_pool_free(&s.pool);
        assert_null(s.pool);
        mote_thread_pool_free(&s.pool);
    }
}

/* Between two barriers everybody sees what everybody wrote before the first: plain ints, so the thread sanitizer would see a missing order. */
static void step_in_phases(void *context, int worker, int n_workers) {
    shared *s = context;
    for (int phase = 1; phase <= PHASES; phase++) {
        s->phase_of[worker] = phase;
        mote_thread_pool_barrier(s->pool);
        for (int i = 0; i < n_workers; i++)
            if (s->phase_of[i] != phase)
                atomic_fetch_add(&s->wrong, 1);
        mote_thread_pool_barrier(s->pool);
    }
}

static void barriers_hold(void **state) {
    (void)state;
    for (int k = 0; k < SIZES; k++) {
        shared s = {0};
        assert_int_equal(mote_thread_pool_create(sizes[k], &s.pool, NULL), MOTE_OK);
        mote_thread_pool_run(s.pool, step_in_phases, &s);
        mote_thread_pool_run(s.pool, step_in_phases, &s);
        assert_int_equal(atomic_load(&s.wrong), 0);
        mote_thread_pool_free(&s.pool);
    }
}

static void take_tickets(void *context, int worker, int n_workers) {
    shared *s = context;
    (void)worker;
    (void)n_workers;
    for (int round = 0; round < 3; round++) {
        for (int t; (t = mote_thread_pool_next(s->pool)) < TICKETS;)
            atomic_fetch_add(&s->taken[t], 1);
        mote_thread_pool_barrier(s->pool);
    }
}

static void tickets_are_handed_out_once(void **state) {
    (void)state;
    for (int k = 0; k < SIZES; k++) {
        static shared s;
        memset(&s, 0, sizeof s);
        assert_int_equal(mote_thread_pool_create(sizes[k], &s.pool, NULL), MOTE_OK);
        for (int run = 1; run <= 5; run++) {
            mote_thread_pool_run(s.pool, take_tickets, &s);
            for (int t = 0; t < TICKETS; t++)
                assert_int_equal(atomic_load(&s.taken[t]), 3 * run);
        }
        mote_thread_pool_free(&s.pool);
    }
}

/* Two callers at once: one waits. */
static void *call_often(void *context) {
    shared *s = context;
    for (int i = 0; i < 200; i++)
        mote_thread_pool_run(s->pool, mark, s);
    return NULL;
}

static void callers_take_turns(void **state) {
    (void)state;
    shared s = {0};
    pthread_t other;
    assert_int_equal(mote_thread_pool_create(3, &s.pool, NULL), MOTE_OK);
    assert_int_equal(pthread_create(&other, NULL, call_often, &s), 0);
    call_often(&s);
    pthread_join(other, NULL);
    for (int i = 0; i < 3; i++)
        assert_int_equal(s.seen[i], 400);
    mote_thread_pool_free(&s.pool);
}

static void refuses_sizes_out_of_range(void **state) {
    (void)state;
    const int wrong[] = {0, -1, MOTE_THREADS_MAX + 1};
    for (int i = 0; i < 3; i++) {
        mote_thread_pool *pool = NULL;
        mote_error err = {0};
        assert_int_equal(mote_thread_pool_create(wrong[i], &pool, &err), MOTE_ERR_ARGUMENT);
        assert_null(pool);
        assert_non_null(strstr(err.message, "threads"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_worker_runs_once_a_run), cmocka_unit_test(barriers_hold), cmocka_unit_test(tickets_are_handed_out_once), cmocka_unit_test(callers_take_turns),
        cmocka_unit_test(refuses_sizes_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
