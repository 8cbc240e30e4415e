#include "tasks/mersenne.h"

enum { SHIFT = 397 };

void mote_mersenne_init(mote_mersenne *m, uint32_t seed) {
    uint32_t *w = m->words;
    size_t i = 1;
    w[0] = 19650218u;
    for (size_t k = 1; k < MOTE_MERSENNE_WORDS; k++)
        w[k] = 1812433253u * (w[k - 1] ^ w[k - 1] >> 30) + (uint32_t)k;
    for (size_t k = 0; k < MOTE_MERSENNE_WORDS; k++) { /* a key of one word */
        w[i] = (w[i] ^ (w[i - 1] ^ w[i - 1] >> 30) * 1664525u) + seed;
        if (++i == MOTE_MERSENNE_WORDS) {
            w[0] = w[MOTE_MERSENNE_WORDS - 1];
            i = 1;
        }
    }
    for (size_t k = 1; k < MOTE_MERSENNE_WORDS; k++) {
        w[i] = (w[i] ^ (w[i - 1] ^ w[i - 1] >> 30) * 1566083941u) - (uint32_t)i;
        if (++i == MOTE_MERSENNE_WORDS) {
            w[0] = w[MOTE_MERSENNE_WORDS - 1];
            i = 1;
        }
    }
    w[0] = 0x80000000u;
    m->at = MOTE_MERSENNE_WORDS;
}

static void twist(mote_mersenne *m) {
    uint32_t *w = m->words;
    for (size_t i = 0; i < MOTE_MERSENNE_WORDS; i++) {
        uint32_t y = (w[i] & 0x80000000u) | (w[(i + 1) % MOTE_MERSENNE_WORDS] & 0x7fffffffu);
        w[i] = w[(i + SHIFT) % MOTE_MERSENNE_WORDS] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    m->at = 0;
}

static uint32_t next(mote_mersenne *m) {
    if (m->at == MOTE_MERSENNE_WORDS)
        twist(m);
    uint32_t y = m->words[m->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

uint32_t mote_mersenne_below(mote_mersenne *m, uint32_t n) {
    unsigned bits = 0;
    while (bits < 32 && n >> bits)
        bits++;
    uint32_t r = next(m) >> (32 - bits);
    while (r >= n)
        r = next(m) >> (32 - bits);
    return r;
}
