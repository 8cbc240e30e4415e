/* libFuzzer's hook for targets whose format has a mutator: half of the mutants are structure-aware, the other half libFuzzer's own, which know what the code compares with.
 * MUTATORS: the mutators of the target, the first that can take the input apart; MUTATE_PREFIX_BYTES stay in front (a target's byte that chooses the reader). */
#include "fuzz/mutate_gguf.h"
#include "fuzz/mutate_json.h"
#include "fuzz/mutate_peft.h"
#include "fuzz/mutate_protobuf.h"
#include "fuzz/mutate_safetensors.h"

#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t n_bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed);

enum { MAX_MUTANT_BYTES = 1 << 22 };

/* 0: none of the mutators knows the input, or the mutant is too long. */
static size_t mutate_parsed(mutate *m, uint8_t *data, size_t n_bytes, size_t max_bytes) {
    static const mutate_fn mutators[] = {MUTATORS};
    mote_buffer out;
    size_t n = 0;
    mote_buffer_init(&out, MAX_MUTANT_BYTES);
    for (size_t i = 0; i < sizeof mutators / sizeof *mutators && n == 0; i++) {
        mote_buffer_clear(&out);
        if (!mutators[i](m, (mutate_span){data, n_bytes}, &out))
            continue;
        if (out.len == 0 || out.len > max_bytes)
            break;
        memcpy(data, out.data, out.len);
        n = out.len;
    }
    mote_buffer_deinit(&out);
    return n;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed) {
    mutate m;
    size_t n = 0;
    mutate_init(&m, seed);
    if (n_bytes > MUTATE_PREFIX_BYTES && mutate_one_in(&m, 2)) {
        n = mutate_parsed(&m, data + MUTATE_PREFIX_BYTES, n_bytes - MUTATE_PREFIX_BYTES, max_bytes - MUTATE_PREFIX_BYTES);
        n += n ? MUTATE_PREFIX_BYTES : 0;
    }
    mutate_deinit(&m);
    return n ? n : LLVMFuzzerMutate(data, n_bytes, max_bytes);
}
