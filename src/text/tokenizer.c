/* Text to ids: special tokens by leftmost, longest match; the rest through normalizer, pretokenizer and model. */
#include "text/tokenizer.h"

#include "base/error.h"
#include "base/mem.h"
#include "text/unicode.h"

#include <string.h>

/* Ids and positions are 32-bit numbers; the header promises this limit. A normalized text may be longer than its source. */
enum { TEXT_MAX = 1 << 30 };
static const size_t normalized_max = (size_t)3 << 30;

typedef mote_tokenizer_encoder encoder;

static mote_status encode_piece(encoder *e, const uint8_t *word, size_t len) {
    const mote_tokenizer *t = e->t;
    switch (t->model) {
    case MOTE_TOKENIZER_BPE:
        return mote_bpe_encode(&t->bpe, &e->merger, word, len, &e->out);
    case MOTE_TOKENIZER_SPM:
        return mote_spm_encode(&t->spm, &e->merger, word, len, &e->out);
    case MOTE_TOKENIZER_UNIGRAM:
        return mote_unigram_encode(&t->unigram, word, len, &e->out);
    default:
        return mote_wordpiece_encode(&t->wordpiece, word, len, &e->out);
    }
}

/* A word that Metaspace changes once more. */
static mote_status encode_word(encoder *e, const uint8_t *word, size_t len, bool first) {
    static const mote_split before_meta = {.kind = MOTE_SPLIT_METASPACE};
    if (e->t->n_word_steps == 0 && !e->t->split_words)
        return encode_piece(e, word, len);
    for (unsigned i = 0; i < e->t->n_word_steps; i++) {
        mote_buffer *to = &e->words[i % 2];
        mote_buffer_clear(to);
        MOTE_TRY(mote_normalize_apply(&e->t->word_steps[i], word, len, first, to, e->err));
        word = (const uint8_t *)mote_buffer_str(to).data;
        len = to->len;
    }
    if (!e->t->split_words)
        return encode_piece(e, word, len);
    for (size_t at = 0; at < len;) {
        bool keep;
        size_t end = mote_pretokenizer_scan(&before_meta, word, at, len, &keep);
        MOTE_TRY(encode_piece(e, word + at, end - at));
        at = end;
    }
    return MOTE_OK;
}

static mote_status encode_words(encoder *e, const uint8_t *text, size_t len, bool first) {
    mote_pretokenizer_walk walk;
    mote_pretokenizer_begin(&walk, &e->t->pretokenizer, text, len);
    mote_status status;
    for (bool more = true;;) {
        size_t start, end;
        MOTE_TRY_DONE(mote_pretokenizer_next(&walk, &start, &end, &more, e->err));
        if (!more)
            break;
        MOTE_TRY_DONE(encode_word(e, text + start, end - start, first && start == 0));
    }
done:
    mote_pretokenizer_end(&walk);
    return status;
}

static bool is_ascii(const uint8_t *text, size_t len) {
    for (size_t i = 0; i < len; i++)
        if (text[i] >= 0x80)
            return false;
    return true;
}

/* Nothing happens to ASCII in a normal form, and that is most texts. */
static bool is_idle(const mote_normalize_step *step, const uint8_t *text, size_t len) {
    return (step->op <= MOTE_NORMALIZE_NFKD || step->op == MOTE_NORMALIZE_STRIP_ACCENTS || step->op == MOTE_NORMALIZE_STRIP_MARKS || step->op == MOTE_NORMALIZE_SPACE_HAN) &&
           is_ascii(text, len);
}

static mote_status cut_specials(encoder *e, const mote_prefixes *p, const uint8_t *text, size_t len, bool first, mote_status (*rest)(encoder *, const uint8_t *, size_t, bool));

static mote_status encode_normalized(encoder *e, const uint8_t *text, size_t len, bool first) {
    if (e->t->normalized_specials.n_ids == 0)
        return encode_words(e, text, len, first);
    return cut_specials(e, &e->t->normalized_specials, text, len, first, encode_words);
}

