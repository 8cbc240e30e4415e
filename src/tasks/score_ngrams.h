/* Counts of n-grams: a multiset with keys of 128 bits. */
#ifndef MOTE_TASKS_SCORE_NGRAMS_H
#define MOTE_TASKS_SCORE_NGRAMS_H

#include "tasks/score_words.h"

typedef struct mote_ngram {
    uint64_t key[2];
    uint64_t count; /* 0: a free place */
} mote_ngram;

typedef struct mote_ngrams {
    mote_ngram *places; /* [n_places], a power of two; open addressing */
    size_t n_places, n; /* n: different ones */
} mote_ngrams;

void mote_ngrams_deinit(mote_ngrams *g);
void mote_ngrams_clear(mote_ngrams *g);
/* MOTE_ERR_ALLOC. */
MOTE_MUST_CHECK mote_status mote_ngrams_add(mote_ngrams *g, const uint64_t key[2], uint64_t count);
uint64_t mote_ngrams_count(const mote_ngrams *g, const uint64_t key[2]);
uint64_t mote_ngrams_total(const mote_ngrams *g);
/* The size of the intersection: the sum of the lesser counts. */
uint64_t mote_ngrams_common(const mote_ngrams *a, const mote_ngrams *b);
/* Adds those of `order` words in a row. */
MOTE_MUST_CHECK mote_status mote_ngrams_add_words(mote_ngrams *g, const mote_words *words, size_t order);

/* Every n-gram of g. */
#define MOTE_NGRAMS_EACH(g, it)                                                      \
    for (const mote_ngram *it = (g)->places; it < (g)->places + (g)->n_places; it++) \
        if (it->count)

#endif
