/* Element types of tensors and the layout of their blocks, as GGUF stores them (numbers and layouts: ggml's published format,
 * github.com/ggml-org/ggml, docs/gguf.md). Little-endian; a block holds block_len weights in block_bytes bytes. */
#ifndef MOTE_BASE_DTYPE_H
#define MOTE_BASE_DTYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, GGUF type number, text, weights a block, bytes a block) */
#define MOTE_DTYPE_MAP(X)             \
    X(F32, 0, "F32", 1, 4)            \
    X(F16, 1, "F16", 1, 2)            \
    X(Q4_0, 2, "Q4_0", 32, 18)        \
    X(Q4_1, 3, "Q4_1", 32, 20)        \
    X(Q5_0, 6, "Q5_0", 32, 22)        \
    X(Q5_1, 7, "Q5_1", 32, 24)        \
    X(Q8_0, 8, "Q8_0", 32, 34)        \
    X(Q2_K, 10, "Q2_K", 256, 84)      \
    X(Q3_K, 11, "Q3_K", 256, 110)     \
    X(Q4_K, 12, "Q4_K", 256, 144)     \
    X(Q5_K, 13, "Q5_K", 256, 176)     \
    X(Q6_K, 14, "Q6_K", 256, 210)     \
    X(IQ4_NL, 20, "IQ4_NL", 32, 18)   \
    X(IQ4_XS, 23, "IQ4_XS", 256, 136) \
    X(I8, 24, "I8", 1, 1)             \
    X(I16, 25, "I16", 1, 2)           \
    X(I32, 26, "I32", 1, 4)           \
    X(I64, 27, "I64", 1, 8)           \
    X(F64, 28, "F64", 1, 8)           \
    X(BF16, 30, "BF16", 1, 2)

typedef enum mote_dtype {
#define MOTE_DTYPE_ENUM(name, number, text, len, bytes) MOTE_DTYPE_##name = number,
    MOTE_DTYPE_MAP(MOTE_DTYPE_ENUM)
#undef MOTE_DTYPE_ENUM
        MOTE_DTYPE_NONE = -1
} mote_dtype;

typedef struct mote_dtype_info {
    const char *name;
    uint32_t block_len, block_bytes;
    bool is_quantised; /* a block type */
} mote_dtype_info;

/* NULL for a number that is no known type. */
const mote_dtype_info *mote_dtype_get(int type);
/* By name, any case ("q4_k"); MOTE_DTYPE_NONE if unknown. */
mote_dtype mote_dtype_from_name(const char *name);
/* Bytes of n elements; n must be a multiple of the block length. */
size_t mote_dtype_row_bytes(mote_dtype type, size_t n);

#endif
