/* Mutants of protobuf messages (tokenizer.model): fields as a tree, without a schema. */
#ifndef MOTE_FUZZ_MUTATE_PROTOBUF_H
#define MOTE_FUZZ_MUTATE_PROTOBUF_H

#include "fuzz/mutate.h"

bool mutate_protobuf(mutate *m, mutate_span in, mote_buffer *out);

#endif
