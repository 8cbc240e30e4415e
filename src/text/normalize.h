/* Changes of the text before it is split: Unicode normal forms, case, accents, BERT's cleaning, replacements, SentencePiece's compiled character map.
 * All are linear in the text but for the sort of combining marks (counting sort, linear too). */
#ifndef MOTE_TEXT_NORMALIZE_H
#define MOTE_TEXT_NORMALIZE_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stdint.h>

typedef enum mote_normalize_op {
    MOTE_NORMALIZE_NFC,
    MOTE_NORMALIZE_NFD,
    MOTE_NORMALIZE_NFKC,
    MOTE_NORMALIZE_NFKD,
    MOTE_NORMALIZE_LOWERCASE,
    MOTE_NORMALIZE_STRIP_ACCENTS, /* drops category Mn */
    MOTE_NORMALIZE_STRIP_MARKS,   /* drops category M */
    MOTE_NORMALIZE_STRIP,         /* white space at the ends: left, right */
    MOTE_NORMALIZE_CLEAN,         /* BERT: drops control characters, white space becomes a space */
    MOTE_NORMALIZE_SPACE_HAN,     /* BERT: spaces around Chinese characters */
    MOTE_NORMALIZE_REPLACE,       /* pattern -> content, every occurrence from left to right */
    MOTE_NORMALIZE_PREPEND,       /* content, before a text that is not empty */
    MOTE_NORMALIZE_PREPEND_NEW,   /* content, unless the text begins with it */
    MOTE_NORMALIZE_PREPEND_FIRST, /* the same, but only at the very beginning of the whole text */
    MOTE_NORMALIZE_APPEND,        /* content, behind */
    MOTE_NORMALIZE_MERGE_SPACES,  /* drops spaces at both ends and all but one of each run inside */
    MOTE_NORMALIZE_CHARSMAP,      /* SentencePiece's map, in `content` */
    MOTE_NORMALIZE_REGEX          /* PCRE2 pattern -> content */
} mote_normalize_op;

typedef struct mote_normalize_step {
    mote_normalize_op op;
    bool left, right;
    char *pattern, *content; /* owned */
    size_t pattern_len, content_len;
    void *regex; /* pcre2_code */
} mote_normalize_step;

void mote_normalize_step_deinit(mote_normalize_step *step);
/* Appends the changed text to `out`. first: the text begins where the caller's whole text begins. MOTE_ERR_LIMIT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_normalize_apply(const mote_normalize_step *step, const uint8_t *text, size_t len, bool first, mote_buffer *out, mote_error *err);

/* Checks a SentencePiece character map (its length word, its trie) before use. */
MOTE_MUST_CHECK mote_status mote_charsmap_check(const uint8_t *map, size_t len, mote_error *err);
MOTE_MUST_CHECK mote_status mote_charsmap_apply(const uint8_t *map, size_t map_len, const uint8_t *text, size_t len, mote_buffer *out);

#endif
