/* Stop strings in a growing text: where one is complete, and how much of the end might become one. */
#ifndef MOTE_ENGINE_STOP_STRINGS_H
#define MOTE_ENGINE_STOP_STRINGS_H

#include "base/buffer.h"

#include <mote/status.h>

#include <stdint.h>

#define MOTE_STOP_NONE SIZE_MAX

typedef struct mote_stop_strings {
    mote_str *items; /* copies, in `bytes` */
    size_t n_items, longest;
    char *bytes;
} mote_stop_strings;

/* Copies the strings; empty ones are refused. MOTE_ERR_ARGUMENT, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_stop_strings_init(mote_stop_strings *s, const char *const *strings, size_t n, mote_error *err);
void mote_stop_strings_deinit(mote_stop_strings *s);
/* The first place where a stop string stands in text whose bytes before `seen` were searched earlier; MOTE_STOP_NONE if there is none. */
size_t mote_stop_strings_find(const mote_stop_strings *s, mote_str text, size_t seen);
/* Length of the longest end of text that begins a stop string. */
size_t mote_stop_strings_held(const mote_stop_strings *s, mote_str text);

#endif
