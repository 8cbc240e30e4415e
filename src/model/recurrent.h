/* Recurrent layers: the widths of their projections, and the state that they carry from token to token instead of keys and values.
 *
 *   Mamba-2             in_proj -> [z d_inner][x d_inner][B n_groups * d_state][C n_groups * d_state][dt n_heads]; x, B and C pass through the convolution
 *   short convolution   in_proj -> [B n_embd][C n_embd][X n_embd]; B * X passes through it
 *
 * A layer's state, float32: the convolution's [n_taps - 1, n_channels], then from the next multiple of 16 on Mamba-2's [n_heads][d_state][head_dim] (kernels/ssm.h). */
#ifndef MOTE_MODEL_RECURRENT_H
#define MOTE_MODEL_RECURRENT_H

#include "model/hparams.h"

static inline bool mote_recurrent_is(mote_mixer mixer) {
    return mixer != MOTE_MIXER_ATTENTION;
}
/* Whether any layer is recurrent: such a model's timeline can't go back. */
bool mote_recurrent_has(const mote_hparams *h);
size_t mote_recurrent_head_dim(const mote_hparams *h);
/* Of the convolution. */
size_t mote_recurrent_channels(const mote_hparams *h, mote_mixer mixer);
/* Rows of the input projection, columns of the output projection. */
size_t mote_recurrent_in_width(const mote_hparams *h, mote_mixer mixer);
size_t mote_recurrent_out_width(const mote_hparams *h, mote_mixer mixer);
/* The largest of all layers; 0: there are none. */
size_t mote_recurrent_widest_in(const mote_hparams *h);
size_t mote_recurrent_widest_out(const mote_hparams *h);
/* Floats of a layer's state; where in it the heads' begin. 0 for attention. */
size_t mote_recurrent_state_floats(const mote_hparams *h, mote_mixer mixer);
size_t mote_recurrent_heads_offset(const mote_hparams *h, mote_mixer mixer);

#endif
