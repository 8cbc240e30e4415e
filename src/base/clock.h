/* Monotonic time, and the process's peak memory. */
#ifndef MOTE_BASE_CLOCK_H
#define MOTE_BASE_CLOCK_H

#include <stdint.h>

double mote_clock_seconds(void);
uint64_t mote_clock_peak_rss_bytes(void);

#endif
