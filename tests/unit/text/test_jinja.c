/* The template language against jinja2: every case of jinja_cases.json (made by jinja_cases.py) gives the same text, or fails as there. */
#include "base/mem.h"
#include "formats/json.h"

#include <mote/template.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void equals_jinja2(void **state) {
    (void)state;
    char path[1024];
    mote_error err = {0};
    mote_json *root = NULL;
    size_t n_bad = 0;
    snprintf(path, sizeof path, "%s/tests/unit/text/jinja_cases.json", getenv("MOTE_SOURCE_DIR"));
    assert_int_equal(mote_json_read(path, &root, &err), MOTE_OK);
    mote_str variables = mote_json_string(mote_json_get(root, "variables"));
    const mote_json *cases = mote_json_get(root, "cases");
    assert_in_range(mote_json_length(cases), 500, 5000);
    for (size_t i = 0; i < mote_json_length(cases); i++) {
        const mote_json *c = mote_json_at(cases, i), *text = mote_json_get(c, "text");
        mote_str source = mote_json_string(mote_json_get(c, "template")), want = mote_json_string(text);
        mote_template *t = NULL;
        char *got = NULL;
        size_t n = 0;
        mote_status status = mote_template_parse(source.data, source.len, &t, &err);
        if (status == MOTE_OK)
            status = mote_template_render(t, variables.data, variables.len, &got, &n, &err);
        bool good = text ? status == MOTE_OK && mote_str_equal((mote_str){got, n}, want) : status != MOTE_OK && err.message[0];
        if (!good && n_bad++ < 20)
            print_message("case %zu: %.*s\n  gave %s\n  not  %.*s\n", i, (int)source.len, source.data, status == MOTE_OK ? got : err.message, text ? (int)want.len : 7,
                          text ? want.data : "failure");
        mote_mem_free(got);
        mote_template_free(&t);
    }
    mote_json_free(&root);
    assert_int_equal(n_bad, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_jinja2)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
