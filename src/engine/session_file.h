/* A session's timeline as a file, little-endian:
 *
 *     mote_session_header
 *     tokens [n_tokens] int32
 *     rows of the first n_computed positions, 32 at a time, in the order of mote_cache_visit_rows; of windowed layers those that the next token sees
 *     states of recurrent layers, where n_computed isn't 0; their saved copy, where n_saved isn't 0
 *
 * Rows are as the cache has them, so a file is good for the model, adapters, types, version and format that its header names, and refused for others. */
#ifndef MOTE_ENGINE_SESSION_FILE_H
#define MOTE_ENGINE_SESSION_FILE_H

#include "model/cache.h"

#include <mote/adapter.h>

/* What keys and values depend on beside the tokens. */
typedef struct mote_session_key {
    char library[16]; /* version of mote: another one may compute other bits */
    uint32_t cache_format;
    uint32_t type_k, type_v;
    uint32_t is_long, n_ctx; /* positions rotate as for contexts beyond the original one (long rope); n_ctx is for the message */
    uint32_t n_adapters;
    uint64_t model; /* model/identity.h */
    char model_name[64], weights_type[16];
    uint64_t adapters[MOTE_ADAPTERS_MAX];
    float scales[MOTE_ADAPTERS_MAX];
} mote_session_key;

typedef struct mote_session_header {
    char magic[8];
    uint64_t checksum; /* of everything behind it */
    uint64_t n_bytes;  /* of the file */
    mote_session_key key;
    uint64_t n_tokens, n_computed, n_saved;
} mote_session_header;

typedef struct mote_session_file {
    mote_session_header header;
    const uint8_t *tokens, *rows, *states, *saved; /* the last two NULL: there are none */
} mote_session_file;

void mote_session_file_init_header(mote_session_header *h, const mote_session_key *key);
/* MOTE_ERR_FORMAT: no session file, cut, or damaged. */
MOTE_MUST_CHECK mote_status mote_session_file_check_sum(const uint8_t *data, size_t n_bytes, mote_error *err);
/* Checks everything but the sum: what was saved must fit key, the cache c (whose contents are not looked at), a context of n_ctx and a vocabulary of n_vocab. The file borrows
 * data. MOTE_ERR_FORMAT, _CONTEXT. */
MOTE_MUST_CHECK mote_status mote_session_file_parse(const uint8_t *data, size_t n_bytes, const mote_session_key *key, const mote_cache *c, size_t n_ctx, uint32_t n_vocab,
                                                    mote_session_file *file, mote_error *err);
/* Copies a parsed file's tokens and cache; c is then one of n_computed tokens. */
void mote_session_file_load(const mote_session_file *file, int32_t *tokens, mote_cache *c);
/* h has the key and the numbers of tokens. */
MOTE_MUST_CHECK mote_status mote_session_file_write(const char *path, mote_session_header *h, const int32_t *tokens, const mote_cache *c, mote_error *err);

#endif
