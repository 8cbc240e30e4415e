/* Searches by the rule of llama.cpp's quantiser: a grid of scales, the least squares for each one's levels, the best of them, and no refinement. For Q4_K, types of five bits
 * and more and those of 32 weights, with importance: there the searches of the other two headers lower the weighted error by some percents more, but perplexity moved either way
 * (docs/quantize.md): of five bits a model loses too little to show it, and the scale of a block of 32, which nothing corrects, clips its largest weights. By one rule it doesn't
 * move.
 *
 * Since near ties decide, the order of float operations is part of the rule: what looks as if it could be shorter (x / d, not x * (1 / d); (w x) l, not (w l) x) is meant. The
 * bytes are those of llama.cpp built for x86-64; where its compiler fuses multiplications and additions (ARM) a few levels may differ. Two cases are our own: a group whose
 * importance is all zero counts evenly instead of becoming zero, and a block of equal weights becomes exactly these. */
#ifndef MOTE_KERNELS_BLOCKS_GRID_LANES_H
#define MOTE_KERNELS_BLOCKS_GRID_LANES_H

#include "kernels/blocks_lanes.h"

enum { GRID_TENTHS = 9 /* of a level, each way */, GRID_TWENTIETHS = 36 };

/* A group whose weights are all smaller is zero. */
static const float grid_least = 1e-15f;

/* Times sqrt(mean + x^2). */
static void grid_weigh_by_size(sample *s, int group_len, const group_floats *mean) {
    for (int c = 0; c < GROUPS; c += LANES) {
        vec m = lesser(load(&mean->of[c]), set(0x1p80f));
        for (int i = 0; i < group_len; i++) {
            vec x = load(&s->x[i][c]);
            float root[LANES];
            store(root, m + x * x);
            for (int k = 0; k < LANES; k++)
                root[k] = sqrtf(root[k]);
            store(&s->w[i][c], load(&s->w[i][c]) * load(root));
        }
    }
}

/* Twice the mean of each block's squares, summed in the order of its weights. */
static group_floats grid_block_means(const sample *s, int n_groups, int group_len) {
    group_floats mean;
    for (int first = 0; first < GROUPS; first += n_groups) {
        float sum = 0;
        for (int g = first; g < first + n_groups; g++)
            for (int i = 0; i < group_len; i++)
                sum += s->x[i][g] * s->x[i][g];
        for (int g = first; g < first + n_groups; g++)
            mean.of[g] = 2 * sum / (float)(n_groups * group_len);
    }
    return mean;
}

/* By size, and how: blocks without group scales by the row's mean square, those of an affine type by their own, those of a symmetric type not at all. */
static void grid_prepare(sample *s, const float *x, const mote_blocks_importance *importance, int n_blocks, int n_groups, int group_len, bool is_affine) {
    group_floats mean;
    (void)take(s, x, importance, n_blocks, n_groups, group_len);
    weigh(s, n_groups, group_len, true, true);
    for (int g = 0; g < GROUPS; g++)
        mean.of[g] = importance->row_mean_square;
    if (n_groups > 1)
        mean = grid_block_means(s, n_groups, group_len);
    if (n_groups == 1 || is_affine)
        grid_weigh_by_size(s, group_len, &mean);
    weigh_forgotten(s, group_len, 0x1p-100f);
}

/* The best scale of each group from lane c on, and what led to its levels: (x + offset) * inverse. Those of a group of zeros are the lowest, as the rule has it. */
BLOCKS_INLINE void grid_symmetric_groups(const mote_blocks_symmetric *form, const sample *s, int c, group_floats *scales, group_floats *offsets, group_floats *inverses) {
    vec lo = set((float)form->level_lo), hi = set((float)form->level_hi), max = set(0);
    for (int i = 0; i < form->group_len; i++) {
        vec x = load(&s->x[i][c]);
        max = choose(magnitude(x) > magnitude(max), x, max);
    }
    mask is_zero = magnitude(max) < grid_least;
    vec unit = choose(is_zero, set(1), max), scale = set(0), best = set(0), best_inverse = lo / unit;
    for (int k = -GRID_TENTHS - 1; k <= GRID_TENTHS; k++) {
        if (k == 0) /* the middle came first, so that it is kept where others only reach it */
            continue;
        int tenths = k < -GRID_TENTHS ? 0 : k;
        vec inverse = -((float)-form->level_lo + 0.1f * (float)tenths) / unit, xl = set(0), ll = set(0);
        for (int i = 0; i < form->group_len; i++) {
            vec x = load(&s->x[i][c]), w = load(&s->w[i][c]), level = round_between(inverse * x, lo, hi);
            xl += w * x * level;
            ll += w * level * level;
        }
        mask better = (ll > 0.0f) & (xl * xl > best * ll);
        vec quotient = xl / choose(better, ll, set(1));
        scale = choose(better, quotient, scale);
        best = choose(better, quotient * xl, best);
        best_inverse = choose(better, inverse, best_inverse);
    }
    store(&scales->of[c], choose(is_zero, set(0), scale));
    store(&offsets->of[c], choose(is_zero, lo, set(0)));
    store(&inverses->of[c], choose(is_zero, set(1), best_inverse));
}

