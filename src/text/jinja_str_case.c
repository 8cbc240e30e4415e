/* Case as in Python: full mappings (one character may become three), the final sigma, and title case after every character without case. */
#include "text/jinja_str_case.h"

#include "text/jinja_unicode.h"

static bool pay(jinja_run *r, mote_str s) {
    return jinja_spend(r, s.len / 4 + 1);
}

static bool put_mapped(jinja_run *r, uint32_t c, int how) {
    uint32_t to[3];
    size_t n = mote_jinja_unicode_map(c, how, to);
    for (size_t i = 0; i < n; i++)
        if (!mote_jinja_put_char(r, to[i]))
            return false;
    return true;
}

/* A capital sigma becomes a final one behind a letter and not before one, with marks and the like looked through. */
static bool final_sigma(jinja_run *r, mote_str s, const char *at, const char *behind) {
    const char *end = s.data + s.len;
    bool before = false, after = false;
    while (at > s.data) {
        const char *q = at = jinja_previous(at);
        uint32_t c = jinja_decode(&q);
        jinja_charge(r, 1);
        if (mote_jinja_unicode_is_case_ignorable(c))
            continue;
        before = mote_jinja_unicode_is_cased(c);
        break;
    }
    while (behind < end) {
        uint32_t c = jinja_decode(&behind);
        jinja_charge(r, 1);
        if (mote_jinja_unicode_is_case_ignorable(c))
            continue;
        after = mote_jinja_unicode_is_cased(c);
        break;
    }
    return before && !after;
}

/* Maps the character between at and behind. */
static bool put_lower(jinja_run *r, mote_str s, const char *at, const char *behind, uint32_t c) {
    if (c == 0x3a3)
        return jinja_spend(r, 8) && mote_jinja_put_char(r, final_sigma(r, s, at, behind) ? 0x3c2 : 0x3c3);
    return put_mapped(r, c, JINJA_LOWER);
}

/* ASCII letters in one go; true if the text was only ASCII. */
static bool map_ascii(jinja_run *r, mote_str s, bool upper, bool *failed) {
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.data[i] >= 0x80)
            return false;
    size_t at = r->text.len;
    *failed = !mote_jinja_put(r, s.data, s.len);
    for (size_t i = 0; !*failed && i < s.len; i++) {
        char c = s.data[i];
        r->text.data[at + i] = upper ? (c >= 'a' && c <= 'z' ? (char)(c - 32) : c) : (c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
    }
    return true;
}

static bool map_all(jinja_run *r, jinja_value v, int how, jinja_value *out) {
    mote_str s = jinja_text(v);
    size_t mark = r->text.len;
    bool failed = false;
    if (!pay(r, s))
        return false;
    if (!map_ascii(r, s, how == JINJA_UPPER, &failed))
        for (const char *p = s.data, *end = p + s.len; p < end && !failed;) {
            const char *at = p;
            uint32_t c = jinja_decode(&p);
            failed = how == JINJA_LOWER ? !put_lower(r, s, at, p, c) : !put_mapped(r, c, how);
        }
    return !failed && mote_jinja_take(r, mark, out);
}

bool mote_jinja_str_upper(jinja_run *r, jinja_value *a, jinja_value *out) {
    return map_all(r, a[0], JINJA_UPPER, out);
}

bool mote_jinja_str_lower(jinja_run *r, jinja_value *a, jinja_value *out) {
    return map_all(r, a[0], JINJA_LOWER, out);
}

bool mote_jinja_str_casefold(jinja_run *r, jinja_value *a, jinja_value *out) {
    return map_all(r, a[0], JINJA_FOLD, out);
}

bool mote_jinja_str_title(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]);
    size_t mark = r->text.len;
    bool inside = false;
    if (!pay(r, s))
        return false;
    for (const char *p = s.data, *end = p + s.len; p < end;) {
        const char *at = p;
        uint32_t c = jinja_decode(&p);
        if (inside ? !put_lower(r, s, at, p, c) : !put_mapped(r, c, JINJA_TITLE))
            return false;
        inside = mote_jinja_unicode_is_cased(c);
    }
    return mote_jinja_take(r, mark, out);
}

