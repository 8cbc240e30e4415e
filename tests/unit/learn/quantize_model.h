/* A small model of random weights as a GGUF, for the tests of quantising: a layer of 256 columns, with experts, norms, and a row that doesn't fit the K types. */
#ifndef MOTE_TESTS_LEARN_QUANTIZE_MODEL_H
#define MOTE_TESTS_LEARN_QUANTIZE_MODEL_H

#include "base/half.h"
#include "base/rng.h"
#include "formats/gguf.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 256, ROWS = 24, EXPERTS = 3 };

typedef struct model_tensor {
    const char *name;
    mote_dtype type;
    int n_dims;
    uint64_t dims[3];
} model_tensor;

static const model_tensor model_tensors[] = {
    {"token_embd.weight", MOTE_DTYPE_F16, 2, {COLUMNS, 40, 1}},
    {"output_norm.weight", MOTE_DTYPE_F32, 1, {COLUMNS, 1, 1}},
    {"output.weight", MOTE_DTYPE_BF16, 2, {COLUMNS, 40, 1}},
    {"blk.0.attn_norm.weight", MOTE_DTYPE_F32, 1, {COLUMNS, 1, 1}},
    {"blk.0.attn_q.weight", MOTE_DTYPE_F32, 2, {COLUMNS, ROWS, 1}},
    {"blk.0.attn_k.weight", MOTE_DTYPE_Q8_0, 2, {COLUMNS, ROWS, 1}},
    {"blk.0.attn_v.weight", MOTE_DTYPE_F32, 2, {96, ROWS, 1}},
    {"blk.0.ffn_gate_inp.weight", MOTE_DTYPE_F32, 2, {COLUMNS, EXPERTS, 1}},
    {"blk.0.ffn_up_exps.weight", MOTE_DTYPE_F16, 3, {COLUMNS, ROWS, EXPERTS}},
};
enum { N_MODEL_TENSORS = sizeof model_tensors / sizeof *model_tensors };

static inline size_t model_weights(const model_tensor *t) {
    return (size_t)(t->dims[0] * t->dims[1] * t->dims[2]);
}

/* Bytes of a tensor's random weights; the norms are ones. */
static inline void model_fill(const model_tensor *t, uint64_t seed, uint8_t *bytes) {
    mote_rng rng;
    mote_rng_init(&rng, seed);
    size_t n = model_weights(t), n_bytes = mote_dtype_row_bytes(t->type, n);
    if (t->type == MOTE_DTYPE_Q8_0) {
        for (size_t i = 0; i < n_bytes; i++)
            bytes[i] = (uint8_t)(i % 34 == 0 ? 0x66 : i % 34 == 1 ? 0x2e : mote_rng_next(&rng));
        return;
    }
    for (size_t i = 0; i < n; i++) {
        float x = t->n_dims == 1 ? 1.0f : (float)(mote_rng_uniform(&rng) + mote_rng_uniform(&rng) - 1.0);
        uint16_t half = t->type == MOTE_DTYPE_F16 ? mote_half_to_f16(x) : mote_half_to_bf16(x);
        if (t->type == MOTE_DTYPE_F32)
            memcpy(bytes + 4 * i, &x, 4);
        else
            memcpy(bytes + 2 * i, &half, 2);
    }
}

/* Tensors first … last - 1 of the model in one file; n_parts 0: not split. */
static inline mote_status model_write_part(const char *path, size_t first, size_t last, uint32_t part, uint32_t n_parts, mote_error *err) {
    static uint8_t bytes[COLUMNS * ROWS * EXPERTS * 4];
    mote_gguf_writer *w = NULL;
    mote_status status = mote_gguf_writer_create(path, &w, err);
    if (status == MOTE_OK && part == 0) {
        const uint32_t heads[1] = {4};
        status = mote_gguf_writer_string(w, "general.architecture", MOTE_STR("llama"), err);
        status = status == MOTE_OK ? mote_gguf_writer_u32(w, "llama.block_count", 1, err) : status;
        status = status == MOTE_OK ? mote_gguf_writer_array(w, "llama.attention.head_count", MOTE_GGUF_U32, heads, 1, err) : status;
        status = status == MOTE_OK ? mote_gguf_writer_u32(w, "llama.expert_count", EXPERTS, err) : status;
        status = status == MOTE_OK ? mote_gguf_writer_u32(w, "general.file_type", 1, err) : status;
        status = status == MOTE_OK ? mote_gguf_writer_string(w, "quantize.imatrix.file", MOTE_STR("before"), err) : status;
    }
    if (status == MOTE_OK && n_parts > 0) {
        const uint16_t no = (uint16_t)part, count = (uint16_t)n_parts;
        const int32_t total = N_MODEL_TENSORS;
        const mote_gguf_value values[] = {{MOTE_STR("split.no"), MOTE_GGUF_U16, 0, 0, (const uint8_t *)&no, 2},
                                          {MOTE_STR("split.count"), MOTE_GGUF_U16, 0, 0, (const uint8_t *)&count, 2},
                                          {MOTE_STR("split.tensors.count"), MOTE_GGUF_I32, 0, 0, (const uint8_t *)&total, 4}};
        for (size_t i = 0; i < 3 && status == MOTE_OK; i++)
            status = mote_gguf_writer_copy(w, &values[i], err);
    }
    for (size_t i = first; i < last && status == MOTE_OK; i++)
        status = mote_gguf_writer_tensor(w, mote_str_of(model_tensors[i].name), model_tensors[i].type, model_tensors[i].n_dims, model_tensors[i].dims, err);
    status = status == MOTE_OK ? mote_gguf_writer_begin_data(w, err) : status;
    for (size_t i = first; i < last && status == MOTE_OK; i++) {
        model_fill(&model_tensors[i], i + 1, bytes);
        status = mote_gguf_writer_data(w, bytes, mote_dtype_row_bytes(model_tensors[i].type, model_weights(&model_tensors[i])), err);
    }
    status = status == MOTE_OK ? mote_gguf_writer_finish(&w, err) : status;
    mote_gguf_writer_discard(&w);
    return status;
}

static inline mote_status model_write(const char *path, mote_error *err) {
    return model_write_part(path, 0, N_MODEL_TENSORS, 0, 0, err);
}

#endif