/* The integer scales of a block: the greatest gets the lowest, which reaches furthest. */
static void grid_symmetric_scales(const mote_blocks_symmetric *form, const float *scale, mote_blocks_fit *fit) {
    float max = 0;
    for (int g = 0; g < form->n_groups; g++)
        max = fabsf(scale[g]) > fabsf(max) ? scale[g] : max;
    bool is_zero = !(fabsf(max) >= grid_least);
    float inverse = is_zero ? 0 : (float)form->scale_lo / max;
    fit->d = is_zero ? 0 : mote_blocks_search_half(1 / inverse);
    for (int g = 0; g < form->n_groups; g++)
        fit->scale[g] = mote_blocks_grid_round(inverse * scale[g], form->scale_lo, form->scale_hi);
}

/* Levels of a group: x / d, or where nothing is left of the scale, those of the search. */
BLOCKS_INLINE void grid_write(const sample *s, int group_len, int c, int n_groups, const group_floats *d, const group_floats *offset, const group_floats *inverse, vec lo, vec hi,
                              int n_blocks, mote_blocks_fit *fits) {
    vec step = load(&d->of[c]), add = load(&offset->of[c]), factor = load(&inverse->of[c]);
    for (int i = 0; i < group_len; i++) {
        float level[LANES];
        vec x = load(&s->x[i][c]) + add;
        store(level, round_between(choose(step != 0.0f, x / choose(step != 0.0f, step, set(1)), x * factor), lo, hi) - lo);
        for (int k = 0; k < LANES && (c + k) / n_groups < n_blocks; k++)
            fits[(c + k) / n_groups].level[(c + k) % n_groups * group_len + i] = (uint8_t)level[k];
    }
}

static void search_symmetric_grid(const mote_blocks_symmetric *form, const float *x, const mote_blocks_importance *importance, int n_blocks, mote_blocks_fit *fits) {
    sample s;
    group_floats scale, inverse, d, offset;
    int n_groups = form->n_groups;
    memset(&d, 0, sizeof d);
    grid_prepare(&s, x, importance, n_blocks, n_groups, form->group_len, false);
    for (int c = 0; c < GROUPS; c += LANES)
        grid_symmetric_groups(form, &s, c, &scale, &offset, &inverse);
    for (int b = 0; b < n_blocks; b++) {
        if (n_groups == 1) { /* levels stay as the search had them: d as stored would make them no better */
            fits[b].d = mote_blocks_search_half(scale.of[b]);
            fits[b].scale[0] = 1;
            continue;
        }
        grid_symmetric_scales(form, &scale.of[b * n_groups], &fits[b]);
        for (int g = 0; g < n_groups; g++)
            d.of[b * n_groups + g] = mote_half_from_f16(fits[b].d) * (float)fits[b].scale[g];
    }
    for (int c = 0; c < GROUPS; c += LANES)
        grid_write(&s, form->group_len, c, n_groups, &d, &offset, &inverse, set((float)form->level_lo), set((float)form->level_hi), n_blocks, fits);
    for (int b = 0; b < n_blocks; b++)
        if (s.x[0][b * n_groups] != 0 && is_constant(&s, b, n_groups, form->group_len))
            mote_blocks_symmetric_fit_constant(form, s.x[0][b * n_groups], &fits[b]);
}

/* scale and min: x ~ scale * level - min. Levels came of (x + offset) * inverse. */
typedef struct grid_lines {
    group_floats scale, min, weight, offset, inverse;
} grid_lines;

/* sum(w (scale * level + min - x)^2) */
BLOCKS_INLINE vec grid_error(const sample *s, int c, int group_len, const vec *level, vec scale, vec min) {
    vec error = set(0);
    for (int i = 0; i < group_len; i++) {
        vec e = scale * level[i] + min - load(&s->x[i][c]);
        error += load(&s->w[i][c]) * (e * e);
    }
    return error;
}

/* What is kept of a group while the grid goes by. The grid's next step counts from the min that was kept last. */
typedef struct grid_best {
    vec scale, min, error, inverse, base;
} grid_best;

