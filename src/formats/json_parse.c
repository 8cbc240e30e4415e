/* A recursive descent over RFC 8259 that builds Jansson values. Jansson's own lexer is not used: without memory it aborts the process (2.14, load.c,
 * lex_unget_unsave) or cuts a token silently, and it takes a NUL behind a number for the end. Its values have none of these faults.
 *
 * Depth, size and number of values are bounded. Integers that do not fit int64_t become reals; all others stay exact. */
#include "base/buffer.h"
#include "base/error.h"
#include "base/mem.h"
#include "formats/json.h"
#include "formats/json_utf8.h"

#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

enum {
    MAX_TEXT_BYTES = 256 << 20, /* the largest tokenizer.json known has 33 MB */
    MAX_DEPTH = 512,            /* recursion here and in every reader of values; browsers allow as much */
    MAX_VALUES = 8 << 20,       /* at 50 to 100 bytes each; a vocabulary of 256,000 with its merges has two million */
    SHORT_NUMBER_BYTES = 63
};

typedef struct parser {
    const char *text;
    size_t len, at;
    int depth;
    size_t n_values;
    mote_buffer scratch; /* strings with escapes, long numbers */
    locale_t c_locale;   /* the decimal point is a point whatever the program has set */
    mote_error *err;
} parser;

static mote_status parse_value(parser *p, json_t **value);

static mote_status fail(const parser *p, const char *what, size_t at) {
    return mote_error_set(p->err, MOTE_ERR_FORMAT, "JSON: %s at byte %zu", what, at);
}

static void skip_blanks(parser *p) {
    while (p->at < p->len && (p->text[p->at] == ' ' || p->text[p->at] == '\n' || p->text[p->at] == '\t' || p->text[p->at] == '\r'))
        p->at++;
}

static bool skip_char(parser *p, char c) {
    bool there = p->at < p->len && p->text[p->at] == c;
    p->at += there;
    return there;
}

static size_t skip_digits(parser *p) {
    size_t start = p->at;
    while (p->at < p->len && p->text[p->at] >= '0' && p->text[p->at] <= '9')
        p->at++;
    return p->at - start;
}

/* -? (0 | [1-9][0-9]*) (.[0-9]+)? ([eE][+-]?[0-9]+)? */
static mote_status skip_number(parser *p, bool *is_integer) {
    size_t start = p->at;
    skip_char(p, '-');
    bool zero = p->at < p->len && p->text[p->at] == '0';
    size_t n_digits = skip_digits(p);
    if (n_digits == 0 || (zero && n_digits > 1))
        return fail(p, "invalid number", start);
    *is_integer = true;
    if (skip_char(p, '.')) {
        *is_integer = false;
        if (skip_digits(p) == 0)
            return fail(p, "invalid number: no digit after the point", start);
    }
    if (skip_char(p, 'e') || skip_char(p, 'E')) {
        *is_integer = false;
        if (!skip_char(p, '+'))
            skip_char(p, '-');
        if (skip_digits(p) == 0)
            return fail(p, "invalid number: no digit in the exponent", start);
    }
    return MOTE_OK;
}

/* False when it does not fit. */
static bool read_int64(const char *digits, size_t n, int64_t *x) {
    bool negative = digits[0] == '-';
    *x = 0;
    for (size_t i = negative; i < n; i++) {
        int digit = digits[i] - '0';
        if (__builtin_mul_overflow(*x, 10, x) || __builtin_add_overflow(*x, negative ? -digit : digit, x))
            return false;
    }
    return true;
}

static mote_status parse_number(parser *p, json_t **value) {
    size_t start = p->at;
    bool is_integer = false;
    int64_t integer;
    MOTE_TRY(skip_number(p, &is_integer));
    size_t n = p->at - start;
    if (is_integer && read_int64(p->text + start, n, &integer)) {
        *value = json_integer(integer);
    } else {
        char small[SHORT_NUMBER_BYTES + 1];
        const char *digits = small;
        if (n <= SHORT_NUMBER_BYTES) {
            memcpy(small, p->text + start, n);
            small[n] = '\0';
        } else {
            mote_buffer_clear(&p->scratch);
            if (mote_buffer_append(&p->scratch, p->text + start, n) != MOTE_OK)
                return mote_error_alloc(p->err, n);
            digits = p->scratch.data;
        }
        double real = strtod_l(digits, NULL, p->c_locale);
        if (!isfinite(real))
            return fail(p, "number overflow: it does not fit a double", start);
        *value = json_real(real);
    }
    return *value ? MOTE_OK : mote_error_alloc(p->err, sizeof(double));
}

