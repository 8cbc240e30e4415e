/* F1 of extracted fields: a field is right if its text, white space at both ends aside, equals the key's. */
#ifndef MOTE_TASKS_SCORE_FIELDS_H
#define MOTE_TASKS_SCORE_FIELDS_H

#include "base/str.h"

#include <stdint.h>

typedef struct mote_field_sums {
    uint64_t right, given, wanted; /* mote_f_score_of makes a score of them */
} mote_field_sums;

/* One field of one item; data NULL: the output doesn't give it, the key doesn't have it. True if it is right. */
bool mote_fields_add(mote_field_sums *sums, mote_str given, mote_str wanted);

#endif
