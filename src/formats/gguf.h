/* GGUF v2 and v3, read and written (github.com/ggml-org/ggml, docs/gguf.md). A file is mapped; keys and tensor names are validated before anything is allocated
 * from their counts. Split files (-00001-of-0000N.gguf) open as one through any of their parts. */
#ifndef MOTE_FORMATS_GGUF_H
#define MOTE_FORMATS_GGUF_H

#include "base/dtype.h"
#include "base/sha256.h"
#include "base/str.h"

#include <mote/status.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct mote_gguf mote_gguf;

enum { MOTE_GGUF_MAX_DIMS = 4 };

typedef enum mote_gguf_type {
    MOTE_GGUF_U8 = 0,
    MOTE_GGUF_I8,
    MOTE_GGUF_U16,
    MOTE_GGUF_I16,
    MOTE_GGUF_U32,
    MOTE_GGUF_I32,
    MOTE_GGUF_F32,
    MOTE_GGUF_BOOL,
    MOTE_GGUF_STRING,
    MOTE_GGUF_ARRAY,
    MOTE_GGUF_U64,
    MOTE_GGUF_I64,
    MOTE_GGUF_F64
} mote_gguf_type;

typedef struct mote_gguf_value {
    mote_str key;                   /* borrowed from the file */
    mote_gguf_type type, item_type; /* item_type: of an array (no arrays of arrays) */
    uint64_t n_items;               /* of an array */
    const uint8_t *data;            /* little-endian, unaligned; a string, alone or in an array: u64 length + bytes */
    uint64_t n_bytes;               /* of data */
} mote_gguf_value;

typedef struct mote_gguf_tensor {
    mote_str name;
    mote_dtype type;
    int n_dims;
    uint64_t dims[MOTE_GGUF_MAX_DIMS]; /* dims[0] is the innermost (the row's length); the rest 1 */
    const uint8_t *data;               /* borrowed from the mapping */
    uint64_t n_bytes;
} mote_gguf_tensor;

/* path: the file, or any part of a split one. Validates everything (magic, version, counts, types, alignment, offsets, sizes, duplicates).
 * MOTE_ERR_FORMAT with field, tensor or offset; _UNSUPPORTED (version, tensor type: named); _LIMIT; _IO; _NOT_FOUND (a part is missing: named); _ALLOC. */
MOTE_MUST_CHECK mote_status mote_gguf_open(const char *path, mote_gguf **gguf, mote_error *err);
/* The same over bytes in memory, which must outlive it (fuzzing, tests); split files are refused. */
MOTE_MUST_CHECK mote_status mote_gguf_open_memory(const uint8_t *data, size_t n_bytes, const char *name, mote_gguf **gguf, mote_error *err);
void mote_gguf_close(mote_gguf **gguf);

/* Adds what tells this file from any other, and from what it was before it was written again: the identity and the header of each part. */
void mote_gguf_hash_identity(const mote_gguf *g, mote_sha256 *sha);
uint32_t mote_gguf_version(const mote_gguf *g);
size_t mote_gguf_n_values(const mote_gguf *g);
const mote_gguf_value *mote_gguf_value_at(const mote_gguf *g, size_t i);
const mote_gguf_value *mote_gguf_find(const mote_gguf *g, const char *key); /* NULL if absent */
size_t mote_gguf_n_tensors(const mote_gguf *g);
const mote_gguf_tensor *mote_gguf_tensor_at(const mote_gguf *g, size_t i);
const mote_gguf_tensor *mote_gguf_find_tensor(const mote_gguf *g, const char *name);

/* Typed reading: any integer type whose value fits is taken. *out keeps its value when the key is absent and `required` is false.
 * MOTE_ERR_FORMAT names the key when it is required and absent, of another type, or out of range. */
MOTE_MUST_CHECK mote_status mote_gguf_get_u32(const mote_gguf *g, const char *key, bool required, uint32_t *out, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_get_u64(const mote_gguf *g, const char *key, bool required, uint64_t *out, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_get_f32(const mote_gguf *g, const char *key, bool required, float *out, mote_error *err); /* f32, f64, integers; finite */
MOTE_MUST_CHECK mote_status mote_gguf_get_bool(const mote_gguf *g, const char *key, bool required, bool *out, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_get_string(const mote_gguf *g, const char *key, bool required, mote_str *out, mote_error *err);
/* The i-th item of an array of integers (any integer type) or floats; false if the value has another type or no such item. */
bool mote_gguf_item_integer(const mote_gguf_value *v, uint64_t i, int64_t *out);
bool mote_gguf_item_float(const mote_gguf_value *v, uint64_t i, float *out);
/* Likewise of an array of bools, or of integers: other than 0 is true. */
bool mote_gguf_item_bool(const mote_gguf_value *v, uint64_t i, bool *out);
/* Walks an array of strings: *cursor starts at 0. False at the end or if it is no array of strings. */
bool mote_gguf_next_string(const mote_gguf_value *v, uint64_t *cursor, mote_str *out);

/* Writing. Keys and tensor headers are declared first, then _begin_data, then each tensor's bytes in the order declared. Atomic: nothing is visible until _finish.
 * After a failure only _discard makes sense. general.alignment is declared before tensors, if at all. A name used twice: MOTE_ERR_ARGUMENT from _begin_data. */
typedef struct mote_gguf_writer mote_gguf_writer;
MOTE_MUST_CHECK mote_status mote_gguf_writer_create(const char *path, mote_gguf_writer **w, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_u32(mote_gguf_writer *w, const char *key, uint32_t v, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_f32(mote_gguf_writer *w, const char *key, float v, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_bool(mote_gguf_writer *w, const char *key, bool v, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_string(mote_gguf_writer *w, const char *key, mote_str v, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_strings(mote_gguf_writer *w, const char *key, const mote_str *v, size_t n, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_array(mote_gguf_writer *w, const char *key, mote_gguf_type item_type, const void *items, size_t n, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_copy(mote_gguf_writer *w, const mote_gguf_value *v, mote_error *err); /* a value of another file, as it is */
MOTE_MUST_CHECK mote_status mote_gguf_writer_tensor(mote_gguf_writer *w, mote_str name, mote_dtype type, int n_dims, const uint64_t *dims, mote_error *err);
MOTE_MUST_CHECK mote_status mote_gguf_writer_begin_data(mote_gguf_writer *w, mote_error *err);
/* The next piece of the current tensor; pieces of a tensor add up to its size, padding between tensors is written by itself. */
MOTE_MUST_CHECK mote_status mote_gguf_writer_data(mote_gguf_writer *w, const void *data, size_t n_bytes, mote_error *err);
/* Both free and null. _finish fails (and nothing becomes visible) when tensor bytes are missing. */
MOTE_MUST_CHECK mote_status mote_gguf_writer_finish(mote_gguf_writer **w, mote_error *err);
void mote_gguf_writer_discard(mote_gguf_writer **w);

#endif
