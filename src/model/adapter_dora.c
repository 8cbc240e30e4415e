/* DoRA (Liu et al. 2024, arXiv 2402.09353): row r of the changed matrix is magnitude[r] * v / |v| with v = w + c b A, where w and b are rows of W and B. The norm is
 *
 *     |v|^2 = |w|^2 + 2 c b . (A w) + c^2 b . (A A') b
 *
 * so that A is multiplied with rows of W by the kernels, and no product of A and B is ever laid out. */
#include "base/error.h"
#include "base/mem.h"
#include "model/adapter.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

enum { ROWS = 16 /* of W at a time */ };

typedef struct dora_job {
    mote_adapter_pair *pair;
    const mote_adapter_base *base;
    mote_thread_pool *pool;
    float *gram;    /* A A' [rank, rank] */
    float *scratch; /* [n_threads][scratch_len] */
    size_t scratch_len, k_padded;
} dora_job;

static size_t pad_k(size_t k) {
    return (k + MOTE_BLOCK - 1) / MOTE_BLOCK * MOTE_BLOCK;
}

/* y [n, rank] = rows [n, k_padded] of floats times A. */
static void times_a(const dora_job *j, const float *rows, size_t n, float *y) {
    const mote_packed *a = &j->pair->a;
    mote_acts x = {.kind = MOTE_ACT_F32, .n_tokens = n, .k = j->k_padded, .f = rows};
    j->base->kernels->matmul(a, 0, (a->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS, &x, y, a->n_rows);
}

static void read_base_row(const dora_job *j, size_t r, float *out) {
    const mote_adapter_pair *p = j->pair;
    const mote_weights *w = j->base->weights;
    if (w)
        mote_pack_get_row(p->slot == MOTE_SLOT_OUTPUT ? &w->output : &w->layers[p->layer].m[p->slot], r, out);
    else
        mote_tensor_view_read(mote_weights_plan_view(j->base->plan, p->slot, p->layer), r, 1, out);
    memset(out + p->a.k, 0, (j->k_padded - p->a.k) * sizeof *out);
}

static void rows_run(void *context, int worker, int n_workers) {
    const dora_job *j = context;
    const mote_adapter_pair *p = j->pair;
    size_t rank = p->a.n_rows, n_rows = p->b.n_rows;
    float *rows = j->scratch + (size_t)worker * j->scratch_len, *aw = rows + ROWS * j->k_padded, *b = aw + ROWS * rank;
    (void)n_workers;
    for (size_t first; (first = (size_t)mote_thread_pool_next(j->pool) * ROWS) < n_rows;) {
        size_t n = n_rows - first < ROWS ? n_rows - first : ROWS;
        for (size_t r = 0; r < n; r++)
            read_base_row(j, first + r, rows + r * j->k_padded);
        times_a(j, rows, n, aw);
        for (size_t r = 0; r < n; r++) {
            double own = 0, mixed = 0, added = 0, c = p->scale;
            float *out = p->dora + (first + r) * MOTE_ADAPTER_DORA;
            const float *w = rows + r * j->k_padded;
            for (size_t i = 0; i < p->a.k; i++)
                own += (double)w[i] * w[i];
            mote_pack_get_row(&p->b, first + r, b);
            for (size_t i = 0; i < rank; i++) {
                double sum = 0;
                for (size_t q = 0; q < rank; q++)
                    sum += (double)j->gram[i * rank + q] * b[q];
                added += sum * b[i];
                mixed += (double)aw[r * rank + i] * b[i];
            }
            out[MOTE_ADAPTER_OWN] = (float)own;
            out[MOTE_ADAPTER_MIXED] = (float)(2 * c * mixed);
            out[MOTE_ADAPTER_ADDED] = (float)(c * c * added);
        }
    }
}

mote_status mote_adapter_dora_measure(mote_adapter_pair *pair, const mote_adapter_base *base, mote_thread_pool *pool, mote_error *err) {
    size_t rank = pair->a.n_rows, n_threads = (size_t)mote_thread_pool_size(pool);
    dora_job j = {.pair = pair, .base = base, .pool = pool, .k_padded = pad_k(pair->a.k)};
    j.scratch_len = ROWS * j.k_padded + ROWS * rank + pad_k(rank);
    size_t scratch_len = n_threads * j.scratch_len, rows_len = rank * j.k_padded;
    j.gram = mote_mem_alloc_array(rank * rank, sizeof(float));
    j.scratch = mote_mem_alloc_array(scratch_len > rows_len ? scratch_len : rows_len, sizeof(float));
    mote_status status = MOTE_OK;
    if (!j.gram || !j.scratch) {
        status = mote_error_alloc(err, scratch_len * sizeof(float));
        goto done;
    }
    for (size_t r = 0; r < rank; r++) {
        float *row = j.scratch + r * j.k_padded;
        mote_pack_get_row(&pair->a, r, row);
        memset(row + pair->a.k, 0, (j.k_padded - pair->a.k) * sizeof *row);
    }
    times_a(&j, j.scratch, rank, j.gram);
    mote_thread_pool_run(pool, rows_run, &j);
done:
    mote_mem_free(j.gram);
    mote_mem_free(j.scratch);
    return status;
}

mote_status mote_adapter_dora_gains(const mote_adapter *a, float scale, float *gains, mote_error *err) {
    for (size_t i = 0; i < a->n_pairs; i++) {
        const mote_adapter_pair *p = &a->pairs[i];
        for (size_t r = 0; p->dora && r < p->b.n_rows; r++) {
            const float *row = p->dora + r * MOTE_ADAPTER_DORA;
            double s = scale, square = row[MOTE_ADAPTER_OWN] + s * row[MOTE_ADAPTER_MIXED] + s * s * row[MOTE_ADAPTER_ADDED];
            /* A row of zeros stays one, whatever its magnitude. */
            float gain = square > 0 ? (float)(row[MOTE_ADAPTER_MAGNITUDE] / sqrt(square)) : 0;
            if (!isfinite(square) || !isfinite(gain))
                return mote_error_set(err, MOTE_ERR_FORMAT, "adapter: the magnitude of a row over its norm is not finite (matrix %zu, row %zu)", i, r);
            gains[p->first_gain + r] = gain;
        }
    }
    return MOTE_OK;
}
