/* Reads an expression into a tree. Groups nest to a depth that the stack bears; lists are not recursive. */
#include "text/regular_ast.h"

#include "base/error.h"
#include "text/unicode.h"

enum {
    MAX_DEPTH = 200,
    MAX_PATTERN_BYTES = 1 << 16,
    MAX_COUNT = 100000, /* of a repetition; what it is made of has a bound of its own */
    NO_CHAR = 0x7fffffff
};

typedef struct parser {
    const uint8_t *text;
    size_t len, at;
    mote_arena *arena;
    mote_error *err;
    mote_status status;
    unsigned depth;
} parser;

static const mote_regular_node *parse_alternatives(parser *p);

static const mote_regular_node *fail(parser *p, mote_status status, const char *what) {
    if (p->status == MOTE_OK)
        p->status = mote_error_set(p->err, status, "expression, byte %zu: %s", p->at, what);
    return NULL;
}

static mote_regular_node *node(parser *p, mote_regular_kind kind) {
    mote_regular_node *n = mote_arena_zalloc_array(p->arena, 1, sizeof *n);
    if (n)
        n->kind = kind;
    else
        fail(p, MOTE_ERR_LIMIT, "it is too large");
    return n;
}

static uint32_t peek(const parser *p) {
    uint32_t c = NO_CHAR;
    if (p->at < p->len)
        mote_unicode_decode(p->text + p->at, p->len - p->at, &c);
    return c;
}

static uint32_t take(parser *p) {
    uint32_t c = NO_CHAR;
    if (p->at < p->len)
        p->at += mote_unicode_decode(p->text + p->at, p->len - p->at, &c);
    if (c == MOTE_UNICODE_BAD)
        fail(p, MOTE_ERR_FORMAT, "malformed UTF-8");
    return c;
}

static bool starts(const parser *p, const char *text) {
    size_t n = strlen(text);
    return p->len - p->at >= n && memcmp(p->text + p->at, text, n) == 0;
}

static const mote_regular_node *set_node(parser *p, mote_regular_set *s) {
    mote_regular_set_sort(s);
    mote_regular_node *n = s->failed ? NULL : node(p, MOTE_REGULAR_SET);
    mote_regular_range *ranges = n ? mote_arena_zalloc_array(p->arena, s->n + 1, sizeof *ranges) : NULL;
    if (s->failed || (n && !ranges))
        fail(p, s->failed ? MOTE_ERR_ALLOC : MOTE_ERR_LIMIT, "no room for a class");
    if (ranges) {
        size_t n_ranges = 0; /* surrogates are no code points of UTF-8 */
        for (size_t i = 0; i < s->n; i++) {
            mote_regular_range r = s->items[i];
            if (r.lo < 0xd800)
                ranges[n_ranges++] = (mote_regular_range){r.lo, r.hi < 0xd7ff ? r.hi : 0xd7ff};
            if (r.hi > 0xdfff)
                ranges[n_ranges++] = (mote_regular_range){r.lo > 0xe000 ? r.lo : 0xe000, r.hi};
        }
        n->ranges = ranges;
        n->n_ranges = n_ranges;
    }
    mote_regular_set_deinit(s);
    return ranges ? n : NULL;
}

static int hex_value(uint32_t c) {
    if (c >= '0' && c <= '9')
        return (int)c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (int)c - 'a' + 10 : -1;
}

static bool take_hex(parser *p, unsigned n, uint32_t *c) {
    *c = 0;
    if (p->len - p->at < n)
        return false;
    for (unsigned i = 0; i < n; i++) {
        int v = hex_value(p->text[p->at + i]);
        if (v < 0)
            return false;
        *c = *c * 16 + (uint32_t)v;
    }
    p->at += n;
    return true;
}

