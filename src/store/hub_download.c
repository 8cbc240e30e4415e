/* A download is a loop of attempts. Each asks for what is missing, and what its answer says decides before a byte is written:
 *
 *     200                      begins anew, whatever was asked for
 *     206 that fits            goes on: the range begins where asked, its total is the file's length, the answer's hash is the file's
 *     206 that doesn't, 416    once: forget what is held, ask for the whole
 *     anything else            mote_hub_api_refuse
 *
 * A lost connection and 5xx lead to the next attempt, after a pause. At the end the hash decides; if it is wrong and the bytes came in pieces, once more from the
 * beginning. */
#include "store/hub_download.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/hub_cache.h"
#include "store/hub_digest.h"
#include "store/places.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_BYTES = 1 << 18, LOCK_PAUSE_MS = 100 };

typedef struct download {
    const mote_hub_api *api;
    mote_hub_progress *progress;
    const mote_hub_file *file;
    char *blob, *incomplete;
    int fd;
    uint64_t held; /* bytes in .incomplete, all of them in the digest */
    mote_hub_digest digest;
    bool is_pieced;    /* what is held came in more than one answer, or from an earlier process */
    bool must_restart; /* the answer doesn't continue what is held */
    bool got_further;
} download;

bool mote_hub_progress_go_on(void *progress) {
    mote_hub_progress *p = progress;
    double fraction = p->all_bytes ? (double)p->done_bytes / (double)p->all_bytes : 0;
    return !p->report || p->report(p->context, p->what, fraction > 1 ? 1 : fraction);
}

static mote_status cancelled(const download *d, mote_error *err) {
    return mote_error_set(err, MOTE_ERR_CANCELLED, "%s: cancelled; the next pull goes on from here", d->file->path);
}

static mote_status io_error(mote_error *err, const char *path) {
    return mote_error_set(err, MOTE_ERR_IO, "%s: %s", path, strerror(errno));
}

static bool size_of(const char *path, uint64_t *n_bytes) {
    struct stat st;
    bool ok = path && lstat(path, &st) == 0 && S_ISREG(st.st_mode);
    *n_bytes = ok ? (uint64_t)st.st_size : 0;
    return ok;
}

uint64_t mote_hub_download_held(const char *repo, const mote_hub_file *file) {
    uint64_t n_bytes;
    char *blob = mote_hub_cache_blob(repo, file->hash, ""), *incomplete = mote_hub_cache_blob(repo, file->hash, ".incomplete");
    if (!size_of(blob, &n_bytes) || n_bytes != file->n_bytes)
        size_of(incomplete, &n_bytes);
    mote_mem_free(blob);
    mote_mem_free(incomplete);
    return n_bytes < file->n_bytes ? n_bytes : file->n_bytes;
}

/* Forgets what is held. */
static mote_status restart(download *d, mote_error *err) {
    if (ftruncate(d->fd, 0) != 0)
        return io_error(err, d->incomplete);
    d->progress->done_bytes -= d->held;
    d->held = 0;
    d->is_pieced = false;
    mote_hub_digest_init(&d->digest, strlen(d->file->hash), d->file->n_bytes);
    return MOTE_OK;
}

static void take(download *d, const void *data, size_t n_bytes) {
    mote_hub_digest_update(&d->digest, data, n_bytes);
    d->held += n_bytes;
    d->progress->done_bytes += n_bytes;
}

