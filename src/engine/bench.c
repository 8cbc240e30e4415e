/* Prompt and generation speed as llama-bench defines them: ids at random, no tokenizer, no sampler, one warm-up; and what share of the machine's limits they reach.
 * The limits are measured right before, with the same threads: on a shared machine they change from minute to minute. */
#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "engine/engine.h"
#include "kernels/peak.h"

#include <mote/eval.h>

#include <math.h>
#include <string.h>

enum { MAX_TOKENS = 1 << 20, MAX_REPEATS = 1000, READ_BYTES = 256 << 20 };

typedef struct limits {
    mote_cpu_level level;
    const uint8_t *data;
    size_t n_bytes;
    uint64_t n_rounds;
    atomic_ullong ops;
} limits;

static void read_run(void *context, int worker, int n_workers) {
    limits *l = context;
    size_t share = l->n_bytes / (size_t)n_workers / 64 * 64;
    uint32_t sink = 0;
    mote_peak_read(l->level, l->data + (size_t)worker * share, share, &sink);
    atomic_fetch_add(&l->ops, sink & 1); /* the reads have a use */
}

static void int8_run(void *context, int worker, int n_workers) {
    limits *l = context;
    uint32_t sink = (uint32_t)(worker + n_workers);
    atomic_fetch_add(&l->ops, mote_peak_int8(l->level, l->n_rounds, &sink) + (sink & 1));
}

/* The best of a few short runs: a limit is what is possible. */
static mote_status measure_limits(const mote_model *model, mote_thread_pool *pool, mote_bench_result *result, mote_error *err) {
    limits l = {.level = model->kernels.level, .n_bytes = READ_BYTES, .n_rounds = 2000000};
    uint8_t *data = mote_mem_alloc_large(READ_BYTES); /* as weights are */
    if (!data)
        return mote_error_alloc(err, READ_BYTES);
    memset(data, 1, READ_BYTES);
    l.data = data;
    for (int i = 0; i < 5; i++) {
        double start = mote_clock_seconds();
        mote_thread_pool_run(pool, read_run, &l);
        double gbps = (double)READ_BYTES / (mote_clock_seconds() - start) / 1e9;
        result->read_gbps = gbps > result->read_gbps ? gbps : result->read_gbps;
    }
    if (l.level < MOTE_CPU_AVX2 || l.level >= MOTE_CPU_NEON)
        l.n_rounds /= 10;
    for (int i = 0; i < 3; i++) {
        atomic_store(&l.ops, 0);
        double start = mote_clock_seconds();
        mote_thread_pool_run(pool, int8_run, &l);
        double gops = (double)atomic_load(&l.ops) / (mote_clock_seconds() - start) / 1e9;
        result->int8_gops = gops > result->int8_gops ? gops : result->int8_gops;
    }
    mote_mem_free(data);
    return MOTE_OK;
}

typedef struct bench {
    mote_session *session;
    int32_t *ids; /* [max(n_prompt, n_generate, depth)] */
    size_t depth;
} bench;

static mote_status go_to_depth(bench *b, mote_error *err) {
    if (mote_session_n_tokens(b->session) >= b->depth)
        return mote_session_truncate(b->session, b->depth);
    MOTE_TRY(mote_session_truncate(b->session, 0));
    return mote_session_feed(b->session, b->ids, b->depth, err);
}

static mote_status time_prompt(bench *b, int32_t n, double *seconds, mote_error *err) {
    MOTE_TRY(go_to_depth(b, err));
    double start = mote_clock_seconds();
    MOTE_TRY(mote_session_feed(b->session, b->ids, (size_t)n, err));
    *seconds = mote_clock_seconds() - start;
    return MOTE_OK;
}

static mote_status time_generate(bench *b, int32_t n, double *seconds, mote_error *err) {
    MOTE_TRY(go_to_depth(b, err));
    double start = mote_clock_seconds();
    for (int32_t i = 0; i < n; i++)
        MOTE_TRY(mote_session_feed(b->session, b->ids + i, 1, err));
    *seconds = mote_clock_seconds() - start;
    return MOTE_OK;
}

