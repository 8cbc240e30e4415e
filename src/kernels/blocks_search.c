/* What the searches need of numbers in half precision, blocks of one value, and the searches for every CPU. */
#include "kernels/blocks_search.h"

#include "base/half.h"

#include <math.h>
#include <string.h>

#define MOTE_BLOCKS_LANES 4
#include "kernels/blocks_affine_lanes.h"
#include "kernels/blocks_grid_lanes.h"
#include "kernels/blocks_symmetric_lanes.h"

const mote_blocks_searches mote_blocks_searches_c = {search_symmetric, search_affine, search_symmetric_grid, search_affine_grid};

uint16_t mote_blocks_search_half(float x) {
    uint16_t h = mote_half_to_f16(x);
    return (h & 0x7fff) >= 0x7c00 ? (uint16_t)((h & 0x8000) | 0x7bff) : h;
}

uint16_t mote_blocks_search_store(float x) {
    uint16_t h = mote_blocks_search_half(x);
    return (h & 0x7fff) == 0 && x != 0 ? (uint16_t)(h | 1) : h;
}

/* The product of integer scale and level whose quotient with x loses least. */
void mote_blocks_symmetric_fit_constant(const mote_blocks_symmetric *form, float x, mote_blocks_fit *fit) {
    float least = INFINITY;
    int n_levels = form->codebook ? 16 : form->level_hi - form->level_lo + 1, best_scale = form->scale_hi, best_level = 0;
    for (int scale = form->scale_lo; scale <= form->scale_hi && least > 0; scale++) {
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

/* The half at or above x >= 0. */
static uint16_t half_above(float x) {
    uint16_t h = mote_blocks_search_half(x);
    return mote_half_from_f16(h) < x && h < 0x7bff ? (uint16_t)(h + 1) : h;
}

/* One of the two terms a little too large, the other takes the excess away, so that two halves hold what one would round. */
void mote_blocks_affine_fit_constant(const mote_blocks_affine *form, float x, mote_blocks_fit *fit) {
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

int mote_blocks_grid_round(float x, int lo, int hi) {
    if (!(x > (float)lo))
        return lo;
    return x < (float)hi ? (int)((x + 12582912.0f) - 12582912.0f) : hi;
}

static float grid_integers_error(const float *value, const float *weight, int n, int hi, float inverse) {
    float scale = 1 / inverse, error = 0;
    for (int i = 0; i < n; i++) {
        float e = value[i] - scale * (float)mote_blocks_grid_round(inverse * value[i], 0, hi);
        error += weight[i] * e * e;
    }
    return error;
}

/* sum(w v q) and sum(w q q) of values v and their integers q. */
typedef struct grid_sums {
    float xl, ll;
} grid_sums;

static grid_sums with(grid_sums sums, float value, float weight, int integer) {
    float q = (float)integer;
    return (grid_sums){sums.xl + weight * value * q, sums.ll + weight * q * q};
}

static grid_sums without(grid_sums sums, float value, float weight, int integer) {
    float q = (float)integer;
    return (grid_sums){sums.xl - weight * value * q, sums.ll - weight * q * q};
}

/* Each integer in turn anew, for the factor that the others want; whether any changed. */
static bool grid_integers_turn(const float *value, const float *weight, int n, int hi, int *integer, grid_sums *sums) {
    bool is_changed = false;
    for (int i = 0; i < n; i++) {
        grid_sums others = without(*sums, value[i], weight[i], integer[i]);
        if (!(others.xl > 0 && others.ll > 0))
            continue;
        int better = mote_blocks_grid_round(value[i] * others.ll / others.xl, 0, hi);
        grid_sums all = with(others, value[i], weight[i], better);
        if (better == integer[i] || !(all.xl * all.xl * sums->ll > sums->xl * sums->xl * all.ll))
            continue;
        integer[i] = better;
        *sums = all;
        is_changed = true;
    }
    return is_changed;
}

float mote_blocks_grid_integers(const float *value, const float *weight, int n, int hi, int *integer) {
    enum { TENTHS = 4, TURNS = 5 };
    float max = 0;
    for (int i = 0; i < n; i++) {
        integer[i] = 0;
        max = value[i] > max ? value[i] : max;
    }
    if (max < grid_least)
        return 0;
    float inverse = (float)hi / max, least = grid_integers_error(value, weight, n, hi, inverse);
    for (int k = -TENTHS; k <= TENTHS; k++) {
        float candidate = (0.1f * (float)k + (float)hi) / max, error = grid_integers_error(value, weight, n, hi, candidate);
        if (k != 0 && error < least) {
            least = error;
            inverse = candidate;
        }
    }
    grid_sums sums = {0, 0};
    for (int i = 0; i < n; i++) {
        integer[i] = mote_blocks_grid_round(inverse * value[i], 0, hi);
        sums = with(sums, value[i], weight[i], integer[i]);
    }
    for (int turn = 0; turn < TURNS && grid_integers_turn(value, weight, n, hi, integer, &sums); turn++)
        ;
    return sums.ll > 0 ? sums.xl / sums.ll : 0;
}
