#include "tasks/score_sari.h"

#include "base/error.h"

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static uint64_t above(uint64_t a, uint64_t b) {
    return a > b ? a - b : 0;
}

/* Counts of source and output are taken as often as there are references. */
static void count(mote_sari *sari, size_t k, const mote_ngrams *source, const mote_ngrams *output, const mote_ngrams *references, size_t n_references) {
    MOTE_NGRAMS_EACH(output, it) {
        if (!mote_ngrams_count(source, it->key)) {
            sari->add[k].given++;
            sari->add[k].right += mote_ngrams_count(references, it->key) > 0;
        }
    }
    MOTE_NGRAMS_EACH(references, it) {
        sari->add[k].wanted += !mote_ngrams_count(source, it->key);
    }
    MOTE_NGRAMS_EACH(source, it) {
        uint64_t s = it->count * n_references, o = mote_ngrams_count(output, it->key) * n_references, r = mote_ngrams_count(references, it->key);
        sari->keep[k].given += least(s, o);
        sari->keep[k].wanted += least(s, r);
        sari->keep[k].right += least(least(s, o), least(s, r));
        sari->drop[k].given += above(s, o);
        sari->drop[k].wanted += above(s, r);
        sari->drop[k].right += least(above(s, o), above(s, r));
    }
}

typedef struct sentence {
    mote_words words;
    mote_ngrams source, output, references;
} sentence;

static mote_status tally(mote_ngrams *g, mote_words *words, mote_str text, size_t order) {
    MOTE_TRY(mote_words_13a(words, text, true));
    return mote_ngrams_add_words(g, words, order);
}

static mote_status add_order(mote_sari *sari, sentence *s, size_t order, mote_str source, mote_str output, const mote_str *references, size_t n_references) {
    mote_ngrams_clear(&s->source);
    mote_ngrams_clear(&s->output);
    mote_ngrams_clear(&s->references);
    MOTE_TRY(tally(&s->source, &s->words, source, order));
    MOTE_TRY(tally(&s->output, &s->words, output, order));
    for (size_t r = 0; r < n_references; r++)
        MOTE_TRY(tally(&s->references, &s->words, references[r], order));
    count(sari, order - 1, &s->source, &s->output, &s->references, n_references);
    return MOTE_OK;
}

mote_status mote_sari_add(mote_sari *sari, mote_str source, mote_str output, const mote_str *references, size_t n_references) {
    sentence s = {0};
    mote_status status = MOTE_OK;
    for (size_t order = 1; status == MOTE_OK && order <= MOTE_SARI_ORDERS; order++)
        status = add_order(sari, &s, order, source, output, references, n_references);
    mote_words_deinit(&s.words);
    mote_ngrams_deinit(&s.source);
    mote_ngrams_deinit(&s.output);
    mote_ngrams_deinit(&s.references);
    return status;
}

static double mean_f1(const mote_sari_sums sums[MOTE_SARI_ORDERS]) {
    double mean = 0;
    for (size_t k = 0; k < MOTE_SARI_ORDERS; k++) {
        double precision = sums[k].given ? (double)sums[k].right / (double)sums[k].given : 0;
        double recall = sums[k].wanted ? (double)sums[k].right / (double)sums[k].wanted : 0;
        mean += precision > 0 && recall > 0 ? 2 * precision * recall / (precision + recall) / MOTE_SARI_ORDERS : 0;
    }
    return mean;
}

double mote_sari_value(const mote_sari *sari) {
    return (mean_f1(sari->add) + mean_f1(sari->keep) + mean_f1(sari->drop)) / 3;
}
