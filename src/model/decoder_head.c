/* Logits of some rows of the head. With a screen, which says for each row what it can be at most:
 *
 *     1  the screen's product: a bound for each row; a panel's peak is the greatest of its 16
 *     2  the panels with the greatest peaks, and those of wanted rows, are computed exactly
 *     3  the n_first greatest of these show what a row must reach to be among the n_first of all
 *     4  so are all other panels whose peak reaches it; the rest can't have any of the n_first
 *
 * A panel computed alone has the same bits as in the whole product (kernels/kernels.h, "One result"). */
#include "base/error.h"
#include "base/mem.h"
#include "kernels/screen.h"
#include "model/decoder_private.h"

#include <math.h>
#include <string.h>

enum {
    MIN_ROWS = 1 << 16,     /* below, the head is too small a part of a token (SmolLM2's 49,152 rows: measured) */
    MIN_PANELS_CHOSEN = 32, /* for a good first guess of what must be reached */
    MOST_PART_COMPUTED = 4, /* more than a quarter of the panels computed: with the screen's own bytes that is no gain */
    RESTS = 16,             /* calls without the screen then: a text's next tokens are often as open as this one */
    PIECE = 64              /* panels handed out at a time */
};

static size_t n_panels_of(const mote_packed *w) {
    return (w->n_rows + MOTE_PANEL_ROWS - 1) / MOTE_PANEL_ROWS;
}

static bool can_screen(const mote_model *m) {
    const mote_packed *w = &m->w.output;
    /* a soft cap need not be a rising function in its last bits */
    return w->type == MOTE_DTYPE_Q8_0 && w->n_rows >= MIN_ROWS && w->k <= MOTE_SCREEN_MAX_K && m->h.final_softcap == 0 && m->h.logit_scale > 0;
}

size_t mote_decoder_screen_bytes(const mote_model *model) {
    if (!can_screen(model))
        return 0;
    size_t k = mote_screen_k(model->w.output.k);
    return n_panels_of(&model->w.output) * mote_pack_panel_bytes(MOTE_DTYPE_Q5_0, k) + mote_act_buffer_bytes(1, k);
}

static void pack_run(void *context, int worker, int n_workers) {
    mote_decoder *d = context;
    const mote_packed *w = &d->model->w.output;
    size_t n_panels = n_panels_of(w);
    (void)worker;
    (void)n_workers;
    MOTE_FOR_EACH(d, p, n_panels)
    if (!mote_screen_pack_panel(w, p, (uint8_t *)d->head.screen.data + p * d->head.screen.panel_bytes))
        atomic_store(&d->head.is_unfit, true);
}

mote_status mote_decoder_make_screen(mote_decoder *d, mote_error *err) {
    mote_head_buffers *h = &d->head;
    if (h->screen.data || atomic_load(&h->is_unfit) || !can_screen(d->model))
        return MOTE_OK;
    const mote_packed *w = &d->model->w.output;
    size_t k = mote_screen_k(w->k), panel_bytes = mote_pack_panel_bytes(MOTE_DTYPE_Q5_0, k), acts_bytes = mote_act_buffer_bytes(1, k);
    h->screen = (mote_packed){.type = MOTE_DTYPE_Q5_0, .n_rows = w->n_rows, .k = k, .panel_bytes = panel_bytes, .data = mote_mem_alloc_large(n_panels_of(w) * panel_bytes)};
    h->acts_memory = mote_mem_alloc_aligned(acts_bytes);
    if (!h->screen.data || !h->acts_memory) {
        mote_decoder_head_free(d);
        return mote_error_alloc(err, mote_decoder_screen_bytes(d->model));
    }
    mote_act_buffer_init(&h->screen_acts, 1, k, h->acts_memory);
    mote_thread_pool_run(d->pool, pack_run, d);
    if (atomic_load(&h->is_unfit))
        mote_decoder_head_free(d);
    return MOTE_OK;
}

void mote_decoder_head_free(mote_decoder *d) {
    mote_mem_free(d->head.screen.data);
    mote_mem_free(d->head.acts_memory);
    d->head.screen.data = NULL;
    d->head.acts_memory = NULL;
}

