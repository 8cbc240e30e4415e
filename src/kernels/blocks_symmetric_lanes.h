/* Search for types without an offset: weight = d * scale * level (Q3_K, Q6_K, IQ4_XS; IQ4_NL with one group and no scale).
 *
 * For one group and given levels l the best scale is s = sum(w x l) / sum(w l l), and it leaves the error sum(w x x) - sum(w x l)^2 / sum(w l l). So a group's search tries
 * levels from a grid of scales near "the largest weight gets the largest level", keeps the greatest quotient, and polishes it by assigning levels and refitting in turn (Lloyd). */
#ifndef MOTE_KERNELS_BLOCKS_SYMMETRIC_LANES_H
#define MOTE_KERNELS_BLOCKS_SYMMETRIC_LANES_H

#include "kernels/blocks_lanes.h"

enum { SYMMETRIC_POLISH_ROUNDS = 4, SYMMETRIC_REFINE_ROUNDS = 4 };

/* sum(w x l), sum(w l l) a lane */
typedef struct symmetric_sums {
    vec xl, ll;
} symmetric_sums;

/* The form with its numbers in vectors. */
typedef struct symmetric_levels {
    const mote_blocks_symmetric *form;
    vec lo, hi;
} symmetric_levels;

/* The level nearest to v. */
BLOCKS_INLINE vec symmetric_assign(const symmetric_levels *l, vec v, bool is_coded) {
    if (!is_coded)
        return round_between(v, l->lo, l->hi);
    const int8_t *book = l->form->codebook;
    vec level = set((float)book[0]);
    for (int k = 1; k < 16; k++) {
        mask above = v > 0.5f * (float)(book[k] + book[k - 1]);
        level += (vec)(above & (mask)set((float)(book[k] - book[k - 1])));
    }
    return level;
}

BLOCKS_INLINE symmetric_sums symmetric_measure(const symmetric_levels *l, const sample *s, int c, vec inverse, bool is_coded) {
    symmetric_sums m = {set(0), set(0)};
    for (int i = 0; i < l->form->group_len; i++) {
        vec x = load(&s->x[i][c]), level = symmetric_assign(l, x * inverse, is_coded), wl = load(&s->w[i][c]) * level;
        m.xl += wl * x;
        m.ll += wl * level;
    }
    return m;
}

BLOCKS_INLINE vec symmetric_scale(symmetric_sums m) {
    return choose(m.ll > 0.0f, m.xl / m.ll, set(0));
}

/* How much of sum(w x x) these levels explain, with their best scale; where that is stored without an integer scale beside it, with what is left of it in half precision. */
BLOCKS_INLINE vec symmetric_gain(const mote_blocks_symmetric *form, symmetric_sums m) {
    vec s = symmetric_scale(m);
    if (form->scale_lo == form->scale_hi)
        s = through_half(s);
    return s * (2.0f * m.xl - s * m.ll);
}

BLOCKS_INLINE mask symmetric_keep(const mote_blocks_symmetric *form, symmetric_sums m, symmetric_sums *best, vec *best_gain) {
    vec gain = symmetric_gain(form, m);
    mask better = (gain > *best_gain) | (best->ll == 0.0f);
    best->xl = choose(better, m.xl, best->xl);
    best->ll = choose(better, m.ll, best->ll);
    *best_gain = choose(better, gain, *best_gain);
    return better;
}

/* The best free scale of each group from lane c on: sums of its levels. */
BLOCKS_INLINE symmetric_sums symmetric_search_groups(const symmetric_levels *l, const sample *s, int c, bool is_coded) {
    const mote_blocks_symmetric *form = l->form;
    vec max = set(0), best_gain = set(0);
    symmetric_sums best = {set(0), set(0)};
    for (int i = 0; i < form->group_len; i++) {
        vec x = load(&s->x[i][c]);
        max = choose(magnitude(x) > magnitude(max), x, max);
    }
    /* below this a group is zero: its scale could not be stored (the least half is 2^-24, the greatest product of scale and level 2^12) */
    mask is_zero = magnitude(max) < 0x1p-40f;
    vec unit = 1.0f / choose(is_zero, set(1), max);
    /* the grid's step is a tenth of a level, for a codebook (levels some 15 apart) one unit */
    float step = is_coded ? 1.0f : 0.1f, ends[2] = {(float)form->level_lo, (float)form->level_hi};
    int reach = is_coded ? 10 : 12;
    for (int end = 0; end < 2; end++) {
        for (int k = -reach; k <= reach; k++)
            (void)symmetric_keep(form, symmetric_measure(l, s, c, (ends[end] + step * (float)k) * unit, is_coded), &best, &best_gain);
    }
    for (int round = 0; round < SYMMETRIC_POLISH_ROUNDS; round++) {
        vec inverse = choose(best.xl == 0.0f, set(0), best.ll / best.xl);
        if (!any(symmetric_keep(form, symmetric_measure(l, s, c, inverse, is_coded), &best, &best_gain)))
            break;
    }
    return (symmetric_sums){choose(is_zero, set(0), best.xl), choose(is_zero, set(0), best.ll)};
}

