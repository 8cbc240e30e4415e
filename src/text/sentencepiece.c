/* tokenizer.model: a SentencePiece ModelProto (github.com/google/sentencepiece, sentencepiece_model.proto), read by a small protobuf reader: every field has a
 * number and a wire type; what isn't known is skipped; every length is checked against what is left. */
#include "text/tokenizer.h"

#include "base/error.h"
#include "base/file.h"

#include <math.h>
#include <string.h>

#define META "\xe2\x96\x81"

enum { FILE_MAX = 64 << 20 }; /* the largest published one has 5 MB */

enum { WIRE_VARINT, WIRE_64, WIRE_BYTES, WIRE_32 = 5 };
enum { MODEL_PIECES = 1, MODEL_TRAINER = 2, MODEL_NORMALIZER = 3 };
enum { PIECE_TEXT = 1, PIECE_SCORE = 2, PIECE_TYPE = 3 };
enum { TRAINER_TYPE = 3, TRAINER_SUFFIX = 24, TRAINER_FALLBACK = 35, TRAINER_UNK = 40, TRAINER_BOS = 41, TRAINER_EOS = 42 };
enum { NORMALIZER_MAP = 2, NORMALIZER_DUMMY_PREFIX = 3, NORMALIZER_EXTRA_SPACES = 4, NORMALIZER_ESCAPE = 5 };
enum { TYPE_UNIGRAM = 1, TYPE_BPE = 2 };

typedef struct field {
    uint32_t number, wire;
    uint64_t value; /* varint, or the bits of a fixed number */
    mote_str bytes;
} field;

typedef struct settings {
    int64_t type, unk, bos, eos;
    bool fallback, suffix, dummy_prefix, merge_spaces, escape;
    mote_str map;
} settings;

static bool read_varint(mote_str *s, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; shift < 64 && s->len; shift += 7) {
        uint8_t b = (uint8_t)*s->data++;
        s->len--;
        *value |= (uint64_t)(b & 0x7f) << shift;
        if (!(b & 0x80))
            return true;
    }
    return false;
}

/* The next field of a message; false at its end and where it is malformed (then something is left). */
static bool next_field(mote_str *s, field *f) {
    mote_str rest = *s;
    uint64_t key, n;
    if (!rest.len || !read_varint(&rest, &key))
        return false;
    f->number = (uint32_t)(key >> 3);
    f->wire = key & 7;
    if (f->wire == WIRE_VARINT) {
        if (!read_varint(&rest, &f->value))
            return false;
    } else if (f->wire == WIRE_64 || f->wire == WIRE_32) {
        n = f->wire == WIRE_64 ? 8 : 4;
        if (rest.len < n)
            return false;
        f->value = 0;
        memcpy(&f->value, rest.data, n);
        rest = (mote_str){rest.data + n, rest.len - n};
    } else {
        if (f->wire != WIRE_BYTES || !read_varint(&rest, &n) || n > rest.len)
            return false;
        f->bytes = (mote_str){rest.data, n};
        rest = (mote_str){rest.data + n, rest.len - n};
    }
    *s = rest;
    return true;
}

static bool read_piece(mote_str message, mote_str *text, float *score, int64_t *type) {
    field f;
    *text = (mote_str){0};
    *score = 0;
    *type = MOTE_TOKEN_NORMAL;
    while (next_field(&message, &f)) {
        if (f.number == PIECE_TEXT && f.wire == WIRE_BYTES)
            *text = f.bytes;
        else if (f.number == PIECE_SCORE && f.wire == WIRE_32)
            memcpy(score, &f.value, sizeof *score);
        else if (f.number == PIECE_TYPE && f.wire == WIRE_VARINT)
            *type = (int64_t)f.value;
    }
    return message.len == 0;
}

static bool read_settings(mote_str message, uint32_t which, settings *s) {
    field f;
    while (next_field(&message, &f)) {
        int64_t value = f.wire == WIRE_VARINT ? (int64_t)f.value : 0;
        if (which == MODEL_TRAINER && f.wire == WIRE_VARINT) {
            int64_t *const numbers[] = {&s->unk, &s->bos, &s->eos};
            if (f.number == TRAINER_TYPE)
                s->type = value;
            else if (f.number == TRAINER_SUFFIX)
                s->suffix = value;
            else if (f.number == TRAINER_FALLBACK)
                s->fallback = value;
            else if (f.number >= TRAINER_UNK && f.number <= TRAINER_EOS)
                *numbers[f.number - TRAINER_UNK] = (int32_t)value;
        } else if (which == MODEL_NORMALIZER) {
            if (f.number == NORMALIZER_MAP && f.wire == WIRE_BYTES)
                s->map = f.bytes;
            else if (f.number == NORMALIZER_DUMMY_PREFIX)
                s->dummy_prefix = value;
            else if (f.number == NORMALIZER_EXTRA_SPACES)
                s->merge_spaces = value;
            else if (f.number == NORMALIZER_ESCAPE)
                s->escape = value;
        }
    }
    return message.len == 0;
}

static mote_status bad(mote_error *err, const char *what, uint64_t number) {
    return mote_error_set(err, MOTE_ERR_FORMAT, "tokenizer.model: %s %llu", what, (unsigned long long)number);
}

