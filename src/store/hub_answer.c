#include "store/hub_answer.h"

#include <strings.h>

static mote_str trim(mote_str s) {
    while (s.len && strchr(" \t", s.data[0]))
        s = (mote_str){s.data + 1, s.len - 1};
    while (s.len && strchr(" \t\r\n", s.data[s.len - 1]))
        s.len--;
    return s;
}

static bool is_name(mote_str name, const char *wanted) {
    return name.len == strlen(wanted) && strncasecmp(name.data, wanted, name.len) == 0;
}

/* A decimal number at the beginning of s, which is then what follows it. */
static bool take_number(mote_str *s, uint64_t *out) {
    uint64_t x = 0;
    size_t n = 0;
    for (; n < s->len && s->data[n] >= '0' && s->data[n] <= '9'; n++)
        if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, (uint64_t)(s->data[n] - '0'), &x))
            return false;
    *s = (mote_str){s->data + n, s->len - n};
    *out = x;
    return n > 0;
}

static bool take_char(mote_str *s, char c) {
    if (s->len == 0 || s->data[0] != c)
        return false;
    *s = (mote_str){s->data + 1, s->len - 1};
    return true;
}

static bool read_number(mote_str s, uint64_t *out) {
    return take_number(&s, out) && s.len == 0;
}

/* bytes FIRST-LAST/TOTAL, the total perhaps '*'. */
static bool read_range(mote_str s, mote_hub_answer *a) {
    a->range_total = 0;
    if (s.len < 6 || strncasecmp(s.data, "bytes ", 6) != 0)
        return false;
    s = (mote_str){s.data + 6, s.len - 6};
    if (!take_number(&s, &a->range_first) || !take_char(&s, '-') || !take_number(&s, &a->range_last) || !take_char(&s, '/') || a->range_last < a->range_first)
        return false;
    return mote_str_is(s, "*") || (read_number(s, &a->range_total) && a->range_total > a->range_last);
}

static void copy(mote_str s, char *out, size_t out_bytes) {
    size_t n = s.len < out_bytes ? s.len : out_bytes - 1;
    memcpy(out, s.data, n);
    out[n] = 0;
}

static void read_etag(mote_str s, char out[72]) {
    out[0] = 0;
    if (mote_str_starts(s, MOTE_STR("W/")))
        s = (mote_str){s.data + 2, s.len - 2};
    if (s.len >= 2 && s.data[0] == '"' && s.data[s.len - 1] == '"')
        s = (mote_str){s.data + 1, s.len - 2};
    if (s.len < 72)
        copy(s, out, 72);
}

/* <ADDRESS>; rel="next", perhaps among others. */
static void read_link(mote_str s, char *next) {
    while (s.len) {
        const char *open = memchr(s.data, '<', s.len), *close = open ? memchr(open, '>', s.len - (size_t)(open - s.data)) : NULL;
        if (!close)
            return;
        mote_str rest = {close + 1, s.len - (size_t)(close + 1 - s.data)};
        const char *end = memchr(rest.data, '<', rest.len);
        mote_str marks = {rest.data, end ? (size_t)(end - rest.data) : rest.len};
        size_t n = (size_t)(close - open) - 1;
        bool is_next = memmem(marks.data, marks.len, "rel=\"next\"", 10) || memmem(marks.data, marks.len, "rel=next", 8);
        if (is_next && n < MOTE_HUB_URL_MAX)
            copy((mote_str){open + 1, n}, next, MOTE_HUB_URL_MAX);
        s = (mote_str){rest.data + marks.len, rest.len - marks.len};
    }
}

static void begin_hop(mote_hub_answer *a) {
    a->etag[0] = 0;
    a->next[0] = 0;
    a->error_code[0] = a->error_text[0] = 0;
    a->has_length = a->has_range = a->is_encoded = false;
    a->retry_after = 0;
}

void mote_hub_answer_read(mote_hub_answer *a, mote_str line, bool is_hub) {
    if (mote_str_starts(line, MOTE_STR("HTTP/"))) {
        begin_hop(a);
        return;
    }
    const char *colon = line.len ? memchr(line.data, ':', line.len) : NULL;
    if (!colon)
        return;
    mote_str name = {line.data, (size_t)(colon - line.data)}, value = trim((mote_str){colon + 1, line.len - name.len - 1});
    uint64_t seconds;
    if (is_name(name, "content-length"))
        a->has_length = read_number(value, &a->length);
    else if (is_name(name, "content-range"))
        a->has_range = read_range(value, a);
    else if (is_name(name, "content-encoding"))
        a->is_encoded = value.len > 0 && !is_name(value, "identity");
    else if (is_name(name, "etag"))
        read_etag(value, a->etag);
    else if (is_name(name, "retry-after"))
        a->retry_after = read_number(value, &seconds) ? (seconds < 3600 ? (unsigned)seconds : 3600) : 0;
    else if (!is_hub)
        return;
    else if (is_name(name, "x-linked-etag"))
        read_etag(value, a->linked_etag);
    else if (is_name(name, "x-linked-size"))
        a->has_linked_length = read_number(value, &a->linked_length);
    else if (is_name(name, "x-error-code"))
        copy(value, a->error_code, sizeof a->error_code);
    else if (is_name(name, "x-error-message"))
        copy(value, a->error_text, sizeof a->error_text);
    else if (is_name(name, "link"))
        read_link(value, a->next);
}

const char *mote_hub_answer_hash(const mote_hub_answer *a) {
    return a->linked_etag[0] ? a->linked_etag : a->etag;
}
