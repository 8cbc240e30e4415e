/* Which hub, whose token, which cache: the environment variables of the hub's own tools. */
#ifndef MOTE_STORE_HUB_SETTINGS_H
#define MOTE_STORE_HUB_SETTINGS_H

#include <mote/status.h>

#include <stdbool.h>

typedef struct mote_hub_settings {
    char *endpoint;     /* $HF_ENDPOINT, else https://huggingface.co; no '/' at its end */
    char *token;        /* $HF_TOKEN, else the file $HF_TOKEN_PATH, else $HF_HOME/token; NULL if there is none */
    char *cache;        /* as mote_hub_settings_cache */
    bool is_offline;    /* $HF_HUB_OFFLINE */
    long stall_seconds; /* $HF_HUB_DOWNLOAD_TIMEOUT: without a byte for so long, a connection is given up */
} mote_hub_settings;

/* MOTE_ERR_ARGUMENT (an address or token that can't be one; the token is never quoted), _NOT_FOUND (no folder), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_settings_read(mote_hub_settings *s, mote_error *err);
void mote_hub_settings_free(mote_hub_settings *s);

/* $HF_HUB_CACHE, else $HF_HOME/hub, else $XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub. *path: free with mote_mem_free.
 * MOTE_ERR_NOT_FOUND where none of the variables is set; _ALLOC. */
MOTE_MUST_CHECK mote_status mote_hub_settings_cache(char **path, mote_error *err);

#endif
