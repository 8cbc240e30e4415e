/*
 * Generation: prompt in, tokens and text out through a callback.
 *
 *     mote_generate_options options = MOTE_GENERATE_OPTIONS_INIT;
 *     options.n_predict = 128;
 *     options.on_token = print;
 *     status = mote_generate(session, sampler, ids, n_ids, &options, &result, &err);
 *     ...
 *     mote_generate_result_deinit(&result);
 */
#ifndef MOTE_GENERATE_H
#define MOTE_GENERATE_H

#include <mote/constraint.h>
#include <mote/engine.h>
#include <mote/sampler.h>
#include <mote/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_token_logprob {
    int32_t token;
    float logprob; /* natural logarithm, of the model's own distribution (temperature 1, before samplers) */
} mote_token_logprob;

/* One generated token: its id, its log-probability (when asked for) and the most likely alternatives [n_top]. Borrowed for the call.
 * `text` is what became complete with it (whole characters; may be ""; text that might begin a stop string is held back). False stops ("cancelled"). */
typedef struct mote_generate_event {
    int32_t token;
    const char *text;
    size_t text_bytes;
    float logprob;
    const mote_token_logprob *top;
    size_t n_top;
} mote_generate_event;
typedef bool (*mote_generate_fn)(void *context, const mote_generate_event *event);

/* Tokens that will certainly or probably come next, by somebody who knows (a grammar that leaves no choice): asked before a pass, with the answer so far, tokens [n_tokens]. Writes
 * at most n_max into draft and returns their number; 0: the engine looks for some itself. */
typedef size_t (*mote_draft_fn)(void *context, const int32_t *tokens, size_t n_tokens, int32_t *draft, size_t n_max);

/* Drafts: one pass computes the next token's logits and those behind some guesses of what follows; as far as the sampler then chooses the same, their logits are there already. The
 * answer is the same bit for bit with and without them, whatever the sampler and however wrong the guesses. Guesses are made where their measured worth exceeds their measured
 * cost. Models with recurrent layers (Mamba-2, short convolutions) compute without drafts, since their state can't go back. */
typedef struct mote_generate_options {
    size_t size;
    int32_t n_predict;       /* -1: until an end token or a full context */
    bool ignore_eos;         /* end tokens are never chosen */
    bool special;            /* control tokens are written out in the text */
    const char *const *stop; /* stop strings, not part of the text */
    size_t n_stop;
    int32_t n_logprobs; /* -1: none; 0: the chosen token's; k: and the k most likely, at most 20 */
    mote_generate_fn on_token;
    void *context;
    int32_t n_draft_max; /* tokens guessed ahead of one at most; -1: as many as pay, at most 15; 0: none */
    const int32_t
        *draft_source; /* [n_draft_source] the tokens of a text that the answer will follow, edits aside (a text to proofread); NULL: only what the prompt and the answer show */
    size_t n_draft_source;
    mote_draft_fn draft; /* NULL: none */
    void *draft_context;
    /* NULL: any text. Otherwise the answer is a whole text of the constraint, however few tokens n_predict and the context leave; what comes without choice is not sampled, and is
     * computed in one pass. An answer that can't go on ends with "stop", also where no room is left for an end token. Logit biases and stop strings keep their say, so a stop
     * string may cut the text. */
    const mote_constraint *constraint;
} mote_generate_options;

#define MOTE_GENERATE_OPTIONS_INIT \
    { sizeof(mote_generate_options), -1, false, false, NULL, 0, -1, NULL, NULL, -1, NULL, 0, NULL, NULL, NULL }

typedef struct mote_generate_result {
    char *text; /* NUL-terminated */
    size_t text_bytes;
    int32_t *tokens; /* generated, the end token included */
    size_t n_tokens;
    const char *finish_reason; /* "stop" (end token or stop string), "length" (n_predict or the context), "cancelled"; static storage */
    size_t n_prompt_tokens, n_cached_tokens;
    size_t n_draft_tokens, n_draft_accepted; /* guesses that were computed; those that were right. May differ from run to run. */
    double prompt_seconds, predicted_seconds;
} mote_generate_result;

/* Feeds the prompt (tokens that the session's timeline already starts with are not computed again; what differs is truncated) and generates.
 * *result is filled also on MOTE_ERR_CANCELLED with what there was. MOTE_ERR_CONTEXT when the prompt doesn't fit, _ARGUMENT (an option out of range; an id of a
 * draft outside the vocabulary, named), _LIMIT (the constraint's shortest text doesn't fit into what may be generated; no room for the ways to read the text: the constraint is too
 * ambiguous), _UNSUPPORTED (the vocabulary can't spell it), _BUDGET, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_generate(mote_session *session, mote_sampler *sampler, const int32_t *prompt, size_t n_prompt, const mote_generate_options *options,
                                                   mote_generate_result *result, mote_error *err);
MOTE_API void mote_generate_result_deinit(mote_generate_result *result);

#ifdef __cplusplus
}
#endif

#endif
