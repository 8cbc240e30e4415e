/* Recurrent mixers: what ssm.c (the reference) and ssm_lanes.h (every instruction set) agree on. Each is a fixed chain of float operations for each channel and token, tokens in
 * order, so that results don't depend on how tokens are cut into passes and channels among threads. All lanes are channels: there are no horizontal sums.
 *
 * Causal convolution, each channel on its own, n_taps weights w, the oldest input first: y[t] = bias + sum_j w[j] * x[t - (n_taps - 1) + j], one fused chain in ascending j from
 * bias. What lies before the pass's first token is the state. Weights and state are rows of channels, [tap][channel], unlike in checkpoints: so taps are whole vectors.
 *
 * Selective state space of Mamba-2 (Dao and Gu, "Transformers are SSMs", 2024), one head of width P with N states a channel:
 *
 *     S[n][p] = decay * S[n][p] + (dt * x[p]) * B[n]          y[p] = sum_n C[n] * S[n][p] + D * x[p]
 *
 * S is stored [N][P] (checkpoints and papers write [P][N]): a row of channels for each n, read and written once a token, front to back. The sum runs in ascending n from 0.
 * dt = softplus(dt + bias) and decay = exp(dt * A), A < 0, are the same for a head's channels. */
#ifndef MOTE_KERNELS_SSM_H
#define MOTE_KERNELS_SSM_H

#include <stddef.h>

enum { MOTE_SSM_MAX_TAPS = 16 }; /* models have 3 or 4; held in registers or near */

typedef struct mote_ssm_conv {
    size_t n_taps, n_channels; /* 1 <= n_taps <= MOTE_SSM_MAX_TAPS */
    const float *weight;       /* [n_taps, n_channels] */
    const float *bias;         /* [n_channels] or NULL */
    float *state;              /* [n_taps - 1, n_channels]: the last inputs, the oldest first; moved on by a call */
} mote_ssm_conv;

/* One head over the tokens of a pass. */
typedef struct mote_ssm_scan {
    size_t n_tokens, head_dim, d_state;
    float *state;            /* [d_state, head_dim], moved on by the call */
    const float *x;          /* [n_tokens, head_dim], rows x_stride apart */
    const float *b, *c;      /* [n_tokens, d_state], rows x_stride apart */
    size_t x_stride;         /* x, B and C are parts of one row */
    const float *dt, *decay; /* [n_tokens], step_stride apart each */
    size_t dt_stride, decay_stride;
    float skip; /* D */
    float *y;   /* [n_tokens, head_dim], rows y_stride apart; may be x */
    size_t y_stride;
} mote_ssm_scan;

#endif
