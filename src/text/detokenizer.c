/* Ids to text, at once or as a stream. Bytes gather until they are whole characters; what can never become one is U+FFFD in a stream and stays as it is in
 * mote_detokenize, which so inverts mote_tokenize for any bytes. */
#include "text/tokenizer.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <string.h>

enum { UNFINISHED_MAX = 3, REPLACEMENT_BYTES = 3 };

/* The text of all ids may be large, but ids are counted by the caller; 4 GiB is beyond any context. */
static const size_t text_max = (size_t)4 << 30;

static size_t spell_bytes(mote_str text, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < text.len;) {
        uint32_t c;
        i += mote_unicode_decode((const uint8_t *)text.data + i, text.len - i, &c);
        int byte = mote_unicode_to_byte(c);
        if (byte < 0) { /* not spelled in the alphabet: the text stands for itself */
            memcpy(out, text.data, text.len);
            return text.len;
        }
        out[n++] = (char)byte;
    }
    return n;
}

static size_t spell_spaces(mote_str text, char *out) {
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.len - i >= 3 && memcmp(text.data + i, "\xe2\x96\x81", 3) == 0) {
            out[n++] = ' ';
            i += 2;
        } else {
            out[n++] = text.data[i];
        }
    }
    return n;
}

static size_t spell_wordpiece(const mote_tokenizer *t, mote_str text, char *out) {
    if (t->word_head)
        return spell_spaces(text, out);
    size_t n = strlen(t->continuation);
    if (n && text.len > n && memcmp(text.data, t->continuation, n) == 0) {
        memcpy(out, text.data + n, text.len - n);
        return text.len - n;
    }
    out[0] = ' ';
    memcpy(out + 1, text.data, text.len);
    return text.len + 1;
}

size_t mote_tokenizer_spell(const mote_tokenizer *t, int32_t id, bool special, char *out) {
    mote_str text = mote_vocabulary_text(&t->vocabulary, (uint32_t)id);
    mote_token_type type = t->vocabulary.types[id];
    uint8_t byte;
    if (text.len == 0 || type == MOTE_TOKEN_UNUSED || (!special && (type == MOTE_TOKEN_CONTROL || type == MOTE_TOKEN_UNKNOWN)))
        return 0;
    if (type == MOTE_TOKEN_BYTE && mote_vocabulary_spells_byte(text, &byte)) {
        out[0] = (char)byte;
        return 1;
    }
    bool as_is = type == MOTE_TOKEN_CONTROL || type == MOTE_TOKEN_UNKNOWN;
    if (t->spelling == MOTE_SPELLING_METASPACE && !as_is)
        return spell_spaces(text, out);
    if (t->spelling == MOTE_SPELLING_WORDPIECE && !as_is)
        return spell_wordpiece(t, text, out);
    if (t->spelling == MOTE_SPELLING_BYTES && !as_is && type != MOTE_TOKEN_USER_DEFINED)
        return spell_bytes(text, out);
    memcpy(out, text.data, text.len);
    return text.len;
}

mote_status mote_tokenizer_piece(const mote_tokenizer *t, int32_t id, bool special, mote_buffer *out) {
    if (id < 0 || (uint32_t)id >= t->vocabulary.n_tokens)
        return MOTE_ERR_ARGUMENT;
    MOTE_TRY(mote_buffer_reserve(out, t->longest_piece));
    out->len += mote_tokenizer_spell(t, id, special, out->data + out->len);
    out->data[out->len] = '\0';
    return MOTE_OK;
}

static bool is_short_form(const char *s, size_t len) {
    return (len >= 2 && s[0] == '\'' && (s[1] == 's' || s[1] == 'm')) || (len >= 3 && s[0] == '\'' && (s[1] == 'r' || s[1] == 'v') && s[2] == 'e');
}

/* The usual cleaning of word-by-word text: no space before . , ? ! nor before 's 'm 're 've, none around a lone apostrophe. */
static void clean_up(mote_buffer *b) {
    size_t n = 0;
    for (size_t i = 0; i < b->len; i++) {
        char c = b->data[i];
        bool spaced = n > 0 && b->data[n - 1] == ' ';
        if (spaced && c == '\'' && i + 1 < b->len && b->data[i + 1] == ' ') {
            b->data[n - 1] = '\'';
            i++;
            continue;
        }
        if (spaced && (c == '?' || c == '!' || c == '.' || c == ',' || is_short_form(b->data + i, b->len - i)))
            n--;
        b->data[n++] = c;
    }
    b->len = n;
    if (b->data)
        b->data[n] = '\0';
}

