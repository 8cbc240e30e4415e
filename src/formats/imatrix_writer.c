/* Writing importance matrices: declares all tensors, then their data, both in the order of names. */
#include "formats/imatrix.h"

#include "base/error.h"
#include "formats/gguf.h"
#include "formats/name_index.h"

#include <stdio.h>

enum { MAX_NAME_BYTES = 255 };

static mote_status declare(mote_gguf_writer *w, const mote_imatrix_sums *e, const char *suffix, uint64_t n_columns, mote_error *err) {
    char name[MAX_NAME_BYTES + 1];
    int n = snprintf(name, sizeof name, "%.*s%s", (int)(e->name.len < MAX_NAME_BYTES ? e->name.len : MAX_NAME_BYTES), e->name.data, suffix);
    if (n < 0 || n > MAX_NAME_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "importance of '%.*s': the name is too long", MOTE_STR_ARGS(e->name));
    /* as llama.cpp writes it: one dimension where there is one matrix */
    return mote_gguf_writer_tensor(w, (mote_str){name, (size_t)n}, MOTE_DTYPE_F32, e->n_matrices > 1 ? 2 : 1, (uint64_t[]){n_columns, e->n_matrices}, err);
}

static mote_status write_all(mote_gguf_writer *w, mote_str dataset, uint32_t n_chunks, uint32_t chunk_size, const mote_imatrix_sums *entries, const mote_name_index *names,
                             mote_error *err) {
    MOTE_TRY(mote_gguf_writer_string(w, "general.type", MOTE_STR("imatrix"), err));
    MOTE_TRY(mote_gguf_writer_strings(w, "imatrix.datasets", &dataset, 1, err));
    MOTE_TRY(mote_gguf_writer_u32(w, "imatrix.chunk_count", n_chunks, err));
    MOTE_TRY(mote_gguf_writer_u32(w, "imatrix.chunk_size", chunk_size, err));
    for (size_t i = 0; i < names->n; i++) {
        const mote_imatrix_sums *e = &entries[names->slots[i].position];
        MOTE_TRY(declare(w, e, ".in_sum2", e->n_columns, err));
        MOTE_TRY(declare(w, e, ".counts", 1, err));
    }
    MOTE_TRY(mote_gguf_writer_begin_data(w, err));
    for (size_t i = 0; i < names->n; i++) {
        const mote_imatrix_sums *e = &entries[names->slots[i].position];
        MOTE_TRY(mote_gguf_writer_data(w, e->sums, (size_t)(e->n_columns * e->n_matrices) * sizeof(float), err));
        MOTE_TRY(mote_gguf_writer_data(w, e->counts, (size_t)e->n_matrices * sizeof(float), err));
    }
    return MOTE_OK;
}

mote_status mote_imatrix_write(const char *path, mote_str dataset, uint32_t n_chunks, uint32_t chunk_size, const mote_imatrix_sums *entries, size_t n_entries, mote_error *err) {
    mote_name_index names = {0};
    mote_gguf_writer *w = NULL;
    mote_status status;
    MOTE_TRY(mote_name_index_init(&names, n_entries, err));
    for (size_t i = 0; i < n_entries; i++)
        names.slots[i] = (mote_name_slot){entries[i].name, i};
    MOTE_TRY_DONE(mote_name_index_sort(&names, "importance of", err));
    MOTE_TRY_DONE(mote_gguf_writer_create(path, &w, err));
    MOTE_TRY_DONE(write_all(w, dataset, n_chunks, chunk_size, entries, &names, err));
    status = mote_gguf_writer_finish(&w, err);
done:
    mote_gguf_writer_discard(&w);
    mote_name_index_deinit(&names);
    return status;
}
