/* Schemas: what they let through, what is refused by name, and what the automaton promises: no dead ends, closings, keys, refreshing. */
#include "base/buffer.h"
#include "base/clock.h"
#include "formats/json.h"
#include "patience.h"
#include "schema_cases.h"
#include "schema_walk.h"

static void texts_are_judged(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof schema_cases / sizeof *schema_cases; i++) {
        schema_walk w = walk_open(schema_cases[i].schema);
        for (size_t j = 0; j < 10 && schema_cases[i].good[j]; j++)
            if (!walk_accepts(&w, schema_cases[i].good[j]))
                fail_msg("%s refuses %s", schema_cases[i].schema, schema_cases[i].good[j]);
        for (size_t j = 0; j < 12 && schema_cases[i].bad[j]; j++)
            if (walk_accepts(&w, schema_cases[i].bad[j]))
                fail_msg("%s takes %s", schema_cases[i].schema, schema_cases[i].bad[j]);
        walk_close(&w);
    }
}

static const struct {
    const char *schema;
    mote_status status;
    const char *word;
} refusals[] = {
    {"", MOTE_ERR_FORMAT, "JSON"},
    {"7", MOTE_ERR_FORMAT, "schema"},
    {"[]", MOTE_ERR_FORMAT, "schema"},
    {"false", MOTE_ERR_UNSUPPORTED, "false"},
    {"{\"type\":\"text\"}", MOTE_ERR_FORMAT, "type"},
    {"{\"type\":[]}", MOTE_ERR_FORMAT, "type"},
    {"{\"enum\":[]}", MOTE_ERR_UNSUPPORTED, "enum"},
    {"{\"enum\":1}", MOTE_ERR_FORMAT, "enum"},
    {"{\"properties\":[]}", MOTE_ERR_FORMAT, "properties"},
    {"{\"properties\":{\"a\":1}}", MOTE_ERR_FORMAT, "properties"},
    {"{\"patternProperties\":{\"(\":true}}", MOTE_ERR_FORMAT, "patternProperties"},
    {"{\"required\":\"a\"}", MOTE_ERR_FORMAT, "required"},
    {"{\"required\":[1]}", MOTE_ERR_FORMAT, "required"},
    {"{\"minimum\":\"1\"}", MOTE_ERR_FORMAT, "minimum"},
    {"{\"multipleOf\":0}", MOTE_ERR_FORMAT, "multipleOf"},
    {"{\"maxLength\":-1}", MOTE_ERR_FORMAT, "maxLength"},
    {"{\"minLength\":1.5}", MOTE_ERR_FORMAT, "minLength"},
    {"{\"minLength\":1099511627776}", MOTE_ERR_LIMIT, "minLength"},
    {"{\"minItems\":1000000000}", MOTE_ERR_LIMIT, "minItems"},
    {"{\"minProperties\":1000000000}", MOTE_ERR_LIMIT, "minProperties"},
    {"{\"pattern\":\"(?=a)b\"}", MOTE_ERR_UNSUPPORTED, "pattern"},
    {"{\"pattern\":\"[\"}", MOTE_ERR_FORMAT, "pattern"},
    {"{\"pattern\":1}", MOTE_ERR_FORMAT, "pattern"},
    {"{\"format\":1}", MOTE_ERR_FORMAT, "format"},
    {"{\"format\":\"idn-hostname\"}", MOTE_ERR_UNSUPPORTED, "format"},
    {"{\"format\":\"regex\"}", MOTE_ERR_UNSUPPORTED, "format"},
    {"{\"allOf\":[]}", MOTE_ERR_FORMAT, "allOf"},
    {"{\"anyOf\":{}}", MOTE_ERR_FORMAT, "anyOf"},
    {"{\"prefixItems\":{}}", MOTE_ERR_FORMAT, "prefixItems"},
    {"{\"dependentRequired\":[]}", MOTE_ERR_FORMAT, "dependentRequired"},
    {"{\"$ref\":\"#/$defs/nosuch\"}", MOTE_ERR_UNSUPPORTED, "$ref"},
    {"{\"$ref\":\"urn:other:schema\"}", MOTE_ERR_UNSUPPORTED, "$ref"},
    {"{\"$ref\":1}", MOTE_ERR_FORMAT, "$ref"},
    {"{\"$ref\":\"#/title\",\"title\":\"x\"}", MOTE_ERR_FORMAT, "$ref"},
    {"{\"$ref\":\"#\"}", MOTE_ERR_UNSUPPORTED, "$ref"},
    {"{\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}},\"$ref\":\"#/$defs/a\"}", MOTE_ERR_UNSUPPORTED, "$ref"},
    {"{\"type\":\"object\",\"properties\":{\"next\":{\"$ref\":\"#\"}},\"required\":[\"next\"]}", MOTE_ERR_UNSUPPORTED, "required"},
    {"{\"type\":\"integer\",\"minimum\":5,\"maximum\":2}", MOTE_ERR_UNSUPPORTED, "minimum"},
    {"{\"type\":\"integer\",\"exclusiveMinimum\":1,\"exclusiveMaximum\":2}", MOTE_ERR_UNSUPPORTED, "exclusiveMinimum"},
    {"{\"type\":\"array\",\"minItems\":3,\"maxItems\":1}", MOTE_ERR_UNSUPPORTED, "minItems"},
    {"{\"uniqueItems\":true}", MOTE_ERR_UNSUPPORTED, "uniqueItems"},
    {"{\"type\":\"array\",\"items\":{\"type\":\"boolean\"},\"minItems\":3,\"uniqueItems\":true}", MOTE_ERR_UNSUPPORTED, "uniqueItems"},
    {"{\"not\":{\"uniqueItems\":true}}", MOTE_ERR_UNSUPPORTED, "uniqueItems"},
    {"{\"not\":{\"additionalProperties\":{\"type\":\"integer\"}}}", MOTE_ERR_UNSUPPORTED, "additionalProperties"},
    {"{\"contains\":true,\"unevaluatedItems\":false}", MOTE_ERR_UNSUPPORTED, "contains"},
    {"{\"$dynamicRef\":\"#a\",\"$defs\":{\"x\":{\"$id\":\"x\",\"$dynamicAnchor\":\"a\"},\"y\":{\"$dynamicAnchor\":\"a\"}}}", MOTE_ERR_UNSUPPORTED, "$dynamicRef"},
};

