/* The thread pool: every worker runs once, barriers hold, tickets are handed out once each. Runs under the thread sanitizer too. */
#include "base/thread_pool.h"

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

/* Far more workers than cores: most of a barrier's arrivals wait asleep. */
static void more_workers_than_cores_get_through(void **state) {
    (void)state;
    shared s = {0};
    assert_int_equal(mote_thread_pool_create(MOTE_THREADS_MAX, &s.pool, NULL), MOTE_OK);
    for (int run = 0; run < 3; run++)
        mote_thread_pool_run(s.pool, step_in_phases, &s);
    assert_int_equal(atomic_load(&s.wrong), 0);
    mote_thread_pool_free(&s.pool);
}

enum { LATE_PHASES = 3 };

/* Another worker is late at each barrier, long enough for the others to fall asleep. */
static void come_late_in_turns(void *context, int worker, int n_workers) {
    shared *s = context;
    for (int phase = 1; phase <= LATE_PHASES * n_workers; phase++) {
        if (phase % n_workers == worker)
            usleep(2000);
        s->phase_of[worker] = phase;
        mote_thread_pool_barrier(s->pool);
        for (int i = 0; i < n_workers; i++)
            if (s->phase_of[i] != phase)
                atomic_fetch_add(&s->wrong, 1);
        mote_thread_pool_barrier(s->pool);
    }
    if (worker == n_workers - 1)
        usleep(2000); /* the caller waits asleep too */
}

static void late_workers_find_the_others_waiting(void **state) {
    (void)state;
    for (int k = 0; k < SIZES; k++) {
        shared s = {0};
        assert_int_equal(mote_thread_pool_create(sizes[k], &s.pool, NULL), MOTE_OK);
        mote_thread_pool_run(s.pool, come_late_in_turns, &s);
        mote_thread_pool_run(s.pool, mark, &s);
        for (int i = 0; i < sizes[k]; i++)
            assert_int_equal(s.seen[i], 1);
        assert_int_equal(atomic_load(&s.wrong), 0);
        mote_thread_pool_free(&s.pool);
    }
}

/* How many threads of this process are asleep, as the system says. */
static int n_asleep(void) {
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;
    assert_non_null(tasks);
    for (struct dirent *d; (d = readdir(tasks));) {
        char path[sizeof d->d_name + 32], state = 0;
        snprintf(path, sizeof path, "/proc/self/task/%s/stat", d->d_name);
        FILE *f = fopen(path, "re");
        n += f && fscanf(f, "%*d (%*[^)]) %c", &state) == 1 && state == 'S';
        if (f)
            fclose(f);
    }
    closedir(tasks);
    return n;
}

static void idle_workers_sleep_and_wake(void **state) {
    (void)state;
    shared s = {0};
    int n_before = n_asleep(); /* a sanitizer's own threads */
    assert_int_equal(mote_thread_pool_create(4, &s.pool, NULL), MOTE_OK);
    for (int run = 1; run <= 5; run++) {
        for (int tries = 0; n_asleep() < n_before + 3; tries++) {
            assert_in_range(tries, 0, 10000);
            usleep(1000);
        }
        mote_thread_pool_run(s.pool, mark, &s);
        for (int i = 0; i < 4; i++)
            assert_int_equal(s.seen[i], run);
    }
    mote_thread_pool_free(&s.pool);
}

typedef struct masks {
    shared s;
    cpu_set_t ours, of[MOTE_THREADS_MAX];
} masks;

static void read_mask(void *context, int worker, int n_workers) {
    masks *m = context;
    (void)n_workers;
    sched_getaffinity(0, sizeof m->of[worker], &m->of[worker]);
}

/* A worker that went to another CPU may go back. */
static void workers_keep_their_cpus(void **state) {
    (void)state;
    masks m = {0};
    sched_getaffinity(0, sizeof m.ours, &m.ours);
    assert_int_equal(mote_thread_pool_create(2, &m.s.pool, NULL), MOTE_OK);
    for (int run = 0; run < 20; run++) {
        mote_thread_pool_run(m.s.pool, come_late_in_turns, &m.s);
        mote_thread_pool_run(m.s.pool, read_mask, &m);
        for (int i = 0; i < 2; i++)
            assert_true(CPU_EQUAL(&m.of[i], &m.ours));
    }
    mote_thread_pool_free(&m.s.pool);
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
        cmocka_unit_test(every_worker_runs_once_a_run),        cmocka_unit_test(barriers_hold),
        cmocka_unit_test(tickets_are_handed_out_once),         cmocka_unit_test(callers_take_turns),
        cmocka_unit_test(more_workers_than_cores_get_through), cmocka_unit_test(late_workers_find_the_others_waiting),
        cmocka_unit_test(idle_workers_sleep_and_wake),         cmocka_unit_test(workers_keep_their_cpus),
        cmocka_unit_test(refuses_sizes_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
