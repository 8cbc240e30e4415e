/* Adapters in a pass. A x is one more product beside W x, from the same activations in float32; behind the barrier that ends the products, B (A x) is added to their results,
 * panels of rows handed out to the threads. Both halves run through the kernels for all tokens of the pass, so that results don't depend on threads or on how tokens are cut into
 * passes. */
#include "base/error.h"
#include "base/mem.h"
#include "model/decoder_private.h"

#include <string.h>

/* Panels and tokens that are changed at a time; products that share their activations. */
enum { PANELS = 2, ROWS = PANELS * MOTE_PANEL_ROWS, TOKENS = 32, PIECES_A_THREAD = 8, MOST_USERS = 3, MOST_TERMS = MOST_USERS * MOTE_ADAPTERS_MAX };

typedef struct adapter_term {
    int user; /* the product that it changes */
    const mote_adapter_pair *pair;
    float scale;
    const float *gain; /* DoRA: [n_out]; NULL: 1 */
    float *acts;       /* A x: [n_tokens, stride] */
    size_t stride;
} adapter_term;

static size_t pad_k(size_t k) {
    return (k + MOTE_BLOCK - 1) / MOTE_BLOCK * MOTE_BLOCK;
}

size_t mote_decoder_adapter_bytes(const mote_adapter *adapter, size_t n_batch) {
    return MOST_USERS * pad_k(adapter->max_rank) * n_batch * sizeof(float);
}

mote_status mote_decoder_reserve_adapters(mote_decoder *d, const mote_adapter_set *set, mote_error *err) {
    size_t columns = 0;
    for (size_t i = 0; i < set->n; i++)
        columns += MOST_USERS * pad_k(set->adapters[i]->max_rank);
    if (columns <= d->adapter_columns)
        return MOTE_OK;
    size_t n_bytes = d->n_batch * columns * sizeof(float);
    float *memory = mote_mem_alloc_aligned(n_bytes);
    if (!memory)
        return mote_error_alloc(err, n_bytes);
    memset(memory, 0, n_bytes);
    mote_mem_free(d->adapter_acts);
    d->adapter_acts = memory;
    d->adapter_columns = columns;
    return MOTE_OK;
}

void mote_decoder_set_adapters(mote_decoder *d, const mote_adapter_set *set) {
    d->adapters = set;
}

/* What adapters change of the products of `users`; each term has room for A x in d->adapter_acts, in the order of this list. */
static int find_terms(const mote_decoder *d, const mote_packed *const *users, int n_users, adapter_term *terms) {
    int n = 0;
    float *at = d->adapter_acts;
    for (int i = 0; i < n_users && d->adapters && d->adapters->n; i++) {
        mote_slot slot;
        uint32_t layer;
        if (!mote_weights_place_of(&d->model->w, d->model->h.n_layers, users[i], &slot, &layer))
            continue;
        for (size_t j = 0; j < d->adapters->n; j++) {
            const mote_adapter_pair *pair = mote_adapter_find(d->adapters->adapters[j], slot, layer);
            if (!pair)
                continue;
            size_t stride = pad_k(pair->a.n_rows);
            terms[n++] = (adapter_term){.user = i,
                                        .pair = pair,
                                        .scale = d->adapters->scales[j] * pair->scale,
                                        .gain = pair->dora ? d->adapters->gains[j] + pair->first_gain : NULL,
                                        .acts = at,
                                        .stride = stride};
            at += d->n_batch * stride;
        }
    }
    return n;
}

bool mote_decoder_adapter_changes(const mote_decoder *d, const mote_packed *w) {
    adapter_term terms[MOST_TERMS];
    return find_terms(d, &w, 1, terms) > 0;
}

void mote_decoder_adapter_begin(mote_decoder *d, size_t t, const float *x, const mote_packed *const *users, int n_users) {
    adapter_term terms[MOST_TERMS];
    int n = find_terms(d, users, n_users, terms);
    for (int i = 0; i < n; i++) { /* the product with A leaves the padding as it was */
        size_t rank = terms[i].pair->a.n_rows;
        memset(terms[i].acts + t * terms[i].stride + rank, 0, (terms[i].stride - rank) * sizeof(float));
    }
    if (n)
        mote_act_buffer_set(&d->acts, &d->model->kernels, MOTE_ACT_F32, t, x, terms[0].pair->a.k);
}

