/* What mote asks a hub: the commit behind a revision, the files of a commit; and what its refusals mean in words. */
#ifndef MOTE_STORE_HUB_API_H
#define MOTE_STORE_HUB_API_H

#include "store/hub_http.h"
#include "store/hub_listing.h"
#include "store/hub_name.h"
#include "store/hub_retry.h"

typedef struct mote_hub_api {
    const mote_hub_settings *settings;
    const mote_hub_name *name;
    mote_hub_http *http;
    bool (*go_on)(void *context);
    void *context;
} mote_hub_api;

/* MOTE_ERR_NOT_FOUND, _IO, _FORMAT, _LIMIT, _CANCELLED, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_api_commit(const mote_hub_api *api, char commit[MOTE_HUB_COMMIT_DIGITS + 1], mote_error *err);
MOTE_MUST_CHECK mote_status mote_hub_api_list(const mote_hub_api *api, const char *commit, mote_hub_listing *listing, mote_error *err);

/* ENDPOINT/USER/REPO/resolve/COMMIT/PATH; free with mote_mem_free; NULL without memory. */
char *mote_hub_api_address(const mote_hub_api *api, const char *commit, const char *path);

/* An answer that isn't 200 or 206 as an error: what it means and what to do. `path` is the file asked for, or NULL. */
mote_status mote_hub_api_refuse(const mote_hub_api *api, const char *path, const mote_hub_answer *answer, mote_error *err);

#endif
