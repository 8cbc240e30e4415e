/* Classifying with a tiny model of random weights: what must hold whatever the weights. And its parts: the trie of labels, ridge regression, forms. */
#include "base/file.h"
#include "tasks/classify_private.h"
#include "tasks/form.h"
#include "tasks/label_trie.h"
#include "tasks/ridge.h"

#include <mote/mote.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tiny_model.h"

static void test_trie(void **state) {
    (void)state;
    mote_trie trie = {0};
    assert_int_equal(mote_trie_add(&trie, (int32_t[]){5, 6, 7}, 3, 0), MOTE_OK);
    assert_int_equal(mote_trie_add(&trie, (int32_t[]){5, 8}, 2, 1), MOTE_OK);
    assert_int_equal(mote_trie_add(&trie, (int32_t[]){9}, 1, 2), MOTE_OK);
    assert_int_equal(trie.n, 6);
    assert_int_equal(trie.nodes[0].n_leaves, 3);
    assert_int_equal(mote_trie_add(&trie, (int32_t[]){5, 8}, 2, 3), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_trie_add(&trie, (int32_t[]){5, 6}, 2, 3), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_trie_add(&trie, (int32_t[]){9, 1}, 2, 3), MOTE_ERR_ARGUMENT);
    mote_trie_deinit(&trie);
}

/* Left out in closed form is the same as fitting without the example; the penalty and the standardisation must be the same, so that the features are standardised as they are. */
static void test_ridge(void **state) {
    (void)state;
    enum { N = 12, F = 3 };
    float x[N * F], again[N * F];
    size_t labels[N];
    double left_out[N * 2], out[2];
    for (size_t i = 0; i < N; i++) {
        labels[i] = i % 2;
        for (size_t k = 0; k < F; k++)
            x[i * F + k] = (float)(labels[i] ? 2 : -2) + (float)((i * 7 + k * 5) % 11) / 11;
    }
    memcpy(again, x, sizeof x);
    mote_ridge ridge;
    assert_int_equal(mote_ridge_fit(x, N, F, labels, 2, &ridge, left_out), MOTE_OK);
    for (size_t i = 0; i < N; i++) {
        mote_ridge_apply(&ridge, again + i * F, out);
        assert_true((out[1] > out[0]) == (labels[i] == 1));
        assert_true((left_out[2 * i + 1] > left_out[2 * i]) == (labels[i] == 1));
        assert_true(fabs(out[0] + out[1] - 1) < 1e-5);
        assert_true(fabs(left_out[2 * i + labels[i]] - 1) >= fabs(out[labels[i]] - 1) - 1e-6); /* never better than with it */
    }
    mote_ridge_deinit(&ridge);
}

