/*
 * Measuring: logits to a file, perplexity, speed.
 */
#ifndef MOTE_EVAL_H
#define MOTE_EVAL_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Writes float32 logits [n_ids, n_vocab] of the ids (as given) to an .npy file, `n_batch` tokens at a time. The context is exactly n_ids. */
MOTE_API MOTE_MUST_CHECK mote_status mote_eval_logits(const mote_model *model, const mote_engine_options *options, const int32_t *ids, size_t n_ids, const char *npy_path,
                                                      mote_error *err);

typedef struct mote_perplexity {
    double perplexity, nll_stderr; /* nll_stderr: standard error of the mean negative log-likelihood, nats */
    size_t n_tokens;               /* scored */
} mote_perplexity;

/* llama-perplexity's rule: windows of n_ctx tokens without overlap (a rest is dropped), the first token of each replaced by BOS where the tokenizer adds one, scored on the second
 * half (positions n_ctx/2 to n_ctx-2 predict their next). MOTE_ERR_ARGUMENT with fewer than n_ctx tokens. */
MOTE_API MOTE_MUST_CHECK mote_status mote_eval_perplexity(const mote_model *model, const mote_engine_options *options, const int32_t *ids, size_t n_ids, mote_progress_fn progress,
                                                          void *progress_context, mote_perplexity *result, mote_error *err);

typedef struct mote_bench_options {
    size_t size;
    int32_t n_prompt, n_generate; /* 512, 128 */
    int32_t depth;                /* tokens in the cache before each measurement */
    int32_t n_repeats;            /* 5 */
    int32_t n_threads;
} mote_bench_options;

#define MOTE_BENCH_OPTIONS_INIT \
    { sizeof(mote_bench_options), 512, 128, 0, 5, 0 }

typedef struct mote_bench_speed {
    int32_t n;
    double mean, stddev; /* tokens per second */
} mote_bench_speed;

typedef struct mote_bench_result {
    mote_bench_speed prompt, generate;
    int32_t n_threads;
    const char *isa;
    double read_gbps, int8_gops;               /* measured on this machine just now with n_threads */
    double prompt_fraction, generate_fraction; /* shares of those limits */
} mote_bench_result;

/* Prompt and generation speed as llama-bench defines them: no tokenizer, no sampler; one warm-up run. */
MOTE_API MOTE_MUST_CHECK mote_status mote_bench_run(const mote_model *model, const mote_bench_options *options, mote_progress_fn progress, void *progress_context,
                                                    mote_bench_result *result, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
