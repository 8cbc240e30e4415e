/* Masks against the plain walk of each token's bytes, at every place of random texts; limits on tokens; tokens without choice against the whole text's own. */
#include "base/rng.h"
#include "text/constraint.h"
#include "text/token_forced.h"
#include "text/token_mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "small_tokenizer.h"

static const char json[] = "root ::= value\nvalue ::= object | array | string | number | \"true\" | \"null\"\nobject ::= \"{\" ws ( member ( \",\" ws member )* )? \"}\" ws\n"
                           "member ::= string \":\" ws value ws\narray ::= \"[\" ws ( value ws ( \",\" ws value ws )* )? \"]\"\nstring ::= \"\\\"\" character* \"\\\"\"\n"
                           "character ::= [^\"\\\\\\x00-\\x1F] | \"\\\\\" ( [\"\\\\/bfnrt] | \"u\" [0-9a-fA-F]{4} )\nnumber ::= \"-\"? [0-9]{1,5}\nws ::= [ \\n]?";
static const char record[] =
    "root ::= \"{\\\"name\\\": \\\"\" [^\"\\\\\\x00-\\x1f]{0,12} \"\\\", \\\"tags\\\": [\" ( \"\\\"\" [a-c]+ \"\\\"\" ( \", \\\"\" [a-c]+ \"\\\"\" )* )? \"], \\\"true\\\": \" "
    "( \"true\" | \"null\" ) \"}\"";
static const char nested[] = "root ::= \"(\" root \")\" root | \"[\" \"aaaaaaaaaaaaaaaaaaaa\" root \"]\" | \"\"";
static const char several[] = "root ::= a | b\na ::= \"ab\" root \"c\" | \"ab\"\nb ::= \"a\" \"b\" root \"a\" | \"ab\""; /* states of many items: no keys */
static const char lines[] = "root ::= ( \"- \" [^\\n]+ \"\\n\" )+";
static const char free_text[] = "root ::= .*";
static const char bounded[] = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":45},\"n\":{\"type\":\"integer\",\"minimum\":0,"
                              "\"maximum\":120}},\"required\":[\"name\"]}";
static const char choices[] =
    "{\"type\":\"array\",\"items\":{\"anyOf\":[{\"enum\":[\"abc\",\"name\",null,true]},{\"type\":\"number\"},{\"type\":\"string\",\"pattern\":\"^[a-c]*$\"}]},"
    "\"minItems\":1}";
/* Names that no schema knows: those written before may not come again, also within one token, and of a pattern's there may be few. */
static const char open_names[] = "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"null\"},\"b\":{\"const\":1}},\"additionalProperties\":{\"enum\":[null,\"\",1]}}";
static const char few_names[] =
    "{\"type\":\"object\",\"patternProperties\":{\"^[a-c]{1,40}$\":{\"const\":1},\"^x[ab]?$\":true},\"additionalProperties\":false,\"minProperties\":2}";
static const char few_more[] = "{\"type\":\"object\",\"patternProperties\":{\"^[ab]{1,9}$\":{\"type\":\"null\"}},\"additionalProperties\":false}";
static const char *const grammars[] = {json, record, nested, several, lines, free_text, bounded, choices, open_names, few_names, few_more};
enum { N_GRAMMARS = sizeof grammars / sizeof *grammars };

typedef struct scene {
    mote_tokenizer *tokenizer;
    const mote_token_trie *trie;
    mote_constraint *constraint;
    mote_automaton *plain;
    mote_token_mask *mask;
    mote_rng rng;
} scene;

static void open_scene(scene *s, const char *grammar, const char *without, uint64_t seed) {
    mote_error err = {0};
    mote_automaton *a;
    s->tokenizer = small_tokenizer(without);
    assert_non_null(s->tokenizer);
    assert_int_equal(mote_token_trie_of(s->tokenizer, &s->trie, &err), MOTE_OK);
    mote_status status = grammar[0] == '{' ? mote_constraint_create_schema(grammar, strlen(grammar), false, &s->constraint, &err)
                                           : mote_constraint_create_grammar(grammar, strlen(grammar), &s->constraint, &err);
    if (status != MOTE_OK)
        fail_msg("%s", err.message);
    assert_int_equal(mote_constraint_automaton(s->constraint, &s->plain, &err), MOTE_OK);
    assert_int_equal(mote_constraint_automaton(s->constraint, &a, &err), MOTE_OK);
    assert_int_equal(mote_token_mask_create(s->trie, a, s->trie->n_tokens + 40, &s->mask, &err), MOTE_OK);
    mote_rng_init(&s->rng, seed);
}

static void close_scene(scene *s) {
    mote_token_mask_free(&s->mask);
    mote_automaton_free(&s->plain);
    mote_constraint_free(&s->constraint);
    mote_tokenizer_free(&s->tokenizer);
}

