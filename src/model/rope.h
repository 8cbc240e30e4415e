/* Rotary position embeddings (Su et al., "RoFormer", 2021): frequencies with the scalings that the families use. */
#ifndef MOTE_MODEL_ROPE_H
#define MOTE_MODEL_ROPE_H

#include "model/hparams.h"

/* inv_freq [n_rot / 2], in float32 as the reference computes it. factors [n_rot / 2] divide the frequencies (GGUF's rope_freqs); may be NULL. */
void mote_rope_frequencies(const mote_rope_hparams *r, uint32_t n_rot, const float *factors, float *inv_freq);

/* cos_sin [n_rot]: cos of each angle, then sin of each, both times factor (1: none). */
void mote_rope_angles(const float *inv_freq, uint32_t n_rot, size_t position, float factor, float *cos_sin);

#endif
