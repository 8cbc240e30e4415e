#include "base/file.h"

#include "base/error.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static mote_status io_error(mote_error *err, const char *what, const char *path) {
    int code = errno;
    return mote_error_set(err, code == ENOENT ? MOTE_ERR_NOT_FOUND : MOTE_ERR_IO, "%s: %s: %s", path, what, strerror(code));
}

mote_status mote_file_map_open(const char *path, mote_file_map *map, mote_error *err) {
    *map = (mote_file_map){0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return io_error(err, "cannot open", path);
    struct stat st;
    mote_status status = MOTE_OK;
    if (fstat(fd, &st) != 0)
        status = io_error(err, "cannot stat", path);
    else if (!S_ISREG(st.st_mode))
        status = mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: not a regular file", path);
    else {
        map->identity = (mote_file_identity){st.st_dev, st.st_ino, (uint64_t)st.st_size, (uint64_t)st.st_mtim.tv_sec, (uint64_t)st.st_mtim.tv_nsec};
        void *p = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
        if (p == MAP_FAILED)
            status = io_error(err, "cannot map", path);
        else if (p) {
            map->data = p;
            map->len = (size_t)st.st_size;
        }
    }
    close(fd);
    return status;
}

void mote_file_map_close(mote_file_map *map) {
    if (map->data)
        munmap((void *)map->data, map->len);
    *map = (mote_file_map){0};
}

void mote_file_map_release(const uint8_t *data, size_t len) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), first = ((uintptr_t)data + page - 1) / page * page, last = ((uintptr_t)data + len) / page * page;
    if (first < last)
        (void)madvise((void *)first, last - first, MADV_DONTNEED); /* a private mapping that was never written: only the memory goes */
}

/* Room for a whole regular file at once: growing step by step would take up to twice as much. One that is too long isn't read at all. */
static mote_status reserve(int fd, const char *path, mote_buffer *out, mote_error *err) {
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
        return MOTE_OK;
    mote_status status = (uint64_t)st.st_size > SIZE_MAX ? MOTE_ERR_LIMIT : mote_buffer_reserve(out, (size_t)st.st_size);
    if (status == MOTE_ERR_LIMIT)
        return mote_error_set(err, status, "%s: longer than %zu bytes", path, out->max_bytes);
    return status == MOTE_OK ? MOTE_OK : mote_error_alloc(err, (size_t)st.st_size);
}

mote_status mote_file_read(const char *path, mote_buffer *out, mote_error *err) {
    bool is_stdin = strcmp(path, "-") == 0;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return io_error(err, "cannot open", path);
    mote_status status = is_stdin ? MOTE_OK : reserve(fd, path, out, err);
    while (status == MOTE_OK) {
        size_t room = out->max_bytes - out->len;
        size_t chunk = room < 65536 ? room + 1 : 65536; /* one more than allowed shows that there is more */
        char bytes[65536 + 1];
        ssize_t n = read(fd, bytes, chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            status = io_error(err, "cannot read", path);
            break;
        }
        if (n == 0)
            break;
        status = mote_buffer_append(out, bytes, (size_t)n);
        if (status == MOTE_ERR_LIMIT)
            mote_error_set(err, status, "%s: longer than %zu bytes", path, out->max_bytes);
        else if (status == MOTE_ERR_ALLOC)
            mote_error_alloc(err, out->len + (size_t)n);
    }
    if (!is_stdin)
        close(fd);
    return status;
}

enum {
    NAME_TRIES = 100, /* names beside the file that may all be taken */
    SUFFIX_BYTES = 24
};

/* Until _commit the file has no name where the system can do that (O_TMPFILE): then nothing is left of it however the process ends. Elsewhere it is `temporary` from the beginning.
 */
struct mote_file_writer {
    int fd;
    bool is_unnamed, is_private;
    uint64_t offset;
    char *path, *temporary;
};

/* The folder of a path, on the heap; NULL without memory. */
static char *folder_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
}

static void writer_free(mote_file_writer **writer) {
    mote_file_writer *w = *writer;
    if (!w)
        return;
    if (w->fd >= 0)
        close(w->fd);
    mote_mem_free(w->path);
    mote_mem_free(w->temporary);
    mote_mem_free(w);
    *writer = NULL;
}

static void link_of(int fd, char link[32]) {
    snprintf(link, 32, "/proc/self/fd/%d", fd);
}

/* Only where it can be given a name later. */
static void open_unnamed(mote_file_writer *w, const char *folder) {
    char link[32];
    struct stat st;
    w->fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (w->fd < 0)
        return;
    link_of(w->fd, link);
    w->is_unnamed = lstat(link, &st) == 0;
    if (!w->is_unnamed) {
        close(w->fd);
        w->fd = -1;
    }
}

