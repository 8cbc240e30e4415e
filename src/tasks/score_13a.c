/* The tokenizer of NIST's mteval-v13a, as sacrebleu spells it: four substitutions by regular expressions, one after the other, then a split at white space. Each walks the text
 * once; what a match took is not looked at again, which the results depend on ("a..b"). */
#include "base/error.h"
#include "tasks/score_words.h"

enum { MAX_TEXT_BYTES = 1 << 30 };

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_split_mark(char c) { /* [\{-\~\[-\` -\&\(-\+\:-\@\/] */
    return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') || (c >= ':' && c <= '@') || c == '/';
}

/* Bytes of the character at s (UTF-8 that may be malformed: then 1). */
static size_t character_bytes(const char *s, size_t len) {
    unsigned char c = (unsigned char)s[0];
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return n > len ? len : n;
}

/* The entities that mteval resolves, and line ends. */
static mote_status resolve(mote_buffer *out, mote_str text) {
    static const struct { const char *from, *to; } names[] = {{"<skipped>", ""}, {"-\n", ""}, {"\n", " "}, {"&quot;", "\""}, {"&amp;", "&"}, {"&lt;", "<"}, {"&gt;", ">"}};
    MOTE_TRY(mote_buffer_append_char(out, ' '));
    for (size_t at = 0; at < text.len;) {
        size_t taken = 0;
        for (size_t i = 0; i < sizeof names / sizeof *names && !taken; i++)
            if (mote_str_starts((mote_str){text.data + at, text.len - at}, mote_str_of(names[i].from))) {
                MOTE_TRY(mote_buffer_append_text(out, names[i].to));
                taken = strlen(names[i].from);
            }
        if (!taken) {
            MOTE_TRY(mote_buffer_append_char(out, text.data[at]));
            taken = 1;
        }
        at += taken;
    }
    return mote_buffer_append_char(out, ' ');
}

static mote_status split_marks(mote_buffer *out, mote_str s) {
    for (size_t i = 0; i < s.len; i++)
        MOTE_TRY(is_split_mark(s.data[i]) ? mote_buffer_appendf(out, " %c ", s.data[i]) : mote_buffer_append_char(out, s.data[i]));
    return MOTE_OK;
}

/* ([^0-9])([\.,]) -> "\1 \2 " */
static mote_status split_behind_no_digit(mote_buffer *out, mote_str s) {
    for (size_t i = 0; i < s.len;) {
        size_t n = character_bytes(s.data + i, s.len - i);
        MOTE_TRY(mote_buffer_append(out, s.data + i, n));
        bool matches = !is_digit(s.data[i]) && i + n < s.len && (s.data[i + n] == '.' || s.data[i + n] == ',');
        if (matches)
            MOTE_TRY(mote_buffer_appendf(out, " %c ", s.data[i + n]));
        i += n + matches;
    }
    return MOTE_OK;
}

/* ([\.,])([^0-9]) -> " \1 \2" */
static mote_status split_before_no_digit(mote_buffer *out, mote_str s) {
    for (size_t i = 0; i < s.len;) {
        size_t n = character_bytes(s.data + i, s.len - i);
        if ((s.data[i] == '.' || s.data[i] == ',') && i + 1 < s.len && !is_digit(s.data[i + 1])) {
            size_t next = character_bytes(s.data + i + 1, s.len - i - 1);
            MOTE_TRY(mote_buffer_appendf(out, " %c ", s.data[i]));
            MOTE_TRY(mote_buffer_append(out, s.data + i + 1, next));
            i += 1 + next;
            continue;
        }
        MOTE_TRY(mote_buffer_append(out, s.data + i, n));
        i += n;
    }
    return MOTE_OK;
}

/* ([0-9])(-) -> "\1 \2 " */
static mote_status split_dashes(mote_buffer *out, mote_str s) {
    for (size_t i = 0; i < s.len; i++) {
        MOTE_TRY(mote_buffer_append_char(out, s.data[i]));
        if (is_digit(s.data[i]) && i + 1 < s.len && s.data[i + 1] == '-') {
            MOTE_TRY(mote_buffer_append_text(out, " - "));
            i++;
        }
    }
    return MOTE_OK;
}

static mote_status tokenize(mote_buffer *a, mote_buffer *b, mote_words *words, mote_str text, bool lower) {
    if (lower) {
        MOTE_TRY(mote_score_lower(b, text));
        text = mote_buffer_str(b);
    }
    MOTE_TRY(resolve(a, text));
    static mote_status (*const steps[])(mote_buffer *, mote_str) = {split_marks, split_behind_no_digit, split_before_no_digit, split_dashes};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        mote_buffer *from = i % 2 ? b : a, *to = i % 2 ? a : b;
        mote_buffer_clear(to);
        MOTE_TRY(steps[i](to, mote_buffer_str(from)));
    }
    return mote_words_split(words, mote_buffer_str(a));
}

mote_status mote_words_13a(mote_words *words, mote_str text, bool lower) {
    mote_buffer a, b;
    mote_buffer_init(&a, MAX_TEXT_BYTES);
    mote_buffer_init(&b, MAX_TEXT_BYTES);
    mote_status status = tokenize(&a, &b, words, text, lower);
    mote_buffer_deinit(&a);
    mote_buffer_deinit(&b);
    return status;
}
