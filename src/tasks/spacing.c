#include "tasks/spacing.h"

#include "base/error.h"

#include <ctype.h>

static bool is_one_of(mote_str token, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (token.len == strlen(list[i]) && strncasecmp(token.data, list[i], token.len) == 0)
            return true;
    return false;
}

mote_status mote_spacing_join(mote_buffer *out, mote_str tokens) {
    static const char *const to_left[] = {".", ",", ";", ":", "!", "?", ")", "]", "%", "n't", "'s", "'re", "'ve", "'ll", "'d", "'m", "'", "''", "..."};
    static const char *const to_right[] = {"(", "[", "$", "``"};
    bool glued = true, in_quote = false;
    for (size_t at = 0; at < tokens.len;) {
        size_t begin = at;
        while (at < tokens.len && tokens.data[at] != ' ')
            at++;
        mote_str token = {tokens.data + begin, at - begin};
        at++;
        if (token.len == 0)
            continue;
        bool is_plain_quote = mote_str_is(token, "\""), closes = is_plain_quote && in_quote;
        if (!glued && !closes && !is_one_of(token, to_left, sizeof to_left / sizeof *to_left))
            MOTE_TRY(mote_buffer_append_char(out, ' '));
        MOTE_TRY(mote_str_is(token, "``") || mote_str_is(token, "''") ? mote_buffer_append_char(out, '"') : mote_buffer_append_str(out, token));
        glued = is_one_of(token, to_right, sizeof to_right / sizeof *to_right) || (is_plain_quote && !in_quote);
        in_quote = in_quote != is_plain_quote;
    }
    return MOTE_OK;
}

/* Where a word is cut before its contraction; its length if it has none. */
static size_t contraction_at(mote_str word) {
    static const char *const endings[] = {"n't", "'s", "'re", "'ve", "'ll", "'d", "'m"};
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t n = strlen(endings[i]);
        if (word.len > n && strncasecmp(word.data + word.len - n, endings[i], n) == 0)
            return word.len - n;
    }
    return word.len > 1 && word.data[word.len - 1] == '\'' ? word.len - 1 : word.len;
}

static mote_status put(mote_buffer *out, mote_str token) {
    if (out->len && out->data[out->len - 1] != ' ')
        MOTE_TRY(mote_buffer_append_char(out, ' '));
    return mote_buffer_append_str(out, token);
}

/* A word without the marks around it. */
static mote_status put_word(mote_buffer *out, mote_str word) {
    size_t cut = mote_str_is(word, "cannot") ? 3 : contraction_at(word);
    if (word.len == 0)
        return MOTE_OK;
    if (cut > 0)
        MOTE_TRY(put(out, (mote_str){word.data, cut}));
    return cut < word.len ? put(out, (mote_str){word.data + cut, word.len - cut}) : MOTE_OK;
}

static bool stays_inside(mote_str s, size_t at) { /* "3.5", "1,000", "10:30", "U.S", but not "said:no" */
    return at > 0 && at + 1 < s.len && isdigit((unsigned char)s.data[at - 1]) && isdigit((unsigned char)s.data[at + 1]);
}

mote_status mote_spacing_split(mote_buffer *out, mote_str text, bool quotes) {
    size_t begin = 0;
    bool in_quote = false;
    for (size_t at = 0; at <= text.len; at++) {
        bool is_end = at == text.len || text.data[at] == ' ';
        bool is_mark = !is_end && strchr(".,;:!?()[]\"%$", text.data[at]) && !stays_inside(text, at);
        if (!is_end && !is_mark)
            continue;
        MOTE_TRY(put_word(out, (mote_str){text.data + begin, at - begin}));
        size_t n = 1;
        while (is_mark && text.data[at] == '.' && at + n < text.len && text.data[at + n] == '.')
            n++;
        if (is_mark && text.data[at] == '"') {
            MOTE_TRY(put(out, !quotes ? MOTE_STR("\"") : in_quote ? MOTE_STR("''") : MOTE_STR("``")));
            in_quote = !in_quote;
        } else if (is_mark) {
            MOTE_TRY(put(out, (mote_str){text.data + at, n}));
        }
        at += n - 1;
        begin = at + 1;
    }
    return MOTE_OK;
}
