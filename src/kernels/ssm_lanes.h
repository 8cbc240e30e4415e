/* Recurrent mixers on vectors of VF_LANES channels, for the instruction set whose lanes header was included before; definitions in ssm.h, reference ssm.c. */
#ifndef MOTE_KERNELS_SSM_LANES_H
#define MOTE_KERNELS_SSM_LANES_H

#include "kernels/exp_lanes.h"
#include "kernels/kernels.h"
#include "kernels/ssm.h"
#include "kernels/unroll.h"

enum {
    VF_SCAN_CHAINS = VF_LANES == 8 ? 4 : 8, /* vectors times tokens of a tile: each takes two registers, and AVX2 has 16 */
    VF_SCAN_MOST = 4                        /* of either */
};

/* The first n of p, n possibly beyond a vector. */
static inline vf vf_load_least(const float *p, size_t n) {
    return n < VF_LANES ? vf_load_part(p, n) : vf_load(p);
}
static inline void vf_store_least(float *p, vf x, size_t n) {
    if (n < VF_LANES)
        vf_store_part(p, x, n);
    else
        vf_store(p, x);
}

static void steps_lanes(float *dt, const float *bias, const float *a, float *decay, size_t n_heads) {
    for (size_t h = 0; h < n_heads; h += VF_LANES) {
        size_t n = n_heads - h;
        vf step = vf_softplus(vf_add(vf_load_least(dt + h, n), vf_load_least(bias + h, n)));
        vf_store_least(dt + h, step, n);
        vf_store_least(decay + h, vf_exp_nonpositive(vf_mul(step, vf_load_least(a + h, n))), n);
    }
}

/* Weights, bias and past inputs of VF_LANES channels (or the n < VF_LANES last). */
typedef struct vf_taps {
    vf weight[MOTE_SSM_MAX_TAPS], past[MOTE_SSM_MAX_TAPS], bias;
} vf_taps;

static inline void vf_taps_load(vf_taps *v, const mote_ssm_conv *c, size_t n_taps, size_t channel, size_t n) {
    v->bias = c->bias ? vf_load_least(c->bias + channel, n) : vf_set(0.0f);
    for (size_t j = 0; j < n_taps; j++)
        v->weight[j] = vf_load_least(c->weight + j * c->n_channels + channel, n);
    for (size_t j = 0; j + 1 < n_taps; j++)
        v->past[j] = vf_load_least(c->state + j * c->n_channels + channel, n);
}

static inline void vf_taps_store(const vf_taps *v, const mote_ssm_conv *c, size_t n_taps, size_t channel, size_t n) {
    for (size_t j = 0; j + 1 < n_taps; j++)
        vf_store_least(c->state + j * c->n_channels + channel, v->past[j], n);
}

static inline vf vf_taps_next(vf_taps *v, size_t n_taps, vf x) {
    vf sum = v->bias;
    v->past[n_taps - 1] = x;
    for (size_t j = 0; j < n_taps; j++)
        sum = vf_fma(v->weight[j], v->past[j], sum);
    for (size_t j = 0; j + 1 < n_taps; j++)
        v->past[j] = v->past[j + 1];
    return sum;
}

/* n_taps is c->n_taps: a constant where the caller says so, which keeps the taps in registers. */
static inline void conv_silu_of(const mote_ssm_conv *c, size_t n_taps, size_t first, size_t last, float *x, size_t x_stride, size_t n_tokens) {
    for (size_t i = first; i < last; i += VF_LANES) {
        size_t n = last - i;
        vf_taps v;
        vf_taps_load(&v, c, n_taps, i, n);
        for (size_t t = 0; t < n_tokens; t++) {
            float *at = x + t * x_stride + i;
            vf y = vf_taps_next(&v, n_taps, vf_load_least(at, n));
            vf_store_least(at, vf_mul(y, vf_sigmoid(y)), n);
        }
        vf_taps_store(&v, c, n_taps, i, n);
    }
}

static void conv_silu_lanes(const mote_ssm_conv *c, size_t first, size_t last, float *x, size_t x_stride, size_t n_tokens) {
    if (c->n_taps == 4)
        conv_silu_of(c, 4, first, last, x, x_stride, n_tokens);
    else
        conv_silu_of(c, c->n_taps, first, last, x, x_stride, n_tokens);
}

static inline void conv_gated_of(const mote_ssm_conv *c, size_t n_taps, size_t first, size_t last, float *bcx, size_t n_tokens) {
    for (size_t i = first; i < last; i += VF_LANES) {
        size_t n = last - i, width = c->n_channels;
        vf_taps v;
        vf_taps_load(&v, c, n_taps, i, n);
        for (size_t t = 0; t < n_tokens; t++) {
            float *at = bcx + t * 3 * width + i;
            vf y = vf_taps_next(&v, n_taps, vf_mul(vf_load_least(at, n), vf_load_least(at + 2 * width, n)));
            vf_store_least(at, vf_mul(vf_load_least(at + width, n), y), n);
        }
        vf_taps_store(&v, c, n_taps, i, n);
    }
}

