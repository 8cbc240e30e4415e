#include "kernels/ssm.h"

#include "kernels/exp.h"
#include "kernels/levels.h"

static void steps_c(float *dt, const float *bias, const float *a, float *decay, size_t n_heads) {
    for (size_t h = 0; h < n_heads; h++) {
        dt[h] = mote_exp_softplus(dt[h] + bias[h]);
        decay[h] = mote_exp_nonpositive(dt[h] * a[h]);
    }
}

/* One output; `past` are the inputs before it and becomes those before the next. */
static float convolve(const mote_ssm_conv *c, size_t channel, float *past, float x) {
    float sum = c->bias ? c->bias[channel] : 0.0f;
    past[c->n_taps - 1] = x;
    for (size_t j = 0; j < c->n_taps; j++)
        sum = fmaf(c->weight[j * c->n_channels + channel], past[j], sum);
    for (size_t j = 0; j + 1 < c->n_taps; j++)
        past[j] = past[j + 1];
    return sum;
}

static void conv_silu_c(const mote_ssm_conv *c, size_t first, size_t last, float *x, size_t x_stride, size_t n_tokens) {
    float past[MOTE_SSM_MAX_TAPS];
    for (size_t i = first; i < last; i++) {
        for (size_t j = 0; j + 1 < c->n_taps; j++)
            past[j] = c->state[j * c->n_channels + i];
        for (size_t t = 0; t < n_tokens; t++) {
            float y = convolve(c, i, past, x[t * x_stride + i]);
            x[t * x_stride + i] = y * mote_exp_sigmoid(y);
        }
        for (size_t j = 0; j + 1 < c->n_taps; j++)
            c->state[j * c->n_channels + i] = past[j];
    }
}

static void conv_gated_c(const mote_ssm_conv *c, size_t first, size_t last, float *bcx, size_t n_tokens) {
    float past[MOTE_SSM_MAX_TAPS];
    for (size_t i = first; i < last; i++) {
        for (size_t j = 0; j + 1 < c->n_taps; j++)
            past[j] = c->state[j * c->n_channels + i];
        for (size_t t = 0; t < n_tokens; t++) {
            float *row = bcx + t * 3 * c->n_channels + i;
            row[0] = row[c->n_channels] * convolve(c, i, past, row[0] * row[2 * c->n_channels]);
        }
        for (size_t j = 0; j + 1 < c->n_taps; j++)
            c->state[j * c->n_channels + i] = past[j];
    }
}

static void scan_c(const mote_ssm_scan *s) {
    for (size_t t = 0; t < s->n_tokens; t++) {
        const float *x = s->x + t * s->x_stride, *b = s->b + t * s->x_stride, *c = s->c + t * s->x_stride;
        float dt = s->dt[t * s->dt_stride], decay = s->decay[t * s->decay_stride];
        for (size_t p = 0; p < s->head_dim; p++) {
            float moved = dt * x[p], sum = 0.0f;
            for (size_t n = 0; n < s->d_state; n++) {
                float *state = s->state + n * s->head_dim + p;
                *state = fmaf(*state, decay, moved * b[n]);
                sum = fmaf(*state, c[n], sum);
            }
            s->y[t * s->y_stride + p] = fmaf(x[p], s->skip, sum);
        }
    }
}

void mote_ssm_init_c(mote_kernels *k) {
    k->ssm.steps = steps_c;
    k->ssm.conv_silu = conv_silu_c;
    k->ssm.conv_gated = conv_gated_c;
    k->ssm.scan = scan_c;
}
