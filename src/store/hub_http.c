#include "store/hub_http.h"

#include "base/error.h"
#include "base/mem.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_REDIRECTS = 10,
    MAX_HEADER_BYTES = 1 << 18,  /* of one answer; a hub sends some KiB */
    MAX_REFUSAL_BYTES = 1 << 16, /* of a body that nobody reads */
    CONNECT_SECONDS = 20,
    STALL_BYTES = 64,       /* a second: below this a transfer counts as standing still */
    TEXT_SECONDS = 120,     /* a page of JSON takes one or two */
    RECEIVE_BYTES = 1 << 19 /* the most that curl hands over at once */
};

struct mote_hub_http {
    CURL *curl;
    const mote_hub_settings *settings;
    struct curl_slist *plain, *authorized; /* headers without and with the token */
    bool has_answered;                     /* some server did: the network is there */
};

/* One hop of one request, as curl's callbacks see it. */
typedef struct transfer {
    const mote_hub_request *request;
    mote_hub_answer *answer;
    CURL *curl;
    bool is_hub, has_begun;
    size_t header_bytes, dropped_bytes;
    mote_status status;
    mote_error *err;
} transfer;

static mote_status make_headers(mote_hub_http *http, mote_error *err) {
    char authorization[1200];
    for (int with_token = 0; with_token < 2; with_token++) {
        struct curl_slist **list = with_token ? &http->authorized : &http->plain;
        struct curl_slist *first = curl_slist_append(NULL, "Accept-Encoding: identity");
        struct curl_slist *more = first;
        if (first && with_token && http->settings->token) {
            snprintf(authorization, sizeof authorization, "Authorization: Bearer %s", http->settings->token);
            more = curl_slist_append(first, authorization);
        }
        *list = first;
        if (!more)
            return mote_error_alloc(err, 0);
    }
    return MOTE_OK;
}

mote_status mote_hub_http_open(const mote_hub_settings *settings, mote_hub_http **http, mote_error *err) {
    mote_hub_http *h = mote_mem_zalloc_array(1, sizeof *h);
    *http = NULL;
    if (!h)
        return mote_error_alloc(err, sizeof *h);
    h->settings = settings;
    /* Counted inside curl, safe for threads since 7.84. */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        mote_mem_free(h);
        return mote_error_set(err, MOTE_ERR_FAILED, "libcurl can't be started");
    }
    h->curl = curl_easy_init();
    mote_status status = h->curl ? make_headers(h, err) : mote_error_alloc(err, 0);
    *http = h;
    if (status != MOTE_OK)
        mote_hub_http_close(http);
    return status;
}

void mote_hub_http_close(mote_hub_http **http) {
    mote_hub_http *h = *http;
    if (!h)
        return;
    curl_easy_cleanup(h->curl);
    curl_slist_free_all(h->plain);
    curl_slist_free_all(h->authorized);
    curl_global_cleanup();
    mote_mem_free(h);
    *http = NULL;
}

static size_t take_header(char *data, size_t one, size_t n, void *context) {
    transfer *t = context;
    t->header_bytes += n * one;
    if (t->header_bytes > MAX_HEADER_BYTES) {
        t->status = mote_error_set(t->err, MOTE_ERR_LIMIT, "%s: headers of more than %d bytes", t->request->url, MAX_HEADER_BYTES);
        return 0;
    }
    mote_hub_answer_read(t->answer, (mote_str){data, n * one}, t->is_hub);
    return n * one;
}

static mote_status begin_body(transfer *t) {
    t->has_begun = true;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->answer->code);
    if (t->answer->is_encoded)
        return mote_error_set(t->err, MOTE_ERR_FORMAT, "%s: compressed, which was not asked for", t->request->url);
    return t->request->on_head ? t->request->on_head(t->request->context, t->answer, t->err) : MOTE_OK;
}

static size_t take_bytes(char *data, size_t one, size_t n, void *context) {
    transfer *t = context;
    long code = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    if (code != 200 && code != 206) {
        t->dropped_bytes += n * one;
        return t->dropped_bytes > MAX_REFUSAL_BYTES ? 0 : n * one;
    }
    if (!t->has_begun)
        t->status = begin_body(t);
    if (t->status == MOTE_OK)
        t->status = t->request->on_bytes(t->request->context, data, n * one, t->err);
    return t->status == MOTE_OK ? n * one : 0;
}

