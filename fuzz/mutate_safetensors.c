/* The tensors' bytes are taken out by their offsets, changed, and laid out again without gaps, so that shape, dtype and offsets agree with each other and the change reaches the
 * model's loader; sometimes the header is changed behind that. */
#include "fuzz/mutate_safetensors.h"

#include "fuzz/mutate_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DIMS = 10, MAX_DATA_BYTES = 4 << 20, MAX_FILE_BYTES = 64 << 20 };

typedef struct tensor {
    mutate_span name, dtype; /* as written */
    uint64_t dims[MAX_DIMS];
    size_t n_dims;
    mutate_span data;
    mutate_json_node *entry; /* NULL: made new from the above */
} tensor;

typedef struct file {
    tensor *tensors;
    size_t n, capacity;
    mutate_json_node *metadata;
} file;

static const struct {
    const char *name;
    size_t n_bytes;
} dtypes[] = {{"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I32", 4}, {"I8", 1}, {"U8", 1}, {"I64", 8}, {"F64", 8}, {"F8_E4M3", 1}, {"BOOL", 1}};
enum { N_DTYPES = sizeof dtypes / sizeof *dtypes };

static const char *const names[] = {"model.embed_tokens.weight",
                                    "lm_head.weight",
                                    "model.norm.weight",
                                    "model.layers.0.self_attn.q_proj.weight",
                                    "model.layers.0.self_attn.q_proj.bias",
                                    "model.layers.0.self_attn.qkv_proj.weight",
                                    "model.layers.0.mlp.gate_up_proj.weight",
                                    "model.layers.0.self_attn.q_proj.qweight",
                                    "model.layers.0.self_attn.q_proj.qzeros",
                                    "model.layers.0.self_attn.q_proj.scales",
                                    "model.layers.0.self_attn.q_proj.g_idx",
                                    "model.layers.1.input_layernorm.weight",
                                    "embeddings.word_embeddings.weight",
                                    "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
                                    "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight",
                                    "base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector",
                                    "__metadata__",
                                    NULL};

static uint64_t number(const mutate_json_node *v) {
    char text[24] = "";
    if (v && v->kind == '0' && v->text.len < sizeof text)
        memcpy(text, v->text.data, v->text.len);
    return strtoull(text, NULL, 10);
}

static tensor *add(mutate *m, file *f) {
    if (f->n == f->capacity) {
        tensor *old = f->tensors;
        f->capacity = 2 * f->capacity + 16;
        f->tensors = mutate_alloc(m, f->capacity, sizeof *f->tensors);
        if (old)
            memcpy(f->tensors, old, f->n * sizeof *old);
    }
    return &f->tensors[f->n++];
}

static void read_tensor(mutate *m, file *f, mutate_span name, mutate_json_node *entry, mutate_span data) {
    tensor *t = add(m, f);
    const mutate_json_node *shape = mutate_json_get(entry, "shape"), *offsets = mutate_json_get(entry, "data_offsets"), *dtype = mutate_json_get(entry, "dtype");
    *t = (tensor){.name = name, .dtype = mutate_word("F32"), .data = {data.data, 0}};
    if (!shape || !offsets || !dtype || offsets->n != 2 || shape->n > MAX_DIMS) {
        t->entry = entry;
        return;
    }
    t->dtype = dtype->text;
    t->n_dims = shape->n;
    for (size_t i = 0; i < shape->n; i++)
        t->dims[i] = number(shape->items[i]);
    uint64_t begin = number(offsets->items[0]), end = number(offsets->items[1]);
    if (begin <= end && end <= data.len)
        t->data = (mutate_span){data.data + begin, end - begin};
}

static bool read_file(mutate *m, mutate_span in, file *f) {
    *f = (file){0};
    uint64_t len = in.len >= 8 ? mutate_load(in.data, 8) : 0;
    if (len < 2 || len > in.len - 8)
        return false;
    mutate_json_node *header = mutate_json_read(m, (mutate_span){in.data + 8, len});
    if (!header || header->kind != '{')
        return false;
    for (size_t i = 0; i < header->n; i++)
        if (mutate_span_is(header->keys[i], "__metadata__"))
            f->metadata = header->items[i];
        else
            read_tensor(m, f, header->keys[i], header->items[i], (mutate_span){in.data + 8 + len, in.len - 8 - len});
    return true;
}

static void fit_data(mutate *m, tensor *t) {
    uint64_t n = 0;
    for (size_t i = 0; i < N_DTYPES; i++)
        n = mutate_span_is(t->dtype, dtypes[i].name) ? dtypes[i].n_bytes : n;
    for (size_t i = 0; i < t->n_dims; i++)
        if (__builtin_mul_overflow(n, t->dims[i], &n) || n > MAX_DATA_BYTES)
            return;
    if (n == t->data.len)
        return;
    mutate_span data = mutate_copy(m, NULL, 0, n);
    for (uint64_t i = 0; i < n && t->data.len; i++)
        ((uint8_t *)data.data)[i] = t->data.data[i % t->data.len];
    t->data = data;
}

