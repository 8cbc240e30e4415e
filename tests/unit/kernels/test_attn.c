/* Attention over the cache: every instruction set against the C reference bit by bit, however the work is cut; the reference against double precision. `test_attn --bench` times
 * them. */
#include "kernels/attention.h"
#include "kernels/blocks.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "guarded.h"

#define EPS 0x1p-24
enum { N_TYPES = 5, N_PLAIN_TYPES = 3 };

static const mote_dtype TYPES[N_TYPES] = {MOTE_DTYPE_F32, MOTE_DTYPE_F16, MOTE_DTYPE_BF16, MOTE_DTYPE_Q8_0, MOTE_DTYPE_Q4_0};
/* Blocks hold heads of a multiple of 32 only. */
static bool is_stored(mote_dtype type, size_t head_dim) {
    return !mote_attention_has_scales(type) || head_dim % 32 == 0;
}
static const size_t HEAD_DIMS[] = {1, 8, 16, 31, 32, 40, 64, 80, 96, 100, 128, 256};
enum { N_HEAD_DIMS = sizeof HEAD_DIMS / sizeof *HEAD_DIMS };

static guarded_tables TABLES;
static mote_rng RNG;

static size_t below(size_t n) {
    return mote_rng_next(&RNG) % n;
}

/* A store of n positions, with canaries behind. */
static unsigned char *create_store(mote_dtype type, size_t head_dim, size_t n_positions) {
    size_t n = mote_attn_store_bytes(type, head_dim, n_positions);
    assert_true(n > 0);
    unsigned char *store = aligned_alloc(64, (n + 64 + 63) / 64 * 64);
    assert_non_null(store);
    memset(store, 0x5a, n + 64);
    return store;
}

static void check_store(const unsigned char *store, mote_dtype type, size_t head_dim, size_t n_positions) {
    const unsigned char *end = store + mote_attn_store_bytes(type, head_dim, n_positions);
    for (int i = 0; i < 64; i++)
        assert_int_equal(end[i], 0x5a);
}

/* A head's cache of n positions with random content, and one query and weight row for each of n_queries. */
typedef struct head {
    mote_dtype type;
    size_t head_dim, n, n_queries, q_stride, weight_stride;
    unsigned char *k, *v;
    float *q, *weights;
} head;

static head create_head(mote_dtype type, size_t head_dim, size_t n, size_t n_queries, guarded_kind kind) {
    head h = {.type = type, .head_dim = head_dim, .n = n, .n_queries = n_queries, .q_stride = head_dim + below(3), .weight_stride = n + below(3)};
    h.k = create_store(type, head_dim, n);
    h.v = create_store(type, head_dim, n);
    for (size_t p = 0; p < n; p++) {
        float *x = guarded_input(&RNG, kind, head_dim);
        TABLES.tables[0].attn.store_k(h.k, type, head_dim, p, x);
        TABLES.tables[0].attn.store_v(h.v, type, head_dim, p, x);
        free(x);
    }
    h.q = guarded_input(&RNG, kind, (n_queries - 1) * h.q_stride + head_dim);
    h.weights = guarded_input(&RNG, kind, (n_queries - 1) * h.weight_stride + n);
    return h;
}

static void free_head(head *h) {
    free(h->k);
    free(h->v);
    free(h->q);
    free(h->weights);
    *h = (head){0};
}

static void expect_same(const guarded_floats *expected, const guarded_floats *got, const char *what, const char *table, const head *h, size_t first, size_t last) {
    guarded_check(got);
    for (size_t i = 0; i < expected->n; i++)
        if (!guarded_is_same(expected->at[i], got->at[i]))
            fail_msg("%s, %s, type %d, head_dim %zu, %zu queries, positions %zu to %zu: [%zu] is %a, not %a", what, table, h->type, h->head_dim, h->n_queries, first, last, i,
                     (double)got->at[i], (double)expected->at[i]);
}

