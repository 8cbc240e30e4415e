/* Patterns of tokenizers that have no splitter of their own: PCRE2 with Unicode classes, compiled just in time, bounded by match limits. */
#ifndef MOTE_TEXT_REGEX_H
#define MOTE_TEXT_REGEX_H

#include "base/str.h"

#include <mote/status.h>

#include <stdint.h>

typedef struct mote_regex_search {
    const void *code;
    void *match, *context;
    const uint8_t *text;
    uint8_t *clean; /* a copy without malformed bytes, if there were any */
    size_t len, at;
} mote_regex_search;

/* MOTE_ERR_UNSUPPORTED with the pattern when PCRE2 does not take it. */
MOTE_MUST_CHECK mote_status mote_regex_compile(mote_str pattern, void **regex, mote_error *err);
void mote_regex_free(void *regex);

MOTE_MUST_CHECK mote_status mote_regex_search_init(mote_regex_search *s, const void *regex, const uint8_t *text, size_t len, mote_error *err);
void mote_regex_search_deinit(mote_regex_search *s);
/* The next match that is not empty; none: both are len. MOTE_ERR_LIMIT when the pattern takes too long on this text. */
MOTE_MUST_CHECK mote_status mote_regex_search_next(mote_regex_search *s, size_t *start, size_t *end, mote_error *err);

#endif
