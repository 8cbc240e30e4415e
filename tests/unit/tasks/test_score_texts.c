/* Scores of texts against the figures of their reference implementations. */
#include "scores_fixture.h"

#include "tasks/score_chrf.h"
#include "tasks/score_gleu.h"
#include "tasks/score_rouge.h"
#include "tasks/score_sari.h"
#include "tasks/score_stem.h"

#include <string.h>

static double gleu_of(const mote_json *sentences, bool first_reference) {
    mote_gleu *gleu = malloc(sizeof *gleu);
    mote_gleu_init(gleu);
    for (size_t i = 0; i < mote_json_length(sentences); i++) {
        const mote_json *s = mote_json_at(sentences, i);
        mote_str references[8];
        size_t n = fixture_strings(mote_json_at(s, 2), references);
        assert_int_equal(mote_gleu_add(gleu, mote_json_string(mote_json_at(s, 0)), mote_json_string(mote_json_at(s, 1)), references, first_reference ? 1 : n), MOTE_OK);
    }
    double value = mote_gleu_value(gleu);
    mote_gleu_deinit(gleu);
    free(gleu);
    return value;
}

static void test_gleu(void **state) {
    (void)state;
    const mote_json *gleu = mote_json_get(fixture, "gleu"), *sentences = mote_json_get(gleu, "sentences");
    assert_close(gleu_of(sentences, true), mote_json_get(gleu, "first"), 1e-12);
    assert_close(gleu_of(sentences, false), mote_json_get(gleu, "mean"), 1e-12);
}

static void test_gleu_limits(void **state) {
    (void)state;
    mote_gleu *gleu = malloc(sizeof *gleu);
    mote_gleu_init(gleu);
    assert_true(mote_gleu_value(gleu) == 0);
    mote_str reference = MOTE_STR("one two");
    assert_int_equal(mote_gleu_add(gleu, MOTE_STR("one"), MOTE_STR(""), &reference, 1), MOTE_OK);
    assert_true(mote_gleu_value(gleu) == 0);
    assert_int_equal(mote_gleu_add(gleu, MOTE_STR("one"), MOTE_STR("one"), &reference, 0), MOTE_ERR_LIMIT);
    mote_gleu_deinit(gleu);
    free(gleu);
}

static void test_sari(void **state) {
    (void)state;
    const mote_json *sentences = mote_json_get(mote_json_get(fixture, "sari"), "sentences");
    mote_sari sari = {0};
    for (size_t i = 0; i < mote_json_length(sentences); i++) {
        const mote_json *s = mote_json_at(sentences, i);
        mote_str references[8];
        size_t n = fixture_strings(mote_json_at(s, 2), references);
        assert_int_equal(mote_sari_add(&sari, mote_json_string(mote_json_at(s, 0)), mote_json_string(mote_json_at(s, 1)), references, n), MOTE_OK);
    }
    assert_close(mote_sari_value(&sari), mote_json_get(mote_json_get(fixture, "sari"), "value"), 1e-12);
    sari = (mote_sari){0};
    assert_true(mote_sari_value(&sari) == 0);
}

static void test_13a(void **state) {
    (void)state;
    const mote_json *cases = mote_json_get(fixture, "13a");
    mote_words given = {0}, wanted = {0};
    for (size_t i = 0; i < mote_json_length(cases); i++) {
        const mote_json *tokens = mote_json_at(mote_json_at(cases, i), 1);
        assert_int_equal(mote_words_13a(&given, mote_json_string(mote_json_at(mote_json_at(cases, i), 0)), false), MOTE_OK);
        assert_int_equal(given.n, mote_json_length(tokens));
        wanted.n = 0;
        for (size_t k = 0; k < given.n; k++)
            assert_int_equal(mote_words_add(&wanted, mote_json_string(mote_json_at(tokens, k))), MOTE_OK);
        assert_memory_equal(given.hashes, wanted.hashes, given.n * sizeof *given.hashes);
    }
    mote_words_deinit(&given);
    mote_words_deinit(&wanted);
}

static void check_rouge(const mote_f_score *f, const mote_json *wanted) {
    assert_close(f->precision, mote_json_at(wanted, 0), 1e-12);
    assert_close(f->recall, mote_json_at(wanted, 1), 1e-12);
    assert_close(f->f1, mote_json_at(wanted, 2), 1e-12);
}

static void test_rouge(void **state) {
    (void)state;
    const mote_json *cases = mote_json_get(fixture, "rouge");
    for (size_t i = 0; i < 2 * mote_json_length(cases); i++) {
        const mote_json *c = mote_json_at(cases, i / 2), *wanted = mote_json_get(c, i % 2 ? "stemmed" : "plain");
        mote_rouge rouge;
        assert_int_equal(mote_rouge_score(mote_json_string(mote_json_get(c, "reference")), mote_json_string(mote_json_get(c, "output")), i % 2, &rouge), MOTE_OK);
        check_rouge(&rouge.of_1, mote_json_get(wanted, "rouge1"));
        check_rouge(&rouge.of_2, mote_json_get(wanted, "rouge2"));
        check_rouge(&rouge.of_l, mote_json_get(wanted, "rougeL"));
        check_rouge(&rouge.of_lsum, mote_json_get(wanted, "rougeLsum"));
    }
}

static void test_stems(void **state) {
    (void)state;
    const mote_json *stems = mote_json_get(fixture, "stems");
    assert_true(mote_json_length(stems) > 200);
    for (mote_json_iter *it = mote_json_first(stems); it; it = mote_json_next(stems, it)) {
        char word[64] = "";
        mote_str key = mote_json_iter_key(it);
        memcpy(word, key.data, key.len);
        word[mote_score_stem(word, key.len)] = 0;
        assert_string_equal(word, mote_json_text(mote_json_iter_value(it)));
    }
}

static double chrf_of(const mote_json *sentences, size_t from, size_t to, bool words) {
    mote_chrf chrf = {.words = words};
    for (size_t i = from; i < to; i++) {
        const mote_json *s = mote_json_at(sentences, i);
        mote_str references[8];
        size_t n = fixture_strings(mote_json_at(s, 1), references);
        assert_int_equal(mote_chrf_add(&chrf, mote_json_string(mote_json_at(s, 0)), references, n), MOTE_OK);
    }
    return mote_chrf_value(&chrf);
}

static void test_chrf(void **state) {
    (void)state;
    const mote_json *chrf = mote_json_get(fixture, "chrf"), *sentences = mote_json_get(chrf, "sentences");
    size_t n = mote_json_length(sentences);
    assert_close(chrf_of(sentences, 0, n, false), mote_json_get(chrf, "chrf"), 1e-12);
    assert_close(chrf_of(sentences, 0, n, true), mote_json_get(chrf, "chrf++"), 1e-12);
    for (size_t i = 0; i < n; i++)
        assert_close(chrf_of(sentences, i, i + 1, true), mote_json_at(mote_json_get(chrf, "each"), i), 1e-12);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gleu),  cmocka_unit_test(test_gleu_limits), cmocka_unit_test(test_sari), cmocka_unit_test(test_13a),
        cmocka_unit_test(test_rouge), cmocka_unit_test(test_stems),       cmocka_unit_test(test_chrf),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