static int watch(void *context, curl_off_t all_down, curl_off_t down, curl_off_t all_up, curl_off_t up) {
    transfer *t = context;
    (void)all_down, (void)down, (void)all_up, (void)up;
    if (t->request->go_on && !t->request->go_on(t->request->context)) {
        t->status = mote_error_set(t->err, MOTE_ERR_CANCELLED, "cancelled");
        return 1;
    }
    return 0;
}

/* Scheme, host and port of an address as one text; "" if it is none. */
static void origin_of(const char *url, char *origin, size_t origin_bytes) {
    char *parts[3] = {NULL};
    static const CURLUPart wanted[3] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
    CURLU *u = curl_url();
    bool ok = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK;
    for (int i = 0; i < 3; i++)
        ok = ok && curl_url_get(u, wanted[i], &parts[i], CURLU_DEFAULT_PORT) == CURLUE_OK;
    int n = ok ? snprintf(origin, origin_bytes, "%s://%s:%s", parts[0], parts[1], parts[2]) : -1;
    if (n < 0 || (size_t)n >= origin_bytes)
        origin[0] = 0;
    for (int i = 0; i < 3; i++)
        curl_free(parts[i]);
    curl_url_cleanup(u);
}

static bool is_same_origin(const char *a, const char *b) {
    char origin_a[512], origin_b[512];
    origin_of(a, origin_a, sizeof origin_a);
    origin_of(b, origin_b, sizeof origin_b);
    return origin_a[0] && strcasecmp(origin_a, origin_b) == 0;
}

/* The certificates of the machine, or those that the environment names as for curl and OpenSSL. */
static CURLcode set_certificates(CURL *c) {
    const char *file = getenv("CURL_CA_BUNDLE"), *dir = getenv("SSL_CERT_DIR");
    if (!file || !*file)
        file = getenv("SSL_CERT_FILE");
    CURLcode code = CURLE_OK;
    if (file && *file)
        code = curl_easy_setopt(c, CURLOPT_CAINFO, file);
    if (code == CURLE_OK && dir && *dir)
        code = curl_easy_setopt(c, CURLOPT_CAPATH, dir);
    return code;
}

#define SET(option, value)                                                  \
    do {                                                                    \
        if (code == CURLE_OK)                                               \
            code = curl_easy_setopt(http->curl, CURLOPT_##option, (value)); \
    } while (0)

static mote_status prepare(mote_hub_http *http, transfer *t, const char *url) {
    const mote_hub_request *r = t->request;
    char range[32];
    curl_easy_reset(http->curl); /* connections stay open */
    CURLcode code = set_certificates(http->curl);
    SET(URL, url);
    SET(PROTOCOLS_STR, "http,https");
    SET(REDIR_PROTOCOLS_STR, "http,https");
    SET(FOLLOWLOCATION, 0L);
    SET(SUPPRESS_CONNECT_HEADERS, 1L); /* what a proxy says is not the hub's word */
    SET(HTTPHEADER, t->is_hub ? http->authorized : http->plain);
    SET(USERAGENT, "mote");
    SET(NOSIGNAL, 1L); /* a library has no business with the process's signals */
    SET(NETRC, (long)CURL_NETRC_IGNORED);
    SET(SSL_VERIFYPEER, 1L);
    SET(SSL_VERIFYHOST, 2L);
    SET(CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    SET(LOW_SPEED_LIMIT, (long)STALL_BYTES);
    SET(LOW_SPEED_TIME, http->settings->stall_seconds);
    SET(TIMEOUT, r->max_seconds);
    SET(BUFFERSIZE, (long)RECEIVE_BYTES);
    SET(HEADERFUNCTION, take_header);
    SET(HEADERDATA, t);
    SET(WRITEFUNCTION, take_bytes);
    SET(WRITEDATA, t);
    SET(NOPROGRESS, 0L);
    SET(XFERINFOFUNCTION, watch);
    SET(XFERINFODATA, t);
    if (r->first_byte > 0) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)r->first_byte);
        SET(RANGE, range);
    }
    if (code != CURLE_OK)
        return mote_error_set(t->err, code == CURLE_OUT_OF_MEMORY ? MOTE_ERR_ALLOC : MOTE_ERR_FAILED, "libcurl: %s", curl_easy_strerror(code));
    return MOTE_OK;
}

