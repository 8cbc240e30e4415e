/* Search for types without an offset: weight = d * scale * level (Q3_K, Q6_K, IQ4_XS; Q4_0, Q5_0 and IQ4_NL with one group and no scale).
 *
 * For one group and given levels l the best scale is s = sum(w x l) / sum(w l l), and it leaves the error sum(w x x) - sum(w x l)^2 / sum(w l l). So a group's search tries
 * levels from a grid of scales near "the largest weight gets the largest level", keeps the greatest quotient, and polishes it by assigning levels and refitting in turn (Lloyd). */
#include "base/half.h"
#include "kernels/blocks_search.h"

#include <math.h>
#include <string.h>

enum { POLISH_ROUNDS = 4, REFINE_ROUNDS = 4, LANES = 8 };

/* Below this a group is zero: its scale could not be stored (the least half is 2^-24, the greatest product of scale and level 2^12). */
static const float least_weight = 0x1p-40f;

/* sum(w x l), sum(w l l) */
typedef struct moments {
    float xl, ll;
} moments;

/* Round to nearest even for |x| < 2^22, in a form that every compiler vectorises. */
static inline float round_even(float x) {
    return (x + 12582912.0f) - 12582912.0f;
}

static void assign_codebook(const int8_t *codebook, const float *x, float inverse, int n, float *level) {
    for (int i = 0; i < n; i++)
        level[i] = codebook[0];
    for (int k = 1; k < 16; k++) {
        float middle = 0.5f * (float)(codebook[k] + codebook[k - 1]), step = (float)(codebook[k] - codebook[k - 1]);
        for (int i = 0; i < n; i++)
            level[i] += x[i] * inverse > middle ? step : 0.0f;
    }
}

/* The nearest levels for scale 1/inverse. */
static void assign(const mote_blocks_symmetric *form, const float *x, float inverse, float *level) {
    if (form->codebook) {
        assign_codebook(form->codebook, x, inverse, form->group_len, level);
        return;
    }
    float lo = (float)form->level_lo, hi = (float)form->level_hi;
    for (int i = 0; i < form->group_len; i++) {
        float v = x[i] * inverse;
        v = v < lo ? lo : v;
        v = v > hi ? hi : v;
        level[i] = round_even(v);
    }
}