static guarded_floats scores_of(const mote_kernels *k, const head *h, size_t first, size_t last, size_t stride) {
    guarded_floats s = guarded_create((h->n_queries - 1) * stride + last - first);
    k->attn.scores(h->k, h->type, h->head_dim, first, last, h->q, h->q_stride, h->n_queries, 0.3f, s.at, stride);
    return s;
}

static guarded_floats mix_of(const mote_kernels *k, const head *h, size_t first, size_t last, size_t stride) {
    guarded_floats s = guarded_create((h->n_queries - 1) * stride + h->head_dim);
    k->attn.mix(h->v, h->type, h->head_dim, first, last, h->weights, h->weight_stride, h->n_queries, s.at, stride);
    return s;
}

static void check_head(const head *h) {
    size_t first = below((h->n + 15) / 16) * 16, last = first + 1 + below(h->n - first), extra = below(4);
    guarded_floats scores = scores_of(&TABLES.tables[0], h, first, last, last - first + extra), mix = mix_of(&TABLES.tables[0], h, first, last, h->head_dim + extra);
    guarded_check(&scores);
    guarded_check(&mix);
    for (int t = 1; t < TABLES.n; t++) {
        guarded_floats s = scores_of(&TABLES.tables[t], h, first, last, last - first + extra), m = mix_of(&TABLES.tables[t], h, first, last, h->head_dim + extra);
        expect_same(&scores, &s, "scores", TABLES.names[t], h, first, last);
        expect_same(&mix, &m, "mix", TABLES.names[t], h, first, last);
        guarded_free(&s);
        guarded_free(&m);
    }
    guarded_free(&scores);
    guarded_free(&mix);
}

static void every_level_gives_the_same_bits(void **state) {
    (void)state;
    for (int type = 0; type < N_TYPES; type++)
        for (int dim = 0; dim < N_HEAD_DIMS; dim++)
            for (size_t n_queries = 1; n_queries <= 19 && is_stored(TYPES[type], HEAD_DIMS[dim]); n_queries++) {
                head h = create_head(TYPES[type], HEAD_DIMS[dim], 1 + below(n_queries % 4 == 0 ? 200 : 40), n_queries,
                                     n_queries == 9   ? KIND_TINY
                                     : n_queries == 8 ? KIND_WIDE
                                                      : KIND_USUAL);
                check_head(&h);
                free_head(&h);
            }
}

static void every_level_stores_the_same_bytes(void **state) {
    (void)state;
    enum { N = 37 };
    for (int type = 0; type < N_TYPES; type++)
        for (int dim = 0; dim < N_HEAD_DIMS; dim++)
            for (int kind = 0; kind < N_KINDS && is_stored(TYPES[type], HEAD_DIMS[dim]); kind++) {
                size_t hd = HEAD_DIMS[dim], bytes = mote_attn_store_bytes(TYPES[type], hd, N), pos = below(N);
                float *x = guarded_input(&RNG, (guarded_kind)kind, hd);
                unsigned char *k = create_store(TYPES[type], hd, N), *v = create_store(TYPES[type], hd, N);
                TABLES.tables[0].attn.store_k(k, TYPES[type], hd, pos, x);
                TABLES.tables[0].attn.store_v(v, TYPES[type], hd, pos, x);
                check_store(k, TYPES[type], hd, N);
                check_store(v, TYPES[type], hd, N);
                for (int t = 1; t < TABLES.n; t++) {
                    unsigned char *other = create_store(TYPES[type], hd, N);
                    TABLES.tables[t].attn.store_k(other, TYPES[type], hd, pos, x);
                    assert_memory_equal(other, k, bytes + 64);
                    memset(other, 0x5a, bytes);
                    TABLES.tables[t].attn.store_v(other, TYPES[type], hd, pos, x);
                    assert_memory_equal(other, v, bytes + 64);
                    free(other);
                }
                free(k);
                free(v);
                free(x);
            }
}

