/* Logits to a file, and perplexity by llama-perplexity's rule. */
#include <mote/eval.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/engine.h"
#include "formats/npy.h"

#include <mote/tokenizer.h>

#include <math.h>

typedef struct logits_sink {
    mote_npy_writer *writer;
    mote_status status;
    mote_error *err;
} logits_sink;

static bool write_row(void *context, size_t index, const float *logits) {
    logits_sink *sink = context;
    (void)index;
    sink->status = mote_npy_writer_row(sink->writer, logits, sink->err);
    return sink->status == MOTE_OK;
}

mote_status mote_eval_logits(const mote_model *model, const mote_engine_options *options, const int32_t *ids, size_t n_ids, const char *npy_path, mote_error *err) {
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    if (options)
        o = *options;
    if (n_ids == 0 || n_ids > INT32_MAX)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%zu tokens to evaluate", n_ids);
    o.n_ctx = (int32_t)n_ids;
    o.prefix_cache_bytes = 0;
    mote_engine *engine = NULL;
    mote_session *session = NULL;
    logits_sink sink = {.err = err};
    mote_status status;
    MOTE_TRY_DONE(mote_engine_create(model, &o, &engine, err));
    MOTE_TRY_DONE(mote_session_create(engine, &session, err));
    MOTE_TRY_DONE(mote_npy_writer_create(npy_path, n_ids, model->h.n_vocab, &sink.writer, err));
    status = mote_session_score(session, ids, n_ids, write_row, &sink, err);
    if (sink.status != MOTE_OK)
        status = sink.status;
    if (status == MOTE_OK)
        status = mote_npy_writer_finish(&sink.writer, err);
done:
    mote_npy_writer_discard(&sink.writer);
    mote_session_free(&session);
    mote_engine_free(&engine);
    return status;
}

typedef struct scorer {
    const int32_t *targets; /* targets[i]: the token that follows the i-th scored row */
    size_t n_vocab;
    double sum, sum_squares;
    size_t n;
} scorer;

static bool score_row(void *context, size_t index, const float *logits) {
    scorer *s = context;
    float max = logits[0];
    for (size_t i = 1; i < s->n_vocab; i++)
        max = logits[i] > max ? logits[i] : max;
    double sum = 0;
    for (size_t i = 0; i < s->n_vocab; i++)
        sum += exp((double)logits[i] - max);
    double nll = log(sum) + max - logits[s->targets[index]];
    s->sum += nll;
    s->sum_squares += nll * nll;
    s->n++;
    return true;
}

int32_t mote_engine_first_token(const mote_model *model) {
    if (!model->tokenizer)
        return -1;
    int32_t *ids = NULL;
    size_t n = 0;
    int32_t bos = -1;
    if (mote_tokenize(model->tokenizer, "", 0, MOTE_TOKENIZE_ADD_SPECIAL, &ids, &n, NULL) == MOTE_OK && n > 0 && ids[0] == mote_tokenizer_bos(model->tokenizer))
        bos = ids[0];
    mote_mem_free(ids);
    return bos;
}

/* One window: the first half is context, the rows of the second half but the last are scored. */
static mote_status score_window(mote_session *session, const int32_t *ids, size_t n_ctx, int32_t bos, scorer *s, mote_error *err) {
    size_t half = n_ctx / 2;
    int32_t first = bos >= 0 ? bos : ids[0];
    MOTE_TRY(mote_session_truncate(session, 0));
    MOTE_TRY(mote_session_feed(session, &first, 1, err));
    if (half > 1)
        MOTE_TRY(mote_session_feed(session, ids + 1, half - 1, err));
    s->targets = ids + half + 1;
    return mote_session_score(session, ids + half, n_ctx - 1 - half, score_row, s, err);
}

mote_status mote_eval_perplexity(const mote_model *model, const mote_engine_options *options, const int32_t *ids, size_t n_ids, mote_progress_fn progress, void *progress_context,
                                 mote_perplexity *result, mote_error *err) {
    mote_engine_options o = MOTE_ENGINE_OPTIONS_INIT;
    if (options)
        o = *options;
    size_t n_ctx = o.n_ctx > 0 ? (size_t)o.n_ctx : 512;
    o.n_ctx = (int32_t)n_ctx;
    o.prefix_cache_bytes = 0;
    if (n_ctx < 4 || n_ids < n_ctx)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%zu tokens don't fill a window of %zu", n_ids, n_ctx);
    for (size_t i = 0; i < n_ids; i++)
        if (ids[i] < 0 || (uint32_t)ids[i] >= model->h.n_vocab)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "token %zu: id %d is outside the vocabulary", i, (int)ids[i]);
    mote_engine *engine = NULL;
    mote_session *session = NULL;
    scorer s = {.n_vocab = model->h.n_vocab};
    int32_t bos = mote_engine_first_token(model);
    size_t n_windows = n_ids / n_ctx;
    mote_status status;
    MOTE_TRY_DONE(mote_engine_create(model, &o, &engine, err));
    MOTE_TRY_DONE(mote_session_create(engine, &session, err));
    for (size_t w = 0; w < n_windows; w++) {
        if (progress && !progress(progress_context, "perplexity", (double)w / (double)n_windows)) {
            status = mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
            goto done;
        }
        MOTE_TRY_DONE(score_window(session, ids + w * n_ctx, n_ctx, bos, &s, err));
    }
    double mean = s.sum / (double)s.n, variance = s.sum_squares / (double)s.n - mean * mean;
    *result = (mote_perplexity){.perplexity = exp(mean), .nll_stderr = sqrt((variance > 0 ? variance : 0) / (double)s.n), .n_tokens = s.n};
done:
    mote_session_free(&session);
    mote_engine_free(&engine);
    return status;
}
