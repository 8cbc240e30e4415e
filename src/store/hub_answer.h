/* What a hub's answer says about itself: the status and the headers that a download is decided by. */
#ifndef MOTE_STORE_HUB_ANSWER_H
#define MOTE_STORE_HUB_ANSWER_H

#include "base/str.h"

#include <stdint.h>

enum { MOTE_HUB_URL_MAX = 4096 };

typedef struct mote_hub_answer {
    long code;                      /* HTTP's */
    char etag[72], linked_etag[72]; /* without quotes and W/; "" if absent or longer than any hash */
    bool has_length, has_linked_length, has_range, is_encoded;
    uint64_t length, linked_length;                /* Content-Length, X-Linked-Size */
    uint64_t range_first, range_last, range_total; /* Content-Range; total 0 where it isn't told */
    unsigned retry_after;                          /* seconds; 0 if it isn't told */
    char error_code[48], error_text[160];          /* X-Error-Code, X-Error-Message */
    char next[MOTE_HUB_URL_MAX];                   /* Link: <…>; rel="next" */
    bool is_passing;                               /* no answer, or a cut one: trying again may help */
} mote_hub_answer;

/* Takes one header line, with or without its line end. What belongs to one hop only (lengths, range, ETag) is overwritten by the next status line; the hub's own words
 * (linked ETag and size, error, next page) are taken only while `is_hub`, and stay. Malformed values count as absent. */
void mote_hub_answer_read(mote_hub_answer *answer, mote_str line, bool is_hub);

/* The hash by which the answer names the file: X-Linked-Etag, else ETag. */
const char *mote_hub_answer_hash(const mote_hub_answer *answer);

#endif
