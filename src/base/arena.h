/* Many small allocations that die together. Chunks double; the sum is bounded by max_bytes. */
#ifndef MOTE_BASE_ARENA_H
#define MOTE_BASE_ARENA_H

#include "base/str.h"

#include <stddef.h>

typedef struct mote_arena_chunk mote_arena_chunk;

typedef struct mote_arena {
    mote_arena_chunk *chunks;
    size_t used_bytes, max_bytes; /* used: everything taken from the system */
} mote_arena;

void mote_arena_init(mote_arena *a, size_t max_bytes);
void mote_arena_deinit(mote_arena *a);
void *mote_arena_alloc(mote_arena *a, size_t n_bytes); /* 16-byte aligned, not zeroed; NULL past the limit or without memory */
void *mote_arena_zalloc_array(mote_arena *a, size_t n, size_t item_bytes);
char *mote_arena_dup(mote_arena *a, const void *data, size_t len_bytes); /* a copy with a NUL behind it */

#endif