static inline void change(float *restrict y, const float *restrict delta, size_t n, float scale, const float *restrict gain) {
    if (gain)
        for (size_t i = 0; i < n; i++)
            y[i] = gain[i] * (y[i] + scale * delta[i]);
    else
        for (size_t i = 0; i < n; i++)
            y[i] += scale * delta[i];
}

/* Applies the terms [n] of one product, one behind the other, to its rows first … first + n_rows - 1 for n_tokens tokens: y [n_tokens, y_stride]. */
static void add_rows(const mote_kernels *kernels, const adapter_term *terms, int n, size_t first, size_t n_rows, size_t n_tokens, float *y, size_t y_stride) {
    _Alignas(64) float delta[TOKENS * ROWS];
    for (int i = 0; i < n; i++) {
        const mote_adapter_pair *p = terms[i].pair;
        const float scale = terms[i].scale, *gain = terms[i].gain ? terms[i].gain + first : NULL;
        mote_packed b = p->b;
        mote_acts x = {.kind = MOTE_ACT_F32, .n_tokens = n_tokens, .k = terms[i].stride, .f = terms[i].acts};
        b.data = (uint8_t *)b.data + first / MOTE_PANEL_ROWS * b.panel_bytes;
        b.n_rows = n_rows;
        kernels->matmul(&b, 0, (n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS, &x, delta, ROWS);
        for (size_t t = 0; t < n_tokens; t++) {
            const float *dt = delta + t * ROWS;
            float *out = y + t * y_stride + first;
            if (n_rows == ROWS)
                change(out, dt, ROWS, scale, gain); /* a known length: vectors */
            else
                change(out, dt, n_rows, scale, gain);
        }
    }
}

static void add_terms(mote_decoder *d, const adapter_term *terms, int n, float *const *y, size_t n_tokens) {
    size_t n_groups = 0; /* of PANELS panels, over all products that have terms */
    for (int i = 0; i < n; i++)
        if (i == 0 || terms[i].user != terms[i - 1].user)
            n_groups += (terms[i].pair->b.n_rows + ROWS - 1) / ROWS;
    size_t piece = n_groups / ((size_t)mote_thread_pool_size(d->pool) * PIECES_A_THREAD);
    piece = piece < 1 ? 1 : piece;
    for (size_t at; (at = (size_t)mote_thread_pool_next(d->pool) * piece) < n_groups;) {
        size_t end = at + piece < n_groups ? at + piece : n_groups, base = 0;
        for (int i = 0, next; i < n; i = next) {
            size_t n_rows = terms[i].pair->b.n_rows, groups = (n_rows + ROWS - 1) / ROWS;
            for (next = i + 1; next < n && terms[next].user == terms[i].user;)
                next++;
            for (size_t g = at > base ? at : base; g < end && g < base + groups; g++)
                for (size_t t = 0; t < n_tokens; t += TOKENS) {
                    adapter_term moved[MOTE_ADAPTERS_MAX];
                    size_t first = (g - base) * ROWS;
                    for (int k = i; k < next; k++) {
                        moved[k - i] = terms[k];
                        moved[k - i].acts += t * terms[k].stride;
                    }
                    add_rows(&d->model->kernels, moved, next - i, first, n_rows - first < ROWS ? n_rows - first : ROWS, n_tokens - t < TOKENS ? n_tokens - t : TOKENS,
                             y[terms[i].user] + t * n_rows, n_rows);
                }
            base += groups;
        }
    }
}

void mote_decoder_products(mote_decoder *d, const mote_packed *const *users, float *const *y, int n_users, size_t n_tokens) {
    adapter_term terms[MOST_TERMS];
    mote_product products[MOST_TERMS + MOST_USERS];
    size_t strides[MOST_TERMS + MOST_USERS];
    int n = find_terms(d, users, n_users, terms), n_products = 0;
    for (int i = 0; i < n; i++, n_products++) {
        products[n_products] = (mote_product){&terms[i].pair->a, terms[i].acts};
        strides[n_products] = terms[i].stride;
    }
    for (int i = 0; i < n_users; i++, n_products++) {
        products[n_products] = (mote_product){users[i], y[i]};
        strides[n_products] = users[i]->n_rows;
    }
    mote_product_run_strided(&d->model->kernels, d->pool, products, strides, n_products, &d->acts, 0, n_tokens);
    mote_thread_pool_barrier(d->pool);
    if (n == 0)
        return;
    add_terms(d, terms, n, y, n_tokens);
    mote_thread_pool_barrier(d->pool);
}
