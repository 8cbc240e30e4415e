#include "tasks/proof_words.h"

#include "text/jinja_unicode.h"
#include "text/unicode.h"

static bool is_joint(char c) {
    return c == '\'' || c == '-';
}

/* Characters that make a word an address or a name of a file rather than two words. */
static bool is_odd(uint32_t c) {
    return c == '@' || c == '/' || c == '_' || c == '\\';
}

static bool is_part(uint32_t c) {
    return (mote_unicode_class(c) & (MOTE_UNICODE_L | MOTE_UNICODE_M | MOTE_UNICODE_N)) != 0;
}

static size_t decode(mote_str s, size_t at, uint32_t *c) {
    if (at >= s.len) {
        *c = ' ';
        return 1;
    }
    return mote_unicode_decode((const uint8_t *)s.data + at, s.len - at, c);
}

/* A joint belongs to the word if letters follow; a dot or colon too, where the word is an address or a number. */
static size_t joint_at(mote_str s, size_t at, const mote_word *w) {
    uint32_t c, next;
    size_t n = decode(s, at, &c);
    if (at >= s.len)
        return 0;
    decode(s, at + n, &next);
    if (c == 0x2019 || (c < 0x80 && is_joint((char)c)))
        return is_part(next) ? n : 0;
    if (is_odd(c))
        return n;
    return w->kind == MOTE_WORD_OTHER && (c == '.' || c == ':' || c == ',' || c == '?' || c == '=' || c == '&' || c == '%') && (is_part(next) || is_odd(next)) ? n : 0;
}

static mote_word read_word(mote_str s, size_t at) {
    mote_word w = {.start = at, .end = at, .kind = MOTE_WORD_MARK};
    uint32_t c;
    size_t n = decode(s, at, &c);
    w.end = at + n;
    if (!is_part(c) && !is_odd(c))
        return w;
    w.kind = MOTE_WORD_LETTERS;
    w.begins_upper = mote_jinja_unicode_is_upper(c);
    for (w.end = at; w.end < s.len;) {
        n = decode(s, w.end, &c);
        if (is_part(c) || is_odd(c)) {
            w.has_upper = w.has_upper || mote_jinja_unicode_is_upper(c);
            if (is_odd(c) || (mote_unicode_class(c) & MOTE_UNICODE_N))
                w.kind = MOTE_WORD_OTHER;
        } else if (!(n = joint_at(s, w.end, &w))) {
            break;
        }
        w.end += n;
    }
    return w;
}

size_t mote_proof_words(mote_str sentence, mote_word *words, size_t most) {
    size_t n = 0, at = 0;
    while (at < sentence.len && n < most) {
        uint32_t c;
        size_t bytes = decode(sentence, at, &c);
        if (mote_unicode_is_space(c)) {
            at += bytes;
            continue;
        }
        words[n] = read_word(sentence, at);
        at = words[n++].end;
    }
    return n;
}
