/* exp, sigmoid, tanh, softplus and the normal distribution in float: the scalar reference and the constants. exp_lanes.h does the same steps on vectors, so both give the same
 * bits.
 *
 * exp(x) for x <= 0, by Cody and Waite's reduction (Software Manual for the Elementary Functions, 1980): x = n ln2 + r with |r| <= ln2/2, n rounded by adding 1.5 * 2^23, which
 * leaves n in the low mantissa bits; so 2^n is a shift and there is no conversion to an integer that NaN or infinity could break. expm1(r) = r + r^2 q(r), q the minimax
 * polynomial of degree 4 (3.1e-9 relative to e^r, found by Remez' exchange). exp(x) = 2^n + 2^n expm1(r). Everything else takes exp of a non-positive number, so nothing overflows.
 * Below -87 the result is +0: no subnormal results. NaN stays NaN. */
#ifndef MOTE_KERNELS_EXP_H
#define MOTE_KERNELS_EXP_H

#include "base/half.h"

#include <math.h>

#define MOTE_EXP_ROUNDER 12582912.0f /* 1.5 * 2^23 */
#define MOTE_EXP_LOG2E 0x1.715476p+0f
#define MOTE_EXP_LN2_HIGH 0x1.62e430p-1f
#define MOTE_EXP_LN2_LOW (-0x1.05c610p-29f)
#define MOTE_EXP_LOWEST (-87.0f)
#define MOTE_EXP_Q0 0x1.fffffcp-2f
#define MOTE_EXP_Q1 0x1.555492p-3f
#define MOTE_EXP_Q2 0x1.5558f2p-5f
#define MOTE_EXP_Q3 0x1.1239d4p-7f
#define MOTE_EXP_Q4 0x1.6a244cp-10f

/* Beyond it tanh is 1 in float. */
#define MOTE_EXP_TANH_LOWEST (-40.0f)

/* The normal distribution below -a: exp(-a^2/2) t P(t), t = 1 / (1 + a * T), P minimax of degree 8 for 0 <= a <= 14 (3.2e-8 relative). At 14 the exponential is 0. */
#define MOTE_EXP_NORMAL_MOST 14.0f
#define MOTE_EXP_NORMAL_T 0.35f
#define MOTE_EXP_NORMAL_P0 0x1.1df1d4p-3f
#define MOTE_EXP_NORMAL_P1 0x1.1e6fe6p-3f
#define MOTE_EXP_NORMAL_P2 0x1.ead5e0p-4f
#define MOTE_EXP_NORMAL_P3 0x1.b02922p-4f
#define MOTE_EXP_NORMAL_P4 (-0x1.7aa15ep-6f)
#define MOTE_EXP_NORMAL_P5 0x1.45fd0cp-3f
#define MOTE_EXP_NORMAL_P6 (-0x1.05d9eep-2f)
#define MOTE_EXP_NORMAL_P7 0x1.26da9ap-3f
#define MOTE_EXP_NORMAL_P8 (-0x1.dd86d6p-6f)

/* gelu_tanh(x) = x sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)) = x sigmoid(x (G0 + G1 x^2)) */
#define MOTE_EXP_GELU0 1.5957691216057f
#define MOTE_EXP_GELU1 0.0713548162726f

/* log1p(e) = 2 atanh(z), z = e / (2 + e) <= 1/3 for e <= 1: the odd series to z^17 (below 2^-27 relative). */
#define MOTE_EXP_ATANH1 0x1.555556p-2f
#define MOTE_EXP_ATANH2 0x1.99999ap-3f
#define MOTE_EXP_ATANH3 0x1.24924ap-3f
#define MOTE_EXP_ATANH4 0x1.c71c72p-4f
#define MOTE_EXP_ATANH5 0x1.745d18p-4f
#define MOTE_EXP_ATANH6 0x1.3b13b2p-4f
#define MOTE_EXP_ATANH7 0x1.111112p-4f
#define MOTE_EXP_ATANH8 0x1.e1e1e2p-5f

