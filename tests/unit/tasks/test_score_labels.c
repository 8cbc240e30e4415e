/* Scores of labels, entities, fields and tool calls, and intervals of paired differences. */
#include "scores_fixture.h"

#include "tasks/score_calls.h"
#include "tasks/score_entities.h"
#include "tasks/score_fields.h"
#include "tasks/score_labels.h"
#include "tasks/score_paired.h"
#include "tasks/score_rouge.h"

#include <string.h>

static void test_entities(void **state) {
    (void)state;
    const mote_json *entities = mote_json_get(fixture, "entities"), *sentences = mote_json_get(entities, "sentences");
    mote_entity_sums sums = {0};
    for (size_t i = 0; i < mote_json_length(sentences); i++) {
        mote_str wanted[8], given[8];
        mote_entity wanted_entities[8], given_entities[8];
        size_t n = fixture_strings(mote_json_at(mote_json_at(sentences, i), 0), wanted);
        assert_int_equal(fixture_strings(mote_json_at(mote_json_at(sentences, i), 1), given), n);
        size_t n_wanted = mote_entities_read(wanted, n, wanted_entities), n_given = mote_entities_read(given, n, given_entities);
        mote_entities_add(&sums, given_entities, n_given, wanted_entities, n_wanted);
    }
    mote_f_score f = mote_f_score_of((double)sums.right, (double)sums.given, (double)sums.wanted);
    assert_close(f.precision, mote_json_get(entities, "precision"), 1e-12);
    assert_close(f.recall, mote_json_get(entities, "recall"), 1e-12);
    assert_close(f.f1, mote_json_get(entities, "f1"), 1e-12);
}

static void test_labels(void **state) {
    (void)state;
    const mote_json *labels = mote_json_get(fixture, "labels"), *items = mote_json_get(labels, "items");
    mote_label_sums sums = {0};
    assert_true(mote_labels_accuracy(&sums) == 0 && mote_labels_calibration_error(&sums) == 0);
    for (size_t i = 0; i < mote_json_length(items); i++)
        mote_labels_add(&sums, mote_json_bool(mote_json_at(mote_json_at(items, i), 1), false), mote_json_number(mote_json_at(mote_json_at(items, i), 0), -1));
    assert_close(mote_labels_accuracy(&sums), mote_json_get(labels, "accuracy"), 1e-12);
    assert_close(mote_labels_calibration_error(&sums), mote_json_get(labels, "error"), 1e-12);
    mote_labels_add(&sums, true, 0);
    mote_labels_add(&sums, true, 1);
    assert_int_equal(sums.bins[0].n + sums.bins[MOTE_LABEL_BINS - 1].n > 1, 1);
}

static void test_fields(void **state) {
    (void)state;
    mote_field_sums sums = {0};
    mote_str none = {NULL, 0};
    assert_true(mote_fields_add(&sums, MOTE_STR(" 12.50\n"), MOTE_STR("12.50")));
    assert_false(mote_fields_add(&sums, MOTE_STR("12.5"), MOTE_STR("12.50")));
    assert_false(mote_fields_add(&sums, none, MOTE_STR("x")));
    assert_false(mote_fields_add(&sums, MOTE_STR("x"), none));
    assert_false(mote_fields_add(&sums, none, none));
    assert_true(sums.right == 1 && sums.given == 3 && sums.wanted == 3);
}

static void test_paired(void **state) {
    (void)state;
    const mote_json *cases = mote_json_get(fixture, "paired");
    mote_paired paired = {0};
    double interval[2];
    assert_int_equal(mote_paired_interval(&paired, interval), MOTE_OK);
    assert_true(interval[0] == 0 && interval[1] == 0 && mote_paired_mean(&paired) == 0);
    assert_true(mote_json_length(cases) == 3);
    for (size_t c = 0; c < mote_json_length(cases); c++) {
        const mote_json *one = mote_json_at(cases, c), *groups = mote_json_get(one, "groups");
        for (size_t g = 0; g < mote_json_length(groups); g++)
            for (size_t i = 0; i < mote_json_length(mote_json_at(groups, g)); i++)
                assert_int_equal(mote_paired_add(&paired, g, mote_json_number(mote_json_at(mote_json_at(groups, g), i), 9), NULL), MOTE_OK);
        assert_close(mote_paired_mean(&paired), mote_json_get(one, "mean"), 1e-12);
        assert_int_equal(mote_paired_interval(&paired, interval), MOTE_OK);
        assert_close(interval[0], mote_json_at(mote_json_get(one, "interval"), 0), 1e-12);
        assert_close(interval[1], mote_json_at(mote_json_get(one, "interval"), 1), 1e-12);
        mote_paired_deinit(&paired);
    }
}

/* One function with every type. */
static const char functions_json[] = "[{\"name\":\"order.place\",\"parameters\":{\"type\":\"dict\",\"required\":[\"item\",\"count\"],\"properties\":{\"item\":{\"type\":\"string\"}"
                                     ",\"count\":{\"type\":\"integer\"},"
                                     "\"price\":{\"type\":\"float\"},\"express\":{\"type\":\"boolean\"},\"sizes\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}},\"tags\":{"
                                     "\"type\":\"tuple\",\"items\":{\"type\":"
                                     "\"string\"}},\"to\":{\"type\":\"dict\"},\"parts\":{\"type\":\"array\",\"items\":{\"type\":\"dict\"}},\"note\":{\"type\":\"any\"}}}},{"
                                     "\"name\":\"stop\",\"parameters\":{\"type\":"
                                     "\"dict\",\"required\":[],\"properties\":{}}}]";

