/* A task is some whole rows; a row goes through float32 in pieces, since a row can be as long as the file. Rows are independent of each other, so threads change nothing. */
#include "learn/quantize_rows.h"

#include "kernels/blocks.h"

#include <math.h>
#include <stdatomic.h>

/* The least magnitude that F16 rounds to infinity. */
static const float half_limit = 65520.0f;

typedef struct row_run {
    mote_thread_pool *pool;
    const mote_kernels *kernels;
    const mote_quantize_rows *rows;
    uint64_t rows_per_task;
    atomic_uint_fast64_t first_bad; /* row * 2 + (an overflow); the least */
} row_run;

static mote_quantize_fault find_fault(mote_dtype to, const float *x, size_t n) {
    mote_quantize_fault fault = MOTE_QUANTIZE_FINE;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return MOTE_QUANTIZE_NOT_FINITE;
        if (to == MOTE_DTYPE_F16 && fabsf(x[i]) >= half_limit)
            fault = MOTE_QUANTIZE_OVERFLOW;
    }
    return fault;
}

/* Weights x of a row from `first` on; how many. */
static uint64_t read_piece(const mote_quantize_rows *r, uint64_t row, uint64_t first, float x[MOTE_QUANTIZE_PIECE]) {
    const uint8_t *src = r->src + row * mote_dtype_row_bytes(r->from, r->n_columns);
    uint64_t n = r->n_columns - first < MOTE_QUANTIZE_PIECE ? r->n_columns - first : MOTE_QUANTIZE_PIECE;
    (void)mote_blocks_dequantize(r->from, src + mote_dtype_row_bytes(r->from, first), x, n); /* types are checked before */
    return n;
}

/* Summed in the order of columns, as llama.cpp does. */
static float mean_square(const mote_quantize_rows *r, uint64_t row, float x[MOTE_QUANTIZE_PIECE]) {
    float sum = 0;
    for (uint64_t first = 0; first < r->n_columns; first += MOTE_QUANTIZE_PIECE) {
        uint64_t n = read_piece(r, row, first, x);
        for (uint64_t i = 0; i < n; i++)
            sum += x[i] * x[i];
    }
    return sum / (float)r->n_columns;
}

static mote_quantize_fault quantize_row(const mote_kernels *kernels, const mote_quantize_rows *r, uint64_t row) {
    float x[MOTE_QUANTIZE_PIECE];
    uint8_t *dst = r->dst + row * mote_dtype_row_bytes(r->to, r->n_columns);
    mote_quantize_fault worst = MOTE_QUANTIZE_FINE;
    mote_blocks_importance importance = {.row_mean_square = r->importance && mote_blocks_weighs_by_row(r->to) ? mean_square(r, row, x) : 0};
    for (uint64_t first = 0; first < r->n_columns; first += MOTE_QUANTIZE_PIECE) {
        uint64_t n = read_piece(r, row, first, x);
        mote_quantize_fault fault = find_fault(r->to, x, n);
        if (fault == MOTE_QUANTIZE_NOT_FINITE)
            return fault;
        worst = fault != MOTE_QUANTIZE_FINE ? fault : worst;
        importance.of = r->importance ? r->importance + first : NULL;
        (void)kernels->quantize(r->to, x, dst + mote_dtype_row_bytes(r->to, first), n, r->importance ? &importance : NULL);
    }
    return worst;
}

static void note_fault(row_run *run, uint64_t row, mote_quantize_fault fault) {
    uint_fast64_t mine = row * 2 + (fault == MOTE_QUANTIZE_OVERFLOW), least = atomic_load(&run->first_bad);
    while (mine < least && !atomic_compare_exchange_weak(&run->first_bad, &least, mine))
        ;
}

static void work(void *context, int worker, int n_workers) {
    row_run *run = context;
    const mote_quantize_rows *r = run->rows;
    (void)worker;
    (void)n_workers;
    for (uint64_t task; (task = (uint64_t)mote_thread_pool_next(run->pool)) * run->rows_per_task < r->n_rows;) {
        uint64_t first = task * run->rows_per_task, last = r->n_rows - first < run->rows_per_task ? r->n_rows : first + run->rows_per_task;
        for (uint64_t row = first; row < last; row++) {
            mote_quantize_fault fault = quantize_row(run->kernels, r, row);
            if (fault != MOTE_QUANTIZE_FINE)
                note_fault(run, row, fault);
        }
    }
}

mote_quantize_fault mote_quantize_rows_run(mote_thread_pool *pool, const mote_kernels *kernels, const mote_quantize_rows *rows, uint64_t *bad_row) {
    row_run run = {.pool = pool, .kernels = kernels, .rows = rows, .rows_per_task = rows->n_columns < MOTE_QUANTIZE_TASK ? MOTE_QUANTIZE_TASK / rows->n_columns : 1};
    atomic_store(&run.first_bad, UINT64_MAX);
    mote_thread_pool_run(pool, work, &run);
    uint64_t bad = atomic_load(&run.first_bad);
    if (bad == UINT64_MAX)
        return MOTE_QUANTIZE_FINE;
    *bad_row = bad / 2;
    return bad % 2 ? MOTE_QUANTIZE_OVERFLOW : MOTE_QUANTIZE_NOT_FINITE;
}
