#include "base/error.h"
#include "base/mem.h"
#include "model/adapter.h"

#include <math.h>
#include <string.h>

static mote_status add(mote_adapter_set *set, const mote_adapter *adapter, float scale, mote_error *err) {
    if (!isfinite(scale))
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "the scale of an adapter is not finite");
    if (scale == 0)
        return MOTE_OK;
    if (set->n == MOTE_ADAPTERS_MAX)
        return mote_error_set(err, MOTE_ERR_LIMIT, "more than %d adapters at a time", MOTE_ADAPTERS_MAX);
    set->adapters[set->n] = adapter;
    set->gains[set->n] = adapter->uses_dora && scale == 1 ? adapter->gains : NULL;
    set->scales[set->n++] = scale;
    return MOTE_OK;
}

/* DoRA's norms, and so its gains, depend on the scale. */
static mote_status compute_gains(mote_adapter_set *set, mote_error *err) {
    size_t n_floats = 0;
    for (size_t i = 0; i < set->n; i++)
        n_floats += set->scales[i] != 1 ? set->adapters[i]->n_gains : 0;
    if (n_floats == 0)
        return MOTE_OK;
    float *at = set->memory = mote_mem_alloc_array(n_floats, sizeof *at);
    if (!at)
        return mote_error_alloc(err, n_floats * sizeof *at);
    for (size_t i = 0; i < set->n; i++) {
        if (set->scales[i] == 1 || !set->adapters[i]->uses_dora)
            continue;
        MOTE_TRY(mote_adapter_dora_gains(set->adapters[i], set->scales[i], at, err));
        set->gains[i] = at;
        at += set->adapters[i]->n_gains;
    }
    return MOTE_OK;
}

mote_status mote_adapter_set_init(mote_adapter_set *set, const mote_adapter *const *adapters, const float *scales, size_t n, mote_error *err) {
    *set = (mote_adapter_set){0};
    mote_status status = MOTE_OK;
    for (size_t i = 0; i < n; i++)
        MOTE_TRY_DONE(add(set, adapters[i], scales ? scales[i] : 1, err));
    status = compute_gains(set, err);
done:
    if (status != MOTE_OK)
        mote_adapter_set_deinit(set);
    return status;
}

void mote_adapter_set_deinit(mote_adapter_set *set) {
    mote_mem_free(set->memory);
    *set = (mote_adapter_set){0};
}

bool mote_adapter_set_equal(const mote_adapter_set *a, const mote_adapter_set *b) {
    return a->n == b->n && memcmp(a->adapters, b->adapters, a->n * sizeof *a->adapters) == 0 && memcmp(a->scales, b->scales, a->n * sizeof *a->scales) == 0;
}
