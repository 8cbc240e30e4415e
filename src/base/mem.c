#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 2 << 20, LARGE_PAGES_FROM = 4 };

void *mote_mem_alloc(size_t n_bytes) {
    return malloc(n_bytes ? n_bytes : 1);
}

void *mote_mem_alloc_array(size_t n, size_t item_bytes) {
    size_t total;
    return __builtin_mul_overflow(n, item_bytes, &total) ? NULL : mote_mem_alloc(total);
}

void *mote_mem_zalloc_array(size_t n, size_t item_bytes) {
    return calloc(n ? n : 1, item_bytes ? item_bytes : 1);
}

void *mote_mem_resize_array(void *p, size_t n, size_t item_bytes) {
    size_t total;
    return __builtin_mul_overflow(n, item_bytes, &total) ? NULL : realloc(p, total ? total : 1);
}

void *mote_mem_alloc_aligned(size_t n_bytes) {
    if (n_bytes > SIZE_MAX - MOTE_MEM_ALIGN)
        return NULL;
    size_t rounded = (n_bytes + MOTE_MEM_ALIGN - 1) / MOTE_MEM_ALIGN * MOTE_MEM_ALIGN;
    return aligned_alloc(MOTE_MEM_ALIGN, rounded ? rounded : MOTE_MEM_ALIGN);
}

void *mote_mem_alloc_large(size_t n_bytes) {
    if (n_bytes > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (n_bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    if (rounded < LARGE_PAGES_FROM * (size_t)LARGE_PAGE)
        return mote_mem_alloc_aligned(n_bytes);
    void *p = aligned_alloc(LARGE_PAGE, rounded);
    if (p)
        (void)madvise(p, rounded, MADV_HUGEPAGE); /* a wish; without it everything works */
    return p;
}

void mote_mem_free(void *p) {
    free(p);
}

char *mote_mem_dup_text(const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = mote_mem_alloc(n);
    if (copy)
        memcpy(copy, text, n);
    return copy;
}
