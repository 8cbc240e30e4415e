#include "engine/reading.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/mem.h"
#include "text/tokenizer.h"

#include <string.h>

enum { TEXT_MAX = 1 << 30 }; /* the tokenizer's own limit */

size_t mote_reading_most_tokens(const mote_model *m, const mote_pooler *p) {
    size_t most = mote_pooler_most_tokens(p);
    return m->sentence.max_tokens != 0 && m->sentence.max_tokens < most ? m->sentence.max_tokens : most;
}

/* Ids of prompt and text together, without anything around them. */
static mote_status tokenize(const mote_model *m, mote_str prompt, mote_str text, int32_t **ids, size_t *n, mote_error *err) {
    static const mote_normalize_step lower = {.op = MOTE_NORMALIZE_LOWERCASE};
    mote_buffer joined, lowered;
    mote_status status = MOTE_OK;
    mote_buffer_init(&joined, TEXT_MAX);
    mote_buffer_init(&lowered, TEXT_MAX);
    if (prompt.len) {
        MOTE_TRY_DONE(mote_buffer_append_str(&joined, prompt));
        MOTE_TRY_DONE(mote_buffer_append_str(&joined, text));
        text = mote_buffer_str(&joined);
    }
    if (m->sentence.lowers && text.len) {
        MOTE_TRY_DONE(mote_normalize_apply(&lower, (const uint8_t *)text.data, text.len, true, &lowered, err));
        text = mote_buffer_str(&lowered);
    }
    status = mote_tokenize(m->tokenizer, text.data, text.len, 0, ids, n, err);
done:
    mote_buffer_deinit(&joined);
    mote_buffer_deinit(&lowered);
    return status == MOTE_ERR_ALLOC || status == MOTE_ERR_LIMIT ? mote_error_set(err, status, "a text of %zu bytes: %s", text.len, mote_status_text(status)) : status;
}

static mote_status take_room(mote_reading *r, size_t n, bool has_types, mote_error *err) {
    r->ids = mote_mem_alloc_array(n, sizeof *r->ids);
    r->types = has_types ? mote_mem_zalloc_array(n, sizeof *r->types) : NULL;
    if (r->ids && (r->types || !has_types))
        return MOTE_OK;
    mote_reading_deinit(r);
    return mote_error_alloc(err, n * (sizeof *r->ids + 1));
}

static void put(mote_reading *r, const int32_t *ids, size_t n, unsigned type) {
    if (n)
        memcpy(r->ids + r->n, ids, n * sizeof *ids);
    if (r->types && n)
        memset(r->types + r->n, (int)type, n);
    r->n += n;
}

/* The prompt's tokens, which some models leave out of the mean. */
static mote_status count_prompt(const mote_model *m, mote_str prompt, mote_reading *r, mote_error *err) {
    int32_t *ids;
    size_t n;
    if (m->sentence.pools_prompt || prompt.len == 0)
        return MOTE_OK;
    MOTE_TRY(tokenize(m, (mote_str){0}, prompt, &ids, &n, err));
    mote_mem_free(ids);
    n += m->tokenizer->n_before;
    r->n_unpooled = n < r->n ? n : r->n - 1;
    return MOTE_OK;
}

mote_status mote_reading_of_text(const mote_model *m, mote_str prompt, mote_str text, size_t most, mote_reading *r, mote_error *err) {
    const mote_tokenizer *t = m->tokenizer;
    size_t around = t->n_before + t->n_after, n;
    int32_t *ids = NULL;
    *r = (mote_reading){0};
    if (most <= around)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model takes %zu tokens, and %zu stand around every text", most, around);
    MOTE_TRY(tokenize(m, prompt, text, &ids, &n, err));
    mote_status status;
    size_t kept = n < most - around ? n : most - around;
    if (kept + around == 0) {
        status = mote_error_set(err, MOTE_ERR_ARGUMENT, "the text has no tokens");
        goto done;
    }
    MOTE_TRY_DONE(take_room(r, kept + around, false, err));
    r->n_dropped = n - kept;
    put(r, t->before, t->n_before, 0);
    put(r, ids, kept, 0);
    put(r, t->after, t->n_after, 0);
    status = count_prompt(m, prompt, r, err);
done:
    mote_mem_free(ids);
    if (status != MOTE_OK)
        mote_reading_deinit(r);
    return status;
}

/* Shortens the longer text until both fit, as the tokenizers library does ("longest first"). */
static void cut_longest(size_t room, size_t *a, size_t *b) {
    size_t *small = *a <= *b ? a : b, *large = *a <= *b ? b : a;
    if (*a + *b <= room)
        return;
    if (*small > room / 2)
        *small = room / 2;
    *large = room - *small;
}

mote_status mote_reading_of_pair(const mote_model *m, const int32_t *query, size_t n_query, mote_str passage, size_t most, mote_reading *r, mote_error *err) {
    const mote_tokenizer *t = m->tokenizer;
    size_t around = (size_t)t->n_before + t->n_between + t->n_after, n;
    int32_t *ids = NULL;
    *r = (mote_reading){0};
    if (t->n_between == 0)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model's tokenizer doesn't say what stands between the texts of a pair");
    if (most <= around)
        return mote_error_set(err, MOTE_ERR_UNSUPPORTED, "the model takes %zu tokens, and %zu stand around every pair", most, around);
    MOTE_TRY(tokenize(m, (mote_str){0}, passage, &ids, &n, err));
    unsigned type = t->second_type < m->h.n_token_types ? t->second_type : 0;
    size_t n_first = n_query, n_second = n;
    cut_longest(most - around, &n_first, &n_second);
    mote_status status;
    MOTE_TRY_DONE(take_room(r, n_first + n_second + around, true, err));
    r->n_dropped = n_query + n - n_first - n_second;
    put(r, t->before, t->n_before, 0);
    put(r, query, n_first, 0);
    put(r, t->between, t->n_between, 0);
    put(r, ids, n_second, type);
    put(r, t->after, t->n_after, type);
done:
    mote_mem_free(ids);
    return status;
}

void mote_reading_deinit(mote_reading *r) {
    mote_mem_free(r->ids);
    mote_mem_free(r->types);
    *r = (mote_reading){0};
}