BLOCKS_INLINE vec symmetric_error(const symmetric_levels *l, const sample *s, int c, vec scale, bool is_coded) {
    vec inverse = invert(scale), error = set(0);
    for (int i = 0; i < l->form->group_len; i++) {
        vec x = load(&s->x[i][c]), e = x - scale * symmetric_assign(l, x * inverse, is_coded);
        error += load(&s->w[i][c]) * e * e;
    }
    return error;
}

/* Groups from lane c on under a stored d: the best integer scale near the free one (free_scale), and its error. */
BLOCKS_INLINE vec symmetric_fit_groups(const symmetric_levels *l, const sample *s, int c, vec d, vec free_scale, vec *integer, bool is_coded) {
    vec lo = set((float)l->form->scale_lo), hi = set((float)l->form->scale_hi), inverse = invert(d), least = set(INFINITY);
    vec middle = round_between(free_scale * inverse, lo, hi), mirror = round_between(-free_scale * inverse, lo, hi);
    bool is_plain = l->form->scale_lo == l->form->scale_hi;
    *integer = lo;
    /* levels reach one further down than up, scales too: the other sign may fit better */
    for (int k = is_plain ? 0 : -1; k <= (is_plain ? 0 : 2); k++) {
        vec candidate = k == 2 ? mirror : middle + (float)k, error = symmetric_error(l, s, c, d * candidate, is_coded);
        mask better = (error < least) & (candidate >= lo) & (candidate <= hi);
        least = choose(better, error, least);
        *integer = choose(better, candidate, *integer);
    }
    return least;
}

/* One d a block and what came of it. */
typedef struct symmetric_trial {
    group_floats d, integer, error;
    group_floats xl, ll; /* of integer times level */
} symmetric_trial;

BLOCKS_INLINE void symmetric_try(const symmetric_levels *l, const sample *s, const group_floats *free_scale, symmetric_trial *t, bool is_coded) {
    for (int c = 0; c < GROUPS; c += LANES) {
        vec d = load(&t->d.of[c]), integer;
        store(&t->error.of[c], symmetric_fit_groups(l, s, c, d, load(&free_scale->of[c]), &integer, is_coded));
        symmetric_sums m = symmetric_measure(l, s, c, invert(d * integer), is_coded);
        store(&t->integer.of[c], integer);
        store(&t->xl.of[c], m.xl * integer);
        store(&t->ll.of[c], m.ll * integer * integer);
    }
}

/* Writes the levels of the blocks that `better` names. */
BLOCKS_INLINE void symmetric_write(const symmetric_levels *l, const sample *s, const symmetric_trial *t, const bool *better, mote_blocks_fit *fits, bool is_coded) {
    const mote_blocks_symmetric *form = l->form;
    for (int c = 0; c < GROUPS; c += LANES) {
        vec inverse = invert(load(&t->d.of[c]) * load(&t->integer.of[c]));
        for (int i = 0; i < form->group_len; i++) {
            float place[LANES];
            vec v = load(&s->x[i][c]) * inverse;
            if (is_coded) {
                mask count = {0};
                for (int k = 1; k < 16; k++)
                    count -= v > 0.5f * (float)(form->codebook[k] + form->codebook[k - 1]);
                store(place, __builtin_convertvector(count, vec));
            } else {
                store(place, symmetric_assign(l, v, false) - l->lo);
            }
            for (int k = 0; k < LANES; k++) {
                int block = (c + k) / form->n_groups, group = (c + k) % form->n_groups;
                if (better[block])
                    fits[block].level[group * form->group_len + i] = (uint8_t)place[k];
            }
        }
    }
    for (int g = 0; g < GROUPS; g++)
        if (better[g / form->n_groups])
            fits[g / form->n_groups].scale[g % form->n_groups] = (int)t->integer.of[g];
}

