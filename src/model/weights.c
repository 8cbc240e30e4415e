/* Loading: every matrix is cut into panels that the threads pack side by side into one block of memory. */
#include "model/weights.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernels/blocks.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct job {
    const mote_tensor_view *view;
    mote_packed *target; /* NULL: a vector or a plain table */
    float *floats;       /* its place */
    bool plus_one;
} job;

typedef struct loader {
    const mote_weights_plan *plan;
    const mote_hparams *h;
    bool exact, norm_plus_one;
    uint8_t *next;
    job *jobs;
    size_t n_jobs;
    mote_thread_pool *pool;
    mote_progress_fn progress;
    void *progress_context;
    atomic_bool cancelled, failed;
    uint64_t done_bytes;
} loader;

static uint8_t *take(loader *l, uint64_t n_bytes) {
    uint8_t *p = l->next;
    l->next += (n_bytes + 63) / 64 * 64;
    return p;
}

static void add_matrix(loader *l, mote_slot slot, uint32_t layer, mote_packed *target) {
    const mote_tensor_view *v = mote_weights_plan_view(l->plan, slot, layer);
    if (!v->data)
        return;
    mote_dtype type = l->exact ? MOTE_DTYPE_F32 : v->type;
    *target = (mote_packed){.type = type, .n_rows = (size_t)v->n_rows, .k = (size_t)v->n_columns, .panel_bytes = mote_pack_panel_bytes(type, (size_t)v->n_columns)};
    target->data = take(l, (v->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * target->panel_bytes);
    l->jobs[l->n_jobs++] = (job){.view = v, .target = target};
}

static const float *add_floats(loader *l, mote_slot slot, uint32_t layer, bool plus_one) {
    const mote_tensor_view *v = mote_weights_plan_view(l->plan, slot, layer);
    if (!v->data)
        return NULL;
    float *p = (float *)take(l, v->n_rows * v->n_columns * 4);
    l->jobs[l->n_jobs++] = (job){.view = v, .floats = p, .plus_one = plus_one};
    return p;
}

static bool is_norm(mote_slot slot) {
    switch (slot) {
    case MOTE_SLOT_OUTPUT_NORM:
    case MOTE_SLOT_ATTN_NORM:
    case MOTE_SLOT_Q_NORM:
    case MOTE_SLOT_K_NORM:
    case MOTE_SLOT_POST_ATTN_NORM:
    case MOTE_SLOT_FFN_NORM:
    case MOTE_SLOT_POST_FFN_NORM:
        return true;
    default:
        return false;
    }
}

static bool is_matrix(mote_slot slot) {
    switch (slot) {
    case MOTE_SLOT_TOKEN_EMBD:
    case MOTE_SLOT_OUTPUT:
    case MOTE_SLOT_POSITION_EMBD:
    case MOTE_SLOT_TYPE_EMBD:
    case MOTE_SLOT_Q:
    case MOTE_SLOT_K:
    case MOTE_SLOT_V:
    case MOTE_SLOT_O:
    case MOTE_SLOT_GATE:
    case MOTE_SLOT_UP:
    case MOTE_SLOT_DOWN:
        return true;
    default:
        return false;
    }
}

/* Gives every tensor its place, in the order in which a forward pass reads them. */
static void lay_out(loader *l, mote_weights *w) {
    add_matrix(l, MOTE_SLOT_TOKEN_EMBD, 0, &w->token_embd);
    w->position_embd = add_floats(l, MOTE_SLOT_POSITION_EMBD, 0, false);
    w->type_embd = add_floats(l, MOTE_SLOT_TYPE_EMBD, 0, false);
    for (mote_slot s = 0; s < MOTE_SLOT_ATTN_NORM; s++)
        if (!is_matrix(s))
            w->vectors[s] = add_floats(l, s, 0, l->norm_plus_one && is_norm(s));
    for (uint32_t i = 0; i < l->h->n_layers; i++) {
        mote_layer *layer = &w->layers[i];
        for (mote_slot s = MOTE_SLOT_ATTN_NORM; s < MOTE_SLOT_COUNT; s++)
            if (!is_matrix(s))
                layer->vectors[s] = add_floats(l, s, i, l->norm_plus_one && is_norm(s));
        const struct {
            mote_slot slot;
            mote_packed *target;
        } matrices[] = {{MOTE_SLOT_Q, &layer->q},       {MOTE_SLOT_K, &layer->k},   {MOTE_SLOT_V, &layer->v},      {MOTE_SLOT_O, &layer->o},
                        {MOTE_SLOT_GATE, &layer->gate}, {MOTE_SLOT_UP, &layer->up}, {MOTE_SLOT_DOWN, &layer->down}};
        for (size_t m = 0; m < sizeof matrices / sizeof *matrices; m++)
            add_matrix(l, matrices[m].slot, i, matrices[m].target);
    }
    add_matrix(l, MOTE_SLOT_OUTPUT, 0, &w->output);
    if (!w->output.data)
        w->output = w->token_embd;
}

static void load_floats(const job *j) {
    size_t n = (size_t)(j->view->n_rows * j->view->n_columns);
    mote_blocks_dequantize(j->view->type, j->view->data, j->floats, n);
    for (size_t i = 0; j->plus_one && i < n; i++)
        j->floats[i] += 1;
}

/* One panel; exact: dequantised to float32 first, through `floats` [16 * k]. */
static void pack_one(const job *j, size_t panel, float *floats) {
    const mote_packed *t = j->target;
    size_t row = panel * MOTE_PANEL_ROWS, n_rows = t->n_rows - row < MOTE_PANEL_ROWS ? t->n_rows - row : MOTE_PANEL_ROWS;
    size_t row_bytes = mote_dtype_row_bytes(j->view->type, t->k);
    const uint8_t *src = j->view->data + row * row_bytes;
    uint8_t *dst = (uint8_t *)t->data + panel * t->panel_bytes;
    if (t->type == j->view->type) {
        mote_pack_panel(t->type, src, row_bytes, n_rows, t->k, dst);
        return;
    }
    for (size_t r = 0; r < n_rows; r++)
        mote_blocks_dequantize(j->view->type, src + r * row_bytes, floats + r * t->k, t->k);
    mote_pack_panel(t->type, floats, t->k * 4, n_rows, t->k, dst);
}

static void load_run(void *context, int worker, int n_workers) {
    loader *l = context;
    (void)n_workers;
    size_t max_k = 0;
    for (size_t i = 0; i < l->n_jobs; i++)
        if (l->jobs[i].target && l->jobs[i].target->k > max_k)
            max_k = l->jobs[i].target->k;
    float *floats = l->exact ? mote_mem_alloc_array(max_k, MOTE_PANEL_ROWS * sizeof(float)) : NULL;
    if (l->exact && !floats)
        atomic_store(&l->failed, true);
    for (size_t i = 0; i < l->n_jobs; i++) {
        const job *j = &l->jobs[i];
        if (worker == 0 && l->progress) {
            if (!l->progress(l->progress_context, "loading", (double)l->done_bytes / (double)(l->plan->source_bytes + 1)))
                atomic_store(&l->cancelled, true);
            l->done_bytes += j->view->n_bytes;
        }
        if (!atomic_load(&l->failed) && !atomic_load(&l->cancelled)) {
            if (!j->target && worker == 0)
                load_floats(j);
            size_t n_panels = j->target ? (j->target->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS : 0;
            for (size_t p; (p = (size_t)mote_thread_pool_next(l->pool)) < n_panels;)
                pack_one(j, p, floats);
        }
        mote_thread_pool_barrier(l->pool);
        if (worker == 0)
            mote_file_map_release(j->view->data, (size_t)j->view->n_bytes);
    }
    mote_mem_free(floats);
}

/* Weights are read from end to end for every token: large pages spare the address translation. */
static uint8_t *alloc_weights(uint64_t n_bytes) {
    enum { HUGE_PAGE = 2 << 20 };
    size_t rounded = ((size_t)n_bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    if (n_bytes > SIZE_MAX / 2)
        return NULL;
    if (rounded < 4 * (size_t)HUGE_PAGE)
        return mote_mem_alloc_aligned((size_t)n_bytes);
    uint8_t *p = aligned_alloc(HUGE_PAGE, rounded);
    if (p)
        (void)madvise(p, rounded, MADV_HUGEPAGE); /* a wish; without it everything works */
    return p;
}

mote_status mote_weights_load(const mote_weights_plan *plan, const mote_hparams *h, bool exact, bool norm_plus_one, mote_thread_pool *pool, mote_progress_fn progress,
                              void *progress_context, mote_weights *w, mote_error *err) {
    *w = (mote_weights){.n_bytes = plan->packed_bytes};
    loader l = {.plan = plan, .h = h, .exact = exact, .norm_plus_one = norm_plus_one, .pool = pool, .progress = progress, .progress_context = progress_context};
    w->layers = mote_mem_zalloc_array(h->n_layers, sizeof *w->layers);
    l.jobs = mote_mem_alloc_array(plan->n_views, sizeof *l.jobs);
    w->bytes = alloc_weights(plan->packed_bytes);
    mote_status status = MOTE_OK;
    if (!w->layers || !l.jobs || !w->bytes) {
        status = mote_error_alloc(err, (size_t)plan->packed_bytes);
        goto done;
    }
    l.next = w->bytes;
    lay_out(&l, w);
    mote_thread_pool_run(pool, load_run, &l);
    if (atomic_load(&l.cancelled))
        status = mote_error_set(err, MOTE_ERR_CANCELLED, "loading was cancelled");
    else if (atomic_load(&l.failed))
        status = mote_error_set(err, MOTE_ERR_ALLOC, "out of memory while loading");
done:
    mote_mem_free(l.jobs);
    if (status != MOTE_OK)
        mote_weights_free(w);
    return status;
}

void mote_weights_free(mote_weights *w) {
    mote_mem_free(w->bytes);
    mote_mem_free(w->layers);
    *w = (mote_weights){0};
}
