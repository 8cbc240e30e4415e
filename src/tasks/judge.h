/* Judges edits of a sentence by the model's own likelihood: what an edit gains is log p(sentence with it) - log p(sentence), both behind the same context, up to some tokens behind
 * the edit. C. Bryant, T. Briscoe, "Language Model Based Grammatical Error Correction without Annotated Training Data", BEA 2018; D. Alikaniotis, V. Raheja, "The Unreasonable
 * Effectiveness of Transformer Language Models in Grammatical Error Correction", BEA 2019. */
#ifndef MOTE_TASKS_JUDGE_H
#define MOTE_TASKS_JUDGE_H

#include "base/arena.h"
#include "tasks/form.h"

#include <mote/engine.h>

/* One edit: bytes [start, end) of the sentence become `after`. */
typedef struct mote_edit {
    size_t start, end;
    mote_str after;
    int kind;                      /* the caller's */
    double cost;                   /* the caller's: nats that it must gain */
    double quick;                  /* log-probability of its first different token, less that of the tokens that the edit takes the place of; -INFINITY: it isn't known */
    double gain;                   /* nats; -INFINITY: not looked at */
    int32_t *ids;                  /* [n_ids] of the whole sentence with it */
    size_t n_ids, n_common, n_end; /* tokens that both begin with; and end with, beyond those */
} mote_edit;

typedef struct mote_judge {
    mote_session *session;
    const mote_tokenizer *tokenizer;
    size_t n_vocab, window;
    mote_prompt_ids context;   /* before the sentence */
    mote_prompt_ids sentence;  /* the context, then the sentence and a line end */
    double *log_probabilities; /* [sentence.n] of each token; those of the context are not there */
    size_t capacity;
    size_t n_tokens; /* computed so far */
} mote_judge;

void mote_judge_deinit(mote_judge *judge);
/* Reads a sentence and fills in ids and quick of the edits [n]; ids live in the arena. MOTE_ERR_CONTEXT (it doesn't fit), _CANCELLED, _ALLOC. */
MOTE_MUST_CHECK mote_status mote_judge_read(mote_judge *judge, mote_str sentence, mote_edit **edits, size_t n, mote_arena *arena, mote_error *err);
/* Sorts edits [n] of the sentence that was read and fills in their gains. */
MOTE_MUST_CHECK mote_status mote_judge_gains(mote_judge *judge, mote_edit **edits, size_t n, mote_error *err);

#endif
