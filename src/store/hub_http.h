/* HTTP for the hub, through libcurl: the one file of the library that reaches a network, and only inside a call of mote_store_pull.
 *
 * TLS is verified; nothing but http and https is spoken; redirects are followed by hand, at most ten, never from https to http. The token goes to the endpoint's own scheme,
 * host and port and nowhere else. No compressed answer is asked for or taken. Proxies are those of curl's environment variables. */
#ifndef MOTE_STORE_HUB_HTTP_H
#define MOTE_STORE_HUB_HTTP_H

#include "base/buffer.h"
#include "store/hub_answer.h"
#include "store/hub_settings.h"

typedef struct mote_hub_http mote_hub_http;

typedef struct mote_hub_request {
    const char *url;
    uint64_t first_byte; /* > 0: asks for the rest from there */
    long max_seconds;    /* of the whole request; 0: as long as bytes come */
    void *context;
    /* Before the first byte of a body that is an answer (200, 206). An error ends the request with it. */
    mote_status (*on_head)(void *context, const mote_hub_answer *answer, mote_error *err);
    mote_status (*on_bytes)(void *context, const void *data, size_t n_bytes, mote_error *err);
    bool (*go_on)(void *context); /* asked at least once a second; false cancels */
} mote_hub_request;

/* `settings` must outlive it. MOTE_ERR_ALLOC, _FAILED. */
MOTE_MUST_CHECK mote_status mote_hub_http_open(const mote_hub_settings *settings, mote_hub_http **http, mote_error *err);
void mote_hub_http_close(mote_hub_http **http);

/* MOTE_OK whenever a server answered, whatever its code; bodies of other codes than 200 and 206 are dropped. MOTE_ERR_IO otherwise, with answer->is_passing where trying again
 * may help; MOTE_ERR_CANCELLED; what on_head and on_bytes return. */
MOTE_MUST_CHECK mote_status mote_hub_http_get(mote_hub_http *http, const mote_hub_request *request, mote_hub_answer *answer, mote_error *err);

/* A GET of text into a buffer, whose maximum holds. */
MOTE_MUST_CHECK mote_status mote_hub_http_get_text(mote_hub_http *http, const char *url, bool (*go_on)(void *context), void *context, mote_buffer *out, mote_hub_answer *answer,
                                                   mote_error *err);

#endif