/* Queries one by one, a later end with weights of 0, an earlier beginning with weights of 0: the bits stay. */
static void cutting_the_work_keeps_the_bits(void **state) {
    (void)state;
    enum { N = 203, FIRST = 48, LAST = 131, N_QUERIES = 13 };
    for (int t = 0; t < TABLES.n; t++)
        for (int type = 0; type < N_TYPES; type++)
            for (int kind = 0; kind <= KIND_ZEROS; kind++) {
                const mote_kernels *k = &TABLES.tables[t];
                head h = create_head(TYPES[type], is_stored(TYPES[type], 72) ? 72 : 96, N, N_QUERIES, (guarded_kind)kind);
                guarded_floats scores = scores_of(k, &h, FIRST, LAST, N), all_scores = scores_of(k, &h, 0, N, N);
                for (size_t g = 0; g < N_QUERIES; g++) {
                    head one = h;
                    one.n_queries = 1;
                    one.q += g * h.q_stride;
                    one.weights += g * h.weight_stride;
                    guarded_floats row = {.at = scores.at + g * N, .n = LAST - FIRST}, same = scores_of(k, &one, FIRST, LAST, N);
                    expect_same(&row, &same, "a query alone", TABLES.names[t], &one, FIRST, LAST);
                    for (size_t p = FIRST; p < LAST; p++)
                        assert_true(guarded_is_same(all_scores.at[g * N + p], scores.at[g * N + p - FIRST]));
                    guarded_floats mix = mix_of(k, &one, FIRST, LAST, N);
                    float *padded = calloc(N, sizeof *padded);
                    assert_non_null(padded);
                    memcpy(padded + FIRST, one.weights, (LAST - FIRST) * sizeof *padded);
                    one.weights = padded;
                    guarded_floats wide = mix_of(k, &one, 0, N, N);
                    expect_same(&mix, &wide, "weights of 0 around", TABLES.names[t], &one, 0, N);
                    free(padded);
                    guarded_free(&mix);
                    guarded_free(&wide);
                    guarded_free(&same);
                }
                guarded_free(&scores);
                guarded_free(&all_scores);
                free_head(&h);
            }
}

/* x as a store of this type keeps it. */
static void round_trip(mote_dtype type, const float *x, float *y, size_t n) {
    unsigned char bytes[4 * 256];
    assert_true(n <= 256 && mote_blocks_quantize(type, x, bytes, n, NULL) && mote_blocks_dequantize(type, bytes, y, n));
}

/* The error of a sum of blocks of 32, in eps of the sum of sizes: at most 32 in a block, one for each block, one for the scale. */
static void sums_are_near_double_precision(void **state) {
    (void)state;
    enum { N = 300, N_QUERIES = 3 };
    for (int type = 0; type < N_TYPES; type++)
        for (int dim = 0; dim < N_HEAD_DIMS; dim++) {
            size_t hd = HEAD_DIMS[dim];
            if (!is_stored(TYPES[type], hd))
                continue;
            head h = create_head(TYPES[type], hd, N, N_QUERIES, KIND_USUAL);
            float *k = malloc(N * hd * sizeof *k), *v = malloc(N * hd * sizeof *v);
            assert_true(k && v);
            for (size_t p = 0; p < N; p++) {
                float *x = guarded_input(&RNG, KIND_USUAL, hd), *y = guarded_input(&RNG, KIND_USUAL, hd);
                TABLES.tables[0].attn.store_k(h.k, h.type, hd, p, x);
                TABLES.tables[0].attn.store_v(h.v, h.type, hd, p, y);
                round_trip(h.type, x, k + p * hd, hd);
                round_trip(h.type, y, v + p * hd, hd);
                free(x);
                free(y);
            }
            guarded_floats scores = scores_of(&TABLES.tables[0], &h, 0, N, N), mix = mix_of(&TABLES.tables[0], &h, 0, N, hd);
            for (size_t g = 0; g < N_QUERIES; g++) {
                for (size_t p = 0; p < N; p++) {
                    double exact = 0, size = 0;
                    for (size_t d = 0; d < hd; d++) {
                        exact += (double)h.q[g * h.q_stride + d] * k[p * hd + d];
                        size += fabs((double)h.q[g * h.q_stride + d] * k[p * hd + d]);
                    }
                    assert_true(fabs(scores.at[g * N + p] - exact * 0.3f) <= (34 + (double)hd / 32) * EPS * size * 0.3);
                }
                for (size_t d = 0; d < hd; d++) {
                    double exact = 0, size = 0;
                    for (size_t p = 0; p < N; p++) {
                        exact += (double)h.weights[g * h.weight_stride + p] * v[p * hd + d];
                        size += fabs((double)h.weights[g * h.weight_stride + p] * v[p * hd + d]);
                    }
                    assert_true(fabs(mix.at[g * hd + d] - exact) <= (34 + N / 32.0) * EPS * size);
                }
            }
            guarded_free(&scores);
            guarded_free(&mix);
            free(k);
            free(v);
            free_head(&h);
        }
}

