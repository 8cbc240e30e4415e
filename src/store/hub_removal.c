/* Removing a model from the cache: its links first, so that it is gone for everybody at once; then each blob that no snapshot of the repository leads to any more; then folders
 * that are empty, and the refs that lead to nothing. */
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/hub_cache.h"
#include "store/places.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_OPEN_FOLDERS = 16, MAX_DEPTH = 6, LINK_BYTES = 4096 };

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *place) {
    (void)st, (void)kind, (void)place;
    return remove(path);
}

/* The name of the blob that a link leads to; false for anything but ..blobs/NAME. */
static bool blob_of(const char *link, char name[MOTE_HUB_HASH_MAX + 1]) {
    char target[LINK_BYTES];
    ssize_t n = readlink(link, target, sizeof target - 1);
    if (n <= 0)
        return false;
    target[n] = 0;
    const char *slash = strrchr(target, '/');
    if (!slash || slash - target < 5 || memcmp(slash - 5, "blobs", 5) != 0 || strlen(slash + 1) > MOTE_HUB_HASH_MAX || !slash[1] || slash[1] == '.')
        return false;
    strcpy(name, slash + 1);
    return true;
}

/* Whether any link in the folder leads to the blob. What can't be read is taken to. */
static bool leads_to(const char *folder, const char *blob, int depth) {
    DIR *dir = opendir(folder);
    if (!dir)
        return errno != ENOENT;
    bool found = depth > MAX_DEPTH;
    for (struct dirent *entry; !found && (entry = readdir(dir));) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        struct stat st;
        char other[MOTE_HUB_HASH_MAX + 1], *path = mote_places_join(folder, entry->d_name, "");
        if (!path || lstat(path, &st) != 0)
            found = true;
        else if (S_ISDIR(st.st_mode))
            found = leads_to(path, blob, depth + 1);
        else if (S_ISLNK(st.st_mode))
            found = blob_of(path, other) && strcmp(other, blob) == 0;
        mote_mem_free(path);
    }
    closedir(dir);
    return found;
}

/* Removes empty folders from that of `path` upwards, as far as `top`, which stays. */
static void prune(char *path, const char *top) {
    for (char *slash = strrchr(path, '/'); slash && (size_t)(slash - path) > strlen(top); slash = strrchr(path, '/')) {
        *slash = 0;
        if (rmdir(path) != 0)
            return;
    }
}

static mote_status remove_file(const char *repo, const char *snapshots, const char *commit, const char *path, mote_error *err) {
    char blob[MOTE_HUB_HASH_MAX + 1], *link = mote_hub_cache_snapshot(repo, commit, path), *bytes = NULL;
    if (!link)
        return mote_error_alloc(err, 0);
    mote_status status = MOTE_OK;
    bool has_blob = blob_of(link, blob);
    if (unlink(link) != 0)
        status = mote_error_set(err, MOTE_ERR_IO, "%s: %s", link, strerror(errno));
    else if (has_blob && !leads_to(snapshots, blob, 0) && !(bytes = mote_hub_cache_blob(repo, blob, "")))
        status = mote_error_alloc(err, 0);
    if (bytes)
        unlink(bytes);
    prune(link, snapshots);
    mote_mem_free(bytes);
    mote_mem_free(link);
    return status;
}

/* Where no snapshot is left, nothing else in the repository's folder is of use either: refs, and the beginnings of downloads. */
static void remove_rest(const char *repo, const char *snapshots) {
    if (rmdir(snapshots) == 0 || errno == ENOENT)
        nftw(repo, remove_one, MAX_OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

mote_status mote_hub_cache_remove(const char *cache, const mote_hub_name *name, bool *removed, mote_error *err) {
    char commit[MOTE_HUB_REVISION_MAX + 1], *repo = mote_hub_cache_repo(cache, name), *snapshots = repo ? mote_places_join(repo, "snapshots", "") : NULL;
    mote_hub_listing listing = {NULL, 0, 0};
    mote_hub_choice choice = {.files = NULL};
    mote_status status = snapshots ? MOTE_OK : mote_error_alloc(err, 0);
    *removed = false;
    if (status == MOTE_OK)
        status = mote_hub_cache_commit(repo, name->revision, commit, err);
    if (status != MOTE_OK)
        goto done;
    if (!commit[0]) {
        *removed = mote_file_is_directory(repo) && !mote_file_exists(snapshots); /* an interrupted download, and nothing else */
        if (*removed)
            remove_rest(repo, snapshots);
        goto done;
    }
    MOTE_TRY_DONE(mote_hub_cache_list(repo, commit, &listing, err));
    status = mote_hub_choice_make(&listing, name, &choice, err);
    if (status == MOTE_ERR_NOT_FOUND || status == MOTE_ERR_FORMAT) {
        status = MOTE_OK;
        goto done;
    }
    for (size_t i = 0; status == MOTE_OK && i < choice.n; i++)
        status = remove_file(repo, snapshots, commit, listing.files[choice.files[i]].path, err);
    *removed = status == MOTE_OK;
    if (*removed)
        remove_rest(repo, snapshots);
done:
    mote_hub_choice_free(&choice);
    mote_hub_listing_free(&listing);
    mote_mem_free(snapshots);
    mote_mem_free(repo);
    return status;
}
