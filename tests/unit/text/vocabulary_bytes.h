/* Builds the GGUF of a vocabulary in memory, well-formed or not, and opens it as a tokenizer. */
#ifndef MOTE_TESTS_VOCABULARY_BYTES_H
#define MOTE_TESTS_VOCABULARY_BYTES_H

#include "base/buffer.h"
#include "base/mem.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

typedef struct vocabulary_file {
    mote_buffer values;
    uint32_t n_values;
} vocabulary_file;

static inline void file_begin(vocabulary_file *f) {
    mote_buffer_init(&f->values, 8 << 20);
    f->n_values = 0;
}

static inline void put(vocabulary_file *f, const void *data, size_t n) {
    assert_int_equal(mote_buffer_append(&f->values, data, n), MOTE_OK);
}

static inline void put_number(vocabulary_file *f, uint64_t x, size_t n_bytes) {
    put(f, &x, n_bytes);
}

static inline void put_text(vocabulary_file *f, const char *text) {
    put_number(f, strlen(text), 8);
    put(f, text, strlen(text));
}

static inline void put_key(vocabulary_file *f, const char *key, uint32_t type) {
    put_text(f, key);
    put_number(f, type, 4);
    f->n_values++;
}

static inline void put_string(vocabulary_file *f, const char *key, const char *value) {
    put_key(f, key, MOTE_GGUF_STRING);
    put_text(f, value);
}

static inline void put_u32(vocabulary_file *f, const char *key, uint32_t value) {
    put_key(f, key, MOTE_GGUF_U32);
    put_number(f, value, 4);
}

static inline void put_bool(vocabulary_file *f, const char *key, bool value) {
    put_key(f, key, MOTE_GGUF_BOOL);
    put_number(f, value, 1);
}

static inline void put_array(vocabulary_file *f, const char *key, uint32_t item_type, uint64_t n) {
    put_key(f, key, MOTE_GGUF_ARRAY);
    put_number(f, item_type, 4);
    put_number(f, n, 8);
}

static inline void put_strings(vocabulary_file *f, const char *key, const char *const *items, size_t n) {
    put_array(f, key, MOTE_GGUF_STRING, n);
    for (size_t i = 0; i < n; i++)
        put_text(f, items[i]);
}

static inline void put_types(vocabulary_file *f, const int32_t *types, size_t n) {
    put_array(f, "tokenizer.ggml.token_type", MOTE_GGUF_I32, n);
    put(f, types, n * sizeof *types);
}

static inline void put_scores(vocabulary_file *f, const float *scores, size_t n) {
    put_array(f, "tokenizer.ggml.scores", MOTE_GGUF_F32, n);
    put(f, scores, n * sizeof *scores);
}

/* Frees the file's bytes: a tokenizer must not need them. */
static inline mote_status file_open(vocabulary_file *f, mote_tokenizer **t, mote_error *err) {
    mote_buffer all;
    mote_gguf *g = NULL;
    mote_buffer_init(&all, 9 << 20);
    uint32_t version = 3;
    uint64_t counts[2] = {0, f->n_values};
    assert_int_equal(mote_buffer_append(&all, "GGUF", 4), MOTE_OK);
    assert_int_equal(mote_buffer_append(&all, &version, 4), MOTE_OK);
    assert_int_equal(mote_buffer_append(&all, counts, sizeof counts), MOTE_OK);
    assert_int_equal(mote_buffer_append(&all, f->values.data, f->values.len), MOTE_OK);
    mote_buffer_deinit(&f->values);
    *t = NULL;
    assert_int_equal(mote_gguf_open_memory((const uint8_t *)all.data, all.len, "test", &g, err), MOTE_OK);
    mote_status status = mote_tokenizer_from_gguf(g, t, err);
    mote_gguf_close(&g);
    mote_buffer_deinit(&all);
    return status;
}

/* A byte-level vocabulary: ids 0 to 255 are the bytes, then the results of the merges ("a b"), then control tokens, then one user-defined token. */
static inline void put_byte_level(vocabulary_file *f, const char *pre, const char *const *merges, size_t n_merges, const char *const *controls, size_t n_controls) {
    size_t n = 256 + n_merges + n_controls + 1;
    char joined[64];
    put_string(f, "tokenizer.ggml.model", "gpt2");
    put_string(f, "tokenizer.ggml.pre", pre);
    put_array(f, "tokenizer.ggml.tokens", MOTE_GGUF_STRING, n);
    for (unsigned i = 0; i < 256; i++) {
        uint8_t spelled[4];
        size_t len = mote_unicode_encode(mote_unicode_of_byte((uint8_t)i), spelled);
        put_number(f, len, 8);
        put(f, spelled, len);
    }
    for (size_t i = 0; i < n_merges; i++) {
        const char *space = strchr(merges[i], ' ');
        snprintf(joined, sizeof joined, "%.*s%s", (int)(space - merges[i]), merges[i], space + 1);
        put_text(f, joined);
    }
    for (size_t i = 0; i < n_controls; i++)
        put_text(f, controls[i]);
    put_text(f, "<tool>");
    put_array(f, "tokenizer.ggml.token_type", MOTE_GGUF_I32, n);
    for (size_t i = 0; i < n; i++)
        put_number(f, i < 256 + n_merges ? MOTE_TOKEN_NORMAL : i + 1 < n ? MOTE_TOKEN_CONTROL : MOTE_TOKEN_USER_DEFINED, 4);
    put_strings(f, "tokenizer.ggml.merges", merges, n_merges);
}

static inline void expect_ids(const mote_tokenizer *t, const char *text, size_t len, unsigned flags, const int32_t *want, size_t n_want) {
    int32_t *ids = NULL;
    size_t n = 0;
    mote_error err = {0};
    assert_int_equal(mote_tokenize(t, text, len, flags, &ids, &n, &err), MOTE_OK);
    if (n != n_want || (n > 0 && memcmp(ids, want, n * sizeof *ids) != 0)) {
        print_error("'%s' gives", text);
        for (size_t i = 0; i < n; i++)
            print_error(" %d (%s)", ids[i], mote_tokenizer_text(t, ids[i]));
        fail_msg("\nwhich is not expected");
    }
    mote_mem_free(ids);
}

#define EXPECT(t, text, flags, ...)                                                      \
    do {                                                                                 \
        static const int32_t want_[] = {__VA_ARGS__};                                    \
        expect_ids(t, text, strlen(text), flags, want_, sizeof want_ / sizeof want_[0]); \
    } while (0)

static inline void expect_text(const mote_tokenizer *t, const int32_t *ids, size_t n, bool special, const char *want) {
    char *text = NULL;
    size_t len = 0;
    assert_int_equal(mote_detokenize(t, ids, n, special, &text, &len, NULL), MOTE_OK);
    assert_int_equal(len, strlen(want));
    assert_string_equal(text, want);
    mote_mem_free(text);
}

#define EXPECT_TEXT(t, special, want, ...) expect_text(t, (const int32_t[]){__VA_ARGS__}, sizeof((const int32_t[]){__VA_ARGS__}) / sizeof(int32_t), special, want)

#endif
