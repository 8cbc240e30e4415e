/* GBNF to code. One pass, no recursion: open groups are on a stack. An item is code from where it begins to the end, so that a repetition behind it can put a split before it or
 * copy it; alternatives are chained through their jumps until the group's end is known. */
#include "base/error.h"
#include "base/mem.h"
#include "text/grammar_code.h"
#include "text/unicode.h"

#include <stdarg.h>
#include <stdio.h>

#define NONE UINT32_MAX

/* A group, or a rule's whole body. */
typedef struct group {
    size_t at;            /* in the text */
    uint32_t begin;       /* of the group */
    uint32_t alternative; /* of the one that is being read */
    uint32_t jumps;       /* the last finished alternative's jump, whose `a` is the one before */
    uint32_t item;        /* the last; NONE: a repetition would have nothing to repeat */
} group;

typedef struct parser {
    mote_grammar_code *code;
    mote_str text;
    size_t at;
    mote_error *err;
    group groups[MOTE_GRAMMAR_MAX_DEPTH + 1];
    size_t depth; /* of groups[depth], the innermost */
    mote_grammar_range ranges[MOTE_GRAMMAR_MAX_RANGES];
} parser;

mote_status mote_grammar_error(mote_str text, size_t at, mote_status status, mote_error *err, const char *fmt, ...) {
    char what[300];
    size_t line = 1, column = 1;
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    for (size_t i = 0; i < at && i < text.len; i++) {
        column = text.data[i] == '\n' ? 1 : column + (((unsigned char)text.data[i] & 0xc0) != 0x80);
        line += text.data[i] == '\n';
    }
    return mote_error_set(err, status, "line %zu, column %zu: %s", line, column, what);
}

#define FAIL(p, where, ...) mote_grammar_error((p)->text, where, MOTE_ERR_FORMAT, (p)->err, __VA_ARGS__)

void mote_grammar_code_deinit(mote_grammar_code *c) {
    mote_mem_free(c->ops);
    mote_mem_free(c->rules);
    mote_mem_free(c->names);
    mote_mem_free(c->distance);
    *c = (mote_grammar_code){0};
}

mote_status mote_grammar_code_emit(mote_grammar_code *c, mote_grammar_op op, mote_error *err) {
    if (c->n_ops == MOTE_GRAMMAR_MAX_OPS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the grammar is too large: more than %d steps, repetitions written out (the limit)", MOTE_GRAMMAR_MAX_OPS);
    if (c->n_ops == c->ops_capacity) {
        size_t n = c->ops_capacity ? 2 * c->ops_capacity : 256;
        mote_grammar_op *ops = mote_mem_resize_array(c->ops, n, sizeof *ops);
        if (!ops)
            return mote_error_alloc(err, n * sizeof *ops);
        c->ops = ops;
        c->ops_capacity = n;
    }
    c->ops[c->n_ops++] = op;
    return MOTE_OK;
}

/* Puts an operation before the code from `at` on. */
static mote_status insert(parser *p, uint32_t at, mote_grammar_op op) {
    mote_grammar_code *c = p->code;
    MOTE_TRY(mote_grammar_code_emit(c, op, p->err));
    memmove(c->ops + at + 1, c->ops + at, (c->n_ops - 1 - at) * sizeof *c->ops);
    c->ops[at] = op;
    return MOTE_OK;
}

static mote_status emit(parser *p, mote_grammar_kind kind, int32_t a, int32_t b) {
    return mote_grammar_code_emit(p->code, (mote_grammar_op){(uint8_t)kind, 0, 0, a, b}, p->err);
}

static int peek(const parser *p) {
    return p->at < p->text.len ? (unsigned char)p->text.data[p->at] : -1;
}

static bool is_name(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void skip_space(parser *p, bool newlines) {
    for (int c; (c = peek(p)) == ' ' || c == '\t' || c == '#' || (newlines && (c == '\r' || c == '\n'));) {
        if (c != '#')
            p->at++;
        else
            while (peek(p) >= 0 && peek(p) != '\r' && peek(p) != '\n')
                p->at++;
    }
}

static mote_str read_name(parser *p) {
    size_t from = p->at;
    while (is_name(peek(p)))
        p->at++;
    return (mote_str){p->text.data + from, p->at - from};
}

static mote_status grow_names(parser *p) {
    mote_grammar_code *c = p->code;
    if (2 * c->n_rules < c->n_names)
        return MOTE_OK;
    size_t n = c->n_names ? 2 * c->n_names : 64;
    uint32_t *names = mote_mem_zalloc_array(n, sizeof *names);
    if (!names)
        return mote_error_alloc(p->err, n * sizeof *names);
    mote_mem_free(c->names);
    c->names = names;
    c->n_names = n;
    c->n_rules = 0; /* they are put in again below */
    return MOTE_OK;
}

static size_t slot_of(const mote_grammar_code *c, mote_str name) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.data[i]) * 0x100000001b3u;
    size_t at = (size_t)(hash ^ hash >> 32) & (c->n_names - 1);
    while (c->names[at] && !mote_str_equal(c->rules[c->names[at] - 1].name, name))
        at = (at + 1) & (c->n_names - 1);
    return at;
}

