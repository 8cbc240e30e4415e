/* Reads a whole GGUF file into lists of values and tensors (forgivingly: what is there is taken, a mutant of a mutant may have odd parts) and writes them again. */
#include "fuzz/mutate_gguf.h"

#include "base/dtype.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_STRINGS = 1 << 20,
    MAX_FILE_BYTES = 64 << 20 /* of a mutant: sparse offsets are cut off there */
};

typedef struct reader {
    const uint8_t *data;
    size_t len, at;
    bool bad;
} reader;

static uint64_t take(reader *r, size_t n_bytes) {
    if (r->bad || n_bytes > r->len - r->at) {
        r->bad = true;
        return 0;
    }
    r->at += n_bytes;
    return mutate_load(r->data + r->at - n_bytes, n_bytes);
}

static mutate_span take_span(reader *r, uint64_t len) {
    if (r->bad || len > r->len - r->at) {
        r->bad = true;
        return (mutate_span){r->data, 0};
    }
    r->at += len;
    return (mutate_span){r->data + r->at - len, len};
}

size_t mutate_gguf_item_bytes(uint32_t type) {
    static const uint8_t bytes[MUTATE_GGUF_N_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    return type < MUTATE_GGUF_N_TYPES ? bytes[type] : 0;
}

mutate_gguf_value *mutate_gguf_find(const mutate_gguf_file *f, const char *key) {
    for (size_t i = 0; i < f->n_values; i++)
        if (mutate_span_is(f->values[i].key, key))
            return &f->values[i];
    return NULL;
}

mutate_gguf_value *mutate_gguf_add_value(mutate *m, mutate_gguf_file *f) {
    if (f->n_values == f->values_capacity) {
        mutate_gguf_value *old = f->values;
        f->values_capacity = 2 * f->values_capacity + 16;
        f->values = mutate_alloc(m, f->values_capacity, sizeof *f->values);
        if (old)
            memcpy(f->values, old, f->n_values * sizeof *old);
    }
    return &f->values[f->n_values++];
}

mutate_gguf_tensor *mutate_gguf_add_tensor(mutate *m, mutate_gguf_file *f) {
    if (f->n_tensors == f->tensors_capacity) {
        mutate_gguf_tensor *old = f->tensors;
        f->tensors_capacity = 2 * f->tensors_capacity + 16;
        f->tensors = mutate_alloc(m, f->tensors_capacity, sizeof *f->tensors);
        if (old)
            memcpy(f->tensors, old, f->n_tensors * sizeof *old);
    }
    return &f->tensors[f->n_tensors++];
}

static void read_value(mutate *m, reader *r, mutate_gguf_value *v) {
    v->key = take_span(r, take(r, 8));
    v->type = (uint32_t)take(r, 4);
    if (v->type == MUTATE_GGUF_STRING) {
        v->data = take_span(r, take(r, 8));
    } else if (v->type == MUTATE_GGUF_ARRAY) {
        v->item_type = (uint32_t)take(r, 4);
        v->n_items = take(r, 8);
        size_t item_bytes = mutate_gguf_item_bytes(v->item_type);
        if (item_bytes && v->n_items <= (r->len - r->at) / item_bytes)
            v->data = take_span(r, v->n_items * item_bytes);
        else if (v->item_type == MUTATE_GGUF_STRING && v->n_items <= MAX_STRINGS && v->n_items <= (r->len - r->at) / 8) {
            v->strings = mutate_alloc(m, v->n_items, sizeof *v->strings);
            for (uint64_t i = 0; i < v->n_items; i++)
                v->strings[i] = take_span(r, take(r, 8));
        } else
            r->bad = true;
    } else {
        r->bad = r->bad || v->type >= MUTATE_GGUF_N_TYPES;
        v->data = take_span(r, mutate_gguf_item_bytes(v->type));
    }
}

static void read_tensor(reader *r, mutate_gguf_tensor *t) {
    t->name = take_span(r, take(r, 8));
    t->n_dims = (uint32_t)take(r, 4);
    if (t->n_dims > MUTATE_GGUF_MAX_DIMS)
        r->bad = true;
    for (uint32_t i = 0; !r->bad && i < t->n_dims; i++)
        t->dims[i] = take(r, 8);
    t->type = (uint32_t)take(r, 4);
    t->offset = take(r, 8);
}

static int compare_offsets(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* A tensor's bytes reach to the next tensor or the end: no shape or type needs to be believed. */
static void read_data(mutate *m, const reader *r, mutate_gguf_file *f) {
    size_t start = (r->at + f->alignment - 1) / f->alignment * f->alignment, room = start < r->len ? r->len - start : 0;
    uint64_t *ends = mutate_alloc(m, f->n_tensors + 1, sizeof *ends);
    for (size_t i = 0; i < f->n_tensors; i++)
        ends[i] = f->tensors[i].offset;
    ends[f->n_tensors] = room;
    qsort(ends, f->n_tensors + 1, sizeof *ends, compare_offsets);
    for (size_t i = 0; i < f->n_tensors; i++) {
        mutate_gguf_tensor *t = &f->tensors[i];
        uint64_t end = room;
        for (size_t j = 0; j <= f->n_tensors; j++)
            if (ends[j] > t->offset) {
                end = ends[j];
                break;
            }
        t->data = (mutate_span){r->data, 0};
        if (t->offset < room)
            t->data = (mutate_span){r->data + start + t->offset, (end < room ? end : room) - t->offset};
        t->has_offset = t->offset % f->alignment != 0;
    }
}

static bool read_file(mutate *m, mutate_span in, mutate_gguf_file *f) {
    reader r = {in.data, in.len, 0, false};
    if (in.len < 24 || memcmp(in.data, "GGUF", 4) != 0)
        return false;
    r.at = 4;
    *f = (mutate_gguf_file){.version = (uint32_t)take(&r, 4), .alignment = 32};
    uint64_t n_tensors = take(&r, 8), n_values = take(&r, 8);
    for (uint64_t i = 0; i < n_values && !r.bad; i++)
        read_value(m, &r, mutate_gguf_add_value(m, f));
    for (uint64_t i = 0; i < n_tensors && !r.bad; i++)
        read_tensor(&r, mutate_gguf_add_tensor(m, f));
    const mutate_gguf_value *v = mutate_gguf_find(f, "general.alignment");
    if (v && v->data.len == 4 && mutate_load(v->data.data, 4) - 1 < 1 << 20)
        f->alignment = mutate_load(v->data.data, 4);
    if (!r.bad)
        read_data(m, &r, f);
    return !r.bad;
}

static void put_string(mutate *m, mutate_marks *marks, mote_buffer *out, mutate_span s) {
    mutate_marks_add(m, marks, out->len, 8);
    mutate_put_integer(out, s.len, 8);
    mutate_put(out, s.data, s.len);
}

static void put_marked(mutate *m, mutate_marks *marks, mote_buffer *out, uint64_t x, size_t n_bytes) {
    mutate_marks_add(m, marks, out->len, n_bytes);
    mutate_put_integer(out, x, n_bytes);
}

static void write_value(mutate *m, const mutate_gguf_value *v, mutate_marks *marks, mote_buffer *out) {
    put_string(m, marks, out, v->key);
    put_marked(m, marks, out, v->type, 4);
    if (v->type == MUTATE_GGUF_STRING) {
        put_string(m, marks, out, v->data);
        return;
    }
    if (v->type != MUTATE_GGUF_ARRAY) {
        mutate_put(out, v->data.data, v->data.len);
        return;
    }
    put_marked(m, marks, out, v->item_type, 4);
    put_marked(m, marks, out, v->n_items, 8);
    if (v->strings)
        for (uint64_t i = 0; i < v->n_items; i++)
            put_string(m, marks, out, v->strings[i]);
    else
        mutate_put(out, v->data.data, v->data.len);
}

static void write_file(mutate *m, const mutate_gguf_file *f, mutate_marks *marks, mote_buffer *out) {
    mutate_put(out, "GGUF", 4);
    put_marked(m, marks, out, f->version, 4);
    put_marked(m, marks, out, f->n_tensors, 8);
    put_marked(m, marks, out, f->n_values, 8);
    for (size_t i = 0; i < f->n_values; i++)
        write_value(m, &f->values[i], marks, out);
    uint64_t offset = 0, alignment = f->alignment ? f->alignment : 1;
    for (size_t i = 0; i < f->n_tensors; i++) {
        const mutate_gguf_tensor *t = &f->tensors[i];
        put_string(m, marks, out, t->name);
        put_marked(m, marks, out, t->n_dims, 4);
        for (uint32_t j = 0; j < t->n_dims && j < MUTATE_GGUF_MAX_DIMS; j++)
            put_marked(m, marks, out, t->dims[j], 8);
        put_marked(m, marks, out, t->type, 4);
        put_marked(m, marks, out, t->has_offset ? t->offset : offset, 8);
        if (!t->has_offset)
            offset += (t->data.len + alignment - 1) / alignment * alignment;
    }
    mutate_pad(out, 0, alignment);
    size_t start = out->len;
    for (size_t i = 0; i < f->n_tensors; i++) {
        const mutate_gguf_tensor *t = &f->tensors[i];
        if (t->has_offset)
            continue; /* it lies over others, or nowhere */
        mutate_put(out, t->data.data, t->data.len);
        mutate_pad(out, start, alignment);
    }
}

bool mutate_gguf(mutate *m, mutate_span in, mote_buffer *out) {
    mutate_gguf_file f;
    mutate_marks marks = {0};
    if (!read_file(m, in, &f))
        return false;
    for (size_t n = mutate_n_changes(m); n > 0; n--) {
        if (mutate_one_in(m, 3) && f.n_tensors)
            mutate_gguf_change_tensors(m, &f);
        else
            mutate_gguf_change_values(m, &f);
    }
    write_file(m, &f, &marks, out);
    mutate_lie(m, &marks, out);
    return out->len <= MAX_FILE_BYTES;
}
