#include "tasks/score_words.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/mem.h"
#include "tasks/score_stem.h"
#include "text/jinja_unicode.h"
#include "text/unicode.h"

enum { MAX_TEXT_BYTES = 1 << 30, MAX_STEM_BYTES = 256 };

void mote_words_deinit(mote_words *words) {
    mote_mem_free(words->hashes);
    *words = (mote_words){0};
}

mote_status mote_words_add_hash(mote_words *words, uint64_t hash) {
    if (words->n == words->capacity) {
        size_t capacity = 2 * words->capacity + 64;
        uint64_t *hashes = mote_mem_resize_array(words->hashes, capacity, sizeof *hashes);
        if (!hashes)
            return MOTE_ERR_ALLOC;
        words->hashes = hashes;
        words->capacity = capacity;
    }
    words->hashes[words->n++] = hash;
    return MOTE_OK;
}

mote_status mote_words_add(mote_words *words, mote_str word) {
    mote_checksum sum;
    mote_checksum_init(&sum);
    mote_checksum_update(&sum, word.data, word.len);
    return mote_words_add_hash(words, mote_checksum_value(&sum));
}

/* Calls add with each piece between white space. */
static mote_status each_piece(mote_words *words, mote_str text, mote_status (*add)(mote_words *, mote_str)) {
    size_t begin = 0;
    words->n = 0;
    for (size_t at = 0; at <= text.len;) {
        uint32_t c = ' ';
        size_t n = at < text.len ? mote_unicode_decode((const uint8_t *)text.data + at, text.len - at, &c) : 1;
        if (mote_jinja_unicode_is_space(c)) {
            if (at > begin)
                MOTE_TRY(add(words, (mote_str){text.data + begin, at - begin}));
            begin = at + n;
        }
        at += n;
    }
    return MOTE_OK;
}

mote_status mote_words_split(mote_words *words, mote_str text) {
    return each_piece(words, text, mote_words_add);
}

static bool is_ascii_mark(char c) {
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

static mote_status add_chrf_word(mote_words *words, mote_str word) {
    uint32_t c;
    if (mote_unicode_decode((const uint8_t *)word.data, word.len, &c) == word.len)
        return mote_words_add(words, word);
    size_t cut = is_ascii_mark(word.data[word.len - 1]) ? word.len - 1 : is_ascii_mark(word.data[0]) ? 1 : 0;
    if (cut == 0)
        return mote_words_add(words, word);
    MOTE_TRY(mote_words_add(words, (mote_str){word.data, cut}));
    return mote_words_add(words, (mote_str){word.data + cut, word.len - cut});
}

mote_status mote_words_chrf(mote_words *words, mote_str text) {
    return each_piece(words, text, add_chrf_word);
}

mote_status mote_score_lower(mote_buffer *out, mote_str text) {
    for (size_t at = 0; at < text.len;) {
        uint32_t c, mapped[3];
        uint8_t bytes[4];
        size_t n = mote_unicode_decode((const uint8_t *)text.data + at, text.len - at, &c);
        if (c == MOTE_UNICODE_BAD) {
            MOTE_TRY(mote_buffer_append(out, text.data + at, n));
        } else {
            size_t n_mapped = mote_jinja_unicode_map(c, JINJA_LOWER, mapped);
            for (size_t i = 0; i < n_mapped; i++)
                MOTE_TRY(mote_buffer_append(out, bytes, mote_unicode_encode(mapped[i], bytes)));
        }
        at += n;
    }
    return MOTE_OK;
}

static mote_status add_rouge_word(mote_words *words, mote_str word, bool stem) {
    char stemmed[MAX_STEM_BYTES];
    if (!stem || word.len <= 3 || word.len >= sizeof stemmed)
        return mote_words_add(words, word);
    memcpy(stemmed, word.data, word.len);
    size_t n = mote_score_stem(stemmed, word.len);
    return n ? mote_words_add(words, (mote_str){stemmed, n}) : MOTE_OK;
}

mote_status mote_words_rouge(mote_words *words, mote_str text, bool stem) {
    mote_buffer lower;
    mote_buffer_init(&lower, MAX_TEXT_BYTES);
    words->n = 0;
    mote_status status = mote_score_lower(&lower, text);
    size_t begin = 0;
    for (size_t at = 0; status == MOTE_OK && at <= lower.len; at++) {
        char c = at < lower.len ? lower.data[at] : ' ';
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            continue;
        if (at > begin)
            status = add_rouge_word(words, (mote_str){lower.data + begin, at - begin}, stem);
        begin = at + 1;
    }
    mote_buffer_deinit(&lower);
    return status;
}