static void refusals_name_the_keyword(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        mote_json_schema *schema = NULL;
        mote_error err = {0};
        mote_status status = mote_json_schema_compile(mote_str_of(refusals[i].schema), false, &schema, &err);
        if (status != refusals[i].status || schema || !strstr(err.message, refusals[i].word))
            fail_msg("%s: status %d, no '%s' in: %s", refusals[i].schema, status, refusals[i].word, err.message);
    }
}

static void unknown_words_warn(void **state) {
    (void)state;
    static const char text[] = "{\"type\":\"integer\",\"minimun\":5,\"x-note\":1,\"format\":\"int32\",\"allOf\":[{\"minimun\":1}]}";
    mote_json_schema *schema = NULL;
    mote_error err = {0};
    assert_int_equal(mote_json_schema_compile(mote_str_of(text), false, &schema, &err), MOTE_OK);
    assert_int_equal(mote_json_schema_n_warnings(schema), 3);
    assert_non_null(strstr(mote_json_schema_warning(schema, 0), "minimun"));
    assert_null(mote_json_schema_warning(schema, 3));
    mote_json_schema_free(schema);
    assert_int_equal(mote_json_schema_compile(mote_str_of(text), true, &schema, &err), MOTE_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "minimun"));
    assert_null(schema);
    mote_json_schema_free(NULL);
}

