/* The vocabulary of a tokenizer.json: the model's entries and the added tokens, put in order of their ids. */
#include "text/tokenizer_json.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>
#include <string.h>

typedef struct entry {
    mote_str text;
    float score;
    uint8_t type, flags; /* type 0: no token has this id */
} entry;

typedef struct loader {
    mote_tokenizer *t;
    const mote_json *model, *vocab, *added;
    entry *entries;
    uint64_t n_entries;
    mote_error *err;
} loader;

static mote_status bad(const loader *l, const char *what) {
    return mote_error_set(l->err, MOTE_ERR_FORMAT, "tokenizer.json: %s", what);
}

static bool is_left_out(const loader *l, int64_t added_id) {
    return l->t->n_rows != 0 && added_id >= (int64_t)l->t->n_rows;
}

static mote_status count_ids(loader *l) {
    int64_t most = -1;
    size_t n = mote_json_length(l->vocab) + mote_json_length(l->added);
    if (mote_json_typeof(l->vocab) == MOTE_JSON_ARRAY)
        most = (int64_t)mote_json_length(l->vocab) - 1;
    else
        for (mote_json_iter *it = mote_json_first(l->vocab); it; it = mote_json_next(l->vocab, it)) {
            int64_t id = mote_json_integer(mote_json_iter_value(it), -1);
            if (id < 0)
                return bad(l, "model.vocab: a token without an id");
            most = id > most ? id : most;
        }
    for (size_t i = 0; i < mote_json_length(l->added); i++) {
        int64_t id = mote_json_integer(mote_json_get(mote_json_at(l->added, i), "id"), -1);
        if (id < 0)
            return bad(l, "added_tokens: a token without an id");
        if (is_left_out(l, id))
            continue;
        most = id > most ? id : most;
    }
    if (most < 0)
        return bad(l, "the vocabulary is empty");
    enum { HOLES = 1 << 16 };
    if (most >= MOTE_VOCABULARY_MAX_TOKENS || (uint64_t)most > 2 * (uint64_t)n + HOLES)
        return mote_error_set(l->err, MOTE_ERR_LIMIT, "tokenizer.json: token id %lld in a vocabulary of %zu", (long long)most, n);
    l->n_entries = (uint64_t)most + 1;
    return MOTE_OK;
}

static mote_status read_vocab(loader *l, bool byte_fallback) {
    if (mote_json_typeof(l->vocab) == MOTE_JSON_ARRAY) {
        for (size_t i = 0; i < mote_json_length(l->vocab); i++) {
            const mote_json *pair = mote_json_at(l->vocab, i), *score = mote_json_at(pair, 1);
            double s = mote_json_number(score, NAN);
            if (mote_json_typeof(mote_json_at(pair, 0)) != MOTE_JSON_STRING || !isfinite(s))
                return bad(l, "model.vocab: an entry that is no text with a finite score");
            l->entries[i] = (entry){mote_json_string(mote_json_at(pair, 0)), (float)s, MOTE_TOKEN_NORMAL, 0};
        }
    } else {
        for (mote_json_iter *it = mote_json_first(l->vocab); it; it = mote_json_next(l->vocab, it))
            l->entries[mote_json_integer(mote_json_iter_value(it), 0)] = (entry){mote_json_iter_key(it), 0, MOTE_TOKEN_NORMAL, 0};
    }
    uint8_t byte;
    for (uint64_t i = 0; byte_fallback && i < l->n_entries; i++)
        if (l->entries[i].type && mote_vocabulary_spells_byte(l->entries[i].text, &byte))
            l->entries[i].type = MOTE_TOKEN_BYTE;
    return MOTE_OK;
}

