/* The one way the library gets memory: checked products, cache-line alignment for tensors. All of them return NULL on failure
 * or when the product overflows. Memory is plain malloc memory (free with mote_mem_free). */
#ifndef MOTE_BASE_MEM_H
#define MOTE_BASE_MEM_H

#include <stddef.h>

#define MOTE_MEM_ALIGN 64

void *mote_mem_alloc(size_t n_bytes);
void *mote_mem_alloc_array(size_t n, size_t item_bytes);
void *mote_mem_zalloc_array(size_t n, size_t item_bytes);
void *mote_mem_resize_array(void *p, size_t n, size_t item_bytes); /* p stays valid on failure */
void *mote_mem_alloc_aligned(size_t n_bytes);                      /* MOTE_MEM_ALIGN */
void *mote_mem_alloc_large(size_t n_bytes);                        /* the same; on large pages, where it holds some and the system has them: for what is read from end to end */
void mote_mem_free(void *p);
char *mote_mem_dup_text(const char *text); /* NUL-terminated copy */

#endif
