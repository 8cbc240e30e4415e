/*
 * The models that are on this machine: a folder of model files ($MOTE_MODELS, else $XDG_DATA_HOME/mote/models, else ~/.local/share/mote/models), the cache of a model hub,
 * shared with the hub's own tools, and a catalogue of known names.
 *
 * Names: an installed name ("smollm2-135m"), or one of a hub: user/repo[:QUANT][@REVISION], also behind hf.co/ or https://huggingface.co/. QUANT (any case) picks the GGUF
 * whose file name carries it; "safetensors" the folder in Hugging Face layout. Without it: Q4_K_M, then Q4_0, Q8_0, the only GGUF, the folder.
 *
 *     mote_pull_result got;
 *     if (mote_store_pull("user/repo:Q4_K_M", NULL, &got, &err) == MOTE_OK)
 *         status = mote_model_open(got.path, NULL, &model, &err);
 *     mote_pull_result_deinit(&got);
 */
#ifndef MOTE_STORE_H
#define MOTE_STORE_H

#include <mote/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The file or folder that `model` means: an existing path as it is, else an installed name, else a hub's name in the cache. Makes no network call. NULL: $MOTE_MODEL, else the
 * default model. *path: free with mote_free. MOTE_ERR_NOT_FOUND with a hint how to get it. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_resolve(const char *model, char **path, mote_error *err);

/* An installed name, or a hub's name in the cache, only; MOTE_ERR_NOT_FOUND otherwise. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_path(const char *name, char **path, mote_error *err);

/* Installed and known models: a JSON array of {"name","installed","path","bytes","sha256","source","licence","default"}. Free with mote_free.
 * Models of the hub's cache come last, as user/repo:QUANT. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_list(char **json, mote_error *err);

/* The name that _import gives a file or folder when it is given none: the last part of the path in lower case, without ".gguf" and the number of a part. *name: free with
 * mote_free. MOTE_ERR_ARGUMENT when nothing of it can be a name, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_name_of(const char *path, char **name, mote_error *err);

/* Imports a file, all parts of a split one (named by any of them), or a folder under `name` (NULL: from the file's name): checks that it is a model and, where the catalogue has
 * that name or sha256_hex (64 digits, may be NULL) is given, its SHA-256; copies it under a temporary name, syncs, renames. MOTE_ERR_FORMAT on a wrong hash; nothing half-written
 * is ever visible. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_import(const char *path, const char *name, const char *sha256_hex, mote_progress_fn progress, void *progress_context,
                                                       mote_error *err);

typedef struct mote_pull_options {
    size_t size;            /* sizeof(mote_pull_options), for growth */
    const char *sha256_hex; /* NULL, or the 64 digits that the one file must have */
    uint64_t mem_max_bytes; /* what the model may need to run; 0: as much as this machine has */
    mote_progress_fn progress;
    void *progress_context;
} mote_pull_options;

#define MOTE_PULL_OPTIONS_INIT \
    { sizeof(mote_pull_options), NULL, 0, NULL, NULL }

typedef struct mote_pull_result {
    char *name;       /* as the list shows it and _resolve finds it */
    char *path;       /* a GGUF (of a split one the first part), or a folder */
    uint64_t n_bytes; /* of all its files */
} mote_pull_result;

/* Whether the text has the form of a hub's name. Nothing is looked up. */
MOTE_API bool mote_store_is_hub_name(const char *text);

/* Fetches a model from a hub into the hub's cache; what is there already isn't fetched again. The one function of this library that uses the network, and processes should ignore
 * SIGPIPE while it does. `options` may be NULL. Memory and space on disk are compared with the listing before the first byte; bytes are hashed as they come; nothing becomes
 * visible before all of it is there and right. An interrupted pull is continued by the next. Environment: HF_ENDPOINT, HF_TOKEN (else the token file of HF_HOME; sent to the
 * endpoint's own host only), HF_HUB_OFFLINE, HF_HUB_CACHE, HF_HOME, HF_HUB_DOWNLOAD_TIMEOUT (seconds without a byte), curl's proxy variables. MOTE_ERR_ARGUMENT (no such form of a
 * name; a setting), _NOT_FOUND (no such model, gated, offline; the message says), _BUDGET (memory, with numbers), _IO (network, disk, space), _FORMAT (wrong hash or length, a
 * listing that can't be one), _LIMIT, _CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_pull(const char *name, const mote_pull_options *options, mote_pull_result *result, mote_error *err);
MOTE_API void mote_pull_result_deinit(mote_pull_result *result);

/* Removes an installed model, or a hub's from the cache (its files there that no other revision uses). MOTE_ERR_NOT_FOUND. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_remove(const char *name, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
