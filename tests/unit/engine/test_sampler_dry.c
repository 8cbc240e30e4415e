/* DRY against a direct search, breakers against a tokenizer's real vocabulary where one is at hand, and the history that both rest on. */
#include "base/file.h"
#include "base/mem.h"
#include "engine/sampler_dry.h"
#include "sampler_cases.h"

#include <mote/sampler.h>

#include <stdio.h>

enum { N_VOCAB = 40, WINDOW = 60 };

/* The longest repetition that each token would continue, by looking at every place. Breakers of one token only. */
static void direct(const int32_t *history, size_t n, const bool *breaks, int32_t allowed, int *longest) {
    size_t limit = n;
    for (size_t i = 0; i < N_VOCAB; i++)
        longest[i] = -1;
    for (size_t back = 0; back < n; back++) {
        if (breaks[history[n - 1 - back]]) {
            limit = back;
            break;
        }
    }
    if (n <= (size_t)allowed || limit < (size_t)allowed)
        return;
    for (size_t end = 1; end < n; end++) { /* history[… end) repeats the end of the history; history[end] continued it */
        size_t len = 0;
        while (len < end && history[end - 1 - len] == history[n - 1 - len])
            len++;
        len = len < limit ? len : limit;
        if (len >= (size_t)allowed && (int)len > longest[history[end]])
            longest[history[end]] = (int)len;
    }
}

static void test_against_search(void **state) {
    (void)state;
    mote_rng rng;
    mote_rng_init(&rng, 21);
    for (int round = 0; round < 400; round++) {
        mote_sampler_options o = mote_sampler_options_default();
        int32_t history[200], ring[WINDOW], *tails = NULL;
        bool breaks[N_VOCAB] = {false};
        float logits[N_VOCAB] = {0};
        int longest[N_VOCAB];
        mote_sampler_dry d;
        mote_sampler_history h = {ring, WINDOW, 0};
        o.dry_multiplier = 0.8f;
        o.dry_allowed_length = round % 5;
        assert_int_equal(mote_sampler_dry_init(&d, N_VOCAB, WINDOW, NULL, NULL, 0, NULL), MOTE_OK);
        mote_sampler_dry_breaker *breakers = mote_mem_zalloc_array(2, sizeof *breakers);
        breakers[0].head = 3;
        breakers[1].head = 17;
        breaks[3] = breaks[17] = true;
        d.breakers = breakers;
        d.n_breakers = 2;
        d.tails = tails;
        size_t n = mote_rng_next(&rng) % 200, alphabet = round % 3 == 0 ? 3 : round % 3 == 1 ? 5 : N_VOCAB;
        for (size_t i = 0; i < n; i++) {
            history[i] = (int32_t)(mote_rng_next(&rng) % alphabet);
            mote_sampler_history_add(&h, history[i]);
        }
        size_t seen = n < WINDOW ? n : WINDOW;
        direct(history + n - seen, seen, breaks, o.dry_allowed_length, longest);
        mote_candidates c = sampler_cases_load(logits, N_VOCAB);
        if (round % 2)
            mote_candidates_sort_to(&c, 10); /* not dense any more */
        mote_sampler_dry_apply(&d, &h, &o, &c);
        for (size_t i = 0; i < N_VOCAB; i++) {
            int32_t id = c.items[i].id;
            double penalty = longest[id] < 0 || breaks[id] ? 0 : 0.8 * pow(1.75, longest[id] - o.dry_allowed_length);
            penalty = penalty > 1e38 ? INFINITY : penalty;
            assert_true(fabs(-c.items[i].logit - penalty) <= 1e-5 * penalty);
        }
        for (size_t i = 0; i < N_VOCAB; i++)
            assert_int_equal(d.longest[i], 0); /* ready for the next token */
        mote_candidates_deinit(&c);
        mote_sampler_dry_deinit(&d);
    }
}

