/* A text as sentences to correct. Lines are blocks of their own, but for hard-wrapped ones; of Markdown, marks at the head of a line are skipped, and fenced or indented code,
 * tables and rules are left out whole. */
#include "tasks/proof_private.h"

#include "base/error.h"

#include <ctype.h>

enum { MAX_SPANS = 512, MIN_WRAPPED_BYTES = 40 };

typedef struct line {
    size_t start, end; /* without the line end */
    size_t content;    /* behind marks */
    bool is_prose, has_mark;
} line;

static mote_str part(mote_str text, size_t start, size_t end) {
    return (mote_str){text.data + start, end - start};
}

static bool is_alpha(char c) {
    return isalpha((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* Behind "> ", "## ", "- ", "* ", "1. ", "[ ] ". */
static size_t skip_marks(mote_str text, size_t at, size_t end) {
    for (;;) {
        size_t before = at, mark = at;
        while (at < end && (text.data[at] == ' ' || text.data[at] == '\t'))
            at++;
        mark = at;
        if (at < end && text.data[at] == '>') {
            at++;
            continue;
        }
        while (at < end && text.data[at] == '#')
            at++;
        if (at == mark && at < end && strchr("-*+", text.data[at]))
            at++;
        if (at == mark && end - at > 3 && text.data[at] == '[' && text.data[at + 2] == ']')
            at += 3;
        if (at == mark) {
            while (at < end && isdigit((unsigned char)text.data[at]))
                at++;
            at = at > mark && at < end && (text.data[at] == '.' || text.data[at] == ')') ? at + 1 : mark;
        }
        if (at == mark || at >= end || text.data[at] != ' ')
            return at == mark ? mark : before > mark ? before : mark;
    }
}

static bool has_letters(mote_str s) {
    for (size_t i = 0; i < s.len; i++)
        if (is_alpha(s.data[i]))
            return true;
    return false;
}

static line read_line(mote_str text, size_t at, bool *in_fence, bool after_blank) {
    line l = {.start = at, .end = at};
    while (l.end < text.len && text.data[l.end] != '\n')
        l.end++;
    mote_str s = part(text, l.start, l.end), trimmed = s;
    while (trimmed.len && (trimmed.data[0] == ' ' || trimmed.data[0] == '\t')) {
        trimmed.data++;
        trimmed.len--;
    }
    bool is_fence = mote_str_starts(trimmed, MOTE_STR("```")) || mote_str_starts(trimmed, MOTE_STR("~~~"));
    bool is_indented = after_blank && (mote_str_starts(s, MOTE_STR("    ")) || mote_str_starts(s, MOTE_STR("\t")));
    bool is_table = trimmed.len && trimmed.data[0] == '|';
    l.content = skip_marks(text, l.start, l.end);
    l.has_mark = part(text, l.start, l.content).len > s.len - trimmed.len;
    l.is_prose = !*in_fence && !is_fence && !is_indented && !is_table && has_letters(part(text, l.content, l.end));
    if (is_fence)
        *in_fence = !*in_fence;
    return l;
}

/* The end of what begins at `at` and must stay, or `at`: `code`, <tag>, ](target), addresses. */
static size_t span_end(mote_str s, size_t at) {
    char c = s.data[at];
    if (c == '`' || c == '<' || (c == ']' && at + 1 < s.len && s.data[at + 1] == '(')) {
        char close = c == '`' ? '`' : c == '<' ? '>' : ')';
        if (c == '<' && (at + 1 == s.len || !(is_alpha(s.data[at + 1]) || strchr("/!", s.data[at + 1]))))
            return at;
        for (size_t i = at + 1; i < s.len && s.data[i] != '\n'; i++)
            if (s.data[i] == close)
                return i + 1;
    }
    if (mote_str_starts(part(s, at, s.len), MOTE_STR("http://")) || mote_str_starts(part(s, at, s.len), MOTE_STR("https://")) ||
        mote_str_starts(part(s, at, s.len), MOTE_STR("www."))) {
        while (at < s.len && !isspace((unsigned char)s.data[at]))
            at++;
    }
    return at;
}

static bool is_abbreviation(mote_str s, size_t dot) {
    static const char *const known[] = {"mr", "mrs", "ms", "dr", "prof", "st", "vs", "etc", "fig", "no", "e.g", "i.e", "inc", "ltd", "jr", "sr", "approx", "dept", "est"};
    size_t start = dot;
    while (start > 0 && (is_alpha(s.data[start - 1]) || s.data[start - 1] == '.'))
        start--;
    if (dot - start <= 1)
        return dot > start;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (dot - start == strlen(known[i]) && strncasecmp(s.data + start, known[i], dot - start) == 0)
            return true;
    return false;
}

/* The end of the sentence that begins at `at`: behind its mark and closing quotes. */
static size_t sentence_end(mote_str s, size_t at, const mote_span *spans, size_t n_spans) {
    for (size_t i = at; i < s.len; i++) {
        for (size_t k = 0; k < n_spans; k++)
            if (i >= spans[k].start && i < spans[k].end)
                i = spans[k].end;
        if (i >= s.len)
            break;
        if (!strchr(".!?", s.data[i]) || (s.data[i] == '.' && is_abbreviation(s, i)))
            continue;
        size_t end = i + 1;
        while (end < s.len && strchr(".!?\"')]*_", s.data[end]))
            end++;
        if (end == s.len || (isspace((unsigned char)s.data[end]) && end + 1 < s.len))
            return end;
        i = end - 1;
    }
    return s.len;
}

static mote_status give_block(mote_str text, size_t start, size_t end, bool is_prose, mote_proof_sentence_fn each, void *context) {
    mote_span spans[MAX_SPANS];
    size_t n = 0;
    mote_str s = {text.data, end};
    for (size_t at = start; at < end && n < MAX_SPANS;) {
        size_t stop = span_end(s, at);
        if (stop > at)
            spans[n++] = (mote_span){at, stop};
        at = stop > at ? stop : at + 1;
    }
    for (size_t at = start; at < end;) {
        while (at < end && isspace((unsigned char)text.data[at]))
            at++;
        size_t stop = sentence_end(s, at, spans, n);
        if (stop > at)
            MOTE_TRY(each(context, at, stop, is_prose, stop == end, spans, n));
        at = stop > at ? stop : at + 1;
    }
    return MOTE_OK;
}

static bool is_wrapped(mote_str text, const line *l, const line *next) {
    char last = text.data[l->end - 1];
    return next->is_prose && !next->has_mark && l->end - l->start >= MIN_WRAPPED_BYTES && !strchr(".!?:;", last) && islower((unsigned char)text.data[next->content]);
}

mote_status mote_proof_sentences(mote_str text, mote_proof_sentence_fn each, void *context) {
    bool in_fence = false, after_blank = true;
    line l = read_line(text, 0, &in_fence, after_blank);
    while (l.start < text.len) {
        size_t end = l.end;
        line next = {.start = text.len, .end = text.len};
        line last = l;
        for (;;) {
            after_blank = last.end == last.start;
            if (last.end + 1 >= text.len)
                break;
            next = read_line(text, last.end + 1, &in_fence, after_blank);
            if (!l.is_prose || !last.is_prose || !is_wrapped(text, &last, &next))
                break;
            last = next;
            end = next.end;
            next.start = text.len;
        }
        while (end > l.content && isspace((unsigned char)text.data[end - 1]))
            end--;
        if (l.is_prose && end > l.content)
            MOTE_TRY(give_block(text, l.content, end, !l.has_mark, each, context));
        if (last.end + 1 >= text.len)
            break;
        l = next;
    }
    return MOTE_OK;
}
