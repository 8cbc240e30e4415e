/* Extracting: what is found in a text, what becomes null, how parts come together; and with a tiny model of random weights what must hold whatever the weights. */
#include "tasks/extract_value.h"
#include "tasks/locate.h"
#include "tasks/parts.h"

#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tiny_model.h"

static void expect_text(const char *text, const char *value, int start, int end) {
    mote_place p = {0, 0};
    bool is_found = mote_locate_string(mote_str_of(text), mote_str_of(value), &p);
    if (is_found != (start >= 0) || (is_found && ((int)p.start != start || (int)p.end != end)))
        fail_msg("'%s' in '%s': %d, %zu to %zu", value, text, is_found, p.start, p.end);
}

static void expect_number(const char *text, double value, int start, int end) {
    mote_place p = {0, 0};
    bool is_found = mote_locate_number(mote_str_of(text), value, &p);
    if (is_found != (start >= 0) || (is_found && ((int)p.start != start || (int)p.end != end)))
        fail_msg("%g in '%s': %d, %zu to %zu", value, text, is_found, p.start, p.end);
}

static void test_locate(void **state) {
    (void)state;
    expect_text("focus on us", "us", 9, 11);
    expect_text("focus", "us", 3, 5);
    expect_text("focus", "US", -1, 0); /* loosely only between words */
    expect_text("Maria \n Lopez, ÉTÉ", "maria lopez", 0, 13);
    expect_text("Maria Lopez, \xc3\x89T\xc3\x89.", "\xc3\xa9t\xc3\xa9", 13, 18);
    expect_text("\xc3\xa9us us", "us", 5, 7);
    expect_text("Maria", "Mario", -1, 0);
    expect_text("Maria", " ", -1, 0);
    expect_text("", "a", -1, 0);
    expect_text("a\xff"
                "b",
                "b", 2, 3);
    expect_number("in 12 of 1,250.00 cases", 1250, 9, 17);
    expect_number("1250", 250, -1, 0);
    expect_number("at -3.5 degrees", -3.5, 3, 7);
    expect_number("1,25", 25, 2, 4);
    expect_number("pages 3.", 3, 6, 7);
}

static void test_parts(void **state) {
    (void)state;
    mote_str text = MOTE_STR("one two. three\nfour five six");
    assert_int_equal(mote_part_end(text, 0, 100), text.len);
    assert_int_equal(mote_part_end(text, 0, 16), 15);
    assert_int_equal(mote_part_end(text, 0, 12), 9);
}

