/* An engine takes all its memory when it opens: threads, scratch of the decoder, the caches and token lists of its sessions, the prefix cache. */
#include "engine/engine.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/settings.h"

#include <string.h>

static mote_status take_memory(mote_engine *e, mote_error *err) {
    size_t n = (size_t)e->n_sessions;
    e->sessions = mote_mem_zalloc_array(n, sizeof *e->sessions);
    e->tokens = mote_mem_zalloc_array(n * e->n_ctx, sizeof *e->tokens);
    e->cache_memory = mote_mem_zalloc_array(n * e->cache_stride + MOTE_MEM_ALIGN, 1);
    if (!e->sessions || !e->tokens || !e->cache_memory)
        return mote_error_alloc(err, n * e->cache_stride);
    e->cache_bytes = mote_mem_align(e->cache_memory);
    for (size_t i = 0; i < n; i++) {
        mote_session *s = &e->sessions[i];
        s->engine = e;
        s->tokens = e->tokens + i * e->n_ctx;
        mote_cache_init(&s->cache, &e->layout, e->cache_bytes + i * e->cache_stride);
    }
    return MOTE_OK;
}

/* The adapters of new sessions. They are weights, so they count as such. */
static mote_status take_adapters(mote_engine *e, const mote_engine_options *o, uint64_t *n_bytes, mote_error *err) {
    if (o->n_adapters > MOTE_ADAPTERS_MAX)
        return mote_error_set(err, MOTE_ERR_LIMIT, "%zu adapters, at most %d work together", o->n_adapters, MOTE_ADAPTERS_MAX);
    for (size_t i = 0; i < o->n_adapters; i++) {
        if (o->adapters[i]->model != e->model)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "adapter %zu was opened for another model", i);
        e->adapters[i] = o->adapters[i];
        e->adapter_scales[i] = o->adapter_scales ? o->adapter_scales[i] : 1;
        *n_bytes += o->adapters[i]->n_bytes + mote_decoder_adapter_bytes(e->adapters[i], e->n_batch);
    }
    e->n_adapters = o->n_adapters;
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
    mote_engine_settings set;
    mote_status status;
    MOTE_TRY_DONE(mote_engine_settings_read(&set, &model->h, model->exact, &o, err));
    e->n_ctx = set.n_ctx;
    e->n_batch = set.n_batch;
    uint64_t adapter_bytes = 0;
    MOTE_TRY_DONE(take_adapters(e, &o, &adapter_bytes, err));
    MOTE_TRY_DONE(mote_engine_settings_check_budget(&set, model->w.n_bytes + adapter_bytes, o.mem_max_bytes, err));
    e->layout = set.layout;
    e->n_sessions = set.n_sessions;
    e->cache_stride = set.cache_stride;
    e->n_bytes = set.cache_bytes + set.scratch_bytes + set.prefix.n_bytes;
    uint64_t screen_bytes = mote_decoder_screen_bytes(model), other_bytes = model->w.n_bytes + adapter_bytes + e->n_bytes;
    e->may_screen = screen_bytes > 0 && (o.mem_max_bytes == 0 || (other_bytes <= o.mem_max_bytes && screen_bytes <= o.mem_max_bytes - other_bytes));
    e->n_bytes += e->may_screen ? screen_bytes : 0;
    other_bytes += e->may_screen ? screen_bytes : 0;
    e->n_bytes_left = o.mem_max_bytes == 0 ? UINT64_MAX : o.mem_max_bytes > other_bytes ? o.mem_max_bytes - other_bytes : 0;
    MOTE_TRY_DONE(mote_thread_pool_create(set.n_threads, &e->pool, err));
    MOTE_TRY_DONE(mote_decoder_create(model, e->pool, e->n_batch, e->n_ctx, &e->decoder, err));
    MOTE_TRY_DONE(take_memory(e, err));
    if (!e->layout.has_states) {
        e->draft = mote_draft_create(e->n_ctx);
        if (!e->draft) {
            status = mote_error_alloc(err, mote_draft_bytes(e->n_ctx));
            goto done;
        }
    }
    if (set.prefix.n_blocks != 0)
        MOTE_TRY_DONE(mote_prefix_cache_create(&set.prefix, &e->prefixes, err));
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
    for (int32_t i = 0; e->sessions && i < e->n_sessions; i++)
        mote_adapter_set_deinit(&e->sessions[i].adapters);
    mote_decoder_free(&e->decoder);
    mote_draft_free(&e->draft);
    mote_constrained_free(&e->constrained);
    mote_thread_pool_free(&e->pool);
    mote_prefix_cache_free(&e->prefixes);
    mote_mem_free(e->sessions);
    mote_mem_free(e->tokens);
    mote_mem_free(e->cache_memory);
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
