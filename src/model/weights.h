/* The weights of a model: first a plan (which tensor fills which slot, of what shape and type, how many bytes packed), checked completely and cheaply;
 * then the loading, which packs every matrix for the kernels. */
#ifndef MOTE_MODEL_WEIGHTS_H
#define MOTE_MODEL_WEIGHTS_H

#include "base/arena.h"
#include "base/file.h"
#include "base/thread_pool.h"
#include "formats/gguf.h"
#include "formats/int_matrix.h"
#include "formats/safetensors.h"
#include "kernels/kernels.h"
#include "model/hparams.h"
#include "model/mix.h"

#include <mote/model.h>

/* What checkpoints of a decoder without its head leave off the names. */
#define MOTE_WEIGHTS_BARE_PREFIX "model."

/* Where tensors come from: one of the first two is set, all borrowed. */
typedef struct mote_weights_source {
    const mote_gguf *gguf;
    const mote_safetensors *safetensors;
    const mote_int_scheme *ints;                           /* how safetensors may hold integer matrices; NULL: not at all */
    const mote_safetensors *dense[MOTE_HPARAMS_MAX_DENSE]; /* the files of dense layers behind pooling; NULL: they are tensors like others */
} mote_weights_source;

/* Rows of a tensor as the source holds them: all of it, or the part of a fused one that a slot takes. */
typedef struct mote_tensor_view {
    char name[128];
    mote_dtype type;            /* as stored */
    mote_dtype packed_type;     /* of matrices: as the kernels get it */
    uint64_t n_rows, n_columns; /* a vector: 1 row */
    bool is_log;                /* what is meant is the negative exponential of what is stored (Mamba's A) */
    const uint8_t *data;        /* NULL: the tensor is absent */
    uint64_t n_bytes;
    const mote_int_matrix *ints; /* not NULL: data are its numbers, and rows are read through it from ints_row on; type is the one that loses nothing to speak of */
    uint64_t ints_row;
} mote_tensor_view;

typedef struct mote_weights_plan {
    size_t n_views;            /* MOTE_SLOT_ATTN_NORM global ones, then MOTE_SLOT_COUNT - MOTE_SLOT_ATTN_NORM a layer */
    mote_tensor_view *views;   /* [n_views] */
    size_t n_experts;          /* a slot */
    mote_tensor_view *experts; /* [n_layers][3][n_experts]; NULL without experts */
    uint64_t n_params, source_bytes, packed_bytes;
    uint64_t type_bytes[64]; /* source bytes of each type below 64 */
    mote_arena ints;         /* owns the views' integer matrices */
} mote_weights_plan;

typedef struct mote_layer {
    mote_packed m[MOTE_SLOT_COUNT];        /* matrices by slot; data NULL: there is none */
    mote_packed *experts[3];               /* gate, up, down: [n_experts] each; NULL without */
    const float *vectors[MOTE_SLOT_COUNT]; /* norms and biases by slot; NULL where absent */
} mote_layer;

typedef struct mote_weights {
    mote_packed token_embd, output;            /* output.data == token_embd.data where tied */
    mote_packed dense[MOTE_HPARAMS_MAX_DENSE]; /* behind pooling; data NULL: there is none */
    const float *vectors[MOTE_SLOT_ATTN_NORM]; /* by slot: vectors and tables */
    mote_layer *layers;                        /* [n_layers] */
    mote_packed *experts;                      /* owns what the layers' experts point to */
    uint8_t *bytes;                            /* owns everything above but layers and experts; or inside of `mapped` */
    uint64_t n_bytes;
    bool is_kept;                       /* they came from the cache of packed weights */
    mote_file_map mapped;               /* data NULL: bytes are memory */
    struct mote_weights_keeper *keeper; /* writes them to the cache; NULL: nothing does */
} mote_weights;

/* What matrices become: as stored, float32 (exact), or quantised as a mix says; with limit_bytes, as stored or the best mix that fits into them. */
typedef struct mote_weights_type {
    bool exact;
    const mote_mix *mix;  /* NULL: as stored */
    uint64_t limit_bytes; /* 0: none */
} mote_weights_type;

/* Reads --type: NULL is as stored (of a folder: what fits into half of mem_max_bytes, or of the machine's memory where that is 0), "f32" exact, else the name of a mix.
 * MOTE_ERR_ARGUMENT, _UNSUPPORTED. */
MOTE_MUST_CHECK mote_status mote_weights_type_read(const char *name, bool is_folder, uint64_t mem_max_bytes, mote_weights_type *type, mote_error *err);

/* Finds and checks every tensor that the family needs. MOTE_ERR_FORMAT (missing, wrong shape: named), _UNSUPPORTED (type), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_weights_plan_create(const mote_weights_source *source, const mote_hparams *h, mote_weights_type type, mote_weights_plan *plan, mote_error *err);
/* MOTE_ERR_UNSUPPORTED with the first tensor that the family has no slot for (weights_unused.c). */
MOTE_MUST_CHECK mote_status mote_weights_check_unused(const mote_weights_source *source, const mote_family *family, mote_error *err);
/* Packers of GPTQ give every matrix a bias; where the network has none, it is all zeros. */
bool mote_weights_is_void_bias(const mote_safetensors_tensor *t);
/* Sets the packed type of every matrix as the mix says for the tensor's name (weights_mix.c). MOTE_ERR_ALLOC, _FORMAT. */
MOTE_MUST_CHECK mote_status mote_weights_plan_set_mix(mote_weights_plan *plan, const mote_hparams *h, const mote_mix *mix, mote_error *err);
/* Adds packed_bytes up anew. */
void mote_weights_plan_count_packed(mote_weights_plan *plan, const mote_hparams *h);
void mote_weights_plan_free(mote_weights_plan *plan);
const mote_tensor_view *mote_weights_plan_view(const mote_weights_plan *plan, mote_slot slot, uint32_t layer);
/* Of MOTE_SLOT_EXPERTS_GATE, _UP, _DOWN. */
const mote_tensor_view *mote_weights_plan_expert(const mote_weights_plan *plan, mote_slot slot, uint32_t layer, uint32_t expert);
/* Rows first_row … + n_rows - 1 as float32 [n_rows, n_columns]. */
void mote_tensor_view_read(const mote_tensor_view *v, uint64_t first_row, uint64_t n_rows, float *out);

struct mote_weights_cache;

/* Takes the packed weights from the cache (may be NULL), else reads and packs, and begins to write them there. MOTE_ERR_ALLOC, _CANCELLED (progress said so). */
MOTE_MUST_CHECK mote_status mote_weights_load(const mote_weights_plan *plan, const mote_hparams *h, bool norm_plus_one, struct mote_weights_cache *cache, mote_thread_pool *pool,
                                              mote_progress_fn progress, void *progress_context, mote_weights *w, mote_error *err);
void mote_weights_free(mote_weights *w);
/* Which slot a matrix of these weights fills; false for one of an expert's, or of other weights. */
bool mote_weights_place_of(const mote_weights *w, uint32_t n_layers, const mote_packed *matrix, mote_slot *slot, uint32_t *layer);

#endif
