/* Search for types with an offset: weight = d * scale * level - dmin * min (Q2_K, Q4_K, Q5_K; Q4_1 and Q5_1 with one group and no scale).
 *
 * For one group and given levels the best scale and offset are a weighted linear regression of the weights on the levels; the offset may not be above zero where the format
 * stores its negative without a sign. A group's search regresses on levels from a grid of scales near "smallest to largest weight spans all levels", keeps what leaves the least
 * error, and polishes it by assigning levels and regressing in turn. */
#include "base/half.h"
#include "kernels/blocks_search.h"

#include <math.h>
#include <string.h>

enum { POLISH_ROUNDS = 4, REFINE_ROUNDS = 4, LANES = 8, GRID = 20 /* steps of a twentieth of a level, each way */ };

/* Below this a group is zero: its scale could not be stored. */
static const float least_weight = 0x1p-40f;

/* Sums over one group with weights w: w, wx, wl, wxl, wll. */
typedef struct moments {
    float w, x, l, xl, ll;
} moments;

/* x ~ scale * level + offset, and the error less sum(w x x). */
typedef struct line {
    float scale, offset;
    double error;
} line;

static inline float round_even(float x) {
    return (x + 12582912.0f) - 12582912.0f;
}

static float invert(float scale) {
    return fabsf(scale) > 0x1p-100f ? 1 / scale : 0;
}

static int clamp_round(float x, int lo, int hi) {
    return x < (float)lo ? lo : x > (float)hi ? hi : (int)round_even(x);
}

static float add_lanes(const float lane[LANES]) {
    return ((lane[0] + lane[4]) + (lane[1] + lane[5])) + ((lane[2] + lane[6]) + (lane[3] + lane[7]));
}

/* The nearest levels of x - offset for scale 1/inverse. */
static void assign(const mote_blocks_affine *form, const float *x, float offset, float inverse, float *level) {
    float hi = (float)form->level_hi;
    for (int i = 0; i < form->group_len; i++) {
        float v = (x[i] - offset) * inverse;
        v = v < 0 ? 0 : v;
        v = v > hi ? hi : v;
        level[i] = round_even(v);
    }
}

static moments measure(const float *x, const float *w, const float *level, int n) {
    float sw[LANES] = {0}, sx[LANES] = {0}, sl[LANES] = {0}, xl[LANES] = {0}, ll[LANES] = {0};
    for (int i = 0; i < n; i += LANES) {
        for (int k = 0; k < LANES; k++) {
            float wl = w[i + k] * level[i + k];
            sw[k] += w[i + k];
            sx[k] += w[i + k] * x[i + k];
            sl[k] += wl;
            xl[k] += wl * x[i + k];
            ll[k] += wl * level[i + k];
        }
    }
    return (moments){add_lanes(sw), add_lanes(sx), add_lanes(sl), add_lanes(xl), add_lanes(ll)};
}

static float error_of(const float *x, const float *w, const float *level, float scale, float offset, int n) {
    float sum[LANES] = {0};
    for (int i = 0; i < n; i += LANES) {
        for (int k = 0; k < LANES; k++) {
            float d = x[i + k] - (scale * level[i + k] + offset);
            sum[k] += w[i + k] * d * d;
        }
    }
    return add_lanes(sum);
}

static line regress(const mote_blocks_affine *form, const moments *m) {
    double det = (double)m->w * m->ll - (double)m->l * m->l;
    line fit = {0, m->w > 0 ? m->x / m->w : 0, 0};
    if (det > 0) {
        fit.scale = (float)(((double)m->w * m->xl - (double)m->x * m->l) / det);
        fit.offset = (float)(((double)m->ll * m->x - (double)m->l * m->xl) / det);
    }
    if (fit.offset > 0 && form->scale_hi > 1) {
        fit.offset = 0;
        fit.scale = m->ll > 0 ? m->xl / m->ll : 0;
    }
    fit.scale = fit.scale < 0 ? 0 : fit.scale;
    double s = fit.scale, o = fit.offset;
    fit.error = s * s * m->ll + 2 * s * o * m->l + o * o * m->w - 2 * s * m->xl - 2 * o * m->x;
    return fit;
}