/* Opens .incomplete and takes what an earlier process left into the digest. */
static mote_status open_incomplete(download *d, mote_error *err) {
    struct stat st;
    d->fd = open(d->incomplete, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (d->fd < 0 || fstat(d->fd, &st) != 0)
        return io_error(err, d->incomplete);
    if (!S_ISREG(st.st_mode))
        return mote_error_set(err, MOTE_ERR_IO, "%s: not a regular file", d->incomplete);
    mote_hub_digest_init(&d->digest, strlen(d->file->hash), d->file->n_bytes);
    if ((uint64_t)st.st_size > d->file->n_bytes)
        return restart(d, err);
    uint8_t *piece = mote_mem_alloc(READ_BYTES);
    if (!piece)
        return mote_error_alloc(err, READ_BYTES);
    mote_status status = MOTE_OK;
    while (status == MOTE_OK && d->held < (uint64_t)st.st_size) {
        ssize_t n = pread(d->fd, piece, READ_BYTES, (off_t)d->held);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            status = io_error(err, d->incomplete);
        else if (!mote_hub_progress_go_on(d->progress))
            status = cancelled(d, err);
        else
            take(d, piece, (size_t)n);
    }
    mote_mem_free(piece);
    return status;
}

static mote_status wrong_length(const download *d, uint64_t n_bytes, mote_error *err) {
    return mote_error_set(err, MOTE_ERR_FORMAT, "%s: the hub sends %llu bytes, its listing says %llu", d->file->path, (unsigned long long)n_bytes,
                          (unsigned long long)d->file->n_bytes);
}

/* Whether a 206 continues what is held. */
static bool continues(const download *d, const mote_hub_answer *a) {
    if (!a->has_range || a->range_first != d->held || (a->range_total != 0 && a->range_total != d->file->n_bytes) || a->range_last + 1 != d->file->n_bytes)
        return false;
    if (a->has_length && a->length != d->file->n_bytes - d->held)
        return false;
    return strcmp(mote_hub_answer_hash(a), d->file->hash) == 0;
}

static mote_status on_head(void *context, const mote_hub_answer *a, mote_error *err) {
    download *d = context;
    if (a->has_linked_length && a->linked_length != d->file->n_bytes)
        return wrong_length(d, a->linked_length, err);
    if (a->code == 206) {
        d->must_restart = !continues(d, a);
        return d->must_restart ? mote_error_set(err, MOTE_ERR_FORMAT, "%s: the hub's answer doesn't fit what was asked for", d->file->path) : MOTE_OK;
    }
    if (a->has_length && a->length != d->file->n_bytes)
        return wrong_length(d, a->length, err);
    return d->held > 0 ? restart(d, err) : MOTE_OK;
}

static mote_status on_bytes(void *context, const void *data, size_t n_bytes, mote_error *err) {
    download *d = context;
    const char *p = data;
    if (n_bytes > d->file->n_bytes - d->held)
        return wrong_length(d, d->held + n_bytes, err);
    for (size_t left = n_bytes; left > 0;) {
        ssize_t n = pwrite(d->fd, p, left, (off_t)(d->held + (n_bytes - left)));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return io_error(err, d->incomplete);
        p += n;
        left -= (size_t)n;
    }
    d->got_further = true;
    take(d, data, n_bytes);
    return MOTE_OK;
}

static bool go_on(void *context) {
    const download *d = context;
    return mote_hub_progress_go_on(d->progress);
}

/* Asks once for what is missing. *is_last: the download ends with what is returned. */
static mote_status attempt(download *d, const char *url, mote_hub_retry *retry, mote_hub_answer *answer, bool *is_last, mote_error *err) {
    uint64_t before = d->held;
    mote_hub_request request = {.url = url, .first_byte = before, .context = d, .on_head = on_head, .on_bytes = on_bytes, .go_on = go_on};
    d->must_restart = d->got_further = false;
    *is_last = true;
    mote_status status = mote_hub_http_get(d->api->http, &request, answer, err);
    if (d->got_further)
        retry->n_failures = 0;
    if (before > 0 && (d->must_restart || (status == MOTE_OK && answer->code == 416))) {
        *is_last = false;
        return restart(d, err);
    }
    if (status == MOTE_OK && (answer->code == 200 || answer->code == 206)) {
        if (d->held == d->file->n_bytes)
            return MOTE_OK;
        answer->is_passing = true;
        status = mote_error_set(err, MOTE_ERR_IO, "the answer ended early");
    }
    d->is_pieced = d->is_pieced || d->held > 0;
    if (mote_hub_retry_is_worth(status, answer)) {
        *is_last = !mote_hub_retry_wait(retry, answer);
        if (!*is_last)
            return MOTE_OK;
        if (retry->is_cancelled)
            status = MOTE_ERR_CANCELLED;
        else if (status != MOTE_OK)
            mote_error_prefix(err, "%s: %llu of %llu bytes came, the next pull goes on from there", d->file->path, (unsigned long long)d->held,
                              (unsigned long long)d->file->n_bytes);
    }
    if (status == MOTE_ERR_CANCELLED)
        return cancelled(d, err);
    return status == MOTE_OK ? mote_hub_api_refuse(d->api, d->file->path, answer, err) : status;
}

static mote_status fetch(download *d, const char *url, mote_error *err) {
    mote_hub_retry retry = {.go_on = go_on, .context = d};
    mote_hub_answer *answer = mote_mem_alloc(sizeof *answer);
    bool is_last = d->held == d->file->n_bytes;
    mote_status status = answer ? MOTE_OK : mote_error_alloc(err, sizeof *answer);
    while (status == MOTE_OK && !is_last)
        status = attempt(d, url, &retry, answer, &is_last, err);
    mote_mem_free(answer);
    return status;
}

/* The rename makes the blob visible; it is durable when the folder is synced too. */
static mote_status publish(download *d, mote_error *err) {
    char *folder = mote_mem_dup_text(d->blob);
    if (!folder)
        return mote_error_alloc(err, strlen(d->blob));
    *strrchr(folder, '/') = 0;
    mote_status status = MOTE_OK;
    if (fsync(d->fd) != 0)
        status = io_error(err, d->incomplete);
    else if (rename(d->incomplete, d->blob) != 0)
        status = io_error(err, d->blob);
    int fd = status == MOTE_OK ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems don't sync folders */
        close(fd);
    }
    mote_mem_free(folder);
    return status;
}

