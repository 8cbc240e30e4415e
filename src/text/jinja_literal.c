/* Constants in a template: integers in four bases, floats, and strings with Python's escapes. */
#include "text/jinja_parser.h"
#include "text/jinja_run.h"
#include "text/jinja_unicode.h"

#include <stdio.h>

static int digit_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99;
}

static jinja_node *integer(jinja_parser *p, const char *digits, size_t n, uint32_t line) {
    unsigned base = 10;
    if (n > 2 && digits[0] == '0') {
        char mark = digits[1] | 0x20;
        base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
        if (base != 10) {
            digits += 2;
            n -= 2;
        }
    }
    int64_t value = 0;
    bool fits = true;
    for (size_t i = 0; i < n && fits; i++)
        fits = !__builtin_mul_overflow(value, (int64_t)base, &value) && !__builtin_add_overflow(value, (int64_t)digit_value(digits[i]), &value);
    jinja_node *node = mote_jinja_parser_node(p, fits ? JINJA_N_CONST : JINJA_N_BIG, line);
    if (!node)
        return NULL;
    if (fits) {
        node->as.value = jinja_int(value);
        return node;
    }
    node->op = (uint8_t)base;
    node->as.u.name = mote_jinja_parser_str(p, (mote_str){digits, n});
    return node->as.u.name ? node : NULL;
}

jinja_node *mote_jinja_parser_number(jinja_parser *p) {
    jinja_token token = p->current;
    char *text = mote_jinja_parser_alloc(p, token.text.len + 1);
    if (!text)
        return NULL;
    size_t n = 0;
    for (size_t i = 0; i < token.text.len; i++)
        if (token.text.data[i] != '_')
            text[n++] = token.text.data[i];
    if (token.kind == JINJA_T_INTEGER)
        return integer(p, text, n, token.line);
    jinja_node *node = mote_jinja_parser_node(p, JINJA_N_CONST, token.line);
    double f = 0;
    if (!node || !mote_jinja_parse_float((mote_str){text, n}, &f))
        return node ? mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, token.line, "syntax error: not a number") : NULL;
    node->as.value = jinja_float(f);
    return node;
}

static bool hex_escape(const char *s, size_t left, size_t n_digits, uint32_t *c) {
    *c = 0;
    if (left < n_digits)
        return false;
    for (size_t i = 0; i < n_digits; i++) {
        int d = digit_value(s[i]);
        if (d > 15)
            return false;
        *c = *c << 4 | (uint32_t)d;
    }
    return true;
}

/* The letter behind a backslash that stands for one byte; -1 for the others. */
static int simple_escape(char c) {
    static const char letters[] = "\\'\"abfnrtv", values[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? values[found - letters] : -1;
}

bool mote_jinja_parser_unescape(jinja_parser *p, const jinja_token *token, char *out, size_t *n) {
    const char *s = token->text.data, *end = s + token->text.len;
    char *o = out;
    while (s < end) {
        if (*s != '\\') {
            *o++ = *s++;
            continue;
        }
        s++; /* the lexer has seen to it that something follows */
        uint32_t c = 0;
        size_t n_hex = *s == 'x' ? 2 : *s == 'u' ? 4 : *s == 'U' ? 8 : 0;
        if (*s == '\n') {
            s++;
        } else if (simple_escape(*s) >= 0) {
            *o++ = (char)simple_escape(*s++);
        } else if (*s >= '0' && *s <= '7') {
            for (int i = 0; i < 3 && s < end && *s >= '0' && *s <= '7'; i++)
                c = c * 8 + (uint32_t)(*s++ - '0');
            o += mote_jinja_unicode_encode(c, o);
        } else if (n_hex) {
            if (!hex_escape(s + 1, (size_t)(end - s - 1), n_hex, &c) || c > 0x10ffff)
                return mote_jinja_parser_fail(p, MOTE_ERR_FORMAT, token->line, "syntax error: bad \\%c escape in a string", *s);
            if (c >= 0xd800 && c <= 0xdfff)
                return mote_jinja_parser_fail(p, MOTE_ERR_UNSUPPORTED, token->line, "the escape \\%c%04x is half a surrogate pair", *s, c);
            s += 1 + n_hex;
            o += mote_jinja_unicode_encode(c, o);
        } else if (*s == 'N') {
            return mote_jinja_parser_fail(p, MOTE_ERR_UNSUPPORTED, token->line, "escapes by character name (\\N) are not supported");
        } else {
            /* an unknown escape stays; Jinja has by then turned a non-ASCII character into an escape of its own, whose backslash this one uses up */
            *o++ = '\\';
            if ((unsigned char)*s >= 0x80) {
                c = jinja_decode(&s);
                o += sprintf(o, c < 0x100 ? "x%02x" : c < 0x10000 ? "u%04x" : "U%08x", c);
            }
        }
    }
    *n = (size_t)(o - out);
    return true;
}