static void check_softmax(const float *x, size_t n) {
    guarded_floats expected = guarded_create(n);
    memcpy(expected.at, x, n * sizeof *x);
    float sum = TABLES.tables[0].attn.softmax(expected.at, n);
    for (int t = 1; t < TABLES.n; t++) {
        guarded_floats y = guarded_create(n);
        memcpy(y.at, x, n * sizeof *x);
        float other = TABLES.tables[t].attn.softmax(y.at, n);
        if (!guarded_is_same(sum, other))
            fail_msg("softmax, %s, n %zu: sum %a, not %a", TABLES.names[t], n, (double)other, (double)sum);
        for (size_t i = 0; i < n; i++)
            if (!guarded_is_same(expected.at[i], y.at[i]))
                fail_msg("softmax, %s, n %zu: [%zu] is %a, not %a", TABLES.names[t], n, i, (double)y.at[i], (double)expected.at[i]);
        guarded_free(&y);
    }
    guarded_free(&expected);
}

static void softmax_gives_the_same_bits(void **state) {
    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++)
        for (size_t n = 1; n <= 300; n += n < 70 ? 1 : 13) {
            float *x = guarded_input(&RNG, (guarded_kind)kind, n);
            check_softmax(x, n);
            for (size_t i = 0; i < n; i++)
                if (below(3) == 0)
                    x[i] = -INFINITY;
            check_softmax(x, n);
            free(x);
        }
}

static void softmax_follows_its_formula(void **state) {
    (void)state;
    enum { N = 531, BEFORE = 48 };
    float *x = guarded_input(&RNG, KIND_USUAL, N), y[BEFORE + N];
    memcpy(y, x, N * sizeof *x);
    float sum = TABLES.tables[0].attn.softmax(y, N);
    double top = -INFINITY, exact = 0;
    for (int i = 0; i < N; i++)
        top = fmax(top, x[i]);
    for (int i = 0; i < N; i++) {
        double e = exp(x[i] - top), of_argument = EPS * fabs(x[i] - top);
        exact += e;
        assert_true(fabs(y[i] - e) <= (2 * EPS + of_argument) * e * 1.01);
    }
    assert_true(fabs(sum - exact) <= (N / 16 + 16 + 2 + 8) * EPS * exact);
    for (int t = 0; t < TABLES.n; t++) { /* masked positions before the window, in whole panels, change nothing */
        for (int i = 0; i < BEFORE; i++)
            y[i] = -INFINITY;
        memcpy(y + BEFORE, x, N * sizeof *x);
        float other = TABLES.tables[t].attn.softmax(y, BEFORE + N);
        assert_true(guarded_is_same(sum, other));
        for (int i = 0; i < BEFORE; i++)
            assert_int_equal(mote_half_bits(y[i]), 0);
        for (int i = 0; i < BEFORE; i++)
            y[i] = -INFINITY;
        assert_true(TABLES.tables[t].attn.softmax(y, BEFORE) == 0);
    }
    free(x);
}

