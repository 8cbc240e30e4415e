/* The decoder's threads call the observer in any order, so adding there would let the order of a sum depend on them. Instead each input row is kept where its token says; between
 * two passes the rows are added, token after token, and the room is used again. So sums depend neither on threads nor on how many tokens a pass has. */
#include "learn/importance_rows.h"

#include "base/error.h"
#include "base/mem.h"
#include "model/decoder.h"

#include <string.h>

enum {
    ROWS_BYTES = 96 << 20, /* for a pass; the models that fit a laptop then take some 50 to 500 tokens at a time */
    MOST_BATCH = 512
};

/* The inputs that are watched; slots that share one are summed once. */
typedef enum input { INPUT_QKV, INPUT_O, INPUT_GATE_UP, INPUT_DOWN, INPUT_ROUTER, INPUT_EXPERTS, INPUT_EXPERTS_DOWN, INPUT_MIXER_IN, INPUT_MIXER_OUT, INPUT_COUNT } input;

typedef struct watched {
    mote_importance_sums sums;
    size_t n_rows;    /* of a pass at most */
    float *rows;      /* [n_rows, n_columns] */
    int32_t *matrix;  /* [n_rows]: which of the matrices a row entered; -1: none */
    mote_slot leader; /* the one slot whose calls are taken */
} watched;

struct mote_importance_rows {
    const mote_model *model;
    watched *inputs; /* [n_layers][INPUT_COUNT], then the output */
    size_t n_inputs;
    uint32_t *expert_places; /* [matrices of experts / experts]: layer * 3 + place in the layer */
};

static int input_of(mote_slot slot) {
    switch (slot) {
    case MOTE_SLOT_Q:
    case MOTE_SLOT_K:
    case MOTE_SLOT_V:
        return INPUT_QKV;
    case MOTE_SLOT_O:
        return INPUT_O;
    case MOTE_SLOT_GATE:
    case MOTE_SLOT_UP:
        return INPUT_GATE_UP;
    case MOTE_SLOT_DOWN:
        return INPUT_DOWN;
    case MOTE_SLOT_ROUTER:
        return INPUT_ROUTER;
    case MOTE_SLOT_EXPERTS_GATE:
    case MOTE_SLOT_EXPERTS_UP:
        return INPUT_EXPERTS;
    case MOTE_SLOT_EXPERTS_DOWN:
        return INPUT_EXPERTS_DOWN;
    case MOTE_SLOT_MIXER_IN:
        return INPUT_MIXER_IN;
    case MOTE_SLOT_MIXER_OUT:
        return INPUT_MIXER_OUT;
    default:
        return INPUT_COUNT;
    }
}

/* The matrix of a slot; of experts the first one's. NULL: there is none. */
static const mote_packed *matrix_of(const mote_model *m, mote_slot slot, uint32_t layer) {
    const mote_layer *l = &m->w.layers[layer];
    bool is_expert = slot == MOTE_SLOT_EXPERTS_GATE || slot == MOTE_SLOT_EXPERTS_UP || slot == MOTE_SLOT_EXPERTS_DOWN;
    const mote_packed *w = is_expert ? l->experts[slot - MOTE_SLOT_EXPERTS_GATE] : &l->m[slot];
    return w && w->data ? w : NULL;
}

static uint64_t bytes_per_token(const mote_model *m) {
    uint64_t n_floats = 0;
    for (uint32_t l = 0; l < m->h.n_layers; l++) {
        bool seen[INPUT_COUNT + 1] = {false};
        for (int s = MOTE_SLOT_ATTN_NORM; s < MOTE_SLOT_COUNT; s++) {
            int in = input_of((mote_slot)s);
            const mote_packed *w = in < INPUT_COUNT && !seen[in] ? matrix_of(m, (mote_slot)s, l) : NULL;
            if (!w)
                continue;
            seen[in] = true;
            n_floats += w->k * (in == INPUT_EXPERTS || in == INPUT_EXPERTS_DOWN ? m->h.experts.n_used : 1);
        }
    }
    return n_floats * sizeof(float);
}

