/* An engine takes all its memory when it opens: threads, scratch of the decoder, the caches and token lists of its sessions. */
#include "engine/engine.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

enum { DEFAULT_CONTEXT = 4096, DEFAULT_BATCH = 512, MAX_BATCH = 1 << 16, MAX_CONTEXT = 1 << 24, MAX_SESSIONS = 4096 };

static mote_status parse_cache_type(const char *name, const char *flag, bool exact, mote_dtype *type, mote_error *err) {
    *type = exact ? MOTE_DTYPE_F32 : MOTE_DTYPE_F16;
    if (!name)
        return MOTE_OK;
    *type = mote_dtype_from_name(name);
    if (*type == MOTE_DTYPE_NONE)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: '%s' is no type", flag, name);
    if (*type != MOTE_DTYPE_F32 && *type != MOTE_DTYPE_F16 && *type != MOTE_DTYPE_BF16)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: a cache of type %s is not supported; f32, f16 and bf16 are", flag, name);
    return MOTE_OK;
}

static mote_status check_range(const char *name, int64_t value, int64_t low, int64_t high, mote_error *err) {
    if (value < low || value > high)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: %lld is not between %lld and %lld", name, (long long)value, (long long)low, (long long)high);
    return MOTE_OK;
}

static mote_status read_options(mote_engine *e, const mote_engine_options *o, int *n_threads, mote_error *err) {
    const mote_hparams *h = &e->model->h;
    MOTE_TRY(check_range("context (-c)", o->n_ctx, 0, MAX_CONTEXT, err));
    MOTE_TRY(check_range("batch (-b)", o->n_batch, 0, MAX_BATCH, err));
    MOTE_TRY(check_range("threads (-t)", o->n_threads, 0, MOTE_THREADS_MAX, err));
    MOTE_TRY(check_range("sessions", o->n_sessions, 0, MAX_SESSIONS, err));
    e->n_ctx = o->n_ctx ? (size_t)o->n_ctx : h->n_ctx_train < DEFAULT_CONTEXT ? h->n_ctx_train : DEFAULT_CONTEXT;
    e->n_batch = o->n_batch ? (size_t)o->n_batch : DEFAULT_BATCH;
    if (e->n_batch > e->n_ctx)
        e->n_batch = e->n_ctx;
    e->n_sessions = o->n_sessions ? o->n_sessions : 1;
    *n_threads = o->n_threads ? o->n_threads : mote_cpu_default_threads();
    MOTE_TRY(parse_cache_type(o->cache_type_k, "cache type of keys (-ctk)", e->model->exact, &e->type_k, err));
    return parse_cache_type(o->cache_type_v, "cache type of values (-ctv)", e->model->exact, &e->type_v, err);
}

static mote_status check_budget(const mote_engine *e, uint64_t cache, uint64_t scratch, uint64_t mem_max_bytes, mote_error *err) {
    uint64_t weights = e->model->w.n_bytes, all = weights + cache + scratch;
    if (mem_max_bytes == 0 || all <= mem_max_bytes)
        return MOTE_OK;
    const double mib = 1048576;
    return mote_error_set(
        err, MOTE_ERR_BUDGET,
        "%.1f MiB are needed (weights %.1f, cache of %zu tokens %.1f, scratch %.1f), the memory budget is %.1f MiB; a smaller context (-c) or batch (-b) needs less",
        (double)all / mib, (double)weights / mib, e->n_ctx, (double)cache / mib, (double)scratch / mib, (double)mem_max_bytes / mib);
}

static mote_status take_memory(mote_engine *e, mote_error *err) {
    size_t n = (size_t)e->n_sessions;
    e->sessions = mote_mem_zalloc_array(n, sizeof *e->sessions);
    e->tokens = mote_mem_zalloc_array(n * e->n_ctx, sizeof *e->tokens);
    e->cache_bytes = mote_mem_alloc_aligned(n * e->cache_stride);
    if (!e->sessions || !e->tokens || !e->cache_bytes)
        return mote_error_alloc(err, n * e->cache_stride);
    memset(e->cache_bytes, 0, n * e->cache_stride);
    for (size_t i = 0; i < n; i++) {
        mote_session *s = &e->sessions[i];
        s->engine = e;
        s->tokens = e->tokens + i * e->n_ctx;
        mote_cache_init(&s->cache, &e->model->h, e->type_k, e->type_v, e->n_ctx, e->cache_bytes + i * e->cache_stride);
    }
    return MOTE_OK;
}

mote_status mote_engine_create(const mote_model *model, const mote_engine_options *options, mote_engine **engine, mote_error *err) {
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    if (options)
        o = *options;
    *engine = NULL;
    if (!model->h.family || !model->w.bytes)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model was opened for its vocabulary only");
    if (model->h.family->is_encoder)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s is an encoder: it embeds text and can't generate", model->h.family->name);
    mote_engine *e = mote_mem_zalloc_array(1, sizeof *e);
    if (!e)
        return mote_error_alloc(err, sizeof *e);
    e->model = model;
    int n_threads = 1;
    mote_status status;
    MOTE_TRY_DONE(read_options(e, &o, &n_threads, err));
    e->cache_stride = mote_cache_bytes(&model->h, e->type_k, e->type_v, e->n_ctx);
    uint64_t cache = e->cache_stride * (uint64_t)e->n_sessions + (uint64_t)e->n_sessions * e->n_ctx * sizeof(int32_t);
    uint64_t scratch = mote_decoder_bytes(model, e->n_batch, e->n_ctx, n_threads);
    MOTE_TRY_DONE(check_budget(e, cache, scratch, o.mem_max_bytes, err));
    e->n_bytes = cache + scratch;
    MOTE_TRY_DONE(mote_thread_pool_create(n_threads, &e->pool, err));
    MOTE_TRY_DONE(mote_decoder_create(model, e->pool, e->n_batch, e->n_ctx, &e->decoder, err));
    MOTE_TRY_DONE(take_memory(e, err));
    *engine = e;
    e = NULL;
done:
    mote_engine_free(&e);
    return status;
}

void mote_engine_free(mote_engine **engine) {
    mote_engine *e = *engine;
    if (!e)
        return;
    mote_decoder_free(&e->decoder);
    mote_thread_pool_free(&e->pool);
    mote_mem_free(e->sessions);
    mote_mem_free(e->tokens);
    mote_mem_free(e->cache_bytes);
    mote_mem_free(e);
    *engine = NULL;
}

int32_t mote_engine_n_ctx(const mote_engine *e) {
    return (int32_t)e->n_ctx;
}

int32_t mote_engine_n_threads(const mote_engine *e) {
    return mote_thread_pool_size(e->pool);
}

const char *mote_engine_isa(const mote_engine *e) {
    return mote_cpu_level_name(e->model->kernels.level);
}

uint64_t mote_engine_bytes(const mote_engine *e) {
    return e->n_bytes;
}