static float add_lanes(const float lane[LANES]) {
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

static moments measure(const float *x, const float *w, const float *level, int n) {
    float xl[LANES] = {0}, ll[LANES] = {0};
    for (int i = 0; i < n; i += LANES) {
        for (int k = 0; k < LANES; k++) {
            float wl = w[i + k] * level[i + k];
            xl[k] += wl * x[i + k];
            ll[k] += wl * level[i + k];
        }
    }
    return (moments){add_lanes(xl), add_lanes(ll)};
}

static float error_of(const float *x, const float *w, const float *level, float scale, int n) {
    float sum[LANES] = {0};
    for (int i = 0; i < n; i += LANES) {
        for (int k = 0; k < LANES; k++) {
            float d = x[i + k] - scale * level[i + k];
            sum[k] += w[i + k] * d * d;
        }
    }
    return add_lanes(sum);
}

/* 1/scale where that is a number, else 0. */
static float invert(float scale) {
    return fabsf(scale) > 0x1p-100f ? 1 / scale : 0;
}

static float scale_of(moments m) {
    return m.ll > 0 ? m.xl / m.ll : 0;
}

/* How much of sum(w x x) these levels explain, with their best scale; where that is stored without an integer scale beside it, with what is left of it in half precision. */
static double gain(const mote_blocks_symmetric *form, moments m) {
    double s = scale_of(m);
    if (form->scale_lo == form->scale_hi)
        s = mote_half_from_f16(mote_blocks_search_half((float)s));
    return s * (2 * (double)m.xl - s * m.ll);
}

/* The best free scale of one group: moments of its levels. */
static moments search_group(const mote_blocks_symmetric *form, const float *x, const float *w) {
    float level[MOTE_BLOCKS_MAX_LEN], max = 0;
    moments best = {0, 0};
    double best_gain = 0;
    for (int i = 0; i < form->group_len; i++)
        max = fabsf(x[i]) > fabsf(max) ? x[i] : max;
    if (fabsf(max) < least_weight)
        return best;
    /* the grid's step is a tenth of a level, for a codebook (levels some 15 apart) one unit */
    float step = form->codebook ? 1.0f : 0.1f;
    int ends[2] = {form->level_lo, form->level_hi}, reach = form->codebook ? 10 : 12;
    for (int end = 0; end < 2; end++) {
        for (int k = -reach; k <= reach; k++) {
            assign(form, x, ((float)ends[end] + step * (float)k) / max, level);
            moments m = measure(x, w, level, form->group_len);
            double g = gain(form, m);
            if (g > best_gain || best.ll == 0) {
                best = m;
                best_gain = g;
            }
        }
    }
    for (int round = 0; round < POLISH_ROUNDS && best.xl != 0; round++) {
        assign(form, x, best.ll / best.xl, level);
        moments m = measure(x, w, level, form->group_len);
        double g = gain(form, m);
        if (!(g > best_gain))
            break;
        best = m;
        best_gain = g;
    }
    return best;
}

static int nearest_scale(const mote_blocks_symmetric *form, float q) {
    return q < (float)form->scale_lo ? form->scale_lo : q > (float)form->scale_hi ? form->scale_hi : (int)round_even(q);
}

/* Error of the groups' free scales as integers of a stored d. */
static float integer_error(const mote_blocks_symmetric *form, const moments *group, float d) {
    float stored = mote_half_from_f16(mote_blocks_search_half(d)), inverse = invert(stored), error = 0;
    for (int g = 0; g < form->n_groups; g++) {
        float s = scale_of(group[g]), q = (float)nearest_scale(form, s * inverse);
        error += group[g].ll * (s - stored * q) * (s - stored * q);
    }
    return error;
}

/* d for the groups' integer scales: the least error over a fine grid around "the largest gets the end of the range" and a coarse one below it. */
static float choose_d(const mote_blocks_symmetric *form, const moments *group) {
    float max = 0, best_d = 0, least = INFINITY;
    for (int g = 0; g < form->n_groups; g++)
        max = fabsf(scale_of(group[g])) > fabsf(max) ? scale_of(group[g]) : max;
    if (form->scale_lo == form->scale_hi || max == 0)
        return max;
    int ends[2] = {form->scale_lo, form->scale_hi};
    for (int end = 0; end < 2; end++) {
        for (int k = -ends[1] / 2; k <= 18; k++) {
            float inside = k < 0 ? (float)-k : 0.1f * (float)(k - 9), d = max / ((float)ends[end] - (ends[end] < 0 ? -inside : inside));
            float error = integer_error(form, group, d);
            if (error < least) {
                least = error;
                best_d = d;
            }
        }
    }
    return best_d;
}

/* One group under a stored d: the best integer scale near the free one; its levels, error and moments (of scale * level). */
typedef struct stored_group {
    int scale;
    float error;
    moments m;
    float level[MOTE_BLOCKS_MAX_LEN];
} stored_group;

static void try_scale(const mote_blocks_symmetric *form, const float *x, const float *w, float d, int scale, stored_group *best) {
    float level[MOTE_BLOCKS_MAX_LEN], s = d * (float)scale;
    if (scale < form->scale_lo || scale > form->scale_hi)
        return;
    assign(form, x, invert(s), level);
    float error = error_of(x, w, level, s, form->group_len);
    if (error < best->error) {
        best->error = error;
        best->scale = scale;
        memcpy(best->level, level, (size_t)form->group_len * sizeof *level);
    }
}

static void fit_group(const mote_blocks_symmetric *form, const float *x, const float *w, float d, float free_scale, stored_group *best) {
    int middle = nearest_scale(form, free_scale * invert(d)), mirror = nearest_scale(form, -free_scale * invert(d));
    best->error = INFINITY;
    for (int scale = middle - 1; scale <= middle + 1; scale++)
        try_scale(form, x, w, d, scale, best);
    /* levels reach one further down than up, scales too: the other sign may fit better */
    if (form->scale_lo < form->scale_hi && mirror != middle)
        try_scale(form, x, w, d, mirror, best);
    moments m = measure(x, w, best->level, form->group_len);
    best->m = (moments){m.xl * (float)best->scale, m.ll * (float)best->scale * (float)best->scale};
}

static uint8_t level_place(const mote_blocks_symmetric *form, float level) {
    if (!form->codebook)
        return (uint8_t)((int)level - form->level_lo);
    uint8_t place = 0;
    while (place < 15 && form->codebook[place] < (int)level)
        place++;
    return place;
}

/* All groups under one stored d. Returns the error, and what d should have been for these levels. */
static float fit_block(const mote_blocks_symmetric *form, const mote_blocks_sample *sample, const moments *group, uint16_t d, mote_blocks_fit *fit, float *better_d) {
    float error = 0, stored_d = mote_half_from_f16(d);
    moments sum = {0, 0};
    fit->d = d;
    for (int g = 0; g < form->n_groups; g++) {
        stored_group best = {0};
        fit_group(form, sample->x + g * form->group_len, sample->w + g * form->group_len, stored_d, scale_of(group[g]), &best);
        fit->scale[g] = best.scale;
        for (int i = 0; i < form->group_len; i++)
            fit->level[g * form->group_len + i] = level_place(form, best.level[i]);
        error += best.error;
        sum.xl += best.m.xl;
        sum.ll += best.m.ll;
    }
    *better_d = scale_of(sum);
    return error;
}

/* All weights the same: the product of integer scale and level whose quotient with it loses least in half precision. */
static void fit_constant(const mote_blocks_symmetric *form, float x, mote_blocks_fit *fit) {
    float least = INFINITY;
    int n_levels = form->codebook ? 16 : form->level_hi - form->level_lo + 1, best_scale = form->scale_hi, best_level = 0;
    for (int scale = form->scale_lo; scale <= form->scale_hi; scale++) {
        for (int i = 0; i < n_levels; i++) {
            int product = scale * (form->codebook ? form->codebook[i] : form->level_lo + i);
            if (product == 0)
                continue;
            uint16_t h = mote_blocks_search_half(x / (float)product);
            float error = fabsf(mote_half_from_f16(h) * (float)product - x);
            if (error < least) {
                least = error;
                fit->d = h;
                best_scale = scale;
                best_level = i;
            }
        }
    }
    for (int g = 0; g < form->n_groups; g++)
        fit->scale[g] = best_scale;
    memset(fit->level, best_level, sizeof fit->level);
}

void mote_blocks_symmetric_search(const mote_blocks_symmetric *form, const mote_blocks_sample *sample, mote_blocks_fit *fit) {
    moments group[MOTE_BLOCKS_MAX_GROUPS];
    mote_blocks_fit trial = {0};
    if (mote_blocks_search_is_constant(sample, form->n_groups * form->group_len)) {
        fit_constant(form, sample->x[0], fit);
        return;
    }
    for (int g = 0; g < form->n_groups; g++)
        group[g] = search_group(form, sample->x + g * form->group_len, sample->w + g * form->group_len);
    float d = choose_d(form, group), least = INFINITY;
    for (int round = 0; round < REFINE_ROUNDS; round++) {
        uint16_t h = mote_blocks_search_half(d);
        if ((h & 0x7fff) == 0 && d != 0)
            h |= 1; /* the least there is; a group's scale may still be 0 */
        if (round > 0 && h == trial.d)
            break;
        float error = fit_block(form, sample, group, h, &trial, &d);
        if (error < least) {
            least = error;
            *fit = trial;
        }
    }
    /* without group scales only d can make a block zero */
    if (form->scale_lo == form->scale_hi && fit_block(form, sample, group, 0, &trial, &d) < least)
        *fit = trial;
}
