#include "base/checksum.h"

#include <string.h>

enum { BLOCK = 32 };
static const uint64_t P1 = 0x9E3779B185EBCA87, P2 = 0xC2B2AE3D27D4EB4F, P3 = 0x165667B19E3779F9, P4 = 0x85EBCA77C2B2AE63, P5 = 0x27D4EB2F165667C5;

static uint64_t rotate(uint64_t x, int by) {
    return x << by | x >> (64 - by);
}

static uint64_t read_64(const uint8_t *p) {
    uint64_t x;
    memcpy(&x, p, sizeof x);
    return x;
}

static uint64_t round_of(uint64_t lane, uint64_t word) {
    return rotate(lane + word * P2, 31) * P1;
}

void mote_checksum_init(mote_checksum *c) {
    *c = (mote_checksum){.lanes = {P1 + P2, P2, 0, 0 - P1}};
}

static void add_blocks(mote_checksum *c, const uint8_t *p, size_t n_blocks) {
    uint64_t a = c->lanes[0], b = c->lanes[1], d = c->lanes[2], e = c->lanes[3];
    for (; n_blocks > 0; n_blocks--, p += BLOCK) {
        a = round_of(a, read_64(p));
        b = round_of(b, read_64(p + 8));
        d = round_of(d, read_64(p + 16));
        e = round_of(e, read_64(p + 24));
    }
    c->lanes[0] = a;
    c->lanes[1] = b;
    c->lanes[2] = d;
    c->lanes[3] = e;
}

void mote_checksum_update(mote_checksum *c, const void *data, size_t n_bytes) {
    const uint8_t *p = data;
    size_t held = c->n_bytes % BLOCK;
    c->n_bytes += n_bytes;
    if (held) {
        size_t n = n_bytes < BLOCK - held ? n_bytes : BLOCK - held;
        memcpy(c->block + held, p, n);
        if (held + n < BLOCK)
            return;
        add_blocks(c, c->block, 1);
        p += n;
        n_bytes -= n;
    }
    add_blocks(c, p, n_bytes / BLOCK);
    if (n_bytes % BLOCK)
        memcpy(c->block, p + n_bytes / BLOCK * BLOCK, n_bytes % BLOCK);
}

uint64_t mote_checksum_value(const mote_checksum *c) {
    const uint64_t *l = c->lanes;
    uint64_t h = P5;
    if (c->n_bytes >= BLOCK) {
        h = rotate(l[0], 1) + rotate(l[1], 7) + rotate(l[2], 12) + rotate(l[3], 18);
        for (int i = 0; i < 4; i++)
            h = (h ^ round_of(0, l[i])) * P1 + P4;
    }
    h += c->n_bytes;
    const uint8_t *p = c->block, *end = p + c->n_bytes % BLOCK;
    for (; end - p >= 8; p += 8)
        h = rotate(h ^ round_of(0, read_64(p)), 27) * P1 + P4;
    if (end - p >= 4) {
        uint32_t word;
        memcpy(&word, p, sizeof word);
        h = rotate(h ^ word * P1, 23) * P2 + P3;
        p += 4;
    }
    for (; p < end; p++)
        h = rotate(h ^ *p * P5, 11) * P1;
    h = (h ^ h >> 33) * P2;
    h = (h ^ h >> 29) * P3;
    return h ^ h >> 32;
}
