/* Importance matrices, GGUF and the older form: of one that is accepted every entry is found by its name and read. */
#include "formats/imatrix.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static volatile double sink; /* keeps the reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_imatrix *m = NULL;
    mote_error err = {0};
    if (mote_imatrix_open_memory(data, n_bytes, "fuzz", &m, &err) != MOTE_OK) {
        if (m || !err.message[0] || err.status == MOTE_OK)
            __builtin_trap(); /* a refusal leaves nothing behind and says why */
        return 0;
    }
    for (size_t i = 0; i < mote_imatrix_n_entries(m); i++) {
        const mote_imatrix_entry *e = mote_imatrix_at(m, i);
        float mean;
        if (mote_imatrix_find(m, e->name) != e)
            __builtin_trap();
        for (uint64_t j = 0; j < e->n_values; j++) {
            mote_imatrix_read(e, j, 1, &mean);
            sink += (double)mean;
        }
    }
    sink += (double)mote_imatrix_dataset(m).len + mote_imatrix_n_chunks(m);
    mote_imatrix_close(&m);
    return 0;
}
