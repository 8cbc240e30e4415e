/* Byte-pair encoding against the plain algorithm that merges the best pair by looking at all of them, on random vocabularies and texts; long texts; the two
 * ways in which candidates wait. */
#include "vocabulary_bytes.h"

#include "base/rng.h"
#include "text/bpe.h"
#include "text/spm.h"

enum { LETTERS = 4, MERGES = 60, TEXT = 700 };

typedef struct pair {
    int left, right, result;
} pair;

/* Random tokens over a few letters: single letters first, then joins of two tokens that are there already. */
typedef struct random_model {
    mote_vocabulary v;
    mote_bpe b;
    mote_spm s;
    pair merges[MERGES];
    int n_merges;
} random_model;

static void make(random_model *m, mote_rng *rng) {
    char texts[LETTERS + MERGES][32];
    int n = LETTERS;
    for (int i = 0; i < LETTERS; i++)
        snprintf(texts[i], sizeof texts[i], "%c", 'a' + i);
    m->n_merges = 0;
    for (int tries = 0; tries < MERGES; tries++) {
        int left = (int)(mote_rng_next(rng) % (unsigned)n), right = (int)(mote_rng_next(rng) % (unsigned)n);
        char joined[64];
        snprintf(joined, sizeof joined, "%s%s", texts[left], texts[right]);
        bool known = strlen(joined) > 12;
        for (int i = 0; i < n; i++)
            known = known || strcmp(texts[i], joined) == 0;
        if (known)
            continue;
        m->merges[m->n_merges++] = (pair){left, right, n};
        memcpy(texts[n++], joined, 32);
    }
    assert_int_equal(mote_vocabulary_init(&m->v, (uint32_t)n, (uint64_t)n * 32, true, NULL), MOTE_OK);
    for (int i = 0; i < n; i++)
        mote_vocabulary_add(&m->v, mote_str_of(texts[i]), MOTE_TOKEN_NORMAL, -(float)(mote_rng_next(rng) % 9));
    assert_int_equal(mote_vocabulary_finish(&m->v, NULL), MOTE_OK);
    assert_int_equal(mote_bpe_init(&m->b, &m->v, (uint32_t)m->n_merges, false, NULL), MOTE_OK);
    for (int i = 0; i < m->n_merges; i++)
        mote_bpe_add(&m->b, mote_str_of(texts[m->merges[i].left]), mote_str_of(texts[m->merges[i].right]));
    assert_int_equal(mote_bpe_finish(&m->b, NULL), MOTE_OK);
    mote_spm_init(&m->s, &m->v, -1);
}

static void drop(random_model *m) {
    mote_bpe_deinit(&m->b);
    mote_vocabulary_deinit(&m->v);
}

/* The rank of a merge, less is sooner; -1: none. */
static double rank_of(const random_model *m, bool spm, int left, int right, int *result) {
    if (!spm) {
        for (int i = 0; i < m->n_merges; i++)
            if (m->merges[i].left == left && m->merges[i].right == right) {
                *result = m->merges[i].result;
                return i;
            }
        return -1;
    }
    char joined[64];
    snprintf(joined, sizeof joined, "%s%s", mote_vocabulary_text(&m->v, (uint32_t)left).data, mote_vocabulary_text(&m->v, (uint32_t)right).data);
    *result = mote_vocabulary_find(&m->v, joined, strlen(joined));
    return *result < 0 ? -1 : -(double)m->v.scores[*result];
}

static int plain(const random_model *m, bool spm, const char *text, int len, int *ids) {
    for (int i = 0; i < len; i++)
        ids[i] = text[i] - 'a';
    for (;;) {
        int at = -1, into = 0;
        double best = 0;
        for (int i = 0; i + 1 < len; i++) {
            int result;
            double rank = rank_of(m, spm, ids[i], ids[i + 1], &result);
            if (rank >= 0 && (at < 0 || rank < best)) {
                at = i;
                best = rank;
                into = result;
            }
        }
        if (at < 0)
            return len;
        ids[at] = into;
        memmove(&ids[at + 1], &ids[at + 2], (size_t)(len - at - 2) * sizeof *ids);
        len--;
    }
}

static void agrees_with_the_plain_algorithm(void **state) {
    (void)state;
    mote_rng rng;
    mote_rng_init(&rng, 11);
    mote_merger merger = {0};
    for (int round = 0; round < 200; round++) {
        random_model m;
        make(&m, &rng);
        int len = round % 4 == 0 ? TEXT : 1 + (int)(mote_rng_next(&rng) % 40), want[TEXT];
        char text[TEXT];
        for (int i = 0; i < len; i++)
            text[i] = (char)('a' + mote_rng_next(&rng) % (round % 3 ? LETTERS : 1));
        for (int spm = 0; spm < 2; spm++) {
            mote_ids ids = {0};
            int n = plain(&m, spm, text, len, want);
            assert_int_equal(spm ? mote_spm_encode(&m.s, &merger, (uint8_t *)text, (size_t)len, &ids) : mote_bpe_encode(&m.b, &merger, (uint8_t *)text, (size_t)len, &ids),
                             MOTE_OK);
            assert_int_equal(ids.len, n);
            for (int i = 0; i < n; i++)
                assert_int_equal(ids.items[i], want[i]);
            mote_mem_free(ids.items);
        }
        drop(&m);
    }
    mote_merger_deinit(&merger);
}

