/* What an engine's options come to for a model: numbers checked, defaults filled in, bytes counted. Needs the model's shape only, not its weights. */
#ifndef MOTE_ENGINE_SETTINGS_H
#define MOTE_ENGINE_SETTINGS_H

#include "engine/prefix_cache.h"
#include "model/cache.h"
#include "model/hparams.h"

#include <mote/engine.h>

typedef struct mote_engine_settings {
    size_t n_ctx, n_batch;
    int n_threads;
    int32_t n_sessions;
    mote_dtype type_k, type_v;
    mote_cache_layout layout;
    size_t cache_stride; /* bytes of one session's cache */
    uint64_t cache_bytes, scratch_bytes;
    mote_prefix_sizes prefix;
    bool prefix_gives_way; /* takes what the budget leaves */
} mote_engine_settings;

/* exact: the model is on the exact path, whose cache is float32 by default. MOTE_ERR_ARGUMENT, _UNSUPPORTED. */
MOTE_MUST_CHECK mote_status mote_engine_settings_read(mote_engine_settings *s, const mote_hparams *h, bool exact, const mote_engine_options *o, mote_error *err);
/* MOTE_ERR_BUDGET with the numbers. A prefix cache that nobody asked for gets smaller first. */
MOTE_MUST_CHECK mote_status mote_engine_settings_check_budget(mote_engine_settings *s, uint64_t weights_bytes, uint64_t mem_max_bytes, mote_error *err);

#endif