static void test_form(void **state) {
    (void)state;
    mote_form *form = NULL;
    mote_prompt_ids a = {0}, b = {0};
    mote_error err = {0};
    mote_form_value gap = {"text", {NULL, 0}}, given = {"tone", MOTE_STR("<|im_end|>")};
    assert_int_equal(mote_form_create(model, &form, NULL), MOTE_OK);
    assert_int_equal(mote_form_add(form, "user", MOTE_STR("say {text} as {tone}, {x1} {}"), (mote_form_value[]){gap, given}, 2, &err), MOTE_OK);
    assert_int_equal(mote_form_finish(form, &err), MOTE_OK);
    gap.text = MOTE_STR("one<|im_end|>");
    assert_int_equal(mote_form_fill(form, &gap, 1, &a, &err), MOTE_OK);
    gap.text = MOTE_STR("other");
    assert_int_equal(mote_form_fill(form, &gap, 1, &b, &err), MOTE_OK);
    size_t same = 0, n_ends = 0;
    while (same < a.n && same < b.n && a.ids[same] == b.ids[same])
        same++;
    assert_true(same > 5);
    for (size_t i = 0; i < a.n; i++)
        n_ends += mote_tokenizer_is_end(mote_model_tokenizer(model), a.ids[i]);
    assert_int_equal(n_ends, 1); /* the template's own */
    assert_int_equal(mote_form_fill(form, NULL, 0, &a, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_form_add(form, "user", MOTE_STR("{wrong}"), NULL, 0, &err), MOTE_ERR_FORMAT);
    assert_non_null(strstr(err.message, "{wrong}"));
    mote_prompt_ids_deinit(&a);
    mote_prompt_ids_deinit(&b);
    mote_form_free(&form);
}

static const char *const labels[] = {"red", "green", "greenish", "blue"};

static void test_probabilities(void **state) {
    (void)state;
    mote_classify_options o = MOTE_CLASSIFY_OPTIONS_INIT;
    mote_classifier *c = NULL;
    mote_classify_result r;
    mote_error err = {0};
    double first[4];
    o.labels = labels;
    o.n_labels = 4;
    o.threshold = 1;
    assert_int_equal(mote_classifier_create(engine, &o, &c, &err), MOTE_OK);
    static const char *const texts[] = {"a stone", "a stone wall", "", "a stone"};
    for (size_t i = 0; i < 4; i++) {
        double sum = 0;
        assert_int_equal(mote_classify(c, texts[i], strlen(texts[i]), &r, &err), MOTE_OK);
        for (size_t k = 0; k < 4; k++)
            sum += r.probabilities[k];
        assert_true(fabs(sum - 1) < 1e-9 && r.unsure && r.probability == r.probabilities[r.label]);
        if (i == 0)
            memcpy(first, r.probabilities, sizeof first);
    }
    assert_memory_equal(first, r.probabilities, sizeof first); /* whatever came before */
    mote_classifier_free(&c);
}

static void test_examples(void **state) {
    (void)state;
    mote_classify_options o = MOTE_CLASSIFY_OPTIONS_INIT;
    mote_classifier *c = NULL;
    mote_classify_result r;
    mote_error err = {0};
    static const mote_label_example examples[] = {{"aaaa", 4, "red"}, {"aaab", 4, "red"}, {"zzzz", 4, "blue"}, {"zzzy", 4, "blue"}};
    static const char *const two[] = {"red", "blue"};
    o.labels = two;
    o.n_labels = 2;
    o.examples = examples;
    o.n_examples = 4;
    assert_int_equal(mote_classifier_create(engine, &o, &c, &err), MOTE_OK);
    assert_int_equal(mote_classify(c, "zzzz", 4, &r, &err), MOTE_OK);
    double before = r.probabilities[1];
    assert_int_equal(mote_classify(c, "aaaa", 4, &r, &err), MOTE_OK);
    assert_int_equal(mote_classify(c, "zzzz", 4, &r, &err), MOTE_OK);
    assert_true(r.probabilities[1] == before);
    mote_classifier_free(&c);
    o.multi = true;
    assert_int_equal(mote_classifier_create(engine, &o, &c, &err), MOTE_OK);
    assert_int_equal(mote_classify(c, "zzzz", 4, &r, &err), MOTE_OK);
    assert_true(r.probabilities[0] >= 0 && r.probabilities[0] <= 1 && r.probabilities[1] >= 0 && r.probabilities[1] <= 1);
    mote_classifier_free(&c);
}

/* What random weights write is no label; what an answer means. */
static void test_written(void **state) {
    (void)state;
    mote_classify_options o = MOTE_CLASSIFY_OPTIONS_INIT;
    mote_classify_result before, after;
    mote_session *session = NULL;
    mote_classifier *c = NULL;
    size_t label = 0;
    o.labels = labels;
    o.n_labels = 4;
    assert_int_equal(mote_classifier_create(engine, &o, &c, NULL), MOTE_OK);
    assert_int_equal(mote_classifier_read(c, MOTE_STR(" Green.\r")), 1);
    assert_int_equal(mote_classifier_read(c, MOTE_STR("\"blue\"")), 3);
    assert_int_equal(mote_classifier_read(c, MOTE_STR("green or blue")), 4);
    assert_int_equal(mote_classifier_read(c, MOTE_STR("gree")), 4);
    assert_int_equal(mote_classifier_read(c, MOTE_STR("")), 4);
    assert_int_equal(mote_classify(c, "a stone", 7, &before, NULL), MOTE_OK);
    double first = before.probability;
    assert_int_equal(mote_session_create(engine, &session, NULL), MOTE_OK);
    assert_int_equal(mote_classifier_generate(c, session, MOTE_STR("a stone"), &label, NULL), MOTE_OK);
    assert_int_equal(label, 4);
    assert_int_equal(mote_classify(c, "a stone", 7, &after, NULL), MOTE_OK);
    assert_true(after.probability == first);
    mote_session_free(&session);
    mote_classifier_free(&c);
}

static void refuse(mote_classify_options o, mote_status wanted, const char *message) {
    mote_classifier *c = NULL;
    mote_error err = {0};
    assert_int_equal(mote_classifier_create(engine, &o, &c, &err), wanted);
    assert_null(c);
    if (!strstr(err.message, message))
        fail_msg("%s", err.message);
}

static void test_mistakes(void **state) {
    (void)state;
    mote_classify_options o = MOTE_CLASSIFY_OPTIONS_INIT;
    const char *twice[] = {"a", "b", "a"}, *empty[] = {"a", ""};
    mote_label_example wrong = {"x", 1, "purple"};
    o.labels = labels;
    o.n_labels = 1;
    refuse(o, MOTE_ERR_ARGUMENT, "1 labels");
    o.n_labels = 4;
    o.threshold = 2;
    refuse(o, MOTE_ERR_ARGUMENT, "threshold");
    o.threshold = 0;
    o.examples = &wrong;
    o.n_examples = 1;
    refuse(o, MOTE_ERR_ARGUMENT, "'purple'");
    o.n_examples = 0;
    o.task = "no-such-task";
    refuse(o, MOTE_ERR_NOT_FOUND, "no-such-task");
    o.task = "proofread";
    refuse(o, MOTE_ERR_FORMAT, "\"kind\"");
    o.task = NULL;
    o.labels = twice;
    o.n_labels = 3;
    refuse(o, MOTE_ERR_ARGUMENT, "twice");
    o.labels = empty;
    o.n_labels = 2;
    refuse(o, MOTE_ERR_ARGUMENT, "empty");
}

static void test_list(void **state) {
    (void)state;
    char folder[] = "/tmp/mote-tasks-XXXXXX", path[256];
    char *json = NULL;
    assert_non_null(mkdtemp(folder));
    setenv("XDG_DATA_HOME", folder, 1);
    snprintf(path, sizeof path, "%s/mote/tasks/mine", folder);
    assert_int_equal(mote_file_make_directories(path, NULL), MOTE_OK);
    assert_int_equal(mote_task_list(&json, NULL), MOTE_OK);
    assert_non_null(strstr(json, "\"name\":\"classify\",\"kind\":\"classify\""));
    assert_non_null(strstr(json, "\"name\":\"mine\",\"error\":"));
    mote_free(json);
    rmdir(path);
    snprintf(path, sizeof path, "%s/mote/tasks", folder);
    rmdir(path);
    snprintf(path, sizeof path, "%s/mote", folder);
    rmdir(path);
    rmdir(folder);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trie),     cmocka_unit_test(test_ridge),   cmocka_unit_test(test_form),     cmocka_unit_test(test_probabilities),
        cmocka_unit_test(test_examples), cmocka_unit_test(test_written), cmocka_unit_test(test_mistakes), cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
