/* Reading of GGUF's quantised blocks: scales and numbers, four numbers at a time in 32-bit words. Layouts after ggml's published format (ggml-common.h); the offsets below are
 * those of its block structures. */
#include "kernels/pack.h"

#include <string.h>

static uint32_t load_word(const uint8_t *p) {
    uint32_t word;
    memcpy(&word, p, 4);
    return word;
}

enum { LOW_NIBBLES = 0x0f0f0f0f, LOW_PAIRS = 0x03030303, LOW_BITS = 0x01010101 };

/* Bytes 0..3 with bit 0 set where the four bits say so. */
static uint32_t spread_bits(uint32_t four) {
    return (four * 0x00204081u) & LOW_BITS;
}

/* 16 bytes: low nibbles are weights 0..15, high ones 16..31; `high` (or 0) bit i is bit 4 of weight i. */
static void load_nibbles(const uint8_t *qs, uint32_t high, uint32_t *u) {
    for (size_t p = 0; p < 4; p++) {
        uint32_t word = load_word(qs + p * 4);
        u[p] = (word & LOW_NIBBLES) | spread_bits(high >> p * 4 & 15) << 4;
        u[p + 4] = (word >> 4 & LOW_NIBBLES) | spread_bits(high >> (p * 4 + 16) & 15) << 4;
    }
}

/* Q4_K: low nibbles of 32 bytes are one block of 32, high ones the next. Q5_K: bit j of byte l of qh is bit 4 of weight l of block j. */
static void load_k4(const uint8_t *qs, const uint8_t *qh, uint32_t *u) {
    for (size_t j = 0; j < 8; j++)
        for (size_t w = 0; w < 8; w++) {
            uint32_t word = load_word(qs + j / 2 * 32 + w * 4) >> (j % 2 * 4) & LOW_NIBBLES;
            if (qh)
                word |= (load_word(qh + w * 4) >> j & LOW_BITS) << 4;
            u[j * 8 + w] = word;
        }
}

/* Two halves of 128 weights: byte l (of 32) holds two bits of weights l, l+32, l+64, l+96. Q3_K: bit j of byte l of hmask is bit 2 of weight l of block j. */
static void load_k2(const uint8_t *qs, const uint8_t *hmask, uint32_t *u) {
    for (size_t j = 0; j < 8; j++)
        for (size_t w = 0; w < 8; w++) {
            uint32_t word = load_word(qs + j / 4 * 32 + w * 4) >> (j % 4 * 2) & LOW_PAIRS;
            if (hmask)
                word |= (load_word(hmask + w * 4) >> j & LOW_BITS) << 2;
            u[j * 8 + w] = word;
        }
}

/* Q6_K, two halves of 128: blocks 0, 2 from ql[0..31] low and high nibbles, 1, 3 from ql[32..63]; the upper two bits of block j from bits 2j of qh. */
static void load_k6(const uint8_t *ql, const uint8_t *qh, uint32_t *u) {
    for (size_t j = 0; j < 8; j++)
        for (size_t w = 0; w < 8; w++) {
            size_t half = j / 4, q = j % 4;
            uint32_t low = load_word(ql + half * 64 + q % 2 * 32 + w * 4) >> (q / 2 * 4) & LOW_NIBBLES;
            uint32_t high = load_word(qh + half * 32 + w * 4) >> 2 * q & LOW_PAIRS;
            u[j * 8 + w] = low | high << 4;
        }
}

void mote_pack_load_numbers(mote_dtype type, const uint8_t *block, uint32_t *u) {
    switch ((int)type) {
    case MOTE_DTYPE_Q4_0:
    case MOTE_DTYPE_IQ4_NL:
        load_nibbles(block + 2, 0, u);
        break;
    case MOTE_DTYPE_Q4_1:
        load_nibbles(block + 4, 0, u);
        break;
    case MOTE_DTYPE_Q5_0:
        load_nibbles(block + 6, load_word(block + 2), u);
        break;
    case MOTE_DTYPE_Q5_1:
        load_nibbles(block + 8, load_word(block + 4), u);
        break;
    case MOTE_DTYPE_Q8_0:
        for (size_t w = 0; w < 8; w++)
            u[w] = load_word(block + 2 + w * 4) ^ 0x80808080;
        break;
    case MOTE_DTYPE_Q2_K:
        load_k2(block + 16, NULL, u);
        break;
    case MOTE_DTYPE_Q3_K:
        load_k2(block + 32, block, u);
        break;
    case MOTE_DTYPE_Q4_K:
        load_k4(block + 16, NULL, u);
        break;
    case MOTE_DTYPE_Q5_K:
        load_k4(block + 48, block + 16, u);
        break;
    case MOTE_DTYPE_Q6_K:
        load_k6(block, block + 128, u);
        break;
    case MOTE_DTYPE_IQ4_XS:
        for (size_t j = 0; j < 8; j++)
            load_nibbles(block + 8 + j * 16, 0, u + j * 8);
        break;
    default:
        break;
    }
}

