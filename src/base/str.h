/* A borrowed piece of bytes: not NUL-terminated, may hold NUL. */
#ifndef MOTE_BASE_STR_H
#define MOTE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct mote_str {
    const char *data;
    size_t len;
} mote_str;

#define MOTE_STR(literal) ((mote_str){literal, sizeof(literal) - 1})

static inline mote_str mote_str_of(const char *text) {
    return (mote_str){text, text ? strlen(text) : 0};
}
static inline bool mote_str_equal(mote_str a, mote_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
static inline bool mote_str_is(mote_str a, const char *text) {
    return mote_str_equal(a, mote_str_of(text));
}
static inline bool mote_str_starts(mote_str a, mote_str prefix) {
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.data, prefix.data, prefix.len) == 0);
}
static inline bool mote_str_ends(mote_str a, mote_str suffix) {
    return a.len >= suffix.len && (suffix.len == 0 || memcmp(a.data + a.len - suffix.len, suffix.data, suffix.len) == 0);
}
/* Arguments for "%.*s". */
#define MOTE_STR_ARGS(s) (int)((s).len > 200 ? 200 : (s).len), (s).len ? (s).data : ""

#endif
