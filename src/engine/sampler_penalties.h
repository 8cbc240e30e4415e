/* Repetition, frequency and presence penalties: tokens of the last `window` lose. */
#ifndef MOTE_ENGINE_SAMPLER_PENALTIES_H
#define MOTE_ENGINE_SAMPLER_PENALTIES_H

#include "engine/candidates.h"
#include "engine/sampler_history.h"

#include <mote/sampler.h>

/* How often each token stands in the window, and which do. */
typedef struct mote_sampler_penalties {
    size_t window;    /* tokens; 0: off */
    uint32_t *count;  /* [n_vocab] */
    uint32_t *place;  /* [n_vocab] where a counted token is in `present` */
    int32_t *present; /* [window] the tokens counted, each once */
    size_t n_present;
} mote_sampler_penalties;

MOTE_MUST_CHECK mote_status mote_sampler_penalties_init(mote_sampler_penalties *p, size_t n_vocab, size_t window, mote_error *err);
void mote_sampler_penalties_deinit(mote_sampler_penalties *p);
/* Before the token is added to the history, which holds at least `window` tokens. */
void mote_sampler_penalties_accept(mote_sampler_penalties *p, const mote_sampler_history *history, int32_t token);
void mote_sampler_penalties_reset(mote_sampler_penalties *p);
void mote_sampler_penalties_apply(const mote_sampler_penalties *p, const mote_sampler_options *o, mote_candidates *c);

#endif
