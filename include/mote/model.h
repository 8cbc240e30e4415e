/*
 * Models: weights, hyper-parameters, tokenizer and chat template, read from a GGUF file (single or split) or a folder in Hugging Face layout.
 *
 * A mote_model is immutable after opening, may be shared by any number of threads, engines and sessions, and must outlive them.
 *
 *     mote_model *model = NULL;
 *     mote_model_options options = MOTE_MODEL_OPTIONS_INIT;
 *     options.type = "f32";                                  // the exact path
 *     status = mote_model_open("model.gguf", &options, &model, &err);
 *     ...
 *     mote_model_free(&model);
 */
#ifndef MOTE_MODEL_H
#define MOTE_MODEL_H

#include <mote/status.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_model mote_model;
typedef struct mote_tokenizer mote_tokenizer;

/* Work done so far, 0 to 1. `what` is a short text ("loading"). Returning false cancels (MOTE_ERR_CANCELLED). */
typedef bool (*mote_progress_fn)(void *context, const char *what, double fraction);

typedef struct mote_model_options {
    size_t size;            /* sizeof(mote_model_options), for growth */
    const char *type;       /* NULL: the fast path of the weights' own types (a folder too large for half of the memory: the best mix that fits); "f32": the exact path;
                             * a mix's name ("q8_0", "q4_k_m", …): matrices are quantised so while they are loaded */
    uint64_t mem_max_bytes; /* 0: no limit; else MOTE_ERR_BUDGET with the numbers, before weights are read */
    int n_threads;          /* threads that unpack and pack weights; 0: as many as the machine has */
    bool vocabulary_only;   /* hyper-parameters and tokenizer only; a GGUF without tensors is fine */
    mote_progress_fn progress;
    void *progress_context;
} mote_model_options;

#define MOTE_MODEL_OPTIONS_INIT \
    { sizeof(mote_model_options), NULL, 0, 0, false, NULL, NULL }

typedef struct mote_model_info {
    const char *family; /* "llama", "qwen2", … (borrowed from the model, as all texts here) */
    const char *name;   /* general.name or the folder's name; may be "" */
    const char *type;   /* "Q4_K - Medium"-like text of the file's main weight type */
    bool is_encoder;    /* reads whole texts (BERT); no decoding */
    bool embeds;        /* gives vectors (<mote/embed.h>): an encoder, or a decoder whose files say how */
    bool reranks;       /* scores pairs of texts (<mote/rerank.h>) */
    uint32_t n_layers, n_embd, n_heads, n_kv_heads, head_dim, n_ff, n_vocab;
    uint32_t n_ctx_train;   /* tokens */
    uint64_t n_params;      /* weights */
    uint64_t file_bytes;    /* of all tensors in the file */
    uint64_t weights_bytes; /* in memory, packed */
    bool weights_kept;      /* they came packed from the cache (mote_model_open) */
    double load_seconds;
} mote_model_info;

/* Opens a model. `options` may be NULL. Reads all weights and packs them for this CPU, and keeps the packed form in a cache ($XDG_CACHE_HOME/mote/panels, else
 * ~/.cache/mote/panels) that the next opening of the same files takes them from; it is written by a thread of its own, for which mote_model_free waits. Where that isn't possible
 * (no folder, no space, a file system in memory), nothing is kept. Environment: MOTE_CACHE_MAX, the most that the cache may take on disk (bytes, or with K, M, G; 0: no cache).
 * On failure *model is NULL and err names file, field or tensor.
 * MOTE_ERR_NOT_FOUND, _IO, _FORMAT (malformed), _UNSUPPORTED (family, tensor or tokenizer type, named), _BUDGET, _ALLOC, _CANCELLED, _ARGUMENT. */
MOTE_API MOTE_MUST_CHECK mote_status mote_model_open(const char *path, const mote_model_options *options, mote_model **model, mote_error *err);

/* Frees and nulls; NULL inside is allowed. No engine may still use it. */
MOTE_API void mote_model_free(mote_model **model);

MOTE_API void mote_model_get_info(const mote_model *model, mote_model_info *info);

/* The tokenizer, borrowed; NULL if the model has none. */
MOTE_API const mote_tokenizer *mote_model_tokenizer(const mote_model *model);

/* The chat template's text (NUL-terminated, borrowed), or NULL. */
MOTE_API const char *mote_model_template(const mote_model *model);

/* Hyper-parameters, tensors, tokenizer kind, template and SHA-256 of a model on disk as one JSON object, without loading weights.
 * *json is NUL-terminated; free with mote_free. Errors as mote_model_open. */
MOTE_API MOTE_MUST_CHECK mote_status mote_model_describe(const char *path, char **json, mote_error *err);

/* Frees memory that a function of this library handed over; NULL is allowed. */
MOTE_API void mote_free(void *p);

#ifdef __cplusplus
}
#endif

#endif
