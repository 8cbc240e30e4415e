/* Greedy, longest match first (Google's BERT, 2018). Words are short by rule, so trying each length costs a constant. */
#include "text/spm.h"

#include "base/error.h"
#include "text/unicode.h"

#include <string.h>

/* 100 characters of four bytes, and a prefix. */
enum { WORD_MAX_BYTES = 1024 };

/* The longest piece at `at`; its bytes in *taken. */
static int32_t longest(const mote_wordpiece *w, const uint8_t *word, size_t len, size_t at, size_t *taken) {
    char piece[WORD_MAX_BYTES + sizeof w->head];
    size_t before = at ? w->tail_len : w->head_len, n = len - at;
    memcpy(piece, at ? w->tail : w->head, before);
    memcpy(piece + before, word + at, n);
    for (; n > 0; n--) {
        if (at + n < len && (word[at + n] & 0xc0) == 0x80)
            continue;
        int32_t id = mote_vocabulary_find(w->vocabulary, piece, before + n);
        if (id >= 0) {
            *taken = n;
            return id;
        }
    }
    return -1;
}

mote_status mote_wordpiece_encode(const mote_wordpiece *w, const uint8_t *word, size_t len, mote_ids *out) {
    size_t begin = out->len, taken = 0, n_characters = 0;
    for (size_t i = 0; i < len; i++)
        n_characters += (word[i] & 0xc0) != 0x80;
    bool known = n_characters <= w->max_characters && len <= WORD_MAX_BYTES;
    for (size_t at = 0; at < len && known; at += taken) {
        int32_t id = longest(w, word, len, at, &taken);
        known = id >= 0;
        if (known)
            MOTE_TRY(mote_ids_push(out, id));
    }
    if (known)
        return MOTE_OK;
    out->len = begin;
    return w->unknown >= 0 ? mote_ids_push(out, w->unknown) : MOTE_OK;
}
