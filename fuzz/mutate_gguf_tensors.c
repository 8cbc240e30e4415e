/* Changes of tensors: names, shapes, types, places, and the bytes of blocks. A new shape or type mostly gets the bytes it needs, so that it is refused for its own sake or used. */
#include "fuzz/mutate_gguf.h"

#include "base/dtype.h"

#include <stdio.h>
#include <string.h>

enum { MAX_DATA_BYTES = 4 << 20 };

static const int types[] = {
#define TYPE_NUMBER(name, number, text, len, bytes) number,
    MOTE_DTYPE_MAP(TYPE_NUMBER)
#undef TYPE_NUMBER
};
enum { N_TYPES = sizeof types / sizeof *types };

static const char *const names[] = {"token_embd.weight",
                                    "output.weight",
                                    "output_norm.weight",
                                    "rope_freqs.weight",
                                    "blk.0.attn_q.weight",
                                    "blk.0.attn_q.bias",
                                    "blk.0.attn_k.bias",
                                    "blk.0.attn_v.weight",
                                    "blk.0.attn_qkv.weight",
                                    "blk.0.attn_q_norm.weight",
                                    "blk.0.attn_norm.weight",
                                    "blk.0.post_ffw_norm.weight",
                                    "blk.0.ffn_up.weight",
                                    "blk.0.ffn_gate_inp.weight",
                                    "blk.0.ffn_gate_exps.weight",
                                    "blk.0.ffn_down_exps.weight",
                                    "blk.0.ssm_in.weight",
                                    "blk.0.ssm_a",
                                    "blk.0.ssm_conv1d.weight",
                                    "blk.0.shortconv.conv.weight",
                                    "blk.1.attn_q.weight",
                                    "rope_factors_long.weight",
                                    "rope_factors_short.weight",
                                    "direction.1",
                                    "blk.0.attn_q.weight.lora_a",
                                    "blk.0.attn_q.weight.lora_b",
                                    NULL};

/* Bytes of a shape in a type; MAX_DATA_BYTES + 1: too many, or no whole blocks. */
static uint64_t bytes_of(const mutate_gguf_tensor *t) {
    const mote_dtype_info *info = mote_dtype_get((int)t->type);
    if (!info || t->n_dims == 0 || t->n_dims > MUTATE_GGUF_MAX_DIMS || t->dims[0] % info->block_len != 0)
        return MAX_DATA_BYTES + 1;
    uint64_t n = t->dims[0] / info->block_len * info->block_bytes;
    for (uint32_t i = 1; i < t->n_dims; i++)
        if (n > MAX_DATA_BYTES || __builtin_mul_overflow(n, t->dims[i], &n))
            return MAX_DATA_BYTES + 1;
    return n <= MAX_DATA_BYTES ? n : MAX_DATA_BYTES + 1;
}

/* As many bytes as the shape needs: the old ones, repeated. */
static void fit_data(mutate *m, mutate_gguf_tensor *t) {
    uint64_t n = bytes_of(t);
    if (n > MAX_DATA_BYTES || n == t->data.len)
        return;
    mutate_span data = mutate_copy(m, NULL, 0, n);
    for (uint64_t i = 0; i < n && t->data.len; i++)
        ((uint8_t *)data.data)[i] = t->data.data[i % t->data.len];
    t->data = data;
}

static void change_shape(mutate *m, mutate_gguf_tensor *t) {
    uint32_t n = t->n_dims ? t->n_dims : 1, i = (uint32_t)mutate_below(m, n);
    uint64_t swapped = t->dims[0];
    switch (mutate_below(m, 6)) {
    case 0:
        t->dims[0] = t->dims[n - 1];
        t->dims[n - 1] = swapped;
        break;
    case 1: /* one dimension more, or one less */
        t->n_dims = mutate_one_in(m, 2) && n > 1 ? n - 1 : n + 1;
        if (t->n_dims > MUTATE_GGUF_MAX_DIMS)
            t->n_dims = MUTATE_GGUF_MAX_DIMS;
        t->dims[t->n_dims - 1] = 1 + mutate_below(m, 3);
        break;
    case 2: /* products that wrap */
        for (uint32_t j = 0; j < n; j++)
            t->dims[j] = (uint64_t)1 << (mutate_below(m, 2) ? 32 : 8 * mutate_below(m, 8));
        break;
    default:
        t->dims[i] = mutate_integer(m, t->dims[i], 8);
    }
    if (!mutate_one_in(m, 3))
        fit_data(m, t);
}

static void change_type(mutate *m, mutate_gguf_tensor *t) {
    t->type = mutate_one_in(m, 8) ? (uint32_t)mutate_integer(m, t->type, 4) : (uint32_t)types[mutate_below(m, N_TYPES)];
    if (!mutate_one_in(m, 4))
        fit_data(m, t);
}

/* Where a block type keeps the scales of a block (float16): -1 ends. */
static const int8_t *scales_of(uint32_t type, int8_t places[3]) {
    places[0] = 0;
    places[1] = places[2] = -1;
    switch (type) {
    case MOTE_DTYPE_Q4_1:
    case MOTE_DTYPE_Q5_1:
    case MOTE_DTYPE_Q4_K:
    case MOTE_DTYPE_Q5_K:
        places[1] = 2;
        break;
    case MOTE_DTYPE_Q2_K:
        places[0] = 80;
        places[1] = 82;
        break;
    case MOTE_DTYPE_Q3_K:
        places[0] = 108;
        break;
    default:
        break;
    }
    return places;
}

