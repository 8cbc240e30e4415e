#include "tasks/score_gleu.h"

#include "base/error.h"
#include "base/mem.h"

#include <math.h>

enum { MAX_REFERENCES = 64 };

void mote_gleu_init(mote_gleu *gleu) {
    memset(gleu, 0, sizeof *gleu);
    for (uint32_t j = 0; j < MOTE_GLEU_DRAWS; j++)
        mote_mersenne_init(&gleu->draws[j].random, 101 * j);
}

void mote_gleu_deinit(mote_gleu *gleu) {
    mote_words_deinit(&gleu->source);
    mote_words_deinit(&gleu->output);
    mote_words_deinit(&gleu->reference);
    mote_ngrams_deinit(&gleu->of_source);
    mote_ngrams_deinit(&gleu->of_output);
    mote_ngrams_deinit(&gleu->of_reference);
}

/* What one reference makes of the output: right n-grams of one order, for which of_source and of_output are there. */
static uint64_t count_right(const mote_gleu *gleu) {
    uint64_t wrong = 0, right = mote_ngrams_common(&gleu->of_output, &gleu->of_reference);
    MOTE_NGRAMS_EACH(&gleu->of_source, it) {
        uint64_t n = mote_ngrams_count(&gleu->of_reference, it->key) ? 0 : mote_ngrams_count(&gleu->of_output, it->key);
        wrong += n < it->count ? n : it->count;
    }
    return right > wrong ? right - wrong : 0;
}

static mote_status count_order(mote_gleu *gleu, size_t order, const mote_str *references, size_t n_references, uint64_t (*right)[MOTE_GLEU_ORDERS], uint64_t *lengths) {
    mote_ngrams_clear(&gleu->of_source);
    mote_ngrams_clear(&gleu->of_output);
    MOTE_TRY(mote_ngrams_add_words(&gleu->of_source, &gleu->source, order));
    MOTE_TRY(mote_ngrams_add_words(&gleu->of_output, &gleu->output, order));
    for (size_t r = 0; r < n_references; r++) {
        mote_ngrams_clear(&gleu->of_reference);
        MOTE_TRY(mote_words_split(&gleu->reference, references[r]));
        MOTE_TRY(mote_ngrams_add_words(&gleu->of_reference, &gleu->reference, order));
        right[r][order - 1] = count_right(gleu);
        lengths[r] = gleu->reference.n;
    }
    return MOTE_OK;
}

mote_status mote_gleu_add(mote_gleu *gleu, mote_str source, mote_str output, const mote_str *references, size_t n_references) {
    uint64_t right[MAX_REFERENCES][MOTE_GLEU_ORDERS], lengths[MAX_REFERENCES];
    if (n_references == 0 || n_references > MAX_REFERENCES)
        return MOTE_ERR_LIMIT;
    MOTE_TRY(mote_words_split(&gleu->source, source));
    MOTE_TRY(mote_words_split(&gleu->output, output));
    for (size_t order = 1; order <= MOTE_GLEU_ORDERS; order++)
        MOTE_TRY(count_order(gleu, order, references, n_references, right, lengths));
    gleu->n_words += gleu->output.n;
    for (size_t k = 0; k < MOTE_GLEU_ORDERS; k++)
        gleu->n_all[k] += gleu->output.n > k ? gleu->output.n - k : 0;
    for (size_t i = 0; i < MOTE_GLEU_DRAWS; i++) {
        mote_gleu_draw *draw = &gleu->draws[i];
        uint32_t r = mote_mersenne_below(&draw->random, (uint32_t)n_references);
        draw->n_reference_words += lengths[r];
        for (size_t k = 0; k < MOTE_GLEU_ORDERS; k++)
            draw->n_right[k] += right[r][k];
    }
    return MOTE_OK;
}

double mote_gleu_value(const mote_gleu *gleu) {
    double sum = 0;
    for (size_t i = 0; i < MOTE_GLEU_DRAWS; i++) {
        const mote_gleu_draw *draw = &gleu->draws[i];
        double log_precision = 0;
        bool is_zero = gleu->n_words == 0 || draw->n_reference_words == 0;
        for (size_t k = 0; k < MOTE_GLEU_ORDERS && !is_zero; k++) {
            is_zero = draw->n_right[k] == 0 || gleu->n_all[k] == 0;
            if (!is_zero)
                log_precision += log((double)draw->n_right[k] / (double)gleu->n_all[k]) / MOTE_GLEU_ORDERS;
        }
        if (!is_zero)
            sum += exp(fmin(0, 1 - (double)draw->n_reference_words / (double)gleu->n_words) + log_precision);
    }
    return sum / MOTE_GLEU_DRAWS;
}
