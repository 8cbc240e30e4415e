/* Files of packed weights: what a model's matrices became for the kernels, kept so that the next start maps them. They are written and read on one machine only, and hold nothing
 * that the model's own files don't.
 *
 *     "MOTEPANL"  u32 version  u32 number of items
 *     key [32]  SHA-256 of the model's file or zeros [32]  u64 bytes of the body  u64 sum of the body
 *     items: u64 offset in the body, u64 bytes, u64 type (MOTE_DTYPE_*)
 *     SHA-256 of all before it [32]
 *     zeros up to MOTE_PANELS_BODY_AT: the body
 *
 * Numbers are little-endian. The header is proved by its hash each time the file is opened. The body is proved when it is written and by mote_panels_check only, since reading it
 * costs what the file is to save: whoever changes it changes numbers, as whoever changes the model's file does. */
#ifndef MOTE_FORMATS_PANELS_H
#define MOTE_FORMATS_PANELS_H

#include <mote/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MOTE_PANELS_KEY_BYTES = 32,
    MOTE_PANELS_BODY_AT = 2 << 20, /* where a large page can begin */
    MOTE_PANELS_PIECE_BYTES = 4 << 20,
    MOTE_PANELS_MAX_ITEMS = 60000 /* their list fits before the body; 128 experts in 150 layers */
};

typedef struct mote_panels_item {
    uint64_t offset, n_bytes, type;
} mote_panels_item;

typedef struct mote_panels {
    uint8_t key[MOTE_PANELS_KEY_BYTES];
    uint8_t source_sha256[32]; /* of the model's one file; zeros: not known */
    uint64_t body_bytes, body_sum;
    mote_panels_item *items; /* [n_items], in the order of their offsets */
    size_t n_items;
} mote_panels;

/* Bytes of the header of so many items; what a reader has to read before it knows. */
size_t mote_panels_header_bytes(size_t n_items);
/* Writes mote_panels_header_bytes(p->n_items). */
void mote_panels_write_header(const mote_panels *p, uint8_t *out);
/* Reads the header of a file of file_bytes, whose first n_bytes are at data. On success items is the caller's (mote_mem_free). MOTE_ERR_FORMAT (what is wrong), _UNSUPPORTED
 * (version), _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_panels_parse(const uint8_t *data, size_t n_bytes, uint64_t file_bytes, mote_panels *p, mote_error *err);
/* The body's sum: starts as 0 and takes pieces of MOTE_PANELS_PIECE_BYTES, of which the last may be shorter. */
uint64_t mote_panels_sum(uint64_t sum, const uint8_t *data, size_t n_bytes);
/* Reads a whole file and its body. Errors as _parse and mote_file_map_open. */
MOTE_MUST_CHECK mote_status mote_panels_check(const char *path, mote_error *err);

#endif
