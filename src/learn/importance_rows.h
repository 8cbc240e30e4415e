/* What enters the products of a model, summed up: for each matrix (each expert's too) the sum of squares of each input, and how many inputs there were. */
#ifndef MOTE_LEARN_IMPORTANCE_ROWS_H
#define MOTE_LEARN_IMPORTANCE_ROWS_H

#include "base/thread_pool.h"
#include "model/loaded.h"

typedef struct mote_importance_rows mote_importance_rows;

/* Sums of matrices with one input: queries, keys and values, say. */
typedef struct mote_importance_sums {
    uint64_t n_columns, n_matrices; /* n_matrices: 1, or the number of experts */
    double *sums;                   /* [n_matrices, n_columns] */
    uint64_t *counts;               /* [n_matrices] */
} mote_importance_sums;

/* Tokens of a pass whose inputs fit into a bounded memory; at least 1. */
size_t mote_importance_rows_batch(const mote_model *model, bool with_output);
/* Borrows the model. MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_importance_rows_create(const mote_model *model, size_t n_batch, bool with_output, mote_importance_rows **rows, mote_error *err);
void mote_importance_rows_free(mote_importance_rows **rows);

/* A mote_decoder_observe_fn; context is a mote_importance_rows. */
void mote_importance_rows_observe(void *context, const mote_packed *w, size_t t, const float *x);
/* Between passes: adds what was observed, in the order of tokens. */
void mote_importance_rows_add(mote_importance_rows *rows, mote_thread_pool *pool);
/* The same for one row of what entered the output. */
void mote_importance_rows_add_output(mote_importance_rows *rows, size_t t);

/* NULL: this layer has no such matrix, or it is not watched. */
const mote_importance_sums *mote_importance_rows_of(const mote_importance_rows *rows, mote_slot slot, uint32_t layer);

#endif
