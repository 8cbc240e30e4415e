/* What config.json's quantization_config says of integer weights. */
#ifndef MOTE_MODEL_INT_SCHEME_H
#define MOTE_MODEL_INT_SCHEME_H

#include "formats/int_matrix.h"
#include "formats/json.h"

/* *has_ints false: the checkpoint has none. GPTQ, AWQ (GEMM) and compressed-tensors' integers; any other method is MOTE_ERR_UNSUPPORTED by its name, as is an option that changes
 * what the numbers mean. MOTE_ERR_FORMAT names the key. */
MOTE_MUST_CHECK mote_status mote_int_scheme_from_config(const mote_json *config, bool *has_ints, mote_int_scheme *scheme, mote_error *err);
/* The same from the file that checkpoints of 2023 have in place of it: quantize_config.json (AutoGPTQ), or quant_config.json (AutoAWQ). */
MOTE_MUST_CHECK mote_status mote_int_scheme_from_file(const mote_json *file, bool is_awq, mote_int_scheme *scheme, mote_error *err);

#endif
