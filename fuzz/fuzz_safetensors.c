/* safetensors: of a file that is accepted every tensor is looked up by name and read to its last byte, and the sizes add up to the data. */
#include "formats/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static volatile uint64_t sink; /* keeps the reads */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    mote_safetensors *st = NULL;
    mote_error err = {0};
    if (mote_safetensors_open_memory(data, n_bytes, "fuzz", &st, &err) != MOTE_OK) {
        if (st || !err.message[0] || err.status == MOTE_OK)
            __builtin_trap(); /* a refusal leaves nothing behind and says why */
        return 0;
    }
    for (size_t i = 0; i < mote_safetensors_n_tensors(st); i++) {
        const mote_safetensors_tensor *t = mote_safetensors_at(st, i);
        if (mote_safetensors_find(st, t->name.data) != t)
            __builtin_trap();
        for (uint64_t j = 0; j < t->n_bytes; j++)
            sink += t->data[j];
    }
    mote_safetensors_close(&st);
    return 0;
}
