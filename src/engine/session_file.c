#include "engine/session_file.h"

#include "base/checksum.h"
#include "base/dtype.h"
#include "base/error.h"
#include "base/file.h"
#include "base/mem.h"
#include "kernels/attention.h"
#include "model/cache_rows.h"

#include <string.h>

static const char MAGIC[8] = {'m', 'o', 't', 'e', 's', 'e', 's', '1'};
_Static_assert(sizeof(mote_session_header) == 368, "the format has no gaps");
enum { SUMMED_FROM = offsetof(mote_session_header, n_bytes), BUFFER_BYTES = 1 << 20 };

void mote_session_file_init_header(mote_session_header *h, const mote_session_key *key) {
    *h = (mote_session_header){.key = *key};
    memcpy(h->magic, MAGIC, sizeof MAGIC);
}

/* Visits all pieces of a timeline's first n tokens that a file has. c is a copy whose windows begin where the file's do. */
static mote_status visit_rows(const mote_cache *c, size_t n, mote_cache_piece_fn fn, void *context) {
    mote_status status = MOTE_OK;
    for (size_t from = 0; status == MOTE_OK && from < n; from += MOTE_ATTENTION_BLOCK) {
        size_t to = from + MOTE_ATTENTION_BLOCK;
        status = mote_cache_visit_rows(c, from, to < n ? to : n, mote_cache_window_from(c->layout, n), fn, context);
    }
    return status;
}

/* Reading */

mote_status mote_session_file_check_sum(const uint8_t *data, size_t n_bytes, mote_error *err) {
    mote_session_header h;
    if (n_bytes < sizeof h || memcmp(data, MAGIC, sizeof MAGIC) != 0)
        return mote_error_set(err, MOTE_ERR_FORMAT, "no session file of this version of its format");
    memcpy(&h, data, sizeof h);
    if (h.n_bytes != n_bytes)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session file has %zu bytes, it should have %llu", n_bytes, (unsigned long long)h.n_bytes);
    mote_checksum sum;
    mote_checksum_init(&sum);
    mote_checksum_update(&sum, data + SUMMED_FROM, n_bytes - SUMMED_FROM);
    if (mote_checksum_value(&sum) != h.checksum)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session file is damaged: its checksum is wrong");
    return MOTE_OK;
}

static const char *type_name(uint32_t type) {
    const mote_dtype_info *info = mote_dtype_get(type <= INT32_MAX ? (int)type : -1);
    return info ? info->name : "?";
}

static mote_status check_adapters(const mote_session_key *was, const mote_session_key *is, mote_error *err) {
    if (was->n_adapters != is->n_adapters)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session was saved with %u adapters, here are %u", (unsigned)was->n_adapters, (unsigned)is->n_adapters);
    for (uint32_t i = 0; i < is->n_adapters; i++) {
        if (was->adapters[i] != is->adapters[i])
            return mote_error_set(err, MOTE_ERR_FORMAT, "the session was saved with another adapter %u", (unsigned)i);
        if (memcmp(&was->scales[i], &is->scales[i], sizeof is->scales[i]) != 0)
            return mote_error_set(err, MOTE_ERR_FORMAT, "the session was saved with scale %g of adapter %u, here it is %g", (double)was->scales[i], (unsigned)i,
                                  (double)is->scales[i]);
    }
    return MOTE_OK;
}

static mote_status check_key(const mote_session_key *was, const mote_session_key *is, mote_error *err) {
    if (memcmp(was->library, is->library, sizeof is->library) != 0 || was->cache_format != is->cache_format)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session was saved by mote %.16s (cache format %u), this is %.16s (%u)", was->library, (unsigned)was->cache_format,
                              is->library, (unsigned)is->cache_format);
    if (was->model != is->model)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session was saved with another model: '%.64s' (%.16s); this one is '%.64s' (%.16s)", was->model_name, was->weights_type,
                              is->model_name, is->weights_type);
    if (was->type_k != is->type_k || was->type_v != is->type_v)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session was saved with a cache of %s keys (-ctk) and %s values (-ctv), this one has %s and %s", type_name(was->type_k),
                              type_name(was->type_v), type_name(is->type_k), type_name(is->type_v));
    if (was->is_long != is->is_long)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session was saved in a context of %u tokens (-c), for which this model rotates positions otherwise than for %u",
                              (unsigned)was->n_ctx, (unsigned)is->n_ctx);
    return check_adapters(was, is, err);
}

