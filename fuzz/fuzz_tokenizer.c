/* Tokenizers. The first byte chooses: a text for one of the vocabularies made here, which must come back from its ids byte for byte, at once and (where it is
 * UTF-8) as a stream; or the rest is read as a GGUF, a tokenizer.json or a tokenizer.model, and what is accepted tokenizes a short text. */
#include "base/buffer.h"
#include "base/mem.h"
#include "formats/json.h"
#include "text/tokenizer.h"
#include "text/tokenizer_json.h"
#include "text/unicode.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

static const char *const pre_names[] = {"gpt-2", "llama-bpe", "smollm", "tekken", "gpt-4o", "deepseek-v3", "deepseek-coder", "default"};
enum { N_PRE = sizeof pre_names / sizeof pre_names[0] };

static const char *const merges[] = {"a a", "aa aa", "a b", "ab a", "h e", "l l", "he ll", "hell o", "\xc4\xa0 \xc4\xa0", "\xc4\xa0 a", "1 2", "\xc3\x83 \xc2\xa9", "' s"};
enum { N_MERGES = sizeof merges / sizeof merges[0], N_SPECIALS = 3 };
static const char *const specials[N_SPECIALS] = {"<|im_end|>", "<|im_start|>", "<tool>"};

static void must(mote_status status) {
    if (status != MOTE_OK)
        __builtin_trap();
}

static void put(mote_buffer *b, uint64_t x, size_t n) {
    for (size_t i = 0; i < n; i++)
        must(mote_buffer_append_char(b, (char)(x >> (8 * i))));
}

static void put_text(mote_buffer *b, const char *text, size_t len) {
    put(b, len, 8);
    must(mote_buffer_append(b, text, len));
}

static void put_key(mote_buffer *b, const char *key, uint32_t type) {
    put_text(b, key, strlen(key));
    put(b, type, 4);
}

static void put_array(mote_buffer *b, const char *key, uint32_t item_type, uint64_t n) {
    put_key(b, key, MOTE_GGUF_ARRAY);
    put(b, item_type, 4);
    put(b, n, 8);
}

static void put_joined(mote_buffer *b, const char *merge) {
    const char *space = strchr(merge, ' ');
    put(b, strlen(merge) - 1, 8);
    must(mote_buffer_append(b, merge, (size_t)(space - merge)));
    must(mote_buffer_append_text(b, space + 1));
}

/* 256 bytes, the merges' results, three special tokens. */
static mote_tokenizer *make(const char *pre) {
    mote_buffer b;
    mote_buffer_init(&b, 1 << 16);
    must(mote_buffer_append(&b, "GGUF", 4));
    put(&b, 3, 4);
    put(&b, 0, 8);
    put(&b, 5, 8);
    put_key(&b, "tokenizer.ggml.model", MOTE_GGUF_STRING);
    put_text(&b, "gpt2", 4);
    put_key(&b, "tokenizer.ggml.pre", MOTE_GGUF_STRING);
    put_text(&b, pre, strlen(pre));
    put_array(&b, "tokenizer.ggml.tokens", MOTE_GGUF_STRING, 256 + N_MERGES + N_SPECIALS);
    for (unsigned i = 0; i < 256; i++) {
        uint8_t spelled[4];
        put_text(&b, (char *)spelled, mote_unicode_encode(mote_unicode_of_byte((uint8_t)i), spelled));
    }
    for (unsigned i = 0; i < N_MERGES; i++)
        put_joined(&b, merges[i]);
    for (unsigned i = 0; i < N_SPECIALS; i++)
        put_text(&b, specials[i], strlen(specials[i]));
    put_array(&b, "tokenizer.ggml.token_type", MOTE_GGUF_I32, 256 + N_MERGES + N_SPECIALS);
    for (unsigned i = 0; i < 256 + N_MERGES + N_SPECIALS; i++)
        put(&b, i < 256 + N_MERGES ? MOTE_TOKEN_NORMAL : i < 256 + N_MERGES + 2 ? MOTE_TOKEN_CONTROL : MOTE_TOKEN_USER_DEFINED, 4);
    put_array(&b, "tokenizer.ggml.merges", MOTE_GGUF_STRING, N_MERGES);
    for (unsigned i = 0; i < N_MERGES; i++)
        put_text(&b, merges[i], strlen(merges[i]));
    mote_gguf *g = NULL;
    mote_tokenizer *t = NULL;
    must(mote_gguf_open_memory((const uint8_t *)b.data, b.len, "fuzz", &g, NULL));
    must(mote_tokenizer_from_gguf(g, &t, NULL));
    mote_gguf_close(&g);
    mote_buffer_deinit(&b);
    return t;
}