bool mote_jinja_str_capitalize(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]);
    size_t mark = r->text.len;
    if (!pay(r, s))
        return false;
    for (const char *p = s.data, *end = p + s.len; p < end;) {
        const char *at = p;
        uint32_t c = jinja_decode(&p);
        if (at == s.data ? !put_mapped(r, c, JINJA_TITLE) : !put_lower(r, s, at, p, c))
            return false;
    }
    return mote_jinja_take(r, mark, out);
}

bool mote_jinja_str_swapcase(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]);
    size_t mark = r->text.len;
    if (!pay(r, s))
        return false;
    for (const char *p = s.data, *end = p + s.len; p < end;) {
        const char *at = p;
        uint32_t c = jinja_decode(&p);
        bool upper = mote_jinja_unicode_is_upper(c), lower = mote_jinja_unicode_is_lower(c);
        if (upper ? !put_lower(r, s, at, p, c) : lower ? !put_mapped(r, c, JINJA_UPPER) : !mote_jinja_put_char(r, c))
            return false;
    }
    return mote_jinja_take(r, mark, out);
}

/* Not empty, and every character of the class. */
static bool all_are(jinja_run *r, jinja_value v, bool (*is)(uint32_t), jinja_value *out) {
    mote_str s = jinja_text(v);
    bool all = s.len > 0;
    for (const char *p = s.data, *end = p + s.len; all && p < end;)
        all = is(jinja_decode(&p));
    *out = jinja_bool(all);
    return pay(r, s);
}

static bool is_alnum(uint32_t c) {
    return mote_jinja_unicode_is_alpha(c) || mote_jinja_unicode_is_numeric(c);
}

static bool is_ascii(uint32_t c) {
    return c < 0x80;
}

bool mote_jinja_str_isalnum(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], is_alnum, out);
}
bool mote_jinja_str_isalpha(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], mote_jinja_unicode_is_alpha, out);
}
bool mote_jinja_str_isdecimal(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], mote_jinja_unicode_is_decimal, out);
}
bool mote_jinja_str_isdigit(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], mote_jinja_unicode_is_digit, out);
}
bool mote_jinja_str_isnumeric(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], mote_jinja_unicode_is_numeric, out);
}
bool mote_jinja_str_isspace(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], mote_jinja_unicode_is_space, out);
}

bool mote_jinja_str_isascii(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], is_ascii, out) && (*out = jinja_bool(out->u.b || jinja_text(a[0]).len == 0), true);
}

bool mote_jinja_str_isprintable(jinja_run *r, jinja_value *a, jinja_value *out) {
    return all_are(r, a[0], mote_jinja_unicode_is_printable, out) && (*out = jinja_bool(out->u.b || jinja_text(a[0]).len == 0), true);
}

bool mote_jinja_str_isidentifier(jinja_run *r, jinja_value *a, jinja_value *out) {
    const char *p = jinja_text(a[0]).data;
    if (!all_are(r, a[0], mote_jinja_unicode_is_name_part, out))
        return false;
    *out = jinja_bool(out->u.b && mote_jinja_unicode_is_name_start(jinja_decode(&p)));
    return true;
}

/* At least one character with case, and none of the other case. */
static bool case_is(jinja_run *r, jinja_value v, bool (*wanted)(uint32_t), bool (*other)(uint32_t), jinja_value *out) {
    mote_str s = jinja_text(v);
    bool any = false, wrong = false;
    for (const char *p = s.data, *end = p + s.len; !wrong && p < end;) {
        uint32_t c = jinja_decode(&p);
        wrong = other(c) || mote_jinja_unicode_is_title(c);
        any = any || wanted(c);
    }
    *out = jinja_bool(any && !wrong);
    return pay(r, s);
}

bool mote_jinja_str_islower(jinja_run *r, jinja_value *a, jinja_value *out) {
    return case_is(r, a[0], mote_jinja_unicode_is_lower, mote_jinja_unicode_is_upper, out);
}

