/* The rules are those of jinja2/lexer.py 3.1, written out by hand: outside of tags text runs up to the next "{{", "{%" or "{#"; inside, white space, numbers,
 * names, strings and operators, and the closing mark only where no bracket is open. White space control happens here: "-" strips text on its side,
 * "+" keeps it, a block or comment swallows the newline behind it and the blanks before it on its line. */
#include "text/jinja_lexer.h"

#include "base/error.h"
#include "text/jinja_unicode.h"

#include <stdio.h>

void mote_jinja_lexer_init(jinja_lexer *lx, mote_str source, mote_error *err) {
    *lx = (jinja_lexer){.source = source, .line = 1, .line_starting = true, .err = err};
}

const char *mote_jinja_lexer_describe(const jinja_token *token, char buffer[64]) {
    switch (token->kind) {
    case JINJA_T_EOF:
        return "end of template";
    case JINJA_T_DATA:
        return "text";
    case JINJA_T_PRINT_BEGIN:
        return "{{";
    case JINJA_T_PRINT_END:
        return "end of print statement }}";
    case JINJA_T_BLOCK_BEGIN:
        return "{%";
    case JINJA_T_BLOCK_END:
        return "end of statement block %}";
    case JINJA_T_OPERATOR:
        return token->op;
    default:
        snprintf(buffer, 64, "%.*s", (int)(token->text.len > 40 ? 40 : token->text.len), token->text.data);
        return buffer;
    }
}

static mote_status fail(jinja_lexer *lx, const char *what) {
    return mote_error_set(lx->err, MOTE_ERR_FORMAT, "template line %u: syntax error: %s", lx->line, what);
}

static char at(const jinja_lexer *lx, size_t pos) {
    return pos < lx->source.len ? lx->source.data[pos] : 0;
}

static bool looking_at(const jinja_lexer *lx, size_t pos, const char *text) {
    size_t n = strlen(text);
    return pos <= lx->source.len && lx->source.len - pos >= n && memcmp(lx->source.data + pos, text, n) == 0;
}

