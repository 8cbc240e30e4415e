#include "engine/draft_index.h"

#include <string.h>

enum { MAX_STEPS = 64 }; /* of a chain: a search takes about a microsecond at most */

static size_t slots_for(size_t n) {
    size_t slots = 16;
    while (slots < n)
        slots *= 2;
    return slots;
}

size_t mote_draft_index_cells(size_t n_max) {
    return 2 * n_max + 2 * slots_for(n_max);
}

void mote_draft_index_init(mote_draft_index *x, size_t n_max, uint32_t *cells) {
    *x = (mote_draft_index){.n_max = n_max, .n_slots = slots_for(n_max)};
    x->tokens = (int32_t *)cells;
    x->links = cells + n_max;
    x->pairs = x->links + n_max;
    x->singles = x->pairs + x->n_slots;
    mote_draft_index_clear(x);
}

void mote_draft_index_clear(mote_draft_index *x) {
    x->n = x->before = 0;
    memset(x->pairs, 0, x->n_slots * sizeof *x->pairs);
    memset(x->singles, 0, x->n_slots * sizeof *x->singles);
}

static size_t slot_of(const mote_draft_index *x, uint64_t key) {
    return (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (x->n_slots - 1);
}

void mote_draft_index_add(mote_draft_index *x, int32_t token) {
    size_t at = x->n++;
    uint32_t *single = &x->singles[slot_of(x, (uint32_t)token)];
    x->tokens[at] = token;
    x->before = *single;
    *single = (uint32_t)at + 1;
    x->links[at] = 0;
    if (at == 0)
        return;
    uint32_t *pair = &x->pairs[slot_of(x, (uint64_t)(uint32_t)x->tokens[at - 1] << 32 | (uint32_t)token)];
    x->links[at] = *pair;
    *pair = (uint32_t)at + 1;
}

size_t mote_draft_index_match(const mote_draft_index *x, const int32_t *text, size_t place) {
    size_t n = 0, most = place < x->n ? place : x->n;
    most = most < MOTE_DRAFT_INDEX_LONGEST ? most : MOTE_DRAFT_INDEX_LONGEST;
    while (n < most && text[place - 1 - n] == x->tokens[x->n - 1 - n])
        n++;
    return n;
}

size_t mote_draft_index_find(const mote_draft_index *x, size_t *place) {
    size_t longest = 0, at = x->n > 0 ? x->links[x->n - 1] : 0;
    *place = 0;
    for (int step = 0; at != 0 && step < MAX_STEPS && longest < MOTE_DRAFT_INDEX_LONGEST; step++, at = x->links[at - 1]) {
        size_t length = mote_draft_index_match(x, x->tokens, at);
        if (length > longest) {
            longest = length;
            *place = at;
        }
    }
    if (longest == 0 && x->before != 0 && mote_draft_index_match(x, x->tokens, x->before) > 0) {
        longest = mote_draft_index_match(x, x->tokens, x->before);
        *place = x->before;
    }
    return longest;
}