static mote_status measure(bench *b, bool prompt, int32_t n, int32_t n_repeats, mote_progress_fn progress, void *context, mote_bench_speed *speed, mote_error *err) {
    *speed = (mote_bench_speed){.n = n};
    if (n == 0)
        return MOTE_OK;
    double sum = 0, sum_squares = 0, seconds;
    MOTE_TRY(prompt ? time_prompt(b, n, &seconds, err) : time_generate(b, n < 4 ? n : 4, &seconds, err));
    for (int32_t i = 0; i < n_repeats; i++) {
        if (progress && !progress(context, prompt ? "prompt" : "generation", (double)i / n_repeats))
            return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
        MOTE_TRY(prompt ? time_prompt(b, n, &seconds, err) : time_generate(b, n, &seconds, err));
        double rate = n / seconds;
        sum += rate;
        sum_squares += rate * rate;
    }
    speed->mean = sum / n_repeats;
    double variance = n_repeats > 1 ? (sum_squares - n_repeats * speed->mean * speed->mean) / (n_repeats - 1) : 0;
    speed->stddev = sqrt(variance > 0 ? variance : 0);
    return MOTE_OK;
}

/* Shares of the limits: a prompt's are two operations a weight and token (all matrices but the embedding's look-up and, nearly, the head), a token's are the bytes of all matrices
 * it reads. */
static void set_fractions(const mote_model *m, mote_bench_result *r) {
    const mote_packed *head = &m->w.output, *embed = &m->w.token_embd;
    double n_head = (double)head->n_rows * (double)head->k, n_embed = (double)embed->n_rows * (double)embed->k;
    bool tied = head->data == embed->data;
    double n_layers = (double)m->n_params - n_embed - (tied ? 0 : n_head);
    double bytes = (double)m->w.n_bytes - (tied ? 0 : (double)embed->panel_bytes * (double)((embed->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS));
    if (r->int8_gops > 0)
        r->prompt_fraction = 2 * n_layers * r->prompt.mean / (r->int8_gops * 1e9);
    if (r->read_gbps > 0)
        r->generate_fraction = bytes * r->generate.mean / (r->read_gbps * 1e9);
}

static mote_status check_options(const mote_bench_options *o, mote_error *err) {
    const struct {
        const char *name;
        int32_t value, high;
    } checks[] = {
        {"prompt (-p)", o->n_prompt, MAX_TOKENS}, {"generate (-n)", o->n_generate, MAX_TOKENS}, {"depth", o->depth, MAX_TOKENS}, {"repeats (-r)", o->n_repeats - 1, MAX_REPEATS}};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].value < 0 || checks[i].value > checks[i].high)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: out of range (at most %d)", checks[i].name, (int)checks[i].high);
    return MOTE_OK;
}

mote_status mote_bench_run(const mote_model *model, const mote_bench_options *options, mote_progress_fn progress, void *progress_context, mote_bench_result *result,
                           mote_error *err) {
    mote_bench_options o = MOTE_BENCH_OPTIONS_INIT;
    if (options)
        o = *options;
    *result = (mote_bench_result){0};
    MOTE_TRY(check_options(&o, err));
    int32_t longest = o.n_prompt > o.n_generate ? o.n_prompt : o.n_generate, n_ids = longest > o.depth ? longest : o.depth;
    mote_engine_options eo = MOTE_ENGINE_OPTIONS_INIT;
    eo.n_ctx = longest + o.depth + 1;
    eo.n_threads = o.n_threads;
    eo.prefix_cache_bytes = 0; /* each prompt is to be computed */
    mote_engine *engine = NULL;
    bench b = {.depth = (size_t)o.depth};
    mote_status status;
    b.ids = mote_mem_alloc_array((size_t)n_ids + 1, sizeof *b.ids);
    if (!b.ids) {
        status = mote_error_alloc(err, (size_t)n_ids * sizeof *b.ids);
        goto done;
    }
    mote_rng rng;
    mote_rng_init(&rng, 1);
    for (int32_t i = 0; i <= n_ids; i++)
        b.ids[i] = (int32_t)(mote_rng_next(&rng) % model->h.n_vocab);
    MOTE_TRY_DONE(mote_engine_create(model, &eo, &engine, err));
    MOTE_TRY_DONE(mote_session_create(engine, &b.session, err));
    result->n_threads = mote_engine_n_threads(engine);
    result->isa = mote_engine_isa(engine);
    MOTE_TRY_DONE(measure_limits(model, engine->pool, result, err));
    MOTE_TRY_DONE(measure(&b, true, o.n_prompt, o.n_repeats, progress, progress_context, &result->prompt, err));
    MOTE_TRY_DONE(measure(&b, false, o.n_generate, o.n_repeats, progress, progress_context, &result->generate, err));
    set_fractions(model, result);
done:
    mote_session_free(&b.session);
    mote_engine_free(&engine);
    mote_mem_free(b.ids);
    return status;
}
