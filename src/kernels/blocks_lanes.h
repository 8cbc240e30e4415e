/* What both searches share: vectors of MOTE_BLOCKS_LANES floats (the compiler's own, so that one source serves every instruction set), the blocks turned so that each group has a
 * lane, the weights of their errors, and the choice of a block's scale. Included by the files that compile the searches, once each; nothing here is seen elsewhere. */
#ifndef MOTE_KERNELS_BLOCKS_LANES_H
#define MOTE_KERNELS_BLOCKS_LANES_H

#include "base/half.h"
#include "kernels/blocks_search.h"

#include <math.h>
#include <string.h>

#define BLOCKS_INLINE static inline __attribute__((always_inline))

enum { GROUPS = MOTE_BLOCKS_GROUPS, LANES = MOTE_BLOCKS_LANES, CHUNKS = GROUPS / LANES, GROUP_LEN = MOTE_BLOCKS_MAX_GROUP_LEN };

typedef float vec __attribute__((vector_size(4 * MOTE_BLOCKS_LANES)));
typedef int32_t mask __attribute__((vector_size(4 * MOTE_BLOCKS_LANES))); /* -1 or 0 a lane */

/* A number a group. */
typedef struct group_floats {
    _Alignas(64) float of[GROUPS];
} group_floats;

