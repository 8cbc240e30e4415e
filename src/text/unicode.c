/* UTF-8 by the table of the Unicode standard (3.9, table 3-7), categories by utf8proc. */
#include "text/unicode.h"

#include <utf8proc.h>

size_t mote_unicode_decode(const uint8_t *s, size_t len, uint32_t *c) {
    uint8_t a = s[0];
    if (a < 0x80) {
        *c = a;
        return 1;
    }
    *c = MOTE_UNICODE_BAD;
    if (a < 0xc2 || a > 0xf4)
        return 1;
    size_t n = a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
    if (len < n)
        return 1;
    uint8_t low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80, high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
    if (s[1] < low || s[1] > high)
        return 1;
    uint32_t v = a & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 1;
        v = v << 6 | (s[i] & 0x3f);
    }
    *c = v;
    return n;
}

size_t mote_unicode_encode(uint32_t c, uint8_t out[4]) {
    if (c < 0x80) {
        out[0] = (uint8_t)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; --i > 0; c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)((0xf00u >> n & 0xff) | c);
    return n;
}

int mote_unicode_hex_digit(uint8_t byte) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

uint32_t mote_unicode_range_end(uint32_t lo, uint32_t hi) {
    static const uint32_t ends[] = {0x7f, 0x7ff, 0xd7ff, 0xdfff, 0xffff, 0x10ffff};
    size_t k = 0;
    while (ends[k] < lo)
        k++;
    uint32_t end = ends[k] < hi ? ends[k] : hi;
    for (unsigned bits = 6; lo > 0x7f && bits <= 18; bits += 6) {
        uint32_t mask = (1u << bits) - 1;
        if ((lo & ~mask) == (end & ~mask))
            break;
        if ((lo & mask) != 0)
            end = lo | mask;
        else if ((end & mask) != mask)
            end = (end & ~mask) - 1;
    }
    return end;
}

bool mote_unicode_is_space(uint32_t c) {
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

uint32_t mote_unicode_class(uint32_t c) {
    if (c - 'a' < 26)
        return MOTE_UNICODE_LL;
    if (c == ' ')
        return 1u << UTF8PROC_CATEGORY_ZS | MOTE_UNICODE_SPACE;
    if (c >= MOTE_UNICODE_BAD)
        return 1u << UTF8PROC_CATEGORY_SO;
    return 1u << utf8proc_category((utf8proc_int32_t)c) | (mote_unicode_is_space(c) ? MOTE_UNICODE_SPACE : 0);
}

size_t mote_unicode_unfinished(const uint8_t *s, size_t len) {
    for (size_t back = 1; back <= 3 && back <= len; back++) {
        uint8_t a = s[len - back];
        if ((a & 0xc0) == 0x80)
            continue;
        size_t n = a < 0xc2 || a > 0xf4 ? 1 : a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
        if (n <= back)
            return 0;
        if (back > 1) {
            uint8_t low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80, high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
            if (s[len - back + 1] < low || s[len - back + 1] > high)
                return 0;
        }
        return back;
    }
    return 0;
}

/* Printable Latin-1 stands for itself; the other 68 bytes, in order, are U+0100 to U+0143. */
uint32_t mote_unicode_of_byte(uint8_t b) {
    if (b <= 0x20)
        return 0x100u + b;
    if (b < 0x7f)
        return b;
    if (b <= 0xa0)
        return 0x121u + (b - 0x7fu);
    return b == 0xad ? 0x143 : b;
}

int mote_unicode_to_byte(uint32_t c) {
    if (c < 0x100)
        return (c > 0x20 && c < 0x7f) || (c > 0xa0 && c != 0xad) ? (int)c : -1;
    if (c <= 0x120)
        return (int)(c - 0x100);
    if (c <= 0x142)
        return (int)(c - 0x121 + 0x7f);
    return c == 0x143 ? 0xad : -1;
}
