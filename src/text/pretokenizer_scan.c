/* The scanners. Each follows its regular expression alternative by alternative, first match wins, as the expression's engine would. */
#include "text/pretokenizer.h"
#include "text/unicode.h"

#include <string.h>

#define NO_CHARACTER UINT32_MAX
#define LETTER_OR_NUMBER (MOTE_UNICODE_L | MOTE_UNICODE_N)

typedef struct span {
    const uint8_t *text;
    size_t end;
} span;

/* The character at `at`, its class and where the next one starts; past the end: NO_CHARACTER, no class. */
static uint32_t look(const span *s, size_t at, uint32_t *class, size_t *next) {
    uint32_t c;
    if (at >= s->end) {
        *class = 0;
        *next = at;
        return NO_CHARACTER;
    }
    *next = at + mote_unicode_decode(s->text + at, s->end - at, &c);
    *class = mote_unicode_class(c);
    return c;
}

static size_t skip(const span *s, size_t at, uint32_t classes) {
    uint32_t class;
    size_t next;
    while (look(s, at, &class, &next) != NO_CHARACTER && class & classes)
        at = next;
    return at;
}

static size_t skip_not(const span *s, size_t at, uint32_t classes) {
    uint32_t class;
    size_t next;
    while (look(s, at, &class, &next) != NO_CHARACTER && !(class & classes))
        at = next;
    return at;
}

static size_t skip_number(const span *s, size_t at, unsigned n_max) {
    uint32_t class;
    size_t next;
    for (unsigned n = 0; (n_max == 0 || n < n_max) && look(s, at, &class, &next) != NO_CHARACTER && class & MOTE_UNICODE_N; n++)
        at = next;
    return at;
}

static bool is_line_end(const span *s, size_t at) {
    return at < s->end && (s->text[at] == '\r' || s->text[at] == '\n');
}

