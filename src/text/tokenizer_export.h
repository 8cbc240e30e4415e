/* The tokenizer as keys tokenizer.ggml.* of a GGUF (the reverse of tokenizer_gguf.c). */
#ifndef MOTE_TEXT_TOKENIZER_EXPORT_H
#define MOTE_TEXT_TOKENIZER_EXPORT_H

#include "text/tokenizer.h"

/* Roles that a mote_tokenizer doesn't keep; -1: none. */
typedef struct mote_tokenizer_roles {
    int32_t pad, sep, cls, mask;
    int32_t bos, eos; /* as config.json numbers them */
} mote_tokenizer_roles;

/* folder's tokenizer.model, if there is one, gives the scores of SentencePiece's byte pairs; else they follow from the order of merges.
 * n_vocab: rows of the embedding. Ids without a token become unused ones, tokens past it are left out. MOTE_ERR_UNSUPPORTED names what no key can say. */
MOTE_MUST_CHECK mote_status mote_tokenizer_export(const mote_tokenizer *t, const char *folder, uint32_t n_vocab, mote_gguf_writer *w, mote_error *err);
/* Whether added tokens swallow the white space behind them. No key says so: readers go by a name of the model with "phi-3" in it and by four tokens, of which they miss one in
 * other vocabularies (and llama.cpp then refuses the file); *can_be_named false: so named, this vocabulary would be read wrongly or not at all. */
bool mote_tokenizer_swallows_space(const mote_tokenizer *t, bool *can_be_named);
/* Roles by the folder's tokenizer_config.json and special_tokens_map.json. */
MOTE_MUST_CHECK mote_status mote_tokenizer_folder_roles(const mote_tokenizer *t, const char *folder, mote_tokenizer_roles *roles, mote_error *err);

#endif
