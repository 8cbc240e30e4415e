/* Sessions copied: to another session of the engine, to a file and back. */
#include "base/error.h"
#include "base/file.h"
#include "engine/engine.h"
#include "engine/session_file.h"
#include "model/cache_rows.h"
#include "model/identity.h"

#include <mote/version.h>

#include <stdio.h>
#include <string.h>

static mote_status make_key(const mote_session *s, mote_session_key *key, mote_error *err) {
    mote_engine *e = s->engine;
    const mote_model *m = e->model;
    if (e->identity == 0)
        MOTE_TRY(mote_identity_of_model(m, &e->identity, err));
    *key = (mote_session_key){.cache_format = MOTE_CACHE_FORMAT,
                              .type_k = (uint32_t)e->layout.type_k,
                              .type_v = (uint32_t)e->layout.type_v,
                              .is_long = m->inv_freq[2] && (float)e->n_ctx > m->h.rope.original_context,
                              .n_ctx = (uint32_t)e->n_ctx,
                              .n_adapters = (uint32_t)s->adapters.n,
                              .model = e->identity};
    snprintf(key->library, sizeof key->library, "%s", MOTE_VERSION);
    snprintf(key->model_name, sizeof key->model_name, "%s", m->name ? m->name : "");
    snprintf(key->weights_type, sizeof key->weights_type, "%s", m->exact ? "exact F32" : m->type_text);
    for (size_t i = 0; i < s->adapters.n; i++) {
        key->adapters[i] = s->adapters.adapters[i]->identity;
        key->scales[i] = s->adapters.scales[i];
    }
    return MOTE_OK;
}

mote_status mote_session_save(const mote_session *session, const char *path, mote_error *err) {
    mote_session_key key;
    mote_session_header header;
    MOTE_TRY(make_key(session, &key, err));
    mote_session_file_init_header(&header, &key);
    header.n_tokens = session->n_tokens;
    header.n_computed = session->n_computed;
    header.n_saved = session->n_computed == 0 ? 0 : session->cache.n_saved;
    return mote_session_file_write(path, &header, session->tokens, &session->cache, err);
}

mote_status mote_session_restore(mote_session *session, const char *path, mote_error *err) {
    mote_engine *e = session->engine;
    mote_session_key key;
    mote_session_file file;
    mote_file_map map;
    MOTE_TRY(make_key(session, &key, err));
    MOTE_TRY(mote_file_map_open(path, &map, err));
    mote_status status = mote_session_file_check_sum(map.data, map.len, err);
    if (status == MOTE_OK)
        status = mote_session_file_parse(map.data, map.len, &key, &session->cache, e->n_ctx, e->model->h.n_vocab, &file, err);
    if (status == MOTE_OK) {
        mote_session_file_load(&file, session->tokens, &session->cache);
        session->n_tokens = file.header.n_tokens;
        session->n_computed = file.header.n_computed;
        session->fed_several = false;
        session->logits = NULL;
    } else {
        mote_error_prefix(err, "%s", path);
    }
    mote_file_map_close(&map);
    return status;
}

typedef struct two_caches {
    const mote_cache *from;
    mote_cache *to;
} two_caches;

static mote_status copy_piece(void *context, mote_dtype type, size_t n_lanes, uint8_t *bytes, size_t n_bytes) {
    two_caches *c = context;
    (void)type;
    (void)n_lanes;
    if (bytes)
        memcpy(c->to->data + (bytes - c->from->data), bytes, n_bytes);
    return MOTE_OK;
}

static mote_status copy_cache(const mote_session *s, mote_cache *to) {
    two_caches both = {&s->cache, to};
    to->window_base = s->cache.window_base;
    to->n_saved = s->cache.n_saved;
    for (size_t from = 0; from < s->n_computed; from += MOTE_PREFIX_BLOCK) {
        size_t end = from + MOTE_PREFIX_BLOCK;
        MOTE_TRY(mote_cache_visit_rows(&s->cache, from, end < s->n_computed ? end : s->n_computed, s->cache.window_base, copy_piece, &both));
    }
    for (int saved = 0; saved < 2; saved++)
        MOTE_TRY(mote_cache_visit_states(&s->cache, saved, copy_piece, &both));
    return MOTE_OK;
}

mote_status mote_session_fork(const mote_session *session, mote_session **fork, mote_error *err) {
    mote_session *f;
    *fork = NULL;
    MOTE_TRY(mote_session_create(session->engine, &f, err));
    mote_status status = mote_session_set_adapters(f, session->adapters.adapters, session->adapters.scales, session->adapters.n, err);
    if (status == MOTE_OK)
        status = copy_cache(session, &f->cache);
    if (status != MOTE_OK) {
        mote_session_free(&f);
        return status;
    }
    memcpy(f->tokens, session->tokens, session->n_tokens * sizeof *f->tokens);
    f->n_tokens = session->n_tokens;
    f->n_computed = session->n_computed;
    f->fed_several = session->fed_several;
    f->owner = session->owner;
    *fork = f;
    return MOTE_OK;
}

void mote_session_set_salt(mote_session *session, uint64_t salt) {
    if (session->owner.salt == salt)
        return;
    session->owner.salt = salt;
    session->n_computed = 0;
    session->logits = NULL;
}