/* From a state: follow closing() to the end, which needs at most distance() bytes, and read what comes out. */
static void close_and_parse(schema_walk *w, mote_state s, mote_buffer *text) {
    uint32_t left = w->a->ops->distance(w->a, s);
    mote_json *value = NULL;
    mote_error err = {0};
    assert_true(left < 100000);
    while (!w->a->ops->accepts(w->a, s)) {
        int byte = w->a->ops->closing(w->a, s);
        assert_true(left-- > 0);
        assert_in_range(byte, 0, 255);
        mote_state t = walk_step(w, &s, (uint8_t)byte);
        if (t == MOTE_STATE_DEAD)
            fail_msg("a dead end behind %s", text->data);
        s = t;
        assert_int_equal(mote_buffer_append_char(text, (char)byte), MOTE_OK);
    }
    if (mote_json_parse(text->data, text->len, &value, &err) != MOTE_OK) /* which refuses members that come twice, too */
        fail_msg("%s: %s", text->data, err.message);
    mote_json_free(&value);
}

/* Inside of a frame the keys go the way of the states. */
static void check_keys(schema_walk *w, mote_state s) {
    uint32_t key = w->a->ops->key(w->a, s);
    for (unsigned byte = 0; key != 0 && byte < 256; byte++) {
        uint32_t inner = w->a->ops->inner(w->a, key, (unsigned char)byte);
        mote_state t = w->a->ops->step(w->a, s, (unsigned char)byte);
        if (t == MOTE_STATE_FULL || inner == MOTE_STATE_LEFT)
            continue;
        assert_int_equal(inner == MOTE_STATE_DEAD, t == MOTE_STATE_DEAD);
        if (t != MOTE_STATE_DEAD)
            assert_int_equal(w->a->ops->key(w->a, t), inner);
    }
}

