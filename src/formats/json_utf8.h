/* UTF-8 for the JSON reader and writer. */
#ifndef MOTE_FORMATS_JSON_UTF8_H
#define MOTE_FORMATS_JSON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length of the sequence at s (n > 0 bytes left); *ok tells whether it is well-formed (no surrogates, nothing overlong). A malformed piece is the longest
 * prefix of a sequence, at least one byte: Unicode's recommendation for U+FFFD. */
static inline size_t mote_json_utf8_piece(const unsigned char *s, size_t n, bool *ok) {
    size_t len = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] <= 0xdf ? 2 : s[0] >= 0xe0 && s[0] <= 0xef ? 3 : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : 0;
    *ok = len > 0;
    if (len < 2)
        return 1;
    unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80, high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
    for (size_t i = 1; i < len; i++, low = 0x80, high = 0xbf)
        if (i >= n || s[i] < low || s[i] > high) {
            *ok = false;
            return i;
        }
    return len;
}

#endif