static const char schema_text[] =
    "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":[\"string\",\"null\"]},\"id\":{\"type\":\"string\"},\"kind\":{\"anyOf\":[{\"$ref\":\"#/$defs/"
    "kind\"},{\"type\":\"null\"}]},"
    "\"a/b\":{\"type\":\"array\",\"items\":{\"type\":[\"string\",\"number\",\"null\"]},\"maxItems\":3}},\"$defs\":{\"kind\":{\"enum\":[\"bill\",\"mail\"]}}}";

typedef struct fixture {
    mote_extract_rules rules;
    mote_constraint *constraint;
    mote_json *schema;
} fixture;

static void fixture_init(fixture *f) {
    assert_int_equal(mote_constraint_create_schema(schema_text, strlen(schema_text), false, &f->constraint, NULL), MOTE_OK);
    assert_int_equal(mote_json_parse(schema_text, strlen(schema_text), &f->schema, NULL), MOTE_OK);
    f->rules = (mote_extract_rules){f->schema, f->constraint};
}

static void fixture_deinit(fixture *f) {
    mote_constraint_free(&f->constraint);
    mote_json_free(&f->schema);
}

static mote_json *parse(const char *text) {
    mote_json *value = NULL;
    assert_int_equal(mote_json_parse(text, strlen(text), &value, NULL), MOTE_OK);
    return value;
}

static void test_ground(void **state) {
    (void)state;
    fixture f;
    mote_buffer out;
    mote_extraction e = {0};
    mote_str text = MOTE_STR("Ada has 12 apples");
    fixture_init(&f);
    mote_buffer_init(&out, 1 << 16);
    mote_json *value = parse("{\"name\":\"Bob\",\"id\":\"X1\",\"kind\":\"bill\",\"a/b\":[\"ada\",\"eve\",12]}");
    assert_int_equal(mote_extract_ground(&f.rules, text, value, &out, NULL), MOTE_OK);
    assert_string_equal(out.data, "{\"name\":null,\"id\":\"X1\",\"kind\":\"bill\",\"a/b\":[\"ada\",null,12]}");
    mote_json_free(&value);
    value = parse(out.data);
    assert_int_equal(mote_extract_places(&f.rules, text, value, &e, NULL), MOTE_OK);
    assert_int_equal(e.n_spans, 3); /* neither null nor a listed string */
    assert_string_equal(e.spans[0].path, "/id");
    assert_false(e.spans[0].is_found);
    assert_string_equal(e.spans[1].path, "/a~1b/0");
    assert_true(e.spans[1].is_found && e.spans[1].start == 0 && e.spans[1].end == 3);
    assert_true(e.spans[2].is_found && e.spans[2].start == 8 && e.spans[2].end == 10);
    mote_extraction_deinit(&e);
    mote_json_free(&value);
    mote_buffer_deinit(&out);
    fixture_deinit(&f);
}

static void expect_merged(const fixture *f, const char *first, const char *second, const char *wanted) {
    mote_buffer out;
    mote_json *a = parse(first), *b = parse(second);
    mote_buffer_init(&out, 1 << 16);
    assert_int_equal(mote_extract_merge(&f->rules, a, b, &out, NULL), MOTE_OK);
    assert_string_equal(out.data, wanted);
    mote_buffer_deinit(&out);
    mote_json_free(&a);
    mote_json_free(&b);
}

static void test_merge(void **state) {
    (void)state;
    fixture f;
    fixture_init(&f);
    expect_merged(&f, "{\"name\":null,\"a/b\":[1]}", "{\"name\":\"Eve\",\"a/b\":[2,3],\"id\":\"x\"}", "{\"name\":\"Eve\",\"a/b\":[1,2,3],\"id\":\"x\"}");
    expect_merged(&f, "{\"name\":\"Ada\",\"id\":\"\"}", "{\"name\":\"Eve\",\"id\":\"y\"}", "{\"name\":\"Ada\",\"id\":\"y\"}");
    expect_merged(&f, "{\"a/b\":[1,2]}", "{\"a/b\":[3,4]}", "{\"a/b\":[1,2]}"); /* four are too many */
    fixture_deinit(&f);
}

static void test_extract(void **state) {
    (void)state;
    fixture f;
    mote_extract_options o = MOTE_EXTRACT_OPTIONS_INIT;
    mote_extractor *x = NULL;
    mote_extraction e, again;
    mote_error err = {0};
    mote_extract_example examples[] = {{"Eve", 3, "{\"name\":\"Eve\"}", 14}, {"Eve", 3, "{\"name\":1}", 10}};
    static const char small[] = "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":[\"string\",\"null\"],\"maxLength\":9}},\"required\":[\"n\"],\"additionalProperties\":false}";
    char text[6000];
    bool matches;
    size_t offset;
    fixture_init(&f);
    o.schema = schema_text;
    o.schema_bytes = strlen(schema_text);
    o.examples = examples;
    o.n_examples = 2;
    assert_int_equal(mote_extractor_create(engine, &o, &x, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "example 2"));
    o.schema = small;
    o.schema_bytes = strlen(small);
    o.n_examples = 0;
    assert_int_equal(mote_extractor_create(engine, &o, &x, &err), MOTE_OK);
    assert_int_equal(mote_extract(x, " \n", 2, &e, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_extract(x, "a b", 3, &e, &err), MOTE_OK);
    assert_int_equal(e.n_parts, 1);
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 6 ? 'a' : ' ';
    assert_int_equal(mote_extract(x, text, sizeof text, &again, &err), MOTE_OK);
    assert_true(again.n_parts > 1);
    mote_extraction_deinit(&again);
    assert_int_equal(mote_extract(x, "a b", 3, &again, &err), MOTE_OK);
    assert_string_equal(e.value, again.value); /* whatever came before */
    mote_constraint_free(&f.constraint);
    assert_int_equal(mote_constraint_create_schema(small, strlen(small), false, &f.constraint, NULL), MOTE_OK);
    assert_int_equal(mote_constraint_match(f.constraint, e.value, e.value_bytes, &matches, &offset, &err), MOTE_OK);
    assert_true(matches);
    mote_extraction_deinit(&e);
    mote_extraction_deinit(&again);
    mote_extractor_free(&x);
    fixture_deinit(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_locate), cmocka_unit_test(test_parts), cmocka_unit_test(test_ground), cmocka_unit_test(test_merge), cmocka_unit_test(test_extract),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
