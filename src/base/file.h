/* Files: read-only mappings, whole reads with a limit, and atomic writes (no name, or a temporary one, in the same folder; fsync, rename, fsync of the folder). */
#ifndef MOTE_BASE_FILE_H
#define MOTE_BASE_FILE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

/* What tells a file from another, and from itself before it was written again; numbers of 64 bits, so that it has no gaps and can be hashed. */
typedef struct mote_file_identity {
    uint64_t device, inode, n_bytes, mtime_seconds, mtime_nanoseconds;
} mote_file_identity;

typedef struct mote_file_map {
    const uint8_t *data; /* NULL for an empty file */
    size_t len;
    mote_file_identity identity; /* when it was mapped */
} mote_file_map;

/* Maps a regular file read-only. Devices, pipes and folders: MOTE_ERR_ARGUMENT. */
MOTE_MUST_CHECK mote_status mote_file_map_open(const char *path, mote_file_map *map, mote_error *err);
void mote_file_map_close(mote_file_map *map);
/* Lets go of the memory behind bytes of a map that were read and won't be soon; reading them again reads the file. Only for bytes of a mote_file_map. */
void mote_file_map_release(const uint8_t *data, size_t len);

/* Appends a whole file ("-" is stdin) to a buffer; MOTE_ERR_LIMIT past the buffer's maximum. */
MOTE_MUST_CHECK mote_status mote_file_read(const char *path, mote_buffer *out, mote_error *err);

typedef struct mote_file_writer mote_file_writer;

/* Nothing is visible under `path` until _commit; _discard (or a crash) leaves what was there. */
MOTE_MUST_CHECK mote_status mote_file_writer_create(const char *path, mote_file_writer **writer, mote_error *err);
MOTE_MUST_CHECK mote_status mote_file_writer_write(mote_file_writer *writer, const void *data, size_t len_bytes, mote_error *err);
/* Overwrites bytes already written (headers with counts known late). */
MOTE_MUST_CHECK mote_status mote_file_writer_patch(mote_file_writer *writer, uint64_t offset, const void *data, size_t len_bytes, mote_error *err);
/* Only the owner will be able to read the file. Committing it then doesn't look at the process's umask, for which it has to be changed for a moment: threads other than the
 * program's own use this. */
void mote_file_writer_set_private(mote_file_writer *writer);
uint64_t mote_file_writer_offset(const mote_file_writer *writer);
/* Both free the writer and null the pointer, whatever they return; NULL inside is allowed. */
MOTE_MUST_CHECK mote_status mote_file_writer_commit(mote_file_writer **writer, mote_error *err);
void mote_file_writer_discard(mote_file_writer **writer);

bool mote_file_exists(const char *path);
bool mote_file_is_directory(const char *path);
/* mkdir -p, mode 0700 for what is new. */
MOTE_MUST_CHECK mote_status mote_file_make_directories(const char *path, mote_error *err);

#endif