static bool is_utf8(const uint8_t *s, size_t len) {
    uint32_t c = 0;
    for (size_t i = 0; i < len; i += mote_unicode_decode(s + i, len - i, &c))
        if (c == MOTE_UNICODE_BAD)
            return false;
    return c != MOTE_UNICODE_BAD;
}

static void check_stream(const mote_tokenizer *t, const int32_t *ids, size_t n, const uint8_t *text, size_t len) {
    mote_detokenizer *d = NULL;
    const char *piece;
    size_t piece_len, at = 0;
    must(mote_detokenizer_create(t, true, &d, NULL));
    for (size_t i = 0; i <= n; i++) {
        must(i < n ? mote_detokenizer_push(d, ids[i], &piece, &piece_len) : mote_detokenizer_flush(d, &piece, &piece_len));
        if (at + piece_len > len || memcmp(piece, text + at, piece_len) != 0 || !is_utf8((const uint8_t *)piece, piece_len))
            __builtin_trap();
        at += piece_len;
    }
    if (at != len)
        __builtin_trap();
    mote_detokenizer_free(&d);
}

static void round_trip(const mote_tokenizer *t, const uint8_t *text, size_t len, unsigned flags) {
    int32_t *ids = NULL;
    size_t n = 0, back_len = 0;
    char *back = NULL;
    must(mote_tokenize(t, (const char *)text, len, flags, &ids, &n, NULL));
    must(mote_detokenize(t, ids, n, true, &back, &back_len, NULL));
    if (back_len != len || (len && memcmp(back, text, len) != 0))
        __builtin_trap();
    if (is_utf8(text, len))
        check_stream(t, ids, n, text, len);
    mote_mem_free(ids);
    mote_mem_free(back);
}

static void use(mote_tokenizer *t) {
    static const char text[] = "Hello  w\xc3\xb6rld 123\n<s> \xe4\xb8\xad\xff";
    int32_t *ids = NULL;
    size_t n = 0, len = 0;
    char *back = NULL;
    if (mote_tokenize(t, text, sizeof text - 1, MOTE_TOKENIZE_ADD_SPECIAL | MOTE_TOKENIZE_PARSE_SPECIAL, &ids, &n, NULL) == MOTE_OK &&
        mote_detokenize(t, ids, n, true, &back, &len, NULL) == MOTE_OK)
        mote_mem_free(back);
    mote_mem_free(ids);
    mote_tokenizer_free(&t);
}

static void load(int kind, const uint8_t *data, size_t n_bytes) {
    mote_tokenizer *t = NULL;
    mote_gguf *g = NULL;
    mote_json *root = NULL;
    mote_status status = MOTE_ERR_FORMAT;
    if (kind == 0) {
        if (mote_gguf_open_memory(data, n_bytes, "fuzz", &g, NULL) == MOTE_OK && mote_tokenizer_from_gguf(g, &t, NULL) == MOTE_OK)
            use(t);
        mote_gguf_close(&g);
        return;
    }
    must(mote_tokenizer_create(&t, NULL));
    if (kind == 1)
        status = mote_sentencepiece_read((mote_str){(const char *)data, n_bytes}, t, NULL);
    else if (mote_json_parse((const char *)data, n_bytes, &root, NULL) == MOTE_OK)
        status = mote_tokenizer_json_load(t, root, NULL);
    mote_json_free(&root);
    if (status == MOTE_OK && mote_tokenizer_finish(t, false, NULL) == MOTE_OK)
        use(t);
    else
        mote_tokenizer_free(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes) {
    enum { LOADERS = 3 };
    static mote_tokenizer *made[N_PRE];
    if (n_bytes == 0)
        return 0;
    unsigned which = data[0] % (2 * N_PRE + LOADERS);
    if (which >= 2 * N_PRE) {
        load((int)(which - 2 * N_PRE), data + 1, n_bytes - 1);
        return 0;
    }
    if (!made[which / 2])
        made[which / 2] = make(pre_names[which / 2]);
    round_trip(made[which / 2], data + 1, n_bytes - 1, which % 2 ? MOTE_TOKENIZE_PARSE_SPECIAL : 0);
    return 0;
}
