/* SHA-1 after FIPS 180-4. It finds damage; that nobody made two files of one SHA-1 is only as certain as git itself is, so weights, which hubs name by SHA-256, never hang on it.
 */
#include "store/hub_digest.h"

#include <stdio.h>
#include <string.h>

static uint32_t rotate(uint32_t x, int n) {
    return x << n | x >> (32 - n);
}

static void sha1_block(uint32_t h[5], const uint8_t *p) {
    uint32_t w[80];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (int i = 0; i < 80; i++) {
        static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        uint32_t f = i < 20 ? (b & c) | (~b & d) : i < 40 || i >= 60 ? b ^ c ^ d : (b & c) | (b & d) | (c & d);
        uint32_t next = rotate(a, 5) + f + e + k[i / 20] + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

static void sha1_update(mote_hub_digest *d, const uint8_t *p, size_t n) {
    size_t held = (size_t)(d->n_bytes % 64);
    d->n_bytes += n;
    for (; n > 0;) {
        size_t piece = 64 - held < n ? 64 - held : n;
        memcpy(d->block + held, p, piece);
        p += piece;
        n -= piece;
        held += piece;
        if (held < 64)
            return;
        sha1_block(d->sha1, d->block);
        held = 0;
    }
}

void mote_hub_digest_init(mote_hub_digest *d, size_t n_digits, uint64_t n_file_bytes) {
    char head[32];
    *d = (mote_hub_digest){.is_git = n_digits == 40, .sha1 = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}};
    mote_sha256_init(&d->sha256);
    int n = snprintf(head, sizeof head, "blob %llu", (unsigned long long)n_file_bytes);
    if (d->is_git)
        sha1_update(d, (const uint8_t *)head, (size_t)n + 1); /* with its NUL */
}

void mote_hub_digest_update(mote_hub_digest *d, const void *data, size_t n_bytes) {
    if (d->is_git)
        sha1_update(d, data, n_bytes);
    else
        mote_sha256_update(&d->sha256, data, n_bytes);
}

void mote_hub_digest_final(mote_hub_digest *d, char hex[65]) {
    if (!d->is_git) {
        uint8_t digest[32];
        mote_sha256_final(&d->sha256, digest);
        mote_sha256_hex(digest, hex);
        return;
    }
    uint64_t n_bits = 8 * d->n_bytes;
    uint8_t tail[72] = {0x80};
    size_t padding = (size_t)(119 - d->n_bytes % 64) % 64 + 1; /* up to 8 bytes before a block's end */
    for (int i = 0; i < 8; i++)
        tail[padding + (size_t)i] = (uint8_t)(n_bits >> (56 - 8 * i));
    sha1_update(d, tail, padding + 8);
    for (int i = 0; i < 5; i++)
        snprintf(hex + 8 * i, 9, "%08x", d->sha1[i]);
}
