#include "base/arena.h"

#include "base/mem.h"

#include <stdint.h>

enum { ALIGN = 16, FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20 };

struct mote_arena_chunk {
    mote_arena_chunk *next;
    size_t len, capacity;
    _Alignas(ALIGN) unsigned char bytes[];
};

void mote_arena_init(mote_arena *a, size_t max_bytes) {
    *a = (mote_arena){.max_bytes = max_bytes};
}

void mote_arena_deinit(mote_arena *a) {
    for (mote_arena_chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        mote_mem_free(c);
    }
    mote_arena_init(a, a->max_bytes);
}

void *mote_arena_alloc(mote_arena *a, size_t n_bytes) {
    if (n_bytes > SIZE_MAX / 4)
        return NULL;
    size_t n = (n_bytes + ALIGN - 1) / ALIGN * ALIGN;
    mote_arena_chunk *c = a->chunks;
    if (!c || c->capacity - c->len < n) {
        size_t capacity = c ? c->capacity * 2 : FIRST_CHUNK;
        if (capacity > LARGEST_CHUNK)
            capacity = LARGEST_CHUNK;
        if (capacity < n)
            capacity = n;
        size_t total = sizeof *c + capacity;
        if (total > a->max_bytes - a->used_bytes) {
            total = sizeof *c + n;
            capacity = n;
            if (total > a->max_bytes - a->used_bytes)
                return NULL;
        }
        c = mote_mem_alloc(total);
        if (!c)
            return NULL;
        c->len = 0;
        c->capacity = capacity;
        c->next = a->chunks;
        a->chunks = c;
        a->used_bytes += total;
    }
    void *p = c->bytes + c->len;
    c->len += n;
    return p;
}

void *mote_arena_zalloc_array(mote_arena *a, size_t n, size_t item_bytes) {
    size_t total;
    if (__builtin_mul_overflow(n, item_bytes, &total))
        return NULL;
    void *p = mote_arena_alloc(a, total);
    if (p)
        memset(p, 0, total);
    return p;
}

char *mote_arena_dup(mote_arena *a, const void *data, size_t len_bytes) {
    if (len_bytes == SIZE_MAX)
        return NULL;
    char *p = mote_arena_alloc(a, len_bytes + 1);
    if (p) {
        if (len_bytes)
            memcpy(p, data, len_bytes);
        p[len_bytes] = 0;
    }
    return p;
}
