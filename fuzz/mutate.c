#include "fuzz/mutate.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_ARENA_BYTES = 1 << 30,
    LONG_TEXT_BYTES = 70000, /* longer than any 16-bit length */
    MAX_CHANGES = 4,
    LIE_ONE_IN = 6,
    CUT_ONE_IN = 24
};

void mutate_init(mutate *m, uint64_t seed) {
    mote_rng_init(&m->rng, seed);
    mote_arena_init(&m->arena, MAX_ARENA_BYTES);
}

void mutate_deinit(mutate *m) {
    mote_arena_deinit(&m->arena);
}

size_t mutate_below(mutate *m, size_t n) {
    return n ? mote_rng_next(&m->rng) % n : 0;
}

bool mutate_one_in(mutate *m, size_t n) {
    return mutate_below(m, n) == 0;
}

size_t mutate_n_changes(mutate *m) {
    return mutate_one_in(m, 2) ? 1 : 1 + mutate_below(m, MAX_CHANGES);
}

void *mutate_alloc(mutate *m, size_t n, size_t item_bytes) {
    void *p = mote_arena_zalloc_array(&m->arena, n ? n : 1, item_bytes);
    if (!p)
        abort();
    return p;
}

mutate_span mutate_copy(mutate *m, const void *data, size_t len, size_t room) {
    uint8_t *p = mutate_alloc(m, len + room, 1);
    if (len)
        memcpy(p, data, len);
    return (mutate_span){p, len + room};
}

uint64_t mutate_integer(mutate *m, uint64_t old, size_t n_bytes) {
    static const uint64_t edges[] = {0, 1, 2, 3, 7, 8, 16, 31, 32, 33, 63, 64, 127, 128, 255, 256, 1000, 4095, 4096, 32767, 65535, 65536, 1 << 20, 1 << 30};
    unsigned bits = (unsigned)(8 * n_bytes);
    switch (mutate_below(m, 8)) {
    case 0:
        return edges[mutate_below(m, sizeof edges / sizeof *edges)];
    case 1: /* a power of two or its neighbour */
        return ((uint64_t)1 << mutate_below(m, bits)) + mutate_below(m, 3) - 1;
    case 2:
        return (uint64_t)0 - mutate_below(m, 4);
    case 3:
        return old ^ (uint64_t)1 << mutate_below(m, bits);
    case 4:
        return old / (2 + mutate_below(m, 3));
    case 5:
        return old * (2 + mutate_below(m, 3));
    case 6:
        return (uint64_t)mote_rng_next(&m->rng) << 32 | mote_rng_next(&m->rng);
    default:
        return old + mutate_below(m, 5) - 2;
    }
}

uint32_t mutate_float(mutate *m, uint32_t old_bits) {
    static const uint32_t edges[] = {0x7fc00000, 0xffc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0xff7fffff, 0x00000000, 0x80000000, 0x00000001,
                                     0x007fffff, 0x00800000, 0x3f800000, 0xbf800000, 0x7f800001, 0x4f000000, 0x5f000000, 0x33d6bf95, 0x4b800000};
    if (mutate_one_in(m, 3))
        return old_bits ^ (uint32_t)1 << mutate_below(m, 32);
    return edges[mutate_below(m, sizeof edges / sizeof *edges)];
}

mutate_span mutate_word(const char *text) {
    return (mutate_span){(const uint8_t *)text, strlen(text)};
}

bool mutate_span_is(mutate_span s, const char *text) {
    return s.len == strlen(text) && memcmp(s.data, text, s.len) == 0;
}

