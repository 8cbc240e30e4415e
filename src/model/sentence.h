/* What sentence-transformers keep in a folder beside the network: the modules behind it (pooling, dense layers, unit length), prompts to put before texts, how long texts may be,
 * and how a reranker's score is bounded. A GGUF has little of it: hparams.h has its pooling and dense layers. */
#ifndef MOTE_MODEL_SENTENCE_H
#define MOTE_MODEL_SENTENCE_H

#include "base/arena.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "model/hparams.h"

typedef struct mote_prompt {
    const char *name, *text;
} mote_prompt;

typedef struct mote_sentence {
    bool normalises;                  /* vectors get length 1 */
    bool lowers;                      /* texts are made lower case before the tokenizer sees them */
    bool pools_prompt;                /* the prompt's tokens are part of the mean */
    bool scores_sigmoid;              /* a reranker's scores go through the logistic function */
    uint32_t max_tokens;              /* of a text with the tokens around it; 0: as many as the model takes */
    mote_prompt *prompts;             /* [n_prompts] */
    size_t n_prompts, default_prompt; /* n_prompts: none */
    mote_safetensors *dense[MOTE_HPARAMS_MAX_DENSE];
    mote_arena texts; /* owns the prompts */
} mote_sentence;

/* Everything as a model without such files has it. */
void mote_sentence_init(mote_sentence *s);
/* Reads the folder's files and adds pooling and dense layers to h. Of a decoder without modules.json nothing is taken. MOTE_ERR_FORMAT, _UNSUPPORTED (named file and field),
 * _LIMIT, _IO, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_sentence_read(mote_sentence *s, const char *folder, const mote_json *config, mote_hparams *h, mote_error *err);
void mote_sentence_deinit(mote_sentence *s);
/* Once the weights are loaded. */
void mote_sentence_close_files(mote_sentence *s);

#endif