BLOCKS_INLINE vec set(float x) {
    return (vec){0} + x;
}
BLOCKS_INLINE vec load(const float *p) {
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
BLOCKS_INLINE void store(float *p, vec v) {
    memcpy(p, &v, sizeof v);
}
BLOCKS_INLINE vec choose(mask m, vec a, vec b) {
    return (vec)((m & (mask)a) | (~m & (mask)b));
}
BLOCKS_INLINE vec lesser(vec a, vec b) {
    return choose(a < b, a, b);
}
BLOCKS_INLINE vec greater(vec a, vec b) {
    return choose(a > b, a, b);
}
BLOCKS_INLINE vec magnitude(vec x) {
    return (vec)((mask)x & 0x7fffffff);
}
/* To nearest even for |x| < 2^22. */
BLOCKS_INLINE vec round_even(vec x) {
    return (x + 12582912.0f) - 12582912.0f;
}
BLOCKS_INLINE vec round_between(vec x, vec lo, vec hi) {
    return round_even(lesser(greater(x, lo), hi));
}
/* 1/x where that is a number, else 0. */
BLOCKS_INLINE vec invert(vec x) {
    return choose(magnitude(x) > 0x1p-100f, 1.0f / x, set(0));
}
BLOCKS_INLINE bool any(mask m) {
    int32_t all = 0;
    for (int i = 0; i < LANES; i++)
        all |= m[i];
    return all != 0;
}
/* What is left of x in half precision; never an infinity. Below 2^-14 halves lie 2^-24 apart, as floats do from 1/2 to 1. */
BLOCKS_INLINE vec through_half(vec x) {
    vec a = lesser(magnitude(x), set(65504.0f)), tiny = (a + 0.5f) - 0.5f;
    mask bits = (mask)a;
    bits = (bits + 0xfff + ((bits >> 13) & 1)) & ~0x1fff;
    vec rounded = choose(a < 0x1p-14f, tiny, (vec)bits);
    return (vec)((mask)rounded | ((mask)x & (int32_t)0x80000000));
}

/* The blocks with a group a lane, finite, and the weights of their squared errors, finite and nowhere all zero in a group. */
typedef struct sample {
    _Alignas(64) float x[GROUP_LEN][GROUPS], w[GROUP_LEN][GROUPS];
} sample;

/* For each group the sum over its block's groups, in ascending order. */
static group_floats sum_blocks(const group_floats *v, int n_groups) {
    group_floats sums;
    for (int first = 0; first < GROUPS; first += n_groups) {
        float sum = 0;
        for (int g = first; g < first + n_groups; g++)
            sum += v->of[g];
        for (int g = first; g < first + n_groups; g++)
            sums.of[g] = sum;
    }
    return sums;
}

static group_floats max_blocks(const group_floats *v, int n_groups) {
    group_floats maxima;
    for (int first = 0; first < GROUPS; first += n_groups) {
        float max = 0;
        for (int g = first; g < first + n_groups; g++)
            max = v->of[g] > max ? v->of[g] : max;
        for (int g = first; g < first + n_groups; g++)
            maxima.of[g] = max;
    }
    return maxima;
}

static void turn(const float *src, int n_floats, int group_len, float dst[GROUP_LEN][GROUPS]) {
    for (int g = 0; g < GROUPS; g++)
        for (int i = 0; i < group_len; i++)
            dst[i][g] = g * group_len + i < n_floats ? src[g * group_len + i] : 0;
}

/* Importance is only compared inside a block: scaled to a maximum of 1, so that no product with it overflows; or, where no rounding may change, by a power of two to one below 2.
 */
static void weigh(sample *s, int n_groups, int group_len, bool has_importance, bool by_power) {
    group_floats maxima;
    for (int c = 0; c < GROUPS; c += LANES) {
        vec max = set(0);
        for (int i = 0; i < group_len; i++) {
            vec w = load(&s->w[i][c]);
            w = choose((w > 0.0f) & (w < INFINITY), w, set(0));
            store(&s->w[i][c], w);
            max = greater(w, max);
        }
        store(&maxima.of[c], max);
    }
    maxima = max_blocks(&maxima, n_groups);
    for (int c = 0; c < GROUPS; c += LANES) {
        vec max = load(&maxima.of[c]);
        max = by_power ? (vec)((mask)max & 0x7f800000) : max;
        for (int i = 0; i < group_len; i++)
            store(&s->w[i][c], choose((max > 0.0f) & (has_importance ? -1 : 0), load(&s->w[i][c]) / max, set(1)));
    }
}

/* Times sqrt(flatness * mean(x^2) + x^2), relative to the largest, so that squares of tiny weights don't vanish. */
static void weigh_by_size(sample *s, int n_groups, int group_len, float flatness, const group_floats *largest) {
    group_floats sums;
    for (int c = 0; c < GROUPS; c += LANES) {
        vec inverse = invert(load(&largest->of[c])), sum = set(0);
        for (int i = 0; i < group_len; i++) {
            vec r = load(&s->x[i][c]) * inverse;
            sum += r * r;
        }
        store(&sums.of[c], sum);
    }
    sums = sum_blocks(&sums, n_groups);
    for (int c = 0; c < GROUPS; c += LANES) {
        vec max = load(&largest->of[c]), inverse = invert(max), mean = load(&sums.of[c]) * flatness / (float)(n_groups * group_len);
        for (int i = 0; i < group_len; i++) {
            vec r = load(&s->x[i][c]) * inverse, square = mean + r * r;
            float root[LANES];
            store(root, square);
            for (int k = 0; k < LANES; k++)
                root[k] = sqrtf(root[k]);
            store(&s->w[i][c], choose(max > 0x1p-60f, load(&s->w[i][c]) * load(root), load(&s->w[i][c])));
        }
    }
}

/* A group that nobody looks at is still quantised as well as it can be. */
static void weigh_forgotten(sample *s, int group_len, float least) {
    for (int c = 0; c < GROUPS; c += LANES) {
        vec sum = set(0);
        for (int i = 0; i < group_len; i++)
            sum += load(&s->w[i][c]);
        for (int i = 0; i < group_len; i++)
            store(&s->w[i][c], choose(sum < least, set(0x1p-30f), load(&s->w[i][c])));
    }
}

/* The sample, its importance as it came (zeros for none); the largest magnitude of each block. */
static group_floats take(sample *s, const float *x, const mote_blocks_importance *importance, int n_blocks, int n_groups, int group_len) {
    /* Far above what any block type can hold (65504 * 127 * 32 < 2^29), far below where sums of 256 weighted squares overflow a float. */
    const vec most = set(0x1p40f), least = set(-0x1p40f);
    int n_floats = n_blocks * n_groups * group_len;
    group_floats largest;
    turn(x, n_floats, group_len, s->x);
    if (importance)
        turn(importance->of, n_floats, group_len, s->w);
    else
        memset(s->w, 0, sizeof s->w);
    for (int c = 0; c < GROUPS; c += LANES) {
        vec max = set(0);
        for (int i = 0; i < group_len; i++) {
            vec v = load(&s->x[i][c]);
            v = choose(v == v, v, set(0));
            v = lesser(greater(v, least), most);
            store(&s->x[i][c], v);
            max = greater(magnitude(v), max);
        }
        store(&largest.of[c], max);
    }
    return max_blocks(&largest, n_groups);
}

static void prepare(sample *s, const float *x, const mote_blocks_importance *importance, int n_blocks, int n_groups, int group_len, float flatness) {
    group_floats largest = take(s, x, importance, n_blocks, n_groups, group_len);
    weigh(s, n_groups, group_len, importance != NULL, false);
    weigh_by_size(s, n_groups, group_len, flatness, &largest);
    weigh_forgotten(s, group_len, 0x1p-40f);
}

/* Whether all weights of a block are the same. */
static bool is_constant(const sample *s, int block, int n_groups, int group_len) {
    float first = s->x[0][block * n_groups];
    for (int i = 0; i < group_len; i++)
        for (int g = block * n_groups; g < (block + 1) * n_groups; g++)
            if (s->x[i][g] != first)
                return false;
    return true;
}

/* d for the values [n] of a block's groups to become integers from lo to hi: the candidate that leaves the least weighted error as stored in half precision. Candidates are max /
 * end for ends of the range and a little around them in tenths, and coarser steps down to half the range; lanes are candidates. */
static float choose_scale(const float *value, const float *weight, int n, int lo, int hi) {
    enum { FINE_LOW = -9, FINE = 25, COARSE = 15, CANDIDATES = (FINE + COARSE) * 2 };
    _Alignas(64) float d[CANDIDATES];
    float max = 0, best = 0, least = INFINITY;
    for (int g = 0; g < n; g++)
        max = fabsf(value[g]) > fabsf(max) ? value[g] : max;
    if (max == 0)
        return 0;
    int n_candidates = 0, n_ends = lo < 0 ? 2 : 1;
    for (int end = 0; end < n_ends; end++) {
        float limit = (float)(end == 0 ? hi : lo), sign = end == 0 ? 1.0f : -1.0f;
        for (int k = 0; k < FINE; k++)
            d[n_candidates++] = max / (limit + sign * 0.1f * (float)(k + FINE_LOW));
        for (int k = 1; k <= COARSE; k++)
            d[n_candidates++] = max / (limit - sign * (float)(k * (hi + 1)) / (float)(2 * COARSE + 2));
    }
    for (int c = 0; c < n_candidates; c += LANES) { /* 40 or 80: a multiple of 4 and 8; lanes past the end repeat the last */
        _Alignas(64) float candidate[LANES], error[LANES];
        for (int k = 0; k < LANES; k++)
            candidate[k] = d[c + k < n_candidates ? c + k : n_candidates - 1];
        vec stored = through_half(load(candidate)), inverse = invert(stored), sum = set(0);
        for (int g = 0; g < n; g++) {
            vec q = round_between(value[g] * inverse, set((float)lo), set((float)hi)), e = value[g] - stored * q;
            sum += weight[g] * e * e;
        }
        store(error, sum);
        for (int k = 0; k < LANES; k++) {
            if (error[k] < least) {
                least = error[k];
                best = candidate[k];
            }
        }
    }
    return best;
}

#endif
