/* The parts of a tokenizer.json (Hugging Face `tokenizers`), each read into a mote_tokenizer. A part or an option that isn't known is MOTE_ERR_UNSUPPORTED with its
 * name: leaving it out would give wrong ids without a word. */
#ifndef MOTE_TEXT_TOKENIZER_JSON_H
#define MOTE_TEXT_TOKENIZER_JSON_H

#include "formats/json.h"
#include "text/tokenizer.h"

/* All parts of a parsed file, in the order they need (tokenizer_folder.c). */
MOTE_MUST_CHECK mote_status mote_tokenizer_json_load(mote_tokenizer *t, const mote_json *root, mote_error *err);
/* The model, its vocabulary and the added tokens (tokenizer_json.c). byte_level: the pretokenizer has a ByteLevel in it. */
MOTE_MUST_CHECK mote_status mote_tokenizer_json_model(mote_tokenizer *t, const mote_json *root, bool byte_level, mote_error *err);
/* normalizer and pre_tokenizer (tokenizer_json_steps.c). */
MOTE_MUST_CHECK mote_status mote_tokenizer_json_normalizer(mote_tokenizer *t, const mote_json *v, mote_error *err);
MOTE_MUST_CHECK mote_status mote_tokenizer_json_pretokenizer(mote_tokenizer *t, const mote_json *v, bool *byte_level, mote_error *err);
/* decoder and post_processor (tokenizer_json_after.c). */
MOTE_MUST_CHECK mote_status mote_tokenizer_json_decoder(mote_tokenizer *t, const mote_json *v, mote_error *err);
MOTE_MUST_CHECK mote_status mote_tokenizer_json_processor(mote_tokenizer *t, const mote_json *v, mote_error *err);

/* The older files of a folder (vocab.txt, or vocab.json and merges.txt), rewritten as a tokenizer.json with what their tokenizer's class implies (tokenizer_lists.c).
 * The three configurations may be NULL. Free *root. */
MOTE_MUST_CHECK mote_status mote_tokenizer_lists_read(const char *folder, const mote_json *tokenizer_config, const mote_json *special_tokens_map, const mote_json *config,
                                                      bool wordpiece, mote_json **root, mote_error *err);

static inline bool mote_tokenizer_json_is(const mote_json *v, const char *type) {
    return mote_str_is(mote_json_string(mote_json_get(v, "type")), type);
}

/* Nested Sequences deeper than this are refused: published files have one level. */
enum { MOTE_TOKENIZER_JSON_DEPTH = 4 };

#endif
