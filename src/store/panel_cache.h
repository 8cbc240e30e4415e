/* The cache of packed weights: $XDG_CACHE_HOME/mote/panels, else ~/.cache/mote/panels; a file for each key (formats/panels.h), named by it. A cache is a convenience: where it
 * can't be read or written, there is none. Processes share it without locks: a file gets its name when it is whole, and one that is mapped stays readable after its removal.
 *
 * No file is written that is below MOTE_PANEL_CACHE_MIN_BYTES (packing is as quick as opening), to a file system in memory (the packed weights would be in memory twice), or where
 * less than as much again would stay free. The limit of all files together is $MOTE_CACHE_MAX (bytes, or with K, M, G; 0: no cache), else a tenth of the file system, but at least
 * 2 GiB and at most 16; those whose last use is longest ago go first. A file's time of modification is its last use. */
#ifndef MOTE_STORE_PANEL_CACHE_H
#define MOTE_STORE_PANEL_CACHE_H

#include "formats/panels.h"

enum { MOTE_PANEL_CACHE_MIN_BYTES = 8 << 20 };

typedef struct mote_panel_cache {
    char *folder;         /* NULL: there is no cache */
    uint64_t limit_bytes; /* 0: by the file system */
} mote_panel_cache;

/* An open file of the cache: its header, proved, and where its body can be read. */
typedef struct mote_panel_cache_file {
    mote_panels panels;
    int fd; /* -1: none */
} mote_panel_cache_file;

/* Reads the environment. MOTE_ERR_ARGUMENT (MOTE_CACHE_MAX is no size), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_panel_cache_init(mote_panel_cache *c, mote_error *err);
void mote_panel_cache_deinit(mote_panel_cache *c);

/* The file of a key with a body of so many bytes. False where there is none that can be trusted: of another owner, writable for everybody, of another length, damaged. */
bool mote_panel_cache_open(const mote_panel_cache *c, const uint8_t key[MOTE_PANELS_KEY_BYTES], uint64_t body_bytes, mote_panel_cache_file *file);
void mote_panel_cache_close(mote_panel_cache_file *file);

/* Writes a file and removes others over the limit; p->body_sum is set. Nothing happens where that isn't possible. */
void mote_panel_cache_write(const mote_panel_cache *c, mote_panels *p, const uint8_t *body);

#endif
