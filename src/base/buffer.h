/* A growable byte buffer that demands a maximum: outside input can never grow it without bound. The bytes are always followed by a NUL
 * that is not counted. After a failed call the contents are as before. */
#ifndef MOTE_BASE_BUFFER_H
#define MOTE_BASE_BUFFER_H

#include "base/str.h"

#include <mote/status.h>

typedef struct mote_buffer {
    char *data; /* NULL until the first byte */
    size_t len, capacity, max_bytes;
} mote_buffer;

void mote_buffer_init(mote_buffer *b, size_t max_bytes);
void mote_buffer_deinit(mote_buffer *b);
void mote_buffer_clear(mote_buffer *b); /* keeps the memory */
/* MOTE_ERR_LIMIT past max_bytes, MOTE_ERR_ALLOC without memory. */
MOTE_MUST_CHECK mote_status mote_buffer_reserve(mote_buffer *b, size_t more_bytes);
MOTE_MUST_CHECK mote_status mote_buffer_append(mote_buffer *b, const void *data, size_t len_bytes);
MOTE_MUST_CHECK mote_status mote_buffer_append_str(mote_buffer *b, mote_str s);
MOTE_MUST_CHECK mote_status mote_buffer_append_text(mote_buffer *b, const char *text);
MOTE_MUST_CHECK mote_status mote_buffer_append_char(mote_buffer *b, char c);
MOTE_MUST_CHECK mote_status mote_buffer_appendf(mote_buffer *b, const char *fmt, ...) MOTE_PRINTF(2, 3);
/* Hands the bytes over (free with mote_mem_free); the buffer is empty afterwards. NULL only when memory for an empty text is missing. */
char *mote_buffer_take(mote_buffer *b);
static inline mote_str mote_buffer_str(const mote_buffer *b) {
    return (mote_str){b->len ? b->data : "", b->len};
}

#endif