/* Logits of panels from … to - 1, as mote_decoder_logits gives them. */
static void compute(mote_decoder *d, size_t from, size_t to) {
    const mote_model *m = d->model;
    const mote_packed *w = &m->w.output;
    mote_acts x = mote_act_buffer_view(&d->acts, mote_pack_act_kind(w->type), w->k, 0, 1);
    size_t first = from * MOTE_PANEL_ROWS, last = to * MOTE_PANEL_ROWS < w->n_rows ? to * MOTE_PANEL_ROWS : w->n_rows;
    m->kernels.matmul(w, from, to, &x, d->logits, w->n_rows);
    if (m->h.logit_scale != 1)
        m->kernels.scale(d->logits + first, m->h.logit_scale, last - first);
    if (m->h.final_softcap != 0)
        m->kernels.softcap(d->logits + first, m->h.final_softcap, last - first);
}

/* What a panel's rows can be at most, from the screen's product; scaled like logits, since rounding may make two of them equal. */
static void find_peak(mote_decoder *d, size_t p) {
    const mote_model *m = d->model;
    size_t first = p * MOTE_PANEL_ROWS, last = first + MOTE_PANEL_ROWS < m->w.output.n_rows ? first + MOTE_PANEL_ROWS : m->w.output.n_rows;
    float peak = -INFINITY;
    if (m->h.logit_scale != 1)
        m->kernels.scale(d->logits + first, m->h.logit_scale, last - first);
    for (size_t r = first; r < last; r++) {
        float bound = d->logits[r];
        bound = bound == bound ? bound : INFINITY; /* no bound */
        peak = bound > peak ? bound : peak;
    }
    d->head.peaks[p] = peak;
}

/* The n greatest numbers seen, as a heap with the least of them on top. */
typedef struct best {
    float x[MOTE_DECODER_MAX_FIRST];
    uint32_t at[MOTE_DECODER_MAX_FIRST];
    size_t n, capacity;
} best;

static void best_sift(best *b, size_t i, float x, uint32_t at) {
    for (size_t child; (child = 2 * i + 1) < b->n; i = child) {
        if (child + 1 < b->n && b->x[child + 1] < b->x[child])
            child++;
        if (!(b->x[child] < x))
            break;
        b->x[i] = b->x[child];
        b->at[i] = b->at[child];
    }
    b->x[i] = x;
    b->at[i] = at;
}

static void best_add(best *b, float x, uint32_t at) {
    if (b->n == b->capacity) {
        if (x > b->x[0])
            best_sift(b, 0, x, at);
        return;
    }
    size_t i = b->n++;
    for (; i > 0 && b->x[(i - 1) / 2] > x; i = (i - 1) / 2) {
        b->x[i] = b->x[(i - 1) / 2];
        b->at[i] = b->at[(i - 1) / 2];
    }
    b->x[i] = x;
    b->at[i] = at;
}

static void choose_panels(mote_decoder *d, size_t n_panels) {
    const mote_logit_choice *c = d->head.choice;
    memset(d->head.chosen, 0, n_panels);
    for (size_t i = 0; i < c->n_rows; i++)
        d->head.chosen[(size_t)c->rows[i] / MOTE_PANEL_ROWS] = 1;
    if (!d->head.is_screened)
        return;
    best b = {.capacity = c->n_first > MIN_PANELS_CHOSEN ? c->n_first : MIN_PANELS_CHOSEN};
    for (size_t p = 0; p < n_panels; p++)
        best_add(&b, d->head.peaks[p], (uint32_t)p);
    for (size_t i = 0; i < b.n; i++)
        d->head.chosen[b.at[i]] = 1;
}

/* The n_first-th greatest of the chosen panels' logits. */
static void find_least(mote_decoder *d, size_t n_panels) {
    const mote_packed *w = &d->model->w.output;
    best b = {.capacity = d->head.choice->n_first};
    for (size_t p = 0; p < n_panels; p++)
        for (size_t r = p * MOTE_PANEL_ROWS; d->head.chosen[p] && r < (p + 1) * MOTE_PANEL_ROWS && r < w->n_rows; r++)
            best_add(&b, d->logits[r] == d->logits[r] ? d->logits[r] : -INFINITY, (uint32_t)r);
    d->head.least = b.x[0];
    atomic_store(&d->head.n_computed, 0);
}