static void count_lines(jinja_lexer *lx, size_t from, size_t to) {
    for (const char *p = lx->source.data + from, *end = lx->source.data + to; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
        lx->line++;
}

static size_t skip_space(const jinja_lexer *lx, size_t pos) {
    const char *p = lx->source.data + pos, *end = lx->source.data + lx->source.len;
    while (p < end) {
        const char *q = p;
        if (!mote_jinja_unicode_is_space(jinja_decode(&q)))
            break;
        p = q;
    }
    return (size_t)(p - lx->source.data);
}

/* The end of a closing mark at pos ("%}" with a sign before it, or white space or a newline after it); 0 if there is none. */
static size_t closing(const jinja_lexer *lx, size_t pos, const char *mark, bool is_block) {
    if (at(lx, pos) == '-' && looking_at(lx, pos + 1, mark))
        return skip_space(lx, pos + 3);
    if (is_block && at(lx, pos) == '+' && looking_at(lx, pos + 1, mark))
        return pos + 3;
    if (!looking_at(lx, pos, mark))
        return 0;
    return pos + 2 + (is_block && at(lx, pos + 2) == '\n');
}

static void move_past(jinja_lexer *lx, size_t end) {
    count_lines(lx, lx->pos, end);
    lx->line_starting = end > 0 && lx->source.data[end - 1] == '\n';
    lx->pos = end;
}

/* The text before a tag, with what its sign and lstrip_blocks take away. */
static mote_str text_before(const jinja_lexer *lx, size_t end, char sign, bool is_print) {
    mote_str text = {lx->source.data + lx->pos, end - lx->pos};
    if (sign == '-')
        return mote_jinja_unicode_strip(text, false, true);
    if (sign == '+' || is_print)
        return text;
    size_t line_start = text.len;
    while (line_start > 0 && text.data[line_start - 1] != '\n')
        line_start--;
    mote_str blanks = {text.data + line_start, text.len - line_start};
    if ((line_start > 0 || lx->line_starting) && mote_jinja_unicode_strip(blanks, true, false).len == 0)
        text.len = line_start;
    return text;
}

/* Where "{% raw %}" at pos ends; 0 if it is something else. Then *sign is its sign. */
static size_t raw_begin(const jinja_lexer *lx, size_t pos, char *sign) {
    if (!looking_at(lx, pos, "{%"))
        return 0;
    size_t p = pos + 2;
    *sign = at(lx, p);
    p = skip_space(lx, p + (*sign == '-' || *sign == '+'));
    if (!looking_at(lx, p, "raw"))
        return 0;
    p = skip_space(lx, p + 3);
    if (looking_at(lx, p, "-%}"))
        return skip_space(lx, p + 3);
    return looking_at(lx, p, "%}") ? p + 2 : 0;
}

static size_t find(const jinja_lexer *lx, size_t from, const char *text) {
    if (from >= lx->source.len)
        return SIZE_MAX;
    const char *p = memmem(lx->source.data + from, lx->source.len - from, text, strlen(text));
    return p ? (size_t)(p - lx->source.data) : SIZE_MAX;
}

static mote_status skip_comment(jinja_lexer *lx) {
    size_t end = find(lx, lx->pos, "#}");
    if (lx->pos == lx->source.len)
        return MOTE_OK; /* a mark at the very end: Jinja lets it pass */
    if (end == SIZE_MAX)
        return fail(lx, "missing end of comment tag");
    char sign = end > lx->pos ? lx->source.data[end - 1] : 0;
    size_t p = end + 2;
    if (sign == '-')
        p = skip_space(lx, p);
    else if (sign != '+' && at(lx, p) == '\n')
        p++;
    move_past(lx, p);
    return MOTE_OK;
}

/* Behind "{% raw %}": the text up to "{% endraw %}". */
static mote_status raw_text(jinja_lexer *lx, mote_str *text) {
    for (size_t p = find(lx, lx->pos, "{%"); p != SIZE_MAX; p = find(lx, p + 1, "{%")) {
        char sign = at(lx, p + 2);
        size_t q = skip_space(lx, p + 2 + (sign == '-' || sign == '+'));
        if (!looking_at(lx, q, "endraw"))
            continue;
        size_t end = closing(lx, skip_space(lx, q + 6), "%}", true);
        if (end == 0)
            continue;
        *text = text_before(lx, p, sign, false);
        move_past(lx, end);
        return MOTE_OK;
    }
    if (lx->pos == lx->source.len)
        return MOTE_OK;
    return fail(lx, "missing end of raw directive");
}

static size_t next_tag(const jinja_lexer *lx) {
    for (size_t p = lx->pos; (p = find(lx, p, "{")) != SIZE_MAX; p++)
        if (at(lx, p + 1) == '%' || at(lx, p + 1) == '{' || at(lx, p + 1) == '#')
            return p;
    return SIZE_MAX;
}

/* One piece outside of tags: text, or nothing (token untouched) when a tag, comment or raw block follows at once. */
static mote_status outside(jinja_lexer *lx, jinja_token *token, bool *found) {
    *token = (jinja_token){.kind = JINJA_T_DATA, .line = lx->line};
    size_t tag = next_tag(lx);
    if (tag == SIZE_MAX) {
        token->text = (mote_str){lx->source.data + lx->pos, lx->source.len - lx->pos};
        move_past(lx, lx->source.len);
        *found = token->text.len > 0;
        return MOTE_OK;
    }
    char sign = 0;
    size_t raw_end = raw_begin(lx, tag, &sign);
    if (raw_end == 0)
        sign = at(lx, tag + 2);
    char kind = at(lx, tag + 1);
    token->text = text_before(lx, tag, sign, kind == '{');
    *found = token->text.len > 0;
    if (raw_end) {
        /* the text before is returned first; the raw block is met again with nothing before it */
        if (*found) {
            move_past(lx, tag);
            lx->line_starting = false;
            return MOTE_OK;
        }
        move_past(lx, raw_end);
        token->text.len = 0;
        MOTE_TRY(raw_text(lx, &token->text));
        *found = token->text.len > 0;
        return MOTE_OK;
    }
    move_past(lx, tag + 2 + (sign == '-' || sign == '+'));
    if (kind != '#') {
        lx->pending = kind == '{' ? JINJA_T_PRINT_BEGIN : JINJA_T_BLOCK_BEGIN;
        return MOTE_OK;
    }
    return skip_comment(lx);
}

static size_t digits(const jinja_lexer *lx, size_t pos, const char *allowed) {
    /* single underscores are allowed between digits */
    while (at(lx, pos) && (strchr(allowed, at(lx, pos)) || (at(lx, pos) == '_' && at(lx, pos + 1) && strchr(allowed, at(lx, pos + 1)))))
        pos++;
    return pos;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static size_t number_end(const jinja_lexer *lx, jinja_token_kind *kind) {
    static const char decimal[] = "0123456789";
    size_t start = lx->pos, p = digits(lx, start, decimal);
    if (start == 0 || at(lx, start - 1) != '.') {
        size_t end = 0, q = p;
        if (at(lx, q) == '.' && is_digit(at(lx, q + 1)))
            end = q = digits(lx, q + 1, decimal);
        if (at(lx, q) == 'e' || at(lx, q) == 'E') {
            size_t e = q + 1 + (at(lx, q + 1) == '+' || at(lx, q + 1) == '-');
            if (is_digit(at(lx, e)))
                end = digits(lx, e, decimal);
        }
        *kind = JINJA_T_FLOAT;
        if (end)
            return end;
    }
    *kind = JINJA_T_INTEGER;
    if (at(lx, start) != '0')
        return p;
    char mark = at(lx, start + 1) | 0x20;
    const char *set = mark == 'x' ? "0123456789abcdefABCDEF" : mark == 'o' ? "01234567" : mark == 'b' ? "01" : NULL;
    if (set) {
        size_t first = start + 2 + (at(lx, start + 2) == '_');
        if (at(lx, first) && strchr(set, at(lx, first)))
            return digits(lx, first, set);
    }
    return digits(lx, start, "0");
}

static size_t name_end(const jinja_lexer *lx) {
    const char *p = lx->source.data + lx->pos, *end = lx->source.data + lx->source.len;
    for (const char *q = p; p < end; p = q) {
        uint32_t c = jinja_decode(&q);
        if (!mote_jinja_unicode_is_name_part(c))
            break;
    }
    return (size_t)(p - lx->source.data);
}

static mote_status string_token(jinja_lexer *lx, jinja_token *token) {
    char quote = at(lx, lx->pos);
    for (size_t p = lx->pos + 1; p < lx->source.len; p++) {
        if (lx->source.data[p] == '\\')
            p++;
        else if (lx->source.data[p] == quote) {
            token->kind = JINJA_T_STRING;
            token->text = (mote_str){lx->source.data + lx->pos + 1, p - lx->pos - 1};
            move_past(lx, p + 1);
            return MOTE_OK;
        }
    }
    return fail(lx, "a string is not closed");
}

static mote_status operator_token(jinja_lexer *lx, jinja_token *token) {
    static const char *const pairs[] = {"**", "//", "==", "!=", ">=", "<="};
    token->kind = JINJA_T_OPERATOR;
    size_t n = 1;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (looking_at(lx, lx->pos, pairs[i]))
            n = 2;
    char c = at(lx, lx->pos);
    if (c == 0 || !strchr(n == 2 ? "*/=!><" : "+-/*%~[](){}><=.:|,;", c)) {
        char what[48];
        const char *p = lx->source.data + lx->pos;
        const char *q = p;
        jinja_decode(&q);
        snprintf(what, sizeof what, "unexpected character '%.*s'", (int)(q - p), p);
        return fail(lx, what);
    }
    memcpy(token->op, lx->source.data + lx->pos, n);
    token->op[n] = 0;
    if (c == '(' || c == '[' || c == '{') {
        if (lx->n_open == JINJA_MAX_NESTING)
            return mote_error_set(lx->err, MOTE_ERR_LIMIT, "template line %u: brackets nest deeper than the limit of %d", lx->line, JINJA_MAX_NESTING);
        lx->open[lx->n_open++] = c == '(' ? ')' : c == '[' ? ']' : '}';
    } else if (c == ')' || c == ']' || c == '}') {
        if (lx->n_open == 0 || lx->open[lx->n_open - 1] != c) {
            char what[64];
            if (lx->n_open)
                snprintf(what, sizeof what, "unexpected '%c', expected '%c'", c, lx->open[lx->n_open - 1]);
            else
                snprintf(what, sizeof what, "unexpected '%c'", c);
            return fail(lx, what);
        }
        lx->n_open--;
    }
    move_past(lx, lx->pos + n);
    return MOTE_OK;
}

static mote_status inside(jinja_lexer *lx, jinja_token *token) {
    bool is_block = lx->inside == JINJA_T_BLOCK_BEGIN;
    for (bool again = true; again;) {
        size_t end = lx->n_open ? 0 : closing(lx, lx->pos, is_block ? "%}" : "}}", is_block);
        *token = (jinja_token){.line = lx->line};
        if (end) {
            token->kind = is_block ? JINJA_T_BLOCK_END : JINJA_T_PRINT_END;
            lx->inside = JINJA_T_EOF;
            move_past(lx, end);
            return MOTE_OK;
        }
        size_t past = skip_space(lx, lx->pos);
        again = past > lx->pos;
        move_past(lx, past);
    }
    if (lx->pos >= lx->source.len) {
        token->kind = JINJA_T_EOF;
        return MOTE_OK;
    }
    char c = at(lx, lx->pos);
    if (c == '"' || c == '\'')
        return string_token(lx, token);
    size_t end = lx->pos;
    token->kind = JINJA_T_NAME;
    const char *p = lx->source.data + lx->pos;
    if (is_digit(c))
        end = number_end(lx, &token->kind);
    else if (mote_jinja_unicode_is_name_start(jinja_decode(&p)))
        end = name_end(lx);
    if (end == lx->pos)
        return operator_token(lx, token);
    token->text = (mote_str){lx->source.data + lx->pos, end - lx->pos};
    move_past(lx, end);
    return MOTE_OK;
}

mote_status mote_jinja_lexer_next(jinja_lexer *lx, jinja_token *token) {
    if (lx->pending != JINJA_T_EOF) {
        *token = (jinja_token){.kind = lx->pending, .line = lx->line};
        lx->inside = lx->pending;
        lx->pending = JINJA_T_EOF;
        return MOTE_OK;
    }
    if (lx->inside != JINJA_T_EOF)
        return inside(lx, token);
    for (bool found = false; !found && lx->pending == JINJA_T_EOF;) {
        if (lx->pos >= lx->source.len) {
            *token = (jinja_token){.kind = JINJA_T_EOF, .line = lx->line};
            return MOTE_OK;
        }
        MOTE_TRY(outside(lx, token, &found));
        if (found)
            return MOTE_OK;
    }
    return mote_jinja_lexer_next(lx, token);
}
