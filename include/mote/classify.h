/*
 * Classifying texts by label: how likely a model finds each label behind the text. Nothing is generated.
 *
 * Labels are continuations of one prompt. Where several begin alike they share those tokens (a trie), the model is asked at its branches only, and unlikely branches aren't
 * entered: the usual text costs one pass. At each branch the probabilities of the tokens that lead on are normed to 1, and divided by what the model gives to texts without content
 * ("N/A"): T. Z. Zhao, E. Wallace, S. Feng, D. Klein, S. Singh, "Calibrate Before Use", ICML 2021.
 *
 * Examples, where there are some, stand in the prompt as far as they fit; and a ridge regression on the model's state behind each text, fitted to all of them, is added, with
 * weight and temperature that are best on the examples when each is left out in turn.
 *
 *     mote_classify_options options = MOTE_CLASSIFY_OPTIONS_INIT;
 *     options.labels = (const char *[]){"complaint", "question"};
 *     options.n_labels = 2;
 *     status = mote_classifier_create(engine, &options, &classifier, &err);
 *     status = mote_classify(classifier, text, strlen(text), &result, &err);     // result.label, result.probability
 */
#ifndef MOTE_CLASSIFY_H
#define MOTE_CLASSIFY_H

#include <mote/engine.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mote_classifier mote_classifier;

typedef struct mote_label_example {
    const char *text;
    size_t text_bytes;
    const char *label; /* one of the labels */
} mote_label_example;

typedef struct mote_classify_options {
    size_t size;
    const char *task;          /* NULL: "classify"; a name or folder (<mote/task.h>) of that kind */
    const char *const *labels; /* [n_labels] none empty, none twice, 2 (multi: 1) to MOTE_LABELS_MAX */
    size_t n_labels;
    const mote_label_example *examples; /* [n_examples] */
    size_t n_examples;
    double threshold;          /* a text whose best label is less probable is unsure; 0: none is */
    bool multi;                /* each label applies or not, on its own: result.probabilities don't add up to 1 */
    mote_progress_fn progress; /* of reading the examples; NULL: none */
    void *progress_context;
} mote_classify_options;

#define MOTE_LABELS_MAX 1000

#define MOTE_CLASSIFY_OPTIONS_INIT \
    { sizeof(mote_classify_options), NULL, NULL, 0, NULL, 0, 0, false, NULL, NULL }

typedef struct mote_classify_result {
    size_t label; /* the most probable */
    double probability;
    const double *probabilities; /* [n_labels] borrowed until the next call */
    bool unsure;
    size_t n_tokens, n_passes; /* computed for this text */
} mote_classify_result;

/* Takes one of the engine's sessions; the engine must outlive it, labels and examples are copied. MOTE_ERR_ARGUMENT (names the label or example), _NOT_FOUND, _FORMAT (the task),
 * _CONTEXT (the labels alone don't fit), _LIMIT (no session is free; too many labels), _CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_classifier_create(mote_engine *engine, const mote_classify_options *options, mote_classifier **classifier, mote_error *err);
MOTE_API void mote_classifier_free(mote_classifier **classifier);
/* One text. MOTE_ERR_CONTEXT when it doesn't fit, _CANCELLED, _ALLOC. */
MOTE_API MOTE_MUST_CHECK mote_status mote_classify(mote_classifier *classifier, const char *text, size_t text_bytes, mote_classify_result *result, mote_error *err);

#ifdef __cplusplus
}
#endif

#endif
