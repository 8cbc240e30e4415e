/* Adapters and control vectors in GGUF: checked completely, against their base where one is given. (Applying them is not part of this floor yet: see docs/architecture.md.) */
#ifndef MOTE_MODEL_ADAPTER_H
#define MOTE_MODEL_ADAPTER_H

#include "formats/gguf.h"
#include "model/source.h"

/* LoRA (general.type "adapter"): pairs X.lora_a [in, rank], X.lora_b [rank, out], rank and alpha valid, X in the base with that shape. base may be NULL. */
MOTE_MUST_CHECK mote_status mote_adapter_check(const mote_gguf *g, const mote_source *base, mote_error *err);
/* Control vectors (general.architecture "controlvector"): tensors direction.N with 1 <= N < the layers of a model. */
MOTE_MUST_CHECK mote_status mote_adapter_check_control_vector(const mote_gguf *g, mote_error *err);

#endif
