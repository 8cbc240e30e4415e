/* Mutants of safetensors files: tensors by name, dtype, shape and bytes, laid out anew; or the header's JSON as it is. */
#ifndef MOTE_FUZZ_MUTATE_SAFETENSORS_H
#define MOTE_FUZZ_MUTATE_SAFETENSORS_H

#include "fuzz/mutate.h"

bool mutate_safetensors(mutate *m, mutate_span in, mote_buffer *out);

#endif