/* The rule of a name, new where it is not known. */
static mote_status find_rule(parser *p, mote_str name, size_t at, uint32_t *rule) {
    mote_grammar_code *c = p->code;
    size_t n_rules = c->n_rules;
    MOTE_TRY(grow_names(p));
    while (c->n_rules < n_rules) {
        size_t slot = slot_of(c, c->rules[c->n_rules].name);
        c->names[slot] = (uint32_t)++c->n_rules;
    }
    size_t slot = slot_of(c, name);
    if (c->names[slot]) {
        *rule = c->names[slot] - 1;
        return MOTE_OK;
    }
    if (c->n_rules == MOTE_GRAMMAR_MAX_RULES)
        return mote_grammar_error(p->text, at, MOTE_ERR_LIMIT, p->err, "too many rules: the limit is %d", MOTE_GRAMMAR_MAX_RULES);
    if (c->n_rules == c->rules_capacity) {
        size_t n = c->rules_capacity ? 2 * c->rules_capacity : 64;
        mote_grammar_rule *rules = mote_mem_resize_array(c->rules, n, sizeof *rules);
        if (!rules)
            return mote_error_alloc(p->err, n * sizeof *rules);
        c->rules = rules;
        c->rules_capacity = n;
    }
    c->rules[c->n_rules] = (mote_grammar_rule){.name = name, .at = at};
    *rule = (uint32_t)c->n_rules++;
    c->names[slot] = *rule + 1;
    return MOTE_OK;
}

/* n hexadecimal digits. */
static mote_status read_hex(parser *p, size_t from, int n, uint32_t *x) {
    *x = 0;
    for (int i = 0; i < n; i++) {
        int c = peek(p), digit = c < 0 ? -1 : mote_unicode_hex_digit((uint8_t)c);
        if (digit < 0)
            return FAIL(p, from, "invalid escape: expected %d hexadecimal digits", n);
        *x = *x << 4 | (uint32_t)digit;
        p->at++;
    }
    if (*x > 0x10ffff)
        return FAIL(p, from, "invalid escape: %X is above the last code point, 10FFFF", *x);
    if (*x >= 0xd800 && *x <= 0xdfff)
        return FAIL(p, from, "invalid escape: %X is a surrogate, not a code point", *x);
    return MOTE_OK;
}

static mote_status read_escape(parser *p, uint32_t *c) {
    static const char LETTERS[] = "trn\\\"[]", MEANT[] = "\t\r\n\\\"[]";
    size_t from = p->at++;
    int letter = peek(p);
    if (letter < 0)
        return FAIL(p, from, "unexpected end behind '\\'");
    p->at++;
    if (letter == 'x' || letter == 'u' || letter == 'U')
        return read_hex(p, from, letter == 'x' ? 2 : letter == 'u' ? 4 : 8, c);
    const char *found = memchr(LETTERS, letter, sizeof LETTERS - 1);
    if (!found)
        return FAIL(p, from, "unknown escape '\\%c'", letter);
    *c = (unsigned char)MEANT[found - LETTERS];
    return MOTE_OK;
}

