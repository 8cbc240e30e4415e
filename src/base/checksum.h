/* XXH64 with seed 0 (Yann Collet's xxHash, github.com/Cyan4973/xxHash, doc/xxhash_spec.md): finds damage at the speed of memory. No defence against anyone who wants two texts with
 * the same sum; that is SHA-256's (base/sha256.h). */
#ifndef MOTE_BASE_CHECKSUM_H
#define MOTE_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

typedef struct mote_checksum {
    uint64_t lanes[4];
    uint64_t n_bytes;
    uint8_t block[32]; /* what is short of 32 bytes */
} mote_checksum;

void mote_checksum_init(mote_checksum *c);
void mote_checksum_update(mote_checksum *c, const void *data, size_t n_bytes);
/* Of all bytes so far; more may follow. */
uint64_t mote_checksum_value(const mote_checksum *c);

#endif
