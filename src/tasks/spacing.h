/* Data sets hold sentences as tokens with spaces between them ("do n't stop ."); people write "don't stop.". Both ways. */
#ifndef MOTE_TASKS_SPACING_H
#define MOTE_TASKS_SPACING_H

#include "base/buffer.h"

/* Appends the sentence as people write it. */
MOTE_MUST_CHECK mote_status mote_spacing_join(mote_buffer *out, mote_str tokens);
/* Appends the sentence as tokens: marks apart, contractions cut, double quotes as `` and '' where `quotes` (their form in the tokens it came from). */
MOTE_MUST_CHECK mote_status mote_spacing_split(mote_buffer *out, mote_str text, bool quotes);

#endif
