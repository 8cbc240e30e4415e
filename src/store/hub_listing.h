/* What a repository on a hub holds: the pages of /api/models/USER/REPO/tree/COMMIT, read with the care that any bytes from outside get. */
#ifndef MOTE_STORE_HUB_LISTING_H
#define MOTE_STORE_HUB_LISTING_H

#include "base/str.h"

#include <mote/status.h>

#include <stdint.h>

enum { MOTE_HUB_COMMIT_DIGITS = 40, MOTE_HUB_HASH_MAX = 64 };

typedef struct mote_hub_file {
    char *path; /* inside the repository; never leaves it */
    uint64_t n_bytes;
    /* SHA-256 (64 digits) of a large file, git's SHA-1 of the blob (40) of another; also its name in the cache. "" in a listing of the cache itself. */
    char hash[MOTE_HUB_HASH_MAX + 1];
} mote_hub_file;

typedef struct mote_hub_listing {
    mote_hub_file *files; /* [n], in the order they came */
    size_t n, n_reserved;
} mote_hub_listing;

void mote_hub_listing_free(mote_hub_listing *listing);

/* Whether a path stays inside its folder: relative, no empty part, no "." or "..", no control character, no backslash. */
bool mote_hub_listing_is_path(mote_str path);

/* Adds one file. MOTE_ERR_FORMAT (path), _LIMIT (number, size), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_listing_add(mote_hub_listing *listing, mote_str path, uint64_t n_bytes, const char *hash, mote_error *err);

/* Adds the files of one page of JSON. MOTE_ERR_FORMAT, _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_listing_read(mote_hub_listing *listing, const char *json, size_t json_bytes, mote_error *err);

/* The commit that /api/models/USER/REPO/revision/REVISION names. */
MOTE_MUST_CHECK mote_status mote_hub_listing_read_commit(const char *json, size_t json_bytes, char commit[MOTE_HUB_COMMIT_DIGITS + 1], mote_error *err);

#endif