static line search_group(const mote_blocks_affine *form, const float *x, const float *w) {
    float level[MOTE_BLOCKS_MAX_LEN], min = x[0], max = x[0];
    for (int i = 1; i < form->group_len; i++) {
        min = x[i] < min ? x[i] : min;
        max = x[i] > max ? x[i] : max;
    }
    if (min > 0 && form->scale_hi > 1)
        min = 0;
    line best = {0, min, INFINITY};
    if (max - min < least_weight)
        return best;
    for (int k = -GRID; k <= GRID; k++) {
        float inverse = ((float)form->level_hi + 0.05f * (float)k) / (max - min);
        assign(form, x, min, inverse, level);
        moments m = measure(x, w, level, form->group_len);
        line fit = regress(form, &m);
        if (fit.error < best.error)
            best = fit;
    }
    for (int round = 0; round < POLISH_ROUNDS; round++) {
        assign(form, x, best.offset, invert(best.scale), level);
        moments m = measure(x, w, level, form->group_len);
        line fit = regress(form, &m);
        if (!(fit.error < best.error))
            break;
        best = fit;
    }
    return best;
}

/* Error of n non-negative values as integers of a stored d. */
static float integer_error(const float *value, const float *weight, int n, int hi, float d) {
    float stored = mote_half_from_f16(mote_blocks_search_half(d)), inverse = invert(stored), error = 0;
    for (int i = 0; i < n; i++) {
        float e = value[i] - stored * (float)clamp_round(value[i] * inverse, 0, hi);
        error += weight[i] * e * e;
    }
    return error;
}

/* d for n non-negative values to become integers up to hi: the least error over a fine grid around max / hi and a coarse one below hi. */
static float choose_d(const float *value, const float *weight, int n, int hi) {
    float max = 0, best = 0, least = INFINITY;
    for (int i = 0; i < n; i++)
        max = value[i] > max ? value[i] : max;
    if (hi == 1 || max == 0)
        return max;
    for (int k = -hi / 2; k <= 24; k++) {
        float d = max / ((float)hi + (k < 0 ? (float)k : 0.1f * (float)(k - 12))), error = integer_error(value, weight, n, hi, d);
        if (error < least) {
            least = error;
            best = d;
        }
    }
    return best;
}

/* One group under stored scales. */
typedef struct stored_group {
    int scale, min;
    float error;
    float level[MOTE_BLOCKS_MAX_LEN];
} stored_group;

static void try_pair(const mote_blocks_affine *form, const float *x, const float *w, const float d[2], int scale, int min, stored_group *best) {
    float level[MOTE_BLOCKS_MAX_LEN], s = d[0] * (float)scale, offset = -(d[1] * (float)min);
    if (scale < 0 || scale > form->scale_hi || min < 0 || min > form->scale_hi)
        return;
    assign(form, x, offset, invert(s), level);
    float error = error_of(x, w, level, s, offset, form->group_len);
    if (error < best->error) {
        best->error = error;
        best->scale = scale;
        best->min = min;
        memcpy(best->level, level, (size_t)form->group_len * sizeof *level);
    }
}

/* Integer scale and min near the free ones. */
static void fit_group(const mote_blocks_affine *form, const float *x, const float *w, const float d[2], const line *free_fit, stored_group *best) {
    best->error = INFINITY;
    if (form->scale_hi == 1) {
        try_pair(form, x, w, d, 1, 1, best);
        return;
    }
    int scale = clamp_round(free_fit->scale * invert(d[0]), 0, form->scale_hi), min = clamp_round(-free_fit->offset * invert(d[1]), 0, form->scale_hi);
    for (int i = -1; i <= 1; i++) {
        for (int k = -1; k <= 1; k++)
            try_pair(form, x, w, d, scale + i, min + k, best);
    }
}

/* Normal equations of d and dmin over all groups. */
typedef struct plane {
    double aa, ab, bb, xa, xb;
} plane;

static void add_group(plane *p, const moments *m, int scale, int min) {
    p->aa += (double)m->ll * scale * scale;
    p->ab -= (double)m->l * scale * min;
    p->bb += (double)m->w * min * min;
    p->xa += (double)m->xl * scale;
    p->xb -= (double)m->x * min;
}

static void solve(const mote_blocks_affine *form, const plane *p, float d[2]) {
    double det = p->aa * p->bb - p->ab * p->ab;
    double a = p->aa > 0 ? p->xa / p->aa : 0, b = 0;
    if (det > 1e-9 * p->aa * p->bb) {
        a = (p->xa * p->bb - p->xb * p->ab) / det;
        b = (p->aa * p->xb - p->ab * p->xa) / det;
    } else if (p->aa == 0 && p->bb > 0) {
        b = p->xb / p->bb;
    }
    if (b < 0 && form->scale_hi > 1) {
        b = 0;
        a = p->aa > 0 ? p->xa / p->aa : 0;
    }
    d[0] = a > 0 ? (float)a : 0;
    d[1] = (float)b;
}