size_t mote_importance_rows_batch(const mote_model *model, bool with_output) {
    uint64_t one = bytes_per_token(model) + 1, n = ROWS_BYTES / one;
    (void)with_output; /* its few rows don't count */
    return n < 1 ? 1 : n > MOST_BATCH ? MOST_BATCH : (size_t)n;
}

static mote_status watch(watched *w, mote_slot slot, uint64_t n_columns, uint64_t n_matrices, size_t n_rows, mote_error *err) {
    if (w->rows)
        return MOTE_OK;
    *w = (watched){.sums = {n_columns, n_matrices, mote_mem_zalloc_array(n_matrices * n_columns, sizeof(double)), mote_mem_zalloc_array(n_matrices, sizeof(uint64_t))},
                   .n_rows = n_rows,
                   .rows = mote_mem_alloc_array(n_rows * n_columns, sizeof(float)),
                   .matrix = mote_mem_alloc_array(n_rows, sizeof(int32_t)),
                   .leader = slot};
    if (!w->sums.sums || !w->sums.counts || !w->rows || !w->matrix)
        return mote_error_alloc(err, n_rows * n_columns * sizeof(float));
    for (size_t i = 0; i < n_rows; i++)
        w->matrix[i] = -1;
    return MOTE_OK;
}

static mote_status watch_layer(mote_importance_rows *r, uint32_t l, size_t n_batch, mote_error *err) {
    const mote_model *m = r->model;
    for (int s = MOTE_SLOT_ATTN_NORM; s < MOTE_SLOT_COUNT; s++) {
        int in = input_of((mote_slot)s);
        const mote_packed *w = in < INPUT_COUNT ? matrix_of(m, (mote_slot)s, l) : NULL;
        bool is_expert = in == INPUT_EXPERTS || in == INPUT_EXPERTS_DOWN;
        if (!w)
            continue;
        if (is_expert)
            r->expert_places[(size_t)(w - m->w.experts) / m->h.experts.n] = l * 3 + (uint32_t)(s - MOTE_SLOT_EXPERTS_GATE);
        MOTE_TRY(watch(&r->inputs[l * INPUT_COUNT + (size_t)in], (mote_slot)s, w->k, is_expert ? m->h.experts.n : 1, n_batch * (is_expert ? m->h.experts.n_used : 1), err));
    }
    return MOTE_OK;
}

mote_status mote_importance_rows_create(const mote_model *model, size_t n_batch, bool with_output, mote_importance_rows **rows, mote_error *err) {
    size_t n_layers = model->h.n_layers;
    mote_status status = MOTE_OK;
    mote_importance_rows *r = *rows = mote_mem_zalloc_array(1, sizeof *r);
    if (!r)
        return mote_error_alloc(err, sizeof *r);
    r->model = model;
    r->n_inputs = n_layers * INPUT_COUNT + 1;
    r->inputs = mote_mem_zalloc_array(r->n_inputs, sizeof *r->inputs);
    r->expert_places = mote_mem_zalloc_array(n_layers * 3, sizeof *r->expert_places);
    if (!r->inputs || !r->expert_places) {
        status = mote_error_alloc(err, r->n_inputs * sizeof *r->inputs);
        goto done;
    }
    for (uint32_t l = 0; l < n_layers; l++)
        MOTE_TRY_DONE(watch_layer(r, l, n_batch, err));
    if (with_output)
        MOTE_TRY_DONE(watch(&r->inputs[n_layers * INPUT_COUNT], MOTE_SLOT_OUTPUT, model->w.output.k, 1, MOTE_DECODER_LOGIT_ROWS, err));
done:
    if (status != MOTE_OK)
        mote_importance_rows_free(rows);
    return status;
}

