/*
 * Proofreading: the fewest edits that make a text correct, each judged by the model's own likelihood.
 *
 * Edits are proposed by what usually goes wrong (spelling near the vocabulary's words, forms of a word, words taken for each other, left out or doubled, commas, capitals) and by
 * the model itself, which is asked for a corrected sentence. An edit is taken only if the sentence becomes more likely by a margin of its kind, so that a small model can't make a
 * text worse by its fancies; one that changes a number, a name, a negation, a link or a quotation never is. Code, links and tags of Markdown are left alone. A text with nothing
 * wrong comes back as it was.
 *
 *     status = mote_proofreader_create(engine, NULL, &proofreader, &err);
 *     status = mote_proofread(proofreader, text, strlen(text), &result, &err);
 *     ...
 *     mote_proof_result_deinit(&result);
 */
#ifndef MOTE_PROOFREAD_H
#define MOTE_PROOFREAD_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_proofreader mote_proofreader;

typedef struct mote_proofread_options {
    size_t size;
    const char *task;          /* NULL: "proofread"; a name or folder (<mote/task.h>) of that kind */
    bool no_generation;        /* only edits that need no answer of the model: several times faster */
    mote_progress_fn progress; /* over the sentences of a text; NULL: none */
    void *progress_context;
} mote_proofread_options;

#define MOTE_PROOFREAD_OPTIONS_INIT \
    { sizeof(mote_proofread_options), NULL, false, NULL, NULL }

typedef struct mote_proof_edit {
    size_t start, end;          /* bytes of the input that are replaced; equal: something is inserted */
    const char *before, *after; /* what stood there, what stands there now; owned by the result, as the next */
    const char *kind;           /* "spelling", "grammar", "punctuation", "capitalization", "word choice", as the task names them */
    const char *explanation;    /* one sentence */
    double gain;                /* by how much the model finds the sentence more likely, nats */
} mote_proof_edit;

typedef struct mote_proof_result {
    char *text; /* NUL-terminated; the input with all edits */
    size_t text_bytes;
    mote_proof_edit *edits; /* [n_edits] in the order of the text, not touching each other */
    size_t n_edits;
    size_t n_tokens; /* computed */
    void *memory;    /* owns the edits' texts */
} mote_proof_result;

/* Takes one of the engine's sessions; the engine must outlive it. `options` may be NULL. MOTE_ERR_NOT_FOUND, _FORMAT (the task), _LIMIT (no session is free), _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_proofreader_create(mote_engine *engine, const mote_proofread_options *options, mote_proofreader **proofreader, mote_error *err);
MOTE_API void mote_proofreader_free(mote_proofreader **proofreader);

/* text: UTF-8. A sentence that doesn't fit into the context is left as it is. MOTE_ERR_CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_proofread(mote_proofreader *proofreader, const char *text, size_t text_bytes, mote_proof_result *result, mote_error *err);
MOTE_API void mote_proof_result_deinit(mote_proof_result *result);

#ifdef __cplusplus
}
#endif

#endif
