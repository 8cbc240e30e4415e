/* Loading: every matrix is cut into panels that the threads pack side by side into one block of memory, or the whole block comes from the cache. */
#include "model/weights.h"

#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernels/blocks.h"
#include "model/weights_cache.h"

#include <stdatomic.h>
#include <string.h>

typedef struct job {
    const mote_tensor_view *view;
    mote_packed *target; /* NULL: a vector or a plain table */
    float *floats;       /* its place */
    mote_slot_kind kind;
    bool plus_one;
} job;

typedef struct loader {
    const mote_weights_plan *plan;
    const mote_hparams *h;
    bool norm_plus_one;
    uint8_t *next;
    job *jobs;
    size_t n_jobs;
    mote_packed *next_expert;
    mote_panels_item *items; /* [n_jobs]: where each lies */
    size_t n_items;
    mote_thread_pool *pool;
    mote_progress_fn progress;
    void *progress_context;
    atomic_bool cancelled, failed;
    uint64_t done_bytes;
} loader;

enum {
    FLOATS_PER_LINE = 16,
    RELEASE_PANELS = 16 /* about a megabyte of the source */
};

static uint8_t *take(loader *l, uint64_t n_bytes) {
    uint8_t *p = l->next;
    l->next += (n_bytes + 63) / 64 * 64;
    return p;
}

