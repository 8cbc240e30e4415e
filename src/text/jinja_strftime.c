/* strftime_now: Python's strftime of a time without zone, which is the C library's, with %z and %Z empty and %f the microseconds. One directive at a time goes
 * to the C library, so that a hostile width cannot ask for a large result. */
#include "text/jinja_run.h"

#include <stdio.h>

enum { MAX_WIDTH = 1024 };

/* The end of the directive at p ("%", flags, width, E or O, letter); NULL if its width is too large. */
static const char *directive_end(const char *p, const char *end) {
    unsigned width = 0;
    p++;
    while (p < end && strchr("_-0^#", *p) && *p)
        p++;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        if ((width = width * 10 + (unsigned)(*p - '0')) > MAX_WIDTH)
            return NULL;
    if (p < end && (*p == 'E' || *p == 'O'))
        p++;
    return p < end ? p + 1 : p;
}

bool mote_jinja_strftime(jinja_run *r, mote_str format, jinja_value *out) {
    size_t mark = r->text.len;
    const char *p = format.data, *end = p + strnlen(p, format.len); /* C's strftime sees no further than a NUL */
    while (p < end) {
        const char *percent = memchr(p, '%', (size_t)(end - p));
        if (!percent)
            percent = end;
        if (!mote_jinja_put(r, p, (size_t)(percent - p)))
            return false;
        if (percent == end)
            break;
        p = directive_end(percent, end);
        if (!p)
            return mote_jinja_fail(r, MOTE_ERR_LIMIT, "strftime_now: a width is larger than the limit of %d", MAX_WIDTH);
        char one[64], text[2 * MAX_WIDTH];
        size_t n = (size_t)(p - percent);
        char letter = p[-1];
        if (n == 2 && letter == 'f') {
            snprintf(text, sizeof text, "%06d", r->now_microseconds);
        } else if (n == 2 && (letter == 'z' || letter == 'Z')) {
            text[0] = 0;
        } else if (n == 1 || n + 2 > sizeof one || (unsigned char)letter >= 0x80) {
            if (!mote_jinja_put(r, percent, n))
                return false;
            text[0] = 0;
        } else {
            /* a mark behind tells an empty result from a failure */
            memcpy(one, percent, n);
            one[n] = '|';
            one[n + 1] = 0;
            size_t n_text = strftime(text, sizeof text, one, &r->now);
            text[n_text ? n_text - 1 : 0] = 0;
        }
        if (!jinja_spend(r, 16) || !mote_jinja_put_text(r, text))
            return false;
    }
    return mote_jinja_take(r, mark, out);
}
