/* One file from the hub into the cache's blobs. */
#ifndef MOTE_STORE_HUB_DOWNLOAD_H
#define MOTE_STORE_HUB_DOWNLOAD_H

#include "store/hub_api.h"

#include <mote/model.h>

/* How far all files of a pull are. */
typedef struct mote_hub_progress {
    mote_progress_fn report; /* may be NULL */
    void *context;
    const char *what;
    uint64_t done_bytes, all_bytes;
} mote_hub_progress;

/* Reports; false if the caller wants to stop. Its context is a mote_hub_progress *, so that it can be mote_hub_api's go_on. */
bool mote_hub_progress_go_on(void *progress);

/* How many bytes of the file are in the cache already: all of them, the beginning, or none. */
uint64_t mote_hub_download_held(const char *repo, const mote_hub_file *file);

/* Fetches REPO/blobs/HASH unless it is there. The bytes go to HASH.incomplete and are hashed as they come; it becomes the blob only when length and hash are right. What an earlier
 * attempt left is continued if the server agrees (206, the same place, length and hash); otherwise it begins anew. While another process fetches the same file, it waits.
 * MOTE_ERR_FORMAT: wrong length or hash, and nothing is left. MOTE_ERR_IO: network or disk; what came stays for the next attempt. _NOT_FOUND, _CANCELLED, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_download(const mote_hub_api *api, mote_hub_progress *progress, const char *cache, const char *repo, const char *commit,
                                              const mote_hub_file *file, mote_error *err);

#endif