/* The halves nearest to d [blocks] as the trial's d; false when none differs from what was tried last. */
BLOCKS_INLINE bool symmetric_set_d(const mote_blocks_symmetric *form, const float *d, int n_blocks, uint16_t *stored, symmetric_trial *t) {
    bool differs = false;
    for (int b = 0; b < n_blocks; b++) {
        uint16_t h = mote_blocks_search_store(d[b]);
        differs = differs || h != stored[b];
        stored[b] = h;
        for (int g = 0; g < form->n_groups; g++)
            t->d.of[b * form->n_groups + g] = mote_half_from_f16(h);
    }
    return differs;
}

/* Keeps the trial where it is the best so far, and puts into d what it should have been. */
BLOCKS_INLINE void symmetric_judge(const symmetric_levels *l, const sample *s, const symmetric_trial *t, int n_blocks, const uint16_t *stored, float *least, float *d,
                                   mote_blocks_fit *fits, bool is_coded) {
    int n_groups = l->form->n_groups;
    group_floats errors = sum_blocks(&t->error, n_groups), xl = sum_blocks(&t->xl, n_groups), ll = sum_blocks(&t->ll, n_groups);
    bool better[GROUPS] = {false}, any_better = false;
    for (int b = 0; b < n_blocks; b++) {
        int g = b * n_groups;
        better[b] = errors.of[g] < least[b];
        any_better = any_better || better[b];
        least[b] = better[b] ? errors.of[g] : least[b];
        fits[b].d = better[b] ? stored[b] : fits[b].d;
        d[b] = ll.of[g] > 0 ? xl.of[g] / ll.of[g] : 0;
    }
    if (any_better)
        symmetric_write(l, s, t, better, fits, is_coded);
}

BLOCKS_INLINE void symmetric_run(const mote_blocks_symmetric *form, const sample *s, int n_blocks, mote_blocks_fit *fits, bool is_coded) {
    symmetric_levels l = {form, set((float)form->level_lo), set((float)form->level_hi)};
    group_floats free_scale, ll;
    symmetric_trial t;
    float d[GROUPS] = {0}, least[GROUPS];
    uint16_t stored[GROUPS];
    bool has_scales = form->scale_lo < form->scale_hi;
    memset(&t, 0, sizeof t);
    for (int c = 0; c < GROUPS; c += LANES) {
        symmetric_sums m = symmetric_search_groups(&l, s, c, is_coded);
        store(&free_scale.of[c], symmetric_scale(m));
        store(&ll.of[c], m.ll);
    }
    for (int b = 0; b < n_blocks; b++) {
        int g = b * form->n_groups;
        least[b] = INFINITY;
        d[b] = has_scales ? choose_scale(&free_scale.of[g], &ll.of[g], form->n_groups, form->scale_lo, form->scale_hi) : free_scale.of[g];
        stored[b] = 0xffff; /* no half that is stored */
    }
    for (int round = 0; round < SYMMETRIC_REFINE_ROUNDS && symmetric_set_d(form, d, n_blocks, stored, &t); round++) {
        symmetric_try(&l, s, &free_scale, &t, is_coded);
        symmetric_judge(&l, s, &t, n_blocks, stored, least, d, fits, is_coded);
    }
    /* without group scales only d can make a block zero */
    float zeros[GROUPS] = {0};
    if (!has_scales && symmetric_set_d(form, zeros, n_blocks, stored, &t)) {
        symmetric_try(&l, s, &free_scale, &t, is_coded);
        symmetric_judge(&l, s, &t, n_blocks, stored, least, d, fits, is_coded);
    }
}

static void search_symmetric(const mote_blocks_symmetric *form, const float *x, const mote_blocks_importance *importance, int n_blocks, mote_blocks_fit *fits) {
    sample s;
    prepare(&s, x, importance, n_blocks, form->n_groups, form->group_len, 1);
    if (form->codebook)
        symmetric_run(form, &s, n_blocks, fits, true);
    else
        symmetric_run(form, &s, n_blocks, fits, false);
    for (int b = 0; b < n_blocks; b++)
        if (is_constant(&s, b, form->n_groups, form->group_len))
            mote_blocks_symmetric_fit_constant(form, s.x[0][b * form->n_groups], &fits[b]);
}

#endif
