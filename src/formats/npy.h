/* NumPy's .npy format, version 1.0 written, 1.0 to 3.0 read; float32, little-endian, C order (numpy.org/doc/stable/reference/generated/numpy.lib.format.html). */
#ifndef MOTE_FORMATS_NPY_H
#define MOTE_FORMATS_NPY_H

#include <mote/status.h>

#include <stdint.h>

enum { MOTE_NPY_MAX_DIMS = 4 };

typedef struct mote_npy_writer mote_npy_writer;
/* A float32 array [n_rows, n_columns], rows written one after another; atomic as base/file. */
MOTE_MUST_CHECK mote_status mote_npy_writer_create(const char *path, uint64_t n_rows, uint64_t n_columns, mote_npy_writer **w, mote_error *err);
MOTE_MUST_CHECK mote_status mote_npy_writer_row(mote_npy_writer *w, const float *row, mote_error *err);
/* Both free and null. _finish fails when rows are missing. */
MOTE_MUST_CHECK mote_status mote_npy_writer_finish(mote_npy_writer **w, mote_error *err);
void mote_npy_writer_discard(mote_npy_writer **w);

/* Reads a whole float32 array of up to 4 dimensions (those it has not are 1); *data: free with mote_mem_free. MOTE_ERR_FORMAT, _UNSUPPORTED (another
 * element type or order: named), _IO, _NOT_FOUND, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_npy_read(const char *path, float **data, uint64_t dims[4], int *n_dims, mote_error *err);
/* The same from bytes in memory; messages have no path. */
MOTE_MUST_CHECK mote_status mote_npy_read_memory(const uint8_t *bytes, size_t n_bytes, float **data, uint64_t dims[4], int *n_dims, mote_error *err);

#endif
