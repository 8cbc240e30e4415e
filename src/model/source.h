/* A model on disk, opened but not loaded: a GGUF (single or split) or a Hugging Face folder, its hyper-parameters and tokenizer. Opening, describing and checking start here. */
#ifndef MOTE_MODEL_SOURCE_H
#define MOTE_MODEL_SOURCE_H

#include "formats/gguf.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "model/hparams.h"
#include "model/sentence.h"
#include "model/weights.h"

#include <mote/tokenizer.h>

typedef struct mote_source {
    char *path;
    mote_gguf *gguf;               /* or the next two */
    mote_safetensors *safetensors; /* NULL where only the vocabulary is wanted */
    mote_json *config;
    bool has_ints; /* safetensors may hold integer matrices, by int_scheme */
    mote_int_scheme int_scheme;
    mote_hparams h;            /* of a model with weights */
    mote_tokenizer *tokenizer; /* NULL: none */
    char *chat_template;       /* NULL: none */
    char *name;
    mote_sentence sentence;
} mote_source;

typedef enum mote_source_parts {
    MOTE_SOURCE_ALL,
    MOTE_SOURCE_VOCABULARY, /* no tensors are needed, h stays empty */
    MOTE_SOURCE_WEIGHTS     /* no tokenizer and no template: for planning */
} mote_source_parts;

/* Errors as mote_model_open. */
MOTE_MUST_CHECK mote_status mote_source_open(const char *path, mote_source_parts parts, mote_source *s, mote_error *err);
void mote_source_close(mote_source *s);
static inline mote_weights_source mote_source_weights(const mote_source *s) {
    return (mote_weights_source){s->gguf, s->safetensors, s->has_ints ? &s->int_scheme : NULL, {s->sentence.dense[0], s->sentence.dense[1]}};
}

#endif
