/* Matrices of small integers with scales, as GPTQ, AWQ and compressed-tensors checkpoints store them in safetensors: found by name, checked against each other, read as float rows.
 * A weight is (number - zero point) * scale; scale and zero point belong to a group of inputs of one output. Rows are outputs, columns inputs, as of an ordinary weight.
 *
 * The layouts (words are little-endian int32; "along" is the axis on which neighbours share a word):
 *   GPTQ    X.qweight [in * bits / 32, out] along in, X.qzeros [groups, out * bits / 32] along out, X.scales [groups, out], X.g_idx [in] (optional)
 *   AWQ     X.qweight [in, out / 8] along out, X.qzeros [groups, out / 8] along out, X.scales [groups, out]; outputs of a word in the order 0 2 4 6 1 3 5 7
 *   PACKED  X.weight_packed [out, words] along in, X.weight_scale [out, groups], X.weight_zero_point [words, groups] along out (optional), X.weight_g_idx [in] (optional)
 *   PLAIN   X.weight I8 [out, in], X.weight_scale [out, groups], X.weight_zero_point I8 [out, groups] (optional)
 * A 3-bit GPTQ number may straddle two words; PACKED ones never do. */
#ifndef MOTE_FORMATS_INT_MATRIX_H
#define MOTE_FORMATS_INT_MATRIX_H

#include "formats/safetensors.h"

#include <mote/status.h>

#include <stdbool.h>
#include <stdint.h>

typedef enum mote_int_layout { MOTE_INT_GPTQ, MOTE_INT_AWQ, MOTE_INT_PACKED, MOTE_INT_PLAIN } mote_int_layout;

/* What the configuration says of all matrices of a checkpoint. */
typedef struct mote_int_scheme {
    mote_int_layout layout;
    unsigned bits;       /* GPTQ 2, 3, 4, 8; AWQ 4; PACKED 2 to 8; PLAIN 8 */
    uint32_t group_size; /* inputs that share a scale; 0: all of them */
    bool zeros_less_one; /* GPTQ's first format stores zero points minus 1 */
} mote_int_scheme;

typedef struct mote_int_matrix {
    mote_int_scheme scheme;
    uint64_t n_rows, n_columns, n_groups;
    const uint8_t *numbers, *zeros, *scales,
        *groups;           /* borrowed from the file; numbers NULL: the module isn't quantised; zeros NULL: the middle of the range; groups NULL: in order */
    mote_dtype scale_type; /* F32, F16, BF16 */
    uint64_t n_bytes;      /* of numbers */
} mote_int_matrix;

/* name: the module's, without ".weight". m->numbers stays NULL when it has no such matrix. MOTE_ERR_FORMAT (a companion is missing, or shapes don't fit: named), _UNSUPPORTED
 * (types, bits: named). */
MOTE_MUST_CHECK mote_status mote_int_matrix_find(const mote_safetensors *st, const char *name, const mote_int_scheme *scheme, mote_int_matrix *m, mote_error *err);
/* out: [n_rows, n_columns]. Rows that are read together share words: ask for at least a panel's worth. Any thread. */
void mote_int_matrix_read(const mote_int_matrix *m, uint64_t first_row, size_t n_rows, float *out);

#endif