static mote_status check_counts(const mote_session_header *h, const mote_cache_layout *l, size_t n_ctx, mote_error *err) {
    if (h->n_tokens > n_ctx)
        return mote_error_set(err, MOTE_ERR_CONTEXT, "the session has %llu tokens, the context holds %zu", (unsigned long long)h->n_tokens, n_ctx);
    if (h->n_computed > h->n_tokens || h->n_saved > h->n_computed || (h->n_saved != 0 && !l->has_states))
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session file counts %llu tokens, %llu computed, %llu saved", (unsigned long long)h->n_tokens,
                              (unsigned long long)h->n_computed, (unsigned long long)h->n_saved);
    return MOTE_OK;
}

typedef struct rows_check {
    const uint8_t *at;
    bool is_finite;
} rows_check;

static mote_status check_piece(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes) {
    rows_check *r = context;
    if (!bytes)
        return MOTE_OK;
    r->is_finite = r->is_finite && mote_cache_is_finite(type, n_lanes, r->at, n_bytes);
    r->at += n_bytes;
    return r->is_finite ? MOTE_OK : MOTE_ERR_FORMAT;
}

static mote_status check_contents(const mote_session_file *f, const mote_cache *c, uint32_t n_vocab, mote_error *err) {
    for (size_t i = 0; i < f->header.n_tokens; i++) {
        int32_t id;
        memcpy(&id, f->tokens + i * sizeof id, sizeof id);
        if (id < 0 || (uint32_t)id >= n_vocab)
            return mote_error_set(err, MOTE_ERR_FORMAT, "token %zu of the session file: id %d is outside the vocabulary of %u", i, (int)id, (unsigned)n_vocab);
    }
    rows_check check = {.at = f->rows, .is_finite = true};
    mote_status status = visit_rows(c, f->header.n_computed, check_piece, &check);
    for (int saved = 0; status == MOTE_OK && saved < 2; saved++) {
        check.at = saved ? f->saved : f->states;
        if (check.at)
            status = mote_cache_visit_states(c, saved, check_piece, &check);
    }
    return status == MOTE_OK ? status : mote_error_set(err, status, "the session file holds keys, values or states that are not finite");
}

/* Where each part begins; the bytes of all. */
static size_t lay_out(mote_session_file *f, const uint8_t *data, const mote_cache_layout *l) {
    size_t at = sizeof f->header, n = f->header.n_computed, n_states = mote_cache_states_bytes(l);
    size_t tokens = at, rows = at += f->header.n_tokens * sizeof(int32_t);
    for (size_t from = 0; from < n; from += MOTE_ATTENTION_BLOCK) {
        size_t to = from + MOTE_ATTENTION_BLOCK;
        at += mote_cache_rows_bytes(l, from, to < n ? to : n, mote_cache_window_from(l, n));
    }
    size_t states = at, saved = at += n != 0 ? n_states : 0;
    at += f->header.n_saved != 0 ? n_states : 0;
    if (data) {
        f->tokens = data + tokens;
        f->rows = data + rows;
        f->states = saved > states ? data + states : NULL;
        f->saved = at > saved ? data + saved : NULL;
    }
    return at;
}

mote_status mote_session_file_parse(const uint8_t *data, size_t n_bytes, const mote_session_key *key, const mote_cache *c, size_t n_ctx, uint32_t n_vocab, mote_session_file *f,
                                    mote_error *err) {
    *f = (mote_session_file){0};
    if (n_bytes < sizeof f->header)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session file ends in its header");
    memcpy(&f->header, data, sizeof f->header);
    MOTE_TRY(check_key(&f->header.key, key, err));
    MOTE_TRY(check_counts(&f->header, c->layout, n_ctx, err));
    size_t needed = lay_out(f, NULL, c->layout);
    if (needed != n_bytes)
        return mote_error_set(err, MOTE_ERR_FORMAT, "the session file has %zu bytes, %zu are what its %llu tokens take", n_bytes, needed, (unsigned long long)f->header.n_tokens);
    (void)lay_out(f, data, c->layout);
    mote_cache as_saved = *c;
    as_saved.window_base = mote_cache_window_from(c->layout, f->header.n_computed);
    return check_contents(f, &as_saved, n_vocab, err);
}

