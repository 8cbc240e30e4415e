/* Timings: products with a prompt's tokens in billions of operations a second, decoding in GB/s, beside the bandwidth of a plain read in the same moment. */
#include "harness.h"

#include "base/clock.h"
#include "kernels/panel.h"
#include "kernels/peak.h"

#include <math.h>
#include <pthread.h>

enum { ROWS = 4096, LENGTH = 1536, STREAM_BYTES = 256 << 20 };

typedef struct job {
    const mote_kernels *k;
    const mote_packed *w;
    const mote_acts *x;
    float *y;
    size_t first, last, repeat;
    pthread_barrier_t *barrier;
    double seconds;
    uint32_t sink;
    const uint8_t *stream;
    size_t n;
} job;

static void *run_job(void *p) {
    job *j = p;
    pthread_barrier_wait(j->barrier);
    double start = mote_clock_seconds();
    for (size_t i = 0; i < j->repeat; i++)
        if (j->w)
            j->k->matmul(j->w, j->first, j->last, j->x, j->y, j->w->n_rows);
        else
            mote_peak_read(j->k->level, j->stream, j->n, &j->sink);
    pthread_barrier_wait(j->barrier);
    j->seconds = mote_clock_seconds() - start;
    return NULL;
}

static double run_jobs(job *jobs, int n) {
    pthread_t threads[8];
    pthread_barrier_t barrier;
    pthread_barrier_init(&barrier, NULL, (unsigned)n);
    for (int i = 0; i < n; i++)
        jobs[i].barrier = &barrier;
    for (int i = 1; i < n; i++)
        if (pthread_create(&threads[i], NULL, run_job, jobs + i) != 0)
            exit(2);
    run_job(jobs);
    for (int i = 1; i < n; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    return jobs[0].seconds;
}

/* The shortest time of one product, of several runs of at least `least` seconds. */
static double time_matmul(const mote_kernels *k, const mote_packed *w, const mote_acts *x, float *y, int n_threads, double least) {
    size_t n_panels = (w->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS, repeat = 1;
    double best = INFINITY;
    for (int round = 0; round < 4;) {
        job jobs[8] = {{0}};
        for (int i = 0; i < n_threads; i++)
            jobs[i] = (job){k, w, x, y, n_panels * (size_t)i / (size_t)n_threads, n_panels * (size_t)(i + 1) / (size_t)n_threads, repeat, NULL, 0, 0, NULL, 0};
        double seconds = run_jobs(jobs, n_threads);
        if (seconds < least) {
            repeat *= 2;
            continue;
        }
        best = fmin(best, seconds / (double)repeat);
        round++;
    }
    return best;
}

static double read_bandwidth(const mote_kernels *k, const uint8_t *stream, int n_threads) {
    double best = INFINITY;
    for (int round = 0; round < 4; round++) {
        job jobs[8] = {{0}};
        size_t n = STREAM_BYTES / 64 / (size_t)n_threads * 64;
        for (int i = 0; i < n_threads; i++)
            jobs[i] = (job){.k = k, .repeat = 1, .stream = stream + n * (size_t)i, .n = n};
        best = fmin(best, run_jobs(jobs, n_threads));
    }
    return STREAM_BYTES / best * 1e-9;
}

static void bench_type(const mote_kernels *k, mote_dtype type, int n_threads, const uint8_t *stream) {
    static const size_t tokens[] = {1, 2, 4, 8, 16, 512};
    uint64_t rng = 1;
    mote_packed w = harness_make_matrix(type, ROWS, LENGTH, &rng, false);
    printf("%-10s %d %-7s", mote_cpu_level_name(k->level), n_threads, mote_dtype_get((int)type)->name);
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        mote_acts x = harness_make_acts(&w, tokens[i], &rng, false);
        float *y = harness_alloc(tokens[i] * ROWS * sizeof *y);
        double seconds = time_matmul(k, &w, &x, y, n_threads, 0.03);
        printf(" %7.1f", 2.0 * ROWS * LENGTH * (double)tokens[i] / seconds * 1e-9);
        mote_mem_free(y);
        harness_free_acts(&x);
    }
    harness_free_matrix(&w);
    /* A matrix larger than the caches, one token. */
    size_t n_panels = STREAM_BYTES / mote_pack_panel_bytes(type, LENGTH);
    w = harness_make_matrix(type, n_panels * MOTE_PANEL_ROWS, LENGTH, &rng, false);
    mote_acts x = harness_make_acts(&w, 1, &rng, false);
    float *y = harness_alloc(w.n_rows * sizeof *y);
    double rate = (double)n_panels * (double)w.panel_bytes / time_matmul(k, &w, &x, y, n_threads, 0) * 1e-9;
    double read = read_bandwidth(k, stream, n_threads);
    printf("   %6.1f of %6.1f = %3.0f %%\n", rate, read, 100 * rate / read);
    fflush(stdout);
    mote_mem_free(y);
    harness_free_acts(&x);
    harness_free_matrix(&w);
}

void bench_matmul(const mote_kernels *k, const harness_options *options) {
    uint8_t *stream = harness_alloc(STREAM_BYTES);
    for (size_t i = 0; i < STREAM_BYTES; i++)
        stream[i] = (uint8_t)i;
    for (int n = options->n_threads ? options->n_threads : 1; n <= (options->n_threads ? options->n_threads : 2); n++) {
        printf("level threads type: Gop/s for 1, 2, 4, 8, 16, 512 tokens (%d x %d); GB/s of one token over %d MiB and of a plain read\n", ROWS, LENGTH, STREAM_BYTES >> 20);
        for (size_t t = 0; t < HARNESS_N_TYPES; t++)
            if (!options->type || mote_dtype_from_name(options->type) == HARNESS_TYPES[t])
                bench_type(k, HARNESS_TYPES[t], n, stream);
    }
    mote_mem_free(stream);
}