static void store_half(const uint8_t *src, size_t item, size_t row, uint8_t *record) {
    memcpy(record + item * 32 + row * 2, src, 2);
}

/* The 6-bit scales and minima of Q4_K and Q5_K from their 12 bytes. */
static void load_scales_k4(const uint8_t *q, uint8_t scale[8], uint8_t min[8]) {
    for (size_t j = 0; j < 4; j++) {
        scale[j] = q[j] & 63;
        min[j] = q[j + 4] & 63;
        scale[j + 4] = (uint8_t)((q[j + 8] & 15) | q[j] >> 6 << 4);
        min[j + 4] = (uint8_t)(q[j + 8] >> 4 | q[j + 4] >> 6 << 4);
    }
}

static void store_scales_k4(const uint8_t *q, size_t row, uint8_t *record) {
    uint8_t s[8], m[8];
    load_scales_k4(q, s, m);
    for (size_t j = 0; j < 8; j++)
        record[64 + j * 16 + row] = (uint8_t)((s[j] & 15) | m[j] << 4);
    for (size_t j = 0; j < 4; j++)
        record[192 + j * 16 + row] = (uint8_t)(s[2 * j] >> 4 | m[2 * j] >> 4 << 2 | s[2 * j + 1] >> 4 << 4 | m[2 * j + 1] >> 4 << 6);
}

/* Q3_K: 16 scales of 6 bits, less 32: low nibbles in 8 bytes, upper pairs in 4. */
static void store_scales_k3(const uint8_t *q, size_t row, uint8_t *record) {
    for (size_t j = 0; j < 16; j++) {
        int low = q[j % 8] >> (j / 8 * 4) & 15, high = q[8 + j % 4] >> (j / 4 * 2) & 3;
        record[32 + j * 16 + row] = (uint8_t)((low | high << 4) - 32);
    }
}

/* IQ4_XS: 8 scales of 6 bits, less 32: a 16-bit number of upper pairs at 2, low nibbles at 4. */
static void store_scales_xs(const uint8_t *block, size_t row, uint8_t *record) {
    for (size_t j = 0; j < 8; j++) {
        int low = block[4 + j / 2] >> (j % 2 * 4) & 15, high = block[2 + j / 4] >> (j % 4 * 2) & 3;
        record[32 + j * 16 + row] = (uint8_t)((low | high << 4) - 32);
    }
}

void mote_pack_store_scales(mote_dtype type, const uint8_t *block, size_t row, uint8_t *record) {
    switch ((int)type) {
    case MOTE_DTYPE_Q4_1:
    case MOTE_DTYPE_Q5_1:
        store_half(block, 0, row, record);
        store_half(block + 2, 1, row, record);
        break;
    case MOTE_DTYPE_Q4_K:
    case MOTE_DTYPE_Q5_K:
        store_half(block, 0, row, record);
        store_half(block + 2, 1, row, record);
        store_scales_k4(block + 4, row, record);
        break;
    case MOTE_DTYPE_Q2_K:
        store_half(block + 80, 0, row, record);
        store_half(block + 82, 1, row, record);
        for (size_t j = 0; j < 16; j++)
            record[64 + j * 16 + row] = block[j];
        break;
    case MOTE_DTYPE_Q3_K:
        store_half(block + 108, 0, row, record);
        store_scales_k3(block + 96, row, record);
        break;
    case MOTE_DTYPE_Q6_K:
        store_half(block + 208, 0, row, record);
        for (size_t j = 0; j < 16; j++)
            record[32 + j * 16 + row] = block[192 + j];
        break;
    case MOTE_DTYPE_IQ4_XS:
        store_half(block, 0, row, record);
        store_scales_xs(block, row, record);
        break;
    default: /* one scale a block of 32 */
        store_half(block, 0, row, record);
        break;
    }
}
