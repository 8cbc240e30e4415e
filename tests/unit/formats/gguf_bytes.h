/* Builds GGUF files in memory for tests, well-formed or not: numbers go out as told. */
#ifndef MOTE_TESTS_GGUF_BYTES_H
#define MOTE_TESTS_GGUF_BYTES_H

#include "base/buffer.h"
#include "formats/gguf.h"

static inline void put_bytes(mote_buffer *b, const void *data, size_t n) {
    if (mote_buffer_append(b, data, n) != MOTE_OK)
        __builtin_trap();
}

/* Little-endian. */
static inline void put(mote_buffer *b, uint64_t x, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; i++)
        put_bytes(b, &(uint8_t){(uint8_t)(x >> (8 * i))}, 1);
}

static inline void put_text(mote_buffer *b, const char *text) {
    put(b, strlen(text), 8);
    put_bytes(b, text, strlen(text));
}

static inline void put_head(mote_buffer *b, uint32_t version, uint64_t n_tensors, uint64_t n_values) {
    mote_buffer_clear(b);
    put_bytes(b, "GGUF", 4);
    put(b, version, 4);
    put(b, n_tensors, 8);
    put(b, n_values, 8);
}

static inline void put_key(mote_buffer *b, const char *key, uint32_t type) {
    put_text(b, key);
    put(b, type, 4);
}

static inline void put_tensor(mote_buffer *b, const char *name, uint32_t n_dims, const uint64_t *dims, uint32_t type, uint64_t offset) {
    put_text(b, name);
    put(b, n_dims, 4);
    for (uint32_t i = 0; i < n_dims; i++)
        put(b, dims[i], 8);
    put(b, type, 4);
    put(b, offset, 8);
}

static inline void put_padding(mote_buffer *b, size_t alignment) {
    while (b->len % alignment != 0)
        put(b, 0, 1);
}

#endif
