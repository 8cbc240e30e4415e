/* Engines and sessions from inside; the public face is <mote/engine.h>. */
#ifndef MOTE_ENGINE_ENGINE_H
#define MOTE_ENGINE_ENGINE_H

#include "base/thread_pool.h"
#include "engine/constrained.h"
#include "engine/draft.h"
#include "engine/prefix_cache.h"
#include "model/cache.h"
#include "model/decoder.h"
#include "model/loaded.h"

#include <mote/adapter.h>
#include <mote/engine.h>
#include <mote/session.h>

struct mote_engine {
    const mote_model *model;
    mote_thread_pool *pool;
    mote_decoder *decoder;
    mote_draft *draft;             /* NULL: the model keeps states that can't go back */
    mote_constrained *constrained; /* of the last generation that had a constraint; NULL */
    size_t n_ctx, n_batch;
    mote_cache_layout layout;
    int32_t n_sessions;
    mote_session *sessions; /* [n_sessions] */
    uint8_t *cache_bytes;   /* [n_sessions][cache_stride] */
    void *cache_memory;     /* owns them */
    size_t cache_stride;
    int32_t *tokens;                                 /* [n_sessions][n_ctx] */
    const mote_adapter *adapters[MOTE_ADAPTERS_MAX]; /* of a new session */
    float adapter_scales[MOTE_ADAPTERS_MAX];
    size_t n_adapters;
    mote_prefix_cache *prefixes; /* NULL: none are kept */
    uint64_t n_bytes;
    uint64_t n_bytes_left; /* of the budget; UINT64_MAX: there is none */
    uint64_t identity;     /* of the model (model/identity.h); 0: not computed yet */
    bool may_screen;       /* the budget has room for a screen of the head */
    bool has_some;         /* the logits in the decoder are not all of them */
};

struct mote_session {
    mote_engine *engine;
    mote_cache cache;
    int32_t *tokens;
    size_t n_tokens;
    size_t n_computed; /* of these, the first that the cache has; the others are computed again before the next ones */
    size_t n_reused;   /* n_computed when the last feed began to compute */
    mote_adapter_set adapters;
    mote_prefix_owner owner;         /* of its prefixes */
    bool fed_several;                /* by the last feed: more than one token */
    const float *logits;             /* of the last token; NULL when they don't belong to it any more */
    const mote_logit_choice *choice; /* the logits that the next feed of one token has to give; NULL: all */
    size_t last_row;                 /* of the last pass, to which the logits belong */
    atomic_bool cancel;
    bool is_used;
};

/* Feeds ids[0] and computes the others beside it, n_ids <= MOTE_DECODER_LOGIT_ROWS and <= n_batch: what may come next. The timeline has ids[0] only and its logits, until
 * mote_session_take_draft moves it on. Errors as mote_session_feed. Not for models that keep states. */
MOTE_MUST_CHECK mote_status mote_session_feed_draft(mote_session *session, const int32_t *ids, size_t n_ids, mote_error *err);
/* The next of those ids did come: the timeline has it and its logits, with nothing computed. */
void mote_session_take_draft(mote_session *session);

/* The id that the model's tokenizer puts before every text, or -1 (eval.c). */
int32_t mote_engine_first_token(const mote_model *model);

#endif