/* Fetches and judges, at most twice. */
static mote_status run(download *d, const char *url, mote_error *err) {
    char hex[65];
    d->is_pieced = d->held > 0;
    for (int round = 0;; round++) {
        mote_status status = fetch(d, url, err);
        if (status == MOTE_ERR_FORMAT)
            unlink(d->incomplete);
        if (status != MOTE_OK)
            return status;
        mote_hub_digest digest = d->digest;
        mote_hub_digest_final(&digest, hex);
        if (strcmp(hex, d->file->hash) == 0)
            return publish(d, err);
        if (!d->is_pieced || round > 0)
            break;
        MOTE_TRY(restart(d, err));
    }
    unlink(d->incomplete);
    return mote_error_set(err, MOTE_ERR_FORMAT, "%s: %s is %s, the hub's listing says %s; nothing was kept", d->file->path, d->digest.is_git ? "git's hash" : "SHA-256", hex,
                          d->file->hash);
}

/* Waits until no other process fetches this file. The lock ends with the descriptor. */
static mote_status lock(download *d, const char *cache, int *fd, mote_error *err) {
    const mote_hub_name *name = d->api->name;
    char folder[2 * MOTE_HUB_NAME_MAX + 32];
    snprintf(folder, sizeof folder, "/.locks/models--%s--%s", name->user, name->repo);
    char *below = mote_places_join(cache, folder + 1, ""), *path = below ? mote_places_join(below, d->file->hash, ".lock") : NULL;
    const char *what = d->progress->what;
    mote_status status = path ? mote_file_make_directories(below, err) : mote_error_alloc(err, 0);
    if (status == MOTE_OK && (*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) < 0)
        status = io_error(err, path);
    while (status == MOTE_OK && flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        d->progress->what = "waiting for another pull";
        if (errno != EWOULDBLOCK && errno != EINTR)
            status = io_error(err, path);
        else if (!go_on(d))
            status = cancelled(d, err);
        else
            nanosleep(&(struct timespec){0, LOCK_PAUSE_MS * 1000000L}, NULL);
    }
    d->progress->what = what;
    mote_mem_free(below);
    mote_mem_free(path);
    return status;
}

static bool is_there(const download *d) {
    uint64_t n_bytes;
    return size_of(d->blob, &n_bytes) && n_bytes == d->file->n_bytes;
}

mote_status mote_hub_download(const mote_hub_api *api, mote_hub_progress *progress, const char *cache, const char *repo, const char *commit, const mote_hub_file *file,
                              mote_error *err) {
    download d = {.api = api, .progress = progress, .file = file, .fd = -1};
    int lock_fd = -1;
    char *url = mote_hub_api_address(api, commit, file->path);
    d.blob = mote_hub_cache_blob(repo, file->hash, "");
    d.incomplete = mote_hub_cache_blob(repo, file->hash, ".incomplete");
    mote_status status = url && d.blob && d.incomplete ? MOTE_OK : mote_error_alloc(err, 0);
    if (status == MOTE_OK && !is_there(&d))
        status = lock(&d, cache, &lock_fd, err);
    if (status == MOTE_OK && is_there(&d)) {
        progress->done_bytes += file->n_bytes;
    } else if (status == MOTE_OK) {
        status = open_incomplete(&d, err);
        if (status == MOTE_OK)
            status = run(&d, url, err);
    }
    if (d.fd >= 0)
        close(d.fd);
    if (lock_fd >= 0)
        close(lock_fd);
    mote_mem_free(d.blob);
    mote_mem_free(d.incomplete);
    mote_mem_free(url);
    return status;
}
