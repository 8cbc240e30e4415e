/* SentencePiece's byte-pair encoding: no merge list; two neighbours merge when their text is a token, the best score first. */
#ifndef MOTE_TEXT_SPM_H
#define MOTE_TEXT_SPM_H

#include "text/bpe.h"
#include "text/prefixes.h"

typedef struct mote_spm {
    const mote_vocabulary *vocabulary; /* with scores */
    int32_t unknown;                   /* -1: what has neither token nor byte tokens is dropped */
    int32_t byte_ids[256];
    mote_vocabulary_joins joins;
} mote_spm;

void mote_spm_init(mote_spm *s, const mote_vocabulary *v, int32_t unknown);
MOTE_MUST_CHECK mote_status mote_spm_encode(const mote_spm *s, mote_merger *m, const uint8_t *text, size_t len, mote_ids *out);

/* SentencePiece's unigram model: the segmentation with the greatest sum of scores (T. Kudo, "Subword Regularization", 2018), by Viterbi's algorithm. */
typedef struct mote_unigram {
    const mote_vocabulary *vocabulary;
    mote_prefixes pieces;
    double unknown_score;
    int32_t unknown;
    bool fallback; /* unknown characters become byte tokens */
    int32_t byte_ids[256];
} mote_unigram;

MOTE_MUST_CHECK mote_status mote_unigram_init(mote_unigram *u, const mote_vocabulary *v, int32_t unknown, bool fallback, mote_error *err);
void mote_unigram_deinit(mote_unigram *u);
MOTE_MUST_CHECK mote_status mote_unigram_encode(const mote_unigram *u, const uint8_t *text, size_t len, mote_ids *out);

/* BERT's WordPiece: the longest token first; a word that can't be spelled is unknown. */
typedef struct mote_wordpiece {
    const mote_vocabulary *vocabulary;
    int32_t unknown;
    unsigned max_characters; /* a longer word is unknown */
    char head[8], tail[8];   /* put before a word's first piece ("" or U+2581), before the others ("##" or "") */
    size_t head_len, tail_len;
} mote_wordpiece;

MOTE_MUST_CHECK mote_status mote_wordpiece_encode(const mote_wordpiece *w, const uint8_t *word, size_t len, mote_ids *out);

#endif
