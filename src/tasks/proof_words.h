/* A sentence as words and marks, with their bytes. */
#ifndef MOTE_TASKS_PROOF_WORDS_H
#define MOTE_TASKS_PROOF_WORDS_H

#include "base/str.h"

typedef enum mote_word_class {
    MOTE_WORD_MARK,    /* one character that is neither letter nor digit */
    MOTE_WORD_LETTERS, /* letters, with apostrophes and hyphens inside */
    MOTE_WORD_OTHER    /* with a digit, '@', '/' or '_': numbers, addresses, names of files */
} mote_word_class;

typedef struct mote_word {
    size_t start, end; /* bytes of the sentence */
    mote_word_class kind;
    bool has_upper, begins_upper;
} mote_word;

/* At most `most` words; their number. */
size_t mote_proof_words(mote_str sentence, mote_word *words, size_t most);

#endif