/* All groups under stored d and dmin. Returns the error, and in `d` what they should have been for these levels. */
static float fit_block(const mote_blocks_affine *form, const mote_blocks_sample *sample, const line *group, mote_blocks_fit *fit, float d[2]) {
    float error = 0, stored[2] = {mote_half_from_f16(fit->d), mote_half_from_f16(fit->dmin)};
    plane sum = {0};
    for (int g = 0; g < form->n_groups; g++) {
        const float *x = sample->x + g * form->group_len, *w = sample->w + g * form->group_len;
        stored_group best = {0};
        fit_group(form, x, w, stored, &group[g], &best);
        fit->scale[g] = best.scale;
        fit->min[g] = best.min;
        for (int i = 0; i < form->group_len; i++)
            fit->level[g * form->group_len + i] = (uint8_t)best.level[i];
        moments m = measure(x, w, best.level, form->group_len);
        add_group(&sum, &m, best.scale, best.min);
        error += best.error;
    }
    solve(form, &sum, d);
    return error;
}

/* The half at or above x >= 0. */
static uint16_t half_above(float x) {
    uint16_t h = mote_blocks_search_half(x);
    return mote_half_from_f16(h) < x && h < 0x7bff ? (uint16_t)(h + 1) : h;
}

/* All weights the same: one of the two terms a little too large, the other takes the excess away, so that two halves hold what one would round. */
static void fit_constant(const mote_blocks_affine *form, float x, mote_blocks_fit *fit) {
    float product = (float)(form->scale_hi * form->level_hi), min = (float)form->scale_hi;
    if (x > 0) {
        fit->d = half_above(x / product);
        fit->dmin = mote_blocks_search_half((mote_half_from_f16(fit->d) * product - x) / min);
    } else {
        fit->dmin = half_above(-x / min);
        fit->d = mote_blocks_search_half((mote_half_from_f16(fit->dmin) * min + x) / product);
    }
    for (int g = 0; g < form->n_groups; g++)
        fit->scale[g] = fit->min[g] = form->scale_hi;
    memset(fit->level, form->level_hi, sizeof fit->level);
}

static uint16_t store(float d) {
    uint16_t h = mote_blocks_search_half(d);
    return (h & 0x7fff) == 0 && d != 0 ? (uint16_t)(h | 1) : h; /* the least there is; the groups' integers choose what to do with it */
}

void mote_blocks_affine_search(const mote_blocks_affine *form, const mote_blocks_sample *sample, mote_blocks_fit *fit) {
    line group[MOTE_BLOCKS_MAX_GROUPS];
    float scale[MOTE_BLOCKS_MAX_GROUPS], min[MOTE_BLOCKS_MAX_GROUPS], scale_weight[MOTE_BLOCKS_MAX_GROUPS], min_weight[MOTE_BLOCKS_MAX_GROUPS];
    float level[MOTE_BLOCKS_MAX_LEN];
    if (mote_blocks_search_is_constant(sample, form->n_groups * form->group_len)) {
        fit_constant(form, sample->x[0], fit);
        return;
    }
    for (int g = 0; g < form->n_groups; g++) {
        const float *x = sample->x + g * form->group_len, *w = sample->w + g * form->group_len;
        group[g] = search_group(form, x, w);
        assign(form, x, group[g].offset, invert(group[g].scale), level);
        moments m = measure(x, w, level, form->group_len);
        scale[g] = group[g].scale;
        scale_weight[g] = m.ll;
        min[g] = -group[g].offset;
        min_weight[g] = m.w;
    }
    float d[2] = {choose_d(scale, scale_weight, form->n_groups, form->scale_hi), form->scale_hi == 1 ? min[0] : choose_d(min, min_weight, form->n_groups, form->scale_hi)};
    float least = INFINITY;
    mote_blocks_fit trial = {0};
    for (int round = 0; round < REFINE_ROUNDS; round++) {
        uint16_t h[2] = {store(d[0]), store(d[1])};
        if (round > 0 && h[0] == trial.d && h[1] == trial.dmin)
            break;
        trial.d = h[0];
        trial.dmin = h[1];
        float error = fit_block(form, sample, group, &trial, d);
        if (error < least) {
            least = error;
            *fit = trial;
        }
    }
}
