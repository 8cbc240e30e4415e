/* A set of tokens, searched for the ones a text starts with. The ids are kept in the order of their texts; reading a byte narrows the range of ids that are
 * still possible by bisection, so the set costs four bytes a token and no trie. */
#ifndef MOTE_TEXT_PREFIXES_H
#define MOTE_TEXT_PREFIXES_H

#include "text/vocabulary.h"

/* Longer texts are not searched for: the length bounds the time spent at each byte of a text. Published ones stay below 100 bytes. */
enum { MOTE_PREFIXES_MAX_BYTES = 256 };

typedef struct mote_prefixes {
    uint32_t *ids;
    uint32_t n_ids;
    uint32_t first[257]; /* ids whose text begins with byte b: first[b] up to first[b + 1] */
} mote_prefixes;

typedef struct mote_prefixes_walk {
    uint32_t low, high, depth;
} mote_prefixes_walk;

/* The tokens for which `wanted` says so. */
MOTE_MUST_CHECK mote_status mote_prefixes_init(mote_prefixes *p, const mote_vocabulary *v, bool (*wanted)(const void *, uint32_t), const void *context, mote_error *err);
void mote_prefixes_deinit(mote_prefixes *p);

static inline bool mote_prefixes_start(const mote_prefixes *p, uint8_t byte, mote_prefixes_walk *w) {
    *w = (mote_prefixes_walk){p->first[byte], p->first[byte + 1], 1};
    return w->low < w->high;
}
/* One byte more; false when no text goes on so. */
bool mote_prefixes_step(const mote_prefixes *p, const mote_vocabulary *v, uint8_t byte, mote_prefixes_walk *w);
/* The token that ends at this depth; -1: none. */
static inline int32_t mote_prefixes_match(const mote_prefixes *p, const mote_vocabulary *v, const mote_prefixes_walk *w) {
    uint32_t id = p->ids[w->low];
    return mote_vocabulary_text(v, id).len == w->depth ? (int32_t)id : -1;
}

#endif
