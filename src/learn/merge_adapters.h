/* The adapters of a merge, bound to the model on disk. */
#ifndef MOTE_LEARN_MERGE_ADAPTERS_H
#define MOTE_LEARN_MERGE_ADAPTERS_H

#include "model/adapter_change.h"
#include "model/source.h"

typedef struct mote_merge_adapters {
    mote_kernels kernels;
    const mote_hparams *h;
    const mote_weights_plan *plan;
    mote_adapter *adapters[MOTE_ADAPTERS_MAX];
    size_t n;
    mote_adapter_set set;
} mote_merge_adapters;

/* Borrows source and plan. Errors as mote_adapter_open; MOTE_ERR_UNSUPPORTED for a change of a head that is the embedding. */
MOTE_MUST_CHECK mote_status mote_merge_adapters_open(const mote_source *source, const mote_weights_plan *plan, const char *const *paths, const float *scales, size_t n,
                                                     int n_threads, mote_merge_adapters *m, mote_error *err);
void mote_merge_adapters_close(mote_merge_adapters *m);

/* What becomes of the matrix that a view of the plan is; NULL: it stays. */
MOTE_MUST_CHECK mote_status mote_merge_adapters_find(const mote_merge_adapters *m, const mote_tensor_view *view, mote_adapter_change **change, mote_error *err);
/* The i-th view of the plan whose rows lie in these bytes of the source; NULL: no more. */
const mote_tensor_view *mote_merge_adapters_view_in(const mote_merge_adapters *m, const uint8_t *data, uint64_t n_bytes, size_t i);

#endif