static uint32_t random_of(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

/* Random texts, byte by byte among what is allowed. */
static void random_texts_can_be_finished(void **state) {
    (void)state;
    static const char likely[] = "\"\"\"::,,{}[]]}ab12.-e \\u0nt";
    for (size_t i = 0; i < sizeof schema_cases / sizeof *schema_cases; i++) {
        schema_walk w = walk_open(schema_cases[i].schema);
        for (uint32_t run = 0; run < 12; run++) {
            uint32_t seed = run * 7919 + (uint32_t)i;
            mote_state s = w.a->ops->start(w.a);
            mote_buffer text;
            mote_buffer_init(&text, 1 << 20);
            for (uint32_t n = random_of(&seed) % 60; n > 0; n--) {
                mote_state t = MOTE_STATE_DEAD;
                uint8_t byte = 0;
                for (int tries = 0; tries < 200 && t == MOTE_STATE_DEAD; tries++) {
                    byte = tries < 40 ? (uint8_t)likely[random_of(&seed) % (sizeof likely - 1)] : (uint8_t)random_of(&seed);
                    t = walk_step(&w, &s, byte);
                }
                if (t == MOTE_STATE_DEAD)
                    break;
                s = t;
                assert_int_equal(mote_buffer_append_char(&text, (char)byte), MOTE_OK);
            }
            check_keys(&w, s);
            close_and_parse(&w, s, &text);
            mote_buffer_deinit(&text);
        }
        walk_close(&w);
    }
}

static void distances_are_exact_where_nothing_has_to_differ(void **state) {
    (void)state;
    static const struct {
        const char *schema;
        uint32_t distance;
    } cases[] = {
        {"{\"const\":\"a\\n\\u0001\"}", 11},
        {"{\"type\":\"string\",\"minLength\":5}", 7},
        {"{\"type\":\"integer\",\"minimum\":120}", 3},
        {"{\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1}", 3},
        {"{\"type\":\"number\",\"maximum\":-1}", 2},
        {"{\"type\":\"boolean\"}", 4},
        {"{\"type\":\"array\",\"items\":{\"type\":\"boolean\"},\"minItems\":3}", 16},
        {"{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"contains\":{\"minimum\":10},\"minContains\":2}", 7},
        {"{\"type\":\"object\",\"properties\":{\"ab\":{\"type\":\"integer\"},\"c\":{\"const\":null}},\"required\":[\"ab\",\"c\"]}", 17},
        {"{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"},\"minProperties\":1}", 6},
        {"{}", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        schema_walk w = walk_open(cases[i].schema);
        mote_state s = w.a->ops->start(w.a);
        for (uint32_t left = cases[i].distance; left > 0; left--) {
            if (w.a->ops->distance(w.a, s) != left)
                fail_msg("%s: %u, not %u", cases[i].schema, (unsigned)w.a->ops->distance(w.a, s), (unsigned)left);
            s = walk_step(&w, &s, (uint8_t)w.a->ops->closing(w.a, s));
        }
        assert_true(w.a->ops->accepts(w.a, s));
        assert_int_equal(w.a->ops->distance(w.a, s), 0);
        assert_int_equal(w.a->ops->closing(w.a, s), -1);
        walk_close(&w);
    }
}

/* Longer than the tables have room for: names, numbers, sets of names, nesting, all in use while it is refreshed. */
static void refreshing_keeps_the_place(void **state) {
    (void)state;
    schema_walk w = walk_open(
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"l\":{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}},\"additionalProperties\":{\"type\":\"number\"}}");
    mote_state s = w.a->ops->start(w.a);
    char piece[64];
    for (unsigned i = 0; i < 60000; i++) {
        snprintf(piece, sizeof piece, "%s{\"a\":%u,\"n%u\":%u.%u}", i == 0 ? "{\"x\":1,\"a\":7,\"l\":[" : ",", i, i * 31, i, i % 97);
        for (const char *at = piece; *at; at++) {
            mote_state t = walk_step(&w, &s, (uint8_t)*at);
            if (t == MOTE_STATE_DEAD)
                fail_msg("%s, byte %d", piece, (int)(at - piece));
            s = t;
        }
    }
    assert_int_equal(walk_step(&w, &s, ']') == MOTE_STATE_DEAD, false);
    s = walk_step(&w, &s, ']');
    for (const char *at = ",\"x"; *at; at++)
        s = walk_step(&w, &s, (uint8_t)*at);
    assert_int_equal(walk_step(&w, &s, '"'), MOTE_STATE_DEAD); /* it has been written, 60,000 items before */
    assert_int_not_equal(walk_step(&w, &s, 'y'), MOTE_STATE_DEAD);
    walk_close(&w);
}

static void space_and_depth_are_bounded(void **state) {
    (void)state;
    schema_walk w = walk_open("{}");
    char text[400];
    memset(text, ' ', sizeof text);
    text[MOTE_SCHEMA_MAX_SPACE] = '1';
    text[MOTE_SCHEMA_MAX_SPACE + 1] = '\0';
    assert_true(walk_accepts(&w, text));
    assert_false(walk_accepts(&w, text + MOTE_SCHEMA_MAX_SPACE + 2)); /* not ended: spaces only */
    for (int depth = MOTE_SCHEMA_MAX_DEPTH; depth <= MOTE_SCHEMA_MAX_DEPTH + 1; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        text[2 * depth] = '\0';
        assert_int_equal(walk_accepts(&w, text), depth == MOTE_SCHEMA_MAX_DEPTH);
    }
    walk_close(&w);
    /* Near the limit only values that fit are begun. */
    w = walk_open("{\"$defs\":{\"n\":{\"type\":\"object\",\"properties\":{\"k\":{\"$ref\":\"#/$defs/"
                  "n\"},\"v\":{\"type\":\"array\",\"items\":{\"type\":\"array\"},\"minItems\":1}},\"additionalProperties\":false}},\"$ref\":\"#/$defs/n\"}");
    mote_state s = w.a->ops->start(w.a);
    unsigned depth = 0;
    for (bool more = true; more;) {
        mote_state before = s;
        for (const char *at = "{\"k\":"; *at && more; at++) {
            mote_state t = walk_step(&w, &s, (uint8_t)*at);
            more = t != MOTE_STATE_DEAD;
            s = more ? t : s;
        }
        depth += more;
        mote_buffer rest;
        mote_buffer_init(&rest, 1 << 16);
        assert_true(w.a->ops->distance(w.a, before) < 1000);
        mote_buffer_deinit(&rest);
    }
    assert_in_range(depth, 90, MOTE_SCHEMA_MAX_DEPTH);
    for (uint32_t left = w.a->ops->distance(w.a, s); !w.a->ops->accepts(w.a, s); left--) {
        assert_true(left > 0);
        s = walk_step(&w, &s, (uint8_t)w.a->ops->closing(w.a, s));
        assert_int_not_equal(s, MOTE_STATE_DEAD);
    }
    walk_close(&w);
}

static void append(mote_buffer *b, const char *fmt, unsigned i) {
    assert_int_equal(mote_buffer_appendf(b, fmt, i, i), MOTE_OK);
}

/* Large schemas are taken, or refused by the budget, in time either way. */
static void large_schemas_are_decided(void **state) {
    (void)state;
    static const struct {
        const char *before, *each, *between, *behind;
        unsigned n;
        bool taken;
    } cases[] = {
        {"{\"type\":\"object\",\"properties\":{", "\"property_%u\":{\"type\":\"string\"}", ",", "}}", 10000, true},
        {"{\"type\":\"object\",\"required\":[", "\"p%u\"", ",", "]}", 1000, true},
        {"{\"enum\":[", "\"value %u\"", ",", "]}", 3000, true},
        {"{\"enum\":[", "%u", ",", "]}", 5000, false},
        {"", "{\"properties\":{\"a\":", "", "{\"type\":\"null\"}", 100, false},
        {"{\"allOf\":[", "{\"anyOf\":[{\"properties\":{\"a%u\":{\"type\":\"null\"}}},{\"properties\":{\"b%u\":{\"type\":\"null\"}}}]}", ",", "]}", 20, false},
        {"{\"anyOf\":[", "{\"pattern\":\"%u.{1,500}$\"}", ",", "]}", 50, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mote_buffer text;
        mote_json_schema *schema = NULL;
        mote_error err = {0};
        mote_buffer_init(&text, 1 << 22);
        append(&text, cases[i].before, 0);
        for (unsigned j = 0; j < cases[i].n; j++) {
            append(&text, j > 0 ? cases[i].between : "", 0);
            append(&text, cases[i].each, j);
        }
        append(&text, cases[i].behind, 0);
        for (unsigned j = 0; cases[i].before[0] == '\0' && j < cases[i].n; j++)
            append(&text, "}}", 0);
        double start = mote_clock_seconds();
        mote_status status = mote_json_schema_compile(mote_buffer_str(&text), false, &schema, &err);
        assert_true(mote_clock_seconds() - start < 1 * patience());
        if (cases[i].taken && status != MOTE_OK)
            fail_msg("case %zu: %s", i, err.message);
        if (status != MOTE_OK)
            assert_int_equal(status, MOTE_ERR_LIMIT);
        mote_json_schema_free(schema);
        mote_buffer_deinit(&text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_judged),
        cmocka_unit_test(refusals_name_the_keyword),
        cmocka_unit_test(unknown_words_warn),
        cmocka_unit_test(random_texts_can_be_finished),
        cmocka_unit_test(distances_are_exact_where_nothing_has_to_differ),
        cmocka_unit_test(refreshing_keeps_the_place),
        cmocka_unit_test(space_and_depth_are_bounded),
        cmocka_unit_test(large_schemas_are_decided),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
