/* A sampler from inside: its steps, each in a file of its own kind; the public face is <mote/sampler.h>. */
#ifndef MOTE_ENGINE_SAMPLER_H
#define MOTE_ENGINE_SAMPLER_H

#include "base/rng.h"
#include "engine/candidates.h"
#include "engine/sampler_dry.h"
#include "engine/sampler_history.h"
#include "engine/sampler_penalties.h"

#include <mote/sampler.h>
#include <mote/tokenizer.h>

/* X(name, canonical text) in llama.cpp's default order */
#define MOTE_SAMPLER_STEP_MAP(X)  \
    X(PENALTIES, "penalties")     \
    X(DRY, "dry")                 \
    X(TOP_N_SIGMA, "top_n_sigma") \
    X(TOP_K, "top_k")             \
    X(TYP_P, "typ_p")             \
    X(TOP_P, "top_p")             \
    X(MIN_P, "min_p")             \
    X(XTC, "xtc")                 \
    X(TEMPERATURE, "temperature")

typedef enum mote_sampler_step {
#define MOTE_SAMPLER_STEP_ENUM(name, text) MOTE_SAMPLER_STEP_##name,
    MOTE_SAMPLER_STEP_MAP(MOTE_SAMPLER_STEP_ENUM)
#undef MOTE_SAMPLER_STEP_ENUM
} mote_sampler_step;

enum {
    MOTE_SAMPLER_MAX_STEPS = 32,          /* nine are known; a step may be named more than once */
    MOTE_SAMPLER_MAX_CONTEXT = 1 << 24,   /* tokens; the longest contexts published have ten million */
    MOTE_SAMPLER_MAX_VOCABULARY = 1 << 24 /* tokens; the largest published have a quarter of a million */
};

struct mote_sampler {
    mote_sampler_options options; /* its pointers are not kept */
    size_t n_vocab;
    uint64_t seed;
    mote_rng rng;
    mote_sampler_step steps[MOTE_SAMPLER_MAX_STEPS];
    size_t n_steps;
    bool starts_with_few; /* nothing happens before top_k, and that keeps few: the rest of the vocabulary is never loaded */
    bool is_greedy;       /* the greatest logit is chosen and no step changes which that is */
    mote_logit_bias *bias;
    size_t n_bias;
    float mirostat_mu;
    float *saved; /* [n_vocab] logits by id, for typical_p; NULL: not needed */
    mote_candidates candidates;
    mote_sampler_history history;
    mote_sampler_penalties penalties;
    mote_sampler_dry dry;
};

/* What mote_sampler_create does, without a model. n_ctx_train: the context where the options don't say. tokenizer: for DRY's sequence breakers; NULL: there are none. */
MOTE_MUST_CHECK mote_status mote_sampler_create_core(size_t n_vocab, const mote_tokenizer *tokenizer, size_t n_ctx_train, const mote_sampler_options *options,
                                                     mote_sampler **sampler, mote_error *err);

/* What the next _sample will look at: only the n greatest of the logits that are not in rows, n being returned, and those of rows (at most max_rows; each may be there twice),
 * which bias or penalties change first; the others may as well be impossible. 0: it looks at all. */
size_t mote_sampler_needs(const mote_sampler *s, int32_t *rows, size_t max_rows, size_t *n_rows);

/* sampler_options.c: MOTE_ERR_ARGUMENT names the option that is out of range. */
MOTE_MUST_CHECK mote_status mote_sampler_options_check(const mote_sampler_options *o, size_t n_vocab, mote_error *err);
/* Names joined by ';', with '-', '_' or nothing between their words, any case; NULL: the default order. steps [MOTE_SAMPLER_MAX_STEPS]. */
MOTE_MUST_CHECK mote_status mote_sampler_options_order(const char *order, mote_sampler_step *steps, size_t *n_steps, mote_error *err);

#endif