/* Behind \u: four digits, two such pairs for a code point above the first plane, or {digits}. */
static uint32_t take_unicode(parser *p) {
    uint32_t c = 0, low;
    if (starts(p, "{")) {
        size_t digits = 0;
        for (p->at++; p->at < p->len && hex_value(p->text[p->at]) >= 0 && digits < 8; digits++)
            c = c * 16 + (uint32_t)hex_value(p->text[p->at++]);
        if (digits == 0 || digits == 8 || !starts(p, "}") || c > 0x10ffff)
            fail(p, MOTE_ERR_FORMAT, "no code point behind \\u");
        p->at++;
        return c;
    }
    if (!take_hex(p, 4, &c)) {
        fail(p, MOTE_ERR_FORMAT, "no code point behind \\u");
        return 0;
    }
    size_t back = p->at;
    if (c >= 0xd800 && c < 0xdc00 && starts(p, "\\u")) {
        p->at += 2;
        if (take_hex(p, 4, &low) && low >= 0xdc00 && low < 0xe000)
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        p->at = back;
    }
    return c;
}

static void take_category(parser *p, mote_regular_set *s, bool inverted) {
    size_t end = p->at;
    while (end < p->len && p->text[end] != '}')
        end++;
    if (!starts(p, "{") || end == p->len) {
        fail(p, MOTE_ERR_FORMAT, "\\p without {name}");
        return;
    }
    mote_str name = {(const char *)p->text + p->at + 1, end - p->at - 1};
    if (mote_str_starts(name, MOTE_STR("General_Category=")))
        name = (mote_str){name.data + 17, name.len - 17};
    else if (mote_str_starts(name, MOTE_STR("gc=")))
        name = (mote_str){name.data + 3, name.len - 3};
    mote_regular_set own = {0};
    if (mote_str_is(name, "Any"))
        mote_regular_set_add(&own, 0, 0x10ffff);
    else if (mote_str_is(name, "ASCII"))
        mote_regular_set_add(&own, 0, 0x7f);
    else if (!mote_regular_set_category(&own, name)) {
        fail(p, MOTE_ERR_UNSUPPORTED, "\\p of something other than a general category");
        return;
    }
    p->at = end + 1;
    if (inverted)
        mote_regular_set_invert(&own);
    for (size_t i = 0; i < own.n; i++)
        mote_regular_set_add(s, own.items[i].lo, own.items[i].hi);
    s->failed |= own.failed;
    mote_regular_set_deinit(&own);
}

static void add_inverted(mote_regular_set *s, void (*fill)(mote_regular_set *)) {
    mote_regular_set own = {0};
    fill(&own);
    mote_regular_set_invert(&own);
    for (size_t i = 0; i < own.n; i++)
        mote_regular_set_add(s, own.items[i].lo, own.items[i].hi);
    s->failed |= own.failed;
    mote_regular_set_deinit(&own);
}

/* Escapes for a class of characters: adds it and says true. */
static bool take_class_escape(parser *p, uint32_t c, mote_regular_set *s) {
    switch (c) {
    case 'd':
        mote_regular_set_digits(s);
        return true;
    case 'D':
        add_inverted(s, mote_regular_set_digits);
        return true;
    case 'w':
        mote_regular_set_words(s);
        return true;
    case 'W':
        add_inverted(s, mote_regular_set_words);
        return true;
    case 's':
        mote_regular_set_spaces(s);
        return true;
    case 'S':
        add_inverted(s, mote_regular_set_spaces);
        return true;
    case 'p':
    case 'P':
        take_category(p, s, c == 'P');
        return true;
    default:
        return false;
    }
}

/* Escapes for one character, behind the backslash and its letter c. */
static uint32_t take_char_escape(parser *p, uint32_t c) {
    static const char letters[] = "ntrvf", values[] = "\n\t\r\v\f";
    const char *at = c < 0x80 && c != 0 ? strchr(letters, (int)c) : NULL;
    if (at)
        return (uint32_t)values[at - letters];
    uint32_t value;
    if (c == '0' && hex_value(peek(p)) < 0)
        return 0;
    if (c == 'u')
        return take_unicode(p);
    if (c == 'x' && take_hex(p, 2, &value))
        return value;
    if (c == 'c') {
        value = take(p);
        if ((value | 0x20) >= 'a' && (value | 0x20) <= 'z')
            return value & 31;
        fail(p, MOTE_ERR_FORMAT, "no letter behind \\c");
        return 0;
    }
    if (c == NO_CHAR)
        fail(p, MOTE_ERR_FORMAT, "it ends in a backslash");
    else if (c == 'b' || c == 'B')
        fail(p, MOTE_ERR_UNSUPPORTED, "word boundaries (\\b, \\B)");
    else if ((c >= '0' && c <= '9') || c == 'k')
        fail(p, MOTE_ERR_UNSUPPORTED, "references to groups, or octal characters");
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
        fail(p, MOTE_ERR_UNSUPPORTED, "an escape that ECMA-262 doesn't have");
    return c;
}

