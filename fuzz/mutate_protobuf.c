/* A field of bytes that is itself a list of fields is taken as a message, one level deep: SentencePiece's pieces and settings are such. */
#include "fuzz/mutate_protobuf.h"

#include <string.h>

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };
enum { MAX_REPEATS = 1000 };

typedef struct field {
    uint64_t key;    /* number << 3 | wire type */
    uint64_t value;  /* of a varint */
    mutate_span raw; /* other fields' bytes */
} field;

typedef struct message {
    field *items;
    size_t n, capacity;
} message;

static const char *const texts[] = {"<unk>", "<s>", "</s>", "<0x00>", "<0xFF>", "<0x100>", "\xe2\x96\x81", "\xe2\x96\x81\xe2\x96\x81", "a", NULL};

static bool take_varint(mutate_span *s, uint64_t *x) {
    *x = 0;
    for (unsigned shift = 0; shift < 64 && s->len; shift += 7) {
        uint8_t b = *s->data++;
        s->len--;
        *x |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

static void put_varint(mote_buffer *out, uint64_t x) {
    for (; x >= 0x80; x >>= 7)
        mutate_put_integer(out, x | 0x80, 1);
    mutate_put_integer(out, x, 1);
}

static void add(mutate *m, message *v, field f) {
    if (v->n == v->capacity) {
        field *old = v->items;
        v->capacity = 2 * v->capacity + 16;
        v->items = mutate_alloc(m, v->capacity, sizeof *v->items);
        if (old)
            memcpy(v->items, old, v->n * sizeof *old);
    }
    v->items[v->n++] = f;
}

static bool read_message(mutate *m, mutate_span in, message *v) {
    *v = (message){0};
    while (in.len) {
        field f = {0};
        if (!take_varint(&in, &f.key))
            return false;
        uint64_t n = (f.key & 7) == WIRE_64 ? 8 : 4;
        if ((f.key & 7) == WIRE_VARINT) {
            if (!take_varint(&in, &f.value))
                return false;
        } else {
            if ((f.key & 7) == WIRE_BYTES ? !take_varint(&in, &n) : (f.key & 7) != WIRE_64 && (f.key & 7) != WIRE_32)
                return false;
            if (n > in.len)
                return false;
            f.raw = (mutate_span){in.data, n};
            in = (mutate_span){in.data + n, in.len - n};
        }
        add(m, v, f);
    }
    return true;
}

static void write_message(mutate *m, const message *v, mote_buffer *out) {
    for (size_t i = 0; i < v->n; i++) {
        const field *f = &v->items[i];
        put_varint(out, f->key);
        if ((f->key & 7) == WIRE_VARINT)
            put_varint(out, f->value);
        else if ((f->key & 7) == WIRE_BYTES)
            put_varint(out, mutate_one_in(m, 4096) ? mutate_integer(m, f->raw.len, 8) : f->raw.len);
        mutate_put(out, f->raw.data, f->raw.len);
    }
}

static void change(mutate *m, message *v, int depth);

static void change_bytes(mutate *m, field *f, int depth) {
    message inner;
    if (depth > 0 || f->raw.len == 0 || !read_message(m, f->raw, &inner) || mutate_one_in(m, 8)) {
        f->raw = mutate_text(m, f->raw, texts);
        return;
    }
    mote_buffer written;
    mote_buffer_init(&written, 1 << 24);
    change(m, &inner, depth + 1);
    write_message(m, &inner, &written);
    f->raw = mutate_copy(m, written.data, written.len, 0);
    mote_buffer_deinit(&written);
}

static void change(mutate *m, message *v, int depth) {
    /* the settings stand behind the pieces; they are chosen as often */
    size_t last = v->n < 8 ? v->n : 8, i = mutate_one_in(m, 3) ? v->n - last + mutate_below(m, last) : mutate_below(m, v->n), j = mutate_below(m, v->n);
    if (v->n == 0)
        return;
    field *f = &v->items[i], kept;
    switch (mutate_below(m, 12)) {
    case 0:
        *f = v->items[--v->n];
        break;
    case 1:
        kept = *f;
        for (size_t n = mutate_one_in(m, 8) ? MAX_REPEATS : 1; n > 0; n--)
            add(m, v, kept);
        break;
    case 2:
        kept = *f;
        *f = v->items[j];
        v->items[j] = kept;
        break;
    case 3: /* another number or another wire type over the same bytes */
        f->key = mutate_one_in(m, 2) ? (f->key & 7) | (1 + mutate_below(m, 45)) << 3 : mutate_integer(m, f->key, 4);
        break;
    case 4:
        add(m, v, (field){(1 + mutate_below(m, 45)) << 3, mutate_integer(m, 1, 8), {0}});
        break;
    default:
        if ((f->key & 7) == WIRE_VARINT) {
            f->value = mutate_integer(m, f->value, 8);
        } else if ((f->key & 7) == WIRE_32 && f->raw.len == 4) {
            f->raw = mutate_copy(m, f->raw.data, 4, 0);
            mutate_store((uint8_t *)f->raw.data, mutate_float(m, (uint32_t)mutate_load(f->raw.data, 4)), 4);
        } else {
            change_bytes(m, f, depth);
        }
    }
}

bool mutate_protobuf(mutate *m, mutate_span in, mote_buffer *out) {
    message v;
    mutate_marks none = {0};
    if (!read_message(m, in, &v) || v.n == 0)
        return false;
    for (size_t n = mutate_n_changes(m); n > 0; n--)
        change(m, &v, 0);
    write_message(m, &v, out);
    if (mutate_one_in(m, 4))
        mutate_lie(m, &none, out);
    return true;
}
