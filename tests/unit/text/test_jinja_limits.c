/* Hostile templates end early, with a status and a message that name the limit and the line; a failed rendering leaves the template usable. */
#include "base/clock.h"
#include "base/mem.h"
#include "patience.h"

#include <mote/template.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static mote_status render(const char *source, const char *json, char **text, mote_error *err) {
    mote_template *t = NULL;
    size_t n;
    *text = NULL;
    mote_status status = mote_template_parse(source, strlen(source), &t, err);
    if (status == MOTE_OK)
        status = mote_template_render(t, json, strlen(json), text, &n, err);
    mote_template_free(&t);
    return status;
}

static void expect(const char *source, mote_status status, const char *words) {
    mote_error err = {0};
    char *text;
    assert_int_equal(render(source, "{\"messages\":[]}", &text, &err), status);
    if (status != MOTE_OK && !strstr(err.message, words))
        fail_msg("%s: '%s' does not say '%s'", source, err.message, words);
    if (status == MOTE_OK)
        assert_string_equal(text, words);
    mote_mem_free(text);
}

static void work_is_bounded(void **state) {
    (void)state;
    static const char *const sources[] = {
        "{% for a in range(90000) %}{% for b in range(90000) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(s='z' * 1000) %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "{% set ns = namespace(l=[1]) %}{% for i in range(64) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "{{ 'a' * 1000000000000 }}",
        "{{ [0] * 1000000000000 }}",
        "{{ 9 ** 99999999 }}",
        "{{ 10 ** 18 * 10 ** 18 * (10 ** 18 * 10 ** 18) * 1.0 }}{{ range(100001) }}",
        "{{ 'x'.center(10000000000) }}{{ 'x'|indent(99999999999) }}",
        "{{ '%099999999d' % 1 }}",
        "{{ '{:>999999999}'.format(1) }}",
        "{{ ('a' * 60000)|replace('a', 'b' * 60000) }}",
        "{{ range(100000)|join('x' * 100000) }}",
        "{{ strftime_now('%999999999d') }}",
        "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(0) }}",
        "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
        "{% for m in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
        "{% set ns = namespace(a=[]) %}{% for i in range(5000) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a }}",
        "{% set ns = namespace(a=[]) %}{% for i in range(5000) %}{% set ns.a = [ns.a] %}{% endfor %}{{ ns.a == [[ns.a]] }}{{ ns.a|tojson }}",
        "{% set ns = namespace(a=[1]) %}{% for i in range(5000) %}{% set ns.a = ns.a|map('string') %}{% endfor %}{{ ns.a|list }}",
        "{% set s = 'a' * 2000000 %}{% for i in range(100000) %}{% set x = {s: 1} %}{% endfor %}",
        "{% set s = 'a' * 2000000 %}{% for i in range(100000) %}{% set x = s < s or s.rfind('b') or s is upper %}{% endfor %}",
        "{% set s = '&' * 300000 %}{% for i in range(1000) %}{% set x = s|striptags %}{% endfor %}",
        "{% set s = '9' * 4300 %}{% for i in range(100000) %}{% set x = s|int %}{% endfor %}",
    };
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        double start = mote_clock_seconds();
        expect(sources[i], MOTE_ERR_LIMIT, "li");
        if (mote_clock_seconds() - start > 2 * patience())
            fail_msg("%s took %.1f s", sources[i], mote_clock_seconds() - start);
    }
}

static void repeat(char *out, const char *piece, size_t n) {
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * strlen(piece), piece, strlen(piece));
    out[n * strlen(piece)] = 0;
}

static void nesting_is_bounded(void **state) {
    (void)state;
    static const char *const pieces[] = {"{{ (", "{{ [", "{{ not ", "{{ -", "{{ {1:", "{% if 1 %}", "{{ 1 if 1 else ", "{{ f(", "{% for x in y %}"};
    static char source[400000], piece[20000 * 10];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        bool statement = pieces[i][1] == '%';
        repeat(piece, pieces[i] + (statement ? 0 : 3), 10000);
        snprintf(source, sizeof source, "%s%s", statement ? "" : "{{ ", piece);
        expect(source, MOTE_ERR_LIMIT, "limit");
    }
    repeat(piece, "+1", 10000);
    snprintf(source, sizeof source, "{{ 1%s }}", piece);
    expect(source, MOTE_ERR_LIMIT, "limit");
    repeat(piece, ".x", 10000);
    snprintf(source, sizeof source, "{{ a%s }}", piece);
    expect(source, MOTE_ERR_LIMIT, "limit");
    repeat(piece, "1 ~ ", 10000);
    snprintf(source, sizeof source, "{{ (%s'')|length }}", piece);
    expect(source, MOTE_OK, "10000");
}

static void errors_name_the_line(void **state) {
    (void)state;
    expect("a\n{% if 1 %}\n", MOTE_ERR_FORMAT, "template line 2");
    expect("\n\n{{ x.y }}", MOTE_ERR_FORMAT, "template line 3: 'x' is undefined");
    expect("{{ 1|nosuch }}", MOTE_ERR_FORMAT, "template line 1: no filter named 'nosuch'");
    expect("{% include 'a' %}", MOTE_ERR_UNSUPPORTED, "'include' is not supported");
    expect("{{ raise_exception('No\\nway: ' ~ 1) }}", MOTE_ERR_TEMPLATE, "No way: 1");
    expect("{{ [].append(1) }}", MOTE_ERR_FORMAT, "unsafe");
    expect("{{ ''.__class__.__mro__ }}", MOTE_ERR_FORMAT, "unsafe");
    expect("\xff", MOTE_ERR_FORMAT, "UTF-8");
}

static void variables_are_checked(void **state) {
    (void)state;
    static const char *const bad[] = {
        "", "[]", "{", "{\"a\":}", "{\"a\":1,}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\n\"}", "{\"a\":01}", "{\"now\":\"yesterday\"}", "{\"now\":\"2026-02-30T00:00:00\"}", "{} x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        mote_error err = {0};
        char *text;
        assert_int_equal(render("{{ a }}", bad[i], &text, &err), MOTE_ERR_FORMAT);
        assert_non_null(strstr(err.message, "variables"));
        assert_null(text);
    }
    mote_error err = {0};
    char *text;
    assert_int_equal(render("{{ a }}{{ now is defined }}{{ strftime_now('%Y-%j %a') }}", "{\"a\":1,\"a\":18446744073709551616,\"now\":\"2024-12-31\"}", &text, &err), MOTE_OK);
    assert_string_equal(text, "18446744073709551616False2024-366 Tue");
    mote_mem_free(text);
}

static void a_template_survives_failures(void **state) {
    (void)state;
    const char *source = "{% if x %}{{ raise_exception('x') }}{% endif %}{{ y }}";
    mote_error err = {0};
    mote_template *t = NULL;
    char *text;
    size_t n;
    assert_int_equal(mote_template_parse(source, strlen(source), &t, &err), MOTE_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mote_template_render(t, "{\"x\":1}", 7, &text, &n, &err), MOTE_ERR_TEMPLATE);
        assert_null(text);
        assert_int_equal(mote_template_render(t, "{\"y\":[1,\"a\"]}", 13, &text, &n, &err), MOTE_OK);
        assert_string_equal(text, "[1, 'a']");
        assert_int_equal(n, 8);
        mote_mem_free(text);
    }
    mote_template_free(&t);
    assert_null(t);
    mote_template_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_bounded),       cmocka_unit_test(nesting_is_bounded),           cmocka_unit_test(errors_name_the_line),
        cmocka_unit_test(variables_are_checked), cmocka_unit_test(a_template_survives_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
