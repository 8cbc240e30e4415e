/* Looking into the cache, and making a download visible. Removal is in hub_removal.c. */
#include "store/hub_cache.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/places.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_DEPTH = 4, /* folders of a snapshot: 1_Pooling/config.json is one down */
    MAX_PATH_BYTES = 8192
};

static char *format(const char *fmt, const char *a, const char *b, const char *c) {
    mote_buffer text;
    mote_buffer_init(&text, MAX_PATH_BYTES);
    char *out = mote_buffer_appendf(&text, fmt, a, b, c) == MOTE_OK ? mote_buffer_take(&text) : NULL;
    mote_buffer_deinit(&text);
    return out;
}

char *mote_hub_cache_repo(const char *cache, const mote_hub_name *name) {
    return format("%s/models--%s--%s", cache, name->user, name->repo);
}

char *mote_hub_cache_blob(const char *repo, const char *hash, const char *suffix) {
    return format("%s/blobs/%s%s", repo, hash, suffix);
}

char *mote_hub_cache_snapshot(const char *repo, const char *commit, const char *path) {
    return path ? format("%s/snapshots/%s/%s", repo, commit, path) : format("%s/snapshots/%s%s", repo, commit, "");
}

static mote_status io_error(mote_error *err, const char *path) {
    return mote_error_set(err, MOTE_ERR_IO, "%s: %s", path, strerror(errno));
}

static bool is_commit(const char *text) {
    return text[0] && strspn(text, "0123456789abcdef") == strlen(text);
}

/* What a ref holds, if it is a commit. */
static mote_status read_ref(const char *path, char commit[MOTE_HUB_REVISION_MAX + 1], mote_error *err) {
    mote_buffer text;
    mote_buffer_init(&text, MOTE_HUB_REVISION_MAX);
    mote_status status = mote_file_read(path, &text, err);
    if (status == MOTE_OK && text.len) {
        text.data[strcspn(text.data, " \t\r\n")] = 0;
        if (is_commit(text.data))
            strcpy(commit, text.data);
    }
    mote_buffer_deinit(&text);
    return status == MOTE_ERR_LIMIT ? MOTE_OK : status;
}

mote_status mote_hub_cache_commit(const char *repo, const char *revision, char commit[MOTE_HUB_REVISION_MAX + 1], mote_error *err) {
    char *ref = format("%s/refs/%s%s", repo, revision, ""), *folder = mote_hub_cache_snapshot(repo, revision, NULL);
    mote_status status = ref && folder ? MOTE_OK : mote_error_alloc(err, 0);
    commit[0] = 0;
    if (status == MOTE_OK && mote_file_exists(ref) && !mote_file_is_directory(ref))
        status = read_ref(ref, commit, err);
    else if (status == MOTE_OK && mote_file_is_directory(folder) && is_commit(revision))
        strcpy(commit, revision);
    mote_mem_free(ref);
    mote_mem_free(folder);
    return status;
}

static mote_status walk(const char *folder, const char *below, int depth, mote_hub_listing *listing, mote_error *err);

static mote_status walk_entry(const char *folder, const char *below, const char *name, int depth, mote_hub_listing *listing, mote_error *err) {
    struct stat st;
    char *path = mote_places_join(folder, name, ""), *inside = format("%s%s%s", below, *below ? "/" : "", name);
    mote_status status = path && inside ? MOTE_OK : mote_error_alloc(err, 0);
    if (status == MOTE_OK && stat(path, &st) == 0) {
        if (S_ISREG(st.st_mode) && mote_hub_listing_is_path(mote_str_of(inside)))
            status = mote_hub_listing_add(listing, mote_str_of(inside), (uint64_t)st.st_size, "", err);
        else if (S_ISDIR(st.st_mode) && depth < MAX_DEPTH)
            status = walk(path, inside, depth + 1, listing, err);
    }
    mote_mem_free(path);
    mote_mem_free(inside);
    return status;
}

static mote_status walk(const char *folder, const char *below, int depth, mote_hub_listing *listing, mote_error *err) {
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT || errno == ENOTDIR ? MOTE_OK : io_error(err, folder);
    mote_status status = MOTE_OK;
    for (struct dirent *entry; status == MOTE_OK && (entry = readdir(dir));)
        if (entry->d_name[0] != '.')
            status = walk_entry(folder, below, entry->d_name, depth, listing, err);
    closedir(dir);
    return status;
}

static int compare_files(const void *a, const void *b) {
    return strcmp(((const mote_hub_file *)a)->path, ((const mote_hub_file *)b)->path);
}

mote_status mote_hub_cache_list(const char *repo, const char *commit, mote_hub_listing *listing, mote_error *err) {
    char *folder = mote_hub_cache_snapshot(repo, commit, NULL);
    mote_status status = folder ? walk(folder, "", 0, listing, err) : mote_error_alloc(err, 0);
    if (status == MOTE_OK && listing->n)
        qsort(listing->files, listing->n, sizeof *listing->files, compare_files);
    mote_mem_free(folder);
    return status;
}