/* Panels from … to - 1 that are not chosen: exact where they can reach what is needed, else impossible. */
static void finish(mote_decoder *d, size_t from, size_t to) {
    const size_t n_rows = d->model->w.output.n_rows;
    const float least = d->head.least;
    for (size_t p = from, next; p < to; p = next) {
        next = p + 1;
        if (d->head.chosen[p])
            continue;
        if (d->head.is_screened && !(d->head.peaks[p] + MOTE_SCREEN_TINY < least)) {
            while (next < to && !d->head.chosen[next] && !(d->head.peaks[next] + MOTE_SCREEN_TINY < least))
                next++;
            compute(d, p, next);
            atomic_fetch_add_explicit(&d->head.n_computed, next - p, memory_order_relaxed);
            continue;
        }
        for (size_t r = p * MOTE_PANEL_ROWS; r < next * MOTE_PANEL_ROWS && r < n_rows; r++)
            d->logits[r] = -INFINITY;
    }
}

#define FOR_PIECES(d, from, to, n) for (size_t from, to; (from = (size_t)mote_thread_pool_next((d)->pool) * PIECE) < (n) && ((to = from + PIECE < (n) ? from + PIECE : (n)), true);)

static void some_run(void *context, int worker, int n_workers) {
    mote_decoder *d = context;
    mote_head_buffers *h = &d->head;
    const size_t n_panels = n_panels_of(&d->model->w.output);
    (void)n_workers;
    if (worker == 0) {
        mote_decoder_enter_head(d, 0, d->first_logit, worker);
        mote_acts x = mote_act_buffer_view(&d->acts, MOTE_ACT_Q8, d->model->w.output.k, 0, 1);
        h->is_screened = h->is_screened && mote_screen_set_acts(&x, h->screen_acts.q, h->screen_acts.scale, h->screen_acts.sum);
    }
    mote_thread_pool_barrier(d->pool);
    if (h->is_screened) {
        mote_product_run(&d->model->kernels, d->pool, &(mote_product){&h->screen, d->logits}, 1, &h->screen_acts, 0, 1);
        mote_thread_pool_barrier(d->pool);
        FOR_PIECES(d, from, to, n_panels)
        for (size_t p = from; p < to; p++)
            find_peak(d, p);
        mote_thread_pool_barrier(d->pool);
    }
    if (worker == 0)
        choose_panels(d, n_panels);
    mote_thread_pool_barrier(d->pool);
    FOR_PIECES(d, from, to, n_panels)
    for (size_t p = from; p < to; p++)
        if (h->chosen[p])
            compute(d, p, p + 1);
    mote_thread_pool_barrier(d->pool);
    if (worker == 0 && h->is_screened)
        find_least(d, n_panels);
    mote_thread_pool_barrier(d->pool);
    FOR_PIECES(d, from, to, n_panels)
    finish(d, from, to);
}

const float *mote_decoder_logits_some(mote_decoder *d, size_t token, const mote_logit_choice *choice) {
    mote_head_buffers *h = &d->head;
    const size_t n_panels = n_panels_of(&d->model->w.output), n_least = choice->n_first > MIN_PANELS_CHOSEN ? choice->n_first : MIN_PANELS_CHOSEN;
    const bool wants_first = choice->n_first > 0;
    h->n_rests -= h->n_rests > 0 && wants_first;
    h->is_screened = wants_first && h->n_rests == 0 && h->screen.data && choice->n_first <= MOTE_DECODER_MAX_FIRST && n_least <= n_panels / MOST_PART_COMPUTED;
    if ((wants_first && !h->is_screened) || mote_decoder_adapter_changes(d, &d->model->w.output))
        return mote_decoder_logits(d, token, 1);
    h->choice = choice;
    d->first_logit = token;
    mote_thread_pool_run(d->pool, some_run, d);
    if (wants_first && !h->is_screened)
        return mote_decoder_logits(d, token, 1);
    if (h->is_screened && atomic_load(&h->n_computed) > n_panels / MOST_PART_COMPUTED)
        h->n_rests = RESTS;
    return d->logits;
}
