/* The bytes of a cache that belong to some of its positions: what is copied to keep a prefix, to fork a timeline or to write it to a file. Stores are one block of
 * MOTE_ATTENTION_BLOCK positions after the other; nothing else is known here of what is in them. */
#ifndef MOTE_MODEL_CACHE_ROWS_H
#define MOTE_MODEL_CACHE_ROWS_H

#include "model/cache.h"

#include <mote/status.h>

/* What a store's or a state's bytes mean. Raised when they change for the same type, or when the same tokens give other bytes. */
enum { MOTE_CACHE_FORMAT = 1 };

/* bytes NULL: rows that were left out. The type is that of the elements; n_lanes positions of them lie side by side (kernels/attention.h): of keys 16, of values and states one. */
typedef mote_status (*mote_cache_piece_fn)(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes);

/* The first position that a cache must hold of windowed layers to go on behind n tokens, rounded down to a block; 0: there are no windows. */
size_t mote_cache_window_from(const mote_cache_layout *l, size_t n_tokens);
/* Visits the rows of positions from … to - 1 in a fixed order: layer by layer, head by head, keys, then values. from is the beginning of a block and to at most its end. Rows of
 * windowed layers are left out where from is below window_from; others must not lie below c->window_base. Stops at what fn gives unless that is MOTE_OK. */
MOTE_MUST_CHECK mote_status mote_cache_visit_rows(const mote_cache *c, size_t from, size_t to, size_t window_from, mote_cache_piece_fn fn, void *context);
/* Bytes of the rows that such a visit doesn't leave out. */
size_t mote_cache_rows_bytes(const mote_cache_layout *l, size_t from, size_t to, size_t window_from);
/* Visits the states of all recurrent layers, or the copy of them that was saved. */
MOTE_MUST_CHECK mote_status mote_cache_visit_states(const mote_cache *c, bool saved, mote_cache_piece_fn fn, void *context);
size_t mote_cache_states_bytes(const mote_cache_layout *l);
/* Whether elements are numbers that attention can bear in a position that it masks (kernels/attention.h). */
bool mote_cache_is_finite(mote_dtype type, size_t n_lanes, const uint8_t *bytes, size_t n_bytes);

#endif