static bool matches(const char *calls, const char *answers) {
    mote_json *f, *c, *a;
    assert_int_equal(mote_json_parse(functions_json, strlen(functions_json), &f, NULL), MOTE_OK);
    assert_int_equal(mote_json_parse(calls, strlen(calls), &c, NULL), MOTE_OK);
    assert_int_equal(mote_json_parse(answers, strlen(answers), &a, NULL), MOTE_OK);
    bool result = mote_calls_match(f, c, a);
    mote_json_free(&f);
    mote_json_free(&c);
    mote_json_free(&a);
    return result;
}

#define ONE "[{\"order.place\":{\"item\":[\"steel bolt\",\"bolt\"],\"count\":[4],\"price\":[2.5,\"\"]}}]"

static void test_calls(void **state) {
    (void)state;
    assert_true(matches("[{\"order.place\":{\"item\":\"Steel-Bolt.\",\"count\":4}}]", ONE));
    assert_true(matches("[{\"order.place\":{\"item\":\"bolt\",\"count\":4,\"price\":2.5}}]", ONE));
    assert_false(matches("[{\"order.place\":{\"item\":\"bolt\",\"count\":4.0}}]", ONE));                 /* a float is no integer */
    assert_false(matches("[{\"order.place\":{\"item\":\"bolt\",\"count\":4,\"price\":\"2.5\"}}]", ONE)); /* wrong type */
    assert_false(matches("[{\"order.place\":{\"item\":\"nut\",\"count\":4}}]", ONE));
    assert_false(matches("[{\"order.place\":{\"item\":\"bolt\"}}]", ONE));
    assert_false(matches("[{\"order.place\":{\"item\":\"bolt\",\"count\":4,\"speed\":1}}]", ONE));
    assert_false(matches("[{\"order.send\":{\"item\":\"bolt\",\"count\":4}}]", ONE));
    assert_false(matches("[]", ONE));
    assert_false(matches("{}", ONE));
    assert_false(matches("[{\"order.place\":{\"item\":\"bolt\",\"count\":4}},{\"stop\":{}}]", ONE));
    assert_true(matches("[{\"stop\":{}},{\"order.place\":{\"item\":\"bolt\",\"count\":4}}]", "[{\"order.place\":{\"item\":[\"bolt\"],\"count\":[4]}},{\"stop\":{}}]"));
    assert_false(matches("[{\"nothing\":{}}]", "[{\"nothing\":{}}]"));
}

#define WITH(arguments) "[{\"order.place\":{\"item\":\"bolt\",\"count\":1," arguments "}}]"
#define ALLOWED(arguments) "[{\"order.place\":{\"item\":[\"bolt\"],\"count\":[1]," arguments "}}]"

static void test_call_values(void **state) {
    (void)state;
    assert_true(matches(WITH("\"price\":2"), ALLOWED("\"price\":[2.0]")));
    assert_true(matches(WITH("\"express\":true"), ALLOWED("\"express\":[true]")));
    assert_false(matches(WITH("\"express\":\"true\""), ALLOWED("\"express\":[true]")));
    assert_true(matches(WITH("\"sizes\":[1,2]"), ALLOWED("\"sizes\":[[3],[1,2]]")));
    assert_false(matches(WITH("\"sizes\":[2,1]"), ALLOWED("\"sizes\":[[3],[1,2]]")));
    assert_false(matches(WITH("\"sizes\":[\"1\"]"), ALLOWED("\"sizes\":[[1]]")));
    assert_true(matches(WITH("\"tags\":[\"Big Bolt\"]"), ALLOWED("\"tags\":[[\"big-bolt\"]]")));
    assert_true(matches(WITH("\"to\":{\"city\":\"New York\"}"), ALLOWED("\"to\":[{\"city\":[\"new york\"],\"zip\":[1,\"\"]}]")));
    assert_false(matches(WITH("\"to\":{\"town\":\"New York\"}"), ALLOWED("\"to\":[{\"city\":[\"new york\"]}]")));
    assert_false(matches(WITH("\"to\":{}"), ALLOWED("\"to\":[{\"city\":[\"new york\"]}]")));
    assert_true(matches(WITH("\"parts\":[{\"n\":1},{\"n\":2}]"), ALLOWED("\"parts\":[[{\"n\":[1]},{\"n\":[2]}]]")));
    assert_false(matches(WITH("\"parts\":[{\"n\":2},{\"n\":1}]"), ALLOWED("\"parts\":[[{\"n\":[1]},{\"n\":[2]}]]")));
    assert_true(matches(WITH("\"price\":\"p\""), ALLOWED("\"price\":[\"p\"]"))); /* a variable's name in place of a value */
    assert_true(matches(WITH("\"note\":\"it's\""), ALLOWED("\"note\":[\"IT\\\"S\"]")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entities), cmocka_unit_test(test_labels), cmocka_unit_test(test_fields),
        cmocka_unit_test(test_paired),   cmocka_unit_test(test_calls),  cmocka_unit_test(test_call_values),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
