/* How much memory was held at most since the last reset, above what was held then: counted allocations under the address sanitizer, the resident set otherwise. */
#ifndef MOTE_FUZZ_HEAP_GAUGE_H
#define MOTE_FUZZ_HEAP_GAUGE_H

#include <stddef.h>

void heap_gauge_install(void); /* once, before threads */
void heap_gauge_reset(void);
size_t heap_gauge_peak_bytes(void);
/* Whether something allocated so far can't be reached any more (then the sanitizer has said what); false without a leak sanitizer. */
int heap_gauge_leaks(void);

#endif
