#include "model/adapter_change.h"

#include "base/error.h"
#include "base/mem.h"

#include <string.h>

enum { ROWS = 32, COLUMNS = 64 };

typedef struct change_term {
    mote_packed a; /* turned around: [n_in, rank] */
    float *b;      /* [n_out, k_padded] */
    size_t k_padded;
    float scale;
    const float *gain; /* DoRA: [n_out]; NULL: 1 */
} change_term;

struct mote_adapter_change {
    const mote_kernels *kernels;
    size_t n_columns, n_terms;
    change_term terms[MOTE_ADAPTERS_MAX];
};

static size_t pad_k(size_t k) {
    return (k + MOTE_BLOCK - 1) / MOTE_BLOCK * MOTE_BLOCK;
}

/* A [rank, n_in] packed as [n_in, rank]; rows: [rank, n_in] floats, panel: [16, rank]. */
static void turn_around(const mote_packed *a, change_term *t, float *rows, float *panel) {
    size_t rank = a->n_rows, n_in = a->k;
    for (size_t k = 0; k < rank; k++)
        mote_pack_get_row(a, k, rows + k * n_in);
    for (size_t first = 0; first < n_in; first += MOTE_PANEL_ROWS) {
        size_t n = n_in - first < MOTE_PANEL_ROWS ? n_in - first : MOTE_PANEL_ROWS;
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < rank; k++)
                panel[i * rank + k] = rows[k * n_in + first + i];
        mote_pack_panel(MOTE_DTYPE_F32, panel, rank * sizeof(float), n, rank, (uint8_t *)t->a.data + first / MOTE_PANEL_ROWS * t->a.panel_bytes);
    }
}

static mote_status add_term(mote_adapter_change *c, const mote_adapter_pair *p, float scale, const float *gains, mote_error *err) {
    size_t rank = p->a.n_rows, n_in = p->a.k, n_out = p->b.n_rows;
    change_term *t = &c->terms[c->n_terms++];
    *t = (change_term){.k_padded = pad_k(rank), .scale = scale * p->scale, .gain = p->dora ? gains + p->first_gain : NULL};
    t->a = (mote_packed){.type = MOTE_DTYPE_F32, .n_rows = n_in, .k = rank, .panel_bytes = mote_pack_panel_bytes(MOTE_DTYPE_F32, rank)};
    size_t a_bytes = (n_in + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * t->a.panel_bytes;
    t->a.data = mote_mem_alloc_aligned(a_bytes);
    t->b = mote_mem_zalloc_array(n_out, t->k_padded * sizeof(float));
    float *rows = mote_mem_alloc_array(rank, (n_in + MOTE_PANEL_ROWS) * sizeof(float));
    mote_status status = MOTE_OK;
    if (!t->a.data || !t->b || !rows) {
        status = mote_error_alloc(err, a_bytes + n_out * t->k_padded * sizeof(float));
        goto done;
    }
    turn_around(&p->a, t, rows, rows + rank * n_in);
    for (size_t r = 0; r < n_out; r++)
        mote_pack_get_row(&p->b, r, t->b + r * t->k_padded);
done:
    mote_mem_free(rows);
    return status;
}

mote_status mote_adapter_change_create(const mote_adapter_set *set, const mote_kernels *kernels, mote_slot slot, uint32_t layer, mote_adapter_change **change, mote_error *err) {
    *change = NULL;
    mote_adapter_change *c = NULL;
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < set->n; i++) {
        const mote_adapter_pair *p = mote_adapter_find(set->adapters[i], slot, layer);
        if (!p)
            continue;
        if (!c && !(c = mote_mem_zalloc_array(1, sizeof *c)))
            return mote_error_alloc(err, sizeof *c);
        c->kernels = kernels;
        c->n_columns = p->a.k;
        MOTE_TRY_DONE(add_term(c, p, set->scales[i], set->gains[i], err));
    }
    *change = c;
    c = NULL;
done:
    mote_adapter_change_free(&c);
    return status;
}

void mote_adapter_change_free(mote_adapter_change **change) {
    mote_adapter_change *c = *change;
    for (size_t i = 0; c && i < c->n_terms; i++) {
        mote_mem_free(c->terms[i].a.data);
        mote_mem_free(c->terms[i].b);
    }
    mote_mem_free(c);
    *change = NULL;
}

/* A term's part of rows [n] and columns from `column` on. */
static void change_tile(const mote_adapter_change *c, const change_term *t, uint64_t first, size_t n, size_t column, float *rows) {
    _Alignas(64) float delta[ROWS * COLUMNS];
    size_t n_columns = c->n_columns - column < COLUMNS ? c->n_columns - column : COLUMNS;
    mote_packed a = t->a;
    mote_acts x = {.kind = MOTE_ACT_F32, .n_tokens = n, .k = t->k_padded, .f = t->b + first * t->k_padded};
    a.data = (uint8_t *)a.data + column / MOTE_PANEL_ROWS * a.panel_bytes;
    a.n_rows = n_columns;
    c->kernels->matmul(&a, 0, (n_columns + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS, &x, delta, COLUMNS);
    for (size_t r = 0; r < n; r++) {
        float *row = rows + r * c->n_columns + column, gain = t->gain ? t->gain[first + r] : 1;
        for (size_t i = 0; i < n_columns; i++)
            row[i] = gain * (row[i] + t->scale * delta[r * COLUMNS + i]);
    }
}

void mote_adapter_change_rows(const mote_adapter_change *c, uint64_t first, uint64_t n, float *rows) {
    for (uint64_t r = 0; r < n; r += ROWS)
        for (size_t i = 0; i < c->n_terms; i++)
            for (size_t column = 0; column < c->n_columns; column += COLUMNS)
                change_tile(c, &c->terms[i], first + r, n - r < ROWS ? n - r : ROWS, column, rows + r * c->n_columns);
}