/* A character of a literal or a class. */
static mote_status read_character(parser *p, const char *where, uint32_t *c) {
    int first = peek(p);
    if (first < 0 || first == '\n' || first == '\r')
        return FAIL(p, p->at, "unexpected %s in a %s: it is unterminated", first < 0 ? "end" : "newline", where);
    if (first == '\\')
        return read_escape(p, c);
    size_t n = mote_unicode_decode((const uint8_t *)p->text.data + p->at, p->text.len - p->at, c);
    if (*c == MOTE_UNICODE_BAD)
        return FAIL(p, p->at, "invalid UTF-8");
    p->at += n;
    return MOTE_OK;
}

static mote_status read_literal(parser *p) {
    p->at++;
    while (peek(p) != '"') {
        uint32_t c;
        uint8_t bytes[4];
        MOTE_TRY(read_character(p, "literal", &c));
        size_t n = mote_unicode_encode(c, bytes);
        for (size_t i = 0; i < n; i++)
            MOTE_TRY(mote_grammar_code_emit(p->code, (mote_grammar_op){MOTE_GRAMMAR_RANGE, bytes[i], bytes[i], 0, 0}, p->err));
    }
    p->at++;
    return MOTE_OK;
}

static mote_status read_class(parser *p) {
    size_t from = p->at++, n = 0, before = p->code->n_ops;
    bool negated = peek(p) == '^';
    p->at += negated;
    while (peek(p) != ']') {
        mote_grammar_range r;
        size_t at = p->at;
        if (n == MOTE_GRAMMAR_MAX_RANGES)
            return mote_grammar_error(p->text, at, MOTE_ERR_LIMIT, p->err, "too many characters in a class: the limit is %d", MOTE_GRAMMAR_MAX_RANGES);
        MOTE_TRY(read_character(p, "class", &r.lo));
        r.hi = r.lo;
        if (peek(p) == '-' && p->at + 1 < p->text.len && p->text.data[p->at + 1] != ']') {
            p->at++;
            MOTE_TRY(read_character(p, "class", &r.hi));
        }
        if (r.hi < r.lo)
            return FAIL(p, at, "the range is reversed");
        p->ranges[n++] = r;
    }
    p->at++;
    if (n > 0)
        MOTE_TRY(mote_grammar_classes_emit(p->code, p->ranges, n, negated, p->err));
    return p->code->n_ops > before ? MOTE_OK : FAIL(p, from, "the class is empty");
}

static mote_status read_number(parser *p, uint32_t *x) {
    size_t from = p->at;
    if (peek(p) < '0' || peek(p) > '9')
        return FAIL(p, p->at, "expected a number in a repetition");
    for (*x = 0; peek(p) >= '0' && peek(p) <= '9'; p->at++) {
        *x = *x * 10 + (uint32_t)(peek(p) - '0');
        if (*x > MOTE_GRAMMAR_MAX_REPEATS)
            return mote_grammar_error(p->text, from, MOTE_ERR_LIMIT, p->err, "a repetition count is too large: the limit is %d", MOTE_GRAMMAR_MAX_REPEATS);
    }
    skip_space(p, false);
    return MOTE_OK;
}

/* Writes the item `from` [n], which lies in the code, once more. */
static mote_status copy_item(parser *p, uint32_t from, uint32_t n) {
    for (uint32_t i = 0; i < n; i++)
        MOTE_TRY(mote_grammar_code_emit(p->code, p->code->ops[from + i], p->err));
    return MOTE_OK;
}