static int any_pair(const void *model, const uint8_t *text, const mote_merger_symbol *left, const mote_merger_symbol *right, size_t at, uint32_t *priority, int32_t *id) {
    (void)text;
    uint32_t h = (uint32_t)mote_vocabulary_mix((uint64_t)(left->id + 1) << 32 | (uint32_t)(right->id + 1), *(const uint64_t *)model);
    *priority = h % 50; /* far from ordered: later merges often go first, and many are equal */
    *id = (int32_t)(h % 1000);
    return left->len + right->len < 16 && at % 7 != 3;
}

static void both_ways_of_waiting_agree(void **state) {
    (void)state;
    enum { N = 5000 };
    static uint8_t text[N];
    for (uint64_t seed = 1; seed <= 30; seed++) {
        mote_merger a = {0}, b = {0};
        mote_merger *const both[] = {&a, &b};
        for (int k = 0; k < 2; k++) {
            assert_int_equal(mote_merger_reserve(both[k], N), MOTE_OK);
            for (uint32_t i = 0; i < N; i++)
                both[k]->symbols[i] = (mote_merger_symbol){i ? i - 1 : UINT32_MAX, 1, (int32_t)(mote_vocabulary_mix(i, seed) % 3)};
        }
        assert_int_equal(mote_merger_run_heap(&a, text, N, any_pair, &seed), MOTE_OK);
        assert_int_equal(mote_merger_run_buckets(&b, text, N, any_pair, &seed), MOTE_OK);
        for (size_t i = 0; i < N; i += a.symbols[i].len) {
            assert_int_equal(a.symbols[i].len, b.symbols[i].len);
            assert_int_equal(a.symbols[i].id, b.symbols[i].id);
        }
        mote_merger_deinit(&a);
        mote_merger_deinit(&b);
    }
}

static mote_tokenizer *byte_level(const char *pre) {
    static const char *const merges[] = {"a a", "aa aa", "aaaa aaaa", "h e", "l l", "he ll", "hell o"}, *const controls[] = {"<|im_end|>", "<|im_start|>"};
    vocabulary_file f;
    mote_tokenizer *t = NULL;
    mote_error err = {0};
    file_begin(&f);
    put_byte_level(&f, pre, merges, 7, controls, 2);
    assert_int_equal(file_open(&f, &t, &err), MOTE_OK);
    return t;
}

/* One word of a megabyte. */
static void megabyte_word(void **state) {
    (void)state;
    enum { N = 1 << 20 };
    mote_tokenizer *t = byte_level("llama-bpe");
    char *text = malloc(N);
    int32_t *ids = NULL;
    size_t n = 0;
    memset(text, 'a', N);
    assert_int_equal(mote_tokenize(t, text, N, 0, &ids, &n, NULL), MOTE_OK);
    assert_int_equal(n, N / 8);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ids[i], 258);
    mote_mem_free(ids);
    free(text);
    mote_tokenizer_free(&t);
}

static void special_tokens(void **state) {
    (void)state;
    mote_tokenizer *t = byte_level("gpt-2");
    EXPECT(t, "hello", 0, 262);
    EXPECT(t, "aaaaahello", 0, 257, 97, 262);
    EXPECT(t, "a<|im_end|>a", MOTE_TOKENIZE_PARSE_SPECIAL, 97, 263, 97);
    EXPECT(t, "<|im_end|", MOTE_TOKENIZE_PARSE_SPECIAL, '<', '|', 'i', 'm', '_', 'e', 'n', 'd', '|');
    EXPECT(t, "<|im_end|>", 0, '<', '|', 'i', 'm', '_', 'e', 'n', 'd', '|', '>');
    EXPECT(t, "<tool>", 0, 265);
    expect_ids(t, "", 0, MOTE_TOKENIZE_ADD_SPECIAL, NULL, 0);
    assert_true(mote_tokenizer_is_end(t, 263));
    assert_false(mote_tokenizer_is_end(t, 264) || mote_tokenizer_is_end(t, -1));
    assert_int_equal(mote_tokenizer_eot(t), 263);
    assert_int_equal(mote_tokenizer_type(t, 265), MOTE_TOKEN_USER_DEFINED);
    assert_string_equal(mote_tokenizer_kind(t), "bpe");
    assert_string_equal(mote_tokenizer_text(t, 263), "<|im_end|>");
    assert_string_equal(mote_tokenizer_text(t, 266), "");
    mote_tokenizer_free(&t);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_plain_algorithm),
        cmocka_unit_test(both_ways_of_waiting_agree),
        cmocka_unit_test(megabyte_word),
        cmocka_unit_test(special_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
