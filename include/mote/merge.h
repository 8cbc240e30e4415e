/*
 * Merging: a model with adapters added to its matrices, written as one GGUF that needs no adapters any more.
 *
 *     status = mote_merge_model("model.gguf", (const char *[]){"my-adapter"}, NULL, 1, "merged.gguf", NULL, &result, &err);
 */
#ifndef MOTE_MERGE_H
#define MOTE_MERGE_H

#include <mote/adapter.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_merge_options {
    size_t size;
    const char *type; /* of a Hugging Face folder's matrices in the GGUF, as mote_convert_options; NULL: the checkpoint's. A GGUF's tensors keep their types */
    int n_threads;    /* 0: as many as the machine has. Does not change results. */
    mote_progress_fn progress;
    void *progress_context;
} mote_merge_options;

#define MOTE_MERGE_OPTIONS_INIT \
    { sizeof(mote_merge_options), NULL, 0, NULL, NULL }

typedef struct mote_merge_result {
    size_t n_tensors, n_changed;
    size_t n_requantised; /* changed ones of quantised types, whose other weights lose a second time */
    uint64_t n_bytes;     /* of all tensors */
} mote_merge_result;

/* model_path: a GGUF, whose keys and tensor types stay, or a Hugging Face folder, which is converted. Scales [n] may be NULL: 1 each; adapters in the order in which a session
 * would apply them. A changed matrix is dequantised, changed and quantised again, a slab of rows at a time. `out` appears only when it is complete. options and result may be NULL.
 * Errors as mote_adapter_open and mote_convert_folder; MOTE_ERR_UNSUPPORTED where the file can't hold the result (an adapted head that is the embedding). */
MOTE_API MOTE_MUST_CHECK mote_status mote_merge_model(const char *model_path, const char *const *adapter_paths, const float *scales, size_t n, const char *out,
                                                      const mote_merge_options *options, mote_merge_result *result, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
