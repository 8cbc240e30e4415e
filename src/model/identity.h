/* What tells one loaded model or adapter from another, whatever file it came from and however its matrices are packed: a number made of what it computes with. It finds mistakes;
 * it is no signature. */
#ifndef MOTE_MODEL_IDENTITY_H
#define MOTE_MODEL_IDENTITY_H

#include "model/adapter.h"
#include "model/loaded.h"

/* Shape, scales, rotation, all norms and biases, and rows of each matrix: a model that was trained further, quantised otherwise or merged with an adapter is another one.
 * MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_identity_of_model(const mote_model *m, uint64_t *identity, mote_error *err);
/* Rows of each of its matrices, and what scales them. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_identity_of_adapter(const mote_adapter *a, uint64_t *identity, mote_error *err);

#endif