static void add_matrix(loader *l, const mote_tensor_view *v, mote_packed *target) {
    if (!v->data)
        return;
    *target =
        (mote_packed){.type = v->packed_type, .n_rows = (size_t)v->n_rows, .k = (size_t)v->n_columns, .panel_bytes = mote_pack_panel_bytes(v->packed_type, (size_t)v->n_columns)};
    target->data = take(l, (v->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * target->panel_bytes);
    l->jobs[l->n_jobs++] = (job){.view = v, .target = target};
}

static const float *add_floats(loader *l, mote_slot slot, uint32_t layer) {
    const mote_tensor_view *v = mote_weights_plan_view(l->plan, slot, layer);
    if (!v->data)
        return NULL;
    float *p = (float *)take(l, v->n_rows * v->n_columns * 4);
    l->jobs[l->n_jobs++] = (job){.view = v, .floats = p, .kind = mote_slot_kind_of(slot), .plus_one = l->norm_plus_one && mote_slot_kind_of(slot) == MOTE_SLOT_KIND_NORM};
    return p;
}

static void add_experts(loader *l, mote_slot slot, uint32_t layer, mote_packed **experts) {
    if (!l->h->layers[layer].has_experts)
        return;
    *experts = l->next_expert;
    l->next_expert += l->h->experts.n;
    for (uint32_t e = 0; e < l->h->experts.n; e++)
        add_matrix(l, mote_weights_plan_expert(l->plan, slot, layer, e), &(*experts)[e]);
}

/* Gives every tensor its place, in the order in which a forward pass reads them. */
static void lay_out(loader *l, mote_weights *w) {
    add_matrix(l, mote_weights_plan_view(l->plan, MOTE_SLOT_TOKEN_EMBD, 0), &w->token_embd);
    for (mote_slot s = 0; s < MOTE_SLOT_ATTN_NORM; s++)
        if (mote_slot_kind_of(s) != MOTE_SLOT_KIND_MATRIX)
            w->vectors[s] = add_floats(l, s, 0);
    for (uint32_t i = 0; i < l->h->n_layers; i++) {
        mote_layer *layer = &w->layers[i];
        for (mote_slot s = MOTE_SLOT_ATTN_NORM; s < MOTE_SLOT_COUNT; s++) {
            mote_slot_kind kind = mote_slot_kind_of(s);
            if (kind == MOTE_SLOT_KIND_MATRIX)
                add_matrix(l, mote_weights_plan_view(l->plan, s, i), &layer->m[s]);
            else if (kind == MOTE_SLOT_KIND_EXPERTS)
                add_experts(l, s, i, &layer->experts[s - MOTE_SLOT_EXPERTS_GATE]);
            else
                layer->vectors[s] = add_floats(l, s, i);
        }
    }
    add_matrix(l, mote_weights_plan_view(l->plan, MOTE_SLOT_OUTPUT, 0), &w->output);
    for (int i = 0; i < MOTE_HPARAMS_MAX_DENSE; i++)
        add_matrix(l, mote_weights_plan_view(l->plan, (mote_slot)(MOTE_SLOT_DENSE_1 + i), 0), &w->dense[i]);
    if (!w->output.data)
        w->output = w->token_embd;
}

/* Row by row, each becoming a column. */
static void load_taps(const mote_tensor_view *v, float *floats) {
    float row[MOTE_SSM_MAX_TAPS];
    for (uint64_t r = 0; r < v->n_rows; r++) {
        mote_tensor_view_read(v, r, 1, row);
        for (uint64_t c = 0; c < v->n_columns; c++)
            floats[c * v->n_rows + r] = row[c];
    }
}

static void load_floats(const job *j) {
    size_t n = (size_t)(j->view->n_rows * j->view->n_columns);
    if (j->kind == MOTE_SLOT_KIND_TAPS) {
        load_taps(j->view, j->floats);
        return;
    }
    mote_tensor_view_read(j->view, 0, j->view->n_rows, j->floats);
    for (size_t i = 0; j->plus_one && i < n; i++)
        j->floats[i] += 1;
    memset(j->floats + n, 0, (FLOATS_PER_LINE - n % FLOATS_PER_LINE) % FLOATS_PER_LINE * sizeof *j->floats); /* what else was in this memory stays out of the cache */
}

static bool is_packed_directly(const job *j) {
    return j->target->type == j->view->type && !j->view->ints;
}

/* Memory of a thread for changing types: the rows of a panel as floats, then as blocks. */
typedef struct panel_buffers {
    float *floats;   /* [16 * k] */
    uint8_t *blocks; /* [16 rows]; NULL where nothing is quantised */
} panel_buffers;

/* One panel; of another type than it is stored in: by way of floats. */
static void pack_one(const job *j, size_t panel, const panel_buffers *b) {
    const mote_packed *t = j->target;
    size_t row = panel * MOTE_PANEL_ROWS, n_rows = t->n_rows - row < MOTE_PANEL_ROWS ? t->n_rows - row : MOTE_PANEL_ROWS;
    uint8_t *dst = (uint8_t *)t->data + panel * t->panel_bytes;
    if (is_packed_directly(j)) {
        size_t row_bytes = mote_dtype_row_bytes(j->view->type, t->k);
        mote_pack_panel(t->type, j->view->data + row * row_bytes, row_bytes, n_rows, t->k, dst);
        return;
    }
    mote_tensor_view_read(j->view, row, n_rows, b->floats);
    if (t->type == MOTE_DTYPE_F32) {
        mote_pack_panel(t->type, b->floats, t->k * 4, n_rows, t->k, dst);
        return;
    }
    size_t row_bytes = mote_dtype_row_bytes(t->type, t->k);
    for (size_t r = 0; r < n_rows; r++)
        mote_blocks_quantize(t->type, b->floats + r * t->k, b->blocks + r * row_bytes, t->k, NULL);
    mote_pack_panel(t->type, b->blocks, row_bytes, n_rows, t->k, dst);
}

/* Lets go of what was read, so that a large tensor isn't in memory in both forms. Another thread may still read the neighbourhood: then it comes back, until the tensor is done. */
static void release_source(const job *j, size_t panel) {
    if ((panel + 1) % RELEASE_PANELS != 0 || j->view->ints)
        return;
    size_t row_bytes = mote_dtype_row_bytes(j->view->type, j->target->k), rows = (size_t)RELEASE_PANELS * MOTE_PANEL_ROWS;
    size_t first = (panel + 1) * MOTE_PANEL_ROWS - rows, end = first + rows < j->target->n_rows ? first + rows : j->target->n_rows;
    mote_file_map_release(j->view->data + first * row_bytes, (end - first) * row_bytes);
}

static bool take_buffers(const loader *l, panel_buffers *b) {
    size_t floats = 0, blocks = 0;
    for (size_t i = 0; i < l->n_jobs; i++) {
        const mote_packed *t = l->jobs[i].target;
        if (!t || is_packed_directly(&l->jobs[i]))
            continue;
        size_t row_bytes = mote_dtype_row_bytes(t->type, t->k);
        floats = t->k > floats ? t->k : floats;
        blocks = t->type != MOTE_DTYPE_F32 && row_bytes > blocks ? row_bytes : blocks;
    }
    *b = (panel_buffers){0};
    if (floats && !(b->floats = mote_mem_alloc_array(floats, MOTE_PANEL_ROWS * sizeof(float))))
        return false;
    return !blocks || (b->blocks = mote_mem_alloc_array(blocks, MOTE_PANEL_ROWS)) != NULL;
}

static void load_run(void *context, int worker, int n_workers) {
    loader *l = context;
    (void)n_workers;
    panel_buffers buffers;
    if (!take_buffers(l, &buffers))
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
            for (size_t p; (p = (size_t)mote_thread_pool_next(l->pool)) < n_panels;) {
                pack_one(j, p, &buffers);
                release_source(j, p);
            }
        }
        mote_thread_pool_barrier(l->pool);
        if (worker == 0)
            mote_file_map_release(j->view->data, (size_t)j->view->n_bytes);
    }
    mote_mem_free(buffers.floats);
    mote_mem_free(buffers.blocks);
}

