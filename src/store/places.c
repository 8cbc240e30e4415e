#include "store/places.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

char *mote_places_join(const char *folder, const char *name, const char *suffix) {
    size_t n = strlen(folder) + strlen(name) + strlen(suffix) + 2;
    char *path = mote_mem_alloc(n);
    if (path)
        snprintf(path, n, "%s/%s%s", folder, name, suffix);
    return path;
}

mote_status mote_places_folder(char **path, mote_error *err) {
    const char *own = getenv("MOTE_MODELS"), *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (own && *own)
        *path = mote_mem_dup_text(own);
    else if (data && *data == '/') /* the XDG specification ignores relative paths */
        *path = mote_places_join(data, "mote/models", "");
    else if (home && *home)
        *path = mote_places_join(home, ".local/share/mote/models", "");
    else
        return mote_error_set(err, MOTE_ERR_NOT_FOUND, "no folder of models: none of MOTE_MODELS, XDG_DATA_HOME and HOME is set");
    return *path ? MOTE_OK : mote_error_alloc(err, 0);
}

mote_status mote_places_cache(const char *name, char **path, mote_error *err) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    *path = NULL;
    if (cache && *cache == '/')
        *path = mote_places_join(cache, "mote/", name);
    else if (home && *home)
        *path = mote_places_join(home, ".cache/mote/", name);
    else
        return MOTE_OK;
    return *path ? MOTE_OK : mote_error_alloc(err, strlen(name));
}

bool mote_places_is_name(const char *name) {
    size_t n = strlen(name);
    if (n == 0 || n > MOTE_PLACES_MAX_NAME || strchr("._-", name[0]))
        return false;
    return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n;
}

/* FOLDER/NAME/NAME-00001-of-0000N.gguf, the first part of a split model. NULL if there is none, or no memory. */
static char *find_parts(const char *folder, const char *name) {
    char *place = mote_places_join(folder, name, ""), *path = NULL;
    DIR *dir = place ? opendir(place) : NULL;
    size_t n = strlen(name);
    for (struct dirent *entry; !path && dir && (entry = readdir(dir));) {
        mote_str file = mote_str_of(entry->d_name);
        if (strncmp(file.data, name, n) == 0 && strncmp(file.data + n, "-00001-of-", 10) == 0 && mote_str_ends(file, MOTE_STR(".gguf")))
            path = mote_places_join(place, file.data, "");
    }
    if (dir)
        closedir(dir);
    mote_mem_free(place);
    return path;
}

char *mote_places_find(const char *folder, const char *name) {
    if (!mote_places_is_name(name))
        return NULL;
    char *path = mote_places_join(folder, name, ".gguf");
    if (path && mote_file_exists(path) && !mote_file_is_directory(path))
        return path;
    mote_mem_free(path);
    path = mote_places_join(folder, name, "/config.json");
    if (path && mote_file_exists(path)) {
        *strrchr(path, '/') = 0;
        return path;
    }
    mote_mem_free(path);
    return find_parts(folder, name);
}
