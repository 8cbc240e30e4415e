/* What mote_model is made of; read-only after opening. */
#ifndef MOTE_MODEL_LOADED_H
#define MOTE_MODEL_LOADED_H

#include "kernels/kernels.h"
#include "model/sentence.h"
#include "model/weights.h"

#include <mote/model.h>
#include <mote/tokenizer.h>

struct mote_model {
    mote_hparams h;
    mote_weights w;
    mote_kernels kernels;
    mote_tokenizer *tokenizer; /* NULL: none */
    char *chat_template;       /* NULL: none */
    char *path, *name;
    char type_text[16];
    bool exact;
    mote_sentence sentence; /* its dense layers are among the weights */
    float *inv_freq[3];     /* [n_rot / 2]: of layers without and with a window; of both in contexts beyond the original one (long rope), else NULL */
    uint64_t n_params, source_bytes;
    double load_seconds;
};

#endif