/* Bytes of 's 't 'm 'd 're 've 'll at `at`, 0 if there is none. */
static size_t contraction(const span *s, size_t at, bool any_case) {
    if (at + 1 >= s->end || s->text[at] != '\'')
        return 0;
    uint8_t fold = any_case ? 0x20 : 0;
    uint8_t a = s->text[at + 1] | fold, b = at + 2 < s->end ? s->text[at + 2] | fold : 0;
    if (a == 's' || a == 't' || a == 'm' || a == 'd')
        return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/* White space from `at` on: \s*[\r\n]+ where `lines` asks for it, then \s+(?!\S), then \s+. At least one character is white space. */
static size_t space(const span *s, size_t at, bool lines) {
    size_t last = at, stop = at, after_line = 0;
    uint32_t class;
    size_t next;
    uint32_t c;
    while ((c = look(s, stop, &class, &next)) != NO_CHARACTER && class & MOTE_UNICODE_SPACE) {
        if (c == '\r' || c == '\n')
            after_line = next;
        last = stop;
        stop = next;
    }
    if (lines && after_line)
        return after_line;
    return stop < s->end && last > at ? last : stop;
}

static size_t scan_gpt2(const span *s, size_t at) {
    size_t n = contraction(s, at, false), next;
    if (n)
        return at + n;
    uint32_t class, c = look(s, at, &class, &next);
    size_t body = at;
    if (c == ' ') {
        uint32_t behind;
        if (look(s, next, &behind, &body) != NO_CHARACTER && !(behind & MOTE_UNICODE_SPACE))
            class = behind;
        body = next;
    }
    if (class & MOTE_UNICODE_SPACE)
        return space(s, at, false);
    if (class & MOTE_UNICODE_L)
        return skip(s, body, MOTE_UNICODE_L);
    if (class & MOTE_UNICODE_N)
        return skip(s, body, MOTE_UNICODE_N);
    return skip_not(s, body, MOTE_UNICODE_SPACE | LETTER_OR_NUMBER);
}

/* ` ?[^\s\p{L}\p{N}]+[\r\n]*` and what follows it in every pattern of the younger families. */
static size_t punctuation_or_space(const mote_split *m, const span *s, size_t at, uint32_t word) {
    size_t next, body = at;
    uint32_t class, c = look(s, at, &class, &next);
    if (c == ' ') {
        uint32_t behind;
        size_t after;
        if (look(s, next, &behind, &after) != NO_CHARACTER) {
            class = behind;
            body = next;
        }
    }
    if (!(class & (MOTE_UNICODE_SPACE | word | MOTE_UNICODE_N))) {
        size_t to = skip_not(s, body, MOTE_UNICODE_SPACE | word | MOTE_UNICODE_N);
        if (m->flags & MOTE_SPLIT_NO_TAIL)
            return to;
        while (is_line_end(s, to) || (m->flags & MOTE_SPLIT_SLASH_TAIL && to < s->end && s->text[to] == '/'))
            to++;
        return to;
    }
    return space(s, at, true);
}

static size_t scan_words(const mote_split *m, const span *s, size_t at) {
    size_t n = m->flags & MOTE_SPLIT_CONTRACTIONS ? contraction(s, at, true) : 0, next, after;
    if (n)
        return at + n;
    uint32_t word = MOTE_UNICODE_L | (m->flags & MOTE_SPLIT_MARKS ? MOTE_UNICODE_M : 0), class, behind;
    look(s, at, &class, &next);
    if (class & word)
        return skip(s, next, word);
    if (!(class & MOTE_UNICODE_N) && !is_line_end(s, at) && look(s, next, &behind, &after) != NO_CHARACTER && behind & word)
        return skip(s, after, word);
    if (class & MOTE_UNICODE_N)
        return skip_number(s, at, m->n_digits);
    return punctuation_or_space(m, s, at, word);
}

#define UPPER (MOTE_UNICODE_LU | MOTE_UNICODE_LT)
#define BOTH (MOTE_UNICODE_LM | MOTE_UNICODE_LO | MOTE_UNICODE_M)

/* A word of U*W+ (U: upper case or without case, W: lower case or without case) from `at`; 0: none. *upper: the end of U+ alone (`at` if none), which is what
 * the second alternative U+W* comes to when the first fails. A run of U that no lower case follows gives characters back up to its last one without case. */
static size_t cased_word(const span *s, size_t at, size_t *upper) {
    uint32_t class;
    size_t next, i = at, both_end = 0;
    while (look(s, i, &class, &next) != NO_CHARACTER && class & (UPPER | BOTH)) {
        if (class & BOTH)
            both_end = next;
        i = next;
    }
    *upper = i;
    if (class & MOTE_UNICODE_LL)
        return skip(s, i, MOTE_UNICODE_LL | BOTH);
    return both_end;
}

static size_t scan_cased(const mote_split *m, const span *s, size_t at) {
    uint32_t class;
    size_t next, upper_behind = 0, upper_here = at, to = 0;
    look(s, at, &class, &next);
    bool lead = !(class & LETTER_OR_NUMBER) && !is_line_end(s, at);
    if (lead)
        to = cased_word(s, next, &upper_behind);
    if (!to)
        to = cased_word(s, at, &upper_here);
    if (!to && lead && upper_behind > next)
        to = upper_behind;
    if (!to && upper_here > at)
        to = upper_here;
    if (to)
        return to + (m->flags & MOTE_SPLIT_CONTRACTIONS ? contraction(s, to, true) : 0);
    if (class & MOTE_UNICODE_N)
        return skip_number(s, at, m->n_digits);
    return punctuation_or_space(m, s, at, MOTE_UNICODE_L);
}

static bool is_ascii_letter(const span *s, size_t at) {
    return at < s->end && (uint8_t)((s->text[at] | 0x20) - 'a') < 26;
}

/* [!-/:-~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ ; what none of them takes stays together. */
static size_t scan_deepseek(const span *s, size_t at) {
    const uint32_t word = MOTE_UNICODE_L | MOTE_UNICODE_M, mark = MOTE_UNICODE_P | MOTE_UNICODE_S;
    size_t start = at, next, after;
    for (;; at = next) {
        uint32_t class, behind, c = look(s, at, &class, &next);
        size_t to = 0;
        if (c == NO_CHARACTER)
            return at;
        bool has_behind = look(s, next, &behind, &after) != NO_CHARACTER;
        if (c < 0x80 && class & mark && is_ascii_letter(s, next)) {
            for (to = next; is_ascii_letter(s, to);)
                to++;
        } else if (!(class & (MOTE_UNICODE_L | mark)) && !is_line_end(s, at) && has_behind && behind & word) {
            to = skip(s, after, word);
        } else if (class & word) {
            to = skip(s, next, word);
        } else if (class & mark || (c == ' ' && behind & mark)) {
            for (to = skip(s, next, mark); is_line_end(s, to);)
                to++;
        } else if (class & MOTE_UNICODE_SPACE) {
            to = space(s, at, true);
        }
        if (to)
            return at > start ? at : to;
    }
}

static bool in_run(const mote_split *m, uint32_t c, uint32_t class) {
    if (m->kind == MOTE_SPLIT_NUMBERS)
        return class & MOTE_UNICODE_N;
    if (m->kind == MOTE_SPLIT_LINE_ENDS)
        return c == '\r' || c == '\n';
    if (m->kind == MOTE_SPLIT_PUNCTUATION)
        return class & MOTE_UNICODE_P || (c < 0x80 && class & MOTE_UNICODE_S);
    if (m->kind == MOTE_SPLIT_CJK)
        return (c >= 0x4e00 && c <= 0x9fa5) || (m->flags & MOTE_SPLIT_WIDE ? (c >= 0x800 && c <= 0x4e00) || (c >= 0xac00 && c <= 0xd7ff) : c >= 0x3040 && c <= 0x30ff);
    return class & m->classes || (c < 0x80 && c && m->ascii && strchr(m->ascii, (int)c));
}

/* Runs of one kind on their own; what lies between them is a piece too. */
static size_t scan_runs(const mote_split *m, const span *s, size_t at) {
    uint32_t class, behind;
    size_t next, after;
    bool single = m->kind == MOTE_SPLIT_LINE_ENDS || m->kind == MOTE_SPLIT_PUNCTUATION;
    unsigned n_max = single ? 1 : m->kind == MOTE_SPLIT_NUMBERS ? m->n_digits : 0;
    size_t i = at;
    for (uint32_t c; (c = look(s, i, &class, &next)) != NO_CHARACTER; i = next) {
        size_t body = i;
        if (m->flags & MOTE_SPLIT_LEAD && class & MOTE_UNICODE_SPACE) {
            uint32_t d = look(s, next, &behind, &after);
            if (d != NO_CHARACTER && in_run(m, d, behind))
                body = next;
        }
        if (body == i && !in_run(m, c, class))
            continue;
        if (i > at)
            return i;
        size_t to = body;
        for (unsigned n = 0; (n_max == 0 || n < n_max) && (c = look(s, to, &class, &next)) != NO_CHARACTER && in_run(m, c, class); n++)
            to = next;
        return to;
    }
    return i;
}

static bool three_digits(const span *s, size_t at) {
    for (size_t i = at; i < at + 3; i++)
        if (i >= s->end || (uint8_t)(s->text[i] - '0') > 9)
            return false;
    return true;
}

static size_t scan_triples(const span *s, size_t at) {
    if (three_digits(s, at))
        return at + 3;
    while (at < s->end && !three_digits(s, at))
        at++;
    return at;
}

static bool is_word(uint32_t c, uint32_t class) {
    return class & (MOTE_UNICODE_L | MOTE_UNICODE_M | MOTE_UNICODE_ND | MOTE_UNICODE_NL | MOTE_UNICODE_PC) || c == 0x200c || c == 0x200d;
}

/* The splitters that drop white space. */
static size_t scan_spaced(const mote_split *m, const span *s, size_t at, bool *keep) {
    uint32_t class;
    size_t next;
    uint32_t c = look(s, at, &class, &next);
    if (class & MOTE_UNICODE_SPACE) {
        *keep = false;
        return skip(s, at, MOTE_UNICODE_SPACE);
    }
    if (m->kind == MOTE_SPLIT_SPACE)
        return skip_not(s, at, MOTE_UNICODE_SPACE);
    bool bert = m->kind == MOTE_SPLIT_BERT, word = is_word(c, class);
    if (bert && (class & MOTE_UNICODE_P || (c < 0x80 && class & MOTE_UNICODE_S)))
        return next;
    for (at = next; (c = look(s, at, &class, &next)) != NO_CHARACTER && !(class & MOTE_UNICODE_SPACE); at = next)
        if (bert ? class & MOTE_UNICODE_P || (c < 0x80 && class & MOTE_UNICODE_S) : is_word(c, class) != word)
            break;
    return at;
}

static size_t scan_metaspace(const span *s, size_t at) {
    const uint8_t *m = at + 1 < s->end ? memmem(s->text + at + 1, s->end - at - 1, "\xe2\x96\x81", 3) : NULL;
    return m ? (size_t)(m - s->text) : s->end;
}

size_t mote_pretokenizer_scan(const mote_split *m, const uint8_t *text, size_t at, size_t end, bool *keep) {
    span s = {text, end};
    *keep = true;
    switch (m->kind) {
    case MOTE_SPLIT_GPT2:
        return scan_gpt2(&s, at);
    case MOTE_SPLIT_WORDS:
        return scan_words(m, &s, at);
    case MOTE_SPLIT_CASED:
        return scan_cased(m, &s, at);
    case MOTE_SPLIT_DEEPSEEK:
        return scan_deepseek(&s, at);
    case MOTE_SPLIT_TRIPLES:
        return scan_triples(&s, at);
    case MOTE_SPLIT_SPACE:
    case MOTE_SPLIT_WORD_CHARS:
    case MOTE_SPLIT_BERT:
        return scan_spaced(m, &s, at, keep);
    case MOTE_SPLIT_METASPACE:
        return scan_metaspace(&s, at);
    case MOTE_SPLIT_NEWLINES: {
        bool line = text[at] == '\n';
        while (at < end && (text[at] == '\n') == line)
            at++;
        return at;
    }
    default:
        return scan_runs(m, &s, at);
    }
}
