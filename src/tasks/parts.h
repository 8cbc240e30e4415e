/* Long texts taken apart where they have their seams. */
#ifndef MOTE_TASKS_PARTS_H
#define MOTE_TASKS_PARTS_H

#include "base/str.h"

/* The end of a part of at most `most` bytes (1 or more) from `at` on: the best place in its second half, the last of those; before headings, between paragraphs, lines, sentences,
 * words. */
size_t mote_part_end(mote_str text, size_t at, size_t most);

#endif