static mote_state walk(mote_automaton *a, mote_state s, mote_str bytes) {
    for (size_t i = 0; i < bytes.len && s != MOTE_STATE_DEAD; i++)
        s = a->ops->step(a, s, (unsigned char)bytes.data[i]);
    assert_int_not_equal(s, MOTE_STATE_FULL);
    return s;
}

static mote_str bytes_of(const scene *s, size_t id, bool skips_space) {
    mote_str bytes = mote_token_trie_bytes(s->trie, (uint32_t)id);
    bool skips = skips_space && bytes.len > 0 && bytes.data[0] == ' ';
    return (mote_str){bytes.data + skips, bytes.len - skips};
}

/* Compares all tokens; gives one that is allowed, -1 for the end. */
static int32_t compare(scene *s, mote_state at, bool skips_space) {
    const mote_token_mask_set *set = mote_token_mask_next(s->mask, MOTE_TOKEN_MASK_ANY);
    int32_t chosen = -1;
    size_t n_allowed = 0;
    assert_non_null(set);
    for (size_t id = 0; id < 32 * set->n_words; id++) {
        bool expected = false;
        if (id == 0)
            expected = s->plain->ops->accepts(s->plain, at);
        else if (id < s->trie->n_tokens && bytes_of(s, id, skips_space).len > 0)
            expected = walk(s->plain, at, bytes_of(s, id, skips_space)) != MOTE_STATE_DEAD;
        if (mote_token_mask_has(set, (int32_t)id) != expected)
            fail_msg("token %zu, '%s', should %sbe allowed", id, mote_tokenizer_text(s->tokenizer, (int32_t)id), expected ? "" : "not ");
        n_allowed += expected;
        if (expected && mote_rng_next(&s->rng) % n_allowed == 0)
            chosen = (int32_t)id;
    }
    assert_int_equal(set->n_allowed, n_allowed);
    return chosen == 0 ? -1 : chosen;
}

static void all_tokens(void **state) {
    (void)state;
    for (size_t g = 0; g < N_GRAMMARS; g++) {
        scene s;
        open_scene(&s, grammars[g], "", g);
        for (int text = 0; text < 40; text++) {
            bool skips_space = text % 4 == 3;
            mote_state at = s.plain->ops->start(s.plain);
            mote_token_mask_begin(s.mask, skips_space);
            for (int i = 0; i < 30; i++) {
                int32_t token = compare(&s, at, skips_space && i == 0);
                if (token < 0)
                    break;
                at = s.plain->ops->refresh(s.plain, walk(s.plain, at, bytes_of(&s, (size_t)token, skips_space && i == 0)));
                assert_true(mote_token_mask_accept(s.mask, token));
                assert_int_equal(mote_token_mask_accepts(s.mask), s.plain->ops->accepts(s.plain, at));
            }
        }
        assert_false(mote_token_mask_accept(s.mask, 1)); /* a control token */
        assert_false(mote_token_mask_accept(s.mask, -1));
        close_scene(&s);
    }
}

/* Any of the tokens that are allowed, with so few left that the text must be closed: it always is. Also where some bytes are no tokens. */
static void limits_are_kept(void **state) {
    (void)state;
    for (size_t g = 0; g < 2 * N_GRAMMARS; g++) {
        scene s;
        open_scene(&s, grammars[g / 2], g % 2 ? "\x01\x1f\xf1\xf3z~" : "", g);
        for (int text = 0; text < 60; text++) {
            mote_token_mask_begin(s.mask, false);
            size_t need = mote_token_mask_need(s.mask, SIZE_MAX), left = need + mote_rng_next(&s.rng) % 20;
            assert_true(need < 100);
            for (bool ended = false; !ended; left--) {
                int32_t chosen = -1;
                size_t n = 0;
                if (left == 0) {
                    assert_true(mote_token_mask_accepts(s.mask));
                    break;
                }
                const mote_token_mask_set *set = mote_token_mask_next(s.mask, left);
                assert_non_null(set);
                for (size_t id = 0; id < s.trie->n_tokens; id++)
                    if (mote_token_mask_has(set, (int32_t)id) && mote_rng_next(&s.rng) % ++n == 0)
                        chosen = (int32_t)id;
                assert_true(chosen >= 0);
                ended = chosen == 0;
                assert_true(ended || mote_token_mask_accept(s.mask, chosen));
                assert_true(mote_token_mask_need(s.mask, SIZE_MAX) <= left - 1);
            }
        }
        close_scene(&s);
    }
}

