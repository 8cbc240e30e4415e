/* What drafts guess: the index against a plain search, following a text through edits, and when a guess is worth its cost. */
#include "base/mem.h"
#include "base/rng.h"
#include "engine/draft.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { N_MAX = 300 };

static size_t longest_by_search(const int32_t *text, size_t n) {
    size_t longest = 0;
    for (size_t place = 1; place < n; place++) {
        size_t length = 0;
        while (length < place && length < MOTE_DRAFT_INDEX_LONGEST && text[place - 1 - length] == text[n - 1 - length])
            length++;
        longest = length > longest ? length : longest;
    }
    return longest;
}

static void the_longest_match_is_found(void **state) {
    (void)state;
    mote_draft_index x;
    mote_rng rng;
    mote_rng_init(&rng, 3);
    uint32_t *cells = mote_mem_alloc_array(mote_draft_index_cells(N_MAX), sizeof *cells);
    assert_non_null(cells);
    mote_draft_index_init(&x, N_MAX, cells);
    for (int round = 0; round < 60; round++) {
        uint32_t n_letters = 2u + (uint32_t)round % 3 * 20;
        mote_draft_index_clear(&x);
        for (size_t n = 1; n <= (n_letters == 2 ? 60 : N_MAX); n++) { /* with two letters a pair stands at more places than the search visits */
            size_t place;
            mote_draft_index_add(&x, (int32_t)(mote_rng_next(&rng) % n_letters));
            size_t length = mote_draft_index_find(&x, &place);
            assert_int_equal(length, longest_by_search(x.tokens, n));
            if (length > 0)
                assert_true(place < n && mote_draft_index_match(&x, x.tokens, place) == length);
        }
    }
    mote_mem_free(cells);
}

/* As if passes cost n times one of a token, to a power. */
static void set_cost(mote_draft *d, double of_another) {
    d->gain.seconds = 1;
    for (size_t n = 1; n <= MOTE_DRAFT_MAX + 1; n++) {
        d->gain.ratio[n] = 1 + of_another * (double)(n - 1);
        d->gain.n_passes[n] = 1000;
    }
}

/* The passes that an answer takes. */
static size_t passes_of(mote_draft *d, const int32_t *answer, size_t n) {
    size_t n_passes = 0;
    for (size_t i = 0; i < n; n_passes++) {
        int32_t draft[MOTE_DRAFT_MAX];
        mote_draft_accept(d, answer[i++]);
        size_t n_draft = mote_draft_propose(d, draft, MOTE_DRAFT_MAX);
        mote_draft_gain_learn_pass(&d->gain, n_draft + 1, d->gain.ratio[n_draft + 1]);
        for (size_t k = 0; k < n_draft && i < n && answer[i] == draft[k]; k++)
            mote_draft_accept(d, answer[i++]);
    }
    return n_passes;
}

/* Tokens like those of a text: some are frequent. */
static void write_text(mote_rng *rng, int32_t *text, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint32_t x = mote_rng_next(rng);
        text[i] = (int32_t)(x % 4 == 0 ? x / 4 % 8 : 100 + x / 4 % 4000);
    }
}

/* A word replaced by two, one left out, one put in, every twenty tokens. */
static size_t edit(const int32_t *text, size_t n, int32_t *edited) {
    size_t n_edited = 0;
    for (size_t i = 0; i < n; i++) {
        if (i % 20 != 19) {
            edited[n_edited++] = text[i];
        } else if (i / 20 % 3 == 0) {
            edited[n_edited++] = 5001;
            edited[n_edited++] = 5002;
        } else if (i / 20 % 3 == 1) {
            edited[n_edited++] = text[i];
            edited[n_edited++] = 5003;
        }
    }
    return n_edited;
}

static void edits_are_followed(void **state) {
    (void)state;
    mote_rng rng;
    int32_t text[N_MAX], edited[2 * N_MAX];
    mote_draft *d = mote_draft_create(3 * N_MAX);
    assert_non_null(d);
    mote_rng_init(&rng, 4);
    write_text(&rng, text, N_MAX);
    size_t n_edited = edit(text, N_MAX, edited);
    /* 15 edits: up to 2 passes in between, and 2 or 3 behind each until the place is found */
    set_cost(d, 0.1);
    mote_draft_begin(d, text, N_MAX, NULL, 0);
    assert_true(passes_of(d, edited, n_edited) < 15 * 5);
    int32_t other = 9;
    set_cost(d, 0.1);
    mote_draft_begin(d, &other, 1, text, N_MAX); /* not in the prompt, but given as the source */
    assert_true(passes_of(d, edited, n_edited) < 15 * 5);
    set_cost(d, 0.1);
    mote_draft_begin(d, &other, 1, NULL, 0);
    assert_true(passes_of(d, edited, n_edited) > n_edited * 9 / 10);
    mote_draft_free(&d);
    assert_null(d);
}

