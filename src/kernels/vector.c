/* Vector operations: the C reference. Each element is one fixed chain of float operations (fmaf where the vector versions fuse), each sum has 16 partial sums, element i in partial
 * sum i modulo 16, added in ascending order at the end. */
#include "kernels/attention.h"
#include "kernels/exp.h"
#include "kernels/levels.h"

enum { N_PARTIAL = 16 };

static float add_partials(const float *partial) {
    float sum = 0.0f;
    for (int i = 0; i < N_PARTIAL; i++)
        sum += partial[i];
    return sum;
}

static void rms_norm_c(const float *x, const float *weight, float *y, size_t n, float eps) {
    float partial[N_PARTIAL] = {0};
    for (size_t i = 0; i < n; i++)
        partial[i % N_PARTIAL] = fmaf(x[i], x[i], partial[i % N_PARTIAL]);
    float r = 1.0f / sqrtf(add_partials(partial) / (float)n + eps);
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * r * weight[i];
}

static void layer_norm_c(const float *x, const float *weight, const float *bias, float *y, size_t n, float eps) {
    float partial[N_PARTIAL] = {0}, squares[N_PARTIAL] = {0};
    for (size_t i = 0; i < n; i++)
        partial[i % N_PARTIAL] += x[i];
    float mean = add_partials(partial) / (float)n;
    for (size_t i = 0; i < n; i++)
        squares[i % N_PARTIAL] = fmaf(x[i] - mean, x[i] - mean, squares[i % N_PARTIAL]);
    float r = 1.0f / sqrtf(add_partials(squares) / (float)n + eps);
    for (size_t i = 0; i < n; i++)
        y[i] = fmaf((x[i] - mean) * r, weight[i], bias[i]);
}

static void add_c(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] += x[i];
}

static void scale_c(float *y, float s, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] *= s;
}

static void silu_mul_c(float *y, const float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = gate[i] * mote_exp_sigmoid(gate[i]) * up[i];
}

static void gelu_mul_c(float *y, const float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = mote_exp_gelu_tanh(gate[i]) * up[i];
}

static void gelu_erf_c(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * mote_exp_normal(x[i]);
}

static void softcap_c(float *y, float cap, size_t n) {
    for (size_t i = 0; i < n; i++)
        y[i] = cap * mote_exp_tanh(y[i] / cap);
}

static void rope_c(float *x, const float *cos_sin, size_t n_rot, bool neox) {
    size_t half = n_rot / 2, step = neox ? 1 : 2, other = neox ? half : 1;
    for (size_t i = 0; i < half; i++) {
        float *a = x + i * step, *b = a + other, c = cos_sin[i], s = cos_sin[half + i], x0 = *a, x1 = *b;
        *a = fmaf(-x1, s, x0 * c);
        *b = fmaf(x0, s, x1 * c);
    }
}

void mote_vector_init_c(mote_kernels *k) {
    k->rms_norm = rms_norm_c;
    k->layer_norm = layer_norm_c;
    k->add = add_c;
    k->scale = scale_c;
    k->silu_mul = silu_mul_c;
    k->gelu_mul = gelu_mul_c;
    k->gelu_erf = gelu_erf_c;
    k->softcap = softcap_c;
    k->rope = rope_c;
    mote_attn_init_c(k);
    mote_ssm_init_c(k);
}