/* The last item becomes least to most of it; most NONE: any number. */
static mote_status repeat(parser *p, uint32_t least, uint32_t most) {
    mote_grammar_code *c = p->code;
    uint32_t begin = p->groups[p->depth].item, n = (uint32_t)c->n_ops - begin;
    if (most == 0 || n == 0) {
        c->n_ops = begin;
        return MOTE_OK;
    }
    if (most == NONE && least == 0) {
        MOTE_TRY(insert(p, begin, (mote_grammar_op){MOTE_GRAMMAR_SPLIT, 0, 0, 1, (int32_t)n + 2}));
        return emit(p, MOTE_GRAMMAR_JUMP, -(int32_t)(n + 1), 0);
    }
    if ((uint64_t)(most == NONE ? least : most) * (n + 1) > MOTE_GRAMMAR_MAX_OPS)
        return mote_grammar_error(p->text, p->at, MOTE_ERR_LIMIT, p->err, "the grammar is too large: this repetition alone has more than %d steps (the limit)",
                                  MOTE_GRAMMAR_MAX_OPS);
    for (uint32_t i = 1; i < least; i++)
        MOTE_TRY(copy_item(p, begin, n));
    if (most == NONE)
        return emit(p, MOTE_GRAMMAR_SPLIT, -(int32_t)n, 1);
    int32_t rest = (int32_t)((most - least) * (n + 1));
    for (uint32_t i = least; i < most; i++, rest -= (int32_t)n + 1) {
        mote_grammar_op split = {MOTE_GRAMMAR_SPLIT, 0, 0, 1, rest};
        if (i == 0) {
            MOTE_TRY(insert(p, begin, split));
        } else {
            MOTE_TRY(mote_grammar_code_emit(c, split, p->err));
            MOTE_TRY(copy_item(p, least ? begin : begin + 1, n));
        }
    }
    return MOTE_OK;
}

static mote_status read_repetition(parser *p) {
    size_t from = p->at;
    int c = peek(p);
    uint32_t least = c == '+', most = c == '?' ? 1 : NONE;
    if (p->groups[p->depth].item == NONE)
        return FAIL(p, from, "unexpected '%c': nothing to repeat before it", c);
    p->at++;
    if (c == '{') {
        skip_space(p, false);
        MOTE_TRY(read_number(p, &least));
        most = least;
        if (peek(p) == ',') {
            p->at++;
            skip_space(p, false);
            most = NONE;
            if (peek(p) != '}')
                MOTE_TRY(read_number(p, &most));
        }
        if (peek(p) != '}')
            return FAIL(p, p->at, "expected '}' behind a repetition");
        p->at++;
        if (most < least)
            return FAIL(p, from, "the repetition's max, %u, is below its min, %u", most, least);
    }
    return repeat(p, least, most);
}

static mote_status next_alternative(parser *p) {
    group *g = &p->groups[p->depth];
    uint32_t n = (uint32_t)p->code->n_ops - g->alternative;
    MOTE_TRY(insert(p, g->alternative, (mote_grammar_op){MOTE_GRAMMAR_SPLIT, 0, 0, 1, (int32_t)n + 2}));
    MOTE_TRY(emit(p, MOTE_GRAMMAR_JUMP, (int32_t)g->jumps, 0));
    g->jumps = (uint32_t)p->code->n_ops - 1;
    g->alternative = (uint32_t)p->code->n_ops;
    g->item = NONE;
    p->at++;
    return MOTE_OK;
}

static void end_alternatives(parser *p) {
    const group *g = &p->groups[p->depth];
    for (uint32_t jump = g->jumps, before; jump != NONE; jump = before) {
        before = (uint32_t)p->code->ops[jump].a;
        p->code->ops[jump].a = (int32_t)(p->code->n_ops - jump);
    }
}

static mote_status open_group(parser *p) {
    if (p->depth == MOTE_GRAMMAR_MAX_DEPTH)
        return mote_grammar_error(p->text, p->at, MOTE_ERR_LIMIT, p->err, "groups are nested too deep: the limit is a depth of %d", MOTE_GRAMMAR_MAX_DEPTH);
    uint32_t begin = (uint32_t)p->code->n_ops;
    p->groups[++p->depth] = (group){p->at++, begin, begin, NONE, NONE};
    return MOTE_OK;
}

static mote_status read_call(parser *p) {
    size_t at = p->at;
    uint32_t rule;
    mote_str name = read_name(p);
    MOTE_TRY(find_rule(p, name, at, &rule));
    return emit(p, MOTE_GRAMMAR_CALL, (int32_t)rule, 0);
}

/* What stands alone, a repetition may follow. */
static mote_status read_item(parser *p) {
    int c = peek(p);
    p->groups[p->depth].item = (uint32_t)p->code->n_ops;
    if (c == '"')
        return read_literal(p);
    if (c == '[')
        return read_class(p);
    if (c == '.') {
        p->at++;
        return mote_grammar_classes_emit(p->code, p->ranges, 0, true, p->err);
    }
    if (is_name(c))
        return read_call(p);
    if (c == '<' || c == '!')
        return mote_grammar_error(p->text, p->at, MOTE_ERR_UNSUPPORTED, p->err, "tokens ('%c') in a grammar are not supported", c);
    return c < 0x20 || c > 0x7e ? FAIL(p, p->at, "unexpected byte 0x%02x", (unsigned)c) : FAIL(p, p->at, "unexpected '%c'", c);
}

