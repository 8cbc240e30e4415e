#include "engine/settings.h"

#include "base/cpu.h"
#include "base/error.h"
#include "base/thread_pool.h"
#include "engine/draft.h"
#include "kernels/attention.h"
#include "model/cache.h"
#include "model/decoder.h"
#include "model/source.h"

#include <stdio.h>

enum { DEFAULT_CONTEXT = 4096, DEFAULT_BATCH = 512, MAX_BATCH = 1 << 16, MAX_CONTEXT = 1 << 24, MAX_SESSIONS = 4096, MOST_PREFIX_BYTES = 256 << 20 };

static mote_status parse_cache_type(const char *name, const char *flag, bool exact, const mote_hparams *h, mote_dtype *type, mote_error *err) {
    *type = exact ? MOTE_DTYPE_F32 : MOTE_DTYPE_F16;
    if (!name)
        return MOTE_OK;
    *type = mote_dtype_from_name(name);
    if (*type == MOTE_DTYPE_NONE)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: '%s' is no type", flag, name);
    if (mote_attention_has_scales(*type)) {
        if (h->head_dim % MOTE_ATTENTION_BLOCK != 0)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: a cache of type %s needs heads of a multiple of 32, this model's have %u; f16 and bf16 take any", flag, name,
                                  h->head_dim);
    } else if (*type != MOTE_DTYPE_F32 && *type != MOTE_DTYPE_F16 && *type != MOTE_DTYPE_BF16)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "%s: a cache of type %s is not supported; f32, f16, bf16, q8_0 and q4_0 are", flag, name);
    return MOTE_OK;
}

static mote_status check_range(const char *name, int64_t value, int64_t low, int64_t high, mote_error *err) {
    if (value < low || value > high)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: %lld is not between %lld and %lld", name, (long long)value, (long long)low, (long long)high);
    return MOTE_OK;
}

/* Prefixes of as many tokens as a session holds. */
static void set_prefix_cache(mote_engine_settings *s, uint64_t n_bytes) {
    s->prefix_gives_way = n_bytes == MOTE_PREFIX_CACHE_AUTO;
    if (!s->prefix_gives_way)
        return mote_prefix_sizes_fit(&s->layout, n_bytes, &s->prefix);
    mote_prefix_sizes_fit(&s->layout, MOST_PREFIX_BYTES, &s->prefix);
    size_t n_blocks = s->n_ctx / MOTE_PREFIX_BLOCK;
    if (n_blocks < s->prefix.n_blocks)
        mote_prefix_sizes_fit(&s->layout, s->prefix.n_bytes / s->prefix.n_blocks * (n_blocks + 1), &s->prefix);
}

mote_status mote_engine_settings_read(mote_engine_settings *s, const mote_hparams *h, bool exact, const mote_engine_options *o, mote_error *err) {
    *s = (mote_engine_settings){0};
    MOTE_TRY(check_range("context (-c)", o->n_ctx, 0, MAX_CONTEXT, err));
    MOTE_TRY(check_range("batch (-b)", o->n_batch, 0, MAX_BATCH, err));
    MOTE_TRY(check_range("threads (-t)", o->n_threads, 0, MOTE_THREADS_MAX, err));
    MOTE_TRY(check_range("sessions", o->n_sessions, 0, MAX_SESSIONS, err));
    s->n_ctx = o->n_ctx ? (size_t)o->n_ctx : h->n_ctx_train < DEFAULT_CONTEXT ? h->n_ctx_train : DEFAULT_CONTEXT;
    s->n_batch = o->n_batch ? (size_t)o->n_batch : DEFAULT_BATCH;
    if (s->n_batch > s->n_ctx)
        s->n_batch = s->n_ctx;
    s->n_sessions = o->n_sessions ? o->n_sessions : 1;
    s->n_threads = o->n_threads ? o->n_threads : mote_cpu_default_threads();
    MOTE_TRY(parse_cache_type(o->cache_type_k, "cache type of keys (-ctk)", exact, h, &s->type_k, err));
    MOTE_TRY(parse_cache_type(o->cache_type_v, "cache type of values (-ctv)", exact, h, &s->type_v, err));
    mote_cache_layout_init(&s->layout, h, s->type_k, s->type_v, s->n_ctx, s->n_batch);
    s->cache_stride = (s->layout.n_bytes + 63) / 64 * 64;
    s->cache_bytes = (uint64_t)s->n_sessions * (s->cache_stride + s->n_ctx * sizeof(int32_t));
    s->scratch_bytes = mote_decoder_bytes(h, s->n_batch, s->n_ctx, s->n_threads) + (s->layout.has_states ? 0 : mote_draft_bytes(s->n_ctx));
    set_prefix_cache(s, o->prefix_cache_bytes);
    return MOTE_OK;
}

mote_status mote_engine_settings_check_budget(mote_engine_settings *s, uint64_t weights_bytes, uint64_t mem_max_bytes, mote_error *err) {
    uint64_t all = weights_bytes + s->cache_bytes + s->scratch_bytes + (s->prefix_gives_way ? 0 : s->prefix.n_bytes);
    if (mem_max_bytes != 0 && s->prefix_gives_way && all + s->prefix.n_bytes > mem_max_bytes)
        mote_prefix_sizes_fit(&s->layout, mem_max_bytes > all ? mem_max_bytes - all : 0, &s->prefix);
    if (mem_max_bytes == 0 || all <= mem_max_bytes)
        return MOTE_OK;
    const double mib = 1048576;
    char prefixes[40] = "";
    if (!s->prefix_gives_way && s->prefix.n_bytes != 0)
        snprintf(prefixes, sizeof prefixes, ", prefixes %.1f", (double)s->prefix.n_bytes / mib);
    return mote_error_set(
        err, MOTE_ERR_BUDGET,
        "%.1f MiB are needed (weights %.1f, cache of %zu tokens %.1f, scratch %.1f%s), the memory budget is %.1f MiB; a smaller context (-c) or batch (-b) needs less",
        (double)all / mib, (double)weights_bytes / mib, s->n_ctx, (double)s->cache_bytes / mib, (double)s->scratch_bytes / mib, prefixes, (double)mem_max_bytes / mib);
}

mote_status mote_engine_plan(const char *path, const mote_model_options *model_options, const mote_engine_options *options, uint64_t *n_bytes, mote_error *err) {
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    if (options)
        o = *options;
    *n_bytes = 0;
    mote_source source;
    MOTE_TRY(mote_source_open(path, MOTE_SOURCE_WEIGHTS, &source, err));
    mote_weights_source from = mote_source_weights(&source);
    mote_weights_plan plan = {0};
    mote_engine_settings s = {0};
    mote_weights_type type;
    mote_status status;
    MOTE_TRY_DONE(mote_weights_type_read(model_options ? model_options->type : NULL, !source.gguf, o.mem_max_bytes, &type, err));
    MOTE_TRY_DONE(mote_weights_plan_create(&from, &source.h, type, &plan, err));
    if (!source.h.family->is_encoder)
        MOTE_TRY_DONE(mote_engine_settings_read(&s, &source.h, type.exact, &o, err));
    status = mote_engine_settings_check_budget(&s, plan.packed_bytes, o.mem_max_bytes, err);
    *n_bytes = plan.packed_bytes + s.cache_bytes + s.scratch_bytes + (s.prefix_gives_way ? 0 : s.prefix.n_bytes);
done:
    mote_weights_plan_free(&plan);
    mote_source_close(&source);
    return status;
}
