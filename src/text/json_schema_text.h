/* The inside of strings and names, for the steps of an automaton and its distances. */
#ifndef MOTE_TEXT_JSON_SCHEMA_TEXT_H
#define MOTE_TEXT_JSON_SCHEMA_TEXT_H

#include "text/json_schema_machine.h"

typedef enum mote_escape_mode {
    MOTE_ESCAPE_NONE,
    MOTE_ESCAPE_BEGUN,      /* a backslash */
    MOTE_ESCAPE_HEX,        /* \u and digits */
    MOTE_ESCAPE_HIGH,       /* a high surrogate */
    MOTE_ESCAPE_HIGH_BEGUN, /* and a backslash */
    MOTE_ESCAPE_LOW         /* and u and digits */
} mote_escape_mode;

typedef struct mote_escape {
    mote_escape_mode mode;
    uint32_t n_digits, value, high;
} mote_escape;

mote_escape mote_text_escape(const mote_cell *cell);
/* One byte as it stands between the quotes; whether something completes what it makes. */
bool mote_text_step(mote_machine *m, mote_cell *cell, uint8_t byte);
/* One byte of the text that is meant. */
bool mote_text_feed(mote_machine *m, mote_cell *cell, uint8_t byte);
bool mote_text_feed_code_point(mote_machine *m, mote_cell *cell, uint32_t c);
/* A backslash may stand here: no character has begun. */
bool mote_text_between(mote_machine *m, const mote_cell *cell);
/* The first code point of a range that lives; of those that an open escape can still become. */
bool mote_text_find(mote_machine *m, const mote_cell *cell, uint32_t lo, uint32_t hi, uint32_t *found);
bool mote_text_find_escaped(mote_machine *m, const mote_cell *cell, uint32_t *found);
int mote_text_simple_escape(uint8_t byte); /* what \byte stands for; -1: nothing */

#endif
