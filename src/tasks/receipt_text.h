/* The text of a page from boxes with words, as text recognition gives them, in reading order. */
#ifndef MOTE_TASKS_RECEIPT_TEXT_H
#define MOTE_TASKS_RECEIPT_TEXT_H

#include "base/buffer.h"

/* rows: [n] "x1,y1,x2,y2,x3,y3,x4,y4,text", the corners from the upper left one clockwise. Boxes that overlap by half of the lower one's height stand on one line, from left to
 * right with a space between; lines go from top to bottom. Appended to out. MOTE_ERR_FORMAT (a row isn't such; *bad is its index), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_receipt_text(const mote_str *rows, size_t n, mote_buffer *out, size_t *bad);

#endif