/* Not a number, infinite, largest, subnormal: in the scale of a block or of all, or in weights that are numbers themselves. */
static void change_scales(mutate *m, mutate_gguf_tensor *t) {
    static const uint16_t edges[] = {0x7e00, 0xfe00, 0x7c00, 0xfc00, 0x7bff, 0xfbff, 0x0001, 0x8000, 0x0000, 0x7f80, 0xff80, 0x7fc0};
    const mote_dtype_info *info = mote_dtype_get((int)t->type);
    if (!info || t->data.len < info->block_bytes)
        return;
    t->data = mutate_copy(m, t->data.data, t->data.len, 0);
    size_t n_blocks = t->data.len / info->block_bytes, first = mutate_below(m, n_blocks), last = mutate_one_in(m, 3) ? n_blocks : first + 1;
    for (size_t i = mutate_one_in(m, 3) ? 0 : first; i < last; i++) {
        uint8_t *block = (uint8_t *)t->data.data + i * info->block_bytes;
        uint16_t edge = edges[mutate_below(m, sizeof edges / sizeof *edges)];
        int8_t places[3];
        if (t->type == MOTE_DTYPE_F32)
            mutate_store(block, mutate_float(m, (uint32_t)mutate_load(block, 4)), 4);
        else if (t->type == MOTE_DTYPE_Q6_K)
            mutate_store(block + 208, edge, 2);
        else if (!info->is_quantised)
            mutate_store(block, mutate_load(block, info->block_bytes) ^ edge, info->block_bytes);
        else
            for (const int8_t *at = scales_of(t->type, places); *at >= 0; at++)
                mutate_store(block + *at, edge, 2);
    }
}

static void change_bytes(mutate *m, mutate_gguf_tensor *t) {
    if (t->data.len == 0)
        return;
    t->data = mutate_copy(m, t->data.data, t->data.len, 0);
    uint8_t *p = (uint8_t *)t->data.data;
    if (mutate_one_in(m, 3))
        memset(p, mutate_one_in(m, 2) ? 0xff : 0, t->data.len);
    else
        for (size_t n = 1 + mutate_below(m, 64); n > 0; n--)
            p[mutate_below(m, t->data.len)] = (uint8_t)mote_rng_next(&m->rng);
}

/* One layer more than there is, whole: the last one again under the next number. */
static void add_layer(mutate *m, mutate_gguf_file *f) {
    size_t n = f->n_tensors, most = 64;
    unsigned layer = 0, next;
    char prefix[24], text[256];
    while (layer < most) {
        snprintf(prefix, sizeof prefix, "blk.%u.", layer + 1);
        bool has = false;
        for (size_t i = 0; i < n && !has; i++)
            has = f->tensors[i].name.len > strlen(prefix) && memcmp(f->tensors[i].name.data, prefix, strlen(prefix)) == 0;
        if (!has)
            break;
        layer++;
    }
    next = layer + 1;
    snprintf(prefix, sizeof prefix, "blk.%u.", layer);
    for (size_t i = 0; i < n; i++) {
        mutate_gguf_tensor t = f->tensors[i];
        if (t.name.len <= strlen(prefix) || t.name.len > 200 || memcmp(t.name.data, prefix, strlen(prefix)) != 0)
            continue;
        int len = snprintf(text, sizeof text, "blk.%u.%.*s", next, (int)(t.name.len - strlen(prefix)), (const char *)t.name.data + strlen(prefix));
        t.name = mutate_copy(m, text, (size_t)len, 0);
        *mutate_gguf_add_tensor(m, f) = t;
    }
    for (size_t i = 0; i < f->n_values; i++) {
        mutate_gguf_value *v = &f->values[i];
        if (v->key.len > 12 && memcmp(v->key.data + v->key.len - 12, ".block_count", 12) == 0 && v->data.len == 4) {
            v->data = mutate_copy(m, v->data.data, 4, 0);
            mutate_store((uint8_t *)v->data.data, next + 1, 4);
        }
    }
}

void mutate_gguf_change_tensors(mutate *m, mutate_gguf_file *f) {
    size_t i = mutate_below(m, f->n_tensors), j = mutate_below(m, f->n_tensors);
    mutate_gguf_tensor *t = &f->tensors[i], *other = &f->tensors[j], kept = *t;
    switch (mutate_below(m, 14)) {
    case 0:
        *t = f->tensors[--f->n_tensors];
        break;
    case 1:
        kept.name = mutate_text(m, t->name, names);
        *mutate_gguf_add_tensor(m, f) = kept;
        break;
    case 2:
        t->name = other->name;
        other->name = kept.name;
        break;
    case 3:
        t->name = mutate_text(m, t->name, names);
        break;
    case 4:
        t->data = other->data;
        break;
    case 5:
        t->has_offset = true;
        t->offset = mutate_one_in(m, 2) ? mutate_integer(m, 0, 8) : f->alignment * mutate_below(m, 64);
        break;
    case 6:
        add_layer(m, f);
        break;
    case 7:
    case 8:
        change_shape(m, t);
        break;
    case 9:
    case 10:
        change_type(m, t);
        break;
    case 11:
    case 12:
        change_scales(m, t);
        break;
    default:
        change_bytes(m, t);
    }
}
