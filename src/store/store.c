/* Names to paths, the list, and removal. Importing is in import.c. */
#include <mote/store.h>

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/catalogue.h"
#include "store/hub_cache.h"
#include "store/hub_settings.h"
#include "store/places.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_INSTALLED = 10000,    /* names of one folder: more is no folder of models */
    MAX_LIST_BYTES = 1 << 24, /* of their list as JSON */
    MAX_OPEN_FOLDERS = 16     /* descriptors that removal may use */
};

static mote_status not_installed(const char *name, mote_error *err) {
    mote_catalogue catalogue = {NULL};
    mote_hub_name hub_name;
    if (mote_hub_name_parse(name, &hub_name))
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "model '%s' is neither a file nor in the hub's cache: `mote pull %s` gets it", name, name);
    mote_catalogue_entry entry;
    MOTE_TRY(mote_catalogue_open(&catalogue, err));
    bool is_known = mote_catalogue_find(&catalogue, name, &entry);
    mote_catalogue_close(&catalogue);
    if (is_known)
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "model '%s' is not installed: tools/get-model %s downloads it", name, name);
    if (!mote_places_is_name(name))
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "%s: no such file or folder", name);
    return mote_error_set(err, MOTE_ERR_NOT_FOUND, "no model '%s': neither a file, a folder nor an installed name", name);
}

mote_status mote_store_path(const char *name, char **path, mote_error *err) {
    char *folder = NULL;
    mote_hub_name hub_name;
    *path = NULL;
    bool is_hub_name = mote_hub_name_parse(name, &hub_name);
    MOTE_TRY(is_hub_name ? mote_hub_settings_cache(&folder, err) : mote_places_folder(&folder, err));
    mote_status status = MOTE_OK;
    if (is_hub_name)
        status = mote_hub_cache_find(folder, &hub_name, path, NULL, err);
    else
        *path = mote_places_find(folder, name);
    mote_mem_free(folder);
    MOTE_TRY(status);
    return *path ? MOTE_OK : not_installed(name, err);
}

mote_status mote_store_resolve(const char *model, char **path, mote_error *err) {
    mote_catalogue catalogue = {NULL};
    *path = NULL;
    if (!model || !*model)
        model = getenv("MOTE_MODEL");
    if (model && *model) {
        if (!mote_file_exists(model))
            return mote_store_path(model, path, err);
        *path = mote_mem_dup_text(model);
        return *path ? MOTE_OK : mote_error_alloc(err, strlen(model));
    }
    MOTE_TRY(mote_catalogue_open(&catalogue, err));
    mote_status status = mote_store_path(mote_catalogue_default(&catalogue), path, err);
    mote_catalogue_close(&catalogue);
    return status;
}

typedef struct name_list {
    char **names;
    size_t n;
} name_list;

