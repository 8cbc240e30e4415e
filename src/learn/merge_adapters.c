#include "learn/merge_adapters.h"

#include "base/error.h"

#include <stdlib.h>

/* A head that is the embedding can't change alone. */
static mote_status check_head(const mote_merge_adapters *m, mote_error *err) {
    for (size_t i = 0; i < m->set.n; i++)
        if (mote_adapter_find(m->set.adapters[i], MOTE_SLOT_OUTPUT, 0) && !mote_weights_plan_view(m->plan, MOTE_SLOT_OUTPUT, 0)->data)
            return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "an adapter changes the head, which this model shares with its embedding: they can't be merged");
    return MOTE_OK;
}

static mote_status open_one(mote_merge_adapters *m, const mote_adapter_base *base, const char *path, int n_threads, mote_error *err) {
    mote_adapter_source s;
    MOTE_TRY(mote_adapter_source_open(path, &s, err));
    mote_status status = mote_adapter_bind(&s, base, 0, n_threads, &m->adapters[m->n], err);
    mote_adapter_source_close(&s);
    if (status != MOTE_OK)
        mote_error_prefix(err, "%s", path);
    else
        m->n++;
    return status;
}

mote_status mote_merge_adapters_open(const mote_source *source, const mote_weights_plan *plan, const char *const *paths, const float *scales, size_t n, int n_threads,
                                     mote_merge_adapters *m, mote_error *err) {
    *m = (mote_merge_adapters){.h = &source->h, .plan = plan};
    if (n == 0 || n > MOTE_ADAPTERS_MAX)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "%zu adapters to merge; 1 to %d can be", n, MOTE_ADAPTERS_MAX);
    mote_adapter_base base = {.h = &source->h, .kernels = &m->kernels, .plan = plan, .path = source->path};
    mote_cpu_level level;
    mote_status status;
    MOTE_TRY_DONE(mote_cpu_choose(getenv("MOTE_CPU"), &level, err));
    mote_kernels_init(&m->kernels, level);
    for (size_t i = 0; i < n; i++)
        MOTE_TRY_DONE(open_one(m, &base, paths[i], n_threads, err));
    MOTE_TRY_DONE(mote_adapter_set_init(&m->set, (const mote_adapter *const *)m->adapters, scales, n, err));
    status = check_head(m, err);
done:
    if (status != MOTE_OK)
        mote_merge_adapters_close(m);
    return status;
}

void mote_merge_adapters_close(mote_merge_adapters *m) {
    mote_adapter_set_deinit(&m->set);
    for (size_t i = 0; i < m->n; i++)
        mote_adapter_free(&m->adapters[i]);
    *m = (mote_merge_adapters){0};
}

mote_status mote_merge_adapters_find(const mote_merge_adapters *m, const mote_tensor_view *view, mote_adapter_change **change, mote_error *err) {
    *change = NULL;
    for (mote_slot slot = 0; slot < MOTE_SLOT_COUNT; slot++)
        for (uint32_t layer = 0; layer < (mote_slot_is_per_layer(slot) ? m->h->n_layers : 1); layer++)
            if (mote_weights_plan_view(m->plan, slot, layer) == view)
                return mote_adapter_change_create(&m->set, &m->kernels, slot, layer, change, err);
    return MOTE_OK;
}

const mote_tensor_view *mote_merge_adapters_view_in(const mote_merge_adapters *m, const uint8_t *data, uint64_t n_bytes, size_t i) {
    for (size_t v = 0; v < m->plan->n_views; v++) {
        const mote_tensor_view *view = &m->plan->views[v];
        if (view->data && view->data >= data && view->data < data + n_bytes && i-- == 0)
            return view;
    }
    return NULL;
}