/* Four hexadecimal digits; -1 if they are not. */
static long read_hex4(const parser *p, size_t at) {
    long x = 0;
    if (p->len - at < 4)
        return -1;
    for (size_t i = at; i < at + 4; i++) {
        char c = p->text[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        x = x << 4 | digit;
    }
    return x;
}

static size_t encode_utf8(long c, char out[4]) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(c | (n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0));
    return n;
}

/* An escape, p->at behind the backslash; gives its UTF-8. */
static mote_status read_escape(parser *p, char out[4], size_t *n) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    size_t start = p->at - 1;
    char c = p->at < p->len ? p->text[p->at++] : '\0';
    const char *found = c ? strchr(from, c) : NULL;
    if (found) {
        out[0] = to[found - from];
        *n = 1;
        return MOTE_OK;
    }
    long x = c == 'u' ? read_hex4(p, p->at) : -1;
    if (x < 0)
        return fail(p, "invalid escape", start);
    p->at += 4;
    if (x >= 0xd800 && x <= 0xdfff) {
        long low = x < 0xdc00 && p->len - p->at >= 6 && memcmp(p->text + p->at, "\\u", 2) == 0 ? read_hex4(p, p->at + 2) : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return fail(p, "invalid escape: a surrogate without its partner", start);
        x = 0x10000 + ((x - 0xd800) << 10) + (low - 0xdc00);
        p->at += 6;
    }
    *n = encode_utf8(x, out);
    return MOTE_OK;
}

/* Goes on where plain text or an escape begins; stops at the closing quote, which stays. What is read goes to scratch. */
static mote_status unescape(parser *p, size_t from) {
    mote_buffer_clear(&p->scratch);
    if (mote_buffer_append(&p->scratch, p->text + from, p->at - from) != MOTE_OK)
        return mote_error_alloc(p->err, p->at - from);
    while (p->at < p->len && p->text[p->at] != '"') {
        char piece[4];
        const char *data = p->text + p->at;
        size_t n = 1;
        bool ok = true;
        if (*data == '\\') {
            p->at++;
            MOTE_TRY(read_escape(p, piece, &n));
            data = piece;
        } else {
            n = mote_json_utf8_piece((const unsigned char *)data, p->len - p->at, &ok);
            if (!ok || (unsigned char)*data < 0x20)
                return fail(p, ok ? "invalid control character in a string" : "invalid UTF-8", p->at);
            p->at += n;
        }
        if (mote_buffer_append(&p->scratch, data, n) != MOTE_OK)
            return mote_error_alloc(p->err, p->scratch.len);
    }
    return MOTE_OK;
}

/* The string whose opening quote is at p->at; valid until the next one. */
static mote_status parse_string(parser *p, mote_str *s) {
    size_t quote = p->at++, start = p->at;
    while (p->at < p->len && p->text[p->at] != '"' && p->text[p->at] != '\\') {
        bool ok;
        size_t n = mote_json_utf8_piece((const unsigned char *)p->text + p->at, p->len - p->at, &ok);
        if (!ok || (unsigned char)p->text[p->at] < 0x20)
            return fail(p, ok ? "invalid control character in a string" : "invalid UTF-8", p->at);
        p->at += n;
    }
    *s = (mote_str){p->text + start, p->at - start};
    if (p->at < p->len && p->text[p->at] == '\\') {
        MOTE_TRY(unescape(p, start));
        *s = mote_buffer_str(&p->scratch);
    }
    return skip_char(p, '"') ? MOTE_OK : fail(p, "unexpected end of the string that begins", quote);
}

/* A separator, or the end of an array or object; *more tells which. */
static mote_status parse_separator(parser *p, char end, bool *more) {
    skip_blanks(p);
    *more = skip_char(p, ',');
    if (*more || skip_char(p, end))
        return MOTE_OK;
    if (p->at == p->len)
        return fail(p, "unexpected end", p->at);
    return fail(p, end == ']' ? "expected ',' or ']'" : "expected ',' or '}'", p->at);
}

static mote_status parse_array(parser *p, json_t **value) {
    mote_status status = MOTE_OK;
    json_t *array = json_array();
    if (!array)
        return mote_error_alloc(p->err, sizeof(json_t));
    p->at++;
    skip_blanks(p);
    for (bool more = !skip_char(p, ']'); more;) {
        json_t *item = NULL;
        MOTE_TRY_DONE(parse_value(p, &item));
        if (json_array_append_new(array, item) != 0) {
            status = mote_error_alloc(p->err, json_array_size(array) * sizeof item);
            goto done;
        }
        MOTE_TRY_DONE(parse_separator(p, ']', &more));
    }
    *value = array;
    return MOTE_OK;
done:
    json_decref(array);
    return status;
}

