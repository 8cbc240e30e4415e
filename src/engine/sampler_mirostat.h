/* Mirostat (S. Basu et al., "Mirostat: A Neural Text Decoding Algorithm that Directly Controls Perplexity", 2021): truncation steered by the surprise of what was chosen. */
#ifndef MOTE_ENGINE_SAMPLER_MIROSTAT_H
#define MOTE_ENGINE_SAMPLER_MIROSTAT_H

#include "base/rng.h"
#include "engine/candidates.h"

/* Narrow the candidates for the surprise *mu (bits) aimed at now. */
void mote_sampler_mirostat_narrow_1(mote_candidates *c, size_t n_vocab, float mu);
void mote_sampler_mirostat_narrow_2(mote_candidates *c, float mu);
/* mu after an item of weight p of a total was chosen. */
float mote_sampler_mirostat_learn(float mu, float tau, float eta, double p, double total);

#endif
