/* What the mutators share: random choices, memory that dies together, numbers and texts that break readers.
 *
 * A mutator takes a valid file apart into a small editable form, changes something in it and writes it again with lengths and offsets that fit, so that the change is seen by the
 * code behind the first checks; now and then it makes one of those lie. The same seed gives the same mutant on every machine. */
#ifndef MOTE_FUZZ_MUTATE_H
#define MOTE_FUZZ_MUTATE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct mutate {
    mote_rng rng;
    mote_arena arena;
} mutate;

typedef struct mutate_span {
    const uint8_t *data;
    size_t len;
} mutate_span;

/* A mutator: false when `in` is no file of its format. `out` is empty before. */
typedef bool (*mutate_fn)(mutate *m, mutate_span in, mote_buffer *out);

void mutate_init(mutate *m, uint64_t seed);
void mutate_deinit(mutate *m);

size_t mutate_below(mutate *m, size_t n); /* 0 for n == 0 */
bool mutate_one_in(mutate *m, size_t n);
size_t mutate_n_changes(mutate *m);                         /* mostly one: several seldom pass all checks */
void *mutate_alloc(mutate *m, size_t n, size_t item_bytes); /* zeroed; there until _deinit */
mutate_span mutate_copy(mutate *m, const void *data, size_t len, size_t room);

/* A number of n_bytes near `old` or at an edge: 0, -1, powers of two and their neighbours, half, double. */
uint64_t mutate_integer(mutate *m, uint64_t old, size_t n_bytes);
/* An edge of float32 (NaN, infinities, largest, subnormal, zero, negative) or near `old`; as bits. */
uint32_t mutate_float(mutate *m, uint32_t old_bits);
/* `old` with a byte changed, cut, doubled, emptied, made long, not UTF-8, with a NUL; or one of `words` (NULL-terminated, may be NULL). */
mutate_span mutate_text(mutate *m, mutate_span old, const char *const *words);
mutate_span mutate_word(const char *text);
bool mutate_span_is(mutate_span s, const char *text);

void mutate_put(mote_buffer *out, const void *data, size_t len);
void mutate_pad(mote_buffer *out, size_t start, size_t alignment); /* zeros up to a multiple, counted from start */
void mutate_put_integer(mote_buffer *out, uint64_t x, size_t n_bytes);
uint64_t mutate_load(const uint8_t *p, size_t n_bytes);
void mutate_store(uint8_t *p, uint64_t x, size_t n_bytes);

/* Places of a written file that hold lengths, counts, types and offsets: where it can lie, and where it can be cut. */
typedef struct mutate_mark {
    size_t at, n_bytes;
} mutate_mark;

typedef struct mutate_marks {
    mutate_mark *items;
    size_t n, capacity;
} mutate_marks;

void mutate_marks_add(mutate *m, mutate_marks *marks, size_t at, size_t n_bytes);
/* Mostly nothing; else changes one or two marks, cuts the file (often at a mark) or lengthens it. */
void mutate_lie(mutate *m, const mutate_marks *marks, mote_buffer *file);

#endif
