/* Mutants of a PEFT adapter as one text: the configuration's length (4 bytes), the configuration, the safetensors (fuzz_adapter.c). */
#ifndef MOTE_FUZZ_MUTATE_PEFT_H
#define MOTE_FUZZ_MUTATE_PEFT_H

#include "fuzz/mutate.h"

bool mutate_peft(mutate *m, mutate_span in, mote_buffer *out);

#endif
