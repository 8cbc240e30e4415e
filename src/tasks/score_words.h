/* Words of a text as scores compare them. A word is known by the XXH64 of its bytes: two words of a corpus of a million different ones meet with odds below one in ten millions,
 * and a score then differs in its last digits. */
#ifndef MOTE_TASKS_SCORE_WORDS_H
#define MOTE_TASKS_SCORE_WORDS_H

#include "base/buffer.h"

#include <stdint.h>

typedef struct mote_words {
    uint64_t *hashes; /* [n] */
    size_t n, capacity;
} mote_words;

void mote_words_deinit(mote_words *words);
MOTE_MUST_CHECK mote_status mote_words_add(mote_words *words, mote_str word);
MOTE_MUST_CHECK mote_status mote_words_add_hash(mote_words *words, uint64_t hash);

/* Each replaces what the list had. MOTE_ERR_ALLOC. */

/* What stands between white space (Unicode's), as Python's str.split. */
MOTE_MUST_CHECK mote_status mote_words_split(mote_words *words, mote_str text);
/* Tokens of mteval-v13a as sacrebleu makes them; `lower` first. */
MOTE_MUST_CHECK mote_status mote_words_13a(mote_words *words, mote_str text, bool lower);
/* Runs of a-z and 0-9 of the lower-cased text, as rouge-score makes them; `stem`: those of more than three letters go through Porter's stemmer. */
MOTE_MUST_CHECK mote_status mote_words_rouge(mote_words *words, mote_str text, bool stem);
/* Words with the punctuation mark at their end or beginning split off, as chrF++ counts them. */
MOTE_MUST_CHECK mote_status mote_words_chrf(mote_words *words, mote_str text);

/* Appends the text in lower case (full mapping, without the rule of the final sigma). */
MOTE_MUST_CHECK mote_status mote_score_lower(mote_buffer *out, mote_str text);

#endif