static void change_shape(mutate *m, tensor *t) {
    size_t i = mutate_below(m, t->n_dims);
    uint64_t first = t->dims[0];
    switch (mutate_below(m, 4)) {
    case 0:
        t->dims[0] = t->dims[t->n_dims ? t->n_dims - 1 : 0];
        t->dims[t->n_dims ? t->n_dims - 1 : 0] = first;
        break;
    case 1:
        if (t->n_dims && mutate_one_in(m, 2))
            t->n_dims--;
        else if (t->n_dims < MAX_DIMS)
            t->dims[t->n_dims++] = 1 + mutate_below(m, 2);
        break;
    default:
        if (t->n_dims)
            t->dims[i] = mutate_integer(m, t->dims[i], 8);
    }
    if (!mutate_one_in(m, 4))
        fit_data(m, t);
}

static void change_data(mutate *m, tensor *t) {
    if (t->data.len < 4)
        return;
    t->data = mutate_copy(m, t->data.data, t->data.len, 0);
    uint8_t *p = (uint8_t *)t->data.data;
    if (mutate_one_in(m, 4))
        memset(p, mutate_one_in(m, 2) ? 0xff : 0x7f, t->data.len);
    for (size_t n = 1 + mutate_below(m, 16); n > 0; n--) {
        size_t at = mutate_below(m, t->data.len / 4) * 4;
        mutate_store(p + at, mutate_float(m, (uint32_t)mutate_load(p + at, 4)), 4);
    }
}

static void change_tensor(mutate *m, file *f) {
    size_t i = mutate_below(m, f->n), j = mutate_below(m, f->n);
    tensor *t = &f->tensors[i], *other = &f->tensors[j], kept = *t;
    switch (mutate_below(m, 10)) {
    case 0:
        *t = f->tensors[--f->n];
        break;
    case 1:
        kept.name = mutate_text(m, kept.name, names);
        *add(m, f) = kept;
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
    case 6:
        change_shape(m, t);
        break;
    case 7:
        t->dtype = mutate_word(dtypes[mutate_below(m, N_DTYPES)].name);
        if (!mutate_one_in(m, 4))
            fit_data(m, t);
        break;
    case 8:
        *t = *other;
        *other = kept;
        break;
    default:
        change_data(m, t);
    }
}

static mutate_json_node *number_node(mutate *m, uint64_t x) {
    char text[24];
    int n = snprintf(text, sizeof text, "%" PRIu64, x);
    mutate_json_node *v = mutate_json_word(m, '0', "");
    v->text = mutate_copy(m, text, (size_t)n, 0);
    return v;
}

static mutate_json_node *header_of(mutate *m, const file *f) {
    mutate_json_node *header = mutate_json_word(m, '{', "");
    uint64_t at = 0;
    if (f->metadata)
        mutate_json_add(m, header, mutate_word("__metadata__"), f->metadata);
    for (size_t i = 0; i < f->n; i++) {
        const tensor *t = &f->tensors[i];
        mutate_json_node *entry = t->entry, *shape = mutate_json_word(m, '[', ""), *offsets = mutate_json_word(m, '[', ""), *dtype = mutate_json_word(m, '"', "");
        if (!entry) {
            entry = mutate_json_word(m, '{', "");
            dtype->text = t->dtype;
            for (size_t j = 0; j < t->n_dims; j++)
                mutate_json_add(m, shape, mutate_word(""), number_node(m, t->dims[j]));
            mutate_json_add(m, offsets, mutate_word(""), number_node(m, at));
            mutate_json_add(m, offsets, mutate_word(""), number_node(m, at + t->data.len));
            mutate_json_add(m, entry, mutate_word("dtype"), dtype);
            mutate_json_add(m, entry, mutate_word("shape"), shape);
            mutate_json_add(m, entry, mutate_word("data_offsets"), offsets);
        }
        at += t->data.len;
        mutate_json_add(m, header, t->name, entry);
    }
    return header;
}

bool mutate_safetensors(mutate *m, mutate_span in, mote_buffer *out) {
    file f;
    mutate_marks marks = {0};
    if (!read_file(m, in, &f))
        return false;
    for (size_t n = mutate_n_changes(m); n > 0 && f.n > 0; n--)
        change_tensor(m, &f);
    mutate_json_node *header = header_of(m, &f);
    if (f.n == 0 || mutate_one_in(m, 4))
        mutate_json_change(m, header);
    mutate_put_integer(out, 0, 8);
    mutate_json_write(header, out);
    while (out->len % 8 != 0 && !mutate_one_in(m, 64))
        mutate_put(out, " ", 1);
    mutate_store((uint8_t *)out->data, out->len - 8, 8);
    mutate_marks_add(m, &marks, 0, 8);
    mutate_marks_add(m, &marks, out->len - 4, 4);
    for (size_t i = 0; i < f.n; i++)
        mutate_put(out, f.tensors[i].data.data, f.tensors[i].data.len);
    if (mutate_one_in(m, 2))
        mutate_lie(m, &marks, out);
    return out->len <= MAX_FILE_BYTES;
}
