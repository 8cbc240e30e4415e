/*
 * Summaries: a text in few words, with no number that it doesn't have.
 *
 * A long text is taken apart by its structure, headings first, then paragraphs, then lines; parts are summarised, and what they give is summarised again until it fits. A sentence,
 * point or row of the summary with a number that the text doesn't have is asked for again, and left out in the end.
 */
#ifndef MOTE_SUMMARIZE_H
#define MOTE_SUMMARIZE_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_summarize_options {
    size_t size;
    const char *task;  /* NULL: "summarize"; a name or folder (<mote/task.h>) of that kind */
    const char *form;  /* NULL: "paragraph"; "bullets", "table", "tldr" and what else the task has */
    const char *query; /* what the summary should be about; NULL: the whole */
    size_t n_words;    /* about so many; 0: the form's own */
    uint64_t seed;
    mote_progress_fn progress;
    void *progress_context;
} mote_summarize_options;

#define MOTE_SUMMARIZE_OPTIONS_INIT \
    { sizeof(mote_summarize_options), NULL, NULL, NULL, 0, 0, NULL, NULL }

typedef struct mote_summary {
    char *text; /* NUL-terminated */
    size_t text_bytes;
    size_t n_parts;   /* that the text was taken apart into; 1: none */
    size_t n_dropped; /* sentences, points and rows that were left out for their numbers */
    size_t n_tokens;  /* computed */
} mote_summary;

/* Takes one of the engine's sessions for the call. MOTE_ERR_ARGUMENT (a form that the task doesn't have, an empty text), _FAILED (nothing was left that has the text's numbers
 * only), _NOT_FOUND, _FORMAT (the task), _LIMIT, _CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_summarize(mote_engine *engine, const char *text, size_t text_bytes, const mote_summarize_options *options, mote_summary *summary,
                                                    mote_error *err);
MOTE_API void mote_summary_deinit(mote_summary *summary);

#ifdef __cplusplus
}
#endif

#endif
