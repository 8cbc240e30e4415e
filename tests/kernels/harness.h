/* The kernel test program: every instruction set of this machine against the C reference, bit for bit, and timings (--bench). */
#ifndef MOTE_TESTS_KERNELS_HARNESS_H
#define MOTE_TESTS_KERNELS_HARNESS_H

#include "base/mem.h"
#include "base/rng.h"
#include "kernels/kernels.h"

#include <stdio.h>
#include <stdlib.h>

/* The types a matrix can have, with a name. */
extern const mote_dtype HARNESS_TYPES[];
extern const size_t HARNESS_N_TYPES;

typedef struct harness_options {
    const char *level; /* only this one, or NULL */
    const char *type;  /* likewise */
    int n_threads;     /* of the timings; 0: one, then two */
} harness_options;

/* A matrix of random packed weights; free with harness_free_matrix. is_extreme: numbers are all ones or all zero bits. */
mote_packed harness_make_matrix(mote_dtype type, size_t n_rows, size_t k, uint64_t *rng, bool is_extreme);
void harness_free_matrix(mote_packed *w);
/* Activations of the kind the matrix needs, n_tokens rows, at an address that is a multiple of 4 only when is_unaligned. is_extreme: all +-127. */
mote_acts harness_make_acts(const mote_packed *w, size_t n_tokens, uint64_t *rng, bool is_extreme);
void harness_free_acts(mote_acts *x);
void *harness_alloc(size_t n_bytes);
uint64_t harness_random(uint64_t *state);
float harness_random_float(uint64_t *state); /* -1..1 */

/* Each returns the number of failures. */
int check_matmul(const mote_kernels *c, const mote_kernels *k, const harness_options *options, uint64_t seed);
int check_blocks(const mote_kernels *c, const mote_kernels *k, const harness_options *options, uint64_t seed);
int check_quantize(const mote_kernels *c, const mote_kernels *k, const harness_options *options, uint64_t seed);
void bench_matmul(const mote_kernels *k, const harness_options *options);
void bench_read(int n_threads);

#endif
