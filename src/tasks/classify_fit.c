/* What examples teach beyond the prompt. Their labels stand in the prompt for some of them, so that the likelihoods of these are too good: the ridge's leave-one-out outputs, which
 * know nothing of that, decide alone where they do, and likelihoods enter with a weight that is chosen on the others. */
#include "tasks/classify_private.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>

enum { MAX_FITTED = 1200 };

typedef struct fitting {
    size_t n;
    size_t *labels;   /* [n] */
    float *states;    /* [n, n_features] */
    double *scores;   /* [n, n_labels] log-probabilities */
    double *left_out; /* [n, n_labels] of the ridge */
    double *row;      /* [n_labels] */
} fitting;

static mote_status read_examples(mote_classifier *c, const mote_classify_options *o, fitting *f, size_t n_features, mote_error *err) {
    size_t step = (o->n_examples + MAX_FITTED - 1) / MAX_FITTED; /* of more than that, every other, every third … */
    for (size_t i = 0; i < o->n_examples; i += step) {
        if (o->progress && !o->progress(o->progress_context, "examples", (double)i / (double)o->n_examples))
            return mote_error_set(err, MOTE_ERR_CANCELLED, "cancelled");
        MOTE_TRY(mote_classifier_score(c, (mote_str){o->examples[i].text, o->examples[i].text_bytes}, NULL, err));
        memcpy(f->states + f->n * n_features, c->state, n_features * sizeof(float));
        memcpy(f->scores + f->n * c->n_labels, c->scores, c->n_labels * sizeof(double));
        f->labels[f->n++] = mote_classifier_find(c, o->examples[i].label);
        c->n_passes = 0;
    }
    return MOTE_OK;
}

/* The mean log-loss of the examples with the classifier's present weight and sharpness. */
static double loss(const mote_classifier *c, const fitting *f) {
    double sum = 0;
    for (size_t i = 0; i < f->n; i++) {
        memcpy(f->row, f->scores + i * c->n_labels, c->n_labels * sizeof(double));
        mote_classifier_combine(c, f->row, f->left_out + i * c->n_labels);
        sum -= log(f->row[f->labels[i]] + 1e-9);
    }
    return sum / (double)f->n;
}

static void choose_weights(mote_classifier *c, const fitting *f) {
    static const double weights[] = {0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1}, sharpnesses[] = {1, 2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 50};
    double least = INFINITY, weight = 1, sharpness = 0;
    for (size_t w = 0; w < sizeof weights / sizeof *weights; w++)
        for (size_t s = 0; s < sizeof sharpnesses / sizeof *sharpnesses; s++) {
            c->weight = weights[w];
            c->sharpness = sharpnesses[s];
            double now = loss(c, f);
            if (now < least) {
                least = now;
                weight = c->weight;
                sharpness = c->sharpness;
            }
        }
    c->weight = weight;
    c->sharpness = sharpness;
}

mote_status mote_classifier_fit(mote_classifier *c, const mote_classify_options *o, mote_error *err) {
    size_t n_features = c->engine->model->h.n_embd, n = o->n_examples < MAX_FITTED ? o->n_examples : MAX_FITTED;
    fitting f = {0};
    c->state = mote_mem_alloc_array(n_features, sizeof(float));
    f.labels = mote_mem_alloc_array(n, sizeof *f.labels);
    f.states = mote_mem_alloc_array(n, n_features * sizeof(float));
    f.scores = mote_mem_alloc_array(n, c->n_labels * sizeof(double));
    f.left_out = mote_mem_alloc_array(n, c->n_labels * sizeof(double));
    f.row = mote_mem_alloc_array(c->n_labels, sizeof(double));
    mote_status status = MOTE_OK;
    if (!c->state || !f.labels || !f.states || !f.scores || !f.left_out || !f.row)
        status = mote_error_alloc(err, n * n_features * sizeof(float));
    if (status == MOTE_OK)
        status = read_examples(c, o, &f, n_features, err);
    if (status == MOTE_OK && mote_ridge_fit(f.states, f.n, n_features, f.labels, c->n_labels, &c->ridge, f.left_out) != MOTE_OK)
        status = mote_error_alloc(err, f.n * f.n * sizeof(double));
    if (status == MOTE_OK)
        choose_weights(c, &f);
    mote_mem_free(f.labels);
    mote_mem_free(f.states);
    mote_mem_free(f.scores);
    mote_mem_free(f.left_out);
    mote_mem_free(f.row);
    return status;
}
