/*
 * Converting: a Hugging Face folder (config.json, safetensors, tokenizer files) written as one GGUF that llama.cpp and mote load.
 *
 * Tensors are read, changed and written in pieces, so that memory stays small whatever the model's size. The result depends on the folder and the type only.
 *
 *     mote_convert_options options = MOTE_CONVERT_OPTIONS_INIT;
 *     options.type = "Q8_0";
 *     status = mote_convert_folder("SmolLM2-135M", "smollm2-135m-q8_0.gguf", &options, &result, &err);
 */
#ifndef MOTE_CONVERT_H
#define MOTE_CONVERT_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_convert_options {
    size_t size;               /* sizeof(mote_convert_options), for growth */
    const char *type;          /* as of mote_quantize_file, any case; NULL or "auto": the checkpoint's own (integer checkpoints: F16) */
    const char *name;          /* general.name; NULL: the folder's */
    int n_threads;             /* 0: as many as the machine has. Does not change results. */
    mote_progress_fn progress; /* called once a piece; false cancels */
    void *progress_context;
} mote_convert_options;

#define MOTE_CONVERT_OPTIONS_INIT \
    { sizeof(mote_convert_options), NULL, NULL, 0, NULL, NULL }

typedef struct mote_convert_result {
    const char *type;              /* "BF16"; static storage */
    const char *architecture;      /* general.architecture; static storage */
    size_t n_tensors, n_fallbacks; /* n_fallbacks: tensors whose rows don't fit the type */
    uint64_t n_bytes, n_weights;   /* of all tensors */
    uint32_t lost_window;          /* a sliding window that this architecture's GGUF can't hold, in tokens: longer texts will attend to everything; 0: none */
} mote_convert_result;

/* Writes `out`, which appears only when it is complete. `options` and `result` may be NULL.
 * MOTE_ERR_UNSUPPORTED (names the architecture, tensor, tokenizer part or type that has no form in a GGUF), _FORMAT (names file and field or tensor; a weight that is not finite),
 * _LIMIT (a weight too large for F16), _ARGUMENT (unknown type), _NOT_FOUND, _IO, _ALLOC, _CANCELLED. */
MOTE_API MOTE_MUST_CHECK mote_status mote_convert_folder(const char *folder, const char *out, const mote_convert_options *options, mote_convert_result *result, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