static void ends_of_texts(void **state) {
    scene s;
    (void)state;
    open_scene(&s, "root ::= \"yes\"", "", 1);
    mote_token_mask_begin(s.mask, false);
    assert_int_equal(mote_token_mask_need(s.mask, SIZE_MAX), 1);
    int32_t yes = mote_tokenizer_find(s.tokenizer, MOTE_STR("yes"));
    assert_int_equal(mote_token_mask_count_valid(s.mask, (int32_t[]){yes, yes}, 2), 1);
    assert_true(mote_token_mask_accept(s.mask, yes));
    const mote_token_mask_set *set = mote_token_mask_next(s.mask, 5);
    assert_int_equal(set->n_allowed, 1);
    assert_true(mote_token_mask_has(set, 0));
    assert_true(mote_token_mask_is_complete(s.mask));
    for (int i = 0; i < 5; i++)
        assert_false(mote_token_mask_accept(s.mask, yes));
    close_scene(&s);
    open_scene(&s, "root ::= \"\"", "", 1);
    mote_token_mask_begin(s.mask, false);
    assert_int_equal(mote_token_mask_next(s.mask, MOTE_TOKEN_MASK_ANY)->n_allowed, 1);
    close_scene(&s);
    open_scene(&s, "root ::= \"a\\x01b\"", "\x01", 1); /* a byte that no token spells */
    mote_token_mask_begin(s.mask, false);
    assert_true(mote_token_mask_need(s.mask, SIZE_MAX) == MOTE_TOKEN_MASK_ENDLESS);
    close_scene(&s);
}

/* Puts a random text of the grammar behind the state. */
static size_t finish_text(scene *s, mote_automaton *a, mote_state at, char *out, size_t n) {
    size_t len = 0;
    while (len < n && !(a->ops->accepts(a, at) && mote_rng_next(&s->rng) % 2)) {
        unsigned allowed[256], n_allowed = 0;
        for (unsigned b = 1; b < 256; b++)
            if (a->ops->step(a, at, (unsigned char)b) != MOTE_STATE_DEAD)
                allowed[n_allowed++] = b;
        if (n_allowed == 0)
            break;
        out[len] = (char)allowed[mote_rng_next(&s->rng) % n_allowed];
        at = a->ops->step(a, at, (unsigned char)out[len++]);
    }
    return len;
}

static void without_choice(void **state) {
    size_t n_found = 0;
    (void)state;
    for (size_t g = 0; g < N_GRAMMARS; g++) {
        scene s;
        mote_token_forced *f;
        mote_tokenizer_encoder e;
        open_scene(&s, grammars[g], "", g + 70);
        mote_tokenizer_encoder_init(&e, s.tokenizer);
        assert_int_equal(mote_token_forced_create(s.tokenizer, s.trie, &f, NULL), MOTE_OK);
        for (int text = 0; text < 120; text++) {
            char bytes[400];
            int32_t before[500], forced[MOTE_TOKEN_FORCED_MAX];
            mote_state at = s.plain->ops->start(s.plain);
            at = s.plain->ops->refresh(s.plain, at);
            size_t len = finish_text(&s, s.plain, at, bytes, 60);
            mote_token_mask_begin(s.mask, false);
            assert_int_equal(mote_tokenizer_encoder_run(&e, (mote_str){bytes, len}), MOTE_OK);
            size_t n_before = e.out.len ? mote_rng_next(&s.rng) % e.out.len : 0, n_bytes = 0;
            if (n_before)
                memcpy(before, e.out.items, n_before * sizeof *before);
            for (size_t i = 0; i < n_before; i++) {
                assert_true(mote_token_mask_accept(s.mask, before[i]));
                n_bytes += bytes_of(&s, (size_t)before[i], false).len;
            }
            size_t n = mote_token_forced_find(f, s.mask, before, n_before, forced);
            n_found += n;
            at = walk(s.plain, s.plain->ops->start(s.plain), (mote_str){bytes, n_bytes});
            for (int k = 0; k < 8 && n > 0; k++) { /* whatever follows, the text has those tokens */
                at = s.plain->ops->refresh(s.plain, at);
                size_t rest = finish_text(&s, s.plain, at, bytes + n_bytes, 100);
                assert_int_equal(mote_tokenizer_encoder_run(&e, (mote_str){bytes, n_bytes + rest}), MOTE_OK);
                if (n_before && (e.out.len < n_before || memcmp(e.out.items, before, n_before * sizeof *before) != 0))
                    continue; /* with this rest, the tokens before would be others */
                assert_true(e.out.len >= n_before + n);
                assert_memory_equal(e.out.items + n_before, forced, n * sizeof *forced);
            }
        }
        mote_token_forced_free(&f);
        mote_tokenizer_encoder_deinit(&e);
        close_scene(&s);
    }
    assert_true(n_found > 300);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_tokens), cmocka_unit_test(limits_are_kept), cmocka_unit_test(ends_of_texts), cmocka_unit_test(without_choice)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
