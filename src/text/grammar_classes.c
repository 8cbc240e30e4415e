/* Sets of characters as alternatives of byte sequences of UTF-8, without surrogates. */
#include "base/error.h"
#include "text/grammar_code.h"
#include "text/unicode.h"

#include <stdlib.h>

static int by_start(const void *a, const void *b) {
    uint32_t x = ((const mote_grammar_range *)a)->lo, y = ((const mote_grammar_range *)b)->lo;
    return (x > y) - (x < y);
}

/* One sequence among alternatives: a split before it, a jump behind it, to be patched by the caller. */
static mote_status emit_sequence(mote_grammar_code *c, uint32_t lo, uint32_t hi, mote_error *err) {
    uint8_t first[4], last[4];
    size_t n = mote_unicode_encode(lo, first);
    mote_unicode_encode(hi, last);
    MOTE_TRY(mote_grammar_code_emit(c, (mote_grammar_op){MOTE_GRAMMAR_SPLIT, 0, 0, 1, (int32_t)n + 2}, err));
    for (size_t i = 0; i < n; i++)
        MOTE_TRY(mote_grammar_code_emit(c, (mote_grammar_op){MOTE_GRAMMAR_RANGE, first[i], last[i], 0, 0}, err));
    return mote_grammar_code_emit(c, (mote_grammar_op){MOTE_GRAMMAR_JUMP, 0, 0, 0, 0}, err);
}

static mote_status emit_range(mote_grammar_code *c, uint32_t lo, uint32_t hi, mote_error *err) {
    while (lo <= hi) {
        uint32_t end = mote_unicode_range_end(lo, hi);
        if (lo < 0xd800 || lo > 0xdfff)
            MOTE_TRY(emit_sequence(c, lo, end, err));
        lo = end + 1;
    }
    return MOTE_OK;
}

mote_status mote_grammar_classes_emit(mote_grammar_code *c, mote_grammar_range *ranges, size_t n, bool negated, mote_error *err) {
    size_t begin = c->n_ops;
    uint32_t next = 0; /* the first code point that no range reached yet */
    qsort(ranges, n, sizeof *ranges, by_start);
    for (size_t i = 0; i < n; i++) {
        if (negated && ranges[i].lo > next)
            MOTE_TRY(emit_range(c, next, ranges[i].lo - 1, err));
        uint32_t lo = ranges[i].lo > next ? ranges[i].lo : next;
        if (!negated && ranges[i].hi >= lo)
            MOTE_TRY(emit_range(c, lo, ranges[i].hi, err));
        next = ranges[i].hi + 1 > next ? ranges[i].hi + 1 : next;
    }
    if (negated && next <= 0x10ffff)
        MOTE_TRY(emit_range(c, next, 0x10ffff, err));
    if (c->n_ops == begin)
        return MOTE_OK; /* the caller refuses it */
    /* The last alternative has no split: what was one step behind its jump is where all go on. */
    size_t last = begin;
    while (last + (size_t)c->ops[last].b < c->n_ops)
        last += (size_t)c->ops[last].b;
    c->ops[last] = (mote_grammar_op){MOTE_GRAMMAR_JUMP, 0, 0, 1, 0};
    for (size_t at = begin; at <= last;) {
        size_t end = at == last ? c->n_ops : at + (size_t)c->ops[at].b;
        c->ops[end - 1].a = (int32_t)(c->n_ops - (end - 1));
        at = end;
    }
    return MOTE_OK;
}
