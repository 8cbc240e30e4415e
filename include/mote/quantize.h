/*
 * Quantising: a GGUF model written again with smaller (or larger) weights, and the importance matrix that helps to choose where rounding may hurt.
 *
 * Memory stays small whatever the model's size: tensors are read, quantised and written in pieces. The result depends on input, type and options only, never on the number
 * of threads.
 *
 *     mote_quantize_options options = MOTE_QUANTIZE_OPTIONS_INIT;
 *     options.imatrix = "model.imatrix.gguf";
 *     status = mote_quantize_file("model-f16.gguf", "model-q4_k_m.gguf", "Q4_K_M", &options, &result, &err);
 */
#ifndef MOTE_QUANTIZE_H
#define MOTE_QUANTIZE_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_quantize_options {
    size_t size;                /* sizeof(mote_quantize_options), for growth */
    const char *imatrix;        /* an importance matrix (GGUF, or llama.cpp's older .dat), or NULL */
    const char *output_type;    /* type of output.weight ("Q8_0"), or NULL: by the mix */
    const char *embedding_type; /* type of token_embd.weight, or NULL */
    bool pure;                  /* every tensor of the mix's one type */
    bool leave_output;          /* output.weight stays as it is */
    int n_threads;              /* 0: as many as the machine has. Does not change results. */
    mote_progress_fn progress;  /* called once a piece; false cancels */
    void *progress_context;
} mote_quantize_options;

#define MOTE_QUANTIZE_OPTIONS_INIT \
    { sizeof(mote_quantize_options), NULL, NULL, NULL, false, false, 0, NULL, NULL }

typedef struct mote_quantize_result {
    const char *type;                          /* the mix by its own name: "Q4_K_M" for "q4_k"; static storage */
    uint64_t source_bytes, n_bytes, n_weights; /* of all tensors */
    size_t n_tensors;
    size_t n_changed;     /* tensors whose type changed */
    size_t n_requantised; /* of those, tensors that were quantised already: they lose twice */
    size_t n_fallbacks;   /* tensors whose rows don't fit the type that the mix has for them */
    size_t n_unweighted;  /* tensors quantised without importance though a matrix was given; embedding and output, which few matrices have, don't count */
} mote_quantize_result;

/* Writes the model of `in` (a GGUF, or any part of a split one) to `out`, which appears only when it is complete. A folder in Hugging Face layout is converted to the type, as
 * mote_convert_folder does; then options other than n_threads and progress are MOTE_ERR_UNSUPPORTED, and source_bytes is 0. type: one of llama.cpp's names, any case: F32 F16 BF16
 * Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS Q3_K_L Q3_K_M Q3_K_S Q2_K Q2_K_S, or Q3_K, Q4_K, Q5_K for their _M. Each tensor's type is llama.cpp's
 * choice. Keys are copied; general.file_type, general.quantization_version and, with an importance matrix, quantize.imatrix.* are set; split.* go. `options` and `result` may be
 * NULL. MOTE_ERR_ARGUMENT (unknown type; in and out the same file; Q2_K_S without importance), _UNSUPPORTED (a type that llama.cpp has and mote hasn't; a GGUF that is no model),
 * _FORMAT (names file, key or tensor; a weight that is not finite; importance of another shape), _LIMIT (a weight too large for F16), _NOT_FOUND, _IO, _ALLOC, _CANCELLED. */
MOTE_API MOTE_MUST_CHECK mote_status mote_quantize_file(const char *in, const char *out, const char *type, const mote_quantize_options *options, mote_quantize_result *result,
                                                        mote_error *err);

typedef struct mote_importance_options {
    size_t size;
    int32_t n_ctx;       /* 512: tokens of a window */
    int32_t n_chunks;    /* windows at most; 0: all that the text has */
    bool process_output; /* also the input of output.weight, which costs the logits of every token */
    int n_threads;       /* 0: as many as the machine has. Does not change results. */
    const char *source;  /* the GGUF file that the model was read from: its tensors' names are taken; NULL: every name that the family has for them */
    const char *dataset; /* the text's name, kept in the file; NULL: "" */
    mote_progress_fn progress;
    void *progress_context;
} mote_importance_options;

#define MOTE_IMPORTANCE_OPTIONS_INIT \
    { sizeof(mote_importance_options), 512, 0, false, 0, NULL, NULL, NULL, NULL }

typedef struct mote_importance_result {
    size_t n_chunks, n_entries;
    size_t n_unused; /* experts that no token of the text came to, over all entries */
} mote_importance_result;

/* Measures what enters each matrix of the model while it reads ids [n_ids], in windows of n_ctx tokens without overlap (the first token of each replaced by BOS where the tokenizer
 * adds one, a rest dropped), and writes the sums of squares to `out`, a GGUF as llama.cpp's llama-imatrix writes it. Equal bytes for any number of threads. `options` and `result`
 * may be NULL. MOTE_ERR_ARGUMENT (less than one window; an id outside the vocabulary), _UNSUPPORTED (an encoder), _FORMAT (source is no GGUF), _FAILED (an input that is not
 * finite: named), _IO, _ALLOC, _CANCELLED. */
MOTE_API MOTE_MUST_CHECK mote_status mote_importance_measure(const mote_model *model, const int32_t *ids, size_t n_ids, const char *out, const mote_importance_options *options,
                                                             mote_importance_result *result, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