/* One item of [...]; a class such as \d gives NO_CHAR and is in the set. */
static uint32_t take_class_char(parser *p, mote_regular_set *s) {
    uint32_t c = take(p);
    if (c != '\\')
        return c;
    c = take(p);
    if (take_class_escape(p, c, s))
        return NO_CHAR;
    return c == 'b' ? '\b' : take_char_escape(p, c);
}

static const mote_regular_node *parse_class(parser *p) {
    mote_regular_set s = {0};
    bool inverted = starts(p, "^");
    p->at += inverted;
    while (p->status == MOTE_OK && !starts(p, "]")) {
        if (p->at == p->len) {
            fail(p, MOTE_ERR_FORMAT, "a class without ]");
            break;
        }
        uint32_t lo = take_class_char(p, &s), hi = lo;
        if (starts(p, "-") && p->at + 1 < p->len && p->text[p->at + 1] != ']') {
            p->at++;
            hi = take_class_char(p, &s);
            if (lo == NO_CHAR || hi == NO_CHAR) { /* [\w-.]: the hyphen is one of them */
                mote_regular_set_add(&s, '-', '-');
                if (lo != NO_CHAR)
                    mote_regular_set_add(&s, lo, lo);
                lo = hi;
            } else if (hi < lo)
                fail(p, MOTE_ERR_FORMAT, "a range of a class goes backwards");
        }
        if (lo != NO_CHAR)
            mote_regular_set_add(&s, lo, hi);
    }
    p->at++;
    if (inverted)
        mote_regular_set_invert(&s);
    return set_node(p, &s);
}

static const mote_regular_node *parse_group(parser *p) {
    static const char *const looks[] = {"?=", "?!", "?<=", "?<!"};
    for (size_t i = 0; i < 4; i++)
        if (starts(p, looks[i]))
            return fail(p, MOTE_ERR_UNSUPPORTED, i < 2 ? "a lookahead, (?= or (?!" : "a lookbehind, (?<= or (?<!");
    if (starts(p, "?:"))
        p->at += 2;
    else if (starts(p, "?<")) {
        while (p->at < p->len && p->text[p->at] != '>')
            p->at++;
        if (p->at++ == p->len)
            return fail(p, MOTE_ERR_FORMAT, "a group's name without >");
    } else if (starts(p, "?"))
        return fail(p, MOTE_ERR_UNSUPPORTED, "a group that ECMA-262 doesn't have");
    if (++p->depth > MAX_DEPTH)
        return fail(p, MOTE_ERR_LIMIT, "groups nested too deep");
    const mote_regular_node *inside = parse_alternatives(p);
    p->depth--;
    if (p->status == MOTE_OK && !starts(p, ")"))
        return fail(p, MOTE_ERR_FORMAT, "a group without )");
    p->at++;
    return inside;
}

static const mote_regular_node *parse_atom(parser *p) {
    uint32_t c = take(p);
    mote_regular_set s = {0};
    switch (c) {
    case '(':
        return parse_group(p);
    case '[':
        return parse_class(p);
    case '.':
        mote_regular_set_dot(&s);
        return set_node(p, &s);
    case '*':
    case '+':
    case '?':
        return fail(p, MOTE_ERR_FORMAT, "nothing to repeat");
    case '\\':
        c = take(p);
        if (take_class_escape(p, c, &s))
            return set_node(p, &s);
        c = take_char_escape(p, c);
        break;
    default:
        break;
    }
    if (p->status != MOTE_OK)
        return NULL;
    mote_regular_set_add(&s, c, c);
    return set_node(p, &s);
}

