/* Where a text has a value. */
#ifndef MOTE_TASKS_LOCATE_H
#define MOTE_TASKS_LOCATE_H

#include "base/str.h"

typedef struct mote_place {
    size_t start, end; /* bytes */
} mote_place;

/* A string: as it is between words, as it is anywhere, then between words without regard to case and white space. False where it isn't, or has no visible character. */
bool mote_locate_string(mote_str text, mote_str value, mote_place *place);
/* A number however it is written in digits: 1250 is found in "1,250.00". */
bool mote_locate_number(mote_str text, double value, mote_place *place);

#endif