/* The path of a choice, and the bytes of its files. */
static char *path_of(const char *repo, const char *commit, const mote_hub_listing *listing, const mote_hub_choice *choice, uint64_t *n_bytes) {
    *n_bytes = 0;
    for (size_t i = 0; i < choice->n; i++)
        *n_bytes += listing->files[choice->files[i]].n_bytes;
    return mote_hub_cache_snapshot(repo, commit, choice->is_folder ? NULL : listing->files[choice->files[0]].path);
}

/* The choice, empty where the model isn't there, or not all of it. Where several are there and the name doesn't say which, that is said. */
static mote_status choose(const mote_hub_listing *listing, const mote_hub_name *name, mote_hub_choice *choice, mote_error *err) {
    size_t cursor = 0;
    mote_hub_choice any = {.files = NULL};
    mote_status status = mote_hub_choice_make(listing, name, choice, err);
    if (status == MOTE_ERR_NOT_FOUND && !name->quant[0]) {
        status = mote_hub_choice_next(listing, &cursor, &any, NULL);
        if (status == MOTE_OK && any.n > 0)
            status = MOTE_ERR_NOT_FOUND;
        mote_hub_choice_free(&any);
        return status == MOTE_ERR_ALLOC ? mote_error_alloc(err, 0) : status;
    }
    return status == MOTE_ERR_NOT_FOUND || status == MOTE_ERR_FORMAT ? MOTE_OK : status;
}

mote_status mote_hub_cache_find(const char *cache, const mote_hub_name *name, char **path, uint64_t *n_bytes, mote_error *err) {
    char commit[MOTE_HUB_REVISION_MAX + 1], *repo = mote_hub_cache_repo(cache, name);
    mote_hub_listing listing = {NULL, 0, 0};
    mote_hub_choice choice = {.files = NULL};
    uint64_t bytes;
    mote_status status = repo ? MOTE_OK : mote_error_alloc(err, 0);
    *path = NULL;
    if (status == MOTE_OK)
        status = mote_hub_cache_commit(repo, name->revision, commit, err);
    if (status != MOTE_OK || !commit[0])
        goto done;
    MOTE_TRY_DONE(mote_hub_cache_list(repo, commit, &listing, err));
    MOTE_TRY_DONE(choose(&listing, name, &choice, err));
    if (choice.n > 0 && !(*path = path_of(repo, commit, &listing, &choice, n_bytes ? n_bytes : &bytes)))
        status = mote_error_alloc(err, 0);
done:
    mote_hub_choice_free(&choice);
    mote_hub_listing_free(&listing);
    mote_mem_free(repo);
    return status;
}

/* Makes the folder that a path lies in. */
static mote_status make_folder_of(const char *path, mote_error *err) {
    char *folder = mote_mem_dup_text(path);
    if (!folder)
        return mote_error_alloc(err, strlen(path));
    *strrchr(folder, '/') = 0;
    mote_status status = mote_file_make_directories(folder, err);
    mote_mem_free(folder);
    return status;
}

static mote_status make_link(const char *target, const char *path, mote_error *err) {
    char temporary[MAX_PATH_BYTES];
    int n = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof temporary)
        return mote_error_set(err, MOTE_ERR_LIMIT, "%s: too long a path", path);
    unlink(temporary);
    if (symlink(target, temporary) != 0)
        return io_error(err, path);
    if (rename(temporary, path) == 0)
        return MOTE_OK;
    mote_status status = io_error(err, path);
    unlink(temporary);
    return status;
}

mote_status mote_hub_cache_link(const char *repo, const char *commit, const mote_hub_file *file, mote_error *err) {
    char *path = mote_hub_cache_snapshot(repo, commit, file->path);
    mote_buffer target;
    mote_status status = path ? MOTE_OK : mote_error_alloc(err, 0);
    mote_buffer_init(&target, MAX_PATH_BYTES);
    if (status == MOTE_OK)
        status = make_folder_of(path, err);
    if (status != MOTE_OK)
        goto done;
    bool ok = mote_buffer_append_text(&target, "../../") == MOTE_OK;
    for (const char *p = file->path; ok && *p; p++)
        if (*p == '/')
            ok = mote_buffer_append_text(&target, "../") == MOTE_OK;
    ok = ok && mote_buffer_appendf(&target, "blobs/%s", file->hash) == MOTE_OK;
    status = ok ? make_link(target.data, path, err) : mote_error_alloc(err, target.len);
done:
    mote_buffer_deinit(&target);
    mote_mem_free(path);
    return status;
}

