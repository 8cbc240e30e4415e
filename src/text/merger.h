/* Merging neighbours in the order of a priority, the core of both byte-pair encodings.
 *
 * The symbols of a text form a doubly linked list inside an array indexed by byte offset: the symbol that starts at byte i is symbols[i], the next one starts
 * at i + len. Candidates wait in a 4-ary heap; one whose neighbours changed meanwhile is recognised by its length and dropped. O(n log n) in the bytes. */
#ifndef MOTE_TEXT_MERGER_H
#define MOTE_TEXT_MERGER_H

#include <mote/status.h>

#include <stddef.h>
#include <stdint.h>

typedef struct mote_merger_symbol {
    uint32_t prev; /* offset of the symbol before; UINT32_MAX: none */
    uint32_t len;  /* bytes; 0: swallowed by a symbol before */
    int32_t id;    /* token; -1: none */
} mote_merger_symbol;

typedef struct mote_merger_candidate {
    uint64_t key; /* priority << 32 | offset of the left symbol; the least first, so equal priorities go from left to right */
    uint32_t len; /* of both together */
    int32_t id;   /* of the merged token */
} mote_merger_candidate;

/* Whether two neighbours may become one token: its id, and its priority (less is sooner). */
typedef int (*mote_merger_rule)(const void *model, const uint8_t *text, const mote_merger_symbol *left, const mote_merger_symbol *right, size_t at, uint32_t *priority,
                                int32_t *id);

typedef struct mote_merger {
    mote_merger_symbol *symbols;
    mote_merger_candidate *heap;
    size_t symbols_capacity, heap_capacity, heap_len;
} mote_merger;

void mote_merger_deinit(mote_merger *m);
/* symbols for a text of len bytes (to be filled by the caller from the first byte on). */
MOTE_MUST_CHECK mote_status mote_merger_reserve(mote_merger *m, size_t len);
/* Merges until no rule applies. */
MOTE_MUST_CHECK mote_status mote_merger_run(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model);

#endif