static mote_status load_piece(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes) {
    const uint8_t **at = context;
    (void)type;
    (void)n_lanes;
    if (!bytes)
        return MOTE_OK;
    memcpy(bytes, *at, n_bytes);
    *at += n_bytes;
    return MOTE_OK;
}

void mote_session_file_load(const mote_session_file *f, int32_t *tokens, mote_cache *c) {
    const uint8_t *at = f->rows, *states = f->states, *saved = f->saved;
    memcpy(tokens, f->tokens, f->header.n_tokens * sizeof *tokens);
    c->window_base = mote_cache_window_from(c->layout, f->header.n_computed);
    c->n_saved = f->header.n_saved;
    /* load_piece never fails */
    (void)!visit_rows(c, f->header.n_computed, load_piece, &at);
    if (states)
        (void)!mote_cache_visit_states(c, false, load_piece, &states);
    if (saved)
        (void)!mote_cache_visit_states(c, true, load_piece, &saved);
}

/* Writing */

typedef struct sink {
    mote_file_writer *writer;
    mote_checksum sum;
    uint8_t *buffer;
    size_t n;
    mote_error *err;
} sink;

static mote_status flush(sink *s) {
    size_t n = s->n;
    s->n = 0;
    mote_checksum_update(&s->sum, s->buffer, n);
    return mote_file_writer_write(s->writer, s->buffer, n, s->err);
}

static mote_status put(sink *s, const void *data, size_t n_bytes) {
    const uint8_t *p = data;
    while (n_bytes > 0) {
        size_t n = n_bytes < BUFFER_BYTES - s->n ? n_bytes : BUFFER_BYTES - s->n;
        memcpy(s->buffer + s->n, p, n);
        s->n += n;
        p += n;
        n_bytes -= n;
        if (s->n == BUFFER_BYTES)
            MOTE_TRY(flush(s));
    }
    return MOTE_OK;
}

static mote_status put_piece(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes) {
    (void)type;
    (void)n_lanes;
    return bytes ? put(context, bytes, n_bytes) : MOTE_OK;
}

static mote_status put_all(sink *s, mote_session_header *h, const int32_t *tokens, const mote_cache *c) {
    h->n_bytes = lay_out(&(mote_session_file){.header = *h}, NULL, c->layout);
    h->checksum = 0;
    MOTE_TRY(mote_file_writer_write(s->writer, h, SUMMED_FROM, s->err));
    MOTE_TRY(put(s, (const uint8_t *)h + SUMMED_FROM, sizeof *h - SUMMED_FROM));
    MOTE_TRY(put(s, tokens, h->n_tokens * sizeof *tokens));
    MOTE_TRY(visit_rows(c, h->n_computed, put_piece, s));
    if (h->n_computed != 0)
        MOTE_TRY(mote_cache_visit_states(c, false, put_piece, s));
    if (h->n_saved != 0)
        MOTE_TRY(mote_cache_visit_states(c, true, put_piece, s));
    MOTE_TRY(flush(s));
    h->checksum = mote_checksum_value(&s->sum);
    return mote_file_writer_patch(s->writer, offsetof(mote_session_header, checksum), &h->checksum, sizeof h->checksum, s->err);
}

mote_status mote_session_file_write(const char *path, mote_session_header *h, const int32_t *tokens, const mote_cache *c, mote_error *err) {
    sink s = {.err = err, .buffer = mote_mem_alloc(BUFFER_BYTES)};
    if (!s.buffer)
        return mote_error_alloc(err, BUFFER_BYTES);
    mote_checksum_init(&s.sum);
    mote_status status = mote_file_writer_create(path, &s.writer, err);
    if (status == MOTE_OK)
        status = put_all(&s, h, tokens, c);
    if (status == MOTE_OK)
        status = mote_file_writer_commit(&s.writer, err);
    mote_file_writer_discard(&s.writer);
    mote_mem_free(s.buffer);
    return status;
}
