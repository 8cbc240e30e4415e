/* Tools in both forms, the schema made of them, and calls found in answers of any form. */
#include "base/str.h"
#include "tasks/tools_private.h"

#include <mote/mote.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char tools_json[] =
    "[{\"type\":\"function\",\"function\":{\"name\":\"add\",\"parameters\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/n\"}},"
    "\"required\":[\"a\"],\"$defs\":{\"n\":{\"type\":\"integer\"}}}}},{\"name\":\"stop\"},{\"name\":\"open\",\"parameters\":{\"additionalProperties\":true}}]";

static void test_schema(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool fits;
    } cases[] = {
        {"[]", true},
        {"[{\"name\":\"add\",\"arguments\":{\"a\":1}}]", true},
        {"[{\"name\":\"add\",\"arguments\":{\"a\":1}}, {\"name\":\"stop\",\"arguments\":{}}]", true},
        {"[{\"name\":\"open\",\"arguments\":{\"x\":[]}}]", true},
        {"[{\"name\":\"add\",\"arguments\":{\"a\":1.5}}]", false},
        {"[{\"name\":\"add\",\"arguments\":{\"a\":1,\"b\":1}}]", false},
        {"[{\"name\":\"add\",\"arguments\":{}}]", false},
        {"[{\"name\":\"add\"}]", false},
        {"[{\"name\":\"stop\",\"arguments\":{\"a\":1}}]", false},
        {"[{\"name\":\"open\",\"arguments\":[]}]", false},
        {"[{\"name\":\"other\",\"arguments\":{}}]", false},
        {"{\"name\":\"stop\",\"arguments\":{}}", false},
    };
    mote_tools_spec spec;
    assert_int_equal(mote_tools_spec_read(&spec, MOTE_STR(tools_json), NULL), MOTE_OK);
    assert_non_null(strstr(spec.json.data, "{\"type\":\"function\",\"function\":{\"name\":\"stop\"}}"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool fits;
        size_t offset;
        assert_int_equal(mote_constraint_match(spec.constraint, cases[i].text, strlen(cases[i].text), &fits, &offset, NULL), MOTE_OK);
        if (fits != cases[i].fits)
            fail_msg("%s", cases[i].text);
    }
    mote_tools_spec_deinit(&spec);
}

static void test_parse(void **state) {
    (void)state;
    static const struct {
        const char *answer, *calls[2], *text;
    } cases[] = {
        {"[]", {NULL}, "[]"},
        {"<tool_call>\n{\"name\": \"f\", \"arguments\": {\"a\": \"}\\\"\"}}\n</tool_call>", {"{\"name\":\"f\",\"arguments\":{\"a\":\"}\\\"\"}}"}, "<tool_call>\n\n</tool_call>"},
        {"{\"name\":\"f\",\"parameters\":{}}{\"arguments\":{},\"name\":\"g\"}", {"{\"name\":\"f\",\"arguments\":{}}", "{\"name\":\"g\",\"arguments\":{}}"}, NULL},
        {" Use {x}: {\"tool\":{\"name\":\"f\",\"arguments\":{}}} ", {"{\"name\":\"f\",\"arguments\":{}}"}, "Use {x}: {\"tool\":}"},
        {"{\"name\":\"f\",\"arguments\":1}", {NULL}, "{\"name\":\"f\",\"arguments\":1}"},
        {"{\"name\":\"f\",\"arguments\":{}", {NULL}, "{\"name\":\"f\",\"arguments\":{}"},
        {"{\"name\":\"f\\", {NULL}, "{\"name\":\"f\\"},
        {" \n", {NULL}, NULL},
        {"", {NULL}, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_tools_result r = {0};
        size_t n = 0;
        assert_int_equal(mote_tools_parse(mote_str_of(cases[i].answer), &r, NULL), MOTE_OK);
        for (; n < 2 && cases[i].calls[n]; n++) {
            assert_true(n < r.n_calls);
            assert_string_equal(r.calls[n], cases[i].calls[n]);
        }
        assert_int_equal(r.n_calls, n);
        if (cases[i].text)
            assert_string_equal(r.text, cases[i].text);
        else
            assert_null(r.text);
        mote_tools_result_deinit(&r);
    }
}

/* More calls than a result holds. */
static void test_many(void **state) {
    (void)state;
    char answer[4096] = "";
    mote_tools_result r = {0};
    for (size_t i = 0; i < MOTE_TOOLS_CALLS + 1; i++)
        strcat(answer, "{\"name\":\"f\",\"arguments\":{}}\n");
    assert_int_equal(mote_tools_parse(mote_str_of(answer), &r, NULL), MOTE_OK);
    assert_int_equal(r.n_calls, MOTE_TOOLS_CALLS);
    assert_string_equal(r.text, "{\"name\":\"f\",\"arguments\":{}}");
    mote_tools_result_deinit(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_schema), cmocka_unit_test(test_parse), cmocka_unit_test(test_many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
