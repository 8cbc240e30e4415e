/* Builds safetensors files in memory for tests: tensors in the order of their data, well-formed as long as the caller's shapes are. */
#ifndef MOTE_TESTS_SAFETENSORS_BYTES_H
#define MOTE_TESTS_SAFETENSORS_BYTES_H

#include "base/buffer.h"
#include "formats/safetensors.h"

#include <stdio.h>

typedef struct st_builder {
    mote_buffer header, data, file;
} st_builder;

static inline void st_must(mote_status status) {
    if (status != MOTE_OK)
        __builtin_trap();
}

static inline void st_begin(st_builder *b) {
    mote_buffer_init(&b->header, 1 << 20);
    mote_buffer_init(&b->data, 1 << 24);
    mote_buffer_init(&b->file, 1 << 25);
}

static inline void st_add(st_builder *b, const char *name, const char *dtype, const char *shape, const void *data, size_t n_bytes) {
    st_must(mote_buffer_appendf(&b->header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[%s],\"data_offsets\":[%zu,%zu]}", b->header.len ? "," : "{", name, dtype, shape, b->data.len,
                                b->data.len + n_bytes));
    st_must(mote_buffer_append(&b->data, data, n_bytes));
}

/* The file's bytes; they live as long as the builder. */
static inline mote_str st_finish(st_builder *b) {
    st_must(mote_buffer_append_text(&b->header, b->header.len ? "}" : "{}"));
    uint64_t n = b->header.len;
    mote_buffer_clear(&b->file);
    st_must(mote_buffer_append(&b->file, &n, 8));
    st_must(mote_buffer_append_str(&b->file, mote_buffer_str(&b->header)));
    st_must(mote_buffer_append_str(&b->file, mote_buffer_str(&b->data)));
    return mote_buffer_str(&b->file);
}

static inline void st_end(st_builder *b) {
    mote_buffer_deinit(&b->header);
    mote_buffer_deinit(&b->data);
    mote_buffer_deinit(&b->file);
}

#endif