static bool take_number(parser *p, uint32_t *n) {
    size_t from = p->at;
    for (*n = 0; p->at < p->len && p->text[p->at] >= '0' && p->text[p->at] <= '9'; p->at++)
        *n = *n > MAX_COUNT ? *n : *n * 10 + (p->text[p->at] - '0');
    return p->at > from;
}

/* {n}, {n,} or {n,m}; anything else behind a brace is text. */
static bool take_braces(parser *p, uint32_t *min, uint32_t *max) {
    size_t back = p->at++;
    bool good = take_number(p, min);
    *max = *min;
    if (good && starts(p, ",")) {
        p->at++;
        if (!take_number(p, max))
            *max = MOTE_REGULAR_NO_MAX;
    }
    if (!good || !starts(p, "}")) {
        p->at = back;
        return false;
    }
    p->at++;
    if (*max < *min)
        fail(p, MOTE_ERR_FORMAT, "a repetition's bounds go backwards");
    else if (*min > MAX_COUNT || (*max > MAX_COUNT && *max != MOTE_REGULAR_NO_MAX))
        fail(p, MOTE_ERR_LIMIT, "a repetition of more than 100000");
    return true;
}

static bool take_quantifier(parser *p, uint32_t *min, uint32_t *max) {
    *max = MOTE_REGULAR_NO_MAX;
    if (starts(p, "*"))
        *min = 0;
    else if (starts(p, "+"))
        *min = 1;
    else if (starts(p, "?")) {
        *min = 0;
        *max = 1;
    } else
        return starts(p, "{") && take_braces(p, min, max);
    p->at++;
    return true;
}

static const mote_regular_node *parse_term(parser *p) {
    if (starts(p, "^") || starts(p, "$")) {
        mote_regular_kind kind = p->text[p->at++] == '^' ? MOTE_REGULAR_BEGIN : MOTE_REGULAR_END;
        return node(p, kind);
    }
    const mote_regular_node *item = parse_atom(p);
    uint32_t min, max;
    if (p->status != MOTE_OK || !take_quantifier(p, &min, &max))
        return item;
    p->at += starts(p, "?"); /* reluctant: the same strings */
    mote_regular_node *n = node(p, MOTE_REGULAR_REPEAT);
    mote_regular_node *copy = n ? node(p, item->kind) : NULL; /* an item stands in one list only */
    if (!copy)
        return NULL;
    *copy = *item;
    copy->before = NULL;
    n->min = min;
    n->max = max;
    n->last = copy;
    return n;
}

static const mote_regular_node *parse_alternatives(parser *p) {
    mote_regular_node *alt = node(p, MOTE_REGULAR_ALT);
    for (bool more = alt != NULL; more && p->status == MOTE_OK;) {
        mote_regular_node *cat = node(p, MOTE_REGULAR_CAT);
        while (cat && p->status == MOTE_OK && p->at < p->len && !starts(p, "|") && !starts(p, ")")) {
            const mote_regular_node *term = parse_term(p);
            mote_regular_node *own = term ? node(p, term->kind) : NULL;
            if (!own)
                break;
            *own = *term;
            own->before = cat->last;
            cat->last = own;
        }
        if (!cat || p->status != MOTE_OK)
            return NULL;
        cat->before = alt->last;
        alt->last = cat;
        more = starts(p, "|");
        p->at += more;
    }
    return alt;
}

mote_status mote_regular_parse(mote_str pattern, mote_arena *arena, const mote_regular_node **root, mote_error *err) {
    parser p = {.text = (const uint8_t *)pattern.data, .len = pattern.len, .arena = arena, .err = err};
    if (pattern.len > MAX_PATTERN_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "an expression of %zu bytes", pattern.len);
    *root = parse_alternatives(&p);
    if (p.status == MOTE_OK && p.at < p.len)
        fail(&p, MOTE_ERR_FORMAT, "a ) without a group");
    return p.status;
}