static void joining_gives_the_same_bits(void **state) {
    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++)
        for (size_t n = 1; n <= 70; n++) {
            float *before = guarded_input(&RNG, (guarded_kind)kind, n + 4), *next = guarded_input(&RNG, (guarded_kind)kind, n);
            const mote_attention_sum sum = {before[n], before[n + 1]}, more = {before[n + 2], before[n + 3]};
            guarded_floats expected = guarded_create(n + 2);
            for (int t = 0; t < TABLES.n; t++) {
                guarded_floats y = guarded_create(n + 2);
                mote_attention_sum all = sum;
                memcpy(y.at, before, n * sizeof *before);
                TABLES.tables[t].attn.join(&all, y.at, more, next, n);
                memcpy(y.at + n, &all, sizeof all);
                if (t == 0)
                    memcpy(expected.at, y.at, (n + 2) * sizeof *y.at);
                for (size_t i = 0; i < n + 2; i++)
                    if (!guarded_is_same(expected.at[i], y.at[i]))
                        fail_msg("join, %s, n %zu: [%zu] is %a, not %a", TABLES.names[t], n, i, (double)y.at[i], (double)expected.at[i]);
                guarded_free(&y);
            }
            guarded_free(&expected);
            free(before);
            free(next);
        }
}

/* Spans weighed alone and joined come to what weighing all at once gives, within the rounding of a few operations a span. */
static void spans_come_to_the_whole(void **state) {
    (void)state;
    enum { N = 700, D = 24 };
    float *x = guarded_input(&RNG, KIND_USUAL, N), *v = guarded_input(&RNG, KIND_USUAL, N * D);
    double top = -INFINITY, sum = 0, mix[D] = {0}, size[D] = {0};
    for (int i = 0; i < N; i++)
        top = fmax(top, x[i]);
    for (int i = 0; i < N; i++) {
        sum += exp(x[i] - top);
        for (int d = 0; d < D; d++) {
            mix[d] += exp(x[i] - top) * (double)v[i * D + d];
            size[d] += exp(x[i] - top) * fabs((double)v[i * D + d]);
        }
    }
    unsigned char *store = create_store(MOTE_DTYPE_F32, D, N);
    for (size_t i = 0; i < N; i++)
        TABLES.tables[0].attn.store_v(store, MOTE_DTYPE_F32, D, i, v + i * D);
    for (int t = 0; t < TABLES.n; t++) {
        const mote_kernels *k = &TABLES.tables[t];
        mote_attention_sum all = {-FLT_MAX, 0};
        float all_mix[D] = {0}, next_mix[D], weights[MOTE_ATTENTION_SPAN];
        for (size_t first = 0, n; first < N; first += n) {
            n = N - first < MOTE_ATTENTION_SPAN ? N - first : MOTE_ATTENTION_SPAN;
            memcpy(weights, x + first, n * sizeof *x);
            mote_attention_sum next = k->attn.weigh(weights, n);
            k->attn.mix(store, MOTE_DTYPE_F32, D, first, first + n, weights, n, 1, next_mix, D);
            k->attn.join(&all, all_mix, next, next_mix, D);
        }
        assert_true((double)all.most == top);
        assert_true(fabs(all.sum - sum) <= 100 * EPS * sum);
        for (int d = 0; d < D; d++)
            assert_true(fabs(all_mix[d] - mix[d]) <= 200 * EPS * size[d]);
    }
    free(store);
    free(x);
    free(v);
}

/* Infinities are clamped, NaN is 0: no block can turn a masked product into NaN. */
static void block_stores_stay_finite(void **state) {
    (void)state;
    float x[32] = {1e30f, -INFINITY, NAN, INFINITY, 1.0f}, q[32] = {0}, weight = 0, score, out[32];
    q[0] = q[1] = q[2] = 1;
    for (int type = N_PLAIN_TYPES; type < N_TYPES; type++)
        for (int t = 0; t < TABLES.n; t++) {
            unsigned char *k = create_store(TYPES[type], 32, 1), *v = create_store(TYPES[type], 32, 1);
            TABLES.tables[t].attn.store_k(k, TYPES[type], 32, 0, x);
            TABLES.tables[t].attn.store_v(v, TYPES[type], 32, 0, x);
            TABLES.tables[t].attn.scores(k, TYPES[type], 32, 0, 1, q, 32, 1, 1.0f, &score, 1);
            TABLES.tables[t].attn.mix(v, TYPES[type], 32, 0, 1, &weight, 1, 1, out, 32);
            assert_true(isfinite(score));
            for (int d = 0; d < 32; d++)
                assert_true(out[d] == 0);
            free(k);
            free(v);
        }
}

