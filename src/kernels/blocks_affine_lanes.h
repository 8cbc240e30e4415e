/* Search for types with an offset: weight = d * scale * level - dmin * min (Q2_K, Q4_K, Q5_K).
 *
 * For one group and given levels the best scale and offset are a weighted linear regression of the weights on the levels; the offset may not be above zero, since the
 * formats store its negative without a sign. A group's search regresses on levels from a grid of scales near "smallest to largest weight spans all levels", keeps what leaves the
 * least error, and polishes it by assigning levels and regressing in turn. All of that counts weights from the group's smallest, so that little is lost by rounding. */
#ifndef MOTE_KERNELS_BLOCKS_AFFINE_LANES_H
#define MOTE_KERNELS_BLOCKS_AFFINE_LANES_H

#include "kernels/blocks_lanes.h"

enum { AFFINE_POLISH_ROUNDS = 4, AFFINE_REFINE_ROUNDS = 4, AFFINE_GRID = 20 /* steps of a twentieth of a level, each way */ };

/* Sums over a group's weights w and levels l of x counted from `base`: w, wx, wl, wxl, wll. */
typedef struct affine_sums {
    vec w, x, l, xl, ll;
} affine_sums;

/* x - base ~ scale * level + offset; the error less sum(w (x - base)^2); the levels' sum(w l l). */
typedef struct affine_line {
    vec scale, offset, error, ll;
} affine_line;

BLOCKS_INLINE affine_sums affine_measure(const mote_blocks_affine *form, const sample *s, int c, vec base, vec offset, vec inverse) {
    vec zero = set(0), hi = set((float)form->level_hi);
    affine_sums m = {zero, zero, zero, zero, zero};
    for (int i = 0; i < form->group_len; i++) {
        vec x = load(&s->x[i][c]) - base, w = load(&s->w[i][c]), level = round_between((x - offset) * inverse, zero, hi), wl = w * level;
        m.w += w;
        m.x += w * x;
        m.l += wl;
        m.xl += wl * x;
        m.ll += wl * level;
    }
    return m;
}

BLOCKS_INLINE affine_line affine_regress(affine_sums m, vec base) {
    vec det = m.w * m.ll - m.l * m.l;
    mask has_slope = det > 1e-6f * (m.w * m.ll);
    vec scale = choose(has_slope, (m.w * m.xl - m.x * m.l) / det, set(0)), offset = choose(has_slope, (m.ll * m.x - m.l * m.xl) / det, m.x / m.w);
    mask is_above = base + offset > 0.0f;
    vec alone = choose(m.ll > 0.0f, (m.xl + base * m.l) / m.ll, set(0));
    offset = choose(is_above, -base, offset);
    scale = greater(choose(is_above, alone, scale), set(0));
    vec error = scale * (scale * m.ll + 2.0f * (offset * m.l - m.xl)) + offset * (offset * m.w - 2.0f * m.x);
    return (affine_line){scale, offset, error, m.ll};
}

BLOCKS_INLINE mask affine_keep(affine_line line, affine_line *best) {
    mask better = line.error < best->error;
    best->scale = choose(better, line.scale, best->scale);
    best->offset = choose(better, line.offset, best->offset);
    best->error = choose(better, line.error, best->error);
    best->ll = choose(better, line.ll, best->ll);
    return better;
}

/* What is known of each group before the block's scales. */
typedef struct affine_groups {
    group_floats scale, min;               /* free ones; min: the offset's negative */
    group_floats scale_weight, min_weight; /* of their squared errors */
} affine_groups;

BLOCKS_INLINE void affine_search_groups(const mote_blocks_affine *form, const sample *s, int c, affine_groups *groups) {
    vec min = load(&s->x[0][c]), max = min, weight = set(0);
    for (int i = 0; i < form->group_len; i++) {
        min = lesser(load(&s->x[i][c]), min);
        max = greater(load(&s->x[i][c]), max);
        weight += load(&s->w[i][c]);
    }
    min = lesser(min, set(0));
    mask is_flat = max - min < 0x1p-40f; /* its scale could not be stored */
    vec unit = 1.0f / choose(is_flat, set(1), max - min);
    affine_line best = {set(0), set(0), set(INFINITY), set(0)};
    for (int k = -AFFINE_GRID; k <= AFFINE_GRID; k++) {
        vec inverse = ((float)form->level_hi + 0.05f * (float)k) * unit;
        (void)affine_keep(affine_regress(affine_measure(form, s, c, min, set(0), inverse), min), &best);
    }
    for (int round = 0; round < AFFINE_POLISH_ROUNDS; round++) {
        affine_sums m = affine_measure(form, s, c, min, best.offset, invert(best.scale));
        if (!any(affine_keep(affine_regress(m, min), &best)))
            break;
    }
    store(&groups->scale.of[c], choose(is_flat, set(0), best.scale));
    store(&groups->min.of[c], choose(is_flat, -min, -(min + best.offset)));
    store(&groups->scale_weight.of[c], best.ll);
    store(&groups->min_weight.of[c], weight);
}

