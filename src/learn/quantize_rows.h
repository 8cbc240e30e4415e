/* Rows of one tensor from one element type to another, by all threads. */
#ifndef MOTE_LEARN_QUANTIZE_ROWS_H
#define MOTE_LEARN_QUANTIZE_ROWS_H

#include "base/dtype.h"
#include "base/thread_pool.h"
#include "kernels/kernels.h"

#include <stdint.h>

enum {
    /* Weights that a thread turns to float32 at a time: a multiple of every block, small enough for the first-level caches. */
    MOTE_QUANTIZE_PIECE = 2048,
    /* Weights that a thread takes at a time. */
    MOTE_QUANTIZE_TASK = 16384
};

typedef struct mote_quantize_rows {
    mote_dtype from, to;
    uint64_t n_columns; /* a multiple of both types' blocks */
    uint64_t n_rows;
    const uint8_t *src;
    uint8_t *dst;
    const float *importance; /* [n_columns], or NULL */
} mote_quantize_rows;

typedef enum mote_quantize_fault { MOTE_QUANTIZE_FINE, MOTE_QUANTIZE_NOT_FINITE, MOTE_QUANTIZE_OVERFLOW /* no F16 */ } mote_quantize_fault;

/* *bad_row: the first row with a fault, whatever the number of threads. */
mote_quantize_fault mote_quantize_rows_run(mote_thread_pool *pool, const mote_kernels *kernels, const mote_quantize_rows *rows, uint64_t *bad_row);

#endif
