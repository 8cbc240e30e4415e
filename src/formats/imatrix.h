/* Importance matrices: for each matrix of a model the mean square of each of its inputs, measured on a text (llama.cpp's tools/imatrix). Read from GGUF ("NAME.in_sum2" [n_columns,
 * n_matrices] and "NAME.counts" [1, n_matrices or 1], sums and numbers of tokens) or the older .dat form; written as GGUF. */
#ifndef MOTE_FORMATS_IMATRIX_H
#define MOTE_FORMATS_IMATRIX_H

#include "base/str.h"

#include <mote/status.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct mote_imatrix mote_imatrix;

typedef struct mote_imatrix_entry {
    mote_str name;                /* of the model's tensor: "blk.0.ffn_down.weight"; borrowed */
    uint64_t n_values;            /* columns times matrices: a matrix an expert */
    uint64_t n_counts;            /* 1, or one a matrix */
    const uint8_t *sums, *counts; /* float32, little-endian, unaligned; counts NULL: sums are multiples of the means already */
} mote_imatrix_entry;

/* Validates everything: pairs, shapes, types, values finite and not negative. MOTE_ERR_FORMAT names entry or offset; _LIMIT, _IO, _ALLOC as mote_gguf_open. */
MOTE_MUST_CHECK mote_status mote_imatrix_open(const char *path, mote_imatrix **imatrix, mote_error *err);
/* The same over bytes in memory, which must outlive it. */
MOTE_MUST_CHECK mote_status mote_imatrix_open_memory(const uint8_t *data, size_t n_bytes, const char *name, mote_imatrix **imatrix, mote_error *err);
void mote_imatrix_close(mote_imatrix **imatrix);

size_t mote_imatrix_n_entries(const mote_imatrix *m);
const mote_imatrix_entry *mote_imatrix_at(const mote_imatrix *m, size_t i);
const mote_imatrix_entry *mote_imatrix_find(const mote_imatrix *m, mote_str name); /* NULL if absent */
/* The name of the text it was measured on, or empty; the windows of text it has seen, 0 where the file doesn't say. */
mote_str mote_imatrix_dataset(const mote_imatrix *m);
uint32_t mote_imatrix_n_chunks(const mote_imatrix *m);

/* Mean squares of values first … first + n (n <= n_values - first); 1 where a matrix has met no token. */
void mote_imatrix_read(const mote_imatrix_entry *entry, uint64_t first, uint64_t n, float *means);

/* One matrix's sums to write. */
typedef struct mote_imatrix_sums {
    mote_str name;
    uint64_t n_columns, n_matrices;
    const float *sums;   /* [n_matrices, n_columns] */
    const float *counts; /* [n_matrices] */
} mote_imatrix_sums;

/* Entries are written in the order of their names, so that equal sums give equal files. Atomic. */
MOTE_MUST_CHECK mote_status mote_imatrix_write(const char *path, mote_str dataset, uint32_t n_chunks, uint32_t chunk_size, const mote_imatrix_sums *entries, size_t n_entries,
                                               mote_error *err);

#endif
