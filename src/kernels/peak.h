/* The machine's own limits, measured: what the best instruction of a CPU level can do, and how fast memory is read. Used by `mote bench` to say what share of them is reached. */
#ifndef MOTE_KERNELS_PEAK_H
#define MOTE_KERNELS_PEAK_H

#include "base/cpu.h"

#include <stddef.h>
#include <stdint.h>

/* Executes about n_rounds * 1,024 multiply-accumulates of int8 in registers (two operations each), as one thread; returns the operations done. *sink keeps the work from being
 * dropped. */
uint64_t mote_peak_int8(mote_cpu_level level, uint64_t n_rounds, uint32_t *sink);
/* Reads n_bytes (a multiple of 64) once, as one thread. */
void mote_peak_read(mote_cpu_level level, const uint8_t *data, size_t n_bytes, uint32_t *sink);

/* The parts for wider registers, built with their own flags; only called where the CPU has them. */
#if defined(__x86_64__)
uint64_t mote_peak_int8_avx2(uint64_t n_rounds, uint32_t *sink);
uint64_t mote_peak_int8_avxvnni(uint64_t n_rounds, uint32_t *sink);
uint64_t mote_peak_int8_avx512vnni(uint64_t n_rounds, uint32_t *sink);
void mote_peak_read_avx2(const uint8_t *data, size_t n_bytes, uint32_t *sink);
void mote_peak_read_avx512(const uint8_t *data, size_t n_bytes, uint32_t *sink);
#endif

#endif
