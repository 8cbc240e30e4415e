/* Schemas and expressions when memory is short: each allocation fails in turn, alone and with all that follow; nothing is lost, and the status says so. */
#include "failing_memory.h"
#include "text/json_schema.h"
#include "text/regular.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char SCHEMA[] =
    "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"pattern\":\"^[a-z]+$\",\"maxLength\":9,\"minLength\":1},\"b\":{\"enum\":[1,\"x\",[2],{\"c\":null}]},"
    "\"l\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"uniqueItems\":true,\"minItems\":2}},\"patternProperties\":{\"^x\":{\"format\":\"ipv4\"}},\"required\":[\"a\"],"
    "\"oneOf\":[{\"required\":[\"b\"]},{\"required\":[\"l\"]}],\"not\":{\"required\":[\"q\"]},\"unknown\":1}";

static mote_status use_schema(void) {
    mote_json_schema *schema = NULL;
    mote_automaton *a = NULL;
    mote_error err = {0};
    mote_status status = mote_json_schema_compile(mote_str_of(SCHEMA), false, &schema, &err);
    if (status == MOTE_OK)
        status = mote_json_schema_automaton(schema, &a, &err);
    if (status == MOTE_OK) {
        long before = n_calls;
        mote_state s = a->ops->start(a);
        for (const char *at = "{\"a\":\"abc\",\"l\":[1,2"; *at; at++)
            s = a->ops->step(a, s, (unsigned char)*at);
        assert_int_not_equal(s, MOTE_STATE_DEAD);
        assert_int_equal(a->ops->distance(a, s), 2);
        a->ops->refresh(a, s);
        assert_int_equal(n_calls, before); /* a running automaton allocates nothing */
        a->ops->free(a);
    }
    mote_json_schema_free(schema);
    return status;
}

static mote_status use_expression(void) {
    mote_automaton *a = NULL;
    mote_regular *r = NULL;
    mote_error err = {0};
    mote_status status = mote_regular_compile(MOTE_STR("^(a|[^b]{2,3})+\\p{Nd}$"), &r, &err);
    if (status == MOTE_OK)
        status = mote_regular_automaton(MOTE_STR("x{3}|y"), &a, &err);
    if (a)
        a->ops->free(a);
    mote_regular_free(&r);
    return status;
}

static void sweep(mote_status (*use)(void)) {
    fail_at = 0;
    n_calls = 0;
    assert_int_equal(use(), MOTE_OK);
    long n = n_calls, step = n > 3000 ? n / 3000 : 1;
    assert_int_equal(n_live, 0);
    for (int all = 0; all < 2; all++)
        for (long i = 1; i <= n; i += step) {
            persistent = all == 1;
            n_calls = 0;
            fail_at = i;
            mote_status status = use();
            if (status != MOTE_ERR_ALLOC && status != MOTE_ERR_LIMIT) /* an arena doesn't tell one from the other */
                fail_msg("allocation %ld of %ld fails: status %d", i, n, status);
            assert_int_equal(n_live, 0);
        }
    fail_at = 0;
}

static void schemas(void **state) {
    (void)state;
    sweep(use_schema);
}

static void expressions(void **state) {
    (void)state;
    sweep(use_expression);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(schemas), cmocka_unit_test(expressions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
