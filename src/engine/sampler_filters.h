/* The steps that only look at the candidates' logits. Each keeps at least one candidate. */
#ifndef MOTE_ENGINE_SAMPLER_FILTERS_H
#define MOTE_ENGINE_SAMPLER_FILTERS_H

#include "base/rng.h"
#include "engine/candidates.h"

void mote_sampler_filters_top_n_sigma(mote_candidates *c, float n);
void mote_sampler_filters_top_k(mote_candidates *c, int32_t k);
void mote_sampler_filters_top_p(mote_candidates *c, float p, size_t min_keep);
void mote_sampler_filters_min_p(mote_candidates *c, float p, size_t min_keep);
/* saved [n_vocab]: scratch */
void mote_sampler_filters_typical_p(mote_candidates *c, float p, size_t min_keep, float *saved);
void mote_sampler_filters_xtc(mote_candidates *c, float probability, float threshold, size_t min_keep, mote_rng *rng);
/* temperature <= 0: only the first candidate stays. range > 0: the temperature lies between temperature - range and + range, by the entropy of what is left. */
void mote_sampler_filters_temperature(mote_candidates *c, float temperature, float range, float exponent);

#endif
