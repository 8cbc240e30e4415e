#include "tasks/locate.h"

#include "text/unicode.h"

#include <utf8proc.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_of_word(uint32_t c) {
    return mote_unicode_class(c) & (MOTE_UNICODE_L | MOTE_UNICODE_N);
}

/* Whether no word goes on over byte `at`. */
static bool is_edge(mote_str text, size_t at) {
    uint32_t before, next;
    size_t begin = at;
    if (at == 0 || at >= text.len)
        return true;
    do
        begin--;
    while (begin > 0 && at - begin < 4 && ((unsigned char)text.data[begin] & 0xc0) == 0x80);
    mote_unicode_decode((const uint8_t *)text.data + begin, at - begin, &before);
    mote_unicode_decode((const uint8_t *)text.data + at, text.len - at, &next);
    return !is_of_word(before) || !is_of_word(next);
}

static bool find_exact(mote_str text, mote_str value, bool between_words, mote_place *place) {
    for (size_t at = 0; at + value.len <= text.len; at++) {
        const char *next = memchr(text.data + at, value.data[0], text.len - value.len - at + 1);
        if (!next)
            return false;
        at = (size_t)(next - text.data);
        if (memcmp(next, value.data, value.len) == 0 && (!between_words || (is_edge(text, at) && is_edge(text, at + value.len)))) {
            *place = (mote_place){at, at + value.len};
            return true;
        }
    }
    return false;
}

/* The next character that is no white space, in lower case; false at the end. */
static bool next_visible(mote_str s, size_t *at, uint32_t *c) {
    while (*at < s.len) {
        *at += mote_unicode_decode((const uint8_t *)s.data + *at, s.len - *at, c);
        if (mote_unicode_is_space(*c))
            continue;
        if (*c != MOTE_UNICODE_BAD)
            *c = (uint32_t)utf8proc_tolower((utf8proc_int32_t)*c);
        return true;
    }
    return false;
}

/* The end of the value at `at`, alike but for case and white space; 0 where it isn't. */
static size_t match_loose(mote_str text, size_t at, mote_str value) {
    size_t of_value = 0;
    uint32_t a, b;
    while (next_visible(value, &of_value, &b))
        if (!next_visible(text, &at, &a) || a != b)
            return 0;
    return at;
}

static bool find_loose(mote_str text, mote_str value, mote_place *place) {
    uint32_t c;
    for (size_t at = 0, n; at < text.len; at += n) {
        n = mote_unicode_decode((const uint8_t *)text.data + at, text.len - at, &c);
        size_t end = mote_unicode_is_space(c) ? 0 : match_loose(text, at, value);
        if (end && is_edge(text, at) && is_edge(text, end)) {
            *place = (mote_place){at, end};
            return true;
        }
    }
    return false;
}

bool mote_locate_string(mote_str text, mote_str value, mote_place *place) {
    uint32_t c;
    size_t at = 0;
    if (!next_visible(value, &at, &c))
        return false;
    return find_exact(text, value, true, place) || find_exact(text, value, false, place) || find_loose(text, value, place);
}

/* Reads the number at `at`, with commas between groups of three digits and a fraction; its end. */
static size_t read_number(mote_str text, size_t at, double *value) {
    double digits = 0, scale = 1;
    size_t i = at;
    while (i < text.len) {
        bool is_group = text.data[i] == ',' && i + 3 < text.len && is_digit(text.data[i + 1]) && is_digit(text.data[i + 2]) && is_digit(text.data[i + 3]) &&
                        (i + 4 == text.len || !is_digit(text.data[i + 4]));
        if (is_digit(text.data[i]))
            digits = 10 * digits + (text.data[i] - '0');
        else if (!is_group)
            break;
        i++;
    }
    if (i + 1 < text.len && text.data[i] == '.' && is_digit(text.data[i + 1]))
        for (i++; i < text.len && is_digit(text.data[i]); i++) {
            digits = 10 * digits + (text.data[i] - '0');
            scale *= 10;
        }
    *value = digits / scale;
    return i;
}

bool mote_locate_number(mote_str text, double value, mote_place *place) {
    for (size_t at = 0; at < text.len;) {
        double found;
        if (!is_digit(text.data[at])) {
            at++;
            continue;
        }
        size_t end = read_number(text, at, &found);
        bool is_negative = value < 0 && at > 0 && text.data[at - 1] == '-';
        if ((is_negative ? -found : found) == value) {
            *place = (mote_place){at - is_negative, end};
            return true;
        }
        at = end;
    }
    return false;
}