/* Where every job's bytes lie, in the order of their places. */
static void list_items(const loader *l, const mote_weights *w, mote_panels_item *items) {
    for (size_t i = 0; i < l->n_jobs; i++) {
        const job *j = &l->jobs[i];
        const mote_packed *t = j->target;
        const uint8_t *data = t ? t->data : (const uint8_t *)j->floats;
        items[i] = (mote_panels_item){.offset = (uint64_t)(data - w->bytes),
                                      .n_bytes = t ? (t->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS * t->panel_bytes : j->view->n_rows * j->view->n_columns * 4,
                                      .type = t ? (uint64_t)t->type : MOTE_DTYPE_F32};
    }
}

static void lay_out_at(loader *l, mote_weights *w) {
    l->n_jobs = 0;
    l->next_expert = w->experts;
    l->next = w->bytes;
    lay_out(l, w);
    list_items(l, w, l->items);
}

static mote_status pack_all(loader *l, mote_weights *w, mote_error *err) {
    w->bytes = mote_mem_alloc_large((size_t)w->n_bytes);
    if (!w->bytes)
        return mote_error_alloc(err, (size_t)w->n_bytes);
    lay_out_at(l, w);
    mote_thread_pool_run(l->pool, load_run, l);
    if (atomic_load(&l->cancelled))
        return mote_error_set(err, MOTE_ERR_CANCELLED, "loading was cancelled");
    return atomic_load(&l->failed) ? mote_error_set(err, MOTE_ERR_ALLOC, "out of memory while loading") : MOTE_OK;
}

static void drop_bytes(mote_weights *w) {
    if (w->mapped.data)
        mote_file_map_close(&w->mapped);
    else
        mote_mem_free(w->bytes);
    w->bytes = NULL;
    w->is_kept = false;
}

/* What the cache has, if it lies where this plan would put it. */
static bool take_kept(loader *l, const mote_weights_cache *cache, mote_weights *w) {
    mote_panels_item *kept = NULL;
    size_t n_kept = 0;
    if (!cache || !mote_weights_cache_take(cache, l->pool, w, &kept, &n_kept))
        return false;
    lay_out_at(l, w);
    bool same = n_kept == l->n_jobs && memcmp(kept, l->items, n_kept * sizeof *kept) == 0;
    if (!same)
        drop_bytes(w);
    mote_mem_free(kept);
    return same;
}

mote_status mote_weights_load(const mote_weights_plan *plan, const mote_hparams *h, bool norm_plus_one, mote_weights_cache *cache, mote_thread_pool *pool,
                              mote_progress_fn progress, void *progress_context, mote_weights *w, mote_error *err) {
    *w = (mote_weights){.n_bytes = plan->packed_bytes};
    size_t n_experts = (size_t)h->n_layers * 3 * h->experts.n;
    loader l = {.plan = plan, .h = h, .norm_plus_one = norm_plus_one, .pool = pool, .progress = progress, .progress_context = progress_context};
    w->layers = mote_mem_zalloc_array(h->n_layers, sizeof *w->layers);
    w->experts = mote_mem_zalloc_array(n_experts + 1, sizeof *w->experts);
    l.jobs = mote_mem_alloc_array(plan->n_views + n_experts, sizeof *l.jobs);
    l.items = mote_mem_alloc_array(plan->n_views + n_experts, sizeof *l.items);
    mote_status status = MOTE_OK;
    if (!w->layers || !w->experts || !l.jobs || !l.items) {
        status = mote_error_alloc(err, (plan->n_views + n_experts) * sizeof *l.jobs);
        goto done;
    }
    if (take_kept(&l, cache, w))
        goto done;
    MOTE_TRY_DONE(pack_all(&l, w, err));
    if (cache) {
        mote_weights_cache_keep(cache, l.items, l.n_jobs, w);
        l.items = NULL;
    }
done:
    mote_mem_free(l.jobs);
    mote_mem_free(l.items);
    if (status != MOTE_OK)
        mote_weights_free(w);
    return status;
}

void mote_weights_free(mote_weights *w) {
    mote_weights_cache_finish(w);
    drop_bytes(w);
    mote_mem_free(w->layers);
    mote_mem_free(w->experts);
    *w = (mote_weights){0};
}

bool mote_weights_place_of(const mote_weights *w, uint32_t n_layers, const mote_packed *matrix, mote_slot *slot, uint32_t *layer) {
    *layer = 0;
    *slot = MOTE_SLOT_OUTPUT;
    if (matrix == &w->output)
        return true;
    uintptr_t first = (uintptr_t)w->layers, at = (uintptr_t)matrix;
    if (at < first || at - first >= n_layers * sizeof *w->layers)
        return false;
    *layer = (uint32_t)((at - first) / sizeof *w->layers);
    *slot = (mote_slot)(matrix - w->layers[*layer].m);
    return true;
}
