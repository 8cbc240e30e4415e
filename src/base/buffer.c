#include "base/buffer.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

void mote_buffer_init(mote_buffer *b, size_t max_bytes) {
    *b = (mote_buffer){.max_bytes = max_bytes};
}

void mote_buffer_deinit(mote_buffer *b) {
    mote_mem_free(b->data);
    *b = (mote_buffer){.max_bytes = b->max_bytes};
}

void mote_buffer_clear(mote_buffer *b) {
    b->len = 0;
    if (b->data)
        b->data[0] = 0;
}

mote_status mote_buffer_reserve(mote_buffer *b, size_t more_bytes) {
    if (more_bytes > b->max_bytes - b->len || b->max_bytes >= SIZE_MAX / 2)
        return MOTE_ERR_LIMIT;
    size_t need = b->len + more_bytes + 1;
    if (need <= b->capacity)
        return MOTE_OK;
    size_t capacity = b->capacity ? b->capacity : need > 64 ? need : 64; /* what is reserved first may be all there is */
    while (capacity < need)
        capacity *= 2;
    char *data = mote_mem_resize_array(b->data, capacity, 1);
    if (!data)
        return MOTE_ERR_ALLOC;
    b->data = data;
    b->capacity = capacity;
    b->data[b->len] = 0;
    return MOTE_OK;
}

mote_status mote_buffer_append(mote_buffer *b, const void *data, size_t len_bytes) {
    mote_status status = mote_buffer_reserve(b, len_bytes);
    if (status != MOTE_OK)
        return status;
    if (len_bytes)
        memcpy(b->data + b->len, data, len_bytes);
    b->len += len_bytes;
    b->data[b->len] = 0;
    return MOTE_OK;
}

mote_status mote_buffer_append_str(mote_buffer *b, mote_str s) {
    return mote_buffer_append(b, s.data, s.len);
}

mote_status mote_buffer_append_text(mote_buffer *b, const char *text) {
    return mote_buffer_append(b, text, strlen(text));
}

mote_status mote_buffer_append_char(mote_buffer *b, char c) {
    return mote_buffer_append(b, &c, 1);
}

mote_status mote_buffer_appendf(mote_buffer *b, const char *fmt, ...) {
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    mote_status status = n < 0 ? MOTE_ERR_FAILED : mote_buffer_reserve(b, (size_t)n);
    if (status == MOTE_OK) {
        vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    return status;
}

char *mote_buffer_take(mote_buffer *b) {
    if (!b->data && mote_buffer_reserve(b, 0) != MOTE_OK)
        return NULL;
    char *data = b->data;
    *b = (mote_buffer){.max_bytes = b->max_bytes};
    return data;
}
