/* SHA-256 (FIPS 180-4). */
#ifndef MOTE_BASE_SHA256_H
#define MOTE_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes whole blocks of 64 bytes into the state. */
typedef void (*mote_sha256_compress_fn)(uint32_t h[8], const uint8_t *blocks, size_t n_blocks);

typedef struct mote_sha256 {
    mote_sha256_compress_fn compress; /* the best that this CPU has */
    uint32_t h[8];
    uint64_t n_bytes;
    uint8_t block[64];
} mote_sha256;

void mote_sha256_init(mote_sha256 *s);
void mote_sha256_update(mote_sha256 *s, const void *data, size_t len);
void mote_sha256_final(mote_sha256 *s, uint8_t digest[32]);
void mote_sha256_hex(const uint8_t digest[32], char hex[65]);

extern const uint32_t mote_sha256_constants[64];
void mote_sha256_compress_c(uint32_t h[8], const uint8_t *blocks, size_t n_blocks);
/* x86/sha256_shani.c */
bool mote_sha256_has_shani(void);
void mote_sha256_compress_shani(uint32_t h[8], const uint8_t *blocks, size_t n_blocks);

#endif