bool mote_jinja_str_isupper(jinja_run *r, jinja_value *a, jinja_value *out) {
    return case_is(r, a[0], mote_jinja_unicode_is_upper, mote_jinja_unicode_is_lower, out);
}

bool mote_jinja_str_istitle(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]);
    bool any = false, wrong = false, inside = false;
    for (const char *p = s.data, *end = p + s.len; !wrong && p < end;) {
        uint32_t c = jinja_decode(&p);
        bool upper = mote_jinja_unicode_is_upper(c) || mote_jinja_unicode_is_title(c), lower = mote_jinja_unicode_is_lower(c);
        wrong = upper ? inside : lower && !inside;
        any = any || upper || lower;
        inside = upper || lower;
    }
    *out = jinja_bool(any && !wrong);
    return pay(r, s);
}

/* left and right copies of the fill character around the text */
static bool padded(jinja_run *r, jinja_value *a, int how, jinja_value *out) {
    int64_t width;
    mote_str fill = MOTE_STR(" ");
    if (!mote_jinja_index_arg(r, a[1], &width) || (a[2].type != JINJA_MISSING && !mote_jinja_str_arg(r, a[2], "padding", &fill)))
        return false;
    if (mote_jinja_unicode_count(fill) != 1)
        return mote_jinja_fail(r, MOTE_ERR_FORMAT, "type error: the fill character must be exactly one character long");
    size_t n = mote_jinja_n_chars(r, a[0]), mark = r->text.len;
    if (width < 0 || (size_t)width <= n) {
        *out = a[0];
        return true;
    }
    size_t pad = (size_t)width - n, left = how == 'l' ? 0 : how == 'r' ? pad : pad / 2 + (pad & (size_t)width & 1);
    return mote_jinja_put_repeat(r, fill, left) && mote_jinja_put_str(r, a[0]) && mote_jinja_put_repeat(r, fill, pad - left) && mote_jinja_take(r, mark, out);
}

bool mote_jinja_str_center(jinja_run *r, jinja_value *a, jinja_value *out) {
    return padded(r, a, 'c', out);
}
bool mote_jinja_str_ljust(jinja_run *r, jinja_value *a, jinja_value *out) {
    return padded(r, a, 'l', out);
}
bool mote_jinja_str_rjust(jinja_run *r, jinja_value *a, jinja_value *out) {
    return padded(r, a, 'r', out);
}

bool mote_jinja_str_zfill(jinja_run *r, jinja_value *a, jinja_value *out) {
    int64_t width;
    if (!mote_jinja_index_arg(r, a[1], &width))
        return false;
    mote_str s = jinja_text(a[0]);
    size_t n = mote_jinja_n_chars(r, a[0]), mark = r->text.len, sign = s.len && (s.data[0] == '-' || s.data[0] == '+');
    if (width < 0 || (size_t)width <= n) {
        *out = a[0];
        return true;
    }
    return mote_jinja_put(r, s.data, sign) && mote_jinja_put_repeat(r, MOTE_STR("0"), (size_t)width - n) && mote_jinja_put(r, s.data + sign, s.len - sign) &&
           mote_jinja_take(r, mark, out);
}

bool mote_jinja_str_expandtabs(jinja_run *r, jinja_value *a, jinja_value *out) {
    mote_str s = jinja_text(a[0]);
    int64_t size = 8;
    size_t mark = r->text.len, column = 0;
    if ((a[1].type != JINJA_MISSING && !mote_jinja_index_arg(r, a[1], &size)) || !pay(r, s))
        return false;
    for (const char *p = s.data, *end = p + s.len; p < end;) {
        uint32_t c = jinja_decode(&p);
        if (c == '\t') {
            size_t n = size > 0 ? (size_t)size - column % (size_t)size : 0;
            if (!mote_jinja_put_repeat(r, MOTE_STR(" "), n))
                return false;
            column += n;
            continue;
        }
        column = c == '\n' || c == '\r' ? 0 : column + 1;
        if (!mote_jinja_put_char(r, c))
            return false;
    }
    return mote_jinja_take(r, mark, out);
}