mote_status mote_hub_cache_set_ref(const char *repo, const char *revision, const char *commit, mote_error *err) {
    if (strcmp(revision, commit) == 0)
        return MOTE_OK;
    mote_file_writer *out = NULL;
    char *path = format("%s/refs/%s%s", repo, revision, "");
    mote_status status = path ? MOTE_OK : mote_error_alloc(err, 0);
    if (status == MOTE_OK)
        status = make_folder_of(path, err);
    if (status == MOTE_OK)
        status = mote_file_writer_create(path, &out, err);
    if (status == MOTE_OK)
        status = mote_file_writer_write(out, commit, strlen(commit), err);
    if (status == MOTE_OK)
        status = mote_file_writer_commit(&out, err);
    mote_file_writer_discard(&out);
    mote_mem_free(path);
    return status;
}

/* models--USER--REPO as a name; false for anything else. */
static bool read_folder_name(const char *folder, mote_hub_name *name) {
    char text[2 * MOTE_HUB_NAME_MAX + 2];
    const char *user = strncmp(folder, "models--", 8) == 0 ? folder + 8 : NULL, *gap = user ? strstr(user, "--") : NULL;
    if (!gap || strlen(user) >= sizeof text)
        return false;
    snprintf(text, sizeof text, "%.*s/%s", (int)(gap - user), user, gap + 2);
    return mote_hub_name_parse(text, name) && !name->quant[0];
}

/* Calls `found` for the models of one snapshot. */
static mote_status each_of(const char *repo, mote_hub_name *name, mote_hub_cache_found found, void *context, mote_error *err) {
    char commit[MOTE_HUB_REVISION_MAX + 1], text[MOTE_HUB_TEXT_MAX + 1];
    mote_hub_listing listing = {NULL, 0, 0};
    mote_hub_choice choice;
    MOTE_TRY(mote_hub_cache_commit(repo, name->revision, commit, err));
    if (!commit[0])
        return MOTE_OK;
    mote_status status = mote_hub_cache_list(repo, commit, &listing, err);
    for (size_t cursor = 0; status == MOTE_OK;) {
        uint64_t n_bytes;
        status = mote_hub_choice_next(&listing, &cursor, &choice, err);
        if (status != MOTE_OK || choice.n == 0)
            break;
        char *path = path_of(repo, commit, &listing, &choice, &n_bytes);
        strcpy(name->quant, choice.quant);
        mote_hub_name_write(name, text);
        status = path ? found(context, text, path, n_bytes, err) : mote_error_alloc(err, 0);
        mote_mem_free(path);
        mote_hub_choice_free(&choice);
    }
    mote_hub_listing_free(&listing);
    return status;
}

/* The names in a folder, sorted, without those that begin with '.'. A folder that isn't there, or that is another user's, has none. */
static mote_status list_names(const char *folder, mote_hub_listing *names, mote_error *err) {
    DIR *dir = opendir(folder);
    if (!dir)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? MOTE_OK : io_error(err, folder);
    mote_status status = MOTE_OK;
    for (struct dirent *entry; status == MOTE_OK && (entry = readdir(dir));)
        if (entry->d_name[0] != '.' && mote_hub_listing_is_path(mote_str_of(entry->d_name)))
            status = mote_hub_listing_add(names, mote_str_of(entry->d_name), 0, "", err);
    closedir(dir);
    if (status == MOTE_OK && names->n)
        qsort(names->files, names->n, sizeof *names->files, compare_files);
    return status;
}

/* The models of refs/main; where that isn't there, of every snapshot. */
static mote_status each_snapshot(const char *repo, mote_hub_name *name, mote_hub_cache_found found, void *context, mote_error *err) {
    char commit[MOTE_HUB_REVISION_MAX + 1];
    MOTE_TRY(mote_hub_cache_commit(repo, name->revision, commit, err));
    if (commit[0])
        return each_of(repo, name, found, context, err);
    mote_hub_listing snapshots = {NULL, 0, 0};
    char *folder = mote_places_join(repo, "snapshots", "");
    mote_status status = folder ? list_names(folder, &snapshots, err) : mote_error_alloc(err, 0);
    for (size_t i = 0; status == MOTE_OK && i < snapshots.n; i++)
        if (strlen(snapshots.files[i].path) <= MOTE_HUB_REVISION_MAX) {
            strcpy(name->revision, snapshots.files[i].path);
            status = each_of(repo, name, found, context, err);
        }
    mote_mem_free(folder);
    mote_hub_listing_free(&snapshots);
    return status;
}

mote_status mote_hub_cache_each(const char *cache, mote_hub_cache_found found, void *context, mote_error *err) {
    mote_hub_listing folders = {NULL, 0, 0};
    mote_hub_name name;
    mote_status status = list_names(cache, &folders, err);
    for (size_t i = 0; status == MOTE_OK && i < folders.n; i++) {
        if (!read_folder_name(folders.files[i].path, &name))
            continue;
        char *repo = mote_hub_cache_repo(cache, &name);
        status = repo ? each_snapshot(repo, &name, found, context, err) : mote_error_alloc(err, 0);
        if (status == MOTE_ERR_IO) /* one repository that can't be read doesn't hide the others */
            status = MOTE_OK;
        mote_mem_free(repo);
    }
    mote_hub_listing_free(&folders);
    return status;
}
