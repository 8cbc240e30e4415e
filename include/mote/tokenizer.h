/*
 * Text to token ids and back. A mote_tokenizer is immutable and may be shared by threads; a mote_detokenizer is one stream.
 *
 *     int32_t *ids; size_t n;
 *     status = mote_tokenize(tokenizer, text, strlen(text), MOTE_TOKENIZE_ADD_SPECIAL, &ids, &n, &err);
 *     ...
 *     mote_free(ids);
 */
#ifndef MOTE_TOKENIZER_H
#define MOTE_TOKENIZER_H

#include <mote/model.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    MOTE_TOKENIZE_ADD_SPECIAL = 1,  /* the begin and end tokens that the model's own settings ask for */
    MOTE_TOKENIZE_PARSE_SPECIAL = 2 /* control tokens written out in the text become those tokens; otherwise they are text */
};

/* Opens the tokenizer alone: a GGUF (vocabulary-only files too), a Hugging Face folder. Free with mote_tokenizer_free.
 * MOTE_ERR_NOT_FOUND, _IO, _FORMAT, _UNSUPPORTED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_tokenizer_open(const char *path, mote_tokenizer **tokenizer, mote_error *err);
MOTE_API void mote_tokenizer_free(mote_tokenizer **tokenizer);

/* Token ids of `text` (any bytes; malformed UTF-8 is kept as bytes where the vocabulary can). *ids: n_ids entries, free with mote_free.
 * MOTE_ERR_LIMIT (text above 1 GiB), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_tokenize(const mote_tokenizer *tokenizer, const char *text, size_t text_bytes, unsigned flags, int32_t **ids, size_t *n_ids,
                                                   mote_error *err);

/* The text of ids; control tokens are written out when `special` is true, else dropped. *text is NUL-terminated (text_bytes does not count the NUL),
 * free with mote_free. MOTE_ERR_ARGUMENT for an id outside the vocabulary. */
MOTE_API MOTE_MUST_CHECK mote_status mote_detokenize(const mote_tokenizer *tokenizer, const int32_t *ids, size_t n_ids, bool special, char **text, size_t *text_bytes,
                                                     mote_error *err);

MOTE_API int32_t mote_tokenizer_n_tokens(const mote_tokenizer *tokenizer);
MOTE_API int32_t mote_tokenizer_bos(const mote_tokenizer *tokenizer); /* -1: none */
MOTE_API int32_t mote_tokenizer_eos(const mote_tokenizer *tokenizer); /* -1: none */
/* Whether generation ends at this token (end of text, end of turn). */
MOTE_API bool mote_tokenizer_is_end(const mote_tokenizer *tokenizer, int32_t id);
/* "bpe", "spm", "unigram", "wordpiece". */
MOTE_API const char *mote_tokenizer_kind(const mote_tokenizer *tokenizer);
/* The literal text of a token as the vocabulary spells it ("<|im_end|>"); "" outside the vocabulary. Borrowed. */
MOTE_API const char *mote_tokenizer_text(const mote_tokenizer *tokenizer, int32_t id);

typedef struct mote_detokenizer mote_detokenizer;

/* A stream of tokens that gives whole characters only: bytes of an unfinished character wait for the next token; bytes that can't become one
 * are given as U+FFFD. The tokenizer must outlive it. */
MOTE_API MOTE_MUST_CHECK mote_status mote_detokenizer_create(const mote_tokenizer *tokenizer, bool special, mote_detokenizer **stream, mote_error *err);
MOTE_API void mote_detokenizer_free(mote_detokenizer **stream);
/* Adds one token. *text (borrowed until the next call, NUL-terminated) is what became complete, possibly "". Allocates nothing once created. */
MOTE_API MOTE_MUST_CHECK mote_status mote_detokenizer_push(mote_detokenizer *stream, int32_t id, const char **text, size_t *text_bytes);
/* What is left at the end of a stream; the stream is then as new. */
MOTE_API MOTE_MUST_CHECK mote_status mote_detokenizer_flush(mote_detokenizer *stream, const char **text, size_t *text_bytes);

#ifdef __cplusplus
}
#endif

#endif
