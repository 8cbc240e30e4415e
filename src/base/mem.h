/* The one way the library gets memory: checked products, cache-line alignment for tensors. All of them return NULL on failure
 * or when the product overflows. Memory is plain malloc memory (free with mote_mem_free). */
#ifndef MOTE_BASE_MEM_H
#define MOTE_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#define MOTE_MEM_ALIGN 64

void *mote_mem_alloc(size_t n_bytes);
void *mote_mem_alloc_array(size_t n, size_t item_bytes);
void *mote_mem_zalloc_array(size_t n, size_t item_bytes);
void *mote_mem_resize_array(void *p, size_t n, size_t item_bytes); /* p stays valid on failure */
void *mote_mem_alloc_aligned(size_t n_bytes);                      /* MOTE_MEM_ALIGN */
void *mote_mem_alloc_large(size_t n_bytes);                        /* the same; on large pages, where it holds some and the system has them: for what is read from end to end */
void mote_mem_free(void *p);
/* The first aligned address (MOTE_MEM_ALIGN) of memory that is MOTE_MEM_ALIGN longer than what is wanted: large zeroed memory has no pages until they are used, and one that is
 * aligned and cleared by hand has them all. */
static inline void *mote_mem_align(void *p) {
    return (uint8_t *)p + (MOTE_MEM_ALIGN - (uintptr_t)p % MOTE_MEM_ALIGN) % MOTE_MEM_ALIGN;
}
char *mote_mem_dup_text(const char *text); /* NUL-terminated copy */

#endif