BLOCKS_INLINE void grid_affine_step(const sample *s, int c, int group_len, vec hi, vec inverse, vec sum_w, vec sum_x, grid_best *best) {
    vec level[GROUP_LEN], l = set(0), ll = set(0), xl = set(0), base = best->min;
    for (int i = 0; i < group_len; i++) {
        vec x = load(&s->x[i][c]), w = load(&s->w[i][c]);
        level[i] = round_between(inverse * (x - base), set(0), hi);
        l += w * level[i];
        ll += w * level[i] * level[i];
        xl += w * level[i] * x;
    }
    vec det = sum_w * ll - l * l;
    mask has_line = det > 0.0f;
    det = choose(has_line, det, set(1));
    vec scale = (sum_w * xl - sum_x * l) / det, min = (ll * sum_x - l * xl) / det;
    mask is_above = min > 0.0f;
    scale = choose(is_above, xl / choose(ll > 0.0f, ll, set(1)), scale);
    min = choose(is_above, set(0), min);
    vec error = grid_error(s, c, group_len, level, scale, min);
    mask better = has_line & (error < best->error);
    best->scale = choose(better, scale, best->scale);
    best->min = choose(better, min, best->min);
    best->error = choose(better, error, best->error);
    best->inverse = choose(better, inverse, best->inverse);
    best->base = choose(better, base, best->base);
}

BLOCKS_INLINE void grid_affine_groups(const mote_blocks_affine *form, const sample *s, int c, grid_lines *lines) {
    vec min = load(&s->x[0][c]), max = min, sum_w = set(0), sum_x = set(0), hi = set((float)form->level_hi), level[GROUP_LEN];
    for (int i = 0; i < form->group_len; i++) {
        vec x = load(&s->x[i][c]), w = load(&s->w[i][c]);
        min = lesser(x, min);
        max = greater(x, max);
        sum_w += w;
        sum_x += w * x;
    }
    min = choose(min > 0.0f, set(0), min);
    mask is_flat = max <= min;
    vec inverse = hi / choose(is_flat, set(1), max - min);
    for (int i = 0; i < form->group_len; i++)
        level[i] = round_between(inverse * (load(&s->x[i][c]) - min), set(0), hi);
    grid_best best = {1.0f / inverse, min, set(0), inverse, min};
    best.error = grid_error(s, c, form->group_len, level, best.scale, min);
    for (int k = 0; k <= GRID_TWENTIETHS; k++) {
        vec range = choose(is_flat, set(1), max - best.min);
        grid_affine_step(s, c, form->group_len, hi, (-0.9f + 0.05f * (float)k + (float)form->level_hi) / range, sum_w, sum_x, &best);
    }
    store(&lines->scale.of[c], choose(is_flat, set(0), best.scale));
    store(&lines->min.of[c], -choose(is_flat, min, best.min));
    store(&lines->weight.of[c], sum_w);
    store(&lines->offset.of[c], -best.base);
    store(&lines->inverse.of[c], choose(is_flat, set(0), best.inverse));
}

static void search_affine_grid(const mote_blocks_affine *form, const float *x, const mote_blocks_importance *importance, int n_blocks, mote_blocks_fit *fits) {
    sample s;
    grid_lines lines;
    group_floats d;
    int n_groups = form->n_groups;
    memset(&d, 0, sizeof d);
    grid_prepare(&s, x, importance, n_blocks, n_groups, form->group_len, true);
    for (int c = 0; c < GROUPS; c += LANES)
        grid_affine_groups(form, &s, c, &lines);
    for (int b = 0; b < n_blocks; b++) {
        int first = b * n_groups;
        if (n_groups == 1) {
            fits[b].d = mote_blocks_search_half(lines.scale.of[b]);
            fits[b].dmin = mote_blocks_search_half(lines.min.of[b]);
            fits[b].scale[0] = fits[b].min[0] = 1;
            continue;
        }
        fits[b].d = mote_blocks_search_half(mote_blocks_grid_integers(&lines.scale.of[first], &lines.weight.of[first], n_groups, form->scale_hi, fits[b].scale));
        fits[b].dmin = mote_blocks_search_half(mote_blocks_grid_integers(&lines.min.of[first], &lines.weight.of[first], n_groups, form->scale_hi, fits[b].min));
        for (int g = 0; g < n_groups; g++) {
            d.of[first + g] = mote_half_from_f16(fits[b].d) * (float)fits[b].scale[g];
            if (d.of[first + g] != 0)
                lines.offset.of[first + g] = mote_half_from_f16(fits[b].dmin) * (float)fits[b].min[g];
        }
    }
    for (int c = 0; c < GROUPS; c += LANES)
        grid_write(&s, form->group_len, c, n_groups, &d, &lines.offset, &lines.inverse, set(0), set((float)form->level_hi), n_blocks, fits);
    for (int b = 0; b < n_blocks; b++)
        if (s.x[0][b * n_groups] != 0 && is_constant(&s, b, n_groups, form->group_len))
            mote_blocks_affine_fit_constant(form, s.x[0][b * n_groups], &fits[b]);
}

#endif