/* expm1(r) of the reduced argument and, in *power, 2^n. */
static inline float mote_exp_reduced(float x, float *power) {
    float t = fmaf(x, MOTE_EXP_LOG2E, MOTE_EXP_ROUNDER), n = t - MOTE_EXP_ROUNDER;
    float r = fmaf(n, -MOTE_EXP_LN2_LOW, fmaf(n, -MOTE_EXP_LN2_HIGH, x));
    float q = fmaf(MOTE_EXP_Q4, r, MOTE_EXP_Q3);
    q = fmaf(q, r, MOTE_EXP_Q2);
    q = fmaf(q, r, MOTE_EXP_Q1);
    q = fmaf(q, r, MOTE_EXP_Q0);
    *power = mote_half_float((mote_half_bits(t) << 23) + 0x3f800000u);
    return fmaf(r * r, q, r);
}

/* x <= 0 */
static inline float mote_exp_nonpositive(float x) {
    float power, p = mote_exp_reduced(x, &power);
    return x < MOTE_EXP_LOWEST ? 0.0f : fmaf(power, p, power);
}

/* 1 / (1 + e^-x), with full relative precision on the negative side too. */
static inline float mote_exp_sigmoid(float x) {
    float e = mote_exp_nonpositive(-fabsf(x));
    return (x < 0.0f ? e : 1.0f) / (1.0f + e);
}

/* -expm1(-2|x|) / (2 + expm1(-2|x|)) with the sign of x: keeps relative precision near 0. */
static inline float mote_exp_tanh(float x) {
    float z = -2.0f * fabsf(x);
    z = z < MOTE_EXP_TANH_LOWEST ? MOTE_EXP_TANH_LOWEST : z;
    float power, p = mote_exp_reduced(z, &power), m = fmaf(power, p, power - 1.0f);
    return copysignf(m / (2.0f + m), x);
}

/* log(1 + e^x) = max(x, 0) + log1p(e^-|x|) */
static inline float mote_exp_softplus(float x) {
    float e = mote_exp_nonpositive(-fabsf(x)), z = e / (2.0f + e), square = z * z;
    float p = fmaf(MOTE_EXP_ATANH8, square, MOTE_EXP_ATANH7);
    p = fmaf(p, square, MOTE_EXP_ATANH6);
    p = fmaf(p, square, MOTE_EXP_ATANH5);
    p = fmaf(p, square, MOTE_EXP_ATANH4);
    p = fmaf(p, square, MOTE_EXP_ATANH3);
    p = fmaf(p, square, MOTE_EXP_ATANH2);
    p = fmaf(p, square, MOTE_EXP_ATANH1);
    float twice = 2.0f * z, log = fmaf(twice * square, p, twice);
    return (x > 0.0f ? x : 0.0f) + log;
}

/* The normal distribution function: (1 + erf(x / sqrt 2)) / 2. */
static inline float mote_exp_normal(float x) {
    float a = fabsf(x);
    a = a > MOTE_EXP_NORMAL_MOST ? MOTE_EXP_NORMAL_MOST : a;
    float h = a * -0.5f, square = h * a, rest = fmaf(h, a, -square);
    float e = mote_exp_nonpositive(square);
    e = fmaf(e, rest, e); /* what rounding a^2 lost */
    float t = 1.0f / fmaf(a, MOTE_EXP_NORMAL_T, 1.0f);
    float p = fmaf(MOTE_EXP_NORMAL_P8, t, MOTE_EXP_NORMAL_P7);
    p = fmaf(p, t, MOTE_EXP_NORMAL_P6);
    p = fmaf(p, t, MOTE_EXP_NORMAL_P5);
    p = fmaf(p, t, MOTE_EXP_NORMAL_P4);
    p = fmaf(p, t, MOTE_EXP_NORMAL_P3);
    p = fmaf(p, t, MOTE_EXP_NORMAL_P2);
    p = fmaf(p, t, MOTE_EXP_NORMAL_P1);
    p = fmaf(p, t, MOTE_EXP_NORMAL_P0);
    p = (p * t) * e;
    return x < 0.0f ? p : 1.0f - p;
}

static inline float mote_exp_gelu_tanh(float x) {
    return x * mote_exp_sigmoid(x * fmaf(x * x, MOTE_EXP_GELU1, MOTE_EXP_GELU0));
}

#endif
