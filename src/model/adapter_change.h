/* What a set of adapters makes of a matrix itself, for writing merged models: rows of W in, rows of the changed matrix out. The sums B A go through the kernels, with A turned
 * around. */
#ifndef MOTE_MODEL_ADAPTER_CHANGE_H
#define MOTE_MODEL_ADAPTER_CHANGE_H

#include "model/adapter.h"

typedef struct mote_adapter_change mote_adapter_change;

/* *change is NULL where the set leaves the matrix alone. Borrows the set and the kernels. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_adapter_change_create(const mote_adapter_set *set, const mote_kernels *kernels, mote_slot slot, uint32_t layer, mote_adapter_change **change,
                                                       mote_error *err);
void mote_adapter_change_free(mote_adapter_change **change);
/* Rows first … first + n - 1 of W, in place: rows [n, n_in]. From any thread. */
void mote_adapter_change_rows(const mote_adapter_change *c, uint64_t first, uint64_t n, float *rows);

#endif