/* Alternatives, up to the end of the line outside of groups. */
static mote_status read_body(parser *p) {
    p->depth = 0;
    p->groups[0] = (group){p->at, (uint32_t)p->code->n_ops, (uint32_t)p->code->n_ops, NONE, NONE};
    for (;; skip_space(p, p->depth > 0)) {
        int c = peek(p);
        if (p->depth == 0 && (c < 0 || c == '\n' || c == '\r'))
            break;
        if (c < 0)
            return FAIL(p, p->groups[p->depth].at, "unexpected end: this group is not closed, expected ')'");
        if (c == '(') {
            MOTE_TRY(open_group(p));
            continue;
        }
        if (c == ')' && p->depth > 0) {
            end_alternatives(p);
            uint32_t begin = p->groups[p->depth--].begin;
            p->groups[p->depth].item = begin;
            p->at++;
        } else if (c == '|') {
            MOTE_TRY(next_alternative(p));
            skip_space(p, true);
        } else if (c == '*' || c == '+' || c == '?' || c == '{') {
            MOTE_TRY(read_repetition(p));
        } else {
            MOTE_TRY(read_item(p));
        }
    }
    end_alternatives(p);
    return emit(p, MOTE_GRAMMAR_END, 0, 0);
}

static mote_status read_rule(parser *p) {
    size_t at = p->at;
    uint32_t rule;
    mote_str name = read_name(p);
    if (name.len == 0)
        return FAIL(p, at, "expected a rule's name");
    skip_space(p, false);
    if (p->text.len - p->at < 3 || memcmp(p->text.data + p->at, "::=", 3) != 0)
        return FAIL(p, p->at, "expected '::=' behind '%.*s'", MOTE_STR_ARGS(name));
    p->at += 3;
    MOTE_TRY(find_rule(p, name, at, &rule));
    if (p->code->rules[rule].is_defined)
        return FAIL(p, at, "rule '%.*s' is defined twice", MOTE_STR_ARGS(name));
    p->code->rules[rule].is_defined = true;
    p->code->rules[rule].at = at;
    p->code->rules[rule].begin = (uint32_t)p->code->n_ops;
    skip_space(p, true);
    MOTE_TRY(read_body(p));
    p->code->rules[rule].n_ops = (uint32_t)p->code->n_ops - p->code->rules[rule].begin;
    return MOTE_OK;
}

static mote_status read_all(parser *p) {
    mote_grammar_code *c = p->code;
    for (skip_space(p, true); p->at < p->text.len; skip_space(p, true))
        MOTE_TRY(read_rule(p));
    for (size_t i = 0; i < c->n_rules; i++)
        if (!c->rules[i].is_defined)
            return FAIL(p, c->rules[i].at, "undefined rule '%.*s'", MOTE_STR_ARGS(c->rules[i].name));
    size_t slot = c->n_rules ? slot_of(c, MOTE_STR("root")) : 0;
    if (c->n_rules == 0 || !c->names[slot])
        return mote_error_set(p->err, MOTE_ERR_FORMAT, "%s, expected one called 'root'", c->n_rules ? "no such rule" : "empty: no rules");
    c->root = c->names[slot] - 1;
    return MOTE_OK;
}

mote_status mote_grammar_parse(mote_str text, mote_grammar_code *c, mote_error *err) {
    *c = (mote_grammar_code){.text = text};
    if (text.len > MOTE_GRAMMAR_MAX_BYTES)
        return mote_error_set(err, MOTE_ERR_LIMIT, "the grammar is too large: %zu bytes, the limit is %d", text.len, MOTE_GRAMMAR_MAX_BYTES);
    parser *p = mote_mem_zalloc_array(1, sizeof *p);
    if (!p)
        return mote_error_alloc(err, sizeof *p);
    p->code = c;
    p->text = text;
    p->err = err;
    mote_status status = read_all(p);
    mote_mem_free(p);
    return status;
}
