/* Other forms of an English word by its endings: plural, third person, past, participle, adverb, comparison. Which of them exist, the lexicon says. */
#ifndef MOTE_TASKS_WORD_FORMS_H
#define MOTE_TASKS_WORD_FORMS_H

#include "tasks/lexicon.h"

enum { MOTE_WORD_FORMS = 24 };

typedef struct mote_word_forms {
    char text[MOTE_WORD_FORMS][MOTE_LEXICON_MAX_WORD + 4];
    size_t n;
} mote_word_forms;

/* word: lower case. */
void mote_word_forms_find(const mote_lexicon *lexicon, mote_str word, mote_word_forms *forms);

#endif
