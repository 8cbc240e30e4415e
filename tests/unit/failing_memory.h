/* base/mem.h for a test that wants allocations to fail: the linker takes these functions instead of the library's. To be included once in a test program. */
#ifndef MOTE_TESTS_FAILING_MEMORY_H
#define MOTE_TESTS_FAILING_MEMORY_H

#include "base/mem.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static atomic_long n_calls, fail_at, n_live; /* the call with number fail_at fails; 0: none */
static atomic_bool persistent;               /* and all after it */

static bool fails(void) {
    long call = ++n_calls;
    return fail_at > 0 && (call == fail_at || (persistent && call > fail_at));
}

void *mote_mem_alloc(size_t n_bytes) {
    void *p = fails() ? NULL : malloc(n_bytes ? n_bytes : 1);
    n_live += p != NULL;
    return p;
}

void *mote_mem_alloc_array(size_t n, size_t item_bytes) {
    size_t total;
    return __builtin_mul_overflow(n, item_bytes, &total) ? NULL : mote_mem_alloc(total);
}

void *mote_mem_zalloc_array(size_t n, size_t item_bytes) {
    void *p = mote_mem_alloc_array(n, item_bytes);
    if (p)
        memset(p, 0, n * item_bytes);
    return p;
}

void *mote_mem_resize_array(void *p, size_t n, size_t item_bytes) {
    size_t total = n * item_bytes;
    void *q = fails() ? NULL : realloc(p, total > 0 ? total : 1);
    n_live += q && !p;
    return q;
}

void *mote_mem_alloc_aligned(size_t n_bytes) {
    void *p = fails() ? NULL : aligned_alloc(MOTE_MEM_ALIGN, (n_bytes + MOTE_MEM_ALIGN - 1) / MOTE_MEM_ALIGN * MOTE_MEM_ALIGN);
    n_live += p != NULL;
    return p;
}

void *mote_mem_alloc_large(size_t n_bytes) {
    return mote_mem_alloc_aligned(n_bytes);
}

void mote_mem_free(void *p) {
    n_live -= p != NULL;
    free(p);
}

char *mote_mem_dup_text(const char *text) {
    size_t n = strlen(text) + 1;
    char *copy = mote_mem_alloc(n);
    return copy ? memcpy(copy, text, n) : NULL;
}

#endif