static mote_status encode_stretch(encoder *e, const uint8_t *text, size_t len, bool first) {
    unsigned turn = 0;
    for (unsigned i = 0; i < e->t->n_steps && len > 0; i++) {
        if (is_idle(&e->t->steps[i], text, len))
            continue;
        mote_buffer *to = &e->scratch[turn];
        turn ^= 1;
        mote_buffer_clear(to);
        MOTE_TRY(mote_normalize_apply(&e->t->steps[i], text, len, first, to, e->err));
        text = (const uint8_t *)mote_buffer_str(to).data;
        len = to->len;
    }
    return len ? encode_normalized(e, text, len, first) : MOTE_OK;
}

static bool is_word_character(uint32_t c) {
    return mote_unicode_class(c) & (MOTE_UNICODE_L | MOTE_UNICODE_M | MOTE_UNICODE_N | MOTE_UNICODE_PC) && c != MOTE_UNICODE_BAD;
}

/* The character that ends at `at` (> 0), and where it starts. */
static uint32_t character_before(const uint8_t *text, size_t at, size_t *start) {
    uint32_t c;
    size_t i = at - 1;
    while (i > 0 && at - i < 4 && (text[i] & 0xc0) == 0x80)
        i--;
    if (i + mote_unicode_decode(text + i, at - i, &c) != at) {
        i = at - 1;
        c = MOTE_UNICODE_BAD;
    }
    *start = i;
    return c;
}

static size_t skip_spaces(const uint8_t *text, size_t at, size_t len) {
    uint32_t c;
    for (size_t n; at < len; at += n) {
        n = mote_unicode_decode(text + at, len - at, &c);
        if (!mote_unicode_is_space(c))
            break;
    }
    return at;
}

static size_t skip_spaces_back(const uint8_t *text, size_t at, size_t from) {
    size_t start;
    while (at > from && mote_unicode_is_space(character_before(text, at, &start)))
        at = start;
    return at < from ? from : at;
}

/* Whether the token at [at, at + n) stands alone between characters that are no part of words. */
static bool stands_alone(const uint8_t *text, size_t len, size_t at, size_t n) {
    uint32_t c;
    size_t start;
    if (at > 0 && is_word_character(character_before(text, at, &start)))
        return false;
    if (at + n < len) {
        mote_unicode_decode(text + at + n, len - at - n, &c);
        if (is_word_character(c))
            return false;
    }
    return true;
}

static unsigned flags_of(const mote_tokenizer *t, int32_t id) {
    return t->added_flags ? t->added_flags[id] : 0;
}

/* The longest special token that starts at `at`; -1: none. */
static int32_t special_at(const encoder *e, const mote_prefixes *p, const uint8_t *text, size_t len, size_t at, size_t *n) {
    const mote_vocabulary *v = &e->t->vocabulary;
    int32_t best = -1;
    mote_prefixes_walk w;
    for (bool going = mote_prefixes_start(p, text[at], &w); going; going = at + w.depth < len && mote_prefixes_step(p, v, text[at + w.depth], &w)) {
        int32_t id = mote_prefixes_match(p, v, &w);
        if (id < 0 || (!e->parse_special && v->types[id] != MOTE_TOKEN_USER_DEFINED))
            continue;
        if (flags_of(e->t, id) & MOTE_ADDED_SINGLE_WORD && !stands_alone(text, len, at, w.depth))
            continue;
        best = id;
        *n = w.depth;
    }
    return best;
}

/* Cuts special tokens out and hands the stretches between them to `rest`. */
static mote_status cut_specials(encoder *e, const mote_prefixes *p, const uint8_t *text, size_t len, bool first, mote_status (*rest)(encoder *, const uint8_t *, size_t, bool)) {
    size_t from = 0, n = 0;
    for (size_t at = 0; p->n_ids && at < len;) {
        int32_t id = special_at(e, p, text, len, at, &n);
        if (id < 0) {
            at++;
            continue;
        }
        unsigned flags = flags_of(e->t, id);
        size_t stop = flags & MOTE_ADDED_LSTRIP ? skip_spaces_back(text, at, from) : at;
        if (stop > from)
            MOTE_TRY(rest(e, text + from, stop - from, first && from == 0));
        MOTE_TRY(mote_ids_push(&e->out, id));
        at = flags & MOTE_ADDED_RSTRIP ? skip_spaces(text, at + n, len) : at + n;
        from = at;
    }
    return from < len ? rest(e, text + from, len - from, first && from == 0) : MOTE_OK;
}

