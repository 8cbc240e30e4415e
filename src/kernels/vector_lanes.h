/* Vector operations on vectors of VF_LANES floats, for the instruction set whose lanes header was included before. The operations on each element, and the 16 partial sums of a
 * sum, are those of vector.c, which is the reference. A file x86/vector_*.c or arm/vector_*.c includes this once and fills the table. */
#ifndef MOTE_KERNELS_VECTOR_LANES_H
#define MOTE_KERNELS_VECTOR_LANES_H

#include "kernels/exp_lanes.h"
#include "kernels/kernels.h"

enum { VF_PARTIALS = 16 / VF_LANES };

static inline vf vf_load_first(const float *p, size_t n) {
    return n < VF_LANES ? vf_load_part(p, n) : vf_load(p);
}
static inline void vf_store_first(float *p, vf x, size_t n) {
    if (n < VF_LANES)
        vf_store_part(p, x, n);
    else
        vf_store(p, x);
}

/* The 16 partial sums in ascending order. */
static inline float vf_add_partials(const vf *partial) {
    float lanes[16], sum = 0.0f;
    for (size_t v = 0; v < VF_PARTIALS; v++)
        vf_store(lanes + v * VF_LANES, partial[v]);
    for (int i = 0; i < 16; i++)
        sum += lanes[i];
    return sum;
}

static inline void vf_clear_partials(vf *partial) {
    for (size_t v = 0; v < VF_PARTIALS; v++)
        partial[v] = vf_set(0.0f);
}

/* The elements that are missing in the last group count as `centre`, so that they add 0. */
static inline float vf_sum_squares(const float *x, size_t n, float centre) {
    vf partial[VF_PARTIALS], c = vf_set(centre);
    vf_clear_partials(partial);
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t v = 0; v < VF_PARTIALS; v++) {
            vf d = vf_sub(vf_load(x + i + v * VF_LANES), c);
            partial[v] = vf_fma(d, d, partial[v]);
        }
    float last[16];
    for (size_t j = 0; j < 16; j++)
        last[j] = i + j < n ? x[i + j] : centre;
    for (size_t v = 0; v < VF_PARTIALS; v++) {
        vf d = vf_sub(vf_load(last + v * VF_LANES), c);
        partial[v] = vf_fma(d, d, partial[v]);
    }
    return vf_add_partials(partial);
}

static inline float vf_sum(const float *x, size_t n) {
    vf partial[VF_PARTIALS];
    vf_clear_partials(partial);
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t v = 0; v < VF_PARTIALS; v++)
            partial[v] = vf_add(partial[v], vf_load(x + i + v * VF_LANES));
    float last[16];
    for (size_t j = 0; j < 16; j++)
        last[j] = i + j < n ? x[i + j] : 0.0f;
    for (size_t v = 0; v < VF_PARTIALS; v++)
        partial[v] = vf_add(partial[v], vf_load(last + v * VF_LANES));
    return vf_add_partials(partial);
}

static void rms_norm_lanes(const float *x, const float *weight, float *y, size_t n, float eps) {
    vf r = vf_set(1.0f / sqrtf(vf_sum_squares(x, n, 0.0f) / (float)n + eps));
    for (size_t i = 0; i < n; i += VF_LANES)
        vf_store_first(y + i, vf_mul(vf_mul(vf_load_first(x + i, n - i), r), vf_load_first(weight + i, n - i)), n - i);
}

static void layer_norm_lanes(const float *x, const float *weight, const float *bias, float *y, size_t n, float eps) {
    float mean = vf_sum(x, n) / (float)n;
    vf m = vf_set(mean), r = vf_set(1.0f / sqrtf(vf_sum_squares(x, n, mean) / (float)n + eps));
    for (size_t i = 0; i < n; i += VF_LANES) {
        vf normal = vf_mul(vf_sub(vf_load_first(x + i, n - i), m), r);
        vf_store_first(y + i, vf_fma(normal, vf_load_first(weight + i, n - i), vf_load_first(bias + i, n - i)), n - i);
    }
}

static void add_lanes(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i += VF_LANES)
        vf_store_first(y + i, vf_add(vf_load_first(y + i, n - i), vf_load_first(x + i, n - i)), n - i);
}

static void scale_lanes(float *y, float s, size_t n) {
    vf factor = vf_set(s);
    for (size_t i = 0; i < n; i += VF_LANES)
        vf_store_first(y + i, vf_mul(vf_load_first(y + i, n - i), factor), n - i);
}

static void silu_mul_lanes(float *y, const float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i += VF_LANES) {
        vf g = vf_load_first(gate + i, n - i);
        vf_store_first(y + i, vf_mul(vf_mul(g, vf_sigmoid(g)), vf_load_first(up + i, n - i)), n - i);
    }
}

static void gelu_mul_lanes(float *y, const float *gate, const float *up, size_t n) {
    for (size_t i = 0; i < n; i += VF_LANES)
        vf_store_first(y + i, vf_mul(vf_gelu_tanh(vf_load_first(gate + i, n - i)), vf_load_first(up + i, n - i)), n - i);
}

static void gelu_erf_lanes(float *y, const float *x, size_t n) {
    for (size_t i = 0; i < n; i += VF_LANES) {
        vf g = vf_load_first(x + i, n - i);
        vf_store_first(y + i, vf_mul(g, vf_normal(g)), n - i);
    }
}

static void softcap_lanes(float *y, float cap, size_t n) {
    vf c = vf_set(cap);
    for (size_t i = 0; i < n; i += VF_LANES)
        vf_store_first(y + i, vf_mul(c, vf_tanh(vf_div(vf_load_first(y + i, n - i), c))), n - i);
}

static inline void rope_turn(vf *x0, vf *x1, vf c, vf s) {
    vf a = *x0, b = *x1;
    *x0 = vf_fma_neg(b, s, vf_mul(a, c));
    *x1 = vf_fma(a, s, vf_mul(b, c));
}

static void rope_lanes(float *x, const float *cos_sin, size_t n_rot, bool neox) {
    size_t half = n_rot / 2, i = 0;
    if (neox) {
        for (; i < half; i += VF_LANES) {
            vf a = vf_load_first(x + i, half - i), b = vf_load_first(x + half + i, half - i);
            rope_turn(&a, &b, vf_load_first(cos_sin + i, half - i), vf_load_first(cos_sin + half + i, half - i));
            vf_store_first(x + i, a, half - i);
            vf_store_first(x + half + i, b, half - i);
        }
        return;
    }
    for (; i + VF_LANES <= half; i += VF_LANES) {
        vf a, b;
        vf_load_pairs(x + 2 * i, &a, &b);
        rope_turn(&a, &b, vf_load(cos_sin + i), vf_load(cos_sin + half + i));
        vf_store_pairs(x + 2 * i, a, b);
    }
    for (; i < half; i++) {
        float c = cos_sin[i], s = cos_sin[half + i], x0 = x[2 * i], x1 = x[2 * i + 1];
        x[2 * i] = fmaf(-x1, s, x0 * c);
        x[2 * i + 1] = fmaf(x0, s, x1 * c);
    }
}

static inline void vf_fill_vector_table(mote_kernels *k) {
    k->rms_norm = rms_norm_lanes;
    k->layer_norm = layer_norm_lanes;
    k->add = add_lanes;
    k->scale = scale_lanes;
    k->silu_mul = silu_mul_lanes;
    k->gelu_mul = gelu_mul_lanes;
    k->gelu_erf = gelu_erf_lanes;
    k->softcap = softcap_lanes;
    k->rope = rope_lanes;
}

#endif
