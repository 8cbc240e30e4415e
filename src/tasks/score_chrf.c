#include "tasks/score_chrf.h"

#include "base/error.h"
#include "text/jinja_unicode.h"
#include "text/unicode.h"

enum { BETA_SQUARED = 4 };

/* Characters in a row without white space: 21 bits each, six to a key. */
static mote_status add_characters(mote_ngrams *g, mote_str text, size_t order) {
    uint32_t last[MOTE_CHRF_CHARACTERS];
    size_t n = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t c;
        at += mote_unicode_decode((const uint8_t *)text.data + at, text.len - at, &c);
        if (mote_jinja_unicode_is_space(c))
            continue;
        if (n == order)
            memmove(last, last + 1, (order - 1) * sizeof *last);
        else
            n++;
        last[n - 1] = c;
        if (n < order)
            continue;
        uint64_t key[2] = {0, 0};
        for (size_t i = 0; i < order; i++)
            key[i / 3] = key[i / 3] << 21 | last[i];
        MOTE_TRY(mote_ngrams_add(g, key, 1));
    }
    return MOTE_OK;
}

static mote_status count(mote_ngrams g[MOTE_CHRF_ORDERS], mote_str text, bool words) {
    for (size_t i = 0; i < MOTE_CHRF_CHARACTERS; i++) {
        mote_ngrams_clear(&g[i]);
        MOTE_TRY(add_characters(&g[i], text, i + 1));
    }
    if (!words)
        return MOTE_OK;
    mote_words list = {0};
    mote_status status = mote_words_chrf(&list, text);
    for (size_t i = 0; status == MOTE_OK && i < MOTE_CHRF_WORDS; i++) {
        mote_ngrams_clear(&g[MOTE_CHRF_CHARACTERS + i]);
        status = mote_ngrams_add_words(&g[MOTE_CHRF_CHARACTERS + i], &list, i + 1);
    }
    mote_words_deinit(&list);
    return status;
}

double mote_chrf_value(const mote_chrf *chrf) {
    double precision = 0, recall = 0, n = 0;
    for (size_t i = 0; i < (size_t)(chrf->words ? MOTE_CHRF_ORDERS : MOTE_CHRF_CHARACTERS); i++) {
        const mote_chrf_sums *s = &chrf->orders[i];
        if (s->given == 0 || s->wanted == 0)
            continue;
        precision += (double)s->right / (double)s->given;
        recall += (double)s->right / (double)s->wanted;
        n++;
    }
    if (!(precision + recall > 0))
        return 0;
    precision /= n;
    recall /= n;
    return (1 + BETA_SQUARED) * precision * recall / (BETA_SQUARED * precision + recall);
}

/* Where the reference has no n-gram of an order, the output's don't count. */
static mote_chrf compare(const mote_ngrams output[MOTE_CHRF_ORDERS], const mote_ngrams reference[MOTE_CHRF_ORDERS], bool words) {
    mote_chrf one = {.words = words};
    for (size_t i = 0; i < MOTE_CHRF_ORDERS; i++) {
        one.orders[i].wanted = mote_ngrams_total(&reference[i]);
        one.orders[i].given = one.orders[i].wanted ? mote_ngrams_total(&output[i]) : 0;
        one.orders[i].right = mote_ngrams_common(&output[i], &reference[i]);
    }
    return one;
}

mote_status mote_chrf_add(mote_chrf *chrf, mote_str output, const mote_str *references, size_t n_references) {
    mote_ngrams of_output[MOTE_CHRF_ORDERS] = {0}, of_reference[MOTE_CHRF_ORDERS] = {0};
    mote_chrf best = {0};
    double best_value = -1;
    mote_status status = count(of_output, output, chrf->words);
    for (size_t r = 0; status == MOTE_OK && r < n_references; r++) {
        status = count(of_reference, references[r], chrf->words);
        mote_chrf one = compare(of_output, of_reference, chrf->words);
        if (status == MOTE_OK && mote_chrf_value(&one) > best_value) {
            best = one;
            best_value = mote_chrf_value(&one);
        }
    }
    for (size_t i = 0; i < MOTE_CHRF_ORDERS; i++) {
        chrf->orders[i].given += best.orders[i].given;
        chrf->orders[i].wanted += best.orders[i].wanted;
        chrf->orders[i].right += best.orders[i].right;
        mote_ngrams_deinit(&of_output[i]);
        mote_ngrams_deinit(&of_reference[i]);
    }
    return status;
}