static void f16_stores_stay_finite(void **state) {
    (void)state;
    const float x[] = {1e9f, -INFINITY, 65519.0f, -65520.0f, 0x1p-24f, NAN};
    for (int t = 0; t < TABLES.n; t++) {
        uint16_t v[16] = {0};
        TABLES.tables[t].attn.store_v(v, MOTE_DTYPE_F16, 6, 0, x);
        assert_int_equal(v[0], 0x7bff);
        assert_int_equal(v[1], 0xfbff);
        assert_int_equal(v[2], 0x7bff);
        assert_int_equal(v[3], 0xfbff);
        assert_int_equal(v[4], 1);
        assert_int_equal(v[5] & 0x7c00, 0x7c00);
    }
}

/* Values half way between two halves, or next to that: every kind of rounding. */
static void stores_round_to_nearest_even(void **state) {
    (void)state;
    enum { N = 1 << 16 };
    float *x = malloc(N * sizeof *x);
    uint16_t *v = malloc(N * sizeof *v);
    assert_true(x && v);
    for (int type = 1; type < N_PLAIN_TYPES; type++)
        for (int side = -1; side <= 1; side++) {
            for (uint32_t i = 0; i < N; i++) {
                float low = TYPES[type] == MOTE_DTYPE_F16 ? mote_half_from_f16((uint16_t)i) : mote_half_from_bf16((uint16_t)i);
                x[i] = mote_half_float(mote_half_bits(low) + (TYPES[type] == MOTE_DTYPE_F16 ? 0x1000u : 0x8000u) + (uint32_t)side);
            }
            for (int t = 0; t < TABLES.n; t++) {
                TABLES.tables[t].attn.store_v(v, TYPES[type], N, 0, x);
                for (uint32_t i = 0; i < N; i++) {
                    float y = x[i];
                    if (TYPES[type] == MOTE_DTYPE_F16)
                        y = y > 65504 ? 65504 : y < -65504 ? -65504 : y;
                    uint16_t exact = TYPES[type] == MOTE_DTYPE_F16 ? mote_half_to_f16(y) : mote_half_to_bf16(y);
                    if (v[i] != exact)
                        fail_msg("%s, type %d: %a is stored as %04x, not %04x", TABLES.names[t], TYPES[type], (double)x[i], v[i], exact);
                }
            }
        }
    free(x);
    free(v);
}

static void store_bytes_are_checked(void **state) {
    (void)state;
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_F32, 64, 17), 64 * 32 * 4);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_F16, 100, 1), 112 * 16 * 2);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_Q8_0, 64, 17), 2 * 34 * 32);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_Q4_0, 96, 64), 3 * 18 * 64);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_Q8_0, 80, 64), 0);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_Q4_0, 8, 64), 0);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_Q4_1, 64, 64), 0);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_Q8_0, SIZE_MAX / 64 * 32, 64), 0);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_F32, SIZE_MAX - 3, 1), 0);
    assert_int_equal(mote_attn_store_bytes(MOTE_DTYPE_BF16, SIZE_MAX / 64, 64), 0);
}

typedef struct bench_job {
    const mote_kernels *table;
    const head *h;
    float *scores, *out;
} bench_job;

static void run_scores(void *job) {
    const bench_job *j = job;
    const head *h = j->h;
    j->table->attn.scores(h->k, h->type, h->head_dim, 0, h->n, h->q, h->q_stride, h->n_queries, 0.1f, j->scores, h->n);
}

