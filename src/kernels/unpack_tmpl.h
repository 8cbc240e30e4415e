/* What the products of one instruction set share before they multiply: the constants of a type, and its numbers and scales unpacked into registers. Written in the operations of a
 * matmul_<width>.h header that is included before. */
#ifndef MOTE_KERNELS_UNPACK_TMPL_H
#define MOTE_KERNELS_UNPACK_TMPL_H

#include "kernels/panel.h"

/* Loops over registers are unrolled wholly; not under the sanitizers, whose checks would make hours of compiling out of it. */
#if defined(__has_feature)
#define IS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif
#if IS_SANITIZED
#define UNROLL
#elif defined(__clang__)
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

enum {
    STRIPS = MOTE_PANEL_ROWS / LANES, /* vectors across a panel */
    STRIP_BYTES = LANES * 4,
};

/* A type's line of MOTE_PANEL_TYPES as constants. */
typedef struct type_traits {
    int type, record_len, low, high, offset, n_scales, is_codebook;
    size_t record_bytes;
} type_traits;

INLINE int traits_bits(type_traits t) {
    return t.is_codebook ? 8 : t.low + t.high;
}
/* What the integer sums start at, a 16- or 32-sum of activations: numbers of 8 bits may be signed in this instruction set. */
INLINE int traits_offset(type_traits t) {
    return HAS_SIGNED_NUMBERS && traits_bits(t) == 8 ? 0 : t.offset;
}

/* The eight vectors of one strip of a block. */
INLINE void unpack_numbers(type_traits t, const uint8_t *quants, lanes_i w[8]) {
    static const uint8_t codes[16] = MOTE_PANEL_CODEBOOK_U;
    static const int8_t signed_codes[16] = MOTE_PANEL_CODEBOOK;
    const bool is_signed = HAS_SIGNED_NUMBERS && traits_bits(t) == 8;
    const uint8_t *high = quants + t.low * MOTE_PANEL_VECTOR;
    if (t.low == 8) {
        UNROLL for (int i = 0; i < 8; i++) w[i] = is_signed ? lanes_flip_sign(lanes_load(quants + i * MOTE_PANEL_VECTOR)) : lanes_load(quants + i * MOTE_PANEL_VECTOR);
    } else if (t.low == 4) {
        UNROLL for (int p = 0; p < 4; p++) {
            lanes_i v = lanes_load(quants + p * MOTE_PANEL_VECTOR);
            w[p] = lanes_bits(v, 0, 4, 0);
            w[p + 4] = lanes_bits(v, 4, 4, 0);
        }
    } else {
        UNROLL for (int i = 0; i < 8; i++) w[i] = lanes_bits(lanes_load(quants + i / 4 * MOTE_PANEL_VECTOR), i % 4 * 2, 2, 0);
    }
    if (t.high == 1) {
        lanes_i v = lanes_load(high);
        UNROLL for (int i = 0; i < 8; i++) w[i] = lanes_or(w[i], lanes_bits(v, i, 1, t.low));
    } else if (t.high == 2) {
        UNROLL for (int i = 0; i < 8; i++) w[i] = lanes_or(w[i], lanes_bits(lanes_load(high + i / 4 * MOTE_PANEL_VECTOR), i % 4 * 2, 2, t.low));
    }
    if (t.is_codebook) {
        UNROLL for (int i = 0; i < 8; i++) w[i] = is_signed ? lanes_lookup(w[i], signed_codes) : lanes_lookup(w[i], codes);
    }
}

/* The scales d and what is added m (affine types) of one strip of block `block`, [n_scales] each. */
INLINE void unpack_scales(type_traits t, const uint8_t *panel, size_t block, int strip, lanes_f d[2], lanes_f m[2]) {
    const size_t per_record = (size_t)t.record_len / MOTE_BLOCK, j = block % per_record, n = (size_t)t.n_scales;
    const uint8_t *record = panel + block / per_record * t.record_bytes, *bytes = record + (t.offset < 0 ? 64 : 32) + strip * LANES;
    lanes_f scale = lanes_load_f16(record + strip * LANES * 2), min = lanes_zero_f();
    if (t.offset < 0)
        min = lanes_load_f16(record + 32 + strip * LANES * 2);
    if (t.record_len == MOTE_BLOCK) {
        d[0] = scale;
        m[0] = min;
    } else if (t.offset >= 0) {
        UNROLL for (size_t h = 0; h < n; h++) d[h] = lanes_mul(scale, lanes_from_i32(lanes_load_i8(bytes + (j * n + h) * 16)));
    } else if (t.n_scales == 2) {
        UNROLL for (size_t h = 0; h < n; h++) {
            lanes_i both = lanes_load_u8(bytes + (j * n + h) * 16);
            d[h] = lanes_mul(scale, lanes_from_i32(lanes_bits(both, 0, 4, 0)));
            m[h] = lanes_neg(lanes_mul(min, lanes_from_i32(lanes_bits(both, 4, 4, 0))));
        }
    } else {
        lanes_i low = lanes_load_u8(bytes + j * 16), high = lanes_shift_right_i32(lanes_load_u8(bytes + 128 + j / 2 * 16), (int)(j % 2 * 4));
        d[0] = lanes_mul(scale, lanes_from_i32(lanes_or(lanes_bits(low, 0, 4, 0), lanes_bits(high, 0, 2, 4))));
        m[0] = lanes_neg(lanes_mul(min, lanes_from_i32(lanes_or(lanes_bits(low, 4, 4, 0), lanes_bits(high, 2, 2, 4)))));
    }
}

#endif
