/* Adapters bound to a base: which matrix each pair of A and B changes, packed for the kernels. */
#ifndef MOTE_MODEL_ADAPTER_H
#define MOTE_MODEL_ADAPTER_H

#include "base/thread_pool.h"
#include "kernels/kernels.h"
#include "model/adapter_source.h"
#include "model/source.h"

#include <mote/adapter.h>

/* What an adapter belongs to: one of weights (a loaded model's) and plan (of a model on disk) is set where rows of matrices are needed (DoRA). All borrowed. */
typedef struct mote_adapter_base {
    const mote_hparams *h;
    const mote_kernels *kernels;
    const mote_weights *weights;
    const mote_weights_plan *plan;
    const char *path; /* of the model, for a recorded hash */
} mote_adapter_base;

/* What the norm of a row is made of, for any scale s: sqrt(own + s * mixed + s * s * added). */
enum { MOTE_ADAPTER_MAGNITUDE, MOTE_ADAPTER_OWN, MOTE_ADAPTER_MIXED, MOTE_ADAPTER_ADDED, MOTE_ADAPTER_DORA };

/* One changed matrix. */
typedef struct mote_adapter_pair {
    mote_slot slot;
    uint32_t layer;
    mote_packed a, b;  /* [rank, n_in], [n_out, rank] */
    float scale;       /* of B A */
    float *dora;       /* [n_out, MOTE_ADAPTER_DORA]; NULL: no DoRA */
    size_t first_gain; /* DoRA: where this pair's gains [n_out] begin among all of the adapter's */
} mote_adapter_pair;

struct mote_adapter {
    const mote_model *model; /* NULL: bound to a model on disk */
    mote_adapter_pair *pairs;
    size_t n_pairs;
    uint16_t *index; /* [(1 + n_layers) * MOTE_SLOT_COUNT]: 1 + the pair of a slot, 0: none; global slots come first */
    size_t n_gains;
    float *gains; /* [n_gains] magnitude / norm at scale 1 */
    uint32_t n_layers, max_rank;
    bool uses_rslora, uses_dora;
    float alpha;
    uint64_t n_params, n_bytes;
    uint64_t identity; /* model/identity.h */
    uint8_t *bytes;    /* owns what pairs point to */
};

/* Adapters that work together, and how strongly each (adapter_set.c). An adapter with scale 0 is left out. */
typedef struct mote_adapter_set {
    size_t n;
    const mote_adapter *adapters[MOTE_ADAPTERS_MAX];
    float scales[MOTE_ADAPTERS_MAX];
    const float *gains[MOTE_ADAPTERS_MAX]; /* at this scale; NULL without DoRA */
    float *memory;                         /* owns those that are not the adapter's own */
} mote_adapter_set;

/* scales may be NULL: 1 each. Adapters are borrowed. MOTE_ERR_ARGUMENT (a scale), _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_adapter_set_init(mote_adapter_set *set, const mote_adapter *const *adapters, const float *scales, size_t n, mote_error *err);
void mote_adapter_set_deinit(mote_adapter_set *set);
bool mote_adapter_set_equal(const mote_adapter_set *a, const mote_adapter_set *b);

/* Reads and packs. n_threads: of those that compute DoRA's norms; 0: as many as the machine has. MOTE_ERR_BUDGET above max_bytes (0: no limit); else as mote_adapter_open. */
MOTE_MUST_CHECK mote_status mote_adapter_bind(const mote_adapter_source *s, const mote_adapter_base *base, uint64_t max_bytes, int n_threads, mote_adapter **adapter,
                                              mote_error *err);
/* The same checks without taking anything: `mote check --base`. */
MOTE_MUST_CHECK mote_status mote_adapter_check_base(const mote_adapter_source *s, const mote_adapter_base *base, mote_error *err);
/* The pair of a slot, or NULL. */
const mote_adapter_pair *mote_adapter_find(const mote_adapter *a, mote_slot slot, uint32_t layer);
/* adapter_targets.c: the slots that a module's name stands for in a base, and the rows of its B that each takes. */
typedef struct mote_adapter_target {
    mote_slot slot;
    uint32_t layer;
    uint64_t first_row, n_rows, n_columns; /* rows of B; the matrix's shape */
} mote_adapter_target;
enum { MOTE_ADAPTER_MAX_TARGETS = 4 };
MOTE_MUST_CHECK mote_status mote_adapter_find_targets(const mote_adapter_source *s, const mote_adapter_module *m, const mote_hparams *h,
                                                      mote_adapter_target targets[MOTE_ADAPTER_MAX_TARGETS], size_t *n_targets, mote_error *err);

/* adapter_dora.c: fills pair->dora, whose magnitudes are there already, from the base's rows. */
MOTE_MUST_CHECK mote_status mote_adapter_dora_measure(mote_adapter_pair *pair, const mote_adapter_base *base, mote_thread_pool *pool, mote_error *err);
/* Gains [n_gains] of an adapter with DoRA at a scale. MOTE_ERR_FORMAT: one is not finite. */
MOTE_MUST_CHECK mote_status mote_adapter_dora_gains(const mote_adapter *a, float scale, float *gains, mote_error *err);

/* adapter_check.c, for `mote check`: a GGUF that is open already, or any adapter by its path; base NULL: without one. */
MOTE_MUST_CHECK mote_status mote_adapter_check(const mote_gguf *g, const mote_source *base, mote_error *err);
MOTE_MUST_CHECK mote_status mote_adapter_check_path(const char *path, const mote_source *base, mote_error *err);
/* Control vectors (general.architecture "controlvector"): tensors direction.N with 1 <= N < the layers of a model. */
MOTE_MUST_CHECK mote_status mote_adapter_check_control_vector(const mote_gguf *g, mote_error *err);

#endif
