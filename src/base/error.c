#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *mote_status_text(mote_status status) {
    switch (status) {
#define MOTE_STATUS_CASE(name, value, text) \
    case name:                              \
        return text;
        MOTE_STATUS_MAP(MOTE_STATUS_CASE)
#undef MOTE_STATUS_CASE
    }
    return "unknown status";
}

/* Length of the well-formed UTF-8 sequence at s (n bytes left), 0 if there is none. Surrogates and overlong forms count as malformed. */
static size_t utf8_sequence(const unsigned char *s, size_t n) {
    if (s[0] < 0x80)
        return 1;
    size_t len = s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : s[0] >= 0xe0 && s[0] <= 0xef ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    if (len == 0 || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

/* Control characters could drive a terminal and broken UTF-8 could spoil a log: both become '?'. */
static void make_printable(char *text) {
    unsigned char *s = (unsigned char *)text;
    size_t n = strlen(text);
    while (n > 0) {
        size_t len = utf8_sequence(s, n);
        if (len == 0 || (len == 1 && (*s < 0x20 || *s == 0x7f)) || (len == 2 && s[0] == 0xc2 && s[1] < 0xa0)) {
            if (len < 2)
                len = 1;
            memset(s, *s == '\n' || *s == '\t' ? ' ' : '?', len);
        }
        s += len;
        n -= len;
    }
}

mote_status mote_error_set(mote_error *err, mote_status status, const char *fmt, ...) {
    if (err) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(err->message, sizeof err->message, fmt, args);
        va_end(args);
        make_printable(err->message);
        err->status = status;
    }
    return status;
}

/* Appends what fits. */
static void append(char message[MOTE_ERROR_MESSAGE_BYTES], const char *text) {
    size_t used = strlen(message), n = strlen(text), room = MOTE_ERROR_MESSAGE_BYTES - 1 - used;
    if (n > room)
        n = room;
    memcpy(message + used, text, n);
    message[used + n] = '\0';
}

void mote_error_prefix(mote_error *err, const char *fmt, ...) {
    if (!err)
        return;
    char tail[sizeof err->message];
    memcpy(tail, err->message, sizeof tail);
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->message, sizeof err->message, fmt, args);
    va_end(args);
    append(err->message, ": ");
    append(err->message, tail);
    make_printable(err->message);
}

mote_status mote_error_alloc(mote_error *err, size_t n_bytes) {
    return mote_error_set(err, MOTE_ERR_ALLOC, "out of memory: %zu bytes could not be allocated", n_bytes);
}
