#include "text/jinja_unicode.h"

#include "text/jinja_unicode_tables.h"

#include <utf8proc.h>

size_t mote_jinja_unicode_encode(uint32_t c, char out[4]) {
    unsigned char *o = (unsigned char *)out;
    if (c < 0x80) {
        o[0] = (unsigned char)c;
        return 1;
    }
    if (c < 0x800) {
        o[0] = (unsigned char)(0xc0 | c >> 6);
        o[1] = (unsigned char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        o[0] = (unsigned char)(0xe0 | c >> 12);
        o[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
        o[2] = (unsigned char)(0x80 | (c & 0x3f));
        return 3;
    }
    o[0] = (unsigned char)(0xf0 | c >> 18);
    o[1] = (unsigned char)(0x80 | (c >> 12 & 0x3f));
    o[2] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
    o[3] = (unsigned char)(0x80 | (c & 0x3f));
    return 4;
}

bool mote_jinja_unicode_valid(mote_str text, size_t *bad_offset) {
    const unsigned char *s = (const unsigned char *)text.data;
    for (size_t i = 0; i < text.len;) {
        size_t n = s[i] < 0x80 ? 1 : s[i] >= 0xc2 && s[i] <= 0xdf ? 2 : s[i] >= 0xe0 && s[i] <= 0xef ? 3 : s[i] >= 0xf0 && s[i] <= 0xf4 ? 4 : 0;
        bool good = n > 0 && n <= text.len - i;
        for (size_t k = 1; good && k < n; k++)
            good = (s[i + k] & 0xc0) == 0x80;
        /* overlong forms, surrogates, beyond U+10FFFF */
        if (!good || (s[i] == 0xe0 && s[i + 1] < 0xa0) || (s[i] == 0xed && s[i + 1] > 0x9f) || (s[i] == 0xf0 && s[i + 1] < 0x90) || (s[i] == 0xf4 && s[i + 1] > 0x8f)) {
            *bad_offset = i;
            return false;
        }
        i += n;
    }
    return true;
}

size_t mote_jinja_unicode_count(mote_str text) {
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    return n;
}

static bool in_ranges(const jinja_code_range *ranges, size_t n, uint32_t c) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && c >= ranges[low].first;
}
#define IN(table, c) in_ranges(table, sizeof(table) / sizeof *(table), c)

static utf8proc_category_t category(uint32_t c) {
    return utf8proc_category((utf8proc_int32_t)c);
}

bool mote_jinja_unicode_is_space(uint32_t c) {
    if (c < 0x80)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x1f);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

bool mote_jinja_unicode_is_line_end(uint32_t c) {
    return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

bool mote_jinja_unicode_is_alpha(uint32_t c) {
    if (c < 0x80)
        return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    utf8proc_category_t k = category(c);
    return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool mote_jinja_unicode_is_decimal(uint32_t c) {
    return c < 0x80 ? c >= '0' && c <= '9' : category(c) == UTF8PROC_CATEGORY_ND;
}

int mote_jinja_unicode_decimal_value(uint32_t c) {
    if (!mote_jinja_unicode_is_decimal(c))
        return -1;
    if (c < 0x80)
        return (int)(c - '0');
    /* decimal digits come in runs of ten from a zero; only the mathematical ones follow each other directly */
    if (c >= 0x1d7ce && c <= 0x1d7ff)
        return (int)((c - 0x1d7ce) % 10);
    uint32_t zero = c;
    while (c - zero < 9 && mote_jinja_unicode_is_decimal(zero - 1))
        zero--;
    return (int)(c - zero);
}

bool mote_jinja_unicode_is_digit(uint32_t c) {
    return mote_jinja_unicode_is_decimal(c) || (c >= 0x80 && IN(jinja_digit_ranges, c));
}

bool mote_jinja_unicode_is_numeric(uint32_t c) {
    return mote_jinja_unicode_is_digit(c) || (c >= 0x80 && IN(jinja_numeric_ranges, c));
}

bool mote_jinja_unicode_is_upper(uint32_t c) {
    return c < 0x80 ? c >= 'A' && c <= 'Z' : category(c) == UTF8PROC_CATEGORY_LU || IN(jinja_other_upper, c);
}

bool mote_jinja_unicode_is_lower(uint32_t c) {
    return c < 0x80 ? c >= 'a' && c <= 'z' : category(c) == UTF8PROC_CATEGORY_LL || IN(jinja_other_lower, c);
}

bool mote_jinja_unicode_is_title(uint32_t c) {
    return c >= 0x80 && category(c) == UTF8PROC_CATEGORY_LT;
}

bool mote_jinja_unicode_is_cased(uint32_t c) {
    return mote_jinja_unicode_is_lower(c) || mote_jinja_unicode_is_upper(c) || mote_jinja_unicode_is_title(c);
}

bool mote_jinja_unicode_is_case_ignorable(uint32_t c) {
    static const uint16_t others[] = {0x27,   0x2e,   0x3a,   0xb7,   0x387,  0x55f,  0x5f4,  0x2018, 0x2019,
                                      0x2024, 0x2027, 0xfe13, 0xfe52, 0xfe55, 0xff07, 0xff0e, 0xff1a}; /* Word_Break MidLetter, MidNumLet, Single_Quote */
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (c == others[i])
            return true;
    utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_ME || k == UTF8PROC_CATEGORY_CF || k == UTF8PROC_CATEGORY_LM || k == UTF8PROC_CATEGORY_SK;
}

bool mote_jinja_unicode_is_printable(uint32_t c) {
    if (c < 0x80)
        return c >= 0x20 && c != 0x7f;
    utf8proc_category_t k = category(c);
    return !(k == UTF8PROC_CATEGORY_CN || k >= UTF8PROC_CATEGORY_ZS);
}

bool mote_jinja_unicode_is_name_start(uint32_t c) {
    return c == '_' || mote_jinja_unicode_is_alpha(c) || (c >= 0x80 && category(c) == UTF8PROC_CATEGORY_NL);
}

bool mote_jinja_unicode_is_name_part(uint32_t c) {
    if (mote_jinja_unicode_is_name_start(c) || mote_jinja_unicode_is_decimal(c))
        return true;
    if (c < 0x80)
        return false;
    utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_PC || c == 0xb7;
}

static size_t mapped(const jinja_code_map *maps, size_t n, uint32_t c, uint32_t out[3]) {
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (maps[middle].from < c)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == n || maps[low].from != c)
        return 0;
    for (n = 0; n < 3 && maps[low].to[n]; n++)
        out[n] = maps[low].to[n];
    return n;
}
#define MAPPED(table, c, out) mapped(table, sizeof(table) / sizeof *(table), c, out)

size_t mote_jinja_unicode_map(uint32_t c, int how, uint32_t out[3]) {
    utf8proc_int32_t k = (utf8proc_int32_t)c;
    if (c < 0x80) {
        bool upper = how == JINJA_UPPER || how == JINJA_TITLE;
        out[0] = upper && c >= 'a' && c <= 'z' ? c - 32 : !upper && c >= 'A' && c <= 'Z' ? c + 32 : c;
        return 1;
    }
    size_t n = how == JINJA_UPPER   ? MAPPED(jinja_upper_maps, c, out)
               : how == JINJA_TITLE ? MAPPED(jinja_title_maps, c, out)
               : how == JINJA_FOLD  ? MAPPED(jinja_fold_maps, c, out)
                                    : 0;
    if (n)
        return n;
    if (how == JINJA_LOWER && c == 0x130) { /* the only one with a lower case of two code points */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    if (how == JINJA_FOLD) {
        utf8proc_int32_t folded[4];
        int boundclass = 0;
        utf8proc_ssize_t m = utf8proc_decompose_char(k, folded, 4, UTF8PROC_CASEFOLD, &boundclass);
        out[0] = m == 1 ? (uint32_t)folded[0] : c;
        return 1;
    }
    out[0] = (uint32_t)(how == JINJA_UPPER ? utf8proc_toupper(k) : how == JINJA_TITLE ? utf8proc_totitle(k) : utf8proc_tolower(k));
    return 1;
}

mote_str mote_jinja_unicode_strip(mote_str text, bool left, bool right) {
    const char *p = text.data, *end = text.data + text.len;
    while (left && p < end) {
        const char *q = p;
        if (!mote_jinja_unicode_is_space(jinja_decode(&q)))
            break;
        p = q;
    }
    while (right && p < end) {
        const char *q = jinja_previous(end), *start = q;
        if (!mote_jinja_unicode_is_space(jinja_decode(&q)))
            break;
        end = start;
    }
    return (mote_str){p, (size_t)(end - p)};
}
