/* The hub's cache on this machine, in the layout that the hub's own tools share (huggingface.co/docs/huggingface_hub/guides/manage-cache):
 *
 *     CACHE/models--USER--REPO/refs/main                     the commit that a branch or tag led to
 *                              snapshots/COMMIT/PATH         links to ../../blobs/HASH
 *                              blobs/HASH                    the bytes;  HASH.incomplete while they come
 *     CACHE/.locks/models--USER--REPO/HASH.lock              held by whoever fetches HASH
 */
#ifndef MOTE_STORE_HUB_CACHE_H
#define MOTE_STORE_HUB_CACHE_H

#include "store/hub_choice.h"
#include "store/hub_listing.h"
#include "store/hub_name.h"

#include <stdbool.h>

/* Texts of the following are free with mote_mem_free; NULL without memory. */

/* CACHE/models--USER--REPO. */
char *mote_hub_cache_repo(const char *cache, const mote_hub_name *name);
/* REPO/blobs/HASH + suffix. */
char *mote_hub_cache_blob(const char *repo, const char *hash, const char *suffix);
/* REPO/snapshots/COMMIT[/PATH]; path may be NULL. */
char *mote_hub_cache_snapshot(const char *repo, const char *commit, const char *path);

/* The commit that a revision means here: what refs/REVISION holds, or the revision itself if there is a snapshot of it. "" if neither. */
MOTE_MUST_CHECK mote_status mote_hub_cache_commit(const char *repo, const char *revision, char commit[MOTE_HUB_REVISION_MAX + 1], mote_error *err);

/* The files of a snapshot that are there (a link to nothing isn't), with their sizes. A missing folder is an empty listing. */
MOTE_MUST_CHECK mote_status mote_hub_cache_list(const char *repo, const char *commit, mote_hub_listing *listing, mote_error *err);

/* The model that the name means, by what is in the cache alone: a GGUF's path, or its snapshot's folder. MOTE_OK with *path NULL if it isn't there. MOTE_ERR_NOT_FOUND
 * only where several are there and the name doesn't say which. *n_bytes (may be NULL): of all its files. */
MOTE_MUST_CHECK mote_status mote_hub_cache_find(const char *cache, const mote_hub_name *name, char **path, uint64_t *n_bytes, mote_error *err);

/* Makes REPO/snapshots/COMMIT/PATH lead to its blob, in one step. */
MOTE_MUST_CHECK mote_status mote_hub_cache_link(const char *repo, const char *commit, const mote_hub_file *file, mote_error *err);
/* Writes refs/REVISION, unless the revision is the commit. */
MOTE_MUST_CHECK mote_status mote_hub_cache_set_ref(const char *repo, const char *revision, const char *commit, mote_error *err);

/* Removes the files of what the name means, blobs too where no other snapshot leads to them, and what is empty then. *removed: whether it was there. Never follows a link out
 * of the repository's folder. */
MOTE_MUST_CHECK mote_status mote_hub_cache_remove(const char *cache, const mote_hub_name *name, bool *removed, mote_error *err);

/* Calls `found` for every model of the cache, with its name as _find takes it. */
typedef mote_status (*mote_hub_cache_found)(void *context, const char *name, const char *path, uint64_t n_bytes, mote_error *err);
MOTE_MUST_CHECK mote_status mote_hub_cache_each(const char *cache, mote_hub_cache_found found, void *context, mote_error *err);

#endif