static void free_names(name_list *list) {
    for (size_t i = 0; i < list->n; i++)
        mote_mem_free(list->names[i]);
    mote_mem_free(list->names);
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds the name that a folder's entry stands for, if it is a model and new. */
static mote_status add_name(name_list *list, const char *folder, const char *file, mote_error *err) {
    char name[MOTE_PLACES_MAX_NAME + 1];
    mote_str text = mote_str_of(file);
    if (mote_str_ends(text, MOTE_STR(".gguf")))
        text.len -= strlen(".gguf");
    if (text.len > MOTE_PLACES_MAX_NAME)
        return MOTE_OK;
    snprintf(name, sizeof name, "%.*s", MOTE_STR_ARGS(text));
    char *path = mote_places_find(folder, name);
    bool is_model = path != NULL;
    mote_mem_free(path);
    for (size_t i = 0; is_model && i < list->n; i++)
        is_model = strcmp(list->names[i], name) != 0;
    if (!is_model)
        return MOTE_OK;
    if (list->n == MAX_INSTALLED)
        return mote_error_set(err, MOTE_ERR_LIMIT, "%s: more than %d models", folder, MAX_INSTALLED);
    char **more = mote_mem_resize_array(list->names, list->n + 1, sizeof *more);
    if (!more)
        return mote_error_alloc(err, (list->n + 1) * sizeof *more);
    list->names = more;
    list->names[list->n] = mote_mem_dup_text(name);
    if (!list->names[list->n])
        return mote_error_alloc(err, sizeof name);
    list->n++;
    return MOTE_OK;
}

/* A folder that isn't there holds no models. */
static mote_status scan(const char *folder, name_list *list, mote_error *err) {
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT ? MOTE_OK : mote_error_set(err, MOTE_ERR_IO, "%s: %s", folder, strerror(errno));
    mote_status status = MOTE_OK;
    for (struct dirent *entry; status == MOTE_OK && (entry = readdir(dir));)
        status = add_name(list, folder, entry->d_name, err);
    closedir(dir);
    if (list->n)
        qsort(list->names, list->n, sizeof *list->names, compare_names);
    return status;
}

/* FOLDER/NAME if the model at `path` is that folder or lies in it (a split one), else NULL. */
static char *own_folder(const char *folder, const char *name, const char *path) {
    char *own = mote_places_join(folder, name, "");
    size_t n = own ? strlen(own) : 0;
    if (own && strncmp(path, own, n) == 0 && (path[n] == 0 || path[n] == '/'))
        return own;
    mote_mem_free(own);
    return NULL;
}

/* Bytes of a model's files in its own folder: parts, or shards. */
static uint64_t size_in(const char *folder) {
    uint64_t bytes = 0;
    struct stat st;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        mote_str name = mote_str_of(entry->d_name);
        bool counts = mote_str_ends(name, MOTE_STR(".gguf")) || mote_str_ends(name, MOTE_STR(".safetensors"));
        if (counts && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
            bytes += (uint64_t)st.st_size;
    }
    if (dir)
        closedir(dir);
    return bytes;
}

/* Bytes of a model file, of a split one, or of a folder's weights. */
static uint64_t size_of(const char *folder, const char *name, const char *path) {
    struct stat st;
    char *own = own_folder(folder, name, path);
    uint64_t bytes = own ? size_in(own) : stat(path, &st) == 0 && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    mote_mem_free(own);
    return bytes;
}

static mote_status write_text(mote_buffer *out, const char *key, const char *text) {
    MOTE_TRY(mote_buffer_appendf(out, ",\"%s\":", key));
    return text && *text ? mote_json_write_string(out, mote_str_of(text)) : mote_buffer_append_text(out, "null");
}

static mote_status write_source(mote_buffer *out, const mote_json *packages) {
    MOTE_TRY(mote_buffer_append_text(out, ",\"source\":"));
    if (mote_json_length(packages) == 0)
        return mote_buffer_append_text(out, "null");
    mote_buffer joined;
    mote_status status = MOTE_OK;
    mote_buffer_init(&joined, MAX_LIST_BYTES);
    for (size_t i = 0; i < mote_json_length(packages); i++) {
        if (i > 0)
            MOTE_TRY_DONE(mote_buffer_append_char(&joined, ' '));
        MOTE_TRY_DONE(mote_buffer_append_str(&joined, mote_json_string(mote_json_at(packages, i))));
    }
    MOTE_TRY_DONE(mote_json_write_string(out, mote_buffer_str(&joined)));
done:
    mote_buffer_deinit(&joined);
    return status;
}

/* One model. `entry` is NULL for a name that the catalogue doesn't know. */
static mote_status write_model(mote_buffer *out, const char *folder, const char *name, const mote_catalogue_entry *entry) {
    char *path = mote_places_find(folder, name);
    uint64_t bytes = path ? size_of(folder, name, path) : entry ? entry->bytes : 0;
    mote_status status;
    /* The catalogue's hash is told where it is that file's as far as its size shows: `pull` compares the hash itself. */
    bool is_same = entry && bytes == entry->bytes;
    MOTE_TRY_DONE(mote_buffer_append_text(out, mote_buffer_str(out).len > 1 ? ",{\"name\":" : "{\"name\":"));
    MOTE_TRY_DONE(mote_json_write_string(out, mote_str_of(name)));
    MOTE_TRY_DONE(mote_buffer_appendf(out, ",\"installed\":%s", path ? "true" : "false"));
    MOTE_TRY_DONE(write_text(out, "path", path));
    MOTE_TRY_DONE(mote_buffer_appendf(out, ",\"bytes\":%llu", (unsigned long long)bytes));
    MOTE_TRY_DONE(write_text(out, "sha256", is_same ? entry->sha256 : NULL));
    MOTE_TRY_DONE(write_source(out, entry ? entry->packages : NULL));
    MOTE_TRY_DONE(write_text(out, "licence", entry ? entry->licence : NULL));
    MOTE_TRY_DONE(mote_buffer_appendf(out, ",\"default\":%s}", entry && entry->is_default ? "true" : "false"));
done:
    mote_mem_free(path);
    return status;
}

/* One model of the hub's cache. */
static mote_status write_hub_model(void *context, const char *name, const char *path, uint64_t n_bytes, mote_error *err) {
    mote_buffer *out = context;
    mote_status status;
    MOTE_TRY_DONE(mote_buffer_append_text(out, mote_buffer_str(out).len > 1 ? ",{\"name\":" : "{\"name\":"));
    MOTE_TRY_DONE(mote_json_write_string(out, mote_str_of(name)));
    MOTE_TRY_DONE(mote_buffer_append_text(out, ",\"installed\":true"));
    MOTE_TRY_DONE(write_text(out, "path", path));
    MOTE_TRY_DONE(mote_buffer_appendf(out, ",\"bytes\":%llu,\"sha256\":null,\"source\":\"hub\",\"licence\":null,\"default\":false}", (unsigned long long)n_bytes));
    return MOTE_OK;
done:
    return status == MOTE_ERR_ALLOC ? mote_error_alloc(err, out->len) : mote_error_set(err, status, "a list of models of more than %d bytes", MAX_LIST_BYTES);
}

/* Models of the hub's cache, if this machine has one. */
static mote_status write_hub_models(mote_buffer *out, mote_error *err) {
    char *cache = NULL;
    mote_status status = mote_hub_settings_cache(&cache, err);
    if (status == MOTE_OK)
        status = mote_hub_cache_each(cache, write_hub_model, out, err);
    mote_mem_free(cache);
    return status == MOTE_ERR_NOT_FOUND ? MOTE_OK : status;
}

mote_status mote_store_list(char **json, mote_error *err) {
    mote_catalogue catalogue = {NULL};
    mote_catalogue_entry entry;
    name_list installed = {NULL, 0};
    char *folder = NULL;
    mote_buffer out;
    mote_status status;
    *json = NULL;
    mote_buffer_init(&out, MAX_LIST_BYTES);
    MOTE_TRY_DONE(mote_places_folder(&folder, err));
    MOTE_TRY_DONE(mote_catalogue_open(&catalogue, err));
    MOTE_TRY_DONE(scan(folder, &installed, err));
    MOTE_TRY_DONE(mote_buffer_append_char(&out, '['));
    for (size_t i = 0; i < mote_catalogue_count(&catalogue); i++) {
        entry = mote_catalogue_at(&catalogue, i);
        MOTE_TRY_DONE(write_model(&out, folder, entry.name, &entry));
    }
    for (size_t i = 0; i < installed.n; i++)
        if (!mote_catalogue_find(&catalogue, installed.names[i], &entry))
            MOTE_TRY_DONE(write_model(&out, folder, installed.names[i], NULL));
    MOTE_TRY_DONE(write_hub_models(&out, err));
    MOTE_TRY_DONE(mote_buffer_append_char(&out, ']'));
    *json = mote_buffer_take(&out);
    status = *json ? MOTE_OK : MOTE_ERR_ALLOC;
done:
    if (status == MOTE_ERR_ALLOC)
        mote_error_alloc(err, out.len);
    mote_buffer_deinit(&out);
    free_names(&installed);
    mote_catalogue_close(&catalogue);
    mote_mem_free(folder);
    return status;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place) {
    (void)st;
    (void)kind;
    (void)place;
    return remove(path);
}

static mote_status remove_hub_model(const char *text, const mote_hub_name *name, mote_error *err) {
    char *cache = NULL;
    bool removed = false;
    MOTE_TRY(mote_hub_settings_cache(&cache, err));
    mote_status status = mote_hub_cache_remove(cache, name, &removed, err);
    mote_mem_free(cache);
    return status == MOTE_OK && !removed ? not_installed(text, err) : status;
}

mote_status mote_store_remove(const char *name, mote_error *err) {
    mote_hub_name hub_name;
    if (mote_hub_name_parse(name, &hub_name))
        return remove_hub_model(name, &hub_name, err);
    char *path = NULL, *folder = NULL, *own = NULL;
    mote_status status = mote_store_path(name, &path, err);
    if (status == MOTE_OK)
        status = mote_places_folder(&folder, err);
    if (status == MOTE_OK) {
        own = own_folder(folder, name, path);
        /* A link is removed itself, never what it leads to. */
        int failed = nftw(own ? own : path, remove_one, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
        status = failed ? mote_error_set(err, MOTE_ERR_IO, "%s: %s", path, strerror(errno)) : MOTE_OK;
    }
    mote_mem_free(own);
    mote_mem_free(folder);
    mote_mem_free(path);
    return status;
}