static void conv_gated_lanes(const mote_ssm_conv *c, size_t first, size_t last, float *bcx, size_t n_tokens) {
    if (c->n_taps == 3)
        conv_gated_of(c, 3, first, last, bcx, n_tokens);
    else
        conv_gated_of(c, c->n_taps, first, last, bcx, n_tokens);
}

/* n_tokens tokens from t on, of n_vectors whole vectors of channels from p on: the state is read and written once for all of them, and their sums are independent chains. */
VF_INLINE void scan_tile(const mote_ssm_scan *s, size_t t, size_t p, const size_t n_vectors, const size_t n_tokens) {
    const float *x = s->x + t * s->x_stride + p, *b = s->b + t * s->x_stride, *c = s->c + t * s->x_stride;
    vf decay[VF_SCAN_MOST], moved[VF_SCAN_MOST][VF_SCAN_MOST], sum[VF_SCAN_MOST][VF_SCAN_MOST];
    VF_UNROLL
    for (size_t i = 0; i < n_tokens; i++) {
        vf dt = vf_set(s->dt[(t + i) * s->dt_stride]);
        decay[i] = vf_set(s->decay[(t + i) * s->decay_stride]);
        VF_UNROLL
        for (size_t v = 0; v < n_vectors; v++) {
            moved[i][v] = vf_mul(dt, vf_load(x + i * s->x_stride + v * VF_LANES));
            sum[i][v] = vf_set(0.0f);
        }
    }
    float *row = s->state + p;
    for (size_t n = 0; n < s->d_state; n++, row += s->head_dim) {
        VF_UNROLL
        for (size_t v = 0; v < n_vectors; v++) {
            vf state = vf_load(row + v * VF_LANES);
            VF_UNROLL
            for (size_t i = 0; i < n_tokens; i++) {
                state = vf_fma(state, decay[i], vf_mul(moved[i][v], vf_set(b[i * s->x_stride + n])));
                sum[i][v] = vf_fma(state, vf_set(c[i * s->x_stride + n]), sum[i][v]);
            }
            vf_store(row + v * VF_LANES, state);
        }
    }
    vf skip = vf_set(s->skip);
    VF_UNROLL
    for (size_t i = 0; i < n_tokens; i++) {
        VF_UNROLL
        for (size_t v = 0; v < n_vectors; v++)
            vf_store(s->y + (t + i) * s->y_stride + p + v * VF_LANES, vf_fma(vf_load(x + i * s->x_stride + v * VF_LANES), skip, sum[i][v]));
    }
}

/* All tokens of n_vectors vectors of channels. Channels outside, tokens inside: the part of the state that is worked on stays in the first-level cache. */
VF_INLINE void scan_columns(const mote_ssm_scan *s, size_t p, const size_t n_vectors, const size_t n_tokens) {
    size_t t = 0;
    for (; t + n_tokens <= s->n_tokens; t += n_tokens)
        scan_tile(s, t, p, n_vectors, n_tokens);
    for (; t < s->n_tokens; t++)
        scan_tile(s, t, p, n_vectors, 1);
}

/* The last n < VF_LANES channels. */
static inline void scan_token_part(const mote_ssm_scan *s, size_t t, size_t p, size_t n_channels) {
    const float *b = s->b + t * s->x_stride, *c = s->c + t * s->x_stride;
    vf x = vf_load_part(s->x + t * s->x_stride + p, n_channels), decay = vf_set(s->decay[t * s->decay_stride]);
    vf moved = vf_mul(vf_set(s->dt[t * s->dt_stride]), x), sum = vf_set(0.0f);
    float *row = s->state + p;
    for (size_t n = 0; n < s->d_state; n++, row += s->head_dim) {
        vf state = vf_fma(vf_load_part(row, n_channels), decay, vf_mul(moved, vf_set(b[n])));
        vf_store_part(row, state, n_channels);
        sum = vf_fma(state, vf_set(c[n]), sum);
    }
    vf_store_part(s->y + t * s->y_stride + p, vf_fma(x, vf_set(s->skip), sum), n_channels);
}

static void scan_lanes(const mote_ssm_scan *s) {
    size_t p = 0, two = 2 * VF_LANES, four = 4 * VF_LANES;
    for (; (VF_SCAN_CHAINS == 8 || s->n_tokens == 1) && p + four <= s->head_dim; p += four)
        scan_columns(s, p, 4, VF_SCAN_CHAINS / 4);
    for (; p + two <= s->head_dim; p += two)
        scan_columns(s, p, 2, VF_SCAN_CHAINS / 2);
    for (; p + VF_LANES <= s->head_dim; p += VF_LANES)
        scan_columns(s, p, 1, 4);
    for (size_t t = 0; p < s->head_dim && t < s->n_tokens; t++)
        scan_token_part(s, t, p, s->head_dim - p);
}

static inline void vf_fill_ssm_table(mote_kernels *k) {
    k->ssm.steps = steps_lanes;
    k->ssm.conv_silu = conv_silu_lanes;
    k->ssm.conv_gated = conv_gated_lanes;
    k->ssm.scan = scan_lanes;
}

#endif
