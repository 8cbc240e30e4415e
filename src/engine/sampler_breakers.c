/* DRY's sequence breakers in tokens. A breaker may be inside one token, or begin at the end of one and go on in others; how the rest is then tokenized decides which ("\n" behind
 * "end." may be one token or two). The tails depend only on the breaker and on how much of it the head has, so they are tokenized once. */
#include "base/error.h"
#include "base/mem.h"
#include "engine/sampler_dry.h"
#include "text/tokenizer.h"

#include <string.h>

enum {
    MAX_TAILS_BYTES = MOTE_SAMPLER_DRY_MAX_BREAKERS * MOTE_SAMPLER_DRY_MAX_BREAKER_BYTES * MOTE_SAMPLER_DRY_MAX_TAIL * 4,
    MAX_ENTRY_BYTES = 1 << 28, /* a quarter of a million tokens, each with dozens of ways to begin a breaker */
    MAX_PIECE_BYTES = 1 << 20
};

typedef struct piece_tail {
    uint32_t at, n;
} piece_tail;

typedef struct finder {
    const mote_tokenizer *tokenizer;
    const char *const *breakers;
    size_t n_breakers, lens[MOTE_SAMPLER_DRY_MAX_BREAKERS];
    piece_tail tails[MOTE_SAMPLER_DRY_MAX_BREAKERS][MOTE_SAMPLER_DRY_MAX_BREAKER_BYTES]; /* [breaker][bytes the head has] */
    mote_buffer entries, tail_tokens, piece;
} finder;

static mote_status check(finder *f, mote_error *err) {
    if (f->n_breakers > MOTE_SAMPLER_DRY_MAX_BREAKERS)
        return mote_error_set(err, MOTE_ERR_ARGUMENT, "dry_sequence_breakers: %zu are more than %d", f->n_breakers, MOTE_SAMPLER_DRY_MAX_BREAKERS);
    for (size_t b = 0; b < f->n_breakers; b++) {
        size_t len = f->breakers[b] ? strlen(f->breakers[b]) : 0;
        if (len == 0 || len > MOTE_SAMPLER_DRY_MAX_BREAKER_BYTES)
            return mote_error_set(err, MOTE_ERR_ARGUMENT, "dry_sequence_breakers: number %zu has %zu bytes, not 1 to %d", b, len, MOTE_SAMPLER_DRY_MAX_BREAKER_BYTES);
        f->lens[b] = len;
    }
    return MOTE_OK;
}

static mote_status tokenize_tails(finder *f, mote_error *err) {
    for (size_t b = 0; b < f->n_breakers; b++) {
        for (size_t from = 1; from < f->lens[b]; from++) {
            int32_t *ids;
            size_t n;
            MOTE_TRY(mote_tokenize(f->tokenizer, f->breakers[b] + from, f->lens[b] - from, 0, &ids, &n, err));
            n = n < MOTE_SAMPLER_DRY_MAX_TAIL ? n : MOTE_SAMPLER_DRY_MAX_TAIL;
            f->tails[b][from] = (piece_tail){(uint32_t)(f->tail_tokens.len / sizeof *ids), (uint32_t)n};
            mote_status status = mote_buffer_append(&f->tail_tokens, ids, n * sizeof *ids);
            mote_mem_free(ids);
            if (status != MOTE_OK)
                return mote_error_alloc(err, n * sizeof *ids);
        }
    }
    return MOTE_OK;
}

static bool same_tail(const finder *f, piece_tail tail, const mote_sampler_dry_breaker *other) {
    return tail.n == other->n_tail && (tail.n == 0 || memcmp(f->tail_tokens.data + 4 * (size_t)tail.at, f->tail_tokens.data + 4 * (size_t)other->tail, 4 * (size_t)tail.n) == 0);
}

/* Adds a way once for each head; `first` is where the head's entries begin. */
static mote_status add(finder *f, int32_t head, size_t first, piece_tail tail, mote_error *err) {
    mote_sampler_dry_breaker entry = {head, tail.at, tail.n};
    for (size_t at = first; at < f->entries.len; at += sizeof entry) {
        mote_sampler_dry_breaker other;
        memcpy(&other, f->entries.data + at, sizeof other);
        if (same_tail(f, tail, &other))
            return MOTE_OK;
    }
    if (mote_buffer_append(&f->entries, &entry, sizeof entry) != MOTE_OK)
        return mote_error_alloc(err, f->entries.len + sizeof entry);
    return MOTE_OK;
}

/* One breaker in one token's text. */
static mote_status find_in_piece(finder *f, int32_t head, size_t first, size_t b, mote_error *err) {
    const char *breaker = f->breakers[b], *piece = f->piece.data;
    size_t len = f->lens[b], piece_len = f->piece.len;
    if (piece_len == 0)
        return MOTE_OK;
    if (memmem(piece, piece_len, breaker, len))
        return add(f, head, first, (piece_tail){0, 0}, err);
    for (size_t had = 1; had < len && had <= piece_len; had++) {
        if (memcmp(piece + piece_len - had, breaker, had) == 0)
            MOTE_TRY(add(f, head, first, f->tails[b][had], err));
    }
    return MOTE_OK;
}

mote_status mote_sampler_breakers_find(mote_sampler_dry *d, size_t n_vocab, const mote_tokenizer *tokenizer, const char *const *breakers, size_t n_breakers, mote_error *err) {
    mote_status status = MOTE_OK;
    finder *f = mote_mem_zalloc_array(1, sizeof *f);
    if (!f)
        return mote_error_alloc(err, sizeof *f);
    f->tokenizer = tokenizer;
    f->breakers = breakers;
    f->n_breakers = n_breakers;
    mote_buffer_init(&f->entries, MAX_ENTRY_BYTES);
    mote_buffer_init(&f->tail_tokens, MAX_TAILS_BYTES);
    mote_buffer_init(&f->piece, MAX_PIECE_BYTES);
    MOTE_TRY_DONE(check(f, err));
    if (!tokenizer)
        goto done;
    MOTE_TRY_DONE(tokenize_tails(f, err));
    int32_t n_tokens = mote_tokenizer_n_tokens(tokenizer);
    for (int32_t id = 0; id < n_tokens && (size_t)id < n_vocab; id++) {
        size_t first = f->entries.len;
        mote_buffer_clear(&f->piece);
        if (mote_tokenizer_piece(tokenizer, id, true, &f->piece) != MOTE_OK) {
            status = mote_error_alloc(err, MAX_PIECE_BYTES);
            goto done;
        }
        for (size_t b = 0; b < n_breakers; b++)
            MOTE_TRY_DONE(find_in_piece(f, id, first, b, err));
    }
    d->n_breakers = f->entries.len / sizeof *d->breakers;
    d->breakers = (mote_sampler_dry_breaker *)(void *)mote_buffer_take(&f->entries);
    d->tails = (int32_t *)(void *)mote_buffer_take(&f->tail_tokens);
    if (!d->breakers || !d->tails)
        status = mote_error_alloc(err, 1);
done:
    mote_buffer_deinit(&f->entries);
    mote_buffer_deinit(&f->tail_tokens);
    mote_buffer_deinit(&f->piece);
    mote_mem_free(f);
    return status;
}
