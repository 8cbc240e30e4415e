/* exp.h on vectors, step by step the same operations. Included after a lanes header, which defines vf and its operations. */
#ifndef MOTE_KERNELS_EXP_LANES_H
#define MOTE_KERNELS_EXP_LANES_H

#include "kernels/exp.h"

static inline vf vf_exp_reduced(vf x, vf *power) {
    vf t = vf_fma(x, vf_set(MOTE_EXP_LOG2E), vf_set(MOTE_EXP_ROUNDER)), n = vf_sub(t, vf_set(MOTE_EXP_ROUNDER));
    vf r = vf_fma(n, vf_set(-MOTE_EXP_LN2_LOW), vf_fma(n, vf_set(-MOTE_EXP_LN2_HIGH), x));
    vf q = vf_fma(vf_set(MOTE_EXP_Q4), r, vf_set(MOTE_EXP_Q3));
    q = vf_fma(q, r, vf_set(MOTE_EXP_Q2));
    q = vf_fma(q, r, vf_set(MOTE_EXP_Q1));
    q = vf_fma(q, r, vf_set(MOTE_EXP_Q0));
    *power = vf_power_of_two(t);
    return vf_fma(vf_mul(r, r), q, r);
}

static inline vf vf_exp_nonpositive(vf x) {
    vf power, p = vf_exp_reduced(x, &power);
    return vf_if_less(x, vf_set(MOTE_EXP_LOWEST), vf_set(0.0f), vf_fma(power, p, power));
}

static inline vf vf_sigmoid(vf x) {
    vf e = vf_exp_nonpositive(vf_neg_abs(x)), one = vf_set(1.0f);
    return vf_div(vf_if_less(x, vf_set(0.0f), e, one), vf_add(one, e));
}

static inline vf vf_tanh(vf x) {
    vf z = vf_mul(vf_set(2.0f), vf_neg_abs(x)), lowest = vf_set(MOTE_EXP_TANH_LOWEST);
    z = vf_if_less(z, lowest, lowest, z);
    vf power, p = vf_exp_reduced(z, &power), m = vf_fma(power, p, vf_sub(power, vf_set(1.0f)));
    return vf_copy_sign(vf_div(m, vf_add(vf_set(2.0f), m)), x);
}

static inline vf vf_softplus(vf x) {
    vf zero = vf_set(0.0f), two = vf_set(2.0f), e = vf_exp_nonpositive(vf_neg_abs(x)), z = vf_div(e, vf_add(two, e)), square = vf_mul(z, z);
    vf p = vf_fma(vf_set(MOTE_EXP_ATANH8), square, vf_set(MOTE_EXP_ATANH7));
    p = vf_fma(p, square, vf_set(MOTE_EXP_ATANH6));
    p = vf_fma(p, square, vf_set(MOTE_EXP_ATANH5));
    p = vf_fma(p, square, vf_set(MOTE_EXP_ATANH4));
    p = vf_fma(p, square, vf_set(MOTE_EXP_ATANH3));
    p = vf_fma(p, square, vf_set(MOTE_EXP_ATANH2));
    p = vf_fma(p, square, vf_set(MOTE_EXP_ATANH1));
    vf twice = vf_mul(two, z), log = vf_fma(vf_mul(twice, square), p, twice);
    return vf_add(vf_max(x, zero), log);
}

static inline vf vf_normal(vf x) {
    vf a = vf_neg_abs(x), lowest = vf_set(-MOTE_EXP_NORMAL_MOST), one = vf_set(1.0f); /* a is the negative of the reference's: the signs of exact products cancel */
    a = vf_if_less(a, lowest, lowest, a);
    vf h = vf_mul(a, vf_set(-0.5f)), square = vf_mul(h, a), rest = vf_fma(h, a, vf_sub(vf_set(0.0f), square));
    vf e = vf_exp_nonpositive(square);
    e = vf_fma(e, rest, e);
    vf t = vf_div(one, vf_fma(a, vf_set(-MOTE_EXP_NORMAL_T), one));
    vf p = vf_fma(vf_set(MOTE_EXP_NORMAL_P8), t, vf_set(MOTE_EXP_NORMAL_P7));
    p = vf_fma(p, t, vf_set(MOTE_EXP_NORMAL_P6));
    p = vf_fma(p, t, vf_set(MOTE_EXP_NORMAL_P5));
    p = vf_fma(p, t, vf_set(MOTE_EXP_NORMAL_P4));
    p = vf_fma(p, t, vf_set(MOTE_EXP_NORMAL_P3));
    p = vf_fma(p, t, vf_set(MOTE_EXP_NORMAL_P2));
    p = vf_fma(p, t, vf_set(MOTE_EXP_NORMAL_P1));
    p = vf_fma(p, t, vf_set(MOTE_EXP_NORMAL_P0));
    p = vf_mul(vf_mul(p, t), e);
    return vf_if_less(x, vf_set(0.0f), p, vf_sub(one, p));
}

static inline vf vf_gelu_tanh(vf x) {
    return vf_mul(x, vf_sigmoid(vf_mul(x, vf_fma(vf_mul(x, x), vf_set(MOTE_EXP_GELU1), vf_set(MOTE_EXP_GELU0)))));
}

#endif