/* What curl can't do, in a status. Trying again may help where the network failed, not where names, certificates or addresses are wrong, nor where nothing has answered yet: that
 * is rather a setting or a machine without a network, and is said at once. */
static mote_status transport_error(const mote_hub_http *http, transfer *t, CURLcode code, const char *url) {
    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return mote_error_alloc(t->err, 0);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
        t->answer->is_passing = http->has_answered;
        break;
    default:
        t->answer->is_passing = true;
    }
    return mote_error_set(t->err, MOTE_ERR_IO, "%s: %s", url, curl_easy_strerror(code));
}

/* One request and its answer; *location is where it redirects to (curl's memory, until the next request), or NULL. */
static mote_status perform(mote_hub_http *http, transfer *t, const char *url, const char **location) {
    *location = NULL;
    MOTE_TRY(prepare(http, t, url));
    CURLcode code = curl_easy_perform(http->curl);
    curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &t->answer->code);
    if (t->status != MOTE_OK)
        return t->status;
    bool is_dropped = code == CURLE_WRITE_ERROR && t->dropped_bytes > MAX_REFUSAL_BYTES;
    if (code != CURLE_OK && !is_dropped)
        return transport_error(http, t, code, url);
    http->has_answered = true;
    if (t->answer->code >= 300 && t->answer->code < 400)
        curl_easy_getinfo(http->curl, CURLINFO_REDIRECT_URL, location);
    else if ((t->answer->code == 200 || t->answer->code == 206) && !t->has_begun)
        return begin_body(t); /* an empty body */
    return MOTE_OK;
}

mote_status mote_hub_http_get(mote_hub_http *http, const mote_hub_request *request, mote_hub_answer *answer, mote_error *err) {
    char *url = mote_mem_dup_text(request->url);
    mote_status status = url ? MOTE_OK : mote_error_alloc(err, strlen(request->url));
    memset(answer, 0, sizeof *answer);
    for (int hop = 0; status == MOTE_OK; hop++) {
        transfer t = {.request = request, .answer = answer, .curl = http->curl, .is_hub = is_same_origin(url, http->settings->endpoint), .err = err};
        const char *location;
        status = perform(http, &t, url, &location);
        if (status != MOTE_OK || !location)
            break;
        if (hop == MAX_REDIRECTS)
            status = mote_error_set(err, MOTE_ERR_IO, "%s: more than %d redirects", request->url, MAX_REDIRECTS);
        else if (strlen(location) >= MOTE_HUB_URL_MAX)
            status = mote_error_set(err, MOTE_ERR_LIMIT, "%s: redirected to an address of %zu bytes", request->url, strlen(location));
        else if (strncasecmp(url, "https://", 8) == 0 && strncasecmp(location, "https://", 8) != 0)
            status = mote_error_set(err, MOTE_ERR_IO, "%s: redirected from https to %.100s, which is not followed", request->url, location);
        if (status != MOTE_OK)
            break;
        char *next = mote_mem_dup_text(location);
        status = next ? MOTE_OK : mote_error_alloc(err, strlen(location));
        mote_mem_free(url);
        url = next;
    }
    mote_mem_free(url);
    return status;
}

typedef struct text_request {
    mote_buffer *out;
    const char *url;
    bool (*go_on)(void *context);
    void *context;
} text_request;

static mote_status take_text(void *context, const void *data, size_t n_bytes, mote_error *err) {
    text_request *r = context;
    mote_status status = mote_buffer_append(r->out, data, n_bytes);
    if (status == MOTE_ERR_LIMIT)
        return mote_error_set(err, status, "%s: more than %zu bytes", r->url, r->out->max_bytes);
    return status == MOTE_OK ? MOTE_OK : mote_error_alloc(err, r->out->len + n_bytes);
}

static bool go_on_text(void *context) {
    text_request *r = context;
    return r->go_on(r->context);
}

mote_status mote_hub_http_get_text(mote_hub_http *http, const char *url, bool (*go_on)(void *context), void *context, mote_buffer *out, mote_hub_answer *answer, mote_error *err) {
    text_request r = {out, url, go_on, context};
    mote_hub_request request = {.url = url, .max_seconds = TEXT_SECONDS, .context = &r, .on_bytes = take_text, .go_on = go_on_text};
    mote_buffer_clear(out);
    return mote_hub_http_get(http, &request, answer, err);
}