static void run_mix(void *job) {
    const bench_job *j = job;
    const head *h = j->h;
    j->table->attn.mix(h->v, h->type, h->head_dim, 0, h->n, h->weights, h->weight_stride, h->n_queries, j->out, h->head_dim);
}

/* Gflop/s of scores and mix, GB/s of the store, with n_queries a call. */
static void bench_case(mote_dtype type, size_t head_dim, size_t n, size_t n_queries) {
    head h = create_head(type, head_dim, n, n_queries, KIND_USUAL);
    bench_job job = {.h = &h, .scores = malloc(n_queries * n * sizeof(float)), .out = malloc(n_queries * head_dim * sizeof(float))};
    assert_true(job.scores && job.out);
    printf("%-5s head_dim %3zu  positions %4zu  queries %3zu", mote_dtype_get(type)->name, head_dim, n, n_queries);
    for (int t = TABLES.n > 1; t < TABLES.n; t++)
        for (int mix = 0; mix < 2; mix++) {
            job.table = &TABLES.tables[t];
            double seconds = guarded_time(mix ? run_mix : run_scores, &job);
            printf("  %s %s %6.1f Gflop/s %5.1f GB/s", TABLES.names[t], mix ? "mix" : "scores", 2e-9 * (double)(n_queries * n * head_dim) / seconds,
                   1e-9 * (double)mote_attn_store_bytes(type, head_dim, n) / seconds);
        }
    printf("\n");
    free(job.scores);
    free(job.out);
    free_head(&h);
}

static void run_softmax(void *job) {
    const bench_job *j = job;
    memcpy(j->scores, j->h->weights, j->h->n * sizeof(float));
    j->table->attn.softmax(j->scores, j->h->n);
}

static void run_store(void *job) {
    const bench_job *j = job;
    for (size_t pos = 0; pos < j->h->n; pos++) {
        j->table->attn.store_k(j->h->k, j->h->type, j->h->head_dim, pos, j->h->q);
        j->table->attn.store_v(j->h->v, j->h->type, j->h->head_dim, pos, j->h->q);
    }
}

static int bench(void) {
    const size_t dims[] = {64, 128, 256}, positions[] = {256, 4096}, queries[] = {1, 3, 6, 7, 16, 48};
    head h = create_head(MOTE_DTYPE_F16, 64, 2048, 1, KIND_USUAL);
    bench_job job = {.h = &h, .scores = malloc(h.n * sizeof(float))};
    for (int t = 0; t < TABLES.n; t++) {
        job.table = &TABLES.tables[t];
        printf("%-7s softmax %.3f ns a score, F16 store %.3f ns a key or value element\n", TABLES.names[t], guarded_time(run_softmax, &job) * 1e9 / (double)h.n,
               guarded_time(run_store, &job) * 1e9 / (double)(h.n * h.head_dim * 2));
    }
    free(job.scores);
    free_head(&h);
    for (int type = 0; type < N_TYPES; type++)
        for (size_t d = 0; d < 3; d++)
            for (size_t p = 0; p < 2; p++)
                for (size_t q = 0; q < 6; q++)
                    bench_case(TYPES[type], dims[d], positions[p], queries[q]);
    return 0;
}

int main(int argc, char **argv) {
    TABLES = guarded_tables_here();
    RNG = guarded_rng();
    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same_bits), cmocka_unit_test(every_level_stores_the_same_bytes), cmocka_unit_test(cutting_the_work_keeps_the_bits),
        cmocka_unit_test(sums_are_near_double_precision),  cmocka_unit_test(softmax_gives_the_same_bits),       cmocka_unit_test(softmax_follows_its_formula),
        cmocka_unit_test(f16_stores_stay_finite),          cmocka_unit_test(joining_gives_the_same_bits),       cmocka_unit_test(spans_come_to_the_whole),
        cmocka_unit_test(block_stores_stay_finite),        cmocka_unit_test(stores_round_to_nearest_even),      cmocka_unit_test(store_bytes_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
