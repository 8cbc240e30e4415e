/* Mutants of GGUF files: models, vocabularies, adapters, importance matrices. mutate_gguf.c takes a file apart and writes it, mutate_gguf_values.c and mutate_gguf_tensors.c
 * change it. */
#ifndef MOTE_FUZZ_MUTATE_GGUF_H
#define MOTE_FUZZ_MUTATE_GGUF_H

#include "fuzz/mutate.h"

bool mutate_gguf(mutate *m, mutate_span in, mote_buffer *out);

enum { MUTATE_GGUF_MAX_DIMS = 8 }; /* the format has 4; mutants may say more */

enum { MUTATE_GGUF_STRING = 8, MUTATE_GGUF_ARRAY = 9, MUTATE_GGUF_N_TYPES = 13 };

typedef struct mutate_gguf_value {
    mutate_span key;
    uint32_t type, item_type;
    uint64_t n_items;     /* of an array */
    mutate_span data;     /* a number, a string's bytes, an array's numbers */
    mutate_span *strings; /* of an array of strings */
} mutate_gguf_value;

typedef struct mutate_gguf_tensor {
    mutate_span name;
    uint32_t n_dims, type;
    uint64_t dims[MUTATE_GGUF_MAX_DIMS];
    mutate_span data;
    uint64_t offset; /* where has_offset says that it is not laid out */
    bool has_offset;
} mutate_gguf_tensor;

typedef struct mutate_gguf_file {
    uint32_t version;
    uint64_t alignment;
    mutate_gguf_value *values;
    mutate_gguf_tensor *tensors;
    size_t n_values, values_capacity, n_tensors, tensors_capacity;
} mutate_gguf_file;

size_t mutate_gguf_item_bytes(uint32_t type); /* 0: string, array, unknown */
mutate_gguf_value *mutate_gguf_find(const mutate_gguf_file *f, const char *key);
mutate_gguf_value *mutate_gguf_add_value(mutate *m, mutate_gguf_file *f);
mutate_gguf_tensor *mutate_gguf_add_tensor(mutate *m, mutate_gguf_file *f);

void mutate_gguf_change_values(mutate *m, mutate_gguf_file *f);  /* one change of the metadata */
void mutate_gguf_change_tensors(mutate *m, mutate_gguf_file *f); /* one change of names, shapes, types, places or bytes of tensors */

#endif
