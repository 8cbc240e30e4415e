/* safetensors (github.com/huggingface/safetensors): one file, or a folder's shards by model.safetensors.index.json. Mapped; everything is validated before it is used:
 * header length, JSON, duplicates, dtype, shape against byte range, overlaps, gaps. */
#ifndef MOTE_FORMATS_SAFETENSORS_H
#define MOTE_FORMATS_SAFETENSORS_H

#include "base/dtype.h"
#include "base/sha256.h"
#include "base/str.h"

#include <mote/status.h>

#include <stdint.h>

typedef struct mote_safetensors mote_safetensors;

enum { MOTE_SAFETENSORS_MAX_DIMS = 8 };

typedef struct mote_safetensors_tensor {
    mote_str name;
    mote_dtype type; /* MOTE_DTYPE_NONE for a valid dtype that is none of ours (BOOL, U8, F8_E4M3, …); see dtype_name */
    mote_str dtype_name;
    int n_dims;
    uint64_t dims[MOTE_SAFETENSORS_MAX_DIMS]; /* outermost first, as in the file */
    const uint8_t *data;                      /* borrowed from the mapping, may be unaligned */
    uint64_t n_bytes;
} mote_safetensors_tensor;

/* One .safetensors file. MOTE_ERR_FORMAT with tensor or offset; _LIMIT; _IO; _NOT_FOUND; _ALLOC. */
MOTE_MUST_CHECK mote_status mote_safetensors_open(const char *path, mote_safetensors **st, mote_error *err);
/* model.safetensors of a folder, or all shards that its index names (no path in the index may leave the folder). */
MOTE_MUST_CHECK mote_status mote_safetensors_open_folder(const char *folder, mote_safetensors **st, mote_error *err);
MOTE_MUST_CHECK mote_status mote_safetensors_open_memory(const uint8_t *data, size_t n_bytes, const char *name, mote_safetensors **st, mote_error *err);
void mote_safetensors_close(mote_safetensors **st);

/* Adds what tells these files from any others, and from what they were before they were written again: the identity and the header of each. */
void mote_safetensors_hash_identity(const mote_safetensors *st, mote_sha256 *sha);
size_t mote_safetensors_n_tensors(const mote_safetensors *st);
const mote_safetensors_tensor *mote_safetensors_at(const mote_safetensors *st, size_t i);
const mote_safetensors_tensor *mote_safetensors_find(const mote_safetensors *st, const char *name);

#endif