/* A name beside the file, which the rename then replaces it with: a link alone can't replace. */
static bool give_name(mote_file_writer *w) {
    char link[32];
    link_of(w->fd, link);
    for (unsigned i = 0; w->is_unnamed && i < NAME_TRIES; i++) {
        snprintf(w->temporary, strlen(w->path) + SUFFIX_BYTES, "%s.%u.%u", w->path, (unsigned)getpid() % 10000000, i);
        if (linkat(AT_FDCWD, link, AT_FDCWD, w->temporary, AT_SYMLINK_FOLLOW) == 0)
            w->is_unnamed = false;
        else if (errno != EEXIST)
            return false;
    }
    return !w->is_unnamed;
}

mote_status mote_file_writer_create(const char *path, mote_file_writer **writer, mote_error *err) {
    mote_file_writer *w = mote_mem_zalloc_array(1, sizeof *w);
    *writer = NULL;
    if (!w)
        return mote_error_alloc(err, sizeof *w);
    size_t n = strlen(path) + SUFFIX_BYTES;
    char *folder = folder_of(path);
    w->fd = -1;
    w->path = mote_mem_dup_text(path);
    w->temporary = mote_mem_alloc(n);
    if (!folder || !w->path || !w->temporary) {
        free(folder);
        writer_free(&w);
        return mote_error_alloc(err, n);
    }
    open_unnamed(w, folder);
    free(folder);
    if (!w->is_unnamed) {
        snprintf(w->temporary, n, "%s.XXXXXX", path);
        w->fd = mkostemp(w->temporary, O_CLOEXEC);
    }
    if (w->fd < 0) {
        mote_status status = io_error(err, "cannot create", path);
        writer_free(&w);
        return status;
    }
    *writer = w;
    return MOTE_OK;
}

/* EFAULT: what is to be written lies in a mapped file that was cut. Reading it here raises the signal that other accesses to it raise, so that the program can say which file. */
static void read_bytes(const char *p, size_t len) {
    for (size_t i = 0; i < len; i++)
        (void)*(const volatile char *)(p + i);
}

static mote_status write_all(mote_file_writer *w, const void *data, size_t len, uint64_t at, mote_error *err) {
    const char *p = data;
    while (len > 0) {
        ssize_t n = pwrite(w->fd, p, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EFAULT)
            read_bytes(p, len);
        if (n <= 0)
            return io_error(err, "cannot write", w->path);
        p += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return MOTE_OK;
}

mote_status mote_file_writer_write(mote_file_writer *w, const void *data, size_t len_bytes, mote_error *err) {
    MOTE_TRY(write_all(w, data, len_bytes, w->offset, err));
    w->offset += len_bytes;
    return MOTE_OK;
}

mote_status mote_file_writer_patch(mote_file_writer *w, uint64_t offset, const void *data, size_t len_bytes, mote_error *err) {
    if (offset > w->offset || len_bytes > w->offset - offset)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%s: patch past the end", w->path);
    return write_all(w, data, len_bytes, offset, err);
}

void mote_file_writer_set_private(mote_file_writer *w) {
    w->is_private = true;
}

uint64_t mote_file_writer_offset(const mote_file_writer *w) {
    return w->offset;
}

/* The rename is durable only when the folder is synced too. */
static mote_status sync_folder_of(const char *path, mote_error *err) {
    char *folder = folder_of(path);
    if (!folder)
        return mote_error_alloc(err, strlen(path));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    mote_status status = MOTE_OK;
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        status = io_error(err, "cannot sync the folder of", path);
    if (fd >= 0)
        close(fd);
    free(folder);
    return status;
}

mote_status mote_file_writer_commit(mote_file_writer **writer, mote_error *err) {
    mote_file_writer *w = *writer;
    mode_t mask = w->is_private ? 077 : umask(0);
    if (!w->is_private)
        umask(mask);
    mote_status status = MOTE_OK;
    if (fchmod(w->fd, 0666 & ~mask) != 0 || fsync(w->fd) != 0)
        status = io_error(err, "cannot sync", w->path);
    else if (!give_name(w))
        status = io_error(err, "cannot link", w->path);
    else if (rename(w->temporary, w->path) != 0)
        status = io_error(err, "cannot rename to", w->path);
    if (status != MOTE_OK && !w->is_unnamed)
        unlink(w->temporary);
    if (status == MOTE_OK)
        status = sync_folder_of(w->path, err);
    writer_free(writer);
    return status;
}

void mote_file_writer_discard(mote_file_writer **writer) {
    if (!*writer)
        return;
    if (!(*writer)->is_unnamed)
        unlink((*writer)->temporary);
    writer_free(writer);
}

bool mote_file_exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

bool mote_file_is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

mote_status mote_file_make_directories(const char *path, mote_error *err) {
    char *copy = mote_mem_dup_text(path);
    if (!copy)
        return mote_error_alloc(err, strlen(path));
    mote_status status = MOTE_OK;
    for (char *p = copy + 1;; p++) {
        if (*p != '/' && *p != 0)
            continue;
        char c = *p;
        *p = 0;
        if (mkdir(copy, 0700) != 0 && errno != EEXIST) {
            status = io_error(err, "cannot make the folder", copy);
            break;
        }
        *p = c;
        if (!c)
            break;
    }
    mote_mem_free(copy);
    return status;
}