static void what_repeats_goes_on(void **state) {
    (void)state;
    int32_t prompt[40], draft[MOTE_DRAFT_MAX];
    mote_draft *d = mote_draft_create(100);
    assert_non_null(d);
    for (int32_t i = 0; i < 40; i++)
        prompt[i] = 50 + i % 3;
    set_cost(d, 0);
    mote_draft_begin(d, prompt, 40, NULL, 0);
    mote_draft_accept(d, 50 + 40 % 3);
    size_t n = mote_draft_propose(d, draft, MOTE_DRAFT_MAX);
    assert_int_equal(n, MOTE_DRAFT_MAX);
    for (int32_t i = 0; i < MOTE_DRAFT_MAX; i++)
        assert_int_equal(draft[i], 50 + (41 + i) % 3);
    assert_int_equal(mote_draft_propose(d, draft, 4), 4);
    assert_int_equal(mote_draft_propose(d, draft, 0), 0);
    mote_draft_free(&d);
}

static void the_callers_guesses_come_first(void **state) {
    (void)state;
    int32_t prompt[] = {1, 2, 3, 1, 2}, draft[MOTE_DRAFT_MAX];
    mote_draft *d = mote_draft_create(100);
    assert_non_null(d);
    set_cost(d, 0.05);
    mote_draft_begin(d, prompt, 5, NULL, 0);
    memcpy(d->given, (int32_t[]){7, 8, 9}, 3 * sizeof(int32_t));
    mote_draft_give(d, 3);
    assert_int_equal(mote_draft_propose(d, draft, MOTE_DRAFT_MAX), 3);
    assert_memory_equal(draft, d->given, 3 * sizeof *draft);
    mote_draft_accept(d, 7);
    assert_int_equal(d->guess.kind, MOTE_DRAFT_GIVEN);
    mote_draft_accept(d, 1); /* not what was given */
    assert_int_equal(d->guess.kind, MOTE_DRAFT_FOUND);
    mote_draft_free(&d);
}

static void drafts_are_as_long_as_they_pay(void **state) {
    (void)state;
    mote_draft_gain g;
    mote_draft_gain_init(&g);
    assert_int_equal(mote_draft_gain_length(&g, MOTE_DRAFT_GIVEN, 0, MOTE_DRAFT_MAX), 0); /* the time of a single token is not known */
    for (int i = 0; i < 2; i++)
        mote_draft_gain_learn_pass(&g, 1, 1);
    size_t at_first = mote_draft_gain_length(&g, MOTE_DRAFT_GIVEN, 0, MOTE_DRAFT_MAX);
    assert_true(at_first > 4);
    for (int i = 0; i < 40; i++) /* a machine for which each token costs the same: nothing to win */
        for (size_t n = 1; n <= MOTE_DRAFT_MAX + 1; n++)
            mote_draft_gain_learn_pass(&g, n, (double)n);
    mote_draft_gain_learn_pass(&g, 1, 1);
    assert_int_equal(mote_draft_gain_length(&g, MOTE_DRAFT_GIVEN, 0, MOTE_DRAFT_MAX), 0);
    for (int i = 0; i < 400; i++) /* the same ratios while everything takes three times as long */
        mote_draft_gain_learn_pass(&g, 1 + (size_t)i % 2 * 7, i % 2 ? 24 : 3);
    mote_draft_gain_learn_pass(&g, 1, 3);
    assert_int_equal(mote_draft_gain_length(&g, MOTE_DRAFT_GIVEN, 0, MOTE_DRAFT_MAX), 0);
    for (int i = 0; i < 200; i++)
        for (size_t n = 1; n <= MOTE_DRAFT_MAX + 1; n++)
            mote_draft_gain_learn_pass(&g, n, n <= 8 ? 3 : 6); /* eight for the price of one */
    mote_draft_gain_learn_pass(&g, 1, 3);
    assert_int_equal(mote_draft_gain_length(&g, MOTE_DRAFT_GIVEN, 0, MOTE_DRAFT_MAX), 7);
    for (int i = 0; i < 200; i++)
        mote_draft_gain_learn_guess(&g, MOTE_DRAFT_FOUND, 2, false);
    assert_int_equal(mote_draft_gain_length(&g, MOTE_DRAFT_FOUND, 2, MOTE_DRAFT_MAX), 0);
    assert_true(mote_draft_gain_length(&g, MOTE_DRAFT_FOUND, 20, MOTE_DRAFT_MAX) > 0);
    for (int i = 0; i < 100; i++) /* long without a single token: one is measured again */
        mote_draft_gain_learn_pass(&g, 8, 3);
    assert_int_equal(mote_draft_gain_length(&g, MOTE_DRAFT_GIVEN, 0, MOTE_DRAFT_MAX), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_match_is_found),     cmocka_unit_test(edits_are_followed),
        cmocka_unit_test(what_repeats_goes_on),           cmocka_unit_test(the_callers_guesses_come_first),
        cmocka_unit_test(drafts_are_as_long_as_they_pay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