/* The example at the head of sampler_dry.c, with a breaker of two tokens. */
static void test_by_hand(void **state) {
    (void)state;
    enum { A, B, C, Y, N };
    static const int32_t history[] = {A, B, C, C, B, C, Y, A, B, C};
    mote_sampler_options o = mote_sampler_options_default();
    int32_t ring[16];
    float logits[N] = {0};
    mote_sampler_history h = {ring, 16, 0};
    mote_sampler_dry d;
    o.dry_multiplier = 1;
    o.dry_base = 2;
    o.dry_allowed_length = 1;
    for (size_t i = 0; i < 10; i++)
        mote_sampler_history_add(&h, history[i]);
    assert_int_equal(mote_sampler_dry_init(&d, N, 16, NULL, NULL, 0, NULL), MOTE_OK);
    mote_candidates c = sampler_cases_load(logits, N);
    mote_sampler_dry_apply(&d, &h, &o, &c); /* c: continues a b c (3); b: continues c (1); y: continues b c (2) */
    assert_true(c.items[A].logit == 0 && c.items[B].logit == -1 && c.items[C].logit == -4 && c.items[Y].logit == -2);
    d.breakers = mote_mem_zalloc_array(1, sizeof *d.breakers);
    d.tails = mote_mem_alloc_array(1, sizeof *d.tails);
    d.breakers[0] = (mote_sampler_dry_breaker){Y, 0, 1};
    d.tails[0] = A;
    d.n_breakers = 1;
    mote_candidates_load(&c, logits, N);
    mote_sampler_dry_apply(&d, &h, &o, &c); /* "y a" ends the look back: only b c counts, so c: 2; y begins a breaker but is none alone */
    assert_true(c.items[A].logit == 0 && c.items[B].logit == -1 && c.items[C].logit == -2 && c.items[Y].logit == -2);
    mote_candidates_deinit(&c);
    mote_sampler_dry_deinit(&d);
}

static void test_breaker_limits(void **state) {
    (void)state;
    static const char *const empty[] = {"a", ""}, *const none[] = {NULL}, *const longest[] = {"0123456789012345678901234567890123456789x"};
    const char *many[MOTE_SAMPLER_DRY_MAX_BREAKERS + 1];
    mote_sampler_dry d;
    mote_error err;
    for (size_t i = 0; i < sizeof many / sizeof *many; i++)
        many[i] = "x";
    assert_int_equal(mote_sampler_dry_init(&d, N_VOCAB, 8, NULL, empty, 2, &err), MOTE_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "dry_sequence_breakers"));
    assert_int_equal(mote_sampler_dry_init(&d, N_VOCAB, 8, NULL, none, 1, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_sampler_dry_init(&d, N_VOCAB, 8, NULL, longest, 1, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_sampler_dry_init(&d, N_VOCAB, 8, NULL, many, sizeof many / sizeof *many, &err), MOTE_ERR_ARGUMENT);
    assert_int_equal(mote_sampler_dry_init(&d, N_VOCAB, 8, NULL, many, MOTE_SAMPLER_DRY_MAX_BREAKERS, &err), MOTE_OK);
    mote_sampler_dry_deinit(&d);
}

/* A model's own vocabulary: every token whose text holds a breaker is one, and no other is one alone. */
static void test_breakers_in_a_vocabulary(void **state) {
    (void)state;
    char path[4096];
    const char *root = getenv("MOTE_SOURCE_DIR");
    mote_tokenizer *tokenizer = NULL;
    snprintf(path, sizeof path, "%s/../shared/conformance/tokenizers/ggml-vocab-gpt-2.gguf", root ? root : ".");
    if (!mote_file_exists(path))
        skip();
    assert_int_equal(mote_tokenizer_open(path, &tokenizer, NULL), MOTE_OK);
    static const char *const breakers[] = {"\n", "\"", "ab\n"};
    mote_sampler_dry d;
    size_t n_vocab = (size_t)mote_tokenizer_n_tokens(tokenizer), n_alone = 0;
    assert_int_equal(mote_sampler_dry_init(&d, n_vocab, 8, tokenizer, breakers, 3, NULL), MOTE_OK);
    size_t at = 0;
    for (size_t id = 0; id < n_vocab; id++) {
        char *text;
        size_t len;
        int32_t token = (int32_t)id;
        bool alone = false, begins = false;
        for (; at < d.n_breakers && d.breakers[at].head == token; at++) {
            alone = alone || d.breakers[at].n_tail == 0;
            begins = begins || d.breakers[at].n_tail > 0;
        }
        assert_int_equal(mote_detokenize(tokenizer, &token, 1, true, &text, &len, NULL), MOTE_OK);
        assert_int_equal(alone, memchr(text, '\n', len) != NULL || memchr(text, '"', len) != NULL);
        assert_int_equal(begins, (len >= 1 && text[len - 1] == 'a') || (len >= 2 && memcmp(text + len - 2, "ab", 2) == 0));
        n_alone += alone;
        mote_mem_free(text);
    }
    assert_int_equal(at, d.n_breakers);
    assert_true(n_alone > 2 && d.n_breakers > n_alone);
    mote_sampler_dry_deinit(&d);
    mote_tokenizer_free(&tokenizer);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_search),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_breaker_limits),
        cmocka_unit_test(test_breakers_in_a_vocabulary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
