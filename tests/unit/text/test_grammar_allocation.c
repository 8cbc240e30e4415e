/* Every allocation of compiling a grammar, of its automaton, of a vocabulary's tree, of masks and of matching fails once, and persistently from there: an error, nothing leaked.
 * Walking takes no memory. */
#include "text/constraint.h"
#include "text/token_forced.h"
#include "text/token_mask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "failing_memory.h"
#include "small_tokenizer.h"

static const char grammar[] =
    "root ::= \"{\\\"name\\\": \" value \"}\"\nvalue ::= [^\\x00-\\x1f\"]{1,9} | \"(\" value \")\" | \"[\" list* \"]\"\nlist ::= value [ab]* \"a\" [ab]{9} | \"x\"";

static mote_status run(const mote_tokenizer *t) {
    mote_constraint *c = NULL;
    mote_matcher *m = NULL;
    mote_token_trie *trie = NULL;
    mote_token_forced *f = NULL;
    mote_error err = {0};
    bool matches = false;
    size_t offset;
    mote_status status = mote_constraint_create_grammar(grammar, sizeof grammar - 1, &c, &err);
    if (status == MOTE_OK)
        status = mote_token_trie_create(t, &trie, &err);
    if (status == MOTE_OK)
        status = mote_token_forced_create(t, trie, &f, &err);
    if (status == MOTE_OK)
        status = mote_matcher_create(c, t, &m, &err);
    if (status == MOTE_OK)
        status = mote_matcher_match(m, "{\"name\": (yes)}", 15, &matches, &offset, &err);
    if (status == MOTE_OK)
        assert_true(matches);
    assert_int_equal(status != MOTE_OK, err.message[0] != 0);
    mote_token_forced_free(&f);
    mote_token_trie_free(&trie);
    mote_matcher_free(&m);
    mote_constraint_free(&c);
    return status;
}

static void every_allocation(void **state) {
    (void)state;
    for (int mode = 0; mode < 2; mode++) {
        long total = 1;
        for (long i = 1; i <= total; i++) {
            fail_at = 0;
            mote_tokenizer *t = small_tokenizer("");
            assert_non_null(t);
            long live = n_live;
            persistent = mode;
            if (i == 1) {
                n_calls = 0;
                assert_int_equal(run(t), MOTE_OK);
                total = n_calls;
                assert_true(total > 100);
                mote_tokenizer_free(&t);
                assert_int_equal(n_live, 0);
                t = small_tokenizer("");
                live = n_live;
            }
            fail_at = i;
            n_calls = 0;
            mote_status status = run(t);
            assert_true(status == MOTE_ERR_ALLOC || (mode == 0 && status == MOTE_OK)); /* what only makes something smaller may fail */
            fail_at = 0;
            assert_true(n_live >= live); /* the tree that the tokenizer keeps may have been made */
            mote_tokenizer_free(&t);
            assert_int_equal(n_live, 0);
        }
    }
}

static void walking_allocates_nothing(void **state) {
    (void)state;
    mote_constraint *c;
    mote_automaton *a;
    mote_token_mask *m;
    mote_token_forced *f;
    const mote_token_trie *trie;
    int32_t forced[MOTE_TOKEN_FORCED_MAX], before[40];
    fail_at = 0;
    mote_tokenizer *t = small_tokenizer("");
    assert_int_equal(mote_constraint_create_grammar(grammar, sizeof grammar - 1, &c, NULL), MOTE_OK);
    assert_int_equal(mote_token_trie_of(t, &trie, NULL), MOTE_OK);
    assert_int_equal(mote_constraint_automaton(c, &a, NULL), MOTE_OK);
    assert_int_equal(mote_token_mask_create(trie, a, trie->n_tokens, &m, NULL), MOTE_OK);
    assert_int_equal(mote_token_forced_create(t, trie, &f, NULL), MOTE_OK);
    n_calls = 0;
    for (int i = 0; i < 30; i++) {
        size_t n_before = 0, left = 40;
        mote_token_mask_begin(m, false);
        while (n_before < 40) {
            const mote_token_mask_set *set = mote_token_mask_next(m, left--);
            int32_t chosen = -1;
            assert_non_null(set);
            mote_token_forced_find(f, m, before, n_before, forced);
            for (int32_t id = 1; id < (int32_t)trie->n_tokens; id++)
                if (mote_token_mask_has(set, id) && (chosen < 0 || (id * 7 + i * 13 + (int32_t)n_before) % 11 == 0))
                    chosen = id;
            if (chosen < 0)
                break;
            before[n_before++] = chosen;
            assert_true(mote_token_mask_accept(m, chosen));
        }
        assert_true(mote_token_mask_accepts(m));
    }
    assert_int_equal(n_calls, 0);
    mote_token_forced_free(&f);
    mote_token_mask_free(&m);
    mote_constraint_free(&c);
    mote_tokenizer_free(&t);
    assert_int_equal(n_live, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_allocation), cmocka_unit_test(walking_allocates_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