static mote_status read_added(loader *l) {
    for (size_t i = 0; i < mote_json_length(l->added); i++) {
        const mote_json *a = mote_json_at(l->added, i), *content = mote_json_get(a, "content");
        if (mote_json_typeof(content) != MOTE_JSON_STRING)
            return bad(l, "added_tokens: a token without content");
        if (is_left_out(l, mote_json_integer(mote_json_get(a, "id"), 0)))
            continue;
        bool special = mote_json_bool(mote_json_get(a, "special"), false);
        entry *e = &l->entries[mote_json_integer(mote_json_get(a, "id"), 0)];
        e->text = mote_json_string(content);
        e->type = special ? MOTE_TOKEN_CONTROL : MOTE_TOKEN_USER_DEFINED;
        e->flags = (mote_json_bool(mote_json_get(a, "lstrip"), false) ? MOTE_ADDED_LSTRIP : 0) | (mote_json_bool(mote_json_get(a, "rstrip"), false) ? MOTE_ADDED_RSTRIP : 0) |
                   (mote_json_bool(mote_json_get(a, "normalized"), !special) && l->t->n_steps ? MOTE_ADDED_NORMALIZED : 0) |
                   (mote_json_bool(mote_json_get(a, "single_word"), false) ? MOTE_ADDED_SINGLE_WORD : 0);
    }
    return MOTE_OK;
}

static mote_status build(loader *l, bool with_scores) {
    uint64_t total = 0;
    bool flags = false;
    for (uint64_t i = 0; i < l->n_entries; i++) {
        total += l->entries[i].text.len;
        flags = flags || l->entries[i].flags;
    }
    mote_vocabulary *v = &l->t->vocabulary;
    MOTE_TRY(mote_vocabulary_init(v, (uint32_t)l->n_entries, total, with_scores, l->err));
    if (flags && !(l->t->added_flags = mote_mem_zalloc_array(l->n_entries, 1)))
        return mote_error_alloc(l->err, l->n_entries);
    for (uint64_t i = 0; i < l->n_entries; i++) {
        const entry *e = &l->entries[i];
        mote_vocabulary_add(v, e->text, e->type ? (mote_token_type)e->type : MOTE_TOKEN_UNUSED, e->score);
        if (flags)
            l->t->added_flags[i] = e->flags;
    }
    return mote_vocabulary_finish(v, l->err);
}

static mote_status load_merges(loader *l, bool byte_level) {
    const mote_json *merges = mote_json_get(l->model, "merges");
    mote_tokenizer *t = l->t;
    if (mote_json_typeof(merges) != MOTE_JSON_ARRAY)
        return bad(l, "model.merges is missing or no array");
    size_t n = mote_json_length(merges);
    if (n > MOTE_VOCABULARY_MAX_TOKENS)
        return mote_error_set(l->err, MOTE_ERR_LIMIT, "tokenizer.json: %zu merges, at most %d are read", n, MOTE_VOCABULARY_MAX_TOKENS);
    MOTE_TRY(mote_bpe_init(&t->bpe, &t->vocabulary, (uint32_t)n, byte_level, l->err));
    for (size_t i = 0; i < n; i++) {
        const mote_json *m = mote_json_at(merges, i);
        mote_str left = mote_json_string(mote_json_at(m, 0)), right = mote_json_string(mote_json_at(m, 1));
        if (mote_json_typeof(m) == MOTE_JSON_STRING) {
            mote_str both = mote_json_string(m);
            const char *space = both.len > 1 ? memchr(both.data + 1, ' ', both.len - 1) : NULL;
            if (!space)
                return bad(l, "model.merges: a merge without a space between two pieces");
            left = (mote_str){both.data, (size_t)(space - both.data)};
            right = (mote_str){space + 1, both.len - left.len - 1};
        } else if (mote_json_typeof(m) != MOTE_JSON_ARRAY || mote_json_length(m) != 2) {
            return bad(l, "model.merges: a merge that is no pair");
        }
        mote_bpe_add(&t->bpe, left, right);
    }
    return mote_bpe_finish(&t->bpe, l->err);
}

static bool is_empty(const mote_json *v) {
    return mote_json_typeof(v) == MOTE_JSON_NULL || (mote_json_typeof(v) == MOTE_JSON_STRING && mote_json_string(v).len == 0);
}

