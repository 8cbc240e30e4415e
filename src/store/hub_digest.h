/* The hash that a hub names a file by: SHA-256 of its bytes (64 digits), or git's name of a blob (40 digits): SHA-1 of "blob LENGTH\0" and the bytes. */
#ifndef MOTE_STORE_HUB_DIGEST_H
#define MOTE_STORE_HUB_DIGEST_H

#include "base/sha256.h"

#include <stdbool.h>

typedef struct mote_hub_digest {
    bool is_git;
    mote_sha256 sha256;
    uint32_t sha1[5];
    uint8_t block[64]; /* of SHA-1: the bytes that don't fill one yet */
    uint64_t n_bytes;
} mote_hub_digest;

/* `n_digits` is 40 or 64; n_file_bytes is the length that the file will have. */
void mote_hub_digest_init(mote_hub_digest *d, size_t n_digits, uint64_t n_file_bytes);
void mote_hub_digest_update(mote_hub_digest *d, const void *data, size_t n_bytes);
/* Lower-case digits. */
void mote_hub_digest_final(mote_hub_digest *d, char hex[65]);

#endif
