/* Finds a name's position by binary search, and finds names that occur twice. Sorted rather than hashed: hostile names cannot collide. */
#ifndef MOTE_FORMATS_NAME_INDEX_H
#define MOTE_FORMATS_NAME_INDEX_H

#include "base/str.h"

#include <mote/status.h>

#include <stdint.h>

typedef struct mote_name_slot {
    mote_str name; /* borrowed */
    size_t position;
} mote_name_slot;

typedef struct mote_name_index {
    mote_name_slot *slots;
    size_t n;
} mote_name_index;

/* The order used: bytes, shorter first. */
int mote_name_index_compare(mote_str a, mote_str b);
/* Reserves n slots; the caller fills slots[0..n) and calls _sort. Only MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_name_index_init(mote_name_index *index, size_t n, mote_error *err);
void mote_name_index_deinit(mote_name_index *index);
/* Sorts. A name that occurs twice: MOTE_ERR_FORMAT naming it ("<what> '<name>': duplicate …"). */
MOTE_MUST_CHECK mote_status mote_name_index_sort(mote_name_index *index, const char *what, mote_error *err);
/* The slot with this name, or NULL. */
const mote_name_slot *mote_name_index_find(const mote_name_index *index, mote_str name);

#endif
