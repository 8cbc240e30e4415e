/* Expressions as trees, between regular_parse.c, which reads them, and regular_nfa.c, which makes automata of them. */
#ifndef MOTE_TEXT_REGULAR_AST_H
#define MOTE_TEXT_REGULAR_AST_H

#include "base/arena.h"
#include "base/str.h"

#include <mote/status.h>

#include <stdint.h>

typedef enum mote_regular_kind {
    MOTE_REGULAR_SET,    /* one code point of the ranges */
    MOTE_REGULAR_CAT,    /* items one behind the other */
    MOTE_REGULAR_ALT,    /* one of the items */
    MOTE_REGULAR_REPEAT, /* the item, min to max times */
    MOTE_REGULAR_BEGIN,
    MOTE_REGULAR_END
} mote_regular_kind;

#define MOTE_REGULAR_NO_MAX UINT32_MAX

typedef struct mote_regular_range {
    uint32_t lo, hi;
} mote_regular_range;

typedef struct mote_regular_node mote_regular_node;
struct mote_regular_node {
    mote_regular_kind kind;
    uint32_t min, max;
    const mote_regular_range *ranges; /* in order, apart from each other, without surrogates */
    size_t n_ranges;
    const mote_regular_node *last, *before; /* the last item; in a list of items, the one before this */
};

/* A set of code points while it is collected. */
typedef struct mote_regular_set {
    mote_regular_range *items;
    size_t n, capacity;
    bool failed; /* without memory */
} mote_regular_set;

void mote_regular_set_add(mote_regular_set *s, uint32_t lo, uint32_t hi);
void mote_regular_set_invert(mote_regular_set *s);
void mote_regular_set_sort(mote_regular_set *s);
void mote_regular_set_deinit(mote_regular_set *s);
void mote_regular_set_digits(mote_regular_set *s);
void mote_regular_set_words(mote_regular_set *s);
void mote_regular_set_spaces(mote_regular_set *s);
void mote_regular_set_dot(mote_regular_set *s);
/* The general category of that name (short or long); false if there is none. */
bool mote_regular_set_category(mote_regular_set *s, mote_str name);

MOTE_MUST_CHECK mote_status mote_regular_parse(mote_str pattern, mote_arena *arena, const mote_regular_node **root, mote_error *err);

#endif
