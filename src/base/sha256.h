/* SHA-256 (FIPS 180-4). */
#ifndef MOTE_BASE_SHA256_H
#define MOTE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct mote_sha256 {
    uint32_t h[8];
    uint64_t n_bytes;
    uint8_t block[64];
} mote_sha256;

void mote_sha256_init(mote_sha256 *s);
void mote_sha256_update(mote_sha256 *s, const void *data, size_t len);
void mote_sha256_final(mote_sha256 *s, uint8_t digest[32]);
void mote_sha256_hex(const uint8_t digest[32], char hex[65]);

#endif
