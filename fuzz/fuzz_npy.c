/* npy: of an array that is accepted every element is read. */
#include "base/mem.h"
#include "formats/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static volatile double sink; /* keeps the reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    float *values = NULL;
    uint64_t dims[4];
    int n_dims = 0;
    mote_error err = {0};
    if (mote_npy_read_memory(data, n_bytes, &values, dims, &n_dims, &err) != MOTE_OK) {
        if (values || !err.message[0])
            __builtin_trap();
        return 0;
    }
    for (uint64_t i = 0; i < dims[0] * dims[1] * dims[2] * dims[3]; i++)
        sink += (double)values[i];
    mote_mem_free(values);
    return 0;
}