void mote_importance_rows_free(mote_importance_rows **rows) {
    mote_importance_rows *r = *rows;
    if (!r)
        return;
    for (size_t i = 0; r->inputs && i < r->n_inputs; i++) {
        mote_mem_free(r->inputs[i].sums.sums);
        mote_mem_free(r->inputs[i].sums.counts);
        mote_mem_free(r->inputs[i].rows);
        mote_mem_free(r->inputs[i].matrix);
    }
    mote_mem_free(r->inputs);
    mote_mem_free(r->expert_places);
    mote_mem_free(r);
    *rows = NULL;
}

/* Which input of which layer a product's matrix has, and which of the matrices with that input it is. NULL: not watched, or another slot of the same input is. */
static watched *find(mote_importance_rows *r, const mote_packed *w, int32_t *matrix) {
    const mote_model *m = r->model;
    mote_slot slot;
    uint32_t layer;
    *matrix = 0;
    if (mote_weights_place_of(&m->w, m->h.n_layers, w, &slot, &layer)) {
        int in = input_of(slot);
        watched *output = &r->inputs[m->h.n_layers * INPUT_COUNT], *found = slot == MOTE_SLOT_OUTPUT ? output
                                                                            : in < INPUT_COUNT       ? &r->inputs[layer * INPUT_COUNT + (size_t)in]
                                                                                                     : NULL;
        return found && found->rows && found->leader == slot ? found : NULL;
    }
    if (m->h.experts.n == 0)
        return NULL;
    size_t index = (size_t)(w - m->w.experts);
    uint32_t place = r->expert_places[index / m->h.experts.n];
    slot = (mote_slot)(MOTE_SLOT_EXPERTS_GATE + place % 3);
    watched *found = &r->inputs[place / 3 * INPUT_COUNT + (size_t)input_of(slot)];
    *matrix = (int32_t)(index % m->h.experts.n);
    return found->leader == slot ? found : NULL;
}

void mote_importance_rows_observe(void *context, const mote_packed *w, size_t t, const float *x) {
    int32_t matrix;
    watched *found = find(context, w, &matrix);
    if (!found || t >= found->n_rows)
        return;
    memcpy(found->rows + t * found->sums.n_columns, x, found->sums.n_columns * sizeof *x);
    found->matrix[t] = matrix;
}

static void add_row(watched *w, size_t t) {
    if (w->matrix[t] < 0)
        return;
    uint64_t n = w->sums.n_columns;
    const float *x = w->rows + t * n;
    double *sums = w->sums.sums + (uint64_t)w->matrix[t] * n;
    for (uint64_t i = 0; i < n; i++)
        sums[i] += (double)x[i] * (double)x[i];
    w->sums.counts[w->matrix[t]]++;
    w->matrix[t] = -1;
}

typedef struct adding {
    mote_importance_rows *rows;
    mote_thread_pool *pool;
} adding;

static void add_inputs(void *context, int worker, int n_workers) {
    const adding *a = context;
    (void)worker;
    (void)n_workers;
    for (size_t i; (i = (size_t)mote_thread_pool_next(a->pool)) + 1 < a->rows->n_inputs;) {
        watched *w = &a->rows->inputs[i];
        for (size_t t = 0; t < w->n_rows; t++)
            add_row(w, t);
    }
}

void mote_importance_rows_add(mote_importance_rows *rows, mote_thread_pool *pool) {
    adding a = {rows, pool};
    mote_thread_pool_run(pool, add_inputs, &a);
}

void mote_importance_rows_add_output(mote_importance_rows *rows, size_t t) {
    add_row(&rows->inputs[rows->n_inputs - 1], t);
}

const mote_importance_sums *mote_importance_rows_of(const mote_importance_rows *rows, mote_slot slot, uint32_t layer) {
    int in = input_of(slot);
    const watched *w = slot == MOTE_SLOT_OUTPUT ? &rows->inputs[rows->n_inputs - 1] : in < INPUT_COUNT ? &rows->inputs[layer * INPUT_COUNT + (size_t)in] : NULL;
    if (!w || !w->rows || (slot != MOTE_SLOT_OUTPUT && !matrix_of(rows->model, slot, layer)))
        return NULL;
    return &w->sums;
}
