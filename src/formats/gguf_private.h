/* What the files of the GGUF reader share: the open file, its limits, and little-endian loads. */
#ifndef MOTE_FORMATS_GGUF_PRIVATE_H
#define MOTE_FORMATS_GGUF_PRIVATE_H

#include "base/file.h"
#include "formats/gguf.h"
#include "formats/name_index.h"

/* Bounds of what a file may announce. Real files have below 100 keys and below 10,000 tensors. */
enum {
    MOTE_GGUF_MAX_VALUES = 1 << 16,
    MOTE_GGUF_MAX_TENSORS = 1 << 16,
    MOTE_GGUF_MAX_KEY_BYTES = 65535,         /* the specification's */
    MOTE_GGUF_MAX_ALL_KEYS_BYTES = 16 << 20, /* keeps sorting long keys with long common beginnings short */
    MOTE_GGUF_MAX_NAME_BYTES = 255,          /* of a tensor; the specification has 64 */
    MOTE_GGUF_MAX_HEADER_BYTES = 48 << 20,   /* keys and tensor list; three times the largest published one */
    MOTE_GGUF_MAX_STRINGS = 1 << 22,         /* in one array: each is visited once; vocabularies and merges stay below 600,000 */
    MOTE_GGUF_DEFAULT_ALIGNMENT = 32,
    MOTE_GGUF_MIN_ALIGNMENT = 8,
    MOTE_GGUF_MAX_ALIGNMENT = 1 << 16,
    MOTE_GGUF_VERSION = 3
};

/* A file. Its keys and tensor list are read from a copy, never from the mapping: whoever overwrites the file meanwhile can't change a length between its check and its use. */
typedef struct mote_gguf_part {
    mote_file_map map; /* empty over memory */
    uint8_t *header;
    uint64_t header_bytes;
} mote_gguf_part;

struct mote_gguf {
    char *path; /* for messages */
    mote_gguf_part *parts;
    size_t n_parts;
    uint32_t version;
    mote_gguf_value *values;
    size_t n_values;
    mote_name_index keys;
    mote_gguf_tensor *tensors;
    size_t n_tensors;
    mote_name_index names;
};

/* gguf_parse.c: copies the header of a whole file's bytes, and fills version, values, tensors and their indexes from the copy. On failure what is there is the caller's to free. */
MOTE_MUST_CHECK mote_status mote_gguf_parse(mote_gguf *g, const uint8_t *data, size_t n_bytes, mote_gguf_part *part, mote_error *err);
/* Bytes of one item; 0 for strings, arrays and unknown numbers. */
size_t mote_gguf_parse_item_bytes(mote_gguf_type type);
const char *mote_gguf_parse_type_name(mote_gguf_type type);
MOTE_MUST_CHECK mote_status mote_gguf_parse_check_alignment(const mote_gguf_value *v, uint64_t *alignment, mote_error *err);

/* gguf.c: one file, mapped and parsed, whether it is a part or not. */
MOTE_MUST_CHECK mote_status mote_gguf_open_part(const char *path, mote_gguf **gguf, mote_error *err);

/* gguf_split.c: whether the file announces more parts than itself. */
MOTE_MUST_CHECK mote_status mote_gguf_split_count(const mote_gguf *g, uint32_t *n_parts, mote_error *err);
/* Replaces a part by the whole: opens the other parts beside it and joins them. On failure *gguf is the part still. */
MOTE_MUST_CHECK mote_status mote_gguf_split_join(mote_gguf **gguf, uint32_t n_parts, mote_error *err);

static inline uint64_t mote_gguf_load(const uint8_t *p, size_t n_bytes) {
    uint64_t x = 0;
    for (size_t i = 0; i < n_bytes; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

#endif