static mote_status load_bpe(loader *l, bool byte_level) {
    mote_tokenizer *t = l->t;
    if (!is_empty(mote_json_get(l->model, "continuing_subword_prefix")))
        return mote_error_set(l->err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: model.continuing_subword_prefix");
    if (!is_empty(mote_json_get(l->model, "end_of_word_suffix")))
        return mote_error_set(l->err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: model.end_of_word_suffix");
    t->model = MOTE_TOKENIZER_BPE;
    MOTE_TRY(load_merges(l, byte_level));
    t->bpe.fallback = mote_json_bool(mote_json_get(l->model, "byte_fallback"), false) && !byte_level;
    t->bpe.whole_words = mote_json_bool(mote_json_get(l->model, "ignore_merges"), false);
    t->bpe.fuse_unknown = mote_json_bool(mote_json_get(l->model, "fuse_unk"), false);
    t->bpe.unknown = t->unknown;
    return MOTE_OK;
}

static mote_status load_wordpiece(loader *l) {
    enum { MAX_CHARACTERS = 100, MOST_CHARACTERS = 255 };
    mote_tokenizer *t = l->t;
    const mote_json *p = mote_json_get(l->model, "continuing_subword_prefix");
    mote_str prefix = p ? mote_json_string(p) : MOTE_STR("##");
    t->model = MOTE_TOKENIZER_WORDPIECE;
    t->wordpiece = (mote_wordpiece){.vocabulary = &t->vocabulary, .unknown = t->unknown, .tail_len = prefix.len};
    int64_t most = mote_json_integer(mote_json_get(l->model, "max_input_chars_per_word"), MAX_CHARACTERS);
    if (most < 1 || most > MOST_CHARACTERS || prefix.len >= sizeof t->wordpiece.tail)
        return mote_error_set(l->err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: WordPiece with max_input_chars_per_word %lld and a prefix of %zu bytes", (long long)most, prefix.len);
    t->wordpiece.max_characters = (unsigned)most;
    if (prefix.len)
        memcpy(t->wordpiece.tail, prefix.data, prefix.len);
    return MOTE_OK;
}

static mote_status load_entries(loader *l, bool unigram, bool byte_fallback) {
    MOTE_TRY(count_ids(l));
    l->entries = mote_mem_zalloc_array(l->n_entries, sizeof *l->entries);
    if (!l->entries)
        return mote_error_alloc(l->err, l->n_entries * sizeof *l->entries);
    MOTE_TRY(read_vocab(l, byte_fallback));
    MOTE_TRY(read_added(l));
    return build(l, unigram);
}

static mote_status load_kind(loader *l, bool unigram, bool wordpiece, bool byte_fallback, bool byte_level) {
    mote_tokenizer *t = l->t;
    mote_str unknown = mote_json_string(mote_json_get(l->model, "unk_token"));
    t->unknown = unknown.len ? mote_tokenizer_find(t, unknown) : -1;
    if (!unigram)
        return wordpiece ? load_wordpiece(l) : load_bpe(l, byte_level);
    int64_t id = mote_json_integer(mote_json_get(l->model, "unk_id"), -1);
    if (id >= (int64_t)l->n_entries)
        return bad(l, "model.unk_id is out of range");
    t->unknown = id < 0 ? -1 : (int32_t)id;
    t->model = MOTE_TOKENIZER_UNIGRAM;
    return mote_unigram_init(&t->unigram, &t->vocabulary, t->unknown, byte_fallback, l->err);
}

mote_status mote_tokenizer_json_model(mote_tokenizer *t, const mote_json *root, bool byte_level, mote_error *err) {
    loader l = {.t = t, .model = mote_json_get(root, "model"), .added = mote_json_get(root, "added_tokens"), .err = err};
    l.vocab = mote_json_get(l.model, "vocab");
    mote_str type = mote_json_string(mote_json_get(l.model, "type"));
    bool unigram = mote_str_is(type, "Unigram") || (!type.len && mote_json_typeof(l.vocab) == MOTE_JSON_ARRAY);
    bool wordpiece = mote_str_is(type, "WordPiece") || (!type.len && mote_json_get(l.model, "max_input_chars_per_word"));
    if (!unigram && !wordpiece && !mote_str_is(type, "BPE") && !(!type.len && mote_json_get(l.model, "merges")))
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.json: model type '%.*s'", MOTE_STR_ARGS(type));
    if (mote_json_typeof(l.vocab) != (unigram ? MOTE_JSON_ARRAY : MOTE_JSON_OBJECT))
        return bad(&l, "model.vocab is missing or of the wrong type");
    bool byte_fallback = mote_json_bool(mote_json_get(l.model, "byte_fallback"), false);
    mote_status status = load_entries(&l, unigram, byte_fallback);
    mote_mem_free(l.entries);
    return status == MOTE_OK ? load_kind(&l, unigram, wordpiece, byte_fallback, byte_level) : status;
}