mutate_span mutate_text(mutate *m, mutate_span old, const char *const *words) {
    static const char *const odd[] = {
        "\xff\xfe", "\xed\xa0\x80",  "\xf4\x90\x80\x80", "\xc0\xaf", "<0x-1>", "<0xFFF>", "%s%n%d", "\xe2\x96\x81", " ", "\xc4\xa0", "<s>", "</s>", "\n",
        "'",        "../../escaped", "\xe2\x80\x8b",     "0",        "-1"};
    size_t n_words = 0;
    while (words && words[n_words])
        n_words++;
    if (n_words && mutate_one_in(m, 2))
        return mutate_word(words[mutate_below(m, n_words)]);
    size_t at = mutate_below(m, old.len);
    mutate_span copy = mutate_copy(m, old.data, old.len, 1);
    uint8_t *p = (uint8_t *)copy.data;
    switch (mutate_below(m, 7)) {
    case 0:
        return (mutate_span){p, 0};
    case 1:
        return (mutate_span){p, at};
    case 2: {
        copy = mutate_copy(m, old.data, old.len, old.len);
        memcpy((uint8_t *)copy.data + old.len, copy.data, old.len);
        return copy;
    }
    case 3: {
        size_t len = mutate_one_in(m, 4) ? LONG_TEXT_BYTES : 1 + mutate_below(m, 600);
        copy = mutate_copy(m, NULL, 0, len);
        memset((uint8_t *)copy.data, old.len ? old.data[at] : 'a', len);
        return copy;
    }
    case 4:
        return mutate_word(odd[mutate_below(m, sizeof odd / sizeof *odd)]);
    case 5:
        p[at] = 0;
        break;
    default:
        p[at] = (uint8_t)mote_rng_next(&m->rng);
    }
    return (mutate_span){p, old.len ? old.len : 1};
}

void mutate_put(mote_buffer *out, const void *data, size_t len) {
    if (mote_buffer_append(out, data ? data : "", len) == MOTE_ERR_ALLOC)
        abort(); /* past the buffer's limit the mutant is just cut */
}

void mutate_pad(mote_buffer *out, size_t start, size_t alignment) {
    for (size_t n = alignment - 1 - (out->len - start + alignment - 1) % alignment; n > 0; n--)
        mutate_put(out, "", 1);
}

void mutate_put_integer(mote_buffer *out, uint64_t x, size_t n_bytes) {
    uint8_t bytes[8];
    mutate_store(bytes, x, sizeof bytes);
    mutate_put(out, bytes, n_bytes);
}

uint64_t mutate_load(const uint8_t *p, size_t n_bytes) {
    uint64_t x = 0;
    for (size_t i = 0; i < n_bytes; i++)
        x |= (uint64_t)p[i] << (8 * i);
    return x;
}

void mutate_store(uint8_t *p, uint64_t x, size_t n_bytes) {
    for (size_t i = 0; i < n_bytes; i++)
        p[i] = (uint8_t)(x >> (8 * i));
}

void mutate_marks_add(mutate *m, mutate_marks *marks, size_t at, size_t n_bytes) {
    if (marks->n == marks->capacity) {
        size_t capacity = 2 * marks->capacity + 64;
        mutate_mark *items = mutate_alloc(m, capacity, sizeof *items);
        if (marks->n)
            memcpy(items, marks->items, marks->n * sizeof *items);
        marks->items = items;
        marks->capacity = capacity;
    }
    marks->items[marks->n++] = (mutate_mark){at, n_bytes};
}

void mutate_lie(mutate *m, const mutate_marks *marks, mote_buffer *file) {
    if (marks->n && mutate_one_in(m, LIE_ONE_IN))
        for (size_t n = 1 + mutate_below(m, 2); n > 0; n--) {
            /* the first few are the counts of the whole file */
            mutate_mark k = marks->items[mutate_below(m, mutate_one_in(m, 3) && marks->n > 8 ? 8 : marks->n)];
            if (k.at + k.n_bytes > file->len)
                continue;
            uint8_t *p = (uint8_t *)file->data + k.at;
            mutate_store(p, mutate_integer(m, mutate_load(p, k.n_bytes), k.n_bytes), k.n_bytes);
        }
    if (mutate_one_in(m, CUT_ONE_IN)) {
        size_t at = marks->n && mutate_one_in(m, 2) ? marks->items[mutate_below(m, marks->n)].at + mutate_below(m, 3) : mutate_below(m, file->len + 1);
        if (at < file->len)
            file->len = at;
    } else if (mutate_one_in(m, 2 * CUT_ONE_IN)) {
        mutate_put(file, "\0PK\3\4 and more", 13);
    }
}