/* One pair of scales a block and what came of it. */
typedef struct affine_trial {
    group_floats d, dmin, scale, min, error;
    group_floats aa, ab, bb, xa, xb; /* normal equations of d and dmin: a = scale * level, b = -min */
} affine_trial;

BLOCKS_INLINE vec affine_error(const mote_blocks_affine *form, const sample *s, int c, vec scale, vec offset) {
    vec inverse = invert(scale), hi = set((float)form->level_hi), error = set(0);
    for (int i = 0; i < form->group_len; i++) {
        vec x = load(&s->x[i][c]), e = x - (scale * round_between((x - offset) * inverse, set(0), hi) + offset);
        error += load(&s->w[i][c]) * e * e;
    }
    return error;
}

/* Integer scale and min near the free ones, for the groups from lane c on. */
BLOCKS_INLINE void affine_fit_groups(const mote_blocks_affine *form, const sample *s, int c, const affine_groups *groups, affine_trial *t) {
    vec hi = set((float)form->scale_hi), d = load(&t->d.of[c]), dmin = load(&t->dmin.of[c]), least = set(INFINITY);
    vec free_scale = round_between(load(&groups->scale.of[c]) * invert(d), set(0), hi), free_min = round_between(load(&groups->min.of[c]) * invert(dmin), set(0), hi);
    vec best_scale = set(0), best_min = set(0);
    for (int i = -1; i <= 1; i++) {
        vec scale = free_scale + (float)i;
        for (int k = -1; k <= 1; k++) {
            vec min = free_min + (float)k, error = affine_error(form, s, c, d * scale, -(dmin * min));
            mask better = (error < least) & (scale >= 0.0f) & (scale <= hi) & (min >= 0.0f) & (min <= hi);
            least = choose(better, error, least);
            best_scale = choose(better, scale, best_scale);
            best_min = choose(better, min, best_min);
        }
    }
    store(&t->error.of[c], least);
    store(&t->scale.of[c], best_scale);
    store(&t->min.of[c], best_min);
}

BLOCKS_INLINE void affine_try(const mote_blocks_affine *form, const sample *s, const affine_groups *groups, affine_trial *t) {
    for (int c = 0; c < GROUPS; c += LANES) {
        affine_fit_groups(form, s, c, groups, t);
        vec scale = load(&t->scale.of[c]), min = load(&t->min.of[c]);
        affine_sums m = affine_measure(form, s, c, set(0), -(load(&t->dmin.of[c]) * min), invert(load(&t->d.of[c]) * scale));
        store(&t->aa.of[c], m.ll * scale * scale);
        store(&t->ab.of[c], -(m.l * scale * min));
        store(&t->bb.of[c], m.w * min * min);
        store(&t->xa.of[c], m.xl * scale);
        store(&t->xb.of[c], -(m.x * min));
    }
}

/* d and dmin that leave the least error for the trial's levels. */
static void affine_solve(const mote_blocks_affine *form, const affine_trial *t, int first, float d[2]) {
    double aa = 0, ab = 0, bb = 0, xa = 0, xb = 0;
    for (int g = first; g < first + form->n_groups; g++) {
        aa += (double)t->aa.of[g];
        ab += (double)t->ab.of[g];
        bb += (double)t->bb.of[g];
        xa += (double)t->xa.of[g];
        xb += (double)t->xb.of[g];
    }
    double det = aa * bb - ab * ab, a = aa > 0 ? xa / aa : 0, b = 0;
    if (det > 1e-6 * aa * bb) {
        a = (xa * bb - xb * ab) / det;
        b = (aa * xb - ab * xa) / det;
    } else if (aa == 0 && bb > 0) {
        b = xb / bb;
    }
    if (b < 0) {
        b = 0;
        a = aa > 0 ? xa / aa : 0;
    }
    d[0] = a > 0 ? (float)a : 0;
    d[1] = (float)b;
}