void mote_tokenizer_encoder_init(mote_tokenizer_encoder *e, const mote_tokenizer *t) {
    *e = (encoder){.t = t};
    for (int i = 0; i < 2; i++) {
        mote_buffer_init(&e->scratch[i], normalized_max);
        mote_buffer_init(&e->words[i], normalized_max);
    }
}

void mote_tokenizer_encoder_deinit(mote_tokenizer_encoder *e) {
    mote_merger_deinit(&e->merger);
    for (int i = 0; i < 2; i++) {
        mote_buffer_deinit(&e->scratch[i]);
        mote_buffer_deinit(&e->words[i]);
    }
    mote_mem_free(e->out.items);
    e->out = (mote_ids){0};
}

mote_status mote_tokenizer_encoder_reserve(mote_tokenizer_encoder *e, size_t len) {
    enum { NORMALIZED = 6 }; /* bytes that one becomes at most in what steps make of usual text */
    MOTE_TRY(mote_merger_reserve(&e->merger, NORMALIZED * len));
    MOTE_TRY(mote_merger_reserve_candidates(&e->merger, NORMALIZED * len));
    for (int i = 0; i < 2; i++) {
        MOTE_TRY(mote_buffer_reserve(&e->scratch[i], NORMALIZED * len));
        MOTE_TRY(mote_buffer_reserve(&e->words[i], NORMALIZED * len));
    }
    int32_t *items = mote_mem_resize_array(e->out.items, NORMALIZED * len, sizeof *items);
    if (!items)
        return MOTE_ERR_ALLOC;
    e->out.items = items;
    e->out.capacity = NORMALIZED * len;
    return MOTE_OK;
}

mote_status mote_tokenizer_encoder_run(mote_tokenizer_encoder *e, mote_str text) {
    e->out.len = 0;
    return text.len ? cut_specials(e, &e->t->specials, (const uint8_t *)text.data, text.len, false, encode_stretch) : MOTE_OK;
}

mote_status mote_tokenize(const mote_tokenizer *t, const char *text, size_t text_bytes, unsigned flags, int32_t **ids, size_t *n_ids, mote_error *err) {
    *ids = NULL;
    *n_ids = 0;
    if (text_bytes > TEXT_MAX)
        return mote_error_set(err, MOTE_ERR_LIMIT, "a text of %zu bytes, at most %d are tokenized at once", text_bytes, TEXT_MAX);
    mote_status status = MOTE_OK;
    encoder e;
    mote_tokenizer_encoder_init(&e, t);
    e.parse_special = flags & MOTE_TOKENIZE_PARSE_SPECIAL;
    e.err = err;
    for (unsigned i = 0; flags & MOTE_TOKENIZE_ADD_SPECIAL && i < t->n_before; i++)
        MOTE_TRY_DONE(mote_ids_push(&e.out, t->before[i]));
    if (text_bytes)
        MOTE_TRY_DONE(cut_specials(&e, &t->specials, (const uint8_t *)text, text_bytes, true, encode_stretch));
    for (unsigned i = 0; flags & MOTE_TOKENIZE_ADD_SPECIAL && i < t->n_after; i++)
        MOTE_TRY_DONE(mote_ids_push(&e.out, t->after[i]));
done:
    if (status == MOTE_OK && !e.out.items && !(e.out.items = mote_mem_alloc(sizeof *e.out.items)))
        status = MOTE_ERR_ALLOC;
    if (status == MOTE_OK) {
        *ids = e.out.items;
        *n_ids = e.out.len;
        e.out.items = NULL;
    }
    mote_tokenizer_encoder_deinit(&e);
    return status == MOTE_ERR_ALLOC ? mote_error_set(err, status, "out of memory tokenizing %zu bytes", text_bytes) : status;
}