static mote_status survey(mote_str file, uint64_t *n_pieces, uint64_t *text_bytes, settings *s, mote_error *err) {
    field f;
    size_t total = file.len;
    *n_pieces = *text_bytes = 0;
    while (next_field(&file, &f)) {
        mote_str text;
        float score;
        int64_t type;
        if (f.wire != WIRE_BYTES)
            continue;
        if (f.number == MODEL_PIECES) {
            if (!read_piece(f.bytes, &text, &score, &type))
                return bad(err, "malformed piece", *n_pieces);
            ++*n_pieces;
            *text_bytes += text.len;
        } else if ((f.number == MODEL_TRAINER || f.number == MODEL_NORMALIZER) && !read_settings(f.bytes, f.number, s)) {
            return bad(err, "malformed settings at byte", total - file.len);
        }
    }
    if (file.len)
        return bad(err, "malformed field at byte", total - file.len);
    if (*n_pieces == 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "tokenizer.model has no pieces");
    if (*n_pieces > MOTE_VOCABULARY_MAX_TOKENS)
        return mote_error_set(err, MOTE_ERR_LIMIT, "tokenizer.model has %llu pieces, at most %d are read", (unsigned long long)*n_pieces, MOTE_VOCABULARY_MAX_TOKENS);
    return MOTE_OK;
}

static mote_status read_pieces(mote_str file, mote_tokenizer *t, mote_error *err) {
    field f;
    while (next_field(&file, &f)) {
        mote_str text;
        float score;
        int64_t type;
        uint8_t byte;
        if (f.wire != WIRE_BYTES || f.number != MODEL_PIECES)
            continue;
        if (!read_piece(f.bytes, &text, &score, &type) || !isfinite(score))
            return bad(err, "no finite score at piece", t->vocabulary.n_tokens);
        if (type < MOTE_TOKEN_NORMAL || type > MOTE_TOKEN_BYTE || (type == MOTE_TOKEN_BYTE && !mote_vocabulary_spells_byte(text, &byte)))
            return bad(err, "a byte token not spelled <0xHH>, or an unknown type, at piece", t->vocabulary.n_tokens);
        mote_vocabulary_add(&t->vocabulary, text, (mote_token_type)type, score);
    }
    return mote_vocabulary_finish(&t->vocabulary, err);
}

static mote_status add_steps(mote_tokenizer *t, const settings *s, mote_error *err) {
    if (s->map.len) {
        MOTE_TRY(mote_charsmap_check((const uint8_t *)s->map.data, s->map.len, err));
        MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_CHARSMAP, (mote_str){0}, s->map, err));
    }
    if (s->merge_spaces)
        MOTE_TRY(mote_tokenizer_add_step(t, MOTE_NORMALIZE_MERGE_SPACES, (mote_str){0}, (mote_str){0}, err));
    if (s->dummy_prefix)
        MOTE_TRY(mote_tokenizer_add_step(t, s->suffix ? MOTE_NORMALIZE_APPEND : MOTE_NORMALIZE_PREPEND, (mote_str){0}, MOTE_STR(" "), err));
    t->strip_first_space = s->dummy_prefix && !s->suffix;
    t->spelling = MOTE_SPELLING_METASPACE;
    return s->escape ? mote_tokenizer_add_step(t, MOTE_NORMALIZE_REPLACE, MOTE_STR(" "), MOTE_STR(META), err) : MOTE_OK;
}

static int32_t in_range(const mote_tokenizer *t, int64_t id) {
    return id >= 0 && id < (int64_t)t->vocabulary.n_tokens ? (int32_t)id : -1;
}

mote_status mote_sentencepiece_read(mote_str file, mote_tokenizer *t, mote_error *err) {
    settings s = {.type = TYPE_UNIGRAM, .unk = 0, .bos = 1, .eos = 2, .dummy_prefix = true, .merge_spaces = true, .escape = true};
    uint64_t n, text_bytes;
    MOTE_TRY(survey(file, &n, &text_bytes, &s, err));
    if (s.type != TYPE_UNIGRAM && s.type != TYPE_BPE)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "tokenizer.model: model_type %lld", (long long)s.type);
    MOTE_TRY(mote_vocabulary_init(&t->vocabulary, (uint32_t)n, text_bytes, true, err));
    MOTE_TRY(read_pieces(file, t, err));
    t->unknown = in_range(t, s.unk);
    t->bos = in_range(t, s.bos);
    t->eos = in_range(t, s.eos);
    if (s.type == TYPE_BPE) {
        t->model = MOTE_TOKENIZER_SPM;
        mote_spm_init(&t->spm, &t->vocabulary, t->unknown);
    } else {
        t->model = MOTE_TOKENIZER_UNIGRAM;
        MOTE_TRY(mote_unigram_init(&t->unigram, &t->vocabulary, t->unknown, s.fallback, err));
    }
    return add_steps(t, &s, err);
}

mote_status mote_sentencepiece_load(const char *path, mote_tokenizer *t, mote_error *err) {
    mote_buffer file;
    mote_buffer_init(&file, FILE_MAX);
    mote_status status = mote_file_read(path, &file, err);
    if (status == MOTE_OK)
        status = mote_sentencepiece_read(mote_buffer_str(&file), t, err);
    mote_buffer_deinit(&file);
    return status;
}
