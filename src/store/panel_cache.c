#include "store/panel_cache.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "store/places.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define ENDING ".panels"
enum {
    NAME_BYTES = 64 + sizeof ENDING, /* with its end */
    MAX_FILES = 4096,                /* looked at when room is made; each is over MOTE_PANEL_CACHE_MIN_BYTES */
    LEFTOVER_SECONDS = 86400,        /* an unfinished file that old belongs to no running program */
    USE_SECONDS = 60,                /* the last use isn't noted more often */
};

/* File systems in memory, by their numbers in linux/magic.h. */
static const uint64_t TMPFS = 0x01021994, RAMFS = 0x858458f6;

/* "2G", "512M", "0". */
static bool read_size(const char *text, uint64_t *n_bytes) {
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    *n_bytes = strtoull(text, &end, 10);
    int shift = *end == 'K' || *end == 'k' ? 10 : *end == 'M' || *end == 'm' ? 20 : *end == 'G' || *end == 'g' ? 30 : 0;
    if (errno != 0 || end[shift != 0] != 0 || *n_bytes > UINT64_MAX >> shift)
        return false;
    *n_bytes <<= shift;
    return true;
}

mote_status mote_panel_cache_init(mote_panel_cache *c, mote_error *err) {
    const char *limit = getenv("MOTE_CACHE_MAX");
    *c = (mote_panel_cache){0};
    if (limit && *limit) {
        if (!read_size(limit, &c->limit_bytes))
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "MOTE_CACHE_MAX: '%.40s' is no size (2G, 512M, 0)", limit);
        if (c->limit_bytes == 0)
            return MOTE_OK;
    }
    return mote_places_cache("panels", &c->folder, err);
}

void mote_panel_cache_deinit(mote_panel_cache *c) {
    mote_mem_free(c->folder);
    *c = (mote_panel_cache){0};
}

static char *path_of(const mote_panel_cache *c, const uint8_t *key) {
    char name[65];
    mote_sha256_hex(key, name);
    return mote_places_join(c->folder, name, ENDING);
}

/* Reads the header and compares it with what is expected. */
static bool read_header(mote_panel_cache_file *f, const uint8_t *key, uint64_t body_bytes, uint64_t file_bytes) {
    size_t n_bytes = mote_panels_header_bytes(0), n_read = 0;
    uint8_t *header = mote_mem_alloc(MOTE_PANELS_BODY_AT);
    for (int round = 0; header && round < 2; round++) { /* the fixed part says how long the rest is */
        for (ssize_t n; n_read < n_bytes && (n = pread(f->fd, header + n_read, n_bytes - n_read, (off_t)n_read)) > 0;)
            n_read += (size_t)n;
        size_t n_items = n_read < 16 ? 0 : (size_t)header[12] | (size_t)header[13] << 8 | (size_t)header[14] << 16 | (size_t)header[15] << 24;
        n_bytes = n_items <= MOTE_PANELS_MAX_ITEMS ? mote_panels_header_bytes(n_items) : 0;
    }
    bool good = header && mote_panels_parse(header, n_read, file_bytes, &f->panels, NULL) == MOTE_OK;
    mote_mem_free(header);
    return good && f->panels.body_bytes == body_bytes && memcmp(f->panels.key, key, MOTE_PANELS_KEY_BYTES) == 0;
}

static void note_use(int fd, const struct stat *st) {
    if (time(NULL) - st->st_mtim.tv_sec > USE_SECONDS)
        (void)futimens(fd, NULL); /* one that can't be noted goes earlier */
}

bool mote_panel_cache_open(const mote_panel_cache *c, const uint8_t key[MOTE_PANELS_KEY_BYTES], uint64_t body_bytes, mote_panel_cache_file *f) {
    *f = (mote_panel_cache_file){.fd = -1};
    char *path = c->folder ? path_of(c, key) : NULL;
    if (path)
        f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    mote_mem_free(path);
    struct stat st;
    bool good = f->fd >= 0 && fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_uid == geteuid() || st.st_uid == 0) && !(st.st_mode & S_IWOTH) &&
                read_header(f, key, body_bytes, (uint64_t)st.st_size);
    if (good)
        note_use(f->fd, &st);
    else
        mote_panel_cache_close(f);
    return good;
}

void mote_panel_cache_close(mote_panel_cache_file *f) {
    if (f->fd >= 0)
        close(f->fd);
    mote_mem_free(f->panels.items);
    *f = (mote_panel_cache_file){.fd = -1};
}

typedef struct old_file {
    char name[NAME_BYTES];
    uint64_t n_bytes;
    struct timespec used;
} old_file;

static int compare_uses(const void *a, const void *b) {
    const struct timespec *x = &((const old_file *)a)->used, *y = &((const old_file *)b)->used;
    if (x->tv_sec != y->tv_sec)
        return x->tv_sec < y->tv_sec ? -1 : 1;
    return (x->tv_nsec > y->tv_nsec) - (x->tv_nsec < y->tv_nsec);
}

