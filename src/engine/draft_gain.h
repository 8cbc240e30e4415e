/* What a draft costs and what it brings, both as measured: how much longer a pass of n tokens takes than one of a single token, and how often a guess of each kind was right. */
#ifndef MOTE_ENGINE_DRAFT_GAIN_H
#define MOTE_ENGINE_DRAFT_GAIN_H

#include "model/decoder.h"

#include <stdbool.h>

enum { MOTE_DRAFT_MAX = MOTE_DECODER_LOGIT_ROWS - 1 }; /* tokens drafted at most: a pass gives logits of them and of the token before */

/* Where a guess comes from. */
typedef enum mote_draft_kind {
    MOTE_DRAFT_FOUND,    /* the end of the text stood somewhere before */
    MOTE_DRAFT_FOLLOWED, /* the text follows another, edits aside */
    MOTE_DRAFT_GIVEN,    /* by the caller */
    MOTE_DRAFT_KINDS
} mote_draft_kind;

enum { MOTE_DRAFT_LENGTHS = 8 }; /* of matches, told apart: 0, 1, 2, 3 to 4, 5 to 8, 9 to 16, 17 to 32, more */

typedef struct mote_draft_gain {
    double seconds;                                    /* of a pass of one token, now; 0: not known */
    double ratio[MOTE_DRAFT_MAX + 2];                  /* [n]: a pass of n tokens to one of one */
    uint32_t n_passes[MOTE_DRAFT_MAX + 2];             /* [n]: measured */
    size_t n_since_single;                             /* passes since one of a single token was measured */
    float right[MOTE_DRAFT_KINDS][MOTE_DRAFT_LENGTHS]; /* the share of guesses */
} mote_draft_gain;

void mote_draft_gain_init(mote_draft_gain *g);
/* Another text begins: half of what was learnt of guesses is kept. */
void mote_draft_gain_begin(mote_draft_gain *g);
void mote_draft_gain_learn_pass(mote_draft_gain *g, size_t n_tokens, double seconds);
void mote_draft_gain_learn_guess(mote_draft_gain *g, mote_draft_kind kind, size_t n_matched, bool is_right);
/* The length, at most n_max, of the draft that gives most tokens a second, behind a match of n_matched tokens; 0: none is worth its cost. */
size_t mote_draft_gain_length(mote_draft_gain *g, mote_draft_kind kind, size_t n_matched, size_t n_max);

#endif