static mote_status parse_member(parser *p, json_t *object) {
    skip_blanks(p);
    if (p->at == p->len || p->text[p->at] != '"')
        return fail(p, "expected a key in quotes", p->at);
    size_t start = p->at;
    mote_str s, key = {0};
    json_t *item = NULL;
    char *copy = NULL;
    MOTE_TRY(parse_string(p, &s));
    if (json_object_getn(object, s.data, s.len))
        return mote_error_set(p->err, MOTE_ERR_FORMAT, "JSON: duplicate key '%.*s' at byte %zu", MOTE_STR_ARGS(s), start);
    if (s.data == p->scratch.data) /* the value may need the scratch */
        copy = mote_buffer_take(&p->scratch);
    key = copy ? (mote_str){copy, s.len} : s;
    skip_blanks(p);
    mote_status status = skip_char(p, ':') ? parse_value(p, &item) : fail(p, "expected ':'", p->at);
    if (status == MOTE_OK && json_object_setn_new_nocheck(object, key.data, key.len, item) != 0)
        status = mote_error_alloc(p->err, key.len);
    mote_mem_free(copy);
    return status;
}

static mote_status parse_object(parser *p, json_t **value) {
    mote_status status = MOTE_OK;
    json_t *object = json_object();
    if (!object)
        return mote_error_alloc(p->err, sizeof(json_t));
    p->at++;
    skip_blanks(p);
    for (bool more = !skip_char(p, '}'); more;) {
        MOTE_TRY_DONE(parse_member(p, object));
        MOTE_TRY_DONE(parse_separator(p, '}', &more));
    }
    *value = object;
    return MOTE_OK;
done:
    json_decref(object);
    return status;
}

static mote_status parse_word(parser *p, json_t **value) {
    mote_str rest = {p->text + p->at, p->len - p->at};
    if (mote_str_starts(rest, MOTE_STR("true"))) {
        p->at += 4;
        *value = json_true();
    } else if (mote_str_starts(rest, MOTE_STR("false"))) {
        p->at += 5;
        *value = json_false();
    } else if (mote_str_starts(rest, MOTE_STR("null"))) {
        p->at += 4;
        *value = json_null();
    } else {
        return fail(p, "unexpected character", p->at);
    }
    return MOTE_OK;
}

static mote_status parse_value(parser *p, json_t **value) {
    skip_blanks(p);
    if (p->at == p->len)
        return fail(p, "unexpected end, a value is expected", p->at);
    if (++p->n_values > MAX_VALUES)
        return mote_error_set(p->err, MOTE_ERR_LIMIT, "JSON: more than %d values at byte %zu", MAX_VALUES, p->at);
    char c = p->text[p->at];
    if (c == '"') {
        mote_str s;
        MOTE_TRY(parse_string(p, &s));
        *value = json_stringn_nocheck(s.data, s.len);
        return *value ? MOTE_OK : mote_error_alloc(p->err, s.len);
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return parse_number(p, value);
    if (c != '[' && c != '{')
        return parse_word(p, value);
    if (p->depth == MAX_DEPTH)
        return mote_error_set(p->err, MOTE_ERR_LIMIT, "JSON: nesting is deeper than %d levels at byte %zu", MAX_DEPTH, p->at);
    p->depth++;
    mote_status status = c == '[' ? parse_array(p, value) : parse_object(p, value);
    p->depth--;
    return status;
}

mote_status mote_json_parse(const char *text, size_t text_bytes, mote_json **root, mote_error *err) {
    *root = NULL;
    if (text_bytes > MAX_TEXT_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "JSON: a text of %zu bytes is longer than %d", text_bytes, MAX_TEXT_BYTES);
    parser p = {.text = text_bytes ? text : "", .len = text_bytes, .err = err, .c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (!p.c_locale)
        return mote_error_alloc(err, sizeof p.c_locale);
    mote_buffer_init(&p.scratch, MAX_TEXT_BYTES);
    json_t *value = NULL;
    mote_status status = parse_value(&p, &value);
    skip_blanks(&p);
    if (status == MOTE_OK && p.at < p.len)
        status = fail(&p, "unexpected bytes after the value", p.at);
    if (status != MOTE_OK)
        json_decref(value);
    else
        *root = (mote_json *)value;
    mote_buffer_deinit(&p.scratch);
    freelocale(p.c_locale);
    return status;
}
