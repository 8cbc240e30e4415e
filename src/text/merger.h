/* Merging neighbours in the order of a priority, the core of both byte-pair encodings.
 *
 * The symbols of a text form a doubly linked list inside an array indexed by byte offset: the symbol that starts at byte i is symbols[i], the next one starts
 * at i + len. Candidates wait in a 4-ary heap; one whose neighbours changed meanwhile is recognised by its length and dropped. In a long text they wait in
 * buckets of equal priority instead, each sorted by position when its turn comes, so that memory is walked in order: a heap of a megabyte's candidates would
 * miss the cache at every level. O(n log n) in the bytes either way, with the same result. */
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

/* Candidates of a long text that wait in buckets: lists inside one array. */
typedef struct mote_merger_waiting {
    uint32_t at, len, next;
    int32_t id;
} mote_merger_waiting;

typedef struct mote_merger_bucket {
    uint32_t priority, head;
    uint32_t used;
} mote_merger_bucket;

typedef struct mote_merger {
    mote_merger_symbol *symbols;
    mote_merger_candidate *heap;
    size_t symbols_capacity, heap_capacity, heap_len;
    mote_merger_waiting *waiting;
    size_t waiting_capacity, waiting_len;
    uint32_t free_waiting;
    mote_merger_bucket *buckets; /* a hash table by priority */
    size_t n_slots, n_buckets;
    uint32_t *order; /* a binary heap of the priorities that have candidates */
    size_t order_len;
    mote_merger_candidate *active, *sorted; /* the bucket whose turn it is */
    size_t active_capacity;
} mote_merger;

/* Texts from this length on use buckets. */
enum { MOTE_MERGER_LONG = 512 };

void mote_merger_deinit(mote_merger *m);
/* symbols for a text of len bytes (to be filled by the caller from the first byte on). */
MOTE_MUST_CHECK mote_status mote_merger_reserve(mote_merger *m, size_t len);
/* Room for all candidates that a text of len bytes, shorter than MOTE_MERGER_LONG, can have. */
MOTE_MUST_CHECK mote_status mote_merger_reserve_candidates(mote_merger *m, size_t len);
/* Merges until no rule applies. */
MOTE_MUST_CHECK mote_status mote_merger_run(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model);
/* The two ways of waiting; _run chooses by length. (merger.c, merger_buckets.c) */
MOTE_MUST_CHECK mote_status mote_merger_run_heap(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model);
MOTE_MUST_CHECK mote_status mote_merger_run_buckets(mote_merger *m, const uint8_t *text, size_t len, mote_merger_rule rule, const void *model);

/* Shared by both. The heap's least candidate; appending to it; joining a candidate's symbols: 0 if they are not what they were. */
mote_merger_candidate mote_merger_pop(mote_merger *m);
MOTE_MUST_CHECK mote_status mote_merger_push(mote_merger *m, mote_merger_candidate c);
int mote_merger_join(mote_merger *m, const mote_merger_candidate *c, size_t len);

#endif