static void affine_write(const mote_blocks_affine *form, const sample *s, const affine_trial *t, const bool *better, mote_blocks_fit *fits) {
    vec hi = set((float)form->level_hi);
    for (int c = 0; c < GROUPS; c += LANES) {
        vec inverse = invert(load(&t->d.of[c]) * load(&t->scale.of[c])), offset = -(load(&t->dmin.of[c]) * load(&t->min.of[c]));
        for (int i = 0; i < form->group_len; i++) {
            float level[LANES];
            store(level, round_between((load(&s->x[i][c]) - offset) * inverse, set(0), hi));
            for (int k = 0; k < LANES; k++) {
                int block = (c + k) / form->n_groups, group = (c + k) % form->n_groups;
                if (better[block])
                    fits[block].level[group * form->group_len + i] = (uint8_t)level[k];
            }
        }
    }
    for (int g = 0; g < GROUPS; g++) {
        int block = g / form->n_groups, group = g % form->n_groups;
        if (better[block])
            fits[block].scale[group] = (int)t->scale.of[g], fits[block].min[group] = (int)t->min.of[g];
    }
}

/* The halves nearest to d [blocks][2] for the trial; false when none differs from what was tried last. */
static bool affine_set_d(const mote_blocks_affine *form, float d[GROUPS][2], int n_blocks, uint16_t stored[GROUPS][2], affine_trial *t) {
    bool differs = false;
    for (int b = 0; b < n_blocks; b++) {
        uint16_t h[2] = {mote_blocks_search_store(d[b][0]), mote_blocks_search_store(d[b][1])};
        differs = differs || h[0] != stored[b][0] || h[1] != stored[b][1];
        memcpy(stored[b], h, sizeof h);
        for (int g = b * form->n_groups; g < (b + 1) * form->n_groups; g++) {
            t->d.of[g] = mote_half_from_f16(h[0]);
            t->dmin.of[g] = mote_half_from_f16(h[1]);
        }
    }
    return differs;
}

static void affine_judge(const mote_blocks_affine *form, const sample *s, const affine_trial *t, int n_blocks, uint16_t stored[GROUPS][2], float *least, float d[GROUPS][2],
                         mote_blocks_fit *fits) {
    group_floats errors = sum_blocks(&t->error, form->n_groups);
    bool better[GROUPS] = {false}, any_better = false;
    for (int b = 0; b < n_blocks; b++) {
        int g = b * form->n_groups;
        better[b] = errors.of[g] < least[b];
        any_better = any_better || better[b];
        affine_solve(form, t, g, d[b]);
        if (!better[b])
            continue;
        least[b] = errors.of[g];
        fits[b].d = stored[b][0];
        fits[b].dmin = stored[b][1];
    }
    if (any_better)
        affine_write(form, s, t, better, fits);
}

static void search_affine(const mote_blocks_affine *form, const float *x, const mote_blocks_importance *importance, int n_blocks, mote_blocks_fit *fits) {
    sample s;
    affine_groups groups;
    affine_trial t;
    float d[GROUPS][2] = {{0}}, least[GROUPS];
    uint16_t stored[GROUPS][2];
    memset(&t, 0, sizeof t); /* also of groups of no block */
    prepare(&s, x, importance, n_blocks, form->n_groups, form->group_len, importance && form->level_hi == 3 ? 4 : 1);
    for (int c = 0; c < GROUPS; c += LANES)
        affine_search_groups(form, &s, c, &groups);
    for (int b = 0; b < n_blocks; b++) {
        int g = b * form->n_groups, hi = form->scale_hi;
        least[b] = INFINITY;
        d[b][0] = choose_scale(&groups.scale.of[g], &groups.scale_weight.of[g], form->n_groups, 0, hi);
        d[b][1] = choose_scale(&groups.min.of[g], &groups.min_weight.of[g], form->n_groups, 0, hi);
        stored[b][0] = stored[b][1] = 0xffff; /* no half that is stored */
    }
    for (int round = 0; round < AFFINE_REFINE_ROUNDS && affine_set_d(form, d, n_blocks, stored, &t); round++) {
        affine_try(form, &s, &groups, &t);
        affine_judge(form, &s, &t, n_blocks, stored, least, d, fits);
    }
    for (int b = 0; b < n_blocks; b++)
        if (is_constant(&s, b, form->n_groups, form->group_len))
            mote_blocks_affine_fit_constant(form, s.x[0][b * form->n_groups], &fits[b]);
}

#endif
