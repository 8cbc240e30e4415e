/*
 * Samplers: from logits to the next token. Names, defaults and order are llama.cpp's.
 *
 *     mote_sampler_options options = mote_sampler_options_default();
 *     options.temperature = 0;                                  // greedy
 *     status = mote_sampler_create(model, &options, &sampler, &err);
 *     int32_t next = mote_sampler_sample(sampler, mote_session_logits(session));
 *     mote_sampler_accept(sampler, next);
 */
#ifndef MOTE_SAMPLER_H
#define MOTE_SAMPLER_H

#include <mote/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_logit_bias {
    int32_t token;
    float bias; /* added to the logit; -INFINITY forbids the token */
} mote_logit_bias;

typedef struct mote_sampler_options {
    size_t size;
    uint64_t seed;                            /* MOTE_SAMPLER_SEED_RANDOM: chosen from the system's entropy */
    float temperature;                        /* 0.8; <= 0: greedy (the lower id on a tie) */
    int32_t top_k;                            /* 40; <= 0: off */
    float top_p;                              /* 0.95; 1: off */
    float min_p;                              /* 0.05; 0: off */
    float typical_p;                          /* 1: off */
    float top_n_sigma;                        /* -1: off */
    float xtc_probability;                    /* 0: off */
    float xtc_threshold;                      /* 0.1 */
    float dynatemp_range;                     /* 0: off */
    float dynatemp_exponent;                  /* 1 */
    int32_t repeat_last_n;                    /* 64; 0: off; -1: the context */
    float repeat_penalty;                     /* 1: off */
    float frequency_penalty;                  /* 0: off */
    float presence_penalty;                   /* 0: off */
    float dry_multiplier;                     /* 0: off */
    float dry_base;                           /* 1.75 */
    int32_t dry_allowed_length;               /* 2 */
    int32_t dry_penalty_last_n;               /* -1: the context; 0: off */
    const char *const *dry_sequence_breakers; /* NULL: "\n", ":", "\"", "*" */
    size_t n_dry_sequence_breakers;
    int32_t mirostat;                  /* 0: off, 1, 2 */
    float mirostat_tau;                /* 5 */
    float mirostat_eta;                /* 0.1 */
    int32_t min_keep;                  /* 0: at least this many candidates survive each filter */
    const mote_logit_bias *logit_bias; /* borrowed for the call of _create */
    size_t n_logit_bias;
    /* Names joined by ';' in the order applied; NULL: "penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature". */
    const char *order;
    int32_t n_context; /* what -1 above means; 0: the model's */
} mote_sampler_options;

#define MOTE_SAMPLER_SEED_RANDOM UINT64_MAX

typedef struct mote_sampler mote_sampler;

MOTE_API mote_sampler_options mote_sampler_options_default(void);

/* All memory is taken here; sampling allocates nothing. The model must outlive the sampler. MOTE_ERR_ARGUMENT names the option that is out of range
 * (NaN included) or the unknown name in `order`; _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_sampler_create(const mote_model *model, const mote_sampler_options *options, mote_sampler **sampler, mote_error *err);
MOTE_API void mote_sampler_free(mote_sampler **sampler);

/* Chooses a token from logits [n_vocab] (unchanged). The same seed, history and logits give the same token. */
MOTE_API int32_t mote_sampler_sample(mote_sampler *sampler, const float *logits);
/* Adds a token (generated or of the prompt) to the history that penalties and DRY look at. */
MOTE_API void mote_sampler_accept(mote_sampler *sampler, int32_t token);
/* Forgets the history and starts the random stream again. */
MOTE_API void mote_sampler_reset(mote_sampler *sampler);
/* The seed in use, also where it was chosen at random. */
MOTE_API uint64_t mote_sampler_seed(const mote_sampler *sampler);

#ifdef __cplusplus
}
#endif

#endif
