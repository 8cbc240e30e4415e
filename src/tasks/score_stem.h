/* Porter's stemmer with the extensions of NLTK, as rouge-score uses it.
 * M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980. */
#ifndef MOTE_TASKS_SCORE_STEM_H
#define MOTE_TASKS_SCORE_STEM_H

#include <stddef.h>

/* Shortens a word of n letters a-z and digits (lower case) to its stem in place; the stem is never longer. Returns its length. */
size_t mote_score_stem(char *word, size_t n);

#endif
