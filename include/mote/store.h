/*
 * The models that are on this machine: a folder of model files ($MOTE_MODELS, else $XDG_DATA_HOME/mote/models, else ~/.local/share/mote/models) and a catalogue of known names.
 */
#ifndef MOTE_STORE_H
#define MOTE_STORE_H

#include <mote/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The file or folder that `model` means: an existing path as it is, else an installed name. NULL: $MOTE_MODEL, else the default model.
 * *path: free with mote_free. MOTE_ERR_NOT_FOUND with a hint how to get it. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_resolve(const char *model, char **path, mote_error *err);

/* An installed name only; MOTE_ERR_NOT_FOUND otherwise. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_path(const char *name, char **path, mote_error *err);

/* Installed and known models: a JSON array of {"name","installed","path","bytes","sha256","source","licence","default"}. Free with mote_free. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_list(char **json, mote_error *err);

/* The name that _import gives a file or folder when it is given none: the last part of the path in lower case, without ".gguf". *name: free with mote_free.
 * MOTE_ERR_ARGUMENT when nothing of it can be a name, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_name_of(const char *path, char **name, mote_error *err);

/* Imports a file or a folder under `name` (NULL: from the file's name): checks that it is a model and, where the catalogue has that name or sha256_hex
 * (64 digits, may be NULL) is given, its SHA-256; copies it under a temporary name, syncs, renames. MOTE_ERR_FORMAT on a wrong hash; nothing half-written
 * is ever visible. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_import(const char *path, const char *name, const char *sha256_hex, mote_progress_fn progress, void *progress_context,
                                                       mote_error *err);

/* Removes an installed model. MOTE_ERR_NOT_FOUND. */
MOTE_API MOTE_MUST_CHECK mote_status mote_store_remove(const char *name, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
