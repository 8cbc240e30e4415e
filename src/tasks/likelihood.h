/* What a model thinks of given tokens. */
#ifndef MOTE_TASKS_LIKELIHOOD_H
#define MOTE_TASKS_LIKELIHOOD_H

#include <mote/engine.h>

/* log(sum of exp(logits)), in one pass over float32. */
double mote_likelihood_log_sum(const float *logits, size_t n);

/* Makes the timeline these tokens and computes what it doesn't have of them; the logits of the last are there then. *n_computed is added to. */
MOTE_MUST_CHECK mote_status mote_likelihood_feed(mote_session *session, const int32_t *ids, size_t n_ids, size_t *n_computed, mote_error *err);

/* Makes the timeline the first n of these tokens, computing what it doesn't have of them. */
MOTE_MUST_CHECK mote_status mote_likelihood_feed_to(mote_session *session, const int32_t *ids, size_t n, mote_error *err);

/* Log-probabilities [n_ids - from] of the tokens from `from` on, each behind those before it; from >= 1. The timeline is then without the last token; what it had in common with
 * them isn't computed again. */
MOTE_MUST_CHECK mote_status mote_likelihood_score(mote_session *session, const int32_t *ids, size_t n_ids, size_t from, double *log_probabilities, mote_error *err);

#endif
