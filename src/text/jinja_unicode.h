/* Code points as Python's str sees them: UTF-8 in and out, classes and full case mapping. Class data comes from utf8proc; what it lacks (mappings to several
 * characters, digits, numerals) from jinja_unicode_tables.h. */
#ifndef MOTE_TEXT_JINJA_UNICODE_H
#define MOTE_TEXT_JINJA_UNICODE_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* The code point at *p, which moves past it. The bytes are valid UTF-8 and p < end. */
static inline uint32_t jinja_decode(const char **p) {
    const unsigned char *s = (const unsigned char *)*p;
    if (s[0] < 0x80) {
        *p += 1;
        return s[0];
    }
    if (s[0] < 0xe0) {
        *p += 2;
        return (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
    }
    if (s[0] < 0xf0) {
        *p += 3;
        return (s[0] & 0xfu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    }
    *p += 4;
    return (s[0] & 7u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu);
}
/* Start of the code point before p. */
static inline const char *jinja_previous(const char *p) {
    do
        p--;
    while (((unsigned char)*p & 0xc0) == 0x80);
    return p;
}
size_t mote_jinja_unicode_encode(uint32_t c, char out[4]);
bool mote_jinja_unicode_valid(mote_str text, size_t *bad_offset);
size_t mote_jinja_unicode_count(mote_str text);

bool mote_jinja_unicode_is_space(uint32_t c);
bool mote_jinja_unicode_is_line_end(uint32_t c); /* where str.splitlines splits */
bool mote_jinja_unicode_is_alpha(uint32_t c);
bool mote_jinja_unicode_is_decimal(uint32_t c);
bool mote_jinja_unicode_is_digit(uint32_t c);
bool mote_jinja_unicode_is_numeric(uint32_t c);
bool mote_jinja_unicode_is_upper(uint32_t c);
bool mote_jinja_unicode_is_lower(uint32_t c);
bool mote_jinja_unicode_is_title(uint32_t c);
bool mote_jinja_unicode_is_cased(uint32_t c);
bool mote_jinja_unicode_is_case_ignorable(uint32_t c);
bool mote_jinja_unicode_is_printable(uint32_t c);
bool mote_jinja_unicode_is_name_start(uint32_t c);
bool mote_jinja_unicode_is_name_part(uint32_t c);
int mote_jinja_unicode_decimal_value(uint32_t c); /* -1 if not decimal */

/* Full mappings: up to three code points, their number returned. Lower case needs the neighbours for a final sigma; that is the caller's work. */
enum { JINJA_UPPER, JINJA_LOWER, JINJA_TITLE, JINJA_FOLD };
size_t mote_jinja_unicode_map(uint32_t c, int how, uint32_t out[3]);

mote_str mote_jinja_unicode_strip(mote_str text, bool left, bool right); /* white space */

#endif
