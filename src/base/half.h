/* IEEE half precision and bfloat16, scalar. Conversions round to nearest even; NaN stays NaN. */
#ifndef MOTE_BASE_HALF_H
#define MOTE_BASE_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t mote_half_bits(float x) {
    uint32_t u;
    memcpy(&u, &x, 4);
    return u;
}
static inline float mote_half_float(uint32_t u) {
    float x;
    memcpy(&x, &u, 4);
    return x;
}

static inline float mote_half_from_bf16(uint16_t h) {
    return mote_half_float((uint32_t)h << 16);
}
static inline uint16_t mote_half_to_bf16(float x) {
    uint32_t u = mote_half_bits(x);
    if ((u & 0x7fffffff) > 0x7f800000)
        return (uint16_t)((u >> 16) | 64);
    return (uint16_t)((u + (0x7fff + ((u >> 16) & 1))) >> 16);
}

static inline float mote_half_from_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = (h >> 10) & 31, mantissa = h & 1023;
    if (exponent == 31)
        return mote_half_float(sign | 0x7f800000 | mantissa << 13);
    if (exponent == 0) {
        float tiny = (float)mantissa * 0x1p-24f;
        return sign ? -tiny : tiny;
    }
    return mote_half_float(sign | (exponent + 112) << 23 | mantissa << 13);
}
static inline uint16_t mote_half_to_f16(float x) {
    uint32_t u = mote_half_bits(x), sign = (u >> 16) & 0x8000, a = u & 0x7fffffff;
    if (a > 0x7f800000)
        return (uint16_t)(sign | 0x7e00 | ((a >> 13) & 0x1ff));
    if (a >= 0x477ff000) /* rounds to 2^16 or above */
        return (uint16_t)(sign | 0x7c00);
    if (a < 0x38800000) { /* subnormal: let the adder round at 2^-24 */
        float r = mote_half_float(a) + 0.5f;
        return (uint16_t)(sign | (mote_half_bits(r) & 0x7ff));
    }
    a += 0xfff + ((a >> 13) & 1);
    return (uint16_t)(sign | ((a >> 13) - (112 << 10)));
}

#endif