mote_status mote_detokenize(const mote_tokenizer *t, const int32_t *ids, size_t n_ids, bool special, char **text, size_t *text_bytes, mote_error *err) {
    mote_buffer out;
    mote_buffer_init(&out, text_max);
    mote_status status = MOTE_OK;
    *text = NULL;
    *text_bytes = 0;
    bool begun = !t->strip_first_space;
    for (size_t i = 0; i < n_ids; i++) {
        if (ids[i] < 0 || (uint32_t)ids[i] >= t->vocabulary.n_tokens) {
            status = mote_error_set(err, MOTE_ERR_ARGUMENT, "token %d at position %zu is outside the vocabulary of %u tokens", ids[i], i, t->vocabulary.n_tokens);
            goto done;
        }
        status = mote_tokenizer_piece(t, ids[i], special, &out);
        if (status != MOTE_OK) {
            status = mote_error_set(err, status, "the text of %zu tokens: %s", n_ids, mote_status_text(status));
            goto done;
        }
        if (!begun && out.len > 0) {
            begun = true;
            if (out.data[0] == ' ')
                memmove(out.data, out.data + 1, out.len--);
        }
    }
    if (t->clean_up)
        clean_up(&out);
    *text_bytes = out.len;
    *text = mote_buffer_take(&out);
    if (!*text)
        status = mote_error_alloc(err, 1);
done:
    mote_buffer_deinit(&out);
    return status;
}

struct mote_detokenizer {
    const mote_tokenizer *t;
    bool special, begun;
    size_t n_pending;
    char pending[UNFINISHED_MAX]; /* the beginning of a character */
    char *piece;                  /* pending bytes and the token's */
    char *text;                   /* what is given out */
};

mote_status mote_detokenizer_create(const mote_tokenizer *t, bool special, mote_detokenizer **stream, mote_error *err) {
    *stream = NULL;
    size_t piece = (size_t)t->longest_piece + UNFINISHED_MAX;
    mote_detokenizer *d = mote_mem_zalloc_array(1, sizeof *d);
    if (d) {
        d->t = t;
        d->special = special;
        d->piece = mote_mem_alloc(piece);
        d->text = mote_mem_alloc(piece * REPLACEMENT_BYTES + 1);
    }
    if (!d || !d->piece || !d->text) {
        mote_detokenizer_free(&d);
        return mote_error_alloc(err, sizeof *d + piece * (REPLACEMENT_BYTES + 1));
    }
    *stream = d;
    return MOTE_OK;
}

void mote_detokenizer_free(mote_detokenizer **stream) {
    if (stream && *stream) {
        mote_mem_free((*stream)->piece);
        mote_mem_free((*stream)->text);
        mote_mem_free(*stream);
        *stream = NULL;
    }
}

/* Copies whole characters, replacing what is none. */
static size_t give(char *text, const char *piece, size_t len) {
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t k = mote_unicode_decode((const uint8_t *)piece + i, len - i, &c);
        memcpy(text + n, c == MOTE_UNICODE_BAD ? "\xef\xbf\xbd" : piece + i, c == MOTE_UNICODE_BAD ? REPLACEMENT_BYTES : k);
        n += c == MOTE_UNICODE_BAD ? REPLACEMENT_BYTES : k;
        i += k;
    }
    text[n] = '\0';
    return n;
}

mote_status mote_detokenizer_push(mote_detokenizer *d, int32_t id, const char **text, size_t *text_bytes) {
    *text = d->text;
    *text_bytes = 0;
    d->text[0] = '\0';
    if (id < 0 || (uint32_t)id >= d->t->vocabulary.n_tokens)
        return MOTE_ERR_ARGUMENT;
    char *piece = d->piece;
    memcpy(piece, d->pending, d->n_pending);
    size_t len = d->n_pending + mote_tokenizer_spell(d->t, id, d->special, piece + d->n_pending);
    if (len == 0)
        return MOTE_OK;
    if (!d->begun && d->t->strip_first_space && piece[0] == ' ') {
        piece++;
        len--;
    }
    d->begun = true;
    d->n_pending = mote_unicode_unfinished((const uint8_t *)piece, len);
    *text_bytes = give(d->text, piece, len - d->n_pending);
    memcpy(d->pending, piece + len - d->n_pending, d->n_pending);
    return MOTE_OK;
}

mote_status mote_detokenizer_flush(mote_detokenizer *d, const char **text, size_t *text_bytes) {
    *text = d->text;
    *text_bytes = give(d->text, d->pending, d->n_pending);
    d->n_pending = 0;
    d->begun = false;
    return MOTE_OK;
}
