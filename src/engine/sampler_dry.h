/* DRY ("don't repeat yourself", P. E. Weidmann, 2024): a token that would continue a repetition loses the more, the longer the repetition already is. */
#ifndef MOTE_ENGINE_SAMPLER_DRY_H
#define MOTE_ENGINE_SAMPLER_DRY_H

#include "engine/candidates.h"
#include "engine/sampler_history.h"

#include <mote/sampler.h>
#include <mote/tokenizer.h>

enum {
    MOTE_SAMPLER_DRY_MAX_BREAKERS = 64,      /* each is looked for in every token of the vocabulary */
    MOTE_SAMPLER_DRY_MAX_BREAKER_BYTES = 40, /* llama.cpp's; a longer one would span too many tokens to test */
    MOTE_SAMPLER_DRY_MAX_TAIL = 20           /* tokens of a breaker behind its first */
};

/* A way for a breaker to be written in tokens: the head contains it (no tail), or ends with its beginning and the tail is the rest. */
typedef struct mote_sampler_dry_breaker {
    int32_t head;
    uint32_t tail, n_tail; /* tails[tail …] */
} mote_sampler_dry_breaker;

typedef struct mote_sampler_dry {
    size_t window;                      /* tokens; 0: off */
    mote_sampler_dry_breaker *breakers; /* by ascending head */
    size_t n_breakers;
    int32_t *tails;
    int32_t *recent;     /* [window] the history, the last token first */
    uint32_t *repeats;   /* [window] how many tokens before here (going back) are also the last ones */
    uint32_t *longest;   /* [n_vocab] 1 + the longest repetition that a token would continue; 0: none */
    int32_t *continuing; /* [window] the tokens with an entry in `longest` */
} mote_sampler_dry;

/* Finds breakers in the tokens of the vocabulary. MOTE_ERR_ARGUMENT (too many, too long or empty breakers), _ALLOC. */
MOTE_MUST_CHECK mote_status mote_sampler_dry_init(mote_sampler_dry *d, size_t n_vocab, size_t window, const mote_tokenizer *tokenizer, const char *const *breakers,
                                                  size_t n_breakers, mote_error *err);
void mote_sampler_dry_deinit(mote_sampler_dry *d);
void mote_sampler_dry_apply(mote_sampler_dry *d, const mote_sampler_history *history, const mote_sampler_options *o, mote_candidates *c);

/* sampler_breakers.c: fills breakers and tails. */
MOTE_MUST_CHECK mote_status mote_sampler_breakers_find(mote_sampler_dry *d, size_t n_vocab, const mote_tokenizer *tokenizer, const char *const *breakers, size_t n_breakers,
                                                       mote_error *err);

#endif
