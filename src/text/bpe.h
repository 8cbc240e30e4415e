/* Byte-pair encoding by a list of merges, as GPT-2 introduced it: over bytes, or over characters with a fall-back to byte tokens. */
#ifndef MOTE_TEXT_BPE_H
#define MOTE_TEXT_BPE_H

#include "text/merger.h"
#include "text/vocabulary.h"

typedef struct mote_bpe_merge {
    int32_t left, right, result;
} mote_bpe_merge;

typedef struct mote_bpe {
    const mote_vocabulary *vocabulary;
    mote_bpe_merge *merges; /* by rank */
    uint32_t *slots;        /* rank + 1 by the hash of the pair; 0: free */
    uint32_t n_merges, capacity, n_slots;
    bool bytes;          /* symbols are bytes, spelled as GPT-2 does; otherwise characters */
    bool fallback;       /* characters without a token become their byte tokens */
    bool whole_words;    /* a word that is a token is not merged (ignore_merges) */
    bool whole_newlines; /* the same for runs of \n (Gemma 4) */
    bool fuse_unknown;
    int32_t unknown;       /* -1: what has no token is dropped */
    int32_t byte_ids[256]; /* -1: none */
    mote_vocabulary_joins joins;
} mote_bpe;

MOTE_MUST_CHECK mote_status mote_bpe_init(mote_bpe *b, const mote_vocabulary *v, uint32_t n_merges, bool bytes, mote_error *err);
void mote_bpe_deinit(mote_bpe *b);
/* The next rank. A merge of or into something that is no token can never happen and is left out. */
void mote_bpe_add(mote_bpe *b, mote_str left, mote_str right);
MOTE_MUST_CHECK mote_status mote_bpe_finish(mote_bpe *b, mote_error *err);

typedef struct mote_ids {
    int32_t *items;
    size_t len, capacity;
} mote_ids;
MOTE_MUST_CHECK mote_status mote_ids_push(mote_ids *ids, int32_t id);

MOTE_MUST_CHECK mote_status mote_bpe_encode(const mote_bpe *b, mote_merger *m, const uint8_t *word, size_t len, mote_ids *out);

#endif
