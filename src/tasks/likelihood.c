#include "tasks/likelihood.h"

#include "base/error.h"
#include "engine/engine.h"

#include <math.h>

double mote_likelihood_log_sum(const float *logits, size_t n) {
    float max = logits[0];
    for (size_t i = 1; i < n; i++)
        max = logits[i] > max ? logits[i] : max;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        if (logits[i] > max - 30) /* the others together are below what float32 tells */
            sum += expf(logits[i] - max);
    return max + log(sum);
}

/* Tokens that the timeline and these begin with, at most `most`; the timeline is cut behind them. */
static mote_status keep_common(mote_session *s, const int32_t *ids, size_t most, size_t *n_common) {
    size_t n = 0;
    while (n < most && n < s->n_tokens && s->tokens[n] == ids[n])
        n++;
    *n_common = n;
    return mote_session_truncate(s, n);
}

mote_status mote_likelihood_feed(mote_session *session, const int32_t *ids, size_t n_ids, size_t *n_computed, mote_error *err) {
    size_t n;
    MOTE_TRY(keep_common(session, ids, n_ids - 1, &n));
    MOTE_TRY(mote_session_feed(session, ids + n, n_ids - n, err));
    *n_computed += n_ids - session->n_reused;
    return MOTE_OK;
}

mote_status mote_likelihood_feed_to(mote_session *session, const int32_t *ids, size_t n, mote_error *err) {
    size_t n_common;
    MOTE_TRY(keep_common(session, ids, n, &n_common));
    return n_common < n ? mote_session_feed(session, ids + n_common, n - n_common, err) : MOTE_OK;
}

typedef struct row_scorer {
    const int32_t *targets;
    double *out;
    size_t n_vocab, n;
} row_scorer;

static bool score_row(void *context, size_t index, const float *logits) {
    row_scorer *r = context;
    if (index < r->n)
        r->out[index] = logits[r->targets[index]] - mote_likelihood_log_sum(logits, r->n_vocab);
    return true;
}

mote_status mote_likelihood_score(mote_session *session, const int32_t *ids, size_t n_ids, size_t from, double *log_probabilities, mote_error *err) {
    size_t n;
    row_scorer scorer = {ids + from, log_probabilities, session->engine->model->h.n_vocab, n_ids - from};
    MOTE_TRY(keep_common(session, ids, from - 1, &n));
    if (n < from - 1)
        MOTE_TRY(mote_session_feed(session, ids + n, from - 1 - n, err));
    return mote_session_score(session, ids + from - 1, n_ids - from, score_row, &scorer, err);
}
