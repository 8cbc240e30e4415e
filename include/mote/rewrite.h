/*
 * Rewriting a text: another tone, or as an instruction says, with its facts kept.
 *
 * Names, numbers, dates, links and quotations of the text must all be in the answer, a negation too where there is one, and it may have no numbers, names and links of its own; an
 * answer that doesn't hold that is asked for again, with other random numbers, and refused in the end. A long text is rewritten paragraph by paragraph.
 */
#ifndef MOTE_REWRITE_H
#define MOTE_REWRITE_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_rewrite_options {
    size_t size;
    const char *task;        /* NULL: "rewrite"; a name or folder (<mote/task.h>) of that kind */
    const char *tone;        /* NULL: the task's default; "friendly", "professional", "concise", "plain", "humorous", "persuasive" and what else the task has */
    const char *instruction; /* in place of a tone; NULL: none */
    size_t n_versions;       /* 0: 1; more differ clearly from each other; at most MOTE_REWRITE_VERSIONS */
    uint64_t seed;
    mote_progress_fn progress;
    void *progress_context;
} mote_rewrite_options;

#define MOTE_REWRITE_VERSIONS 8

#define MOTE_REWRITE_OPTIONS_INIT \
    { sizeof(mote_rewrite_options), NULL, NULL, NULL, 0, 0, NULL, NULL }

typedef struct mote_rewrite_result {
    char *versions[MOTE_REWRITE_VERSIONS]; /* [n_versions] NUL-terminated */
    size_t n_versions;                     /* fewer than asked for where the model finds no others */
    size_t n_tokens;                       /* computed */
} mote_rewrite_result;

/* Takes one of the engine's sessions for the call. MOTE_ERR_ARGUMENT (a tone that the task doesn't have, the others are named; an empty text), _FAILED (no answer kept the facts:
 * the message names the fact that the last one lost or made up), _NOT_FOUND, _FORMAT (the task), _CONTEXT (a paragraph doesn't fit), _LIMIT, _CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_rewrite(mote_engine *engine, const char *text, size_t text_bytes, const mote_rewrite_options *options, mote_rewrite_result *result,
                                                  mote_error *err);
MOTE_API void mote_rewrite_result_deinit(mote_rewrite_result *result);

#ifdef __cplusplus
}
#endif

#endif
