/* Deterministic automata over bytes: what regular expressions and the string side of schemas are made of. Every language holds well-formed UTF-8 only, so a complement is taken
 * within that. An automaton is immutable and lives in the arena it was made in. State 0 is dead, every other state leads to acceptance, and the start is 0 for the empty language.
 */
#ifndef MOTE_TEXT_REGULAR_DFA_H
#define MOTE_TEXT_REGULAR_DFA_H

#include "base/arena.h"
#include "base/str.h"

#include <mote/status.h>

#include <stdint.h>

typedef struct mote_dfa {
    uint32_t n_states, n_classes, start;
    uint8_t classes[256];
    const uint32_t *next;  /* [n_states][n_classes] */
    const uint32_t *label; /* [n_states]; 0: not accepting. 1, unless mote_dfa_relabel or mote_dfa_join said otherwise */
} mote_dfa;

static inline uint32_t mote_dfa_step(const mote_dfa *d, uint32_t state, unsigned char byte) {
    return d->next[(size_t)state * d->n_classes + d->classes[byte]];
}

typedef enum mote_dfa_op {
    MOTE_DFA_AND,     /* both accept */
    MOTE_DFA_AND_NOT, /* a accepts, b doesn't */
    MOTE_DFA_OR,      /* one of them accepts */
    MOTE_DFA_LABELS   /* a accepts; the label is a's with the bit of `bit` set where b accepts */
} mote_dfa_op;

/* All of them: MOTE_ERR_LIMIT where the automaton would have too many states or the arena is full, MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_dfa_any(mote_arena *arena, const mote_dfa **out, mote_error *err); /* all of UTF-8 */
MOTE_MUST_CHECK mote_status mote_dfa_words(const mote_str *words, size_t n_words, mote_arena *arena, const mote_dfa **out, mote_error *err);
MOTE_MUST_CHECK mote_status mote_dfa_product(const mote_dfa *a, const mote_dfa *b, mote_dfa_op op, unsigned bit, mote_arena *arena, const mote_dfa **out, mote_error *err);
/* Labels become to[label]; what gets 0 no longer accepts. n: the labels of d are below it. */
MOTE_MUST_CHECK mote_status mote_dfa_relabel(const mote_dfa *d, const uint32_t *to, size_t n, mote_arena *arena, const mote_dfa **out, mote_error *err);
/* The language of an ECMA-262 expression (regular.h says which part of it): the strings that hold a match, or, with `whole`, that are one. Errors as mote_regular_compile. *steps,
 * if it isn't NULL, becomes the steps that it took, some five nanoseconds each. */
MOTE_MUST_CHECK mote_status mote_dfa_pattern(mote_str pattern, bool whole, mote_arena *arena, const mote_dfa **out, int64_t *steps, mote_error *err);

bool mote_dfa_accepts(const mote_dfa *d, mote_str text);
bool mote_dfa_equal(const mote_dfa *a, const mote_dfa *b); /* the same automaton; of the same language it may still say false */
/* Writes the words of a language of at most max words; returns their number, SIZE_MAX if there are more (or one is longer than 255 bytes). The bytes are in the arena. */
MOTE_MUST_CHECK mote_status mote_dfa_list(const mote_dfa *d, size_t max, mote_arena *arena, mote_str *words, size_t *n, mote_error *err);

/* Makes one from a table (state 0 dead): drops what is unreachable or leads nowhere, and joins states that do the same where that can be had in time. `next` and `label` are
 * borrowed. */
MOTE_MUST_CHECK mote_status mote_dfa_build(uint32_t n_states, uint32_t n_classes, const uint8_t classes[256], uint32_t start, const uint32_t *next, const uint32_t *label,
                                           mote_arena *arena, const mote_dfa **out, mote_error *err);

#endif
