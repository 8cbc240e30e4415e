/* Texts and pairs of texts to what a pooler reads: ids with the tokens around them, cut to what the model takes. */
#ifndef MOTE_ENGINE_READING_H
#define MOTE_ENGINE_READING_H

#include "engine/pooler.h"

typedef struct mote_reading {
    int32_t *ids;   /* owned */
    uint8_t *types; /* owned; NULL: all 0 */
    size_t n, n_unpooled, n_dropped;
} mote_reading;

/* prompt and text are read as one. most: tokens. MOTE_ERR_ARGUMENT (no tokens), _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_reading_of_text(const mote_model *m, mote_str prompt, mote_str text, size_t most, mote_reading *r, mote_error *err);
/* query: its ids, without anything around them. MOTE_ERR_UNSUPPORTED (the tokenizer says nothing of pairs), _LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_reading_of_pair(const mote_model *m, const int32_t *query, size_t n_query, mote_str passage, size_t most, mote_reading *r, mote_error *err);
void mote_reading_deinit(mote_reading *r);
static inline mote_pooler_text mote_reading_tokens(const mote_reading *r) {
    return (mote_pooler_text){{r->ids, r->types, r->n}, r->n_unpooled};
}
/* Tokens that the model takes: its positions, or fewer as its folder says. */
size_t mote_reading_most_tokens(const mote_model *m, const mote_pooler *p);

#endif
