/* What the files of the safetensors reader share. */
#ifndef MOTE_FORMATS_SAFETENSORS_PRIVATE_H
#define MOTE_FORMATS_SAFETENSORS_PRIVATE_H

#include "base/arena.h"
#include "base/file.h"
#include "formats/name_index.h"
#include "formats/safetensors.h"

/* One file: its mapping, and the names of its tensors. */
typedef struct mote_safetensors_file {
    mote_file_map map;     /* empty over memory */
    uint64_t header_bytes; /* with its length in front */
    mote_arena arena;
    mote_safetensors_tensor *tensors; /* in the arena */
    size_t n_tensors;
} mote_safetensors_file;

struct mote_safetensors {
    mote_safetensors_file *files;
    size_t n_files;
    mote_safetensors_tensor *tensors; /* of all files, in the order of their bytes */
    size_t n_tensors;
    mote_name_index names;
};

/* safetensors_parse.c: reads a file's bytes into file->tensors, ordered by offset. On failure the caller frees what is there. */
MOTE_MUST_CHECK mote_status mote_safetensors_parse(mote_safetensors_file *file, const uint8_t *data, size_t n_bytes, mote_error *err);

#endif