/* A name of the cache: 64 digits and the ending; what follows belongs to an unfinished file. */
static bool is_ours(const char *name, bool *is_leftover) {
    size_t n = strspn(name, "0123456789abcdef");
    if (n != 64 || strncmp(name + n, ENDING, sizeof ENDING - 1) != 0)
        return false;
    *is_leftover = name[n + sizeof ENDING - 1] != 0;
    return true;
}

/* All files of the cache; unfinished ones that nobody writes any more are removed. */
static size_t list_files(int folder, DIR *dir, old_file *files) {
    size_t n = 0;
    for (struct dirent *entry; n < MAX_FILES && (entry = readdir(dir));) {
        struct stat st;
        bool is_leftover;
        if (!is_ours(entry->d_name, &is_leftover) || fstatat(folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (is_leftover) {
            if (time(NULL) - st.st_mtim.tv_sec > LEFTOVER_SECONDS)
                (void)unlinkat(folder, entry->d_name, 0);
            continue;
        }
        memcpy(files[n].name, entry->d_name, sizeof files[n].name);
        files[n].n_bytes = (uint64_t)st.st_size;
        files[n++].used = st.st_mtim;
    }
    return n;
}

/* Removes what was used longest ago until n_bytes fit under the limit. False without memory or folder. */
static bool make_room(const mote_panel_cache *c, uint64_t limit, uint64_t n_bytes) {
    old_file *files = mote_mem_alloc_array(MAX_FILES, sizeof *files);
    DIR *dir = files ? opendir(c->folder) : NULL;
    size_t n = dir ? list_files(dirfd(dir), dir, files) : 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += files[i].n_bytes;
    if (n > 1)
        qsort(files, n, sizeof *files, compare_uses);
    for (size_t i = 0; i < n && sum > limit - n_bytes; i++)
        if (unlinkat(dirfd(dir), files[i].name, 0) == 0)
            sum -= files[i].n_bytes;
    bool done = dir && sum <= limit - n_bytes;
    if (dir)
        closedir(dir);
    mote_mem_free(files);
    return done;
}

/* Whether a file of this length should be written, after making room for it. */
static bool has_room(const mote_panel_cache *c, uint64_t n_bytes) {
    struct statfs fs;
    if (statfs(c->folder, &fs) != 0 || ((uint64_t)fs.f_type & UINT32_MAX) == TMPFS || ((uint64_t)fs.f_type & UINT32_MAX) == RAMFS)
        return false;
    uint64_t unit = (uint64_t)fs.f_bsize, limit = c->limit_bytes;
    if (limit == 0) {
        limit = fs.f_blocks * unit / 10;
        limit = limit < 2ull << 30 ? 2ull << 30 : limit > 16ull << 30 ? 16ull << 30 : limit;
    }
    return n_bytes <= limit && make_room(c, limit, n_bytes) && statfs(c->folder, &fs) == 0 && (uint64_t)fs.f_bavail * unit / 2 >= n_bytes;
}

static mote_status write_file(mote_file_writer *w, mote_panels *p, const uint8_t *body) {
    uint8_t *header = mote_mem_zalloc_array(MOTE_PANELS_BODY_AT, 1);
    if (!header)
        return MOTE_ERR_ALLOC;
    mote_status status = mote_file_writer_write(w, header, MOTE_PANELS_BODY_AT, NULL);
    p->body_sum = 0;
    for (uint64_t at = 0; status == MOTE_OK && at < p->body_bytes; at += MOTE_PANELS_PIECE_BYTES) {
        size_t n = p->body_bytes - at < MOTE_PANELS_PIECE_BYTES ? (size_t)(p->body_bytes - at) : MOTE_PANELS_PIECE_BYTES;
        p->body_sum = mote_panels_sum(p->body_sum, body + at, n);
        status = mote_file_writer_write(w, body + at, n, NULL);
    }
    mote_panels_write_header(p, header);
    if (status == MOTE_OK)
        status = mote_file_writer_patch(w, 0, header, mote_panels_header_bytes(p->n_items), NULL);
    mote_mem_free(header);
    return status;
}

void mote_panel_cache_write(const mote_panel_cache *c, mote_panels *p, const uint8_t *body) {
    if (!c->folder || p->body_bytes < MOTE_PANEL_CACHE_MIN_BYTES || p->n_items > MOTE_PANELS_MAX_ITEMS || mote_file_make_directories(c->folder, NULL) != MOTE_OK ||
        !has_room(c, p->body_bytes + MOTE_PANELS_BODY_AT))
        return;
    char *path = path_of(c, p->key);
    mote_file_writer *w = NULL;
    mote_status status = path ? mote_file_writer_create(path, &w, NULL) : MOTE_ERR_ALLOC;
    if (status == MOTE_OK) {
        mote_file_writer_set_private(w);
        status = write_file(w, p, body);
    }
    if (status == MOTE_OK)
        status = mote_file_writer_commit(&w, NULL);
    (void)status; /* what wasn't written is packed again the next time */
    mote_file_writer_discard(&w);
    mote_mem_free(path);
}
